#!/usr/bin/python3
"""zero.py: what is left of a digit when the numbers that mattered are gone [Becker18].

For each trained net of run.sh and each held-out speaker: relevance of the predicted digit for every number of the network's input
(auscult explain X.npy --save) by each of METHODS, then that fraction of the numbers is replaced, in the order of
  relevance (highest first), reverse (lowest first), absolute (largest |relevance|), amplitude (loudest first), random (10 seeds),
and the network is asked again (auscult model run). Samples of a waveform are replaced by zero, cells of a spectrogram by its floor; in the order
by relevance also by noise as strong as the clip, and by interpolation along time. Accuracy per fold, mean and standard deviation over folds, and
the area under the curve (over the fractions as they are spaced: 1 is no error at all) go to results/NET-zeroing.tsv, the curves to
results/NET-zeroing.svg. Every number is a function of the models, the sounds and the seeds here. numpy is all it needs."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

FRACTIONS = [0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
SEEDS = 10
METHODS = {"input x gradient": ["--method", "ixg"]}
METHODS["deeplift from silence"] = ["--method", "deeplift", "--baseline", "FLOOR"]
METHODS.update({"lrp " + rules: ["--method", "lrp", "--rules", rules] for rules in ("zennit:EpsilonPlus", "zennit:EpsilonAlpha2Beta1")})
RATE, SAMPLES, N_FFT, HOP, FRAMES, AMIN = 8000, 8000, 455, 35, 227, 1e-6


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit("zero.py: %s\n%s" % (" ".join(map(str, command)), done.stderr.strip()))
    return done.stdout


def run_model(auscult, model, x, folder):
    """The network's scores for x[n, ...]."""
    out, batch = [], 500
    for i in range(0, len(x), batch):
        np.save(os.path.join(folder, "in.npy"), x[i:i + batch].astype(np.float32))
        call(auscult, "model", "run", model, "--input", "input=" + os.path.join(folder, "in.npy"), "--out", os.path.join(folder, "out"), "--force", "--quiet", "--threads", 1)
        out.append(np.load(os.path.join(folder, "out", "score.npy")))
    return np.concatenate(out)


def relevance(auscult, model, x, target, how, folder):
    np.save(os.path.join(folder, "in.npy"), np.ascontiguousarray(x, np.float32))
    call(auscult, "explain", os.path.join(folder, "in.npy"), "-m", model, *how, "--target", ",".join(map(str, target)), "--scale", "logit",
         "--save", os.path.join(folder, "r.npy"), "--force", "--quiet", "--threads", 1)
    return np.load(os.path.join(folder, "r.npy")).reshape(x.shape)


def replaced(x, order, k, how, floor, rng):
    """x[n] with its first k numbers of order replaced."""
    y, gone = x.copy(), order[:k]
    if how == "floor":
        y[gone] = floor
    elif how == "noise":
        y[gone] = rng.normal(x.mean(), x.std(), k)
    else:  # from the nearest numbers that stay; neighbours are neighbours in time
        keep = np.ones(len(x), bool)
        keep[gone] = False
        y[gone] = np.interp(gone, np.flatnonzero(keep), x[keep])
    return y


def curve(auscult, model, x, label, orders, how, floor, folder):
    """Accuracy at each fraction; all of them in one run."""
    flat, changed = x.reshape(len(x), -1), []
    for f in FRACTIONS[1:]:
        rng = np.random.RandomState(7)
        changed.append(np.stack([replaced(a, o, int(round(f * flat.shape[1])), how, floor, rng) for a, o in zip(flat, orders)]).reshape(x.shape))
    said = run_model(auscult, model, np.concatenate(changed), folder).argmax(1).reshape(len(FRACTIONS) - 1, -1)
    return list((said == label).mean(1))


def area(values):
    return np.trapz(values, FRACTIONS) / FRACTIONS[-1]


