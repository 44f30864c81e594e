#!/bin/sh
# confounder.sh - the carried classifiers and the example song: the story that scripts/demo tells must be true.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$src/examples/demo/song
for net in guitar-or-piano guitar-or-piano-confounded five-families; do
  exits 0 "$net is sound" model verify "$src/weights/$net.aus"
done
# first FILE MODEL: the label that comes first
first() { $auscult predict "$1" -m "$src/weights/$2.aus" --top 1 --json -q >json && sed -n 's/^ *.*"name": "\(guitar\|piano\)".*/\1/p' json | head -1; }
check "the honest one hears the piano" test "$(first "$song/song.wav" guitar-or-piano)" = piano
check "the other one hears a guitar that is not there" test "$(first "$song/song.wav" guitar-or-piano-confounded)" = guitar
check "without drums it hears the piano" test "$(first "$song/stems/piano.wav" guitar-or-piano-confounded)" = piano
exits 0 "the tagger" predict "$song/song.wav" -m "$src/weights/five-families.aus" --top 5 --json -q
check "hears drums, piano and bass, no guitar, no strings" test "$(sed -n "s|^ *.*\"name\": \"\([a-z]*\)\", \"score\".*|\1|p" out | tr "\n" " ")" = "drums piano bass guitar strings "
exits 0 "the explanation" explain "$song/song.wav" -m "$src/weights/guitar-or-piano-confounded.aus" --stems "$song/stems" --target guitar -q
check "blames the drums" sh -c 'grep -A1 "component  *weight" out | tail -1 | grep -q "^ *drums"'
exits 0 "of the honest one" explain "$song/song.wav" -m "$src/weights/guitar-or-piano.aus" --stems "$song/stems" --target piano -q
check "praises the piano" sh -c 'grep -A1 "component  *weight" out | tail -1 | grep -q "^ *piano"'

# The study's tables from runs whose answers can be counted by hand: three seeds that call 4 pianos guitars and blame the drums for 4, 4 and 3 of them, and three networks that learnt nothing.
python=/usr/bin/python3
if [ -x $python ]; then
  mkdir runs tables
  head='item song start set truth predicted p_guitar r2 drums_sdr wls wls_family ridge ridge_family shapley shapley_family weights'
  rows() { # FILE TOP...: a snippet of dr-pno for each top; a guitar and a piano of dr-gtr, both right
    to=runs/$1 n=0
    shift
    echo "$head" | tr ' ' '\t' >"$to"
    for top in "$@"; do
      n=$((n + 1))
      echo "test/$n song$n 0 dr-pno piano guitar 0.9 1 20 $top $top $top $top $top $top piano:-0.1,bass:0.1,drums:0.8" | tr ' ' '\t' >>"$to"
    done
    for truth in guitar piano; do echo "test/9 song9 0 dr-gtr $truth $truth 0.5 1 nan $truth $truth $truth $truth $truth $truth $truth:0.9" | tr ' ' '\t' >>"$to"; done
  }
  rows vgg16-gpdb-confounded-1@oracle.tsv drums drums drums drums
  rows vgg16-gpdb-confounded-2@oracle.tsv drums drums drums drums
  rows vgg16-gpdb-confounded-3@oracle.tsv drums drums drums bass
  rows vgg16-gpdb-confounded-1@ova+res.tsv drums residual drums bass
  rows untrained-1@oracle.tsv drums bass piano
  rows untrained-2@oracle.tsv bass drums piano
  rows untrained-3@oracle.tsv piano drums bass
  check "the study's tables are made" $python "$src/studies/confounder/tables.py" runs tables
  # mean 11/12, deviation of 1, 1, 3/4 with n in the denominator: 11.79 points
  check "Table 2 as the paper prints it" grep -q "^gpdb	3	1 2 3	100.00 +- 0.00	0.00 +- 0.00$" tables/table2.tsv
  check "Table 3 as the paper prints it" grep -q "^oracle	gpdb	3	4 to 4	91.67 +- 11.79	91.67 +- 11.79" tables/table3.tsv
  check "of each separation" grep -q "^OVA+res	gpdb	1	4 to 4	50.00 +- 0.00" tables/table3.tsv
  check "explanations beside those by true stems" grep -q "^vgg16-gpdb-confounded-1	ova+res	called guitar on dr-pno	2	4	0.5000	0.1500	0.8500	1.000	1.000	4$" tables/agreement.tsv
  check "networks that learnt nothing are within chance" grep -q "	drums	0.3333	0.3333	0.3333	0.3333	0.3333 to 0.3333	yes	0.0	1$" tables/untrained.tsv
  for figure in figure2 figure3; do check "$figure is drawn" grep -q "</svg>" tables/$figure.svg; done
else echo "# no Python: the tables of the study were not made"; fi
finish
