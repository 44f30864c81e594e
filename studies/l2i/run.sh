#!/bin/sh
# run.sh [--quick] [FOLD...]: Listen to Interpret on ESC-10 from sounds to tables; everything that is there already is left alone, so an
# interrupted run goes on where it was. Results: studies/l2i/results/*.tsv (--quick: OUT/results).
#
#   ESC10=FOLDER (default ../shared/data/audio/esc10)   OUT=FOLDER (default build/l2i)   THREADS=N (default 1)   AUSCULT=PROGRAM   TOOLS=FOLDER of make_clips, measure, ...
#   MULTI=yes: also the task of several labels (classifier 12 min of one core, two interpreters 20 min each, tables 10 min a fold)
#   METHODS=A,B,...   SLIME=SAMPLES (2000) and SLIME_CLIPS=N (5): surrogates are costly   EVERY=N: each so-many-th clip for masks, overlaps, faithfulness
#
# Budget of a fold, one free core with AVX-512: classifier 12 min, two interpreters, VIBI 4 min each, L-MAC 6 min, tables 30 min (most of it integrated gradients, smoothgrad and SLIME).
# --quick: fold 1, a quarter of all widths, a few steps, two clips: that it runs, not what it finds.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
quick=''
[ "${1:-}" != --quick ] || { quick=yes; shift; }
ESC10=${ESC10:-$top/../shared/data/audio/esc10}
OUT=${OUT:-$top/build/l2i${quick:+-quick}}
AUSCULT=${AUSCULT:-$top/build/auscult}
TOOLS=${TOOLS:-$top/build/studies/l2i}
THREADS=${THREADS:-1}
[ -e "$ESC10/esc10.csv" ] || { echo "skip - no ESC-10 in $ESC10"; echo "0 passed, 0 failed, 1 skipped"; exit 77; }
results=$here/results methods=ones,random-bins,random-tiles,energy,l2i:attention,l2i:max,vibi,lmac,lmac8,gradient,ixg,ig,smoothgrad,gradcam,lrp:zennit:EpsilonPlus,deeplift
limit='' epochs='' iterations=100 slime_clips=${SLIME_CLIPS:-5} slime=${SLIME:-2000}
[ -z "$quick" ] || { results=$OUT/results methods=ones,random-bins,energy,l2i:attention,l2i:max,vibi,lmac,lmac8,gradient limit="--limit 2" epochs="--epochs 2" iterations=10 slime_clips=1 slime=100; }
methods=${METHODS:-$methods}
mkdir -p "$OUT" "$results"
for tool in make_clips join make_mixes measure tabulate stack; do
  [ -x "$TOOLS/$tool" ] || make -s -C "${TOOLS%/studies/l2i}" "studies/l2i/$tool"
done
[ -e "$OUT/clips/clips.tsv" ] || "$TOOLS/make_clips" "$ESC10" "$OUT/clips"

# fill TEMPLATE FOLD WORD FILE: WORD is the pooling, or the width of a decoder; only when it changed (a training's checkpoint belongs to its recipe).
fill() {
  sed "s/TEST/$2/g; s/VALID/$(($2 % 5 + 1))/g; s/POOLING/$3/g; s/WIDTH/$3/g; s|^root = .*|root = clips|; s|^manifest = .*|manifest = clips/clips.tsv|" "$here/$1.recipe" >"$4.new"
  [ -z "$quick" ] || sed -i -E 's/^conv ([0-9]+) /echo conv $((\1 \/ 4)) /e; s/^(batch = .*)/\1\nepoch_items = 32/; s/^checkpoint.*//; s/^layout = vgg/layout = auto/' "$4.new"
  if cmp -s "$4.new" "$4"; then rm "$4.new"; else mv "$4.new" "$4"; fi
}

