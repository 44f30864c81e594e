#!/usr/bin/python3
"""score.py: does the network listen to the beep, and which methods of explanation say so?

Reliance: accuracy on three sets of clips (make_beeps.c): beep with large digits, beep with small ones, no beep.
Scores: for every test clip with a beep, the map of each method for "large" over the network's own input [bands][frames], compared with where
the beep is. The box is the frames whose window meets the beep by the bands next to 1 kHz.
  point      the largest number of the map lies in the box (time and band), in its frames, in its bands
  time AUC   chance that a frame with beep has a larger sum of positive relevance than one without
  band AUC   the same for bands
  mass       share of positive relevance inside the box, beside the share of the area that the box has
Means over clips with 95 % intervals (1.96 standard errors). numpy is all it needs."""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

HZ, RATE, HOP, N_FFT, BANDS = 1000.0, 8000, 64, 256, 40
METHODS = {
    "gradient": ["--method", "gradient", "--absolute"], "ixg": ["--method", "ixg"], "smoothgrad": ["--method", "smoothgrad", "--samples", "25"],
    "ig": ["--method", "ig", "--steps", "32", "--baseline", "min"], "gradientshap": ["--method", "gradientshap", "--samples", "32", "--baseline", "min"],
    "guided": ["--method", "guided"], "deconv": ["--method", "deconv"], "deeplift": ["--method", "deeplift", "--baseline", "min"],
    "lrp epsilon": ["--method", "lrp", "--rules", "epsilon"], "lrp zennit:EpsilonPlus": ["--method", "lrp", "--rules", "zennit:EpsilonPlus"],
    "lrp zennit:EpsilonAlpha2Beta1": ["--method", "lrp", "--rules", "zennit:EpsilonAlpha2Beta1"], "lrp gamma": ["--method", "lrp", "--rules", "gamma"],
    "gradcam": ["--method", "gradcam", "--layer", "relu2", "--upsample", "linear"], "gradcam++": ["--method", "gradcam++", "--layer", "relu2", "--upsample", "linear"],
    "scorecam": ["--method", "scorecam", "--layer", "relu2", "--upsample", "linear"], "occlusion": ["--method", "occlusion", "--window", "1x4x16", "--stride", "1x2x8", "--baseline", "min"],
    "rise": ["--method", "rise", "--samples", "1000", "--baseline", "min"],
}


def call(command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def rows_of(data):
    with open(os.path.join(data, "beeps.tsv")) as f:
        names = f.readline().rstrip("\n").split("\t")
        return [dict(zip(names, line.rstrip("\n").split("\t"))) for line in f]


def reliance(args, rows, out):
    out.write("clips\tbeep with\tclips\taccuracy\tsaid small\tsaid large\n")
    for split, what in (("test", "large digits"), ("swapped", "small digits"), ("silent", "none")):
        mine = [r for r in rows if r["split"] == split]
        done = call([args.auscult, "predict", *[os.path.join(args.data, r["path"]) for r in mine], "-m", args.model, "--top", "1", "--quiet"])
        if done.returncode:
            sys.exit("score.py: " + done.stderr)
        said = [line.split()[1] for line in done.stdout.splitlines() if line.split()[:1] == ["1"]]
        right = np.mean([s == r["label"] for s, r in zip(said, mine)])
        out.write("%s\t%s\t%d\t%.4f\t%d\t%d\n" % (split, what, len(mine), right, said.count("small"), said.count("large")))


def features(args, row):
    """The network's input for a clip, by the committed formulas (docs/format.md): mel_time, ln(power + 0.001)."""
    import wave
    with wave.open(os.path.join(args.data, row["path"])) as w:
        x = np.frombuffer(w.readframes(w.getnframes()), "<i2") / 32768.0
    x = np.pad(x, N_FFT // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    frames = 1 + (len(x) - N_FFT) // HOP
    power = np.abs(np.fft.rfft(np.stack([x[t * HOP:t * HOP + N_FFT] for t in range(frames)]) * window)) ** 2
    return np.log(mel_bank() @ power.T + 0.001)[:, :187]


def mel_bank():
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(0, mel(RATE / 2), BANDS + 2) / 2595) - 1)
    f = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    return np.maximum(0, np.minimum((f - edges[:-2, None]) / np.diff(edges)[:-1, None], (edges[2:, None] - f) / np.diff(edges)[1:, None]))


def centres():
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    return (700 * (10 ** (np.linspace(0, mel(RATE / 2), BANDS + 2) / 2595) - 1))[1:-1]


def auc(value, inside):
    a, b = value[inside], value[~inside]
    return ((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean()) if len(a) and len(b) else np.nan


def scores_of(r, row):
    start, end = float(row["beep_start"]) * RATE, (float(row["beep_start"]) + float(row["beep_seconds"])) * RATE
    centre = np.arange(r.shape[1]) * HOP
    t = (centre + N_FFT / 2 > start) & (centre - N_FFT / 2 < end)
    b = np.zeros(r.shape[0], bool)
    b[np.argsort(np.abs(centres() - HZ))[:3]] = True
    band, frame = np.unravel_index(np.argmax(r), r.shape)
    p = np.maximum(r, 0)
    total = p.sum()
    return [t[frame] and b[band], t[frame], b[band], auc(p.sum(0), t), auc(p.sum(1), b), p[np.ix_(b, t)].sum() / total if total > 0 else 0, b.mean() * t.mean()]


def main():
    a = argparse.ArgumentParser()
    for name in ("auscult", "model", "data", "results"):
        a.add_argument("--" + name, required=True)
    a.add_argument("--clips", type=int, default=50)
    args = a.parse_args()
    rows = rows_of(args.data)
    with open(os.path.join(args.results, "reliance.tsv"), "w") as out:
        reliance(args, rows, out)
    mine = [r for r in rows if r["split"] == "test" and r["beep_start"]][:args.clips]
    x = np.stack([features(args, r) for r in mine])[:, None].astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(args.results, "scores.tsv"), "w") as out:
        given, saved = os.path.join(folder, "x.npy"), os.path.join(folder, "r.npy")
        np.save(given, x)
        out.write("method\tpoint\tpoint in time\tpoint in band\ttime AUC\tband AUC\tmass in box\tarea of box\tinterval of mass\n")
        for name, how in METHODS.items():
            done = call([args.auscult, "explain", given, "-m", args.model, *how, "--target", "large", "--scale", "logit", "--seed", "1", "--save", saved, "--force", "--quiet", "--threads", "1"])
            if done.returncode:
                print("score.py: %s: %s" % (name, done.stderr.strip()), file=sys.stderr)
                continue
            r = np.load(saved).reshape(len(mine), BANDS, -1)
            s = np.array([scores_of(m, row) for m, row in zip(r, mine)], float)
            mean = np.nanmean(s, 0)
            out.write("%s\t%s\t%.3f\n" % (name, "\t".join("%.3f" % v for v in mean), 1.96 * s[:, 5].std() / np.sqrt(len(s))))
            out.flush()


if __name__ == "__main__":
    main()
