#!/usr/bin/python3
"""zero.py: what is left of a digit when the samples that mattered are gone (specs: AudioMNIST, the zeroing experiment).

For each trained net of run.sh and each held-out speaker: relevance of the predicted digit for every number of the network's input by each
preset of LRP and by gradient x input (auscult explain X.npy --save), then that fraction of the numbers is replaced, in the order of
  relevance (highest first), reverse (lowest first), absolute (largest |relevance|), amplitude (largest |input|), random (10 seeds),
by zero, and for the orders by relevance also by local noise and by interpolation, and the network is asked again (auscult model run).
Accuracy per fold, mean and standard deviation over folds, and the area under the curve go to results/zeroing.tsv. numpy is all it needs."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

FRACTIONS = [0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
SEEDS = 10
METHODS = {"ixg": ["--method", "ixg"]}
METHODS.update({"lrp " + rules: ["--method", "lrp", "--rules", rules] for rules in ("epsilon", "alpha2beta1", "zennit:EpsilonPlus", "zennit:EpsilonAlpha2Beta1")})


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit("zero.py: %s\n%s" % (" ".join(map(str, command)), done.stderr.strip()))
    return done.stdout


def run_model(auscult, model, x, folder):
    """The network's scores for x[n, ...]."""
    out, batch = [], 100
    for i in range(0, len(x), batch):
        np.save(os.path.join(folder, "in.npy"), x[i:i + batch].astype(np.float32))
        call(auscult, "model", "run", model, "--input", "input=" + os.path.join(folder, "in.npy"), "--out", os.path.join(folder, "out"), "--force", "--quiet", "--threads", 1)
        out.append(np.load(os.path.join(folder, "out", "score.npy")))
    return np.concatenate(out)


def relevance(auscult, model, x, target, how, folder):
    out, batch = [], 50
    for i in range(0, len(x), batch):
        np.save(os.path.join(folder, "in.npy"), x[i:i + batch].astype(np.float32))
        call(auscult, "explain", os.path.join(folder, "in.npy"), "-m", model, *how, "--target", ",".join(str(t) for t in target[i:i + batch]), "--scale", "logit",
             "--save", os.path.join(folder, "r.npy"), "--force", "--quiet", "--threads", 1)
        out.append(np.load(os.path.join(folder, "r.npy")))
    return np.concatenate(out).reshape(x.shape)


def replaced(x, order, k, how, rng):
    """x[n] with its first k numbers of order replaced."""
    y, gone = x.copy(), order[:k]
    if how == "zero":
        y[gone] = 0
    elif how == "noise":  # as loud as the clip
        y[gone] = rng.normal(0, x.std(), k)
    else:  # from the nearest numbers that stay
        keep = np.ones(len(x), bool)
        keep[gone] = False
        y[gone] = np.interp(gone, np.flatnonzero(keep), x[keep])
    return y


def curve(auscult, model, x, label, orders, how, folder, seed):
    flat, out = x.reshape(len(x), -1), []
    for f in FRACTIONS:
        k = int(round(f * flat.shape[1]))
        rng = np.random.RandomState(seed)
        y = np.stack([replaced(a, o, k, how, rng) for a, o in zip(flat, orders)]).reshape(x.shape)
        out.append((run_model(auscult, model, y, folder).argmax(1) == label).mean())
    return out


def area(values):
    """Over the fractions as they are spaced, so that 1 would be no loss at all."""
    return np.trapz(values, FRACTIONS) / FRACTIONS[-1]


