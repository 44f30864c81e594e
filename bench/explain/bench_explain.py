#!/usr/bin/env python3
"""The main job, whole processes: `auscult explain` beside the same job in Python (peer_explain.py), in turn.

  bench_explain.py [--auscult PROGRAM] [--rounds N] [--threads 1,2]

A 10 s stereo clip at 44.1 kHz, five given stems, all 2^5 mixes, musicnn (published weights from ../shared when they are
there, random ones else), all 50 labels explained by LIME's ridge. Prints the median wall time and the peak resident
memory of each, their ratios, and how far the two answers lie apart (the two resample differently); then
one JSON object a line, as the other benches do. Needs Debian's python3 with numpy, torch, scipy, sklearn, soundfile, resampy.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SHARED = os.environ.get("AUS_SHARED", os.path.join(TOP, "..", "shared", "data"))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tools"))
STEMS = ["bass", "drums", "piano", "voice", "noise"]


def write_sound(folder):
    """Five stems of the project's own synthesis, and their sum."""
    import numpy as np
    import soundfile
    rate, n = 44100, 441000
    t, rng = np.arange(n) / rate, np.random.default_rng(0)
    beat = np.exp(-8 * (t % 0.5))
    chord = sum(np.sin(2 * np.pi * f * t) for f in (261.6, 329.6, 392.0)) * np.exp(-2 * (t % 1.0))
    vibrato = 440 * t + 1.5 * np.sin(2 * np.pi * 5.5 * t)
    stems = {"bass": np.sin(2 * np.pi * 55 * t) * (0.5 + 0.5 * beat), "drums": rng.standard_normal(n) * np.exp(-30 * (t % 0.5)),
             "piano": chord / 3, "voice": sum(np.sin(2 * np.pi * k * vibrato) / k for k in range(1, 12)) * (t % 4 < 2),
             "noise": rng.standard_normal(n) * 0.05}
    os.mkdir(os.path.join(folder, "stems"))
    total = 0
    for i, name in enumerate(STEMS):
        pan = 0.3 + 0.1 * i
        x = (0.2 * stems[name][:, None] * np.array([pan, 1 - pan])).astype(np.float32)
        soundfile.write(os.path.join(folder, "stems", name + ".wav"), x, rate, subtype="FLOAT")
        total = total + x
    soundfile.write(os.path.join(folder, "mix.wav"), total, rate, subtype="FLOAT")


def random_layers(rng):
    """musicnn's layers by the names of the Keras file."""
    def conv(*shape):
        fan = shape[0] * shape[1] * shape[2]
        return {"kernel": (rng.standard_normal(shape) / fan ** 0.5).astype("f4"), "bias": rng.standard_normal(shape[3]).astype("f4") * 0.1}

    def bn(n):
        return {"gamma": rng.uniform(0.5, 1.5, n).astype("f4"), "beta": rng.standard_normal(n).astype("f4") * 0.1,
                "moving_mean": rng.standard_normal(n).astype("f4") * 0.1, "moving_variance": rng.uniform(0.5, 1.5, n).astype("f4")}

    def dense(k, n):
        return {"kernel": (rng.standard_normal((k, n)) / k ** 0.5).astype("f4"), "bias": rng.standard_normal(n).astype("f4") * 0.1}
    spec = [(7, 38, 204), (7, 67, 204), (128, 1, 51), (64, 1, 51), (32, 1, 51)]
    layers = {"batch_normalization": bn(1), "dense": dense(1506, 200), "dense_1": dense(200, 50), "bn_flatpool": bn(1506), "bn_dense": bn(200)}
    for i, (t, f, c) in enumerate(spec):
        layers["conv2d" + ("_%d" % i if i else "")] = conv(t, f, 1, c)
        layers["batch_normalization_%d" % (i + 1)] = bn(c)
    for i, width in enumerate((561, 64, 64), 1):
        layers["midend_conv%d" % i] = conv(7, width, 1, 64)
        layers["bn_midend_conv%d" % i] = bn(64)
    return layers


def state_dict(layers):
    import torch

    def t(a):
        return torch.from_numpy(a.copy())

    def bn(prefix, w):
        return {prefix + ".weight": t(w["gamma"]), prefix + ".bias": t(w["beta"]), prefix + ".running_mean": t(w["moving_mean"]),
                prefix + ".running_var": t(w["moving_variance"]), prefix + ".num_batches_tracked": torch.tensor(0)}
    s = bn("bn0", layers["batch_normalization"])
    for i in range(5):
        w = layers["conv2d" + ("_%d" % i if i else "")]
        s.update({"front.%d.weight" % i: t(w["kernel"].transpose(3, 2, 0, 1)), "front.%d.bias" % i: t(w["bias"])})
        s.update(bn("fbn.%d" % i, layers["batch_normalization_%d" % (i + 1)]))
    for i in range(3):
        w = layers["midend_conv%d" % (i + 1)]
        s.update({"mid.%d.weight" % i: t(w["kernel"][:, :, 0, :].transpose(2, 1, 0)), "mid.%d.bias" % i: t(w["bias"])})
        s.update(bn("mbn.%d" % i, layers["bn_midend_conv%d" % (i + 1)]))
    s.update(bn("pbn", layers["bn_flatpool"]))
    s.update(bn("dbn", layers["bn_dense"]))
    for ours, theirs in (("fc1", "dense"), ("fc2", "dense_1")):
        s.update({ours + ".weight": t(layers[theirs]["kernel"].T), ours + ".bias": t(layers[theirs]["bias"])})
    return s


