#!/bin/sh
# run.sh - every export opened by its own tool or by a reader that is not ours: tests/exports/run.sh [BUILD].
# Sonic Visualiser and Praat themselves, on a screen that nobody sees, and Audacity with AUS_AUDACITY=1 (packages audacity, xdotool; it
# answers its script pipe only on some desktops, and waiting for it costs minutes); pandas, numpy and mido for the rest; the JAMS
# schema where JAMS_SCHEMA names it (schemata/jams_schema.json of the jams library: it is not in Debian).
# Ends with "N passed, N failed[, N skipped]"; what is not installed is skipped and named.
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$top/build}" && pwd)
work=$build/exports
make -C "$build" examples/make_demo tests/test_midi_write >/dev/null 2>&1 # what is not there is skipped
rm -rf "$work" && mkdir -p "$work" && chmod 700 "$work" || exit 1
"$build/examples/make_demo" "$work/demo" >"$work/demo.log" 2>&1 || { echo "not ok - the demo"; echo '0 passed, 1 failed'; exit 1; }
cd "$work" || exit 1
# Names that hurt: quotes, markup, a tab's neighbour, Chinese, Cyrillic, an emoji beyond 16 bits.
mkdir stems && for f in demo/stems/*.wav; do ln -s "../$f" stems/; done
mv stems/bass.wav "stems/bass \"low\" <&> 50%.wav"
mv stems/bell.wav "stems/铃声 колокол 🔔.wav"
all() { for kind in audacity raven textgrid sv svl jams csv tsv npz; do printf ' --export %s=%s.%s' "$kind" "$1" "$kind"; done; }
# shellcheck disable=SC2046
"$build/auscult" explain demo/song.wav -m demo/demo.aus --method slime --tiles 3x2 --offset 2 --duration 6 --target drums,bass --out tiles $(all tiles) -q >/dev/null &&
  "$build/auscult" explain demo/song.wav -m demo/demo.aus --stems stems --segments 2 --target drums --out names $(all names) -q >/dev/null &&
  "$build/auscult" explain demo/song.wav -m demo/demo.aus --method gradient --target bass --save map.npy --out map $(all map) -q >/dev/null ||
  { echo "not ok - explain"; echo '0 passed, 1 failed'; exit 1; }
: >lines
for reader in "$top"/tests/exports/read_*.py; do
  case $reader in *read_audacity.py) [ "${AUS_AUDACITY-}" = 1 ] || { echo "skip - labels by Audacity: only with AUS_AUDACITY=1" >>lines; continue; } ;; esac
  /usr/bin/python3 "$reader" "$top" "$build" >>lines 2>"$(basename "$reader").err" || { echo "not ok - $(basename "$reader") stopped early"; tail -n 3 "$(basename "$reader").err"; } >>lines
done
cat lines
echo "$(grep -c '^ok' lines) passed, $(grep -c '^not ok' lines) failed, $(grep -c '^skip' lines) skipped"
! grep -q '^not ok' lines