dictionary() {
  [ -e "$OUT/dictionary-$1/W.npy" ] && return
  awk -F'\t' -v dir="$OUT/clips" -v out="$1,$(($1 % 5 + 1))" 'NR > 1 && index(out, $3) == 0 { print dir "/" $1 }' "$OUT/clips/clips.tsv" | "$TOOLS/join" "$OUT/joined-$1.wav"
  "$AUSCULT" nmf "$OUT/joined-$1.wav" --scale log1p --n-fft 1024 --hop 512 -k 100 --mu 0.8 --beta 2 --iterations $iterations --tolerance 0 --threads "$THREADS" --quiet --force --out "$OUT/dictionary-$1" >/dev/null
  rm "$OUT/joined-$1.wav"
}

# measured TABLE WHAT ARGS...: measure WHAT into $tables/TABLE.tsv, once.
measured() {
  table=$tables/$1.tsv what=$2
  shift 2
  [ -e "$table" ] || "$TOOLS/measure" "$what" "$@" --out "$table"
}

fold() {
  f=$1 model=$OUT/vgg-$1/model.aus
  fill vgg "$f" - "$OUT/vgg-$f.recipe"
  [ -e "$model" ] || "$AUSCULT" train "$OUT/vgg-$f.recipe" --out "$OUT/vgg-$f" --resume --threads "$THREADS" $epochs
  dictionary "$f"
  students="attention max flint vibi lmac" masks=$(echo "$methods" | sed 's/lmac8,//')
  [ "$f" != 1 ] || students="$students lmac8" masks=$methods # the smaller decoder is for one fold
  for who in $students; do
    dir=$OUT/$who-$f
    case $who in
    attention | max) fill interpreter "$f" $who "$dir.recipe" ;;
    lmac) fill lmac "$f" 32 "$dir.recipe" ;;
    lmac8) fill lmac "$f" 8 "$dir.recipe" ;;
    *) fill $who "$f" - "$dir.recipe" ;;
    esac
    mkdir -p "$dir"
    # What the classifier computes is the same for all.
    [ $who = attention ] || [ -e "$dir/taps.cache" ] || ln "$OUT/attention-$f/taps.cache" "$dir/taps.cache" 2>/dev/null || true
    [ -e "$dir/model.aus" ] || "$AUSCULT" l2i train "$dir.recipe" --out "$dir" --resume --threads "$THREADS" $epochs
  done
  [ -e "$OUT/mixes-$f/noise.tsv" ] || "$TOOLS/make_mixes" "$OUT/clips" "$OUT/mixes-$f" "$f"
  set -- --model "$model" --clips "$OUT/clips" --fold "$f" --threads "$THREADS" --l2i attention="$OUT/attention-$f/model.aus" --l2i max="$OUT/max-$f/model.aus" --mask vibi="$OUT/vibi-$f/model.aus" \
    --mask lmac="$OUT/lmac-$f/model.aus" $limit
  [ "$f" != 1 ] || set -- "$@" --mask lmac8="$OUT/lmac8-$f/model.aus"
  tables=$OUT/tables-$f
  mkdir -p "$tables"
  measured fidelity fidelity "$@"
  measured time time "$@"
  measured overlap overlap "$@" --list "$OUT/mixes-$f/overlap.tsv" ${EVERY:+--every "$EVERY"}
  measured noise overlap "$@" --list "$OUT/mixes-$f/noise.tsv" ${EVERY:+--every "$EVERY"}
  measured faith faith "$@" ${EVERY:+--every "$EVERY"}
  measured masks masks "$@" --methods "$masks" ${EVERY:+--every "$EVERY"}
  measured listening listening "$@" --list "$OUT/mixes-$f/overlap.tsv" ${EVERY:+--every "$EVERY"}
  measured slime masks "$@" --methods l2i:attention,l2i:max,slime --slime "$slime" --limit "$slime_clips"
}

# ---- several labels --------------------------------------------------------------------------------------------------

