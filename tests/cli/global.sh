#!/bin/sh
# global.sh - a set of songs: results are those of explain, a stopped run goes on, other settings are refused, pages link to each other.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus
mkdir songs && cp "$song" songs/one.wav && cp "$demo"/stems/bass.wav songs/two.wav
printf '# two songs\nsongs/one.wav\n{"path": "songs/two.wav", "offset": 2, "duration": 5}\n' >list.txt

exits 0 "a manifest" global list.txt -m "$model" --snippet 2 --per-song 2 --target drums,bass --bootstrap 5 --out g --svg charts --png charts
check "three charts per answer, one of all, as SVG and PNG" sh -c 'cd charts && test "$(echo *.svg)" = "bass_faithfulness.svg bass_parallel.svg bass_swarms.svg classes.svg drums_faithfulness.svg drums_parallel.svg drums_swarms.svg" -a $(ls *.png | wc -l) = 7'
check "a dot per snippet and part" sh -c 'test $(grep -c "<circle" charts/drums_swarms.svg) = $((4 * $(grep -c "i-text\" text-anchor=\"end\".*font-size=\"13\">[a-z]" charts/drums_swarms.svg)))'
check "four snippets" sh -c 'test $(ls g/results | wc -l) = 4'
check "the second song begins where its line says" sh -c 'ls g/results | grep -q "two-.*@2.000.json"'
check "a page per snippet and per song" sh -c 'test $(ls g/pages | wc -l) = 6'
one=$(ls g/results/one-*@*.json | head -1) at=$(ls g/results/one-*@*.json | head -1 | sed 's/.*@//; s/\.json//')
exits 0 "explain of the same snippet" explain songs/one.wav -m "$model" --offset "$at" --duration 2 --target drums,bass --bootstrap 5 --json
sed '/^  "run": {$/,$d' out >a
sed '/^  "run": {$/,$d' "$one" >b
check "a result is what explain says, byte by byte" sh -c 'test -s a && cmp a b'
check "links lead to files" sh -c 'cd g && for p in index.html pages/one-??????.html; do d=$(dirname $p); grep -o "href=\"[^\"#]*\.html\"" $p | sed "s/href=//; s/\"//g" | while read -r l; do test -f "$d/$l" || { echo "$p: $l"; exit 1; }; done || exit 1; done'
check "the table has a row per explanation" sh -c 'test $(wc -l <g/global.tsv) = 9 && awk -F"\t" "NF != n && NR > 1 { exit 1 } { n = NF }" g/global.tsv'
check "each song's fit is the median over its snippets, its answer their mean" python3 -c '
import csv, json, statistics as s
rows = list(csv.DictReader(open("g/global.tsv"), delimiter="\t"))
doc = json.load(open("g/global.json"))
n = 0
for t in doc["targets"]:
    for song in t["songs"]:
        mine = [r for r in rows if r["target"] == t["name"] and r["song"] == doc["songs"][song["song"]]["path"]]
        assert len(mine) == song["pieces"] == 2
        for key, column, of in (("r2", "r2", s.median), ("r2_mean", "r2", s.mean), ("score", "score", s.mean), ("local", "local_prediction", s.mean)):
            assert abs(song[key] - of(float(r[column]) for r in mine)) < 1e-6, (key, song)
            n += 1
assert n == 16
'
printf '{"path": "%s", "stems": "%s"}\n' "$song" "$demo/stems" >stems.txt
exits 0 "stems given in the manifest" global stems.txt -m "$model" --snippet 4 --per-song 1 --target drums --bootstrap 5 --out gs --pages none
at=$(ls gs/results/*@*.json | sed 's/.*@//; s/\.json//')
exits 0 "explain with these stems" explain "$song" -m "$model" --stems "$demo/stems" --offset "$at" --duration 4 --target drums --bootstrap 5 --json
sed '/^  "run": {$/,$d' out >a
sed '/^  "run": {$/,$d' gs/results/*.json >b
check "is the same, byte by byte" sh -c 'test -s a && cmp a b'
sed '/^  "run": {$/,$d' g/global.json >before
cp g/index.html before.html

# Going on: what is there stays as it is, what is gone is made again.
stamp=$(ls -l --time-style=full-iso "$one")
rm "$(ls g/results/two-*.json | tail -1)"
cp -r charts charts.before
exits 0 "a second run goes on" global list.txt -m "$model" --snippet 2 --per-song 2 --target drums,bass --bootstrap 5 --out g --json --threads 1 --svg charts --png charts
check "the charts are the same, byte by byte" diff -r charts charts.before
check "what was there was not touched" test "$stamp" = "$(ls -l --time-style=full-iso "$one")"
sed '/^  "run": {$/,$d' out >after
check "the answer is the same, byte by byte" cmp before after
cp -r g/results set-results
exits 1 "other settings are not mixed in" global list.txt -m "$model" --snippet 2 --per-song 2 --target drums --bootstrap 5 --out g
exits 0 "unless all is to be done again" global list.txt -m "$model" --snippet 2 --per-song 1 --target drums --bootstrap 5 --out g --force --pages numbers
check "without sound pages are small" sh -c 'test $(cat g/pages/two*@*.html | wc -c) -lt 150000'

# What is wrong is said, and the rest goes on.
printf 'songs/one.wav\nsongs/none.wav\nlist.txt\n' >bad.txt
$auscult global bad.txt -m "$model" --snippet 4 --per-song 1 --target drums --bootstrap 5 --out bad --pages none >out 2>err
check "a song that cannot be read is left out" test $? = 0 -a -f bad/index.html
check "and said: command, JSON, page" sh -c 'grep -q "none.wav" err && grep -q "could not be explained" err && grep -q "none.wav" bad/global.json && grep -q "could not be explained" bad/index.html'
exits 3 "no song at all" global list.txt.none -m "$model" --out x
printf 'no/such.wav\n' >none.txt
$auscult global none.txt -m "$model" --out x >out 2>err
check "nothing could be explained" test $? = 3
printf '{"path": 3}\n' >wrong.txt
exits 3 "a line without a path" global wrong.txt -m "$model" --out x
printf 'a\000b\n' >binary.txt
exits 3 "no text" global binary.txt -m "$model" --out x
exits 2 "nowhere to" global list.txt -m "$model"
exits 2 "a snippet of no length" global list.txt -m "$model" --snippet 0 --out x
exits 2 "no such target" global list.txt -m "$model" --target kazoo --out y

# A page from saved results.
exits 0 "report --set" report --set g/results/*.json --out set.html
check "with a page per result and per song" sh -c 'test $(ls set-pages | wc -l) = 4'
exits 0 "charts alone" report --set set-results/*.json --svg again
check "are those of global" sh -c 'for f in again/*; do cmp "$f" "charts/${f#again/}" || exit 1; done; test $(ls again | wc -l) = 7'
exits 1 "charts in the way" report --set set-results/*.json --svg again
exits 0 "a set of one" report --set "$(ls g/results/one*.json | head -1)" --out one.html
exits 1 "in the way" report --set g/results/*.json --out set.html
exits 2 "a set and exports" report g/results/*.json --export csv=x.csv
exits 3 "a set with another JSON" report g/results/*.json g/plan.json --out x.html
check "no page is left" test ! -e x.html
finish
