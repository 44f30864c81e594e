#!/usr/bin/python3
"""NMF beside scikit-learn's `mu` solver and the same updates in numpy (OpenBLAS).

  bench/bench_nmf.py BUILD/bench [--rounds N] [--threads 1,2] [--iterations 200] [--frames 2000,20000] [--quick]   (other options are ignored)

All do plain NMF with the same number of updates of W and of H and no stopping rule, K = 100, V [513, frames], float32 (scikit-learn
and numpy too), each in a process of its own that reads V from a file. Of ours the whole process counts (auscult nmf: start, reading V, writing W and
H), of theirs the bare call. Ours and scikit-learn's evaluate the objective twice, before the first update and after the last; numpy's never.
They are timed in turn, and each one's best round counts.

Peers make arrays as large as V anew in every step, and by default the C library gives such memory back each time, so that much of their time
goes to page faults. "kept" is the same with memory that is kept (MALLOC_MMAP_MAX_=0): their best case, which few people know how to ask for.

GFLOP/s count the products only: 8 F T K a Kullback-Leibler iteration, 4 F T K + 4 T K K a Euclidean one; the peak is that of fused
multiply-adds measured just before (bench_gemm). --quick: fewer rounds, and 40 iterations of the long ones: under three minutes in all.
"""
import os, re, subprocess, sys, tempfile, time

import numpy as np

KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 26)}
F, K, LONG = 513, 100, 10000


def scikit(v, beta, iterations):
    import warnings
    from sklearn.decomposition import NMF
    warnings.filterwarnings("ignore")
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
    """Of every fifth frame: enough to see that all did the same."""
    v, m = v[:, ::5], np.maximum(w.astype(float) @ h[:, ::5], 1e-9)
    return 0.5 * ((v - m) ** 2).sum() if beta == 2 else (v * np.log(v / m) - v + m).sum()


if sys.argv[1] == "--peer":  # a process of a peer: what it took, and the loss
    who, path, beta, iterations = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    v = np.load(path)
    seconds, w, h = {"scikit-learn": scikit, "numpy": numpy}[who](v, beta, iterations)
    print(seconds, loss(v, w, h, beta))
    sys.exit(0)

directory, options = sys.argv[1], sys.argv[2:]


def option(name, default):
    return options[options.index(name) + 1] if name in options else default


def ours(folder, v, beta, iterations, threads):
    start = time.perf_counter()
    subprocess.run([os.path.join(directory, "..", "auscult"), "nmf", folder + "/v.npy", "-k", str(K), "--beta", str(beta), "--plain", "--iterations", str(iterations),
                    "--tolerance", "0", "--threads", threads, "--out", folder + "/o", "--force", "-q"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start, loss(v, np.load(folder + "/o/W.npy"), np.load(folder + "/o/H.npy"), beta)


def peer(who, folder, beta, iterations, threads, kept):
    env = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, **(KEEP if kept else {})}
    said = subprocess.run([sys.executable, __file__, "--peer", who, folder + "/v.npy", str(beta), str(iterations)], env=env, check=True, capture_output=True, text=True).stdout
    return tuple(map(float, said.split()))


def measured_peak(threads):
    """That of one thread times their number: of two at once it is measured wrongly as soon as anybody else wants a core."""
    try:
        said = subprocess.run([os.path.join(directory, "bench_gemm"), "--threads", "1", "--only", "nothing"], capture_output=True, text=True).stdout
        return int(threads) * float(re.search(r"measured peak ([0-9.]+)", said).group(1))
    except (OSError, AttributeError):
        return 0


def case(folder, v, beta, name, iterations, rounds, threads, peak):
    candidates = [("ours", lambda: ours(folder, v, beta, iterations, threads))]
    for kept in (False, True):
        for who in ("scikit-learn", "numpy"):
            candidates.append((who + ", kept" * kept, lambda who=who, kept=kept: peer(who, folder, beta, iterations, threads, kept)))
    best, losses = {}, {}
    for _ in range(rounds):
        for who, run in candidates:
            seconds, losses[who] = run()
            best[who] = min(best.get(who, seconds), seconds)
    t, frames = best["ours"], v.shape[1]
    rate = 1e-9 * iterations * (8 * F * frames * K if beta == 1 else 4 * F * frames * K + 4 * frames * K * K) / t
    print(f"nmf_{name}_{F}x{frames} {iterations} iterations, {threads} thread(s): ours {t:.3f} s, {rate:.0f} GFLOP/s" +
          (f", {100 * rate / peak:.0f} % of peak" if peak else "") + f", loss {losses['ours']:.5g}")
    for who, _ in candidates[1:]:
        print(f"  {best[who] / t:5.2f}x {who}: {best[who]:.3f} s, loss {losses[who]:.5g}", flush=True)


def main():
    quick = "--quick" in options
    rounds = int(option("--rounds", "2" if quick else "3"))
    for threads in option("--threads", "1,2").split(","):
        peak = measured_peak(threads)
        print(f"\nNMF beside scikit-learn (mu) and numpy {np.__version__}, {threads} thread(s), K = {K}; measured peak " + (f"{peak:.1f} GFLOP/s" if peak else "unknown (make bench/bench_gemm)"))
        for frames in map(int, option("--frames", "2000,20000").split(",")):
            rng = np.random.default_rng(1)
            v = (rng.random((F, 40)) ** 4 @ rng.random((40, frames)) ** 4 + 0.01 * rng.random((F, frames)) + 1e-4).astype(np.float32)
            iterations = int(option("--iterations", "40" if quick and frames >= LONG else "200"))
            with tempfile.TemporaryDirectory() as folder:
                np.save(folder + "/v.npy", v)
                for beta, name in ((1, "kl"), (2, "euclidean")):
                    case(folder, v, beta, name, iterations, rounds if frames < LONG else max(1, rounds // 2), threads, peak)


main()
