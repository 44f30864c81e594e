#!/bin/sh
# train.sh - auscult train: a recipe learns; kill -9 at any moment and Ctrl-C lose nothing, bit for bit; what is refused.
. "${srcdir:-.}/tests/cli/lib.sh"
cp "$src/examples/train/stems.recipe" "$src/examples/train/stems.tsv" .
ln -s "$demo/stems" stems
quiet="--quiet --threads 1"

check "a recipe trains" $auscult train stems.recipe --out plain $quiet
grep -q '^best: epoch' check.out && ok "the best epoch is told" || not_ok "the best epoch is told"
check "the model is whole and computes what it did" $auscult model verify plain/model.aus
check "it knows the drums" sh -c "$auscult predict stems/drums.wav -m plain/model.aus | grep -q '^ *1  drums '"
check "the log is a line a JSON object: one to begin, one an epoch" test "$(grep -c '^{.*}$' plain/log.jsonl)" = 16
check "the recipe is in the model" sh -c "$auscult model info plain/model.aus --json | grep -q recipe_sha256"

# kill -9 at moments spread over the training, resuming each time. A checkpoint after each step, so that most kills fall into an epoch, some into the
# writing of a file. Each kill waits until there is a new checkpoint: a busy machine takes seconds to begin.
awk -F'\t' 'NR == 1 || $3 != "train" || $4 < 2' stems.tsv | awk -F'\t' 'NR == 1 || $3 == "train" || !seen[$2 $3]++' >few.tsv # reading sounds takes longest
sed 's/^\[train\]/&\ncheckpoint_minutes = 1e-6/; s/^epochs = .*/epochs = 12/; s/stems.tsv/few.tsv/' stems.recipe >often.recipe
$auscult train often.recipe --out whole $quiet >out 2>err
mkdir killed
kills=0 places=0 last=
for pause in 0 0.01 0.03 0.06 0.1 0.2; do
  [ -e killed/model.aus ] && break
  $auscult train often.recipe --out killed --resume $quiet >out 2>err &
  pid=$!
  while kill -0 $pid 2>/dev/null && [ "$(cksum killed/checkpoint.aus 2>/dev/null)" = "$last" ]; do sleep 0.01; done
  sleep $pause
  if kill -9 $pid 2>/dev/null; then kills=$((kills + 1)); fi
  wait $pid 2>/dev/null
  for f in killed/checkpoint.aus killed/model.aus; do
    [ ! -e $f ] || $auscult model info $f >/dev/null 2>info.err || not_ok "$f is damaged after a kill: $(cat info.err)"
  done
  now=$(cksum killed/checkpoint.aus 2>/dev/null)
  [ "$now" = "$last" ] || places=$((places + 1))
  last=$now
done
[ -e killed/model.aus ] || $auscult train often.recipe --out killed --resume $quiet >out 2>err
check "killed $kills times at $places places, then the same bits as never" cmp whole/model.aus killed/model.aus
test $places -ge 2 && ok "killed where something had been learnt" || not_ok "killed where something had been learnt: $places checkpoints seen"
check "the same log but for times" sh -c 'for d in whole killed; do sed "s/, \"seconds.*//" $d/log.jsonl >$d.log; done; cmp whole.log killed.log'

# Ctrl-C: a checkpoint, exit 130, and on from there.
sed 's/^epochs = .*/epochs = 400/' stems.recipe >long.recipe
$auscult train long.recipe --out long $quiet >out 2>err &
pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do grep -q '^epoch 2' out && break; sleep 0.1; done
kill -TERM $pid
wait $pid
code=$?
check "SIGTERM: exit 143, one line that says how to go on" sh -c "test $code = 143 && grep -q -- --resume err && test \$(wc -l <err) = 1"
check "a checkpoint is there, no model" test -s long/checkpoint.aus -a ! -e long/model.aus

for n in 1 2; do awk -v n=$n '{ sub(/stems.tsv/, "few.tsv"); print } /^\[train\]/ { print "explain = " n }' stems.recipe >explain$n.recipe; done
check "explanations are written" $auscult train explain2.recipe --out shown --epochs 2 --explain-every 2 $quiet
check "as arrays, pictures and sound, by the clip" sh -c 'test $(ls shown/explain/epoch0002-*/map-0.npy | wc -l) = 2 -a $(ls shown/explain/*/*_seen.png | wc -l) = 2 -a $(ls shown/explain/*/positive.wav | wc -l) = 2'
check "by any method" $auscult train explain1.recipe --out lrp --epochs 1 --explain-every 1 --explain-with "--method lrp --rules zennit:EpsilonPlus" $quiet
# The same network, saved at the end of its only epoch, explained afterwards by the command.
folder=$(echo lrp/explain/epoch0001-stems_*_wav-*s)
clip=$(echo "$folder" | sed 's/.*stems_\(.*\)_wav-.*/\1/')
from=$(echo "$folder" | sed 's/.*_wav-\(.*\)s$/\1/')
$auscult explain "stems/$clip.wav" -m lrp/model.aus --method lrp --rules zennit:EpsilonPlus --target "$clip" --offset "$from" --duration 1 --out after --quiet >out 2>err
check "what auscult explain says of the same network" cmp after/map-0.npy "$folder/map-0.npy"
check "and lets one hear" cmp after/positive.wav "$folder/positive.wav"
exits 2 "an option that auscult explain does not have" train stems.recipe --out no --explain-every 1 --explain-with "--method lrp --ruels x"
exits 2 "a method that is none" train stems.recipe --out no --explain-every 1 --explain-with "--method gradients"
exits 2 "a target of its own" train stems.recipe --out no --explain-every 1 --explain-with "--method ig --target 1"
test ! -e no && ok "nothing was begun" || not_ok "nothing was begun"

exits 1 "a second time without --resume" train stems.recipe --out plain
exits 0 "with --resume when all is done" train stems.recipe --out plain --resume $quiet
exits 3 "a resume with another recipe" train long.recipe --out plain --resume
exits 3 "no recipe" train nothing.recipe
printf '[train]\noptimzer = adam\n' >bad.recipe
exits 3 "an unknown key names the nearest" train bad.recipe
grep -q "bad.recipe:2: .*'optimzer'; the nearest is 'optimiser'" err && ok "with file and line" || not_ok "with file and line: $(cat err)"
sed 's/^conv 8/cnov 8/' stems.recipe >bad.recipe
exits 3 "an unknown layer" train bad.recipe
sed 's/split=train/splt=train/' stems.recipe >bad.recipe
exits 3 "an unknown column" train bad.recipe
sed 's/^rate = 0.01/optimiser = sgd\nloss = mse\nrate = 1e6/; /^bn/d; /^relu/d' stems.recipe >bad.recipe
exits 3 "numbers that are not finite name the layer" train bad.recipe
grep -q "layer '" err && ok "and the epoch: $(cat err)" || not_ok "the layer is named: $(cat err)"
head -c 300 plain/checkpoint.aus >bad.aus
mkdir broken && mv bad.aus broken/checkpoint.aus
exits 3 "a broken checkpoint" train stems.recipe --out broken --resume
finish
