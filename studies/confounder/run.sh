#!/bin/sh
# run.sh: does an explanation made of sources find out that a classifier cheats? [Haunschmid20, sec. 4]
#
#   run.sh --quick           the carried small classifiers on 120 test songs, 30 untrained networks: from a fresh clone in some minutes
#   run.sh --small           the same on all test songs with more components (and SEPARATORS="FILE.aus ..."): studies/confounder/results/small
#   run.sh --train NAME      a carried network again: guitar-or-piano-confounded, guitar-or-piano or five-families, into OUT/NAME/model.aus
#   run.sh --full SEED...    the paper's VGG16_bn for gpdb and gpdbs, these seeds (ten in the paper): days of a core; results/full
#
#   OUT=FOLDER (default build/confounder)  CORPUS=FOLDER (default build/corpus)  BUILD=FOLDER (default build)  RESULTS=FOLDER  UNTRAINED=N (default 30)  THREADS=N (default 1)
#
#   NETS=FOLDER (default build/separator): separators by studies/separator/run.sh (cerberus, ova-..., unet), for --full
#   EPOCHS=N: passes over the training items (--full; the paper: 200 and patience 20, which is days of a core)
#
# Whatever is done already is not done again; a training that was interrupted goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/scripts/lib.sh"
BUILD=${BUILD:-$top/build}
OUT=${OUT:-$BUILD/confounder}
CORPUS=${CORPUS:-$BUILD/corpus}
UNTRAINED=${UNTRAINED:-30}
NETS=${NETS:-$BUILD/separator}
AUSCULT=${AUSCULT:-$BUILD/auscult}
mode=${1:---quick}
[ $# -gt 0 ] && shift
mkdir -p "$OUT"

program() { # NAME: compiled from NAME.c
  make -s -C "$BUILD" libauscult-all.la auscult >&2
  # shellcheck disable=SC2046
  ${CC:-cc} -std=gnu11 -O2 -I"$top/include" -I"$top/src" -I"$top" "$here/$1.c" "$BUILD/.libs/libauscult-all.a" $(pkg-config --libs sndfile) -fopenmp -lm -o "$OUT/$1"
}
corpus() { # ARGS: makes it when it is not there
  [ -e "$CORPUS/items.tsv" ] || OUT=$CORPUS BUILD=$BUILD "$here/../corpus/run.sh" "$@" >&2
}
mixes() { # ITEMS NAME...: the lists that classifiers learn from, of the first ITEMS training items (0: all)
  some=$1
  shift
  for list in "$@"; do
    [ -e "$OUT/mixes/$list.done" ] && continue
    "$OUT/make_mixes" "$CORPUS" "$OUT/mixes" 1 "$some" "$list" && : >"$OUT/mixes/$list.done"
  done
  # a network that does not learn needs no more than this
  [ ! -e "$OUT/mixes/gpdb.tsv" ] || awk -F'\t' 'NR == 1 || ($3 == "train" && ++t <= 4) || ($3 == "valid" && ++v <= 2)' "$OUT/mixes/gpdb.tsv" >"$OUT/mixes/few.tsv"
}
# learn RECIPE NAME SEED [sed script]: OUT/NAME/model.aus
learn() {
  [ -e "$OUT/$2/done" ] && return
  mkdir -p "$OUT/$2"
  sed -e "s|^manifest = |manifest = ../mixes/|" ${4:+-e "$4"} "$here/$1.recipe" >"$OUT/$2/recipe"
  nice -n 5 "$AUSCULT" train "$OUT/$2/recipe" --out "$OUT/$2" --resume --seed "$3" --threads "${THREADS:-1}" ${EPOCHS:+--epochs "$EPOCHS"} --quiet >"$OUT/$2/said" || { cat "$OUT/$2/said" >&2; exit 1; }
  tail -n 1 "$OUT/$2/said" >&2
  rm -f "$OUT/$2/checkpoint.aus"
  : >"$OUT/$2/done"
}
# score MODEL NAME COMPONENTS LABEL OPTION...: RUNS/NAME@LABEL.tsv
score() {
  model=$1 name=$2 components=$3 label=$4
  shift 4
  [ -e "$RUNS/$name@$label.tsv" ] && return
  say "$name, $label"
  nice -n 5 "$OUT/score" "$CORPUS" "$model" "$components" --seed 1 "$@" >"$RUNS/$name@$label.new"
  mv "$RUNS/$name@$label.new" "$RUNS/$name@$label.tsv"
}
untrained() { # OPTIONS of score: UNTRAINED networks as they begin, and the confounded one with its last layers at random, one to all
  k=1
  while [ $k -le "$UNTRAINED" ]; do
    learn untrained "untrained-$k" $((1000 + k))
    score "$OUT/untrained-$k/model.aus" "untrained-$k" oracle oracle --sets piano "$@"
    k=$((k + 1))
  done
}

case $mode in
--quick | --small)
  songs=230 items=1500
  [ "$mode" = --quick ] && songs=120 items=30
  [ "$mode" = --quick ] && [ ! -e "$CORPUS/items.tsv" ] && CORPUS=$BUILD/corpus-quick
  corpus --items $items --test-songs $songs
  program score
  program make_mixes
  mixes 900 gpdb
  RUNS=$OUT/runs${mode#-} RESULTS=${RESULTS:-$OUT/results${mode#-}}
  mkdir -p "$RUNS" "$RESULTS"
  for net in guitar-or-piano-confounded guitar-or-piano; do
    score "$top/weights/$net.aus" $net oracle oracle --limit $songs
  done
  confounded=$top/weights/guitar-or-piano-confounded.aus
  score "$confounded" guitar-or-piano-confounded hpss hpss --limit $songs
  [ "$mode" = --quick ] || score "$confounded" guitar-or-piano-confounded nmf:6 nmf6 --limit $((songs / 3))
  for s in ${SEPARATORS:-$top/weights/five-stems.aus}; do score "$confounded" guitar-or-piano-confounded "$s" "$(basename "$s" .aus)" --limit $songs; done
  if [ "$mode" = --small ]; then
    for a in 0.2 0.4 0.6 0.8 0.9 0.95; do score "$confounded" guitar-or-piano-confounded leak:$a leak$a --sets pno --limit $songs; done
    score "$top/weights/guitar-or-piano.aus" guitar-or-piano hpss hpss --limit $songs
    for l in 1 2 3 4 5 6 7 8 9 10 11 12 13; do score "$confounded" cascade$l-1 oracle oracle --sets piano --limit 40 --cascade $l; done
  fi
  untrained --limit 40
  /usr/bin/python3 "$here/tables.py" "$RUNS" "$RESULTS"
  ;;
--train)
  corpus
  program make_mixes
  case $1 in guitar-or-piano-confounded) list=gpdb ;; guitar-or-piano) list=control ;; five-families) list=tagger ;; *) echo "run.sh: no network $1" >&2; exit 2 ;; esac
  mixes 900 $list
  learn "$1" "$1" 1
  ;;
