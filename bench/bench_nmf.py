#!/usr/bin/python3
"""NMF beside scikit-learn's `mu` solver and the same updates in numpy: whole process of ours (auscult nmf, reading V and writing W and H
included), the bare call of theirs.

  bench/bench_nmf.py BUILD/bench [--rounds N] [--threads 1,2] [--iterations 200] [--frames 2000,20000]   (other options are ignored)

All do plain NMF with the same number of updates of W and of H, K = 100, V [513, frames], float32 (scikit-learn and numpy too).
"""
import os, subprocess, sys, tempfile, time

directory, options = sys.argv[1], sys.argv[2:]


def option(name, default):
    return options[options.index(name) + 1] if name in options else default


if "BENCH_NMF_THREADS" not in os.environ:  # a fresh process per number of threads: BLAS reads it at start
    for threads in option("--threads", "1,2").split(","):
        subprocess.check_call([sys.executable, __file__] + sys.argv[1:],
                              env={**os.environ, "BENCH_NMF_THREADS": threads, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads})
    sys.exit(0)

import warnings

import numpy as np
from sklearn.decomposition import NMF

warnings.filterwarnings("ignore")
threads, rounds, iterations = os.environ["BENCH_NMF_THREADS"], int(option("--rounds", "3")), int(option("--iterations", "200"))
auscult = os.path.join(directory, "..", "auscult")
F, K = 513, 100


def ours(v, beta):
    with tempfile.TemporaryDirectory() as folder:
        np.save(folder + "/v.npy", v)
        start = time.perf_counter()
        subprocess.run([auscult, "nmf", folder + "/v.npy", "-k", str(K), "--beta", str(beta), "--plain", "--iterations", str(iterations), "--tolerance", "0",
                        "--threads", threads, "--out", folder + "/o", "-q"], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        w, h = np.load(folder + "/o/W.npy"), np.load(folder + "/o/H.npy")
    return seconds, w, h


def scikit(v, beta):
    model = NMF(K, init="random", solver="mu", beta_loss=beta, max_iter=iterations, tol=0, random_state=0)
    start = time.perf_counter()
    h = model.fit_transform(v.T)
    return time.perf_counter() - start, model.components_.T, h.T


def numpy(v, beta):
    rng = np.random.default_rng(0)
    w, h = rng.random((F, K), np.float32), rng.random((K, v.shape[1]), np.float32)
    start = time.perf_counter()
    for _ in range(iterations):
        if beta == 2:
            h *= (w.T @ v) / np.maximum((w.T @ w) @ h, 1e-9)
            w *= (v @ h.T) / np.maximum(w @ (h @ h.T), 1e-9)
        else:
            h *= (w.T @ (v / np.maximum(w @ h, 1e-9))) / w.sum(0)[:, None]
            w *= ((v / np.maximum(w @ h, 1e-9)) @ h.T) / h.sum(1)
    return time.perf_counter() - start, w, h


def loss(v, w, h, beta):
    m = np.maximum(w.astype(float) @ h, 1e-9)
    return 0.5 * ((v - m) ** 2).sum() if beta == 2 else (v * np.log(v / m) - v + m).sum()


print(f"\nNMF against scikit-learn (mu) and numpy {np.__version__}, {threads} thread(s), {iterations} iterations")
for frames in map(int, option("--frames", "2000,20000").split(",")):
    rng = np.random.default_rng(1)
    v = (rng.random((F, 40)) ** 4 @ rng.random((40, frames)) ** 4 + 0.01 * rng.random((F, frames)) + 1e-4).astype(np.float32)
    for beta, name in ((1, "kl"), (2, "euclidean")):
        t, losses = [[], [], []], []
        for _ in range(rounds if frames < 10000 else 1):
            losses = []
            for who, solve in enumerate((ours, scikit, numpy)):
                seconds, w, h = solve(v, beta)
                t[who].append(seconds)
                losses.append(loss(v, w, h, beta))
        m = [sorted(x)[len(x) // 2] for x in t]
        print(f"nmf_{name}_{F}x{frames:<6d} ours {m[0]:8.2f} s | scikit-learn {m[1]:8.2f} s ({m[1] / m[0]:.2f}x) numpy {m[2]:8.2f} s ({m[2] / m[0]:.2f}x)"
              f" | loss {losses[0]:.5g} {losses[1]:.5g} {losses[2]:.5g}", flush=True)
