#!/usr/bin/python3
"""Golden values for tests/test_nmf.c: scikit-learn's NMF(solver="mu"), and the sparse updates of
[LeRoux15] written out in numpy, float64. Writes nmf.h beside itself."""
import pathlib, warnings
import numpy as np
from sklearn.decomposition import NMF
from sklearn.decomposition._nmf import _initialize_nmf

warnings.filterwarnings("ignore")
F, N, K, ITERS = 13, 37, 3, 25
rng = np.random.RandomState(7)
V = (rng.rand(F, K) @ rng.rand(K, N) + 0.05).astype(np.float32)
W0, H0 = (rng.rand(F, K) + 0.1).astype(np.float32), (rng.rand(K, N) + 0.1).astype(np.float32)


def sklearn_mu(beta):
    """sklearn factorises samples x features: V' = H' W', so its "W" is our H'."""
    m = NMF(K, init="custom", solver="mu", beta_loss=beta, max_iter=ITERS, tol=0)
    Ht = m.fit_transform(V.T.astype(np.float64), W=H0.T.astype(np.float64).copy(), H=W0.T.astype(np.float64).copy())
    return m.components_.T, Ht.T


def sparse(beta, mu):
    W = W0.astype(np.float64); H = H0.astype(np.float64)
    n = np.linalg.norm(W, axis=0); W = W / n; H = H * n[:, None]
    for _ in range(ITERS):
        L = np.maximum(W @ H, 1e-9)
        H = H * (W.T @ (V * L ** (beta - 2))) / np.maximum(W.T @ L ** (beta - 1) + mu, 1e-9)
        L = np.maximum(W @ H, 1e-9)
        P, Q = L ** (beta - 1) @ H.T, (V * L ** (beta - 2)) @ H.T
        W = W * (Q + W * (P * W).sum(0)) / np.maximum(P + W * (Q * W).sum(0), 1e-9)
        W = W / np.linalg.norm(W, axis=0)
    return W, H


def c_array(name, a):
    body = ", ".join("%.9gf" % x if "." in "%.9g" % x or "e" in "%.9g" % x else "%.9g.0f" % x for x in np.asarray(a, np.float64).ravel())
    return "static const float %s[] = { %s };\n" % (name, body)


out = "/* Written by make_nmf.py (scikit-learn and numpy); do not edit. */\nenum { GF = %d, GN = %d, GK = %d, GITERS = %d };\n" % (F, N, K, ITERS)
out += c_array("golden_v", V) + c_array("golden_w0", W0) + c_array("golden_h0", H0)
for name, beta in (("kl", 1), ("eu", 2), ("is", 0)):
    w, h = sklearn_mu(beta) if beta else (None, None)
    if w is not None:
        out += c_array("sk_%s_w" % name, w) + c_array("sk_%s_h" % name, h)
    w, h = sparse(beta, 0.05)
    out += c_array("sp_%s_w" % name, w) + c_array("sp_%s_h" % name, h)
w, h = sparse(1.5, 0.05)
out += c_array("sp_mid_w", w) + c_array("sp_mid_h", h)
S = (np.maximum(rng.randn(F, K + 2), 0) @ np.maximum(rng.randn(K + 2, N), 0)).astype(np.float32)  # has zeros
out += c_array("golden_s", S)
for name, x in (("tall", S.T), ("wide", S)):
    for init in ("nndsvd", "nndsvda"):
        w, h = _initialize_nmf(x.astype(np.float64), K, init=init, random_state=0)
        out += c_array("%s_%s_w" % (init, name), w) + c_array("%s_%s_h" % (init, name), h)
(pathlib.Path(__file__).parent / "nmf.h").write_text(out)
