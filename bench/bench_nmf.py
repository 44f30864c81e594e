#!/usr/bin/python3
"""NMF beside scikit-learn's `mu` solver and the same updates in numpy (OpenBLAS): whole process of ours (auscult nmf, reading V and
writing W and H included), the bare call of theirs.

  bench/bench_nmf.py BUILD/bench [--rounds N] [--threads 1,2] [--iterations 200] [--frames 2000,20000] [--quick]   (other options are ignored)

All do plain NMF with the same number of updates of W and of H and no stopping rule, K = 100, V [513, frames], float32 (scikit-learn
and numpy too). Ours and scikit-learn's evaluate the objective twice, before the first update and after the last; numpy's never. The three
are timed in turn, and each one's best round counts. GFLOP/s count the products only: 8 F T K a Kullback-Leibler iteration,
4 F T K + 4 T K K a Euclidean one; the peak is that of fused multiply-adds measured in the same minute (bench_gemm). --quick: two rounds,
and 40 iterations of the long ones: under three minutes in all.
"""
import os, re, subprocess, sys, tempfile, time

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
quick = "--quick" in options
threads, rounds = os.environ["BENCH_NMF_THREADS"], int(option("--rounds", "2" if quick else "3"))
auscult = os.path.join(directory, "..", "auscult")
F, K, LONG = 513, 100, 10000


def ours(v, beta, iterations):
    with tempfile.TemporaryDirectory() as folder:
        np.save(folder + "/v.npy", v)
        start = time.perf_counter()
        subprocess.run([auscult, "nmf", folder + "/v.npy", "-k", str(K), "--beta", str(beta), "--plain", "--iterations", str(iterations), "--tolerance", "0",
                        "--threads", threads, "--out", folder + "/o", "-q"], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        w, h = np.load(folder + "/o/W.npy"), np.load(folder + "/o/H.npy")
    return seconds, w, h


def scikit(v, beta, iterations):
    model = NMF(K, init="random", solver="mu", beta_loss=beta, max_iter=iterations, tol=0, random_state=0)
    start = time.perf_counter()
    h = model.fit_transform(v.T)
    return time.perf_counter() - start, model.components_.T, h.T


def numpy(v, beta, iterations):
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


def measured_peak():
    try:
        said = subprocess.run([os.path.join(directory, "bench_gemm"), "--threads", threads, "--only", "nothing"], capture_output=True, text=True).stdout
        return float(re.search(r"measured peak ([0-9.]+)", said).group(1))
    except (OSError, AttributeError):
        return 0


peak = measured_peak()
print(f"\nNMF against scikit-learn (mu) and numpy {np.__version__}, {threads} thread(s), K = {K}; measured peak " + (f"{peak:.1f} GFLOP/s" if peak else "unknown (make bench/bench_gemm)"))
for frames in map(int, option("--frames", "2000,20000").split(",")):
    rng = np.random.default_rng(1)
    v = (rng.random((F, 40)) ** 4 @ rng.random((40, frames)) ** 4 + 0.01 * rng.random((F, frames)) + 1e-4).astype(np.float32)
    iterations = int(option("--iterations", "40" if quick and frames >= LONG else "200"))
    for beta, name in ((1, "kl"), (2, "euclidean")):
        best, losses = [float("inf")] * 3, [0] * 3
        for r in range(rounds if frames < LONG else max(1, rounds // 2)):
            for who, solve in enumerate((ours, scikit, numpy)):
                seconds, w, h = solve(v, beta, iterations)
                best[who] = min(best[who], seconds)
                losses[who] = losses[who] if r else loss(v, w, h, beta)
        work = (8 * F * frames * K if beta == 1 else 4 * F * frames * K + 4 * frames * K * K) * iterations * 1e-9
        rate = work / best[0]
        print(f"nmf_{name}_{F}x{frames:<6d} {iterations} iterations: ours {best[0]:7.3f} s, {rate:.0f} GFLOP/s" + (f" ({100 * rate / peak:.0f} % of peak)" if peak else "") +
              f" | scikit-learn {best[1]:7.3f} s ({best[1] / best[0]:.2f}x) numpy {best[2]:7.3f} s ({best[2] / best[0]:.2f}x)"
              f" | loss {losses[0]:.5g} {losses[1]:.5g} {losses[2]:.5g}", flush=True)
