#!/bin/sh
# run.sh: does an explanation made of sources find out that a classifier cheats? [Haunschmid20, sec. 4]
#
#   run.sh --quick           the carried small classifiers on 120 test songs, 30 untrained networks: from a fresh clone in some minutes
#   run.sh --small           all test songs, separators of all qualities (and SEPARATORS="FILE.aus ..."), layers and labels at random: half an hour of a core
#   run.sh --train NAME      a carried network again: guitar-or-piano-confounded, guitar-or-piano or five-families, into OUT/NAME/model.aus
#   run.sh --full SEED...    the paper's VGG16_bn for gpdb and gpdbs, these seeds (ten in the paper): days of a core; results/full
#
#   OUT=FOLDER (default build/confounder)  CORPUS=FOLDER (default build/corpus)  BUILD=FOLDER (default build)  RESULTS=FOLDER  UNTRAINED=N (default 30)  THREADS=N (default 1)
#
#   NETS=FOLDER (default build/separator): separators by studies/separator/run.sh (cerberus, ova-..., unet), for --full
#   PARTS=N: songs are rendered in N processes
#   SONGS=N: of the test songs, KINDS="hpss ova ...": of the parts but oracle, for --full (all)
#   EPOCHS=N: passes over the training items (--full; the paper: 200 and patience 20, which is days of a core)
#
# Whatever is done already is not done again; a training that was interrupted goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/scripts/lib.sh"
find_build
OUT=${OUT:-$work/confounder}
CORPUS=${CORPUS:-$work/corpus}
UNTRAINED=${UNTRAINED:-30}
NETS=${NETS:-$work/separator}
MIDI=${MIDI:-$top/../shared/data/midi}
AUSCULT=${AUSCULT:-$BUILD/auscult}
mode=${1:---quick}
[ $# -gt 0 ] && shift
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

program() { # NAME: compiled from NAME.c, and score from score_parts.c too
  make -s -C "$BUILD" libauscult-all.la auscult >&2
  # shellcheck disable=SC2046
  ${CC:-cc} -std=gnu11 -O2 -I"$top/include" -I"$top/src" -I"$top" "$here/$1.c" $(ls "$here/$1"_*.c 2>/dev/null) "$BUILD/.libs/libauscult-all.a" $(pkg-config --libs sndfile) -fopenmp -lm -o "$OUT/$1"
}
corpus() { # ARGS: makes it when it is not there
  [ -e "$CORPUS/items.tsv" ] || OUT=$CORPUS BUILD=$BUILD "$here/../corpus/run.sh" "$@" >&2
}
# alone NAME ITEMS SEED OPTION of render...: guitars and pianos alone, either playing what is written for either, into OUT/NAME, to be found as OUT/both/NAME
alone() {
  name=$1 items=$2 seed=$3
  shift 3
  mkdir -p "$OUT/$name"
  in_parts "$CORPUS/render" "$OUT/solo-songs.tsv" "$OUT/$name" --test-songs 0 --items "$items" --seed "$seed" --solo yes "$@" >&2
  known "$OUT/$name" train "$name"
}
# known FOLDER SPLIT NAME: the items of FOLDER/SPLIT as NAME/...
known() {
  ln -sfn "$(cd "$1" && pwd)/$2" "$OUT/both/$3"
  cat "$1/$2"/*/item.tsv | sed "s|^$2/|$3/|" >>"$OUT/both/items.tsv.new"
}
# For the control and the tagger, which must know a guitar whoever made it: OUT/both is the corpus, its items by one soundfont more, and guitars and pianos alone
# (also of a third of the piano music in MIDI).
both() {
  [ -e "$OUT/both/items.tsv" ] && return
  OUT=$CORPUS BUILD=$BUILD "$here/../corpus/run.sh" --more yes >&2
  say "guitars and pianos alone"
  mkdir -p "$OUT/both"
  for split in test train valid; do ln -sfn "$(cd "$CORPUS" && pwd)/$split" "$OUT/both/$split"; done
  {
    [ ! -d "$MIDI/piano_midi_de" ] || find "$MIDI/piano_midi_de" -iname '*.mid' ! -path '*small_test_set*' | LC_ALL=C sort | awk 'NR % 3 == 0 { print $0 "\ttrain\tfile:piano_midi_de" }'
    awk -F'\t' '$2 != "test"' "$CORPUS/songs.tsv"
  } >"$OUT/solo-songs.tsv"
  cp "$CORPUS/items.tsv" "$OUT/both/items.tsv.new"
  known "$CORPUS/more" train more
  known "$CORPUS/more" valid more-valid
  alone solo 1040 3
  alone solo-more 700 4 --timbre GeneralUser
  mv "$OUT/both/items.tsv.new" "$OUT/both/items.tsv"
}
mixes() { # FOLDER ITEMS NAME...: the lists that classifiers learn from, of the first ITEMS training items (0: all) of FOLDER
  from=$1 some=$2
  shift 2
  mkdir -p "$OUT/mixes"
  for list in "$@"; do
    done=$list.done
    [ "$some" = 0 ] || done=$list-$some.done
    [ -e "$OUT/mixes/$done" ] && continue
    rm -f "$OUT/mixes/$list.done" "$OUT/mixes/$list"-*.done
    ln -sfn "$(cd "$from" && pwd)" "$OUT/mixes/corpus"
    nice -n 5 "$OUT/make_mixes" "$from" "$OUT/mixes" 1 "$some" "$list" && : >"$OUT/mixes/$done"
  done
  # a network that does not learn needs no more than this
  [ ! -e "$OUT/mixes/gpdb.tsv" ] || awk -F'\t' 'NR == 1 || ($3 == "train" && ++t <= 4) || ($3 == "valid" && ++v <= 2)' "$OUT/mixes/gpdb.tsv" >"$OUT/mixes/few.tsv"
}
# learn RECIPE NAME SEED [sed script]: OUT/NAME/model.aus
learn() {
  [ -e "$OUT/$2/done" ] && return
  mkdir -p "$OUT/$2"
  sed -e "s|^manifest = |&../mixes/|" -e "s|^noise = |&../mixes/|" ${4:+-e "$4"} "$here/$1.recipe" >"$OUT/$2/recipe"
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
wanted() { case " ${KINDS:-$1} " in *" $1 "*) ;; *) return 1 ;; esac; }
untrained() { # OPTIONS of score: UNTRAINED networks as they begin
  k=1
  while [ $k -le "$UNTRAINED" ]; do
    learn untrained "untrained-$k" $((1000 + k))
    score "$OUT/untrained-$k/model.aus" "untrained-$k" oracle oracle --sets piano "$@"
    k=$((k + 1))
  done
}
# What --quick and --small share, of SONGS songs: both classifiers, the parts of true stems, of the carried separator, of harmonic and percussive
asked() {
  for net in guitar-or-piano-confounded guitar-or-piano; do
    for c in oracle "$five" hpss; do score "$top/weights/$net.aus" $net "$c" "$(basename "$c" .aus)" --limit "$1" --parts "$OUT/parts-$(basename "$c" .aus)"; done
  done
}
# The confounded classifier by parts that hold ever more of each other, from the true stems to the mixture; by factorisation, by other separators, and with its layers at random from the output on
small() {
  for a in 0.2 0.4 0.6 0.8 0.9 0.95 0.99 0.999; do score "$confounded" guitar-or-piano-confounded leak:$a leak$a --sets pno --only-guitar --limit 80; done
  score "$confounded" guitar-or-piano-confounded nmf:6 nmf6 --sets pno --limit 80
  for s in ${SEPARATORS:-}; do score "$confounded" guitar-or-piano-confounded "$s" "$(basename "$s" .aus)" --sets pno --only-guitar --limit 80; done
  for l in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
    for k in 1 2 3; do score "$confounded" cascade$l-$k oracle oracle --sets piano --limit 30 --cascade $l --seed $k; done
  done
  for k in 1 2 3; do labels_at_random $k; done
}
# The same network taught with labels drawn by lot: what it is explained by says what the labels taught the other [Adebayo18]
labels_at_random() {
  awk -F'\t' -v OFS='\t' -v x="$1" 'NR > 1 { for (k = 0; k < 5; k++) x = x * 16807 % 2147483647; $2 = x < 1073741823 ? "guitar" : "piano" } { print }' "$OUT/mixes/gpdb.tsv" >"$OUT/mixes/lot-$1.tsv"
  EPOCHS=4 learn guitar-or-piano-confounded "labels-at-random-$1" "$1" "s/gpdb/lot-$1/"
  score "$OUT/labels-at-random-$1/model.aus" "labels-at-random-$1" oracle oracle --sets piano --limit 40
}

case $mode in
--quick | --small)
  songs=230 items=1500
  [ "$mode" = --quick ] && songs=120 items=30
  [ "$mode" = --quick ] && [ ! -e "$CORPUS/items.tsv" ] && CORPUS=$work/corpus-quick
  corpus --items $items --test-songs $songs
  program score
  program make_mixes
  mixes "$CORPUS" $([ "$mode" = --quick ] && echo 30 || echo 0) gpdb
  RUNS=$OUT/runs${mode#-} RESULTS=${RESULTS:-$OUT/results${mode#-}}
  mkdir -p "$RUNS" "$RESULTS"
  five=$top/weights/five-stems.aus confounded=$top/weights/guitar-or-piano-confounded.aus
  asked $songs
  [ "$mode" = --quick ] || small
  untrained --limit 40
  if [ -e "$top/weights/five-families.aus" ] && [ ! -e "$RUNS/five-families.families.tsv" ]; then
    program families
    nice -n 5 "$OUT/families" "$CORPUS" "$top/weights/five-families.aus" --limit $songs >"$RUNS/five-families.families.tsv.new"
    mv "$RUNS/five-families.families.tsv.new" "$RUNS/five-families.families.tsv"
  fi
  /usr/bin/python3 "$here/tables.py" "$RUNS" "$RESULTS"
  ;;
--train)
  corpus
  program make_mixes
  case $1 in
  guitar-or-piano-confounded) mixes "$CORPUS" 900 gpdb ;; # of more it learns guitars too, and leans on the drums less
  guitar-or-piano) both && mixes "$OUT/both" 0 control backing ;;
  five-families) both && mixes "$OUT/both" 0 tagger ;;
  *) echo "run.sh: no network $1" >&2; exit 2 ;;
  esac
  learn "$1" "$1" 1
  [ "$1" != guitar-or-piano ] || { # of 1.4 million numbers: carried in half precision
    make -s -C "$BUILD" studies/l2i/carry >&2
    "$BUILD/studies/l2i/carry" "$OUT/$1/model.aus" "$OUT/$1/carried.aus"
  }
  ;;
--full)
  OUT=$OUT/full
  mkdir -p "$OUT"
  corpus
  program score
  program make_mixes
  mixes "$CORPUS" 0 gpdb gpdbs
  RUNS=$OUT/runs-full RESULTS=${RESULTS:-$here/results/full}
  mkdir -p "$RUNS" "$RESULTS"
  # As in the paper: a song gives one item, guitar and piano in turn; of separated sounds those are asked that Table 3 counts.
  for seed in "$@"; do
    for set in gpdb gpdbs; do
      learn vgg16 "vgg16-$set-$seed" "$seed" "s/SET/$set/; s/SEED/$seed/"
      strings=
      [ $set = gpdbs ] && strings=--strings
      model=$OUT/vgg16-$set-$seed/model.aus name=vgg16-$set-confounded-$seed parts=$OUT/parts/$set
      table3() { ! wanted "$2" || score "$model" "$name" "$1" "$2" $strings --alternate --sets pno --only-guitar --parts "$parts-$3" ${SONGS:+--limit "$SONGS"} ${4:+"$4"}; }
      mkdir -p "$OUT/parts"
      score "$model" "$name" oracle oracle $strings --alternate ${SONGS:+--limit "$SONGS"}
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
