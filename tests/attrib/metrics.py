"""Cases of measures, and those whose number no network shows: functions of the library through build/tests/case_words, attributions
through the program."""

import itertools
import os
import subprocess

import numpy as np

import groups
from nets import Net


def words(e, word, first, second=None):
    """Numbers that tests/case_words prints."""
    tool = os.path.join(os.path.dirname(e.auscult), "tests", "case_words")
    if not os.path.exists(tool):
        raise groups.SKIP("%s is not built (make tests/case_words)" % tool)
    arguments = [repr(float(v)) for v in np.ravel(first)] + (["/"] + [repr(float(v)) for v in np.ravel(second)] if second is not None else [])
    r = subprocess.run([tool, word] + arguments, capture_output=True, text=True, check=True)
    return np.array([float(v) for v in r.stdout.split()])


def spearman(c, e, models):
    return [(words(e, "spearman", *c["inputs"][k]), [c["expected"][k]]) for k in ("half", "diff")]


def differences(c, e, models):
    pairs = []
    for k, name in enumerate(("diff", "half")):
        a, b = c["inputs"][name]
        pairs += [(words(e, "norm2", a, b) ** 2 / len(a), [c["expected"]["mse"][k]]), (words(e, "norm1", a, b) / len(a), [c["expected"]["absdiff"][k]])]
    return pairs + [(words(e, "norm2", [1, 2, 3], [4, 5, 6]) ** 2, [c["expected"]["sq_diff_123_456"]])]


def norms(c, e, models):
    want, x = c["expected"], c["inputs"]
    return [(words(e, "norm2", [1] * 10), [want["l2_ones10"]]), (words(e, "norm2", x), [want["l2"]]), (words(e, "norminf", x), [want["linf"]])]


def effective(c, e, models):
    return [(words(e, "effective", c["inputs"], [c["params"]["eps"]]), [c["expected"]])]


def area(c, e, models):
    """Ours does not depend on the number of steps; Quantus' is that times the steps."""
    got = words(e, "area", c["inputs"])
    return [(got, [c["expected"]["rise_normalised"]]), (got * (len(c["inputs"]) - 1), [c["expected"]["quantus_dx1"]])]


def linear(e, w, x, *arguments):
    n = Net(x=["N", len(w)])
    return groups.ask(e, n, n.linear("x", [w]), groups.rows(x), *arguments)


def flipping(c, e, models):
    got = words(e, "flip", linear(e, [3, -1, 2, 0.5], c["inputs"], "--method", "ixg"))
    want = c["expected"]
    return [(got, want["order"] + want["curve_with_start"] + [want["rise_auc"]])]


def infidelity(c, e, models):
    moves, a = np.array(c["params"]["perturbations"]), np.array(c["inputs"]["attr"])
    exact = linear(e, [2, -1], c["inputs"]["x"], "--method", "gradient").ravel()
    word = "infidelity_scaled" if "normalised" in c["id"] else "infidelity"
    pairs = [(words(e, word, moves @ a, moves @ exact), [c["expected"]]), (words(e, word, moves @ exact, moves @ exact), [0])]
    return pairs + ([(words(e, word, 100 * moves @ a, moves @ exact), [c["expected"]])] if "scaled" in word else [])


def infidelity_ig(c, e, models):
    net, out = groups.toy(c["model"], models)
    aus, x, move = e.convert(net, out), np.array(c["inputs"]), np.array(c["params"]["perturbation"])
    got, j = e.run(aus, {"x": groups.rows(x)}, "--method", "ig", "--baseline", e.array(c["baseline"]))
    _, k = e.run(aus, {"x": groups.rows(x - move)}, "--method", "gradient")
    drop = j["items"][0]["score"] - k["items"][0]["score"]
    return [(words(e, "infidelity", [move @ got["x"].ravel()], [drop]), [c["expected"]])]


def sensitivity(c, e, models):
    x = np.array(c["inputs"])
    explain = lambda v: linear(e, [1, 1], v, "--method", "ixg")
    return [([max(words(e, "distance", explain(x), explain(x + d))[0] for d in np.array(c["params"]["perturbations"]))], [c["expected"]])]


