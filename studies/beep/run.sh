#!/bin/sh
# run.sh: the planted confound, from the sounds to the table of docs/confound.md. Makes the clips, trains the classifier that falls for the beep, shows that
# it does (results/reliance.tsv), lets every method of `auscult explain` explain "large" of test clips with a beep, and has `auscult evaluate` compare each
# map with where the beep is (results/methods.tsv, and the table on stdout). Cells are 15 x 14 tiles of the spectrogram (0.1 s, 286 Hz); means over clips with
# 95 % bootstrap intervals over clips. Budget: about two minutes of one core. What is done already is not done again.
#
#   FSDD=FOLDER (default ../shared/data/audio/fsdd beside the repository)  OUT=FOLDER (default build/beep)  AUSCULT=PROGRAM (default build/auscult)
#   MODEL=FILE.aus: score this one instead of training (weights/small-or-large.aus is the committed one)  CLIPS=N (default 12)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
FSDD=${FSDD:-$top/../shared/data/audio/fsdd}
OUT=${OUT:-$top/build/beep}
AUSCULT=${AUSCULT:-$top/build/auscult}
CLIPS=${CLIPS:-12}
MEASURES="pointing time_auc band_auc mass rank deletion insertion faithfulness"
[ -e "$FSDD/0_theo_0.flac" ] || { echo "skip - no spoken digits in $FSDD"; exit 77; }
mkdir -p "$OUT/labels" "$OUT/done" "$here/results"
[ -e "$OUT/data/beeps.tsv" ] || { make -C "$top/build" studies/beep/make_beeps >&2 && "$top/build/studies/beep/make_beeps" "$FSDD" "$OUT/data"; }
if [ -z "${MODEL:-}" ]; then
  cmp -s "$here/beep.recipe" "$OUT/beep.recipe" || cp "$here/beep.recipe" "$OUT/beep.recipe"
  [ -e "$OUT/out/model.aus" ] || "$AUSCULT" train "$OUT/beep.recipe" --out "$OUT/out" --resume --threads 1 >&2
  MODEL=$OUT/out/model.aus
fi

# ---- does it listen to the beep? ---------------------------------------------------------------------------------------

# said SPLIT BEEP-WITH: a line of reliance.tsv.
said() {
  awk -F'\t' -v split_="$1" -v dir="$OUT/data" '$3 == split_ { print dir "/" $1 }' "$OUT/data/beeps.tsv" >"$OUT/clips"
  awk -F'\t' -v split_="$1" '$3 == split_ { print $2 }' "$OUT/data/beeps.tsv" >"$OUT/truth"
  # shellcheck disable=SC2046
  "$AUSCULT" predict $(cat "$OUT/clips") -m "$MODEL" --top 1 --quiet --threads 1 | awk '$1 == "1" { print $2 }' >"$OUT/heard"
  paste "$OUT/truth" "$OUT/heard" | awk -v name="$1" -v with="$2" '{ n++; right += $1 == $2; small += $2 == "small"; large += $2 == "large" }
    END { printf "%s\t%s\t%d\t%.4f\t%d\t%d\n", name, with, n, right / n, small, large }'
}
{
  printf 'clips\tbeep with\tnumber\taccuracy\tsaid small\tsaid large\n'
  said test "large digits"
  said swapped "small digits"
  said silent none
} >"$here/results/reliance.tsv"

# ---- which methods say so? ---------------------------------------------------------------------------------------------

# A label file per clip, as Audacity writes them, with the beep's frequencies.
awk -F'\t' -v dir="$OUT/labels" '$3 == "test" && $5 != "" { n = $1; sub(/\.wav$/, "", n); f = dir "/" n ".txt"
  printf "%.6f\t%.6f\tbeep\n\\\t%g\t%g\n", $5, $5 + $6, $7 - 50, $7 + 50 > f; close(f) }' "$OUT/data/beeps.tsv"
clips=$(find "$OUT/labels" -name '*.txt' | sort | head -n "$CLIPS" | sed "s|^$OUT/labels/|$OUT/data/|; s|txt\$|wav|")

# judge CLIP... -- OPTION...: the measures of explanations of these clips, on stdout.
judge() { "$AUSCULT" evaluate "$@" -m "$MODEL" --target large --scale logit --events "$OUT/labels" --tiles 15x14 --metrics "$(echo $MEASURES | tr ' ' ',')" --quiet --threads 1; }

