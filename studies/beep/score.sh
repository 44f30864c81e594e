#!/bin/sh
# score.sh: which methods find the beep? Each method explains "large" of test clips with a beep, on the sound itself, and `auscult evaluate`
# compares its map, on 15 x 14 tiles of the spectrogram (0.1 s, 286 Hz), with where the beep is: means over clips, 95 % bootstrap
# intervals over clips. Writes results/methods.tsv and prints a Markdown table. Budget: ten minutes of one core for 12 clips.
#
#   FSDD=FOLDER  OUT=FOLDER  AUSCULT=PROGRAM as in run.sh  MODEL=FILE.aus (default weights/small-or-large.aus)  CLIPS=N (default 12)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
FSDD=${FSDD:-$top/../shared/data/audio/fsdd}
OUT=${OUT:-$top/build/beep}
AUSCULT=${AUSCULT:-$top/build/auscult}
MODEL=${MODEL:-$top/weights/small-or-large.aus}
CLIPS=${CLIPS:-12}
MEASURES="pointing mass rank time_auc band_auc deletion insertion faithfulness"
[ -e "$FSDD/0_theo_0.flac" ] || { echo "skip - no spoken digits in $FSDD"; exit 77; }
mkdir -p "$OUT/labels" "$here/results"
[ -e "$OUT/data/beeps.tsv" ] || { make -C "$top/build" studies/beep/make_beeps >&2 && "$top/build/studies/beep/make_beeps" "$FSDD" "$OUT/data"; }

# A label file per clip, as Audacity writes them, with the beep's frequencies.
awk -F'\t' -v dir="$OUT/labels" '$3 == "test" && $5 != "" { n = $1; sub(/\.wav$/, "", n); f = dir "/" n ".txt"
  printf "%.6f\t%.6f\tbeep\n\\\t%g\t%g\n", $5, $5 + $6, $7 - 50, $7 + 50 > f; close(f) }' "$OUT/data/beeps.tsv"
clips=$(find "$OUT/labels" -name '*.txt' | sort | head -n "$CLIPS" | sed "s|^$OUT/labels/|$OUT/data/|; s|txt\$|wav|")

table=$here/results/methods.tsv
{
  printf 'method'
  for m in $MEASURES; do printf '\t%s\tfrom\tto' "$m"; done
  printf '\n'
} >"$table"

# score NAME METHOD OPTION...: one line of the table.
score() {
  name=$1 method=$2
  shift 2
  # shellcheck disable=SC2086
  if "$AUSCULT" evaluate $clips -m "$MODEL" --target large --scale logit --events "$OUT/labels" --tiles 15x14 --method "$method" "$@" \
    --metrics "$(echo "$MEASURES" | tr ' ' ',')" --quiet --threads "${THREADS:-1}" >"$OUT/said" 2>"$OUT/error"; then
    awk -v name="$name" -v list="$MEASURES" '/^mean of/ { on = 1 } on { v[$1] = $2 "\t" $3 "\t" $4 }
      END { n = split(list, m, " "); printf "%s", name; for (i = 1; i <= n; i++) printf "\t%s", v[m[i]]; printf "\n" }' "$OUT/said" >>"$table"
  else
    echo "score.sh: $name: $(tail -n 1 "$OUT/error")" >&2
  fi
}

score random random
score gradient gradient
score "input x gradient" ixg
score smoothgrad smoothgrad --samples 25
score "integrated gradients" ig --steps 32
score gradientshap gradientshap --samples 32
score "guided backprop" guided
score deconvolution deconv
score deeplift deeplift
score "lrp epsilon" lrp --rules epsilon
score "lrp epsilon-plus" lrp --rules zennit:EpsilonPlus
score "lrp alpha2-beta1" lrp --rules zennit:EpsilonAlpha2Beta1
score grad-cam gradcam --layer relu2
score grad-cam++ gradcam++ --layer relu2
score score-cam scorecam --layer relu2
score occlusion occlusion
score ablation ablation
score rise rise --samples 500
score partitionshap partitionshap --samples 300
score kernelshap kernelshap --samples 800
score slime slime --samples 800

echo "| method | pointing | mass | rank | time AUC | band AUC | deletion | insertion | faithfulness |"
echo "|---|---|---|---|---|---|---|---|---|"
awk -F'\t' 'NR > 1 { printf "| %s", $1; for (i = 2; i <= NF; i += 3) printf " | %.2f (%.2f, %.2f)", $i, $(i + 1), $(i + 2); print " |" }' "$table"
