"""make_lime.py - what scikit-learn says about two tables of zeros and ones, for test_surrogate.c.

Ridge, least squares, LIME's selections (forward, highest, lasso path, written down from docs/lime.md with
scikit-learn's Ridge and lars_path) and BayesianRidge with sample weights.

Run: /usr/bin/python3 tests/golden/make_lime.py > tests/golden/lime.h
"""
import numpy as np
import sklearn
from sklearn.linear_model import BayesianRidge, LinearRegression, Ridge, lars_path


def table(seed, n, d):
    rng = np.random.RandomState(seed)
    z = rng.randint(0, 2, (n, d))
    z[0] = 1
    w = rng.randn(d)
    y = 1 / (1 + np.exp(-(z @ w + 1.5 * z[:, 0] * z[:, 1] - 0.5))) + 0.02 * rng.randn(n)
    y = y.astype(np.float32)
    pi = np.exp(-8 * (1 - np.sqrt(z.sum(1) / d)) ** 2)
    return z, pi, y


def forward(z, pi, y, k):
    used = []
    for _ in range(k):
        best, at = -1e9, None
        for j in range(z.shape[1]):
            if j in used:
                continue
            fit = Ridge(alpha=0).fit(z[:, used + [j]], y, sample_weight=pi)
            score = fit.score(z[:, used + [j]], y, sample_weight=pi)
            if score > best:
                best, at = score, j
        used.append(at)
    return sorted(used)


def highest(z, pi, y, k):
    w = np.abs(Ridge(alpha=0.01).fit(z, y, sample_weight=pi).coef_)
    return sorted(np.argsort(-w, kind="stable")[:k].tolist())


def lasso(z, pi, y, k):
    root = np.sqrt(pi)
    zc = (z - np.average(z, axis=0, weights=pi)) * root[:, None]
    yc = (y - np.average(y, weights=pi)) * root
    coefs = lars_path(zc, yc, method="lasso")[2].T
    for i in range(len(coefs) - 1, 0, -1):
        used = np.flatnonzero(coefs[i])
        if len(used) <= k:
            break
    return used.tolist()


def row(name, values, fmt="%.17g"):
    print("  .%s = { %s }," % (name, ", ".join(fmt % v for v in values)))


def main():
    print("/* lime.h - made by make_lime.py with scikit-learn %s. */" % sklearn.__version__)
    print("enum { GOLDEN_TABLES = 2, GOLDEN_ROWS = 60, GOLDEN_D = 9 };")
    print("typedef struct golden_table {\n  unsigned char z[GOLDEN_ROWS * GOLDEN_D];\n  double pi[GOLDEN_ROWS];\n  float y[GOLDEN_ROWS];")
    print("  double ridge[GOLDEN_D], ridge_b[1], ridge_r2[1], wls[GOLDEN_D], wls_b[1], wls_r2[1], bayes[GOLDEN_D], bayes_sd[GOLDEN_D];")
    print("  int forward[3], highest[7], lasso_n, lasso[GOLDEN_D];\n  double lasso_ridge[GOLDEN_D];\n} golden_table;")
    print("static const golden_table golden_tables[GOLDEN_TABLES] = {")
    for seed in range(2):
        z, pi, y = table(seed, 60, 9)
        print(" {")
        row("z", z.ravel(), "%d")
        row("pi", pi)
        row("y", y, "%.9g")
        for name, fit in ("ridge", Ridge(alpha=1)), ("wls", LinearRegression()):
            fit.fit(z, y.astype(float), sample_weight=pi)
            row(name, fit.coef_)
            row(name + "_b", [fit.intercept_])
            row(name + "_r2", [fit.score(z, y.astype(float), sample_weight=pi)])
        bayes = BayesianRidge(n_iter=100000, tol=1e-13).fit(z, y.astype(float), sample_weight=pi)
        row("bayes", bayes.coef_)
        row("bayes_sd", np.sqrt(np.diag(bayes.sigma_)))
        row("forward", forward(z, pi, y, 3), "%d")
        row("highest", highest(z, pi, y, 7), "%d")
        used = lasso(z, pi, y, 4)
        print("  .lasso_n = %d," % len(used))
        row("lasso", used, "%d")
        coef = np.zeros(9)
        coef[used] = Ridge(alpha=1).fit(z[:, used], y.astype(float), sample_weight=pi).coef_
        row("lasso_ridge", coef)
        print(" },")
    print("};")


main()
