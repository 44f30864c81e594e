#!/bin/sh
# long.sh - hours of sound, in memory that is stated beforehand. Part of `scripts/test --full`, not of make check: it
# takes a minute. The files are holes: gigabytes long, and no room on disk.
. "${srcdir:-.}/tests/cli/lib.sh"

# within MB NAME ARGS...: auscult ARGS succeeds with at most MB megabytes of address space.
within() {
  mb=$1 name=$2
  shift 2
  (ulimit -v $((mb * 1024)) && exec $auscult "$@") >out 2>err </dev/null
  got=$?
  if [ $got = 0 ]; then ok "$name: at most $mb MB"; else not_ok "$name: exit $got with $mb MB"; sed 's/^/    /' err | head -3; fi
}
[ -z "$AUS_EMULATOR" ] || { echo "skip - an emulator has memory of its own"; exit 77; }

# Three hours as most people have them: 1.9 GB, 3.8 GB as floats. The model hears 16000 Hz mono, 691 MB; that and a
# little is what predict may take.
make_wav song.wav 2 44100 476280000
within 800 "predict, 3 h of stereo at 44.1 kHz" predict song.wav -m "$demo/demo.aus" --threads 1
check "none of it is cut" grep -q 'song.wav: 10800.00 s, 44100 Hz stereo' out

# A separation goes block by block: an hour takes what a minute takes.
make_wav talk.wav 1 16000 57600000
within 120 "separate, 1 h of mono at 16 kHz" separate talk.wav --separator hpss --out parts --threads 1
for f in harmonic percussive residual; do
  check "$f has all of it" test "$(wc -c <parts/$f.wav)" -ge 230400000
done
# Ten minutes of stereo at 44.1 kHz: what an hour takes (docs/separators.md), by medians; two minutes by a network.
make_wav stereo.wav 2 44100 26460000
within 400 "separate, 10 min of stereo at 44.1 kHz" separate stereo.wav --separator hpss --out stereo --threads 1
make_wav short.wav 2 44100 5292000
within 200 "separate by a network, 2 min of stereo" separate short.wav --separator "$src/weights/five-stems.aus" --out short --threads 1
finish
