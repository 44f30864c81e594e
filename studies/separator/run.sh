#!/bin/sh
# A small separator of five families, trained on studies/corpus and measured on its held-out songs, whose soundfont is heard nowhere in training.
#   studies/separator/run.sh [CORPUS [OUT]]       CORPUS: build/corpus, made by studies/corpus/run.sh; OUT: build/separator
# BUILD names the build folder, EPOCHS and THREADS the effort, ITEMS how many songs are scored.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$here/../../build}
corpus=$(cd "${1:-$build/corpus}" && pwd)
out=${2:-$build/separator}
mkdir -p "$out"
{
  printf 'path\tsplit\n'
  for split in train valid; do
    for item in "$corpus/$split"/*/; do
      [ -f "$item/notes.tsv" ] && printf '%s\t%s\n' "${item%/}" $split
    done
  done
} >"$out/items.tsv"
cp "$here/five.recipe" "$out/five.recipe"
make -s -C "$build" auscult studies/separator/score
"$build/auscult" train "$out/five.recipe" --out "$out/five" --resume --threads "${THREADS:-1}" ${EPOCHS:+--epochs "$EPOCHS"}
"$build/studies/separator/score" "$corpus/test" "$out/five/model.aus" "${ITEMS:-225}" | tee "$out/table.tsv"
