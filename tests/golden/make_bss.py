#!/usr/bin/env python3
"""Golden values for tests/test_bss.c: SI-SDR and BSS Eval 3 as published, with the projected signals formed in the time domain.

mir_eval itself cannot be had here; this is its bss_eval_sources and bss_eval_images written anew from [Vincent06] with scipy:
the matrix of all delayed copies, least squares (scipy.linalg.lstsq, no normal equations), then energies of the four parts.

usage: make_bss.py > bss.h
"""
import numpy as np
from scipy import linalg, signal

rng = np.random.default_rng(11)


def delayed(s, taps):
    """s [channels][samples] -> columns: every channel at every delay; taps - 1 zeros behind."""
    n = s.shape[1] + taps - 1
    return np.stack([np.concatenate([np.zeros(t), c, np.zeros(taps - 1 - t)]) for c in s for t in range(taps)], 1).reshape(n, -1)


def project(a, y):
    return (a @ linalg.lstsq(a, y.T, lapack_driver="gelsd")[0]).T


def db(a, b):
    return 10 * np.log10((a**2).sum() / (b**2).sum())


def bss(refs, est, j, taps):
    pad = lambda t: np.pad(t, ((0, 0), (0, taps - 1)))
    y, s = pad(est), pad(refs[j])
    own = project(delayed(refs[j], taps), y)
    every = project(np.concatenate([delayed(r, taps) for r in refs], 1), y)
    interf, artif = every - own, y - every
    return [db(own, interf + artif), db(own, interf), db(own + interf, artif), db(s, own - s), db(s, y - s)]


def si_sdr(e, s):
    a = (e * s).sum() / (s * s).sum()
    return db(a * s, a * s - e)


def sounds(n, channels, samples):
    refs, ests = [], []
    for j in range(n):
        s = signal.lfilter([1], [1, -0.5 - 0.1 * j, 0.3], rng.normal(size=(channels, samples)))
        refs.append(np.round(s * 10.0 ** -j, 3 + j).astype(np.float32).astype(float))
    for j in range(n):
        e = signal.lfilter([0.9, 0.2, -0.1], [1], refs[j]) + 0.05 * 10.0 ** -j * rng.normal(size=(channels, samples))
        for k in range(n):
            if k != j:
                e = e + 0.1 * 10.0 ** (k - j) * signal.lfilter([0, 0.5, 0.2], [1], refs[k])
        ests.append(np.round(e, 3 + j).astype(np.float32).astype(float))
    return refs, ests


def show(name, a):
    a = np.asarray(a, float).ravel()
    print(f"static const float {name}[{a.size}] = {{ " + ", ".join("%.8ef" % t for t in a) + " };")


def want(name, rows):
    print(f"static const double {name}[][5] = {{ " + ", ".join("{ " + ", ".join(repr(float(v)) for v in r) + " }" for r in rows) + " };")


print("/* bss.h - made by make_bss.py (scipy); do not edit. */\n")
for name, n, channels, samples in (("mono", 3, 1, 400), ("stereo", 2, 2, 200)):
    refs, ests = sounds(n, channels, samples)
    print(f"enum {{ {name}_n = {n}, {name}_channels = {channels}, {name}_samples = {samples} }};")
    show(f"{name}_reference", refs)
    show(f"{name}_estimate", ests)
    print(f"static const double {name}_si_sdr[] = {{ " + ", ".join(repr(si_sdr(e, s)) for e, s in zip(ests, refs)) + " };")
    for taps in (1, 8, 64):
        want(f"{name}_want_{taps}", [bss(refs, ests[j], j, taps) for j in range(n)])
refs, ests = sounds(2, 1, 4000)
x = np.random.default_rng(5)
# 512 taps, from sounds that the test makes itself: a linear congruence, the same in numpy.
state = np.uint64(12345)
def noise(n):
    global state
    out = np.empty(n)
    for i in range(n):
        state = np.uint64((int(state) * 6364136223846793005 + 1442695040888963407) % 2**64)
        out[i] = float(int(state) >> 40) / 2**24 - 0.5
    return out
s0, s1, extra = noise(6000), noise(6000), noise(6000)
for t in range(1, 6000):
    s1[t] += 0.75 * s1[t - 1]
f = lambda t: t.astype(np.float32).astype(float)
s0, s1 = f(s0), f(s1)
e0 = f(0.5 * s0 + 0.25 * np.roll(s1, 100) + 0.0625 * extra)
e1 = f(s1 + 0.125 * np.roll(s0, 300) + 0.125 * extra)
want("long_want", [bss([s0[None], s1[None]], e[None], j, 512) for j, e in enumerate((e0, e1))])
