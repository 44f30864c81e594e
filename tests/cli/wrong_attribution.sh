#!/bin/sh
# wrong_attribution.sh - attribution asked for what cannot be: each error names what is missing, and what there is instead.
. "${srcdir:-.}/tests/cli/lib.sh"
song=$demo/song.wav model=$demo/demo.aus
# npy FILE SHAPE: zeros as float32, 63 x 40 of them, behind a header of 128 bytes.
npy() {
  { printf '\223NUMPY\001\000\166\000'; printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': ($2), }"; head -c 10080 /dev/zero; } >"$1"
}
# says CODE NAME WORDS ARGS...: that exit code, and the error holds the words.
says() {
  code=$1 what=$2 words=$3
  shift 3
  exits "$code" "$what" "$@"
  check "$what: says '$words'" grep -qF -e "$words" err
}
npy x.npy "1, 1, 63, 40"
npy short.npy "1, 1, 40, 63"
cp x.npy nan.npy
printf '\000\000\300\177' | dd of=nan.npy bs=1 seek=$((128 + 400)) conv=notrunc 2>/dev/null
exits 0 "a question that can be answered" explain x.npy -m "$model" --method gradient --save g.npy

says 2 "a rule that does not fit the op" "epsilon" explain x.npy -m "$model" --method lrp --rules "linear = winner"
says 2 "a rule that does not exist" "epsilonn" explain x.npy -m "$model" --method lrp --rules "conv = epsilonn"
says 2 "a layer that does not exist" "nolayer" explain x.npy -m "$model" --method gradcam --layer nolayer
says 2 "Grad-CAM without a layer" "--layer" explain x.npy -m "$model" --method gradcam
says 4 "a layer for a method that takes none" "takes no layer" explain x.npy -m "$model" --method gradientshap --layer logits
says 2 "a value that does not exist" "novalue" explain x.npy -m "$model" --method gradient --from novalue
says 2 "a target out of range" "99" explain x.npy -m "$model" --method gradient --target 99
says 2 "a target out of range, on sound" "99" explain "$song" -m "$model" --method lrp --target 99
says 2 "a label that does not exist" "trombone" explain x.npy -m "$model" --method ig --target trombone
says 3 "NaN in the input" "NaN at position 100" explain nan.npy -m "$model" --method gradient
says 2 "an array of another shape" "[1, 1, 40, 63]" explain short.npy -m "$model" --method gradient
says 2 "an input that does not exist" "noinput" explain -m "$model" --input-name noinput=x.npy --method gradient
says 2 "an unknown quadrature" "secant" explain x.npy -m "$model" --method ig --quadrature simpson
says 2 "an unknown rule of DeepLIFT" "rescale" explain x.npy -m "$model" --method deeplift --rules magic
[ -x "$build/tests/pipe_child" ] && says 4 "a black box asked for gradients" "gradients need a network" explain "$song" --model-cmd "$build/tests/pipe_child good" --method gradient
says 4 "an array for a black box" "--model-cmd" explain x.npy --model-cmd cat --method gradient
check "nothing was written but what was asked for" test "$(find . -name '*.npy' | wc -l)" = 4
finish
