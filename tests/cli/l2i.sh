#!/bin/sh
# l2i.sh - auscult l2i: an interpreter learns, a break costs no bit, it is listened to and judged; what is refused.
. "${srcdir:-.}/tests/cli/lib.sh"
cp "$src/examples/train/stems.recipe" "$src/examples/train/stems.tsv" .
# ten clips train and five decide: this is about files and bits, not about learning
sed 's/^atoms = .*/atoms = 6/; s/^train = .*/train = split=train start=3,4/; s/^valid = .*/valid = split=valid start=9/; /^test/d; s/^batch.*/batch = 5/' "$src/examples/train/interpreter.recipe" >why.recipe
ln -s "$demo/stems" stems
quiet="--quiet --threads 1"

check "a classifier to interpret" $auscult train stems.recipe --out instruments --epochs 2 $quiet
check "an interpreter learns" $auscult l2i train why.recipe --out why $quiet
grep -q '^best: epoch .* fidelity' check.out && ok "the best epoch is told" || not_ok "the best epoch is told"
check "it computes what it did" $auscult model verify why/model.aus
check "the layers are kept in a file" test -s why/taps.cache -a -s why/dictionary.npy

# One epoch, a break, another one; another number of threads; the cache that is there.
check "one epoch" $auscult l2i train why.recipe --out broken --epochs 1 $quiet
check "and one more after a break" $auscult l2i train why.recipe --out broken --resume --quiet --threads 2
check "give the bits of two" cmp why/model.aus broken/model.aus
cp -r why again && touch -d '2001-01-01' again/taps.cache
check "a training that finds the cache" $auscult l2i train why.recipe --out again --epochs 1 --force $quiet
check "uses it" test "$(find again/taps.cache -newermt 2001-01-02 | wc -l)" = 0
$auscult l2i train -m instruments/model.aus --manifest stems.tsv --train 'split=train start=3' --valid 'split=valid start=9' --test 'split=test label=bell' --atoms 6 --batch 5 --epochs 1 --pooling max --out options $quiet >out 2>err
check "options say the same as a recipe" $auscult model verify options/model.aus
check "half the payload" sh -c "sed 's/^atoms/payload = half\natoms/' why.recipe >half.recipe; $auscult l2i train half.recipe --out half --epochs 1 $quiet"
check "in half the bytes" test "$(wc -c <half/model.aus)" -lt $(($(wc -c <why/model.aus) * 6 / 10))
check "which are sound" $auscult model verify half/model.aus

# The methods it is compared with: one epoch and a break give the bits of two; what is wrong is said in a line.
for method in vibi lmac; do
  sed "s/^atoms.*/method = $method\nchunk = 8\npicks = 5\nwidth = 4/; s/^monitor.*//" why.recipe >$method.recipe
  mkdir -p $method ${method}2 && cp why/taps.cache $method && cp why/taps.cache ${method}2
  check "$method learns" $auscult l2i train $method.recipe --out $method --force $quiet
  check "$method computes what it did" $auscult model verify $method/model.aus
  check "$method: one epoch" $auscult l2i train $method.recipe --out ${method}2 --epochs 1 --force $quiet
  check "$method: and one more after a break" $auscult l2i train $method.recipe --out ${method}2 --resume --quiet --threads 2
  check "$method: the bits of two" cmp $method/model.aus ${method}2/model.aus
  exits 3 "$method cannot be listened to" l2i explain stems/bell.wav -m instruments/model.aus --interpreter $method/model.aus
  grep -q "mask without a dictionary ($method)" err && ok "$method says why" || not_ok "$method says why: $(cat err)"
done
sed 's/^picks.*/picks = 5000/' vibi.recipe >bad.recipe
exits 3 "more chunks than there are" l2i train bad.recipe --out wrong
grep -q 'picks = 5000 of .* chunks: there are only' err && ok "are counted" || not_ok "are counted: $(cat err)"
sed 's/^width.*/widht = 4/' lmac.recipe >bad.recipe
exits 3 "a key that is not there" l2i train bad.recipe --out wrong
grep -q "widht.*width" err && ok "has a neighbour" || not_ok "has a neighbour: $(cat err)"
sed 's/^method.*/method = ibi/' vibi.recipe >bad.recipe
exits 3 "a method that is not there" l2i train bad.recipe --out wrong

