#!/bin/sh
# determinism.sh - the same JSON for 1, 2 and 3 threads and twice in a row, whatever the method; "run" aside.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus

# The member "run" is the last one and holds all that may differ.
result() { sed '/^  "run": {$/,$d' "$1"; }
same() {
  name=$1
  shift
  for t in 1 2 3 3; do
    $auscult explain "$song" -m "$model" "$@" --json --threads $t >json.$t.tmp 2>err || { not_ok "$name: exit $?"; cat err; return; }
    [ -f reference ] || result json.$t.tmp >reference
    result json.$t.tmp | cmp -s - reference || { not_ok "$name: $t threads differ"; result json.$t.tmp | diff - reference | head -5; rm -f reference; return; }
    [ "$(wc -c <reference)" -gt 500 ] || { not_ok "$name: hardly any JSON"; return; }
  done
  rm -f reference
  ok "$name"
}
same "stems, exhaustive" --stems "$demo/stems"
same "hpss" --target top1
same "stems x segments, sampled" --stems "$demo/stems" --segments 4 --samples 200 --seed 7
same "time, ridge, bootstrap" --method time --segments 8 --samples 100 --surrogate ridge
same "slime tiles, noise" --method slime --tiles 4x2 --baseline noise --samples 100
same "superpixels" --method superpixel --superpixels 6 --samples 64
same "logit, euclidean" --stems "$demo/stems" --scale logit --distance euclidean
for t in 1 2 3; do $auscult predict "$song" -m "$model" --json --threads $t 2>/dev/null | sed '/^  "run": {$/,$d' >p.$t; done
check "predict" sh -c 'cmp -s p.1 p.2 && cmp -s p.1 p.3 && [ -s p.1 ]'
$auscult explain "$song" -m "$model" --method time --segments 12 --samples 50 --seed 1 --json 2>/dev/null | sed '/^  "run"/,$d' >s.1
$auscult explain "$song" -m "$model" --method time --segments 12 --samples 50 --seed 2 --json 2>/dev/null | sed '/^  "run"/,$d' >s.2
check "another seed draws other mixes" sh -c '! cmp -s s.1 s.2'
finish
