#!/bin/sh
# unusual.sh - unusual but good input works, and the result says what was done with it.
. "${srcdir:-.}/tests/cli/lib.sh"
model=$demo/demo.aus

make_wav silence.wav 1 16000 32000
make_wav one.wav 1 16000 1
make_wav eight.wav 8 44100 44100
make_wav fast.wav 2 192000 96000
make_wav slow.wav 1 4000 8000
exits 0 "silence" predict silence.wav -m "$model"
exits 0 "one sample" predict one.wav -m "$model"
check "its padding is said" grep -q 'note: .*1 sample.*repeated' err
exits 0 "8 channels" predict eight.wav -m "$model"
check "they are said" grep -q '8 channels.*heard as 16000 Hz mono' out
exits 0 "192 kHz" predict fast.wav -m "$model"
check "it is said" grep -q '192000 Hz stereo.*heard as 16000 Hz mono' out
exits 0 "4 kHz" predict slow.wav -m "$model"
exits 0 "explain silence" explain silence.wav -m "$model" --target drums --report silence.html
check "the fit says that there is nothing to explain, or that it fits" grep -q 'fit: R2' out
exits 0 "explain one sample" explain one.wav -m "$model" --target drums --method time --segments 1
exits 0 "separate 8 channels" separate eight.wav --out eight
check "all channels are kept" test "$(od -An -tu2 -j 22 -N 2 eight/harmonic.wav | tr -d ' ')" = 8
exits 0 "a song from the middle" predict "$demo/song.wav" -m "$model" --offset 4 --duration 2.5
check "what was used is said" grep -q ': 2.50 s' out
exits 3 "an offset behind the end" predict "$demo/song.wav" -m "$model" --offset 100
# Three hours; the file takes no room on disk.
make_wav long.wav 1 8000 86400000
exits 0 "three hours" predict long.wav -m "$model" --threads 1
check "none of them is cut" grep -q 'long.wav: 10800.00 s' out
finish
