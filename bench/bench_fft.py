#!/usr/bin/python3
"""bench_fft.py DIR [OPTIONS]: torch, scipy and numpy on the pipelines of bench_fft, each row beside ours timed in the same minute.

Ours is DIR/bench_fft with --only NAME --json; options --threads, --rounds and --only mean what they mean there."""
import json
import os
import subprocess
import sys
import tempfile
import time
import numpy as np

try:
    import scipy.fft as sf
except ImportError:
    sf = None
try:
    import torch
except ImportError:
    torch = None


def option(name, default):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def median_seconds(fn, rounds, least=0.03):
    fn()
    t = time.perf_counter()
    fn()
    inner = int(least / (time.perf_counter() - t + 1e-9)) + 1
    all_rounds = []
    for _ in range(rounds):
        t = time.perf_counter()
        for _ in range(inner):
            fn()
        all_rounds.append((time.perf_counter() - t) / inner)
    return sorted(all_rounds)[rounds // 2]


def ours(directory, name, threads, rounds):
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as f:
        subprocess.run([os.path.join(directory, "bench_fft"), "--only", name, "--threads", str(threads), "--rounds", str(rounds), "--json", f.name],
                       check=True, stdout=subprocess.DEVNULL)
        rows = [json.loads(line) for line in open(f.name)]
    return max(r["rate"] for r in rows if r["case"] == name and r["peer"] == "ours")


def mel(rate, n, bands):
    f = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2) / 2595) - 1) * n / rate
    k = np.arange(n // 2 + 1)[None, :]
    up, down = (k - f[:-2, None]) / (f[1:-1] - f[:-2])[:, None], (f[2:, None] - k) / (f[2:] - f[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down)).astype(np.float32)


def cases(rate, n, hop, threads):
    """name -> {peer: function}; the same work as bench_fft.c's pipelines, as one would write it with each library"""
    frames = 1 + 30 * rate // hop
    length = (frames - 1) * hop + n
    x = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    w = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)
    bank = mel(rate, n, 128)
    rows = np.lib.stride_tricks.sliding_window_view(x, n)[::hop]
    tag = "%d_%d_%d_30s" % (rate, n, hop)
    result = {"stft_" + tag: {}, "logmel_" + tag: {}, "istft_" + tag: {}}
    if torch:
        torch.set_num_threads(threads)
        xt, wt, bt = torch.from_numpy(x), torch.from_numpy(w), torch.from_numpy(bank)
        spectrum = torch.stft(xt, n, hop, window=wt, center=True, return_complex=True)

        def t_stft():
            return torch.stft(xt, n, hop, window=wt, center=False, return_complex=True)

        def t_mel():
            s = t_stft()
            return torch.log(bt @ (s.real ** 2 + s.imag ** 2) + 1e-10)
        result["stft_" + tag]["torch"] = t_stft
        result["logmel_" + tag]["torch"] = t_mel
        result["istft_" + tag]["torch"] = lambda: torch.istft(spectrum, n, hop, window=wt)
    if sf:
        spectra = sf.rfft(rows * w, axis=1, workers=threads)
        norm = np.zeros(length, np.float32)
        for f in range(frames):
            norm[f * hop:f * hop + n] += w * w
        norm = 1 / np.maximum(norm, 1e-6)

        def s_istft():
            y, seg = np.zeros(length, np.float32), sf.irfft(spectra, n, axis=1, workers=threads) * w
            q = n // hop
            for p in range(q):  # frames of one phase do not overlap
                a = seg[p::q].reshape(-1)
                y[p * hop:p * hop + a.size] += a
            return y * norm

        def s_mel():
            s = sf.rfft(rows * w, axis=1, workers=threads)
            return np.log((s.real ** 2 + s.imag ** 2) @ bank.T + np.float32(1e-10))
        result["stft_" + tag]["scipy"] = lambda: sf.rfft(rows * w, axis=1, workers=threads)
        result["logmel_" + tag]["scipy"] = s_mel
        result["istft_" + tag]["scipy"] = s_istft
    return frames, result


def main():
    directory, only, rounds = sys.argv[1], option("--only", ""), int(option("--rounds", 7))
    for threads in [int(t) for t in option("--threads", "1,2").split(",")]:
        print("\nfft in Python, %d thread%s" % (threads, "s" if threads > 1 else ""))
        for rate, n, hop in ((16000, 1024, 512), (44100, 4096, 1024)):
            frames, table = cases(rate, n, hop, threads)
            for name, peers in table.items():
                if only not in name or not peers:
                    continue
                own = ours(directory, name, threads, rounds)
                line, best = "%-28s ours %9.1f kframes/s" % (name, own), 0
                for peer, fn in peers.items():
                    rate_of_peer = frames * 1e-3 / median_seconds(fn, rounds)
                    best = max(best, rate_of_peer)
                    line += "  %s %.1f" % (peer, rate_of_peer)
                print(line + "  ratio %.2f" % (own / best), flush=True)


main()
