#!/bin/sh
# interrupt.sh - Ctrl-C and SIGTERM leave no partial file and no partial set of files.
. "${srcdir:-.}/tests/cli/lib.sh"

# A model command that answers slowly, so that there is something to interrupt: the example in C would be
# too fast. A FIFO that nobody writes does it too: the program waits for its input.
mkfifo slow.wav
# The shell starts background jobs with SIGINT ignored; env undoes that where it can.
default_int=
env --default-signal=INT true 2>/dev/null && default_int="env --default-signal=INT"
for signal in INT TERM; do
  [ $signal = INT ] && [ -z "$default_int" ] && { echo "skip - SIGINT: this env cannot undo its being ignored"; continue; }
  # shellcheck disable=SC2086
  timeout 20 $default_int $auscult explain slow.wav -m "$demo/demo.aus" --out parts --report page.html >out 2>err &
  pid=$!
  sleep 0.5
  child=$(ps -o pid= --ppid $pid | tr -d ' ')
  kill -$signal "$child"
  wait $pid
  code=$?
  want=$([ $signal = INT ] && echo 130 || echo 143)
  check "SIG$signal while reading: exit $want" test $code = $want
  check "nothing was written" test ! -e parts -a ! -e page.html
done

# While writing: many parts; the signal comes when the first is there.
attempt() {
  rm -rf parts
  $auscult explain "$demo/song.wav" -m "$demo/demo.aus" --method time --segments 10 --samples 64 --target top5 --out parts >out 2>err &
  pid=$!
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
    [ -e parts/input.wav ] && break
    sleep 0.02
  done
  kill -TERM $pid 2>/dev/null
  wait $pid
}
interrupted=no
for _ in 1 2 3 4 5 6 7 8; do
  attempt
  if [ $? = 143 ]; then interrupted=yes; break; fi
done
if [ $interrupted = yes ]; then check "SIGTERM while writing removes the whole set" test ! -e parts
else echo "skip - the program was always faster than the signal"; fi
finish
