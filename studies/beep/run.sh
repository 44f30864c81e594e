#!/bin/sh
# run.sh: the planted confound, from the sounds to the table. Makes clips, trains the classifier that falls for the beep, shows that it does
# (results/reliance.tsv), and scores methods of explanation on finding the beep (results/scores.tsv). Budget: five minutes of one core.
#
#   FSDD=FOLDER (default ../shared/data/audio/fsdd beside the repository)  OUT=FOLDER (default build/beep)  AUSCULT=PROGRAM (default build/auscult)
#   MODEL=FILE.aus: score this one instead of training (weights/small-or-large.aus is the committed one)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
FSDD=${FSDD:-$top/../shared/data/audio/fsdd}
OUT=${OUT:-$top/build/beep}
AUSCULT=${AUSCULT:-$top/build/auscult}
[ -e "$FSDD/0_theo_0.flac" ] || { echo "skip - no spoken digits in $FSDD"; exit 77; }
mkdir -p "$OUT" "$here/results"
[ -e "$OUT/data/beeps.tsv" ] || { make -C "$top/build" studies/beep/make_beeps >&2 && "$top/build/studies/beep/make_beeps" "$FSDD" "$OUT/data"; }
if [ -z "${MODEL:-}" ]; then
  cmp -s "$here/beep.recipe" "$OUT/beep.recipe" || cp "$here/beep.recipe" "$OUT/beep.recipe"
  [ -e "$OUT/out/model.aus" ] || "$AUSCULT" train "$OUT/beep.recipe" --out "$OUT/out" --resume --threads "${THREADS:-1}"
  MODEL=$OUT/out/model.aus
fi
exec /usr/bin/python3 "$here/score.py" --auscult "$AUSCULT" --model "$MODEL" --data "$OUT/data" --results "$here/results"