it="-m instruments/model.aus --interpreter why/model.aus"
# shellcheck disable=SC2086
{
  check "a sound is explained" $auscult l2i explain stems/bell.wav --offset 2 --duration 2 $it --tau -1 --out parts --report page.html $quiet
  check "as sound" test -s parts/rest.wav -a -s parts/interpretation.wav -a -s parts/interpretation-loud.wav -a -s parts/interpretation-parity.wav
  check "on a page" grep -q 'atom [1-6]' page.html
  check "and read back" $auscult report parts/result.json --out again.html
  check "as JSON of the explanation's schema" sh -c "$auscult l2i explain stems/bell.wav --duration 1 $it --json $quiet | /usr/bin/env python3 -c 'import json, sys; d = json.load(sys.stdin); assert d[\"schema\"] == \"auscult.explanation/1\" and d[\"interpreter\"][\"atoms\"] == 6'"
  check "it is judged" $auscult l2i evaluate stems.tsv --where split=test $it --taus 0.5,0.1
  grep -q 'as many *as loud' check.out && ok "beside chance" || not_ok "beside chance"
  check "as JSON" sh -c "$auscult l2i evaluate stems.tsv --where split=test $it --taus 0.5 --json $quiet | grep -q random_energy"

  exits 1 "files in the way" l2i explain stems/bell.wav --duration 1 $it --out parts
  exits 1 "a second training without --resume" l2i train why.recipe --out why
  exits 2 "no interpreter" l2i explain stems/bell.wav -m instruments/model.aus
  exits 2 "no classifier" l2i explain stems/bell.wav --interpreter why/model.aus
  exits 2 "no such target" l2i explain stems/bell.wav $it --target whale
  exits 2 "no such column" l2i evaluate stems.tsv --where splot=test $it
  exits 2 "too few options" l2i train -m instruments/model.aus
  exits 3 "a classifier is no interpreter" l2i explain stems/bell.wav -m instruments/model.aus --interpreter instruments/model.aus
  exits 3 "another classifier" l2i explain stems/bell.wav -m "$demo/demo.aus" --interpreter why/model.aus
}
# Several labels a clip: binary cross-entropy, a sigmoid, and average precision of every class.
sed 's/^\[train\]/[train]\nloss = bce/' stems.recipe >several.recipe
check "a classifier of several labels" $auscult train several.recipe --out several --epochs 1 $quiet
check "its interpreter" $auscult l2i train -m several/model.aus --manifest stems.tsv --train 'split=train start=3' --valid 'split=valid start=9' --atoms 6 --batch 5 --epochs 1 --out several-why $quiet
check "is judged class by class" sh -c "$auscult l2i evaluate stems.tsv --where 'split=test start=11' -m several/model.aus --interpreter several-why/model.aus --taus 0.5 --json $quiet | grep -q macro_auprc"

# The networks that are carried, and broken input.
carried="$src/weights/esc10.aus"
check "the carried classifier is sound" $auscult model verify "$carried"
check "and its interpreter" $auscult model verify "$src/weights/esc10-why.aus"
check "which is found beside it, and its licence told" sh -c "$auscult l2i explain stems/bell.wav --duration 1 -m $carried --no-check $quiet && $auscult model info $src/weights/esc10-why.aus | grep -q 'CC BY 3.0.*Piczak'"
exits 3 "an interpreter of another classifier" l2i explain stems/bell.wav --duration 1 -m "$carried" --interpreter why/model.aus
$auscult l2i explain stems/bell.wav --duration 0.02 -m "$carried" --no-check --threads 1 --json >short.json 2>err
check "a sound shorter than any field of the net is continued" grep -q '"schema": "auscult.explanation/1"' short.json
grep -q 'was continued to' err && ok "and a note says so" || not_ok "and a note says so: $(cat err)"
dd if=/dev/zero bs=88200 count=1 2>/dev/null >zero
{ printf 'RIFF\254\130\001\000WAVEfmt \020\000\000\000\001\000\001\000\104\254\000\000\210\130\001\000\002\000\020\000data\210\130\001\000'; cat zero; } >silence.wav
$auscult l2i explain silence.wav -m "$carried" --no-check --threads 1 --out quiet >out 2>err
check "silence is answered" test -s quiet/rest.wav
grep -q 'silent' err && ok "with a warning" || not_ok "with a warning: $(cat err)"
exits 3 "an ordinary recipe" l2i train stems.recipe --out wrong
exits 3 "an interpreter's recipe for the ordinary training" train why.recipe --out wrong
sed 's/^atoms/taps = nowhere\natoms/' why.recipe >bad.recipe
exits 2 "a layer that is not there" l2i train bad.recipe --out wrong
grep -q "no layer 'nowhere'" err && ok "is named" || not_ok "is named: $(cat err)"
$auscult nmf stems/bell.wav -k 3 --iterations 2 --out other --quiet >out 2>err
sed 's/^atoms.*/dictionary = other\/W.npy/' why.recipe >bad.recipe
exits 3 "a dictionary of another size" l2i train bad.recipe --out wrong
grep -q 'bins' err && ok "says which is wanted" || not_ok "says which is wanted: $(cat err)"
sed 's/^atoms/layout = vgg\natoms/' why.recipe >bad.recipe
exits 3 "the published layout for other maps" l2i train bad.recipe --out wrong
for at in 5000 25000; do printf 'damaged' | dd of=why/taps.cache bs=1 seek=$at conv=notrunc 2>/dev/null; done # both patches of a clip
exits 3 "a damaged cache" l2i train why.recipe --out why --resume --epochs 3
finish
