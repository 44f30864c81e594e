"""terminal.py ENV... -- COMMAND...: runs COMMAND on a terminal of its own (a pty) and prints what it wrote there."""
import os, pty, sys

at = sys.argv.index("--")
for pair in sys.argv[1:at]:
    name, value = pair.split("=", 1)
    if value: os.environ[name] = value
    else: os.environ.pop(name, None)
seen = bytearray()
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data: break
    seen.extend(data)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(bytes(seen).replace(b"\r\n", b"\n"))
sys.exit(code)