# 8 atoms of rain and waves, 9 of each class beside them: clips that train.
multi_dictionary() {
  d=$OUT/multi-dictionary-$1
  [ ! -e "$d/W.npy" ] || return 0
  mkdir -p "$d"
  of() { awk -F'\t' -v dir="$OUT/clips" -v out="$1,$(($1 % 5 + 1))" -v want="$2" 'NR > 1 && index(out, $3) == 0 && index("," want ",", "," $2 ",") { print dir "/" $1 }' "$OUT/clips/clips.tsv"; }
  atoms() { out=$1; shift; "$AUSCULT" nmf "$out.wav" --scale log1p --n-fft 1024 --hop 512 --mu 0.8 --beta 2 --iterations 100 --tolerance 0 --threads "$THREADS" --quiet --force --out "$out" "$@" >/dev/null; rm "$out.wav" "$out/H.npy"; }
  of "$1" rain,sea_waves | "$TOOLS/join" "$d/noise.wav"
  atoms "$d/noise" -k 8
  fold=$1
  set --
  for class in chainsaw clock_tick crackling_fire crying_baby dog helicopter rooster sneezing; do
    of "$fold" $class | "$TOOLS/join" "$d/$class.wav"
    atoms "$d/$class" --dictionary "$d/noise/W.npy" -k 9
    set -- "$@" "$d/$class/W.npy"
  done
  "$TOOLS/stack" "$d/W.npy" "$d/noise/W.npy" "$@"
}

multi() {
  f=$1 model=$OUT/multi-vgg-$1/model.aus list=$OUT/mixes-$1
  sed "s/TEST/$f/g" "$here/multi_vgg.recipe" >"$OUT/multi-vgg-$f.recipe"
  [ -e "$model" ] || "$AUSCULT" train "$OUT/multi-vgg-$f.recipe" --out "$OUT/multi-vgg-$f" --resume --threads "$THREADS"
  multi_dictionary "$f"
  for pooling in attention max; do
    dir=$OUT/multi-$pooling-$f dropout=0
    [ $pooling = attention ] || dropout=0.3
    sed "s/TEST/$f/g; s/POOLING/$pooling/g; s/DROPOUT/$dropout/" "$here/multi_interpreter.recipe" >"$dir.recipe"
    mkdir -p "$dir"
    [ $pooling = attention ] || [ -e "$dir/taps.cache" ] || ln "$OUT/multi-attention-$f/taps.cache" "$dir/taps.cache" 2>/dev/null || true
    [ -e "$dir/model.aus" ] || "$AUSCULT" l2i train "$dir.recipe" --out "$dir" --resume --threads "$THREADS"
  done
  # Each class of a test mixture is a target, all else the interferer.
  awk -F'\t' 'BEGIN { print "path\ttarget\ttarget_clip\tinterferer\tinterferer_clip\tdb\tgain" }
    $1 ~ /test/ && $2 != "background" { stem = $1; sub(/\.wav$/, "-" $2 ".wav", stem); print $1 "\t" $2 "\t" stem "\tothers\t-\t0\t1" }' "$list/parts.tsv" >"$list/stems.tsv"
  tables=$OUT/multi-tables-$f
  mkdir -p "$tables"
  set -- --seconds 10 --model "$model" --clips "$list" --fold "$f" --threads "$THREADS" --l2i attention="$OUT/multi-attention-$f/model.aus" --l2i max="$OUT/multi-max-$f/model.aus"
  measured scores multi "$@" --list "$list/multi.tsv"
  measured overlap overlap "$@" --list "$list/stems.tsv" ${EVERY:+--every "$EVERY"}
  measured faith multi-faith "$@" --list "$list/multi.tsv" ${EVERY:+--every "$EVERY"}
}

for f in ${*:-$([ -n "$quick" ] && echo 1 || echo 1 2 3 4 5)}; do
  fold "$f"
  [ -z "${MULTI:-}" ] || multi "$f"
done

# ---- tables ---------------------------------------------------------------------------------------------------------

