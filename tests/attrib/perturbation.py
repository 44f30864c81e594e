"""Cases that hide parts of the input: SHAP's values, occlusion, ablation."""

import numpy as np

import groups
from nets import Net


def expected_gradients(c, e):
    n = Net(x=["N", 1])
    y = n.op("Mul", "x", "x")
    got = groups.ask(e, n, y, [c["inputs"]], "--method", "gradientshap", "--baseline", e.array(c["baseline"]), "--samples", 2000)
    return [(got, c["expected"])]


def described(c):
    """Networks given in words: (net, output)."""
    what = c["model"]["desc"]
    if what == "f=x0*x1*x2":
        n = Net(x=["N", 3])
        return n, n.op("Mul", n.op("Mul", n.take("x", 0), n.take("x", 1)), n.take("x", 2))
    if what == "f=x0-2*x1+3*x2":
        n = Net(x=["N", 3])
        return n, n.linear("x", [[1, -2, 3]])
    if what == "f=2*x0+3*x1":
        n = Net(x=["N", 2])
        return n, n.linear("x", [[2, 3]])
    if what == "f=[sum(x),2*sum(x)]":
        n = Net(x=["N", 4])
        return n, n.linear("x", [[1] * 4, [2] * 4])
    raise groups.SKIP("model '%s' is not built here" % what)


def network(c, models):
    return groups.toy(c["model"], models) if isinstance(c["model"], str) else described(c)


def joins(tree, leaves):
    """Nested pairs as rows of a linkage."""
    rows = []

    def node(t):
        if isinstance(t, int):
            return t
        a, b = node(t[0]), node(t[1])
        rows.append([a, b])
        return leaves + len(rows) - 1

    node(tree)
    return rows


def with_mask(e, c):
    return ["--mask", e.array(c["params"]["feature_mask"])] if "feature_mask" in c["params"] else []


def shapley(c, e, models):
    net, out = network(c, models)
    target = "sum" if c["target"] in ("sum", None) else c["target"]
    results = []
    for method in ("shapley", "kernelshap", "permutationshap"):
        got = groups.ask(e, net, out, groups.rows(c["inputs"]), "--method", method, "--target", target, "--baseline", e.array(c["baseline"]), *with_mask(e, c))
        results.append((got, c["expected"]))
    return results


def three_inputs(c, e, models):
    net = Net(x1=["N", 3], x2=["N", 3], x3=["N", 3])
    out = groups.multilayer(net, net.op("Add", net.op("Add", "x1", "x2"), "x3"), models["multilayer"])
    x = {"x%d" % (k + 1): groups.rows(v) for k, v in enumerate(c["inputs"])}
    extra = []
    for k, (base, mask) in enumerate(zip(c["baseline"], c["params"]["feature_mask"])):
        extra += ["--baseline", "x%d=%g" % (k + 1, base), "--mask", "x%d=%s" % (k + 1, e.array(mask))]
    got = groups.ask(e, net, out, x, "--method", "shapley", "--target", c["target"], *extra)
    return [(got["x%d" % (k + 1)], want) for k, want in enumerate(c["expected"])]


def per_output(c, e, models):
    net, out = network(c, models)
    return [(groups.ask(e, net, out, groups.rows(c["inputs"]), "--method", "shapley", "--target", k, "--baseline", e.array(c["baseline"])), c["expected"]["out%d" % k])
            for k in range(2)]


def owen(c, e, models):
    net, out = network(c, models)
    tree = e.array(joins(c["params"]["tree"], len(c["inputs"])))
    got = groups.ask(e, net, out, groups.rows(c["inputs"]), "--method", "partitionshap", "--tree", tree, "--baseline", e.array(c["baseline"]))
    return [(got, c["expected"])]


def two_images(c, e, models):
    m = models["convnet1"]
    net = Net(x=["N", 1, 4, 4], x2=["N", 1, 4, 4])
    h = net.op("Relu", net.conv(net.op("Add", "x", "x2"), np.ones(m["conv1"]["W_shape"]), m["conv1"]["b"], name="conv1"), name="relu1")
    out = net.op("Relu", net.linear(net.flatten(h), m["fc1"]["W"], m["fc1"]["b"], name="fc1"), name="relu2")
    x = {k: groups.image(v) for k, v in c["inputs"].items()}
    arguments = ["--method", "ablation"]
    if "x" in c["params"]:
        text = lambda what: ",".join("x".join(map(str, c["params"][k][what])) for k in ("x", "x2"))
        arguments = ["--method", "occlusion", "--window", text("window"), "--stride", text("stride")]
    got = groups.ask(e, net, out, x, "--target", c["target"], *arguments)
    return [(got[k], c["expected"][k]) for k in ("x", "x2")]


def occlusion(c, e, models):
    net, out = network(c, models)
    p = c["params"]
    keep = ["--keep"] if p.get("mode") == "keep-window" else []
    target = 0 if c["target"] is None else c["target"]
    got = groups.ask(e, net, out, groups.rows(c["inputs"]), "--method", "occlusion", "--target", target, "--window", p["window"], "--stride", p["stride"],
                     "--baseline", e.array(c["baseline"]), *keep)
    return [(got, c["expected"])]


def ablation(c, e, models):
    net, out = network(c, models)
    got = groups.ask(e, net, out, groups.rows(c["inputs"]), "--method", "ablation", "--target", c["target"], "--baseline", e.array(c["baseline"]), *with_mask(e, c))
    return [(got, c["expected"])]


def nonsquare(c, e):
    """4 x 8 with patches of 4: two windows, the left one without weight."""
    net = Net(x=["N", 1, 4, 8])
    out = net.linear(net.flatten("x"), [np.tile([0] * 4 + [1] * 4, 4)])
    got = groups.ask(e, net, out, np.ones((1, 1, 4, 8)), "--method", "occlusion", "--window", "4x4", "--stride", "4x4", "--target", 0)
    blocks = np.asarray(got).reshape(4, 2, 4).mean(axis=(0, 2))
    return [(np.asarray(got).reshape(4, 8).std(axis=0), np.zeros(8)), (blocks, [0, 16])]


def run(c, e, models):
    name = c["id"]
    if name == "expected_gradients_square":
        return expected_gradients(c, e)
    if c["inputs"] is None and name != "tfe_nonsquare":
        raise groups.SKIP("has no input: a constant of a formula or of an image library")
    for start, method, f in (("shapley_multi_input", "shapley", three_inputs), ("shapley", "shapley", shapley), ("exact_", "shapley", per_output),
                             ("owen", "partitionshap", owen), ("ablation_conv", "ablation", two_images), ("occlusion_2d", "occlusion", two_images),
                             ("occlusion", "occlusion", occlusion), ("ablation", "ablation", ablation)):
        if name.startswith(start):
            groups.need(method)
            return f(c, e, models)
    if name == "tfe_nonsquare":
        return nonsquare(c, e)
    raise groups.SKIP("method '%s'" % c["method"])
