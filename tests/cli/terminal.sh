#!/bin/sh
# terminal.sh - strength over time on a terminal: blocks where it reads UTF-8, colours unless NO_COLOR, ASCII in a file.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus
unset NO_COLOR
python=
for p in /usr/bin/python3 python3; do $p -c 'import pty' 2>/dev/null && { python=$p; break; }; done
if [ -z "$python" ] || [ -n "${AUS_EMULATOR:-}" ]; then echo "skip - no python3 that opens a terminal, or not this machine's program"; exit 77; fi
# on ENV... -- ARGS: the same on a terminal of its own
on() { $python "$src/tests/cli/terminal.py" "$@"; }
ask="$build/auscult explain $song -m $model --method time --segments 6 --target drums"
# shellcheck disable=SC2086
{
  on LC_ALL=C.UTF-8 NO_COLOR= -- $ask >colour
  on LC_ALL=C.UTF-8 NO_COLOR=1 -- $ask >blocks
  on LC_ALL=C NO_COLOR=1 -- $ask >ascii
  $ask >file
}
escape=$(printf '\033')
check "on a terminal: blocks" grep -q '|.*[▁▂▃▄▅▆▇█].*|' colour
check "in colours" grep -q "$escape\[3[14]m.*[▁▂▃▄▅▆▇█]" colour
check "NO_COLOR: the same blocks without" sh -c "sed 's/$escape\[[0-9]*m//g' colour | cmp - blocks && ! grep -q '$escape' blocks"
check "a terminal that does not read UTF-8: ASCII" sh -c "! LC_ALL=C grep -q '[^ -~]' ascii"
check "a file: the same as there" cmp ascii file
check "what speaks for the answer over time" grep -q '^  for     |.*[.:+*#].*| 0 to 12 s$' file
finish
