#!/usr/bin/python3
"""bench_ridge.py DIR [OPTIONS]: numpy's normal equations and scikit-learn's Ridge beside DIR/bench_ridge, timed in turn."""
import itertools
import os
import sys
import time

threads = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "1,2"
if "AUS_RIDGE_CHILD" not in os.environ:  # BLAS reads its number of threads once, so each has a process of its own
    for t in threads.split(","):
        env = {**os.environ, "AUS_RIDGE_CHILD": t, "OMP_NUM_THREADS": t, "OPENBLAS_NUM_THREADS": t}
        os.spawnve(os.P_WAIT, sys.executable, [sys.executable, *sys.argv], env)
    sys.exit(0)

import json
import subprocess
import tempfile
import numpy as np

threads = os.environ["AUS_RIDGE_CHILD"]
rng = np.random.default_rng(0)


def ours(case):
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as f:
        subprocess.run([os.path.join(sys.argv[1], "bench_ridge"), "--only", case, "--threads", threads, "--rounds", "5", "--json", f.name],
                       check=True, stdout=subprocess.DEVNULL)
        return json.loads(open(f.name).readlines()[-1])["rate"]


def normal(x, y, w):
    xm, ym = (w @ x) / w.sum(), (w @ y) / w.sum()
    xc, yc = x - xm, y - ym
    xw = xc * w[:, None]
    return np.linalg.solve(xw.T @ xc + np.eye(x.shape[1], dtype=x.dtype), xw.T @ yc)


def median_seconds(fn, rounds=5, least=0.05):
    fn()
    times = []
    for _ in range(rounds):
        n, start = 0, time.perf_counter()
        while n == 0 or time.perf_counter() - start < least:
            fn()
            n += 1
        times.append((time.perf_counter() - start) / n)
    return sorted(times)[rounds // 2]


for rows, d in ((1024, 10), (50000, 300)):
    z = np.array(list(itertools.product([1, 0], repeat=d))) if d < 20 else rng.integers(0, 2, (rows, d))
    w = np.exp(-(1 - np.sqrt(z.sum(1) / d)) ** 2 / (2 * 0.25 ** 2)) + (0 if d < 20 else 1e-3)
    y = rng.random((rows, 50))
    case, flop = "ridge_%dx%d_50labels" % (rows, d), 2e-9 * rows * d * (d + 50)
    x32, y32, w32 = z.astype(np.float32), y.astype(np.float32), w.astype(np.float32)
    peers = {"numpy_fp32": lambda: normal(x32, y32, w32), "numpy_fp64": lambda: normal(z.astype(float), y, w)}
    try:
        from sklearn.linear_model import Ridge
        peers["sklearn"] = lambda: Ridge(alpha=1).fit(x32, y32, sample_weight=w32)
    except ImportError:
        pass
    own = flop / ours(case)
    found = {name: median_seconds(fn) for name, fn in peers.items()}
    print("%-26s %sT  ours %9.3f ms   %s   numpy_fp32 / ours %.2f" % (
        case, threads, own * 1e3, "  ".join("%s %9.3f ms" % (n, s * 1e3) for n, s in found.items()), found["numpy_fp32"] / own), flush=True)
