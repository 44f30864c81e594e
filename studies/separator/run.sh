#!/bin/sh
# run.sh [NAME...]: separators trained on studies/corpus and measured on its test songs, whose soundfont is heard nowhere in training.
#
#   NAME   five (the carried one, the default), cerberus, ova-bass, ova-drums, ova-guitar, ova-piano, unet, bass, drums (goes on from ova-drums); or FILE.aus: only measured
#
#   CORPUS=FOLDER (default build/corpus, made when it is not there)   OUT=FOLDER (default build/separator)   BUILD=FOLDER (default build)
#   EPOCHS=N  THREADS=N (default 1)   ITEMS=N: test songs that are measured (default 230: all)   ALONE=alone: without the oracle masks beside it   SCORE=no: only train
#
# OUT/NAME/model.aus and OUT/NAME.tsv. Whatever is done already is not done again; a training that was interrupted goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/scripts/lib.sh"
find_build
CORPUS=${CORPUS:-$work/corpus}
OUT=${OUT:-$work/separator}
ALONE=${ALONE:-}
AUSCULT=${AUSCULT:-$BUILD/auscult}
[ $# -gt 0 ] || set -- five
mkdir -p "$OUT"
[ -e "$CORPUS/items.tsv" ] || OUT=$CORPUS BUILD=$BUILD "$here/../corpus/run.sh"
CORPUS=$(cd "$CORPUS" && pwd)
# items FOLDER SPLIT AS: as rows of a manifest
items() {
  for item in "$1/$2"/*/; do
    [ ! -f "$item/notes.tsv" ] || printf '%s\t%s\n' "${item%/}" "$3"
  done
}
{
  printf 'path\tsplit\n'
  for split in train valid; do items "$CORPUS" $split $split; done
} >"$OUT/items.tsv"
# The same, and items by one soundfont more and of varied instruments.
more_items() {
  [ -e "$CORPUS/varied/train/01499/item.tsv" ] || OUT=$CORPUS BUILD=$BUILD "$here/../corpus/run.sh" --more yes --varied yes
  {
    cat "$OUT/items.tsv"
    items "$CORPUS/varied" train train
    items "$CORPUS/more" train train
  } >"$OUT/items-more.tsv"
}

learn() { # OUT/$name/model.aus
  case $name in ova-*) recipe=ova stem=${name#ova-} ;; *) recipe=$name stem= ;; esac
  [ -e "$here/$recipe.recipe" ] || { echo "run.sh: no network $name" >&2; exit 2; }
  sed "s/STEM/$stem/" "$here/$recipe.recipe" >"$OUT/$name.recipe"
  [ -e "$OUT/$name/done" ] || {
    "$AUSCULT" train "$OUT/$name.recipe" --out "$OUT/$name" --resume --threads "${THREADS:-1}" ${EPOCHS:+--epochs "$EPOCHS"}
    : >"$OUT/$name/done"
  }
}

for name in "$@"; do
  model=$name
  case $name in
  *.aus) name=$(basename "$name" .aus) ;;
  *)
    case $name in bass | drums) more_items ;; esac
    [ "$name" != drums ] || {
      name=ova-drums
      learn
      name=drums
    }
    learn
    model=$OUT/$name/model.aus
    ;;
  esac
  [ "${SCORE:-yes}" = yes ] || continue
  make -s -C "$BUILD" studies/separator/score
  [ -e "$OUT/$name.tsv" ] || {
    # shellcheck disable=SC2086
    "$BUILD/studies/separator/score" "$CORPUS/test" "$model" "${ITEMS:-230}" $ALONE >"$OUT/$name.tsv.new"
    mv "$OUT/$name.tsv.new" "$OUT/$name.tsv"
  }
  cat "$OUT/$name.tsv"
done
