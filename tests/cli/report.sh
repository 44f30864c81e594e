#!/bin/sh
# report.sh - auscult report makes the page again that explain --report wrote, and says what is wrong with what is no result.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus

exits 0 "explain, everything kept" explain "$song" -m "$model" --stems "$demo/stems" --target top3 --out parts --report page.html --json
cp out song.json
exits 0 "report from the folder" report parts/result.json --out again.html
# All but the line of JSON, where the folder's name differs.
check "it is the same page, byte by byte" sh -c 'sed "/<script type=.application.json. id=.result.>/,/<.script>/d" page.html >a; sed "/<script type=.application.json. id=.result.>/,/<.script>/d" again.html >b; test -s a && cmp a b'
exits 0 "report from what stdout said" report song.json --out again2.html
check "the same again" sh -c 'sed "/<script type=.application.json. id=.result.>/,/<.script>/d" again2.html | cmp - a'
exits 1 "a page in the way" report song.json --out again2.html
exits 0 "superpixels" explain "$song" -m "$model" --method superpixel --target drums --out parts2 --report page2.html
exits 0 "superpixels again" report parts2/result.json --out again3.html
check "the map is the same" sh -c 'grep "id=.seen." page2.html >a; grep "id=.seen." again3.html | cmp - a && test -s a'
exits 0 "a gradient's map, everything kept" explain "$song" -m "$model" --method ixg --target top2 --out parts3 --report page3.html
exits 0 "the map's page again" report parts3/result.json --out again5.html
check "it is the same page" sh -c 'sed "/<script type=.application.json. id=.result.>/,/<.script>/d" page3.html >c; sed "/<script type=.application.json. id=.result.>/,/<.script>/d" again5.html >d; test -s c && cmp c d'
mkdir elsewhere && mv parts2 elsewhere/moved
exits 0 "a folder that moved" report elsewhere/moved/result.json --out again4.html
check "nothing is lost" sh -c 'grep "id=.seen." again4.html | cmp - a'
rm -r parts
exits 0 "without the folder" report song.json --out bare.html
check "the page says that there is no sound" grep -q "The sound was not kept" bare.html
check "and so does the command" grep -q "the sound is not there" err
exits 3 "--parts that is not there" report song.json --parts nowhere --out x.html
exits 2 "nothing to write" report song.json
exits 2 "an export of no kind" report song.json --export midi=x.mid
exits 3 "no such file" report nothing.json --out x.html
exits 0 "another JSON" predict "$song" -m "$model" --json
cp out other.json
exits 3 "a result of another kind" report other.json --out x.html
head -c 3000 song.json >cut.json
exits 3 "a result cut short" report cut.json --out x.html
sed 's/"rows": [0-9]*/"rows": 1000000000/' song.json >long.json
exits 3 "a table that is not there" report long.json --out x.html
sed 's/"samples": 1[0-9]*/"samples": 5/' elsewhere/moved/result.json >elsewhere/moved/short.json
exits 3 "sound of another length" report elsewhere/moved/short.json --out x.html
check "no page is left" test ! -e x.html
# files for other tools
exits 0 "explain, two stretches" explain "$song" -m "$model" --stems "$demo/stems" --segments 2 --target drums,bass --out seg --export csv=now.csv --svg now
exits 0 "every export" report seg/result.json --export audacity=a.txt --export raven=r.txt --export textgrid=t.TextGrid --export sv=s.csv --export svl=s.svl --export jams=j.jams --export npz=n.npz \
  --export csv=c.csv --export tsv=c.tsv --svg svg --png png
check "the same from explain and from report" cmp now.csv c.csv
check "the same charts" diff -r now svg
exits 1 "an export in the way" report song.json --export csv=c.csv
# Provenance is whole, or says that it is not.
far=$(printf '%0200d' 0)
mkdir -p "$far/$far/$far" && cp "$song" "$far/$far/$far/song.wav"
exits 0 "a song far away" explain "$far/$far/$far/song.wav" -m "$model" --method time --segments 2 --target drums --report far.html
check "its command is whole" sh -c 'grep -q "id=\"command\">[^<]*explain [^<]*--report far.html '"$far/$far/$far"'/song.wav<" far.html'
exits 0 "a command without end" explain "$song" -m "$model" --method time --segments 2 --target drums --report endless.html $(yes -- --quiet | head -600)
check "the page says where it is" sh -c 'grep -q "is longer than 4096 characters" endless.html && ! grep -q "id=\"command\"" endless.html'
for p in /usr/bin/python3 python3; do $p -c 'import numpy' 2>/dev/null && { check "readers of our own agree on all of them" $p "$src/tests/cli/check_exports.py" seg/result.json; break; }; done
finish
