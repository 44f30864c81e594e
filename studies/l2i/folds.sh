#!/bin/sh
# folds.sh [FOLD...]: trains the classifier on the official folds of ESC-10, each held out once, and writes results/classifier.tsv.
#
#   ESC10=FOLDER  the data (default ../shared/data/audio/esc10 beside the repository)      OUT=FOLDER (default build/l2i)
#   AUSCULT=PROGRAM (default build/auscult)     MAKE_CLIPS=PROGRAM (default build/studies/l2i/make_clips)     THREADS=N (default 1)
#
# What is done already is not done again; an interrupted training goes on where it was. A fold is 40 epochs of 240 clips: about a quarter of an
# hour on one free core with AVX-512. The fold behind the test fold (in a circle) validates.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
ESC10=${ESC10:-$top/../shared/data/audio/esc10}
OUT=${OUT:-$top/build/l2i}
AUSCULT=${AUSCULT:-$top/build/auscult}
[ -e "$ESC10/esc10.csv" ] || { echo "skip - no ESC-10 in $ESC10"; exit 77; }
mkdir -p "$OUT" "$here/results"
[ -e "$OUT/clips/clips.tsv" ] || "${MAKE_CLIPS:-$top/build/studies/l2i/make_clips}" "$ESC10" "$OUT/clips"
# shellcheck disable=SC2048
for test in ${*:-1 2 3 4 5}; do
  recipe=$OUT/vgg-$test.recipe
  sed "s/TEST/$test/g; s/VALID/$((test % 5 + 1))/g; s|^root = .*|root = clips|; s|^manifest = .*|manifest = clips/clips.tsv|" "$here/vgg.recipe" >"$recipe.new"
  if cmp -s "$recipe.new" "$recipe"; then rm "$recipe.new"; else mv "$recipe.new" "$recipe"; fi
  [ -e "$OUT/vgg-$test/model.aus" ] || "$AUSCULT" train "$recipe" --out "$OUT/vgg-$test" --resume --threads "${THREADS:-1}"
done

# What the models themselves say of their training.
said() { "$AUSCULT" model info "$1" | awk -v key="$2" '$1 == key { print $2 }'; }
{
  printf 'fold\tvalidated\tbest_epoch\tepochs\tvalid_accuracy\ttest_accuracy\ttest_loss\n'
  for test in 1 2 3 4 5; do
    model=$OUT/vgg-$test/model.aus
    [ -e "$model" ] || continue
    printf '%s\t%s' "$test" "$((test % 5 + 1))"
    for key in best_epoch epochs valid_score test_score test_loss; do printf '\t%s' "$(said "$model" train.$key)"; done
    printf '\n'
  done
} >"$here/results/classifier.tsv.new"
mv "$here/results/classifier.tsv.new" "$here/results/classifier.tsv"
cat "$here/results/classifier.tsv"