--full)
  OUT=$OUT/full
  mkdir -p "$OUT"
  corpus
  program score
  program make_mixes
  mixes 0 gpdb gpdbs
  RUNS=$OUT/runs-full RESULTS=${RESULTS:-$here/results/full}
  mkdir -p "$RUNS" "$RESULTS"
  # As in the paper: a song gives one item, guitar and piano in turn; of separated sounds those are asked that Table 3 counts.
  for seed in "$@"; do
    for set in gpdb gpdbs; do
      learn vgg16 "vgg16-$set-$seed" "$seed" "s/SET/$set/; s/SEED/$seed/"
      strings=
      [ $set = gpdbs ] && strings=--strings
      model=$OUT/vgg16-$set-$seed/model.aus name=vgg16-$set-confounded-$seed parts=$OUT/parts/$set
      table3() { score "$model" "$name" "$1" "$2" $strings --alternate --sets pno --only-guitar --parts "$parts-$3" ${4:+"$4"}; }
      mkdir -p "$OUT/parts"
      score "$model" "$name" oracle oracle $strings --alternate
      table3 hpss hpss hpss
      table3 nmf:4 nmf4 nmf4
      table3 "$top/weights/five-stems.aus" five-stems five
      if [ -e "$NETS/cerberus/model.aus" ]; then table3 "$NETS/cerberus/model.aus" cerberus+res cerberus; fi
      if [ -e "$NETS/ova-piano/model.aus" ]; then
        ova=$NETS/ova-guitar/model.aus+$NETS/ova-piano/model.aus+$NETS/ova-bass/model.aus+$NETS/ova-drums/model.aus
        table3 "$ova" ova ova --no-rest
        table3 "$ova" ova+res ova
      fi
      if [ -e "$NETS/unet/model.aus" ]; then table3 "$NETS/unet/model.aus" unet unet; fi
    done
  done
  k=1
  while [ $k -le "$UNTRAINED" ]; do
    [ -e "$RUNS/untrained-vgg16-$k@oracle.tsv" ] || learn untrained "untrained-vgg16-$k" $((2000 + k)) '/^\[network\]/,/^\[data\]/c [network]\nnet vgg16_bn\n\n[data]'
    score "$OUT/untrained-vgg16-$k/model.aus" "untrained-vgg16-$k" oracle oracle --sets piano --limit "${UNTRAINED_SONGS:-20}"
    rm -f "$OUT/untrained-vgg16-$k/model.aus" # half a gigabyte; its line in the results says that it was
    k=$((k + 1))
  done
  /usr/bin/python3 "$here/tables.py" "$RUNS" "$RESULTS"
  ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
