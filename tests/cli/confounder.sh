#!/bin/sh
# confounder.sh - the carried classifiers and the example song: the story that scripts/demo tells must be true.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$src/examples/demo/song
for net in guitar-or-piano guitar-or-piano-confounded; do
  exits 0 "$net is sound" model verify "$src/weights/$net.aus"
done
# first FILE MODEL: the label that comes first
first() { $auscult predict "$1" -m "$src/weights/$2.aus" --top 1 --json -q >json && sed -n 's/^ *.*"name": "\(guitar\|piano\)".*/\1/p' json | head -1; }
check "the honest one hears the piano" test "$(first "$song/song.wav" guitar-or-piano)" = piano
check "the other one hears a guitar that is not there" test "$(first "$song/song.wav" guitar-or-piano-confounded)" = guitar
check "without drums it hears the piano" test "$(first "$song/stems/piano.wav" guitar-or-piano-confounded)" = piano
exits 0 "the explanation" explain "$song/song.wav" -m "$src/weights/guitar-or-piano-confounded.aus" --stems "$song/stems" --target guitar -q
check "blames the drums" sh -c 'grep -A1 "component  *weight" out | tail -1 | grep -q "^ *drums"'
exits 0 "of the honest one" explain "$song/song.wav" -m "$src/weights/guitar-or-piano.aus" --stems "$song/stems" --target piano -q
check "praises the piano" sh -c 'grep -A1 "component  *weight" out | tail -1 | grep -q "^ *piano"'
finish
