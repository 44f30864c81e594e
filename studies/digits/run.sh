#!/bin/sh
# run.sh [NET...]: trains NETs (audionet-quarter alexnet-quarter; audionet and alexnet in full width) on the Free Spoken Digit Dataset, leaving one
# speaker out each time, then zeroes samples in the order of relevance and writes studies/digits/results/.
#
#   FSDD=FOLDER     the data (default ../shared/data/audio/fsdd beside the repository)
#   OUT=FOLDER      trainings and relevance (default build/digits)
#   AUSCULT=PROGRAM (default build/auscult)      SPEAKERS="theo ..." (default all six)      THREADS=N (default 1)
#
# Whatever is done already is not done again: an interrupted run goes on where it was. Budget: the two quarter-width nets and their zeroing about half
# an hour of one core (94 s of processor time per training; the machine of 2024 that made results/ was shared). The full widths, audionet and alexnet, are
# sixteen times the work and were not run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
FSDD=${FSDD:-$top/../shared/data/audio/fsdd}
OUT=${OUT:-$top/build/digits}
AUSCULT=${AUSCULT:-$top/build/auscult}
SPEAKERS=${SPEAKERS:-george jackson lucas nicolas theo yweweler}
[ $# -gt 0 ] || set -- audionet-quarter alexnet-quarter
[ -e "$FSDD/0_theo_0.flac" ] || { echo "skip - no spoken digits in $FSDD"; exit 77; }
FSDD=$(cd "$FSDD" && pwd)
mkdir -p "$OUT"
[ -e "$OUT/fsdd.tsv" ] || "$here/manifest.sh" "$FSDD" >"$OUT/fsdd.tsv"

for net in "$@"; do
  for test in $SPEAKERS; do
    dir=$OUT/$net-$test
    sed "s/TEST/$test/g; s|^root = .*|root = $FSDD|" "$here/$net.recipe" >"$OUT/$net-$test.recipe.new"
    cmp -s "$OUT/$net-$test.recipe.new" "$OUT/$net-$test.recipe" && rm "$OUT/$net-$test.recipe.new" || mv "$OUT/$net-$test.recipe.new" "$OUT/$net-$test.recipe"
    [ -e "$dir/model.aus" ] || "$AUSCULT" train "$OUT/$net-$test.recipe" --out "$dir" --resume --threads "${THREADS:-1}"
  done
done
/usr/bin/python3 -B "$here/zero.py" --auscult "$AUSCULT" --out "$OUT" --fsdd "$FSDD" --results "$here/results" --speakers "$SPEAKERS" "$@"
/usr/bin/python3 -B "$here/seen.py" --auscult "$AUSCULT" --out "$OUT" --fsdd "$FSDD" --results "$here/results" "$@"
