#!/usr/bin/python3
"""LIME's fit beside numpy's normal equations (float32 and float64), same sizes, in turn.

  bench/bench_ridge.py BUILD/bench [--rounds N] [--threads 1,2]      (other options of `make bench` are ignored)
"""
import json, os, subprocess, sys, tempfile, time

directory, options = sys.argv[1], sys.argv[2:]


def option(name, default):
    return options[options.index(name) + 1] if name in options else default


if "BENCH_RIDGE_THREADS" not in os.environ:  # a fresh process per number of threads: BLAS reads it at start
    for threads in option("--threads", "1,2").split(","):
        subprocess.check_call([sys.executable, __file__] + sys.argv[1:],
                              env={**os.environ, "BENCH_RIDGE_THREADS": threads, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads})
    sys.exit(0)

import numpy as np

threads, rounds = os.environ["BENCH_RIDGE_THREADS"], int(option("--rounds", "5"))


def normal(x, y, w):
    xm, ym = (w @ x) / w.sum(), (w @ y) / w.sum()
    xc, yc = x - xm, y - ym
    xw = xc * w[:, None]
    return np.linalg.solve(xw.T @ xc + np.eye(x.shape[1], dtype=x.dtype), xw.T @ yc)


def ours(case):
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as f:
        subprocess.run([os.path.join(directory, "bench_ridge"), "--threads", threads, "--rounds", "3", "--only", case, "--json", f.name],
                       check=True, stdout=subprocess.DEVNULL)
        return [json.loads(line) for line in f if case in line][0]["ms_median"]


def theirs(x, y, w):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        normal(x, y, w)
        times.append(time.perf_counter() - start)
    return 1e3 * sorted(times)[1]


rng = np.random.default_rng(0)
print(f"\nridge against numpy {np.__version__}, {threads} thread(s)")
for rows, d in ((1024, 10), (50000, 300)):
    z = rng.integers(0, 2, (rows, d))
    distance = 1 - np.sqrt(z.sum(1) / d)
    w, y = np.exp(-8 * distance**2) + 1e-3, rng.random((rows, 50))
    name = f"ridge_{rows}x{d}_50labels"
    t = [[], [], []]
    for _ in range(rounds):
        t[0].append(ours(name))
        t[1].append(theirs(z.astype(np.float32), y.astype(np.float32), w.astype(np.float32)))
        t[2].append(theirs(z.astype(float), y, w))
    m = [sorted(v)[len(v) // 2] for v in t]
    print(f"{name:30s} {m[0]:10.4f} ms | numpy_fp32 {m[1]:.4f} ms numpy_fp64 {m[2]:.4f} ms | {min(m[1:]) / m[0]:.2f}x the faster peer")
