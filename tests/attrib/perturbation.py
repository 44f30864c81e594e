"""Cases that hide parts of the input: SHAP's values, occlusion, ablation."""

import numpy as np

import groups
from nets import Net


def expected_gradients(c, e):
    n = Net(x=["N", 1])
    y = n.op("Mul", "x", "x")
    got = groups.ask(e, n, y, [c["inputs"]], "--method", "gradientshap", "--baseline", e.array(c["baseline"]), "--samples", 2000)
    return [(got, c["expected"])]


def run(c, e, models):
    if c["id"] == "expected_gradients_square":
        return expected_gradients(c, e)
    raise groups.SKIP("method '%s'" % c["method"])
