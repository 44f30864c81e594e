#!/bin/sh
# cut.sh - a stereo file at 44.1 kHz, separated whole and from a place on its block grid: from the second block on, the same bits; components and residual add up to it.
. "${srcdir:-.}/tests/cli/lib.sh"

# Ten seconds: two chords, clicks and noise, different in either channel.
python3 - <<'PY' || exit 77
import math, random, struct
rng, frames = random.Random(1), []
for t in range(441000):
    s = t / 44100
    v = 0.2 * math.sin(2 * math.pi * 220 * s) + 0.1 * math.sin(2 * math.pi * 331 * s * (1 + (s > 5))) + 0.3 * math.exp(-30 * (s % 0.5)) * rng.uniform(-1, 1)
    frames.append(struct.pack("<hh", int(20000 * v), int(20000 * (0.6 * v + 0.05 * rng.uniform(-1, 1)))))
def write(name, part):
    with open(name, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 36 + 4 * len(part)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44100, 176400, 4, 16) + b"data" + struct.pack("<I", 4 * len(part)) + b"".join(part))
write("song.wav", frames)
write("network.wav", frames[169344:])   # five patches of 48 frames at 16 kHz
write("hpss.wav", frames[168960:])      # 165 frames
PY

# same CUT FIRST SEPARATOR NAME: from frame FIRST of the cut file on.
same() {
  exits 0 "$4, the whole file" separate song.wav --separator "$3" --out "whole-$4" --threads 1
  exits 0 "$4, the file cut at $1" separate "$4.wav" --separator "$3" --out "cut-$4" --threads 2
  check "$4: the same bits from frame $2 on" python3 -c '
import glob, os, sys
cut, first, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def body(path):
    b = open(path, "rb").read()
    return b[b.index(b"data") + 8:]
parts = sorted(glob.glob("whole-" + name + "/*.wav"))
assert len(parts) >= 3
for p in parts:
    whole, part = body(p)[8 * cut:], body(os.path.join("cut-" + name, os.path.basename(p)))
    assert len(whole) == len(part) and any(part)
    assert whole[8 * first:] == part[8 * first:], p
    assert p.endswith("residual.wav") or whole != part, p + ": the first block should differ, else nothing is tested"
' "$1" "$2" "$4"
}
same 169344 46000 "$src/weights/five-stems.aus" network
same 168960 32768 hpss hpss
finish