def mprt(c, e, models):
    """An explanation is like itself; a mean over the one layer of a network may be negative, which no mean with the original's 1 in it is."""
    n = Net(x=["N", 6])
    aus = e.convert(n, n.linear("x", [[1, -2, 3, -4, 5, -6]], name="fc"))
    x = e.array([[0.5, 1, 2, -1, 1.5, 0.25]])
    seen = []
    for kind, seed in itertools.product(("mprt_cascade", "mprt_layer"), range(6)):
        r = subprocess.run([e.auscult, "evaluate", x, "-m", aus, "--method", "gradient", "--metrics", "mprt", "--seed", str(seed), "--json", "-q"], capture_output=True, text=True)
        if r.returncode:
            raise groups.Refused(r.returncode, r.stderr)
        seen.append(measure(r.stdout, kind + "_spearman"))
    a = linear(e, [1, -2, 3], [1, 2, 3], "--method", "ixg")
    return [(words(e, "spearman", a, a), [c["expected"]["self_similarity"]]), ([float(min(seen) < 0), float(max(seen) <= 1)], [1, 1])]


def measure(text, name):
    import json
    found = []

    def look(v):
        if isinstance(v, dict):
            if v.get("name") == name and "value" in v:
                found.append(v["value"])
            for k, w in v.items():
                if k == name:
                    found.append(w["value"] if isinstance(w, dict) else w)
                look(w)
        elif isinstance(v, list):
            for w in v:
                look(w)

    look(json.loads(text))
    return found[0]


# ---- constants of formulas ---------------------------------------------------------------------------------------------

def kernel_weights(c, e, models):
    """The weights that make a regression over all coalitions give Shapley values are the kernel's: of a network that is not additive."""
    rng = np.random.RandomState(3)
    w, v, x = rng.randn(8, 4), rng.randn(1, 8), np.array([1.0, -0.5, 2.0, 0.75])
    n = Net(x=["N", 4])
    aus = e.convert(n, n.linear(n.op("Tanh", n.linear("x", w)), v))
    f = lambda m: float((v @ np.tanh(w @ (m * x)))[0])
    masks = np.array(list(itertools.product((0, 1), repeat=4)), float)[1:-1]
    k = np.array([c["expected"]["size%d" % m.sum()] for m in masks])
    whole = f(np.ones(4))  # f(0) = 0
    z, y = masks[:, :3] - masks[:, 3:], np.array([f(m) for m in masks]) - masks[:, 3] * whole
    phi = np.linalg.solve(z.T @ (k[:, None] * z), z.T @ (k * y))
    return [(next(iter(e.run(aus, {"x": groups.rows(x)}, "--method", m)[0].values())), np.append(phi, whole - phi.sum())) for m in ("shapley", "kernelshap")]


def grey_patch(c, e, models):
    """The first window of a 10 x 20 image covers columns 0 to 9 of all rows and is filled with 127.5."""
    w = np.random.RandomState(5).randn(10, 20)
    n = Net(x=["N", 1, 10, 20])
    size = c["params"]["patch_size"]
    got = groups.ask(e, n, n.linear(n.flatten("x"), [w.ravel()]), np.zeros((1, 1, 10, 20)), "--method", "occlusion", "--window", "%dx%d" % (size, size), "--stride", "%dx%d" % (size, size),
                     "--baseline", c["expected"]["value"], "--target", 0).reshape(10, 20)
    (top, bottom), (left, right) = c["expected"]["rows"], c["expected"]["cols"]
    want = np.empty((10, 20))
    want[:] = -c["expected"]["value"] * w[:, right:].sum()
    want[top:bottom, left:right] = -c["expected"]["value"] * w[top:bottom, left:right].sum()
    return [(got, want)]


def grey_sensitivity(c, e, models):
    """1 - P(class | occluded) where P is 1 with nothing hidden."""
    n = Net(x=["N", 1])
    y = n.op("Add", n.op("Mul", "x", [0.4]), [0.6])
    return [(groups.ask(e, n, y, [[1.0]], "--method", "occlusion", "--window", 1, "--baseline", 0), [[c["expected"]]])]


def contributions(c, e, models):
    pairs = []
    for k, x in enumerate(c["inputs"]):
        got = words(e, "contributions", x, np.full(8, c["baseline"]))
        pairs += [(got[:6], c["expected"]["pos"][k]), (got[6:], c["expected"]["neg"][k])]
    return pairs


CASES = {
    "q_spearman": spearman, "q_mse_absdiff": differences, "q_norms": norms, "effective_complexity": effective, "auc_trapezoid": area, "pixel_flipping_linear": flipping,
    "infidelity_linear": infidelity, "infidelity_normalised": infidelity, "infidelity_ig_zero": infidelity_ig, "sensitivity_max": sensitivity, "mprt_bounds": mprt,
    "kernel_weights_M4": kernel_weights, "tfe_grey_patch": grey_patch, "tfe_sensitivity": grey_sensitivity, "deeplift_conv1d_contribs": contributions,
}