table() { # NAME, then tabulate's arguments; the files of all folds come last
  name=$1 files=$2
  shift 2
  set -- "$@" "$OUT"/${set:-}tables-*/$files.tsv
  "$TOOLS/tabulate" "$@" >"$results/$name.tsv.new" && mv "$results/$name.tsv.new" "$results/$name.tsv"
}
scores=ai,ad,ag,ff,ff_logit,fid_in,ad_speechbrain,fid_in_speechbrain,sparseness,complexity,ms,kept
gain=si_sdr-si_sdr_mix,sir-sir_mix,kept,ff_logit,ff
table fidelity fidelity fidelity
table masks masks mean share,method $scores
table masks-pairs masks pairs share,method ff_logit l2i:attention
table slime slime mean share,method $scores
table faith faith mean who,tau atoms,linear_logit,linear,parity_logit,parity,count_linear_logit,count_linear,count_parity_logit,count_parity,energy_linear_logit,energy_linear
table overlap overlap mean db,who,how,rule $gain
table listening listening mean db,who,how $gain
table noise noise mean db,who,how,rule $gain
[ -z "${MULTI:-}" ] || {
  set=multi-
  table multi scores detection
  table multi-overlap overlap mean who,how,rule $gain
  table multi-classes overlap mean target,who,how,rule $gain
  table multi-faith faith mean who,tau atoms,linear_logit,linear,parity_logit,parity,count_linear_logit,count_linear,energy_linear_logit,energy_linear
}
# What the trained files say of themselves. L-MAC's fidelity is Fid-In: what the classifier says of the masked sound.
# said TABLE HEAD 'WHO...' KEY...: a row per fold and student.
said() {
  out=$results/$1.tsv who=$3
  printf 'fold\twho\t%b\n' "$2" >"$out.new"
  shift 3
  for w in $who; do
    for model in "$OUT/$w"-[1-5]/model.aus; do
      [ -e "$model" ] || continue
      dir=${model%/model.aus}
      printf '%s\t%s' "${dir##*-}" "$w"
      for key in "$@"; do printf '\t%s' "$("$AUSCULT" model info "$model" | awk -v key="train.$key" '$1 == key { print $2 }')"; done
      printf '\n'
    done
  done >>"$out.new"
  mv "$out.new" "$out"
}
said classifier 'best_epoch\tepochs\tvalid_accuracy\ttest_accuracy\ttest_loss' vgg best_epoch epochs valid_score test_score test_loss
said trained 'best_epoch\tepochs\tvalid_top1\ttest_top1' 'attention max flint vibi lmac lmac8' best_epoch epochs valid_score test_score
cat "$results/classifier.tsv" "$results/trained.tsv" "$results/fidelity.tsv"

# ---- --quick: what must hold whatever was learnt -----------------------------------------------------------------------

[ -n "$quick" ] || exit 0
passed=0 failed=0
# holds NAME FILE 'AWK CONDITION ON NAMED COLUMNS c["NAME"]' 'ROWS IT IS FOR'
holds() {
  if awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } '"$4"' { n++; if (!('"$3"')) bad = 1 } END { exit bad || !n }' "$2"; then echo "ok - $1"; passed=$((passed + 1)); else echo "not ok - $1"; failed=$((failed + 1)); fi
}
holds "the input as its own interpretation gains nothing" "$OUT/tables-1/overlap.tsv" '$c["si_sdr"] == $c["si_sdr_mix"] && $c["sir"] == $c["sir_mix"] && $c["kept"] == 1' '$c["who"] == "input"'
holds "the ideal ratio mask gains" "$OUT/tables-1/overlap.tsv" '$c["si_sdr"] - $c["si_sdr_mix"] > 3' '$c["who"] == "oracle"'
holds "the all-ones mask is perfect for AD and Fid-In" "$OUT/tables-1/masks.tsv" '$c["ad"] < 1e-2 && $c["fid_in"] == 1 && $c["sparseness"] < 1e-6' '$c["method"] == "ones"'
holds "parity listening is fainter than linear" "$OUT/tables-1/overlap.tsv" '$c["kept"] < 0.5' '$c["rule"] == "selected" && $c["how"] == "parity"'
holds "no fewer atoms at a lower tau" "$OUT/tables-1/faith.tsv" '$c["tau"] == 0.9 ? (most = $c["atoms"]) >= 1 : $c["atoms"] + 0 >= most' 1
holds "VIBI and L-MAC are measured beside the others" "$OUT/tables-1/masks.tsv" '$c["sparseness"] > 0 && $c["fid_in"] <= 1' '$c["method"] == "vibi" || $c["method"] == "lmac"'
holds "six students were trained" "$results/trained.tsv" '$c["epochs"] == 2' '$c["fold"] == 1'
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
