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

# kill -9 at moments spread over the training, resuming each time.
kills=0
for pause in 0.02 0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.5 0.6; do
  [ -e killed/model.aus ] && break
  $auscult train stems.recipe --out killed --resume $quiet >out 2>err &
  pid=$!
  sleep $pause
  if kill -9 $pid 2>/dev/null; then kills=$((kills + 1)); fi
  wait $pid 2>/dev/null
  for f in killed/checkpoint.aus killed/model.aus; do
    [ ! -e $f ] || $auscult model info $f >/dev/null 2>info.err || not_ok "$f is damaged after a kill: $(cat info.err)"
  done
done
[ -e killed/model.aus ] || $auscult train stems.recipe --out killed --resume $quiet >out 2>err
check "killed $kills times, then the same bits as never" cmp plain/model.aus killed/model.aus
check "the same log but for times" sh -c 'for d in plain killed; do sed "s/, \"seconds.*//" $d/log.jsonl >$d.log; done; cmp plain.log killed.log'

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

check "explanations are written" $auscult train stems.recipe --out shown --epochs 2 --explain-every 2 $quiet
check "as arrays and pictures" sh -c 'test $(ls shown/explain/epoch0002-*.npy | wc -l) = 4 -a $(ls shown/explain/*.png | wc -l) = 4'

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