def write_networks(folder):
    """The same weights for both; says which."""
    import numpy as np
    import torch
    from auscult_convert import aus, musicnn, tags
    from auscult_convert.bundle import Bundle
    h5 = os.path.join(SHARED, "weights", "musicnn", "MTT_musicnn.h5")
    real = os.path.exists(h5)
    layers = musicnn.read_h5(h5) if real else random_layers(np.random.default_rng(1))
    bundle = Bundle(musicnn.musicnn_graph(layers, h5), {"name": "musicnn", "kind": "classifier", "score": "sigmoid", "labels": list(tags.MTT),
                                                        **musicnn.FRONT_END})
    aus.write(os.path.join(folder, "musicnn.aus"), bundle.meta, bundle.tensors, bundle.graph, True)
    torch.save(state_dict(layers), os.path.join(folder, "musicnn.pt"))
    return "published weights" if real else "random weights"


def timed(command, threads):
    """(seconds, peak MiB, standard output) of one whole process."""
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), NUMBA_NUM_THREADS=str(threads))
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit("%s: exit code %d" % (command[0], child.returncode))
        out.seek(0)
        return seconds, usage.ru_maxrss / 1024, out.read()


def find_auscult(given):
    for p in (given, os.path.join(os.getcwd(), "auscult"), os.path.join(TOP, "build", "auscult"), os.path.join(TOP, "auscult")):
        if p and os.access(p, os.X_OK):
            return os.path.abspath(p)
    sys.exit("no auscult program found: give it with --auscult")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--auscult")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--prepare", help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.prepare:
        write_sound(o.prepare)
        print("auscult explain, 10 s, 5 stems, 2^5 mixes, musicnn (%s), whole process" % write_networks(o.prepare))
        return
    program = find_auscult(o.auscult)
    with tempfile.TemporaryDirectory(prefix="aus-bench-") as folder:
        def f(*names):
            return os.path.join(folder, *names)
        # in a process of its own: a child's peak counts what its parent held when it was started
        subprocess.run([sys.executable, os.path.abspath(__file__), "--prepare", folder], check=True)
        peer = [sys.executable, os.path.join(HERE, "peer_explain.py"), f("musicnn.pt"), f("mix.wav"), *[f("stems", s + ".wav") for s in STEMS]]
        ours = [program, "explain", f("mix.wav"), "-m", f("musicnn.aus"), "--stems", f("stems"), "--no-residual", "--samples", "exhaustive",
                "--target", "top50", "--json"]
        cases = {"torch + scikit-learn": peer, "auscult, LIME's ridge": ours + ["--surrogate", "ridge", "--bootstrap", "0"], "auscult, defaults": ours}
        for threads in map(int, o.threads.split(",")):
            got = {k: [] for k in cases}
            for _ in range(o.rounds):
                for name, command in cases.items():
                    got[name].append(timed(command + (["--threads", str(threads)] if command[0] == program else []), threads))
            base = None
            for name, runs in got.items():
                seconds, peak = statistics.median(r[0] for r in runs), max(r[1] for r in runs)
                base = base or (seconds, peak)
                print("%d thread%s  %-22s %7.3f s %7.1f MiB   %5.2fx the time %5.3fx the memory"
                      % (threads, " " if threads == 1 else "s", name, seconds, peak, seconds / base[0], peak / base[1]))
                print(json.dumps({"bench": "explain", "case": "5stems_2^5", "peer": name, "threads": threads, "ms_median": 1e3 * seconds,
                                  "ms_min": 1e3 * min(r[0] for r in runs), "ms_max": 1e3 * max(r[0] for r in runs), "peak_mib": peak}))
            theirs = json.loads(got["torch + scikit-learn"][0][2])
            mine = json.loads(got["auscult, LIME's ridge"][0][2])["targets"]
            best = max(mine, key=lambda t: t["score"])
            weights = dict(zip(STEMS, theirs["weights"]))
            apart = max(abs(c["weight"] - weights[c["name"]]) for c in best["components"])
            print("same answer: top score %.4f and %.4f, weights at most %.4f apart" % (best["score"], theirs["score"], apart))


main()