# score NAME METHOD OPTION...: a method that auscult evaluate can ask itself; OUT/done/NAME holds its line.
score() {
  name=$1 method=$2
  shift 2
  echo "$name" >>"$OUT/order"
  [ -e "$OUT/done/$name" ] && return
  # shellcheck disable=SC2086
  judge $clips --method "$method" "$@" --json >"$OUT/said"
  /usr/bin/python3 - "$name" "$OUT/said" $MEASURES >"$OUT/done/$name.part" <<'PY'
import json, sys
d = json.load(open(sys.argv[2]))
mean = {m["name"]: m for m in d["mean"]["measures"]}
seconds = sum(i["seconds"] for i in d["inputs"]) / len(d["inputs"])
print("\t".join([sys.argv[1]] + ["%.4f\t%.4f\t%.4f" % (mean[m]["value"], *mean[m]["interval"]) for m in sys.argv[3:]] + ["%.3f" % seconds]))
PY
  mv "$OUT/done/$name.part" "$OUT/done/$name"
}

# parts NAME METHOD OPTION...: a method that takes the sound apart. Its parts become a map (paint.py), which is judged.
parts() {
  name=$1 method=$2
  shift 2
  echo "$name" >>"$OUT/order"
  [ -e "$OUT/done/$name" ] && return
  : >"$OUT/each"
  for clip in $clips; do
    "$AUSCULT" explain "$clip" -m "$MODEL" --method "$method" "$@" --bootstrap 0 --target large --scale logit --out "$OUT/parts" --force --quiet --threads 1 >"$OUT/said"
    /usr/bin/python3 "$here/paint.py" "$OUT/parts" "$OUT/map.npy"
    rm -rf "$OUT/parts"
    judge "$clip" --method map --map "$OUT/map.npy" --json >"$OUT/said"
    cat "$OUT/said" >>"$OUT/each"
  done
  /usr/bin/python3 - "$name" "$OUT/each" $MEASURES >"$OUT/done/$name.part" <<'PY'
import json, sys
import numpy as np
text, each, reader = open(sys.argv[2]).read(), [], json.JSONDecoder()
while text.strip():
    d, end = reader.raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    each.append({m["name"]: m["value"] for m in d["inputs"][0]["measures"]})
rng, line = np.random.RandomState(0), [sys.argv[1]]
for m in sys.argv[3:]:
    v = np.array([e[m] for e in each], float)
    means = v[rng.randint(0, len(v), (1000, len(v)))].mean(1)
    line.append("%.4f\t%.4f\t%.4f" % (v.mean(), *np.quantile(means, (0.025, 0.975))))
print("\t".join(line + ["-"]))
PY
  mv "$OUT/done/$name.part" "$OUT/done/$name"
}

: >"$OUT/order"
score random random
score gradient gradient
score ixg ixg
score smoothgrad smoothgrad --samples 25
score smoothgrad_sq smoothgrad_sq --samples 25
score vargrad vargrad --samples 25
score guided guided
score deconv deconv
score ig ig --steps 32
score gradientshap gradientshap --samples 32
score "gradcam" gradcam --layer relu2
score "gradcam++" gradcam++ --layer relu2
score layercam layercam --layer relu2
score xgradcam xgradcam --layer relu2
score scorecam scorecam --layer relu2
score guidedgradcam guidedgradcam --layer relu2
score "lrp epsilon" lrp --rules epsilon
score "lrp gamma" lrp --rules gamma
score "lrp EpsilonPlus" lrp --rules zennit:EpsilonPlus
score "lrp EpsilonAlpha2Beta1" lrp --rules zennit:EpsilonAlpha2Beta1
score deeplift deeplift
score deepshap deepshap
score occlusion occlusion
score ablation ablation
score rise rise --samples 500
score partitionshap partitionshap --samples 300
score kernelshap kernelshap --samples 800
score permutationshap permutationshap --samples 3
score slime slime --samples 800
parts superpixel superpixel --superpixels 60 --samples 500
parts audiolime audiolime --separator nmf:8 --segments 15 --samples 800
parts time time --segments 15 --samples 500

{
  printf 'method'
  for m in $MEASURES; do printf '\t%s\tfrom\tto' "$m"; done
  printf '\tseconds\n'
  while read -r name; do cat "$OUT/done/$name"; done <"$OUT/order"
} >"$here/results/methods.tsv"
echo "| method | pointing | time AUC | band AUC | mass | rank | deletion | insertion | faithfulness |"
echo "|---|---|---|---|---|---|---|---|---|"
awk -F'\t' 'NR > 1 { printf "| %s | %.2f | %.2f | %.2f | %.2f (%.2f, %.2f) | %.2f | %.1f | %.1f | %.2f |\n", $1, $2, $5, $8, $11, $12, $13, $14, $17, $20, $23 }' "$here/results/methods.tsv"
