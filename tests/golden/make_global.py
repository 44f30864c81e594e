#!/usr/bin/env python3
"""Golden values for tests/test_global.c: SP-LIME as lime/submodular_pick.py computes it, aggregations as MusicLIME's
(van der Linden et al. 2019), quantiles and correlation from numpy and scipy.

usage: make_global.py > global.h
"""
import numpy as np
from scipy import stats

rng = np.random.default_rng(11)


def show(name, a, kind="double"):
    a = np.asarray(a).ravel()
    f = (lambda t: repr(float(t)) if np.isfinite(t) else "NAN") if kind == "double" else (lambda t: str(int(t)))
    print(f"static const {kind} {name}[{a.size}] = {{ " + ", ".join(f(t) for t in a) + " };")


def lime_pick(W, budget):
    """The loop of lime.submodular_pick.SubmodularPick, word for word but for the names of its inputs."""
    importance = np.sum(abs(W), axis=0) ** .5
    V, remaining_indices, values = [], set(range(W.shape[0])), []
    for _ in range(budget):
        best, best_ind = 0, None
        for i in remaining_indices:
            current = np.dot((np.sum(abs(W)[V + [i]], axis=0) > 0), importance)
            if current >= best:
                best, best_ind = current, i
        V.append(best_ind)
        remaining_indices -= {best_ind}
        values.append(best / importance.sum())
    return V, values


def classes(W, y):
    n = y.max() + 1
    root = np.array([np.sqrt(np.abs(W[y == c]).sum(0)) for c in range(n)])
    mean = np.array([np.abs(W[y == c]).mean(0) for c in range(n)])
    p = root / root.sum(0)
    h = np.array([stats.entropy(p[:, j]) for j in range(W.shape[1])])
    return mean, root, root * (1 - (h - h.min()) / (h.max() - h.min()))


print("/* global.h - made by make_global.py (lime's own rule in numpy, scipy); do not edit. */\n")
n, d, budget = 40, 12, 8
W = rng.normal(size=(n, d)) * (rng.uniform(size=(n, d)) < 0.15) * rng.gamma(1, 1, size=d)
y = rng.integers(0, 3, size=n)
picks, values = lime_pick(W, budget)
show("sparse_w", W)
show("want_picks", picks, "int64_t")
show("want_covered", values)
show("class_of", y, "int32_t")
mean, root, homogeneity = classes(W, y)
show("want_mean_abs", mean)
show("want_root_sum", root)
show("want_homogeneity", homogeneity)
x = W[:, 1] + rng.normal(size=n)
show("x_values", x)
show("want_spread", [x.mean(), x.std(ddof=1), *np.quantile(x, [0.05, 0.25, 0.5, 0.75, 0.95]), x.min(), x.max(), np.abs(x).mean(), np.abs(x).sum() ** .5, (x > 0).mean()])
show("want_correlation", [stats.pearsonr(x, W[:, 1])[0]])
