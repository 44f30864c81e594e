#!/bin/sh
# unusual.sh - unusual but good input works, and the result says what was done with it.
. "${srcdir:-.}/tests/cli/lib.sh"
model=$demo/demo.aus

# le BYTES VALUE: VALUE as little-endian bytes in printf's octal escapes.
le() {
  v=$2 i=0
  while [ $i -lt "$1" ]; do
    printf '\\%03o' $((v % 256))
    v=$((v / 256)) i=$((i + 1))
  done
}
# wav CHANNELS RATE FRAMES: 16-bit silence; the data is a hole in the file.
wav() {
  bytes=$(($1 * $3 * 2))
  # shellcheck disable=SC2059
  printf "RIFF$(le 4 $((36 + bytes)))WAVEfmt $(le 4 16)$(le 2 1)$(le 2 "$1")$(le 4 "$2")$(le 4 $(($1 * $2 * 2)))$(le 2 $(($1 * 2)))$(le 2 16)data$(le 4 $bytes)"
}
make() { # FILE CHANNELS RATE FRAMES
  wav "$2" "$3" "$4" >"$1"
  dd if=/dev/zero of="$1" bs=1 count=0 seek=$((44 + $2 * $4 * 2)) 2>/dev/null
}

make silence.wav 1 16000 32000
make one.wav 1 16000 1
make eight.wav 8 44100 44100
make fast.wav 2 192000 96000
make slow.wav 1 4000 8000
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
make long.wav 1 8000 86400000
exits 0 "three hours" predict long.wav -m "$model" --threads 1
check "none of them is cut" grep -q 'long.wav: 10800.00 s' out
finish
