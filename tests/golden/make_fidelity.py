#!/usr/bin/env python3
"""Golden values for tests/test_fidelity.c from scikit-learn and scipy; masked scores from numpy as docs/l2i-evaluate.md has them.

usage: make_fidelity.py > fidelity.h
"""
import numpy as np
from scipy import special, stats
from sklearn import metrics

rng = np.random.default_rng(11)


def show(name, a, kind="double"):
    a = np.asarray(a).ravel()
    text = ", ".join(str(int(t)) if kind == "int32_t" or kind == "uint8_t" else repr(float(t)) + ("f" if kind == "float" else "") for t in a)
    print(f"static const {kind} {name}[{a.size}] = {{ {text} }};")


print("/* Made by make_fidelity.py: scikit-learn and scipy. */")

# ---- masked: 6 clips, 5 classes
n, c = 6, 5
z = rng.normal(0, 2, (3, n, c)).astype(np.float32)
show("masked_logits", z, "float")
p = special.softmax(z.astype(float), 2)
top = z[0].argmax(1)
i = np.arange(n)
whole, part, rest = p[0][i, top], p[1][i, top], p[2][i, top]
q = special.softmax(p, 2)
rows = [100.0 * (part > whole), 100 * np.maximum(0, whole - part) / whole, 100 * np.maximum(0, part - whole) / (1 - whole), whole - rest,
        z[0].astype(float)[i, top] - z[2].astype(float)[i, top], 1.0 * (z[1].argmax(1) == top),
        100 * np.maximum(0, q[0][i, top] - q[1][i, top]) / q[0][i, top], 1.0 * (z[1].argmax(1) == 0)]
show("want_masked", np.array(rows).T)
show("want_masked_mean", np.mean(rows, 1))
show("want_masked_median", np.median(rows, 1))

# ---- agreement: 40 clips, 7 classes
n, c = 40, 7
f = rng.normal(0, 1, (n, c)).astype(np.float32)
g = (f + rng.normal(0, 1, (n, c))).astype(np.float32)
show("agree_model", f, "float")
show("agree_interpreter", g, "float")
show("want_top", [metrics.top_k_accuracy_score(f.argmax(1), g, k=k, labels=range(c)) for k in (1, 3, 5)])
show("want_kappa", [metrics.cohen_kappa_score(f.argmax(1), g.argmax(1))])

# ---- detection: 30 clips, 4 labels, scores with ties
n, c = 30, 4
t = rng.random((n, c)) < 0.3
s = np.round(0.35 * t + rng.random((n, c)) * 0.65, 2).astype(np.float32)
show("detect_truth", t, "uint8_t")
show("detect_score", s, "float")
pr, re, _ = metrics.precision_recall_curve(t.ravel(), s.ravel())
show("want_detection", [metrics.average_precision_score(t, s, average="macro"), metrics.average_precision_score(t, s, average="micro"),
                        np.max(2 * pr * re / (pr + re + 1e-300))])

# ---- Listen to Interpret's sweep, from its definition
grid = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]


def curve(t, s):
    says = s.ravel()[None] > np.array(grid)[:, None]
    hit = (says & t.ravel()[None]).sum(1)
    P, R = hit / (says.sum(1) + 1e-9), hit / (t.sum() + 1e-9)
    area = np.trapezoid(np.r_[P[0], P, 0], np.r_[0, R, R[-1]]) if hasattr(np, "trapezoid") else np.trapz(np.r_[P[0], P, 0], np.r_[0, R, R[-1]])
    return area, np.max(2 * P * R / (P + R + 1e-9))


show("want_sweep", [np.mean([curve(t[:, k], s[:, k])[0] for k in range(c)]), curve(t, s)[0], curve(t, s)[1]])

# ---- paired tests
a = rng.normal(0, 1, 80)
b = a + rng.normal(0.25, 1, 80)
show("pair_a", a)
show("pair_b", b)
want_t, want_w = [], []
for m in (2, 5, 12, 50, 80):
    r = stats.ttest_rel(a[:m], b[:m])
    want_t += [r.statistic, r.pvalue]
    r = stats.wilcoxon(a[:m], b[:m], mode="exact" if m <= 50 else "approx")
    want_w += [r.statistic, r.pvalue]
show("want_t", want_t)
show("want_w", want_w)
x, y = np.round(a[:30] * 2), np.round(b[:30] * 2)
r = stats.wilcoxon(x, y, mode="approx", correction=False)
show("tied_a", x)
show("tied_b", y)
show("want_tied", [r.statistic, r.pvalue])