def read_clips(args, speaker, rate_samples):
    """The held-out speaker's clips as the network of audionet takes them, at most args.clips."""
    clips, labels = [], []
    with open(os.path.join(args.out, "fsdd.tsv")) as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    rows = [r for r in rows if r[2] == speaker]
    rows = [r for r in rows if int(r[3]) % 50 < args.clips // 10]
    for path, label, _, _ in rows:
        raw = subprocess.run(["sox", os.path.join(args.fsdd, path), "-t", "raw", "-e", "floating-point", "-b", "32", "-"], capture_output=True, check=True).stdout
        x = np.frombuffer(raw, np.float32)[:rate_samples]
        clips.append(np.pad(x, (0, rate_samples - len(x))))
        labels.append(int(label))
    return np.array(clips), np.array(labels)


def fold(args, net, speaker, folder):
    model = os.path.join(args.out, "%s-%s" % (net, speaker), "model.aus")
    x, label = read_clips(args, speaker, 8000)
    x = x[:, None]
    scores = run_model(args.auscult, model, x, folder)
    predicted, n, rows = scores.argmax(1), x[0].size, []
    rows.append(("accuracy", "", "", (predicted == label).mean(), None))
    orders = {"amplitude": [np.argsort(-np.abs(a.ravel()), kind="stable") for a in x]}
    for seed in range(SEEDS):
        orders["random %d" % seed] = [np.random.RandomState(1000 * seed + i).permutation(n) for i in range(len(x))]
    plans = [("", name, "zero", o) for name, o in orders.items()]
    for method, how in METHODS.items():
        r = relevance(args.auscult, model, x, predicted, how, folder).reshape(len(x), -1)
        for name, key in (("relevance", -r), ("reverse", r), ("absolute", -np.abs(r))):
            o = [np.argsort(a, kind="stable") for a in key]
            plans += [(method, name, how2, o) for how2 in (("zero", "noise", "interpolation") if name == "relevance" else ("zero",))]
    for method, name, how, o in plans:
        values = curve(args.auscult, model, x, label, o, how, folder, 7)
        rows.append((method, name, how, area(values), values))
    return rows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--auscult", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--fsdd", required=True)
    p.add_argument("--results", required=True)
    p.add_argument("--speakers", required=True)
    p.add_argument("--clips", type=int, default=100, help="per speaker")
    p.add_argument("nets", nargs="+")
    args = p.parse_args()
    os.makedirs(args.results, exist_ok=True)
    for net in [n for n in args.nets if n.startswith("audionet")]:  # the waveform is what is zeroed
        table = {}
        for speaker in args.speakers.split():
            cache = os.path.join(args.out, "%s-%s" % (net, speaker), "zeroing.json")
            if not os.path.exists(cache):
                with tempfile.TemporaryDirectory() as folder:
                    rows = fold(args, net, speaker, folder)
                with open(cache + ".part", "w") as f:
                    json.dump(rows, f)
                os.rename(cache + ".part", cache)
            with open(cache) as f:
                for method, name, how, a, values in json.load(f):
                    table.setdefault((method, name.split()[0] if name else "", how), []).append((a, values))
        with open(os.path.join(args.results, net + "-zeroing.tsv"), "w") as f:
            f.write("method\torder\treplaced by\tfolds x seeds\tarea\tsd\t" + "\t".join("%g %%" % (100 * q) for q in FRACTIONS) + "\n")
            for (method, name, how), runs in table.items():
                if method == "accuracy":
                    continue
                areas, mean = [a for a, _ in runs], np.mean([v for _, v in runs], 0)
                f.write("%s\t%s\t%s\t%d\t%.4f\t%.4f\t%s\n" % (method, name, how, len(runs), np.mean(areas), np.std(areas), "\t".join("%.4f" % v for v in mean)))
    with open(os.path.join(args.results, "accuracy.tsv"), "w") as f:
        f.write("net\theld-out speaker\tbest epoch\tvalid accuracy\ttest accuracy\n")
        for net in args.nets:
            for speaker in args.speakers.split():
                info = json.loads(call(args.auscult, "model", "info", os.path.join(args.out, "%s-%s" % (net, speaker), "model.aus"), "--json"))
                meta = info.get("metadata", info)
                f.write("%s\t%s\t%s\t%.4f\t%.4f\n" % (net, speaker, meta["train.best_epoch"], meta["train.valid_score"], meta["train.test_score"]))


if __name__ == "__main__":
    main()
