"""Audacity itself imports the labels and exports them again: on a screen of its own, its two file dialogs typed into."""
import os, shutil, signal, subprocess, sys, time
from common import *

CONFIG = """NewPrefsInitialized=1
PrefsVersion=1.1.1r1
[Version]
Major=3
Minor=2
Micro=4
[GUI]
ShowSplashScreen=0
[Module]
mod-script-pipe=1
[ModulePath]
mod-script-pipe=/usr/lib/audacity/modules/mod-script-pipe.so
[ModuleDateTime]
mod-script-pipe=%s
[Update]
DefaultUpdatesChecking=0
[Directories]
TempDir=%s
"""


class Pipes:
    def __init__(self):
# Both ways at once: whoever opens a pipe one way waits for the other side, in an order that Audacity does not promise.
        self.to, self.back = (open(os.open("/tmp/audacity_script_pipe.%s.%d" % (w, os.getuid()), os.O_RDWR), m, encoding="utf-8") for w, m in (("to", "w"), ("from", "r")))

    def send(self, command):
        self.to.write(command + "\n")
        self.to.flush()

    def wait(self):
        while not self.back.readline().startswith("BatchCommand finished"):
            pass
        self.back.readline()

    def ask_with_file(self, command, path):
        """A command that opens a file dialog: the path is typed there."""
        self.send(command)
        time.sleep(2.5)
        subprocess.run(["xdotool", "type", "--delay", "15", path])
        time.sleep(0.5)
        subprocess.run(["xdotool", "key", "Return"])
        self.wait()


def inside():
    """On a screen of its own: a fresh Audacity per file."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)) # so that finally runs
    for name in [None] + sys.argv[2:]: # its first start ever looks for plug-ins with a helper that takes the pipes over
        for end in ("to", "from"):
            pipe = "/tmp/audacity_script_pipe.%s.%d" % (end, os.getuid())
            if os.path.exists(pipe): os.unlink(pipe)
        program = subprocess.Popen(["audacity"], stdout=open("audacity.log", "w"), stderr=subprocess.STDOUT)
        for _ in range(120): # the pipes are made twice on the way: only those that it has when its window is there are good
            time.sleep(0.5)
            found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^Audacity$"], capture_output=True, text=True).stdout
            if os.path.exists(pipe) and found: break
        time.sleep(6 if name else 25)
        try:
            if name is None: continue
            p = Pipes()
            p.send("NewMonoTrack:")
            p.wait()
            p.ask_with_file("ImportLabels:", os.path.abspath(name + ".audacity.txt"))
            p.ask_with_file("ExportLabels:", os.path.abspath(name + ".again.txt"))
        finally:
            program.kill() # another one would hand over to this one and leave
            program.wait()


def labels(path):
    """start, end, label, low, high by Audacity's own columns."""
    out = []
    for line in open(path, encoding="utf-8").read().split("\n"):
        cells = line.split("\t")
        if cells[0] == "\\": out[-1] += [float(cells[1]), float(cells[2])]
        elif len(cells) == 3: out.append([float(cells[0]), float(cells[1]), cells[2]])
    return sorted(out)


def main():
    module = "/usr/lib/audacity/modules/mod-script-pipe.so"
    if not have("audacity", "Xvfb", "xdotool") or not os.path.exists(module):
        return skip("labels by Audacity", "want audacity, xvfb and xdotool")
    home = os.path.abspath("audacity-home")
    os.makedirs(home + "/.audacity-data", mode=0o700, exist_ok=True)
    os.makedirs(home + "/tmp", exist_ok=True)
    with open(home + "/.audacity-data/audacity.cfg", "w") as f:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(os.stat(module).st_mtime))
        f.write(CONFIG % (stamp, home + "/tmp"))
    names = [r.name for r in results]
    for n in names: shutil.copy(n + ".audacity", n + ".audacity.txt")
    env = dict(os.environ, HOME=home, XDG_RUNTIME_DIR=home)
    screen = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    env["DISPLAY"] = ":" + screen.stdout.readline().decode().strip()
    try:
        driver = subprocess.Popen([sys.executable, __file__, "inside"] + names, env=env, stderr=open("audacity-driver.log", "w"))
        driver.wait(timeout=200)
    except subprocess.TimeoutExpired:
        driver.terminate()
        driver.wait()
    finally:
        screen.kill()
    for r in results:
        again = r.name + ".again.txt"
        if not os.path.exists(again):
            skip("labels of %s by Audacity" % r.name, "it did not answer its script pipe")
            continue
        got, ours = labels(again), labels(r.name + ".audacity.txt")
        good = len(got) == len(ours) == len(r.rows) and all(len(g) == 5 for g in got)
        for g, w in zip(got, ours):
            good = good and all(near(g[i], w[i], 1e-5) or abs(g[i] - w[i]) < 1e-5 for i in (0, 1)) and g[2] == w[2] and all(near(g[i], w[i], 1e-4) for i in (3, 4))
        want = sorted([x[2], x[3], x[0] + ": " + x[1]] for x in r.rows)
        for g, w in zip(got, want):
            good = good and near(g[0], w[0]) and near(g[1], w[1]) and g[2].startswith(w[2])
        check("Audacity %s imports %s's labels and exports the same, bands too: %d" % (version("audacity"), r.name, len(got)), good, (got[:2], want[:2]))


inside() if sys.argv[1:2] == ["inside"] else main()