def read_clips(args, speaker):
    """The held-out speaker's first takes of each digit, as one second."""
    clips, labels, paths = [], [], []
    with open(os.path.join(args.out, "fsdd.tsv")) as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    for path, label, who, take in rows:
        if who != speaker or int(take) >= args.takes:
            continue
        raw = subprocess.run(["sox", os.path.join(args.fsdd, path), "-t", "raw", "-e", "floating-point", "-b", "32", "-"], capture_output=True, check=True).stdout
        x = np.frombuffer(raw, np.float32)[:SAMPLES]
        clips.append(np.pad(x, (0, SAMPLES - len(x))))
        labels.append(int(label))
        paths.append(os.path.join(args.fsdd, path))
    return np.array(clips), np.array(labels), paths


def decibels(x):
    """The spectrogram of alexnet-quarter.recipe: [n][1][228 bins][227 frames]."""
    x = np.pad(x, ((0, 0), (N_FFT // 2, N_FFT)))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
    frames = np.stack([x[:, t * HOP:t * HOP + N_FFT] for t in range(FRAMES)], 1) * window
    return 10 * np.log10(np.maximum(np.abs(np.fft.rfft(frames)) ** 2, AMIN)).transpose(0, 2, 1)[:, None]


def check_input(args, model, x, paths, folder):
    """What was computed here must be what the network hears of the sound itself."""
    mine = run_model(args.auscult, model, x[:3], folder)
    for path, scores in zip(paths, mine):
        top = call(args.auscult, "predict", path, "-m", model, "--top", 1, "--quiet", "--threads", 1).splitlines()
        said = [line.split() for line in top if line.split()[:1] == ["1"]][0]
        if int(said[1]) != scores.argmax() or abs(float(said[2]) - scores.max()) > 2e-3:
            sys.exit("zero.py: %s: the network says %s to the sound and %d %.4f to what was made of it" % (path, said[1:], scores.argmax(), scores.max()))


def fold(args, net, speaker, folder, done):
    """Rows (method, order, replaced by, area, accuracies) of what is not among those done."""
    model = os.path.join(args.out, "%s-%s" % (net, speaker), "model.aus")
    wave, label, paths = read_clips(args, speaker)
    spectrum = net.startswith("alexnet")
    x = decibels(wave) if spectrum else wave[:, None]
    floor = 10 * np.log10(AMIN) if spectrum else 0
    check_input(args, model, x, paths, folder)
    predicted, n, rows = run_model(args.auscult, model, x, folder).argmax(1), x[0].size, []
    start = (predicted == label).mean()
    loud = x - floor if spectrum else np.abs(x)
    orders = {"amplitude": [np.argsort(-a.ravel(), kind="stable") for a in loud]}
    for seed in range(SEEDS):
        orders["random %d" % seed] = [np.random.RandomState(1000 * seed + i).permutation(n) for i in range(len(x))]
    plans = [("", name, "floor", o) for name, o in orders.items() if "" not in done]
    for method, how in METHODS.items():
        if method in done:
            continue
        how = [("%g" % floor) if word == "FLOOR" else word for word in how]
        r = relevance(args.auscult, model, x, predicted, how, folder).reshape(len(x), -1)
        for name, key in (("relevance", -r), ("reverse", r), ("absolute", -np.abs(r))):
            o = [np.argsort(a, kind="stable") for a in key]
            plans += [(method, name, how2, o) for how2 in (("floor", "noise", "interpolation") if name == "relevance" else ("floor",))]
    for method, name, how, o in plans:
        values = [start] + curve(args.auscult, model, x, label, o, how, floor, folder)
        rows.append((method, name, how, area(values), values))
    return rows


# ---- results --------------------------------------------------------------------------------------------------

INK = {"random": "#888888", "amplitude": "#b8860b", "reverse": "#2e8b57", "absolute": "#7b52ab", "relevance": "#c0392b"}


def draw(path, net, table):
    """Curves of one net: relevance by the method whose curve falls lowest, and the orders without a method."""
    methods = sorted((np.mean([a for a, _ in runs]), m) for (m, name, how), runs in table.items() if name == "relevance" and how == "floor")
    best, wide, high, left, top = methods[0][1], 460, 240, 44, 40
    x = lambda k: left + wide * k / (len(FRACTIONS) - 1)
    y = lambda v: top + high * (1 - v)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">' % (left + wide + 170, top + high + 44),
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           '<text x="8" y="20" font-size="14">%s: accuracy when a fraction of the input is replaced</text>' % net]
    for v in (0, 0.25, 0.5, 0.75, 1):
        out.append('<path d="M%g %gH%g" stroke="#dddddd"/><text x="%g" y="%g" text-anchor="end">%g</text>' % (left, y(v), left + wide, left - 6, y(v) + 4, v))
    for k, f in enumerate(FRACTIONS):
        out.append('<text x="%g" y="%g" text-anchor="middle">%g %%</text>' % (x(k), top + high + 18, 100 * f))
    row = 0
    for name in ("reverse", "random", "amplitude", "absolute", "relevance"):
        key = (best if name in ("reverse", "absolute", "relevance") else "", name, "floor")
        mean = np.mean([v for _, v in table[key]], 0)
        out.append('<path fill="none" stroke="%s" stroke-width="2" d="M%s"/>' % (INK[name], "L".join("%.1f %.1f" % (x(k), y(v)) for k, v in enumerate(mean))))
        out.append('<rect x="%g" y="%g" width="14" height="3" fill="%s"/><text x="%g" y="%g">%s</text>' % (left + wide + 14, top + 16 + 20 * row, INK[name], left + wide + 34, top + 20 + 20 * row, name))
        row += 1
    out.append('<text x="%g" y="%g" fill="#555555">relevance: %s</text></svg>' % (left, top + high + 38, best))
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")


def write_zeroing(args, net, speakers):
    table = {}
    for speaker in speakers:
        cache = os.path.join(args.out, "%s-%s" % (net, speaker), "zeroing.json")
        rows = []
        if os.path.exists(cache):
            with open(cache) as f:
                rows = [r for r in json.load(f) if r[0] in METHODS or r[0] == ""]
        done = {r[0] for r in rows}
        if done != {"", *METHODS}:
            with tempfile.TemporaryDirectory() as folder:
                rows += fold(args, net, speaker, folder, done)
            with open(cache + ".part", "w") as f:
                json.dump(rows, f)
            os.rename(cache + ".part", cache)
        for method, name, how, a, values in sorted(rows, key=lambda r: ["", *METHODS].index(r[0])):
            table.setdefault((method, name.split()[0], how), []).append((a, values))
    with open(os.path.join(args.results, net + "-zeroing.tsv"), "w") as f:
        f.write("method\torder\treplaced by\tfolds x seeds\tarea\tsd\t" + "\t".join("%g %%" % (100 * q) for q in FRACTIONS) + "\n")
        for (method, name, how), runs in table.items():
            areas, mean = [a for a, _ in runs], np.mean([v for _, v in runs], 0)
            f.write("%s\t%s\t%s\t%d\t%.4f\t%.4f\t%s\n" % (method or "-", name, how, len(runs), np.mean(areas), np.std(areas), "\t".join("%.4f" % v for v in mean)))
    draw(os.path.join(args.results, net + "-zeroing.svg"), net, table)


def main():
    p = argparse.ArgumentParser()
    for name in ("auscult", "out", "fsdd", "results", "speakers"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--takes", type=int, default=5, help="of each digit and speaker")
    p.add_argument("nets", nargs="+")
    args = p.parse_args()
    speakers = args.speakers.split()
    os.makedirs(args.results, exist_ok=True)
    for net in args.nets:
        write_zeroing(args, net, speakers)
    path, others = os.path.join(args.results, "accuracy.tsv"), []
    if os.path.exists(path):
        with open(path) as f:
            others = [line for line in f if line.split("\t")[0] not in args.nets + ["net"]]
    with open(path, "w") as f:
        f.write("net\theld-out speaker\tbest epoch\tvalid accuracy\ttest accuracy\n" + "".join(others))
        for net in args.nets:
            scores = []
            for speaker in speakers:
                info = json.loads(call(args.auscult, "model", "info", os.path.join(args.out, "%s-%s" % (net, speaker), "model.aus"), "--json"))
                meta = info.get("metadata", info)
                scores.append(float(meta["train.test_score"]))
                f.write("%s\t%s\t%s\t%.4f\t%.4f\n" % (net, speaker, meta["train.best_epoch"], float(meta["train.valid_score"]), scores[-1]))
            f.write("%s\tmean (sd %.4f)\t-\t-\t%.4f\n" % (net, np.std(scores), np.mean(scores)))


if __name__ == "__main__":
    main()
