#!/usr/bin/python3
"""seen.py: relevance one can look at, results/seen-NET-DIGIT-SPEAKER.png: DeepLIFT from silence of the digit that was said, by the network that never
heard the speaker. Red speaks for the digit, blue against it, on what the network takes: the waveform (every column the 20 samples of 2.5 ms, its height
their largest, its colour the sum of their relevance), or the spectrogram in decibels (low bins at the bottom; two by two cells). numpy is all it needs."""
import argparse
import os
import struct
import tempfile
import zlib

import numpy as np

import zero

CLIPS = [("3", "yweweler"), ("7", "yweweler"), ("6", "jackson")]


def write_png(path, rgb):
    rows = b"".join(b"\0" + row.tobytes() for row in rgb)
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def colour(r, grey):
    """White paper with ink of this grey (0 to 1), tinted by relevance (-1 to 1)."""
    a, ink = np.abs(r)[..., None], np.where((r > 0)[..., None], [192, 57, 43], [41, 98, 180])
    return ((1 - a) * (255 * (1 - grey[..., None])) + a * ink).astype(np.uint8)


def waveform(x, r):
    high, wide = 121, 400
    peak, sums = np.abs(x.reshape(wide, -1)).max(1), r.reshape(wide, -1).sum(1)
    reach = np.ceil(peak / peak.max() * (high // 2)).astype(int)
    inside = np.abs(np.arange(high)[:, None] - high // 2) <= reach
    tint = np.clip(sums / np.quantile(np.abs(sums), 0.98), -1, 1)
    return colour(np.where(inside, tint, 0), np.where(inside, 0.3, 0))


def spectrogram(x, r):
    x, r = (a[::-1][:226, :226].reshape(113, 2, 113, 2).mean((1, 3)) for a in (x, r))
    return colour(np.clip(r / np.quantile(np.abs(r), 0.995), -1, 1), 0.6 * (x - x.min()) / (x.max() - x.min()))


def main():
    p = argparse.ArgumentParser()
    for name in ("auscult", "out", "fsdd", "results"):
        p.add_argument("--" + name, required=True)
    p.add_argument("nets", nargs="+")
    args = p.parse_args()
    args.takes = 1
    with tempfile.TemporaryDirectory() as folder:
        for net in args.nets:
            for digit, speaker in CLIPS:
                wave, label, _ = zero.read_clips(args, speaker)
                wave = wave[label == int(digit)]
                spectrum = net.startswith("alexnet")
                x = zero.decibels(wave) if spectrum else wave[:, None]
                floor = 10 * np.log10(zero.AMIN) if spectrum else 0
                model = os.path.join(args.out, "%s-%s" % (net, speaker), "model.aus")
                r = zero.relevance(args.auscult, model, x, [int(digit)], ["--method", "deeplift", "--baseline", "%g" % floor], folder)
                picture = spectrogram(x[0, 0], r[0, 0]) if spectrum else waveform(x[0, 0], r[0, 0])
                write_png(os.path.join(args.results, "seen-%s-%s-%s.png" % (net, digit, speaker)), picture)


if __name__ == "__main__":
    main()
