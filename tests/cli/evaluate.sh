#!/bin/sh
# evaluate.sh - auscult evaluate and compare: results, the same bits for any number of threads, wrong use.
. "${srcdir:-.}/tests/cli/lib.sh"
song="$demo/song.wav -m $demo/demo.aus --target drums --duration 2 --tiles 5x4"

# shellcheck disable=SC2086
{
  exits 0 "evaluate" evaluate $song --method partitionshap --samples 60 --draws 20 --near 2 --repeats 2 -q
  check "every measure is there" sh -c 'for m in deletion insertion aopc_gain flip_random_noise faithfulness infidelity_scaled max_sensitivity sparseness entropy effective completeness mprt_cascade_spearman mprt_layer_ssim other_target_ssim; do grep -q "^$m " out || { echo "$m"; exit 1; }; done'
  exits 0 "compare, one thread" compare $song --methods random,occlusion,slime,partitionshap --json --threads 1 -q
  mv out one
  exits 0 "compare, three threads" compare $song --methods random,occlusion,slime,partitionshap --json --threads 3 -q
  check "the same numbers for any number of threads" sh -c "grep -vE 'seconds|threads|command' one >a; grep -vE 'seconds|threads|command' out >b; cmp a b"
  check "the best is named" grep -q '"best": {"deletion"' one
  printf '0.5\t1.0\tdrum\n\\\t0\t4000\n' >labels.txt
  exits 0 "events" evaluate $song --method occlusion --events labels.txt --metrics pointing,mass,rank,time_auc -q
  check "four measures of place" sh -c 'test "$(grep -cE "^(pointing|mass|rank|time_auc) " out)" = 4'
  exits 0 "two inputs" evaluate "$demo/song.wav" "$demo/stems/drums.wav" -m "$demo/demo.aus" --target drums --duration 2 --tiles 4x3 --method ablation --metrics deletion,aopc -q
  check "their mean" grep -q '^mean of 2 inputs' out
  exits 2 "an unknown measure" evaluate $song --metrics deletoin
  exits 2 "an unknown method" evaluate $song --method occlusoin
  exits 4 "place without events" evaluate $song --metrics pointing
  exits 4 "a line between tiles" evaluate $song --fill line --metrics deletion
  exits 2 "a target that is not there" evaluate "$demo/song.wav" -m "$demo/demo.aus" --target 99
  exits 2 "map without a file" evaluate $song --method map
  exits 3 "a map that is not there" evaluate $song --method map --map nothing.npy
  printf 'one\ttwo\n' >bad.txt
  exits 3 "labels that are none" evaluate $song --events bad.txt
  printf '100\t101\tlate\n' >late.txt
  exits 3 "events after the end" evaluate $song --events late.txt
  exits 2 "no methods" compare $song --methods ,
}
exits 0 "a page of a comparison" compare "$demo/song.wav" -m "$demo/demo.aus" --duration 2 --tiles 6x4 --methods random,occlusion --metrics deletion,sparseness --draws 5 --report c.html
check "it has the methods, the scores, and sound" sh -c 'grep -q "Best here: " c.html && grep -q "data:audio/" c.html && grep -q ">deletion" c.html'
exits 1 "a page in the way" compare "$demo/song.wav" -m "$demo/demo.aus" --methods random --report c.html
finish
