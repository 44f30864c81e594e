#!/usr/bin/env python3
"""Golden values for tests/test_eval.c from scipy and scikit-learn (and numpy where those have nothing).

usage: make_eval.py > eval.h
"""
import numpy as np
from scipy import ndimage, stats
from sklearn import metrics

rng = np.random.default_rng(7)


def show(name, a):
    a = np.asarray(a, float).ravel()
    print(f"static const double {name}[{a.size}] = {{ " + ", ".join(repr(float(t)) for t in a) + " };")


def f32(a):
    return np.asarray(a, np.float32).astype(float)


def gini(a):
    """Half the mean absolute difference of all pairs over the mean (no sorting)."""
    v = np.abs(a)
    return np.abs(v[:, None] - v[None, :]).mean() / (2 * v.mean())


def ssim(a, b, win):
    """As scikit-image's structural_similarity with data_range, uniform windows, sample covariance; windows wholly inside."""
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    n = win[0] * win[1]
    mean = lambda t: ndimage.uniform_filter(t, win)
    k = n / (n - 1)
    ma, mb = mean(a), mean(b)
    va, vb, cov = k * (mean(a * a) - ma * ma), k * (mean(b * b) - mb * mb), k * (mean(a * b) - ma * mb)
    c1, c2 = (0.01 * (high - low)) ** 2, (0.03 * (high - low)) ** 2
    s = (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    py, px = (win[0] - 1) // 2, (win[1] - 1) // 2
    return s[py:s.shape[0] - py, px:s.shape[1] - px].mean()


print("/* eval.h - made by make_eval.py (scipy, scikit-learn); do not edit. */\n")
h, w = 11, 13
a, b = f32(np.round(rng.normal(size=(h, w)), 1)), f32(np.round(rng.normal(size=(h, w)), 1))
b = f32(0.6 * a + 0.4 * b)
inside = (rng.uniform(size=(h, w)) < 0.2 + 0.3 * (a > 0.5)).astype(float)
show("map_a", a)
show("map_b", b)
show("map_inside", inside)
show("want_gini", [gini(a.ravel())])
show("want_entropy", [stats.entropy(np.abs(a).ravel())])
show("want_spearman", [stats.spearmanr(a.ravel(), b.ravel())[0], stats.spearmanr(np.abs(a).ravel(), np.abs(b).ravel())[0]])
show("want_pearson", [stats.pearsonr(a.ravel(), b.ravel())[0]])
show("want_auc", [metrics.roc_auc_score(inside.ravel(), a.ravel())])
show("want_ssim", [ssim(a, b, (7, 7)), ssim(a[:4], b[:4], (3, 7)), ssim(a.reshape(-1, 1), b.reshape(-1, 1), (7, 1))])
pos = np.maximum(a, 0)
k = int(inside.sum())
top = np.argsort(-a.ravel(), kind="stable")[:k]
show("want_mass", [(pos * inside).sum() / pos.sum()])
show("want_rank", [inside.ravel()[top].mean()])
c = np.round(rng.normal(size=9), 2)
show("curve_score", c)
show("want_area", [metrics.auc(np.linspace(0, 1, 9), c)])
show("want_aopc", [(c[0] - c).mean()])
p, d = rng.normal(size=40), rng.normal(size=40)
d = 0.7 * p + 0.3 * d
show("draw_product", p)
show("draw_drop", d)
beta, rest, _, _ = np.linalg.lstsq(p[:, None], d, rcond=None)
show("want_infidelity", [metrics.mean_squared_error(d, p), rest[0] / 40])
v = rng.normal(1, 2, size=60)
show("boot_value", v)
ci = stats.bootstrap((v,), np.mean, method="percentile", n_resamples=20000, random_state=1).confidence_interval
show("want_boot", [ci.low, ci.high])
