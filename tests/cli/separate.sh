#!/bin/sh
# separate.sh - a sound into files: their sum, tables against true stems, oracle masks, pipes, and what is refused.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav stems=$demo/stems

exits 0 "a table against true stems" separate "$song" --separator "oracle:irm:$stems" --out irm --reference "$stems" --duration 3
for s in bass drums organ; do check "$s has a row" grep -q "^$s  " out; done
exits 0 "the same as JSON" separate "$song" --separator "oracle:tpsf:$stems" --out tpsf --reference "$stems" --duration 3 --json
check "it is one object" grep -q '"schema": "auscult.separation/1"' out
check "with figures" grep -q '"si_sdr_gain": [0-9]' out
exits 0 "a part of a song" separate "$song" --out part --offset 1 --duration 1.5
check "as long as asked" test "$(wc -c <part/harmonic.wav)" = "$(wc -c <part/residual.wav)"
$auscult separate "$song" --out file --duration 4 >/dev/null 2>&1
exits 0 "without a residual" separate "$song" --out plain --no-residual
check "there is none" test ! -e plain/residual.wav
$auscult separate - --out pipe <"$song" >out 2>err
check "from a pipe" test $? = 0
$auscult separate "$song" --out whole >/dev/null 2>&1
check "a pipe gives the same bytes" cmp pipe/harmonic.wav whole/harmonic.wav
head -c 200000 "$song" >cut.wav
exits 3 "a file cut short" separate cut.wav --out cut
check "none of it is kept" test -z "$(ls cut 2>/dev/null)"

exits 1 "files that exist" separate "$song" --out whole
exits 2 "no such mask" separate "$song" --separator "oracle:best:$stems" --out a
exits 2 "a mask without a folder" separate "$song" --separator oracle:irm --out a
exits 2 "JSON of nothing" separate "$song" --out a --json
exits 2 "a reference for a pipe" separate - --out a --reference "$stems"
exits 3 "true stems that are not there" separate "$song" --separator "oracle:irm:nowhere" --out a
exits 3 "references by other names" separate "$song" --out b --reference "$stems"
exits 4 "no magnitudes to filter" separate "$song" --out c --wiener
check "a failure leaves no file" test -z "$(ls a 2>/dev/null)"
finish
