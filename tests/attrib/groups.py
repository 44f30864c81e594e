"""What to build and to ask for each group of cases. A function gives a list of (got, expected)."""

import numpy as np

from nets import Net, Refused

GROUPS = {}
SKIP = None
METHODS = ""


def group(*names):
    def add(f):
        for n in names:
            GROUPS[n] = f
        return f
    return add


def run(case, explainer, models, methods, skip):
    global SKIP, METHODS
    SKIP, METHODS = skip, methods
    import metrics
    if case["id"] in metrics.CASES:
        return metrics.CASES[case["id"]](case, explainer, models)
    return GROUPS[case["group"]](case, explainer, models)


def need(method):
    if "\n  %s " % method not in METHODS:
        raise SKIP("this program has no method %s" % method)


def rows(x):
    x = np.asarray(x, float)
    return x[None] if x.ndim == 1 else x


# ---- the toy networks of the file ---------------------------------------------------------------------------

def toy(name, models, size=None):
    """(net, output) of a named model; input x [N, size] or [N, 1, 4, 4]."""
    m = models[name]
    if name == "convnet1":
        n = Net(x=["N", 1, 4, 4])
        c = m["conv1"]
        h = n.op("Relu", n.conv("x", np.ones(c["W_shape"]), c["b"], name="conv1"), name="relu1")
        return n, n.op("Relu", n.linear(n.flatten(h), m["fc1"]["W"], m["fc1"]["b"], name="fc1"), name="relu2")
    n = Net(x=["N", size or {"toy1": 6, "multilayer": 3, "simple_lrp": 3, "simple_lrp_neg": 3, "simple_tanh": 3, "mixed_linear": 3, "lin_maxpool_lin": 4}.get(name, 2)])
    if name == "toy1":
        return n, n.op("Sub", [1.0], n.op("Relu", n.op("Sub", [1.0], "x")))
    if name in ("toy2", "toy3"):
        a, b = n.take("x", 0), n.take("x", 1)
        inner = n.op("Sub", n.op("Relu", a), [1.0]) if name == "toy2" else n.op("Relu", n.op("Sub", a, [1.0]))
        return n, n.op("Relu", n.op("Sub", inner, n.op("Relu", b)))
    if name in ("relu_dl", "tanh_dl"):
        f = "Relu" if name == "relu_dl" else "Tanh"
        two = [n.op("Mul", n.op(f, v), [2.0]) for v in (n.take("x", 0), n.op("Sub", n.take("x", 1), [1.5]))]
        return n, n.op("Add", *two)
    if name == "multilayer":
        return n, multilayer(n, "x", m)
    if name in ("simple_lrp", "simple_lrp_neg", "simple_tanh"):
        w = np.full((3, 3), 0.1 if name == "simple_tanh" else 2.0)
        if name == "simple_lrp_neg":
            w[0, 0] = -2
        h = n.op("Tanh" if name == "simple_tanh" else "Relu", n.linear("x", w, name="linear"))
        return n, n.linear(h, np.full((1, 3), 0.1 if name == "simple_tanh" else 3.0), name="linear2")
    if name == "skip":
        return n, n.op("Add", n.linear("x", np.full((2, 2), 5.0), name="linear"), "x", name="add")
    if name == "mixed_linear":
        return n, n.linear("x", m["W"], m["b"], name="linear")
    if name == "lin_maxpool_lin":
        h = n.op("Unsqueeze", n.linear("x", np.eye(4)), n.constant([1], np.int64))
        h = n.op("MaxPool", h, kernel_shape=[4])
        return n, n.linear(n.flatten(h), [[1.0]])
    raise SKIP("model %s is not built here" % name)


def multilayer(n, x, m):
    h = n.linear(x, m["linear0"]["W"], m["linear0"]["b"], name="linear0")
    h = n.op("Relu", n.linear(h, m["linear1"]["W"], m["linear1"]["b"], name="linear1"), name="relu")
    return n.linear(h, m["linear2"]["W"], m["linear2"]["b"], name="linear2")


def image(v):
    return np.asarray(v, float).reshape(1, 1, 4, 4)


def ask(explainer, net, out, x, *arguments):
    x = x if isinstance(x, dict) else {"x": x}
    got, _ = explainer.run(explainer.convert(net, out), x, *arguments)
    return got if len(got) > 1 else next(iter(got.values()))


# ---- gradients -------------------------------------------------------------------------------------------------

@group("backprop")
def backprop(c, e, models):
    x = c["inputs"]
    if c["id"] == "smoothgrad_linear":
        n = Net(x=["N", 2])
        y = n.linear("x", [[2.0, -3.0]])
        aus = e.convert(n, y)
        noise = ["--noise", c["params"]["stdevs"], "--samples", c["params"]["n"]]
        return [(next(iter(e.run(aus, {"x": rows(x)}, "--method", m, *noise)[0].values())), c["expected"][m]) for m in ("smoothgrad", "smoothgrad_sq", "vargrad")]
    method = {"guided": "guided", "deconv": "deconv", "ixg": "ixg", "gradient": "gradient", "saliency": "gradient", "vanilla": "gradient"}
    word = next((method[k] for k in method if k in c["id"] or k in c["method"].lower()), None)
    if word is None:
        raise SKIP("method '%s'" % c["method"])
    conv = c["model"] == "convnet1"
    net, out = toy(c["model"], models) if isinstance(c["model"], str) else described(c, e)
    target = "sum" if c["target"] is None else c["target"]
    extra = ["--absolute"] if c["params"].get("abs") or "saliency" in c["id"] else []
    return [(ask(e, net, out, image(x) if conv else rows(x), "--method", word, "--target", target, *extra), c["expected"])]


def described(c, e):
    """Networks that a case tells in words."""
    d = c["model"]["desc"]
    if d == "x1^2+x1*x2":
        n = Net(x=["N", 2])
        a, b = n.take("x", 0), n.take("x", 1)
        return n, n.op("Add", n.op("Mul", a, a), n.op("Mul", a, b))
    if d == "f=x^2":
        n = Net(x=["N", 1])
        return n, n.op("Mul", "x", "x")
    raise SKIP("model '%s' is not built here" % d)


@group("ig")
def integrated(c, e, models):
    p, i = c["params"], c["id"]
    if i == "ig_gauss_legendre_3":
        # sum_k w_k a_k^p for p = 0 to 5 determines three nodes and weights: read off f = x^(p+1) / (p+1) on [0, 1]
        got, want = [], []
        for power in range(6):
            n = Net(x=["N", 1])
            y = "x"
            for _ in range(power):
                y = n.op("Mul", y, "x")
            got.append(ask(e, n, n.op("Mul", y, [1.0 / (power + 1)]), [[1.0]], "--method", "ig", "--steps", 3, "--quadrature", "gausslegendre", "--multipliers"))
            want.append(np.sum(np.array(c["expected"]["weights"]) * np.array(c["expected"]["alphas"]) ** power))
        if e.dtype == np.float64:  # nodes and weights themselves, to the ten digits that the case prints
            m = np.ravel(got)
            poly = np.linalg.solve([[m[i + j] for j in range(3)] for i in range(3)], -m[3:])
            node = np.sort(np.roots(np.append(poly, 1)[::-1]).real)
            weight = np.linalg.solve(np.vander(node, 3, increasing=True).T, m[:3])
            return [(np.round(node, 10), c["expected"]["alphas"]), (np.round(weight, 10), c["expected"]["weights"])]
        return [(np.ravel(got), want)]
    if i == "ig_convergence_delta":
        n = Net(x=["N", 3])
        y = n.op("Mul", multilayer(n, n.op("Add", "x", [1.0, 2.0, 3.0]), models["multilayer"]), [8.0])
        _, j = e.run(e.convert(n, y), {"x": rows(c["inputs"])}, "--method", "ig", "--steps", 50, "--target", 0, "--baseline", e.array(c["baseline"]))
        return [([j["items"][0]["gap"] ** 2], [c["expected"]])]
    net, out = toy(c["model"], models) if isinstance(c["model"], str) else described(c, e)
    args = ["--method", "ig", "--target", "sum" if c["target"] is None else c["target"], "--baseline", e.array(c["baseline"])]
    if "tfexplain" in i:
        args += ["--quadrature", "linspace", "--steps", p["n_steps"], "--multipliers"]
    elif "zennit" in i:
        args += ["--quadrature", "right", "--steps", p["n_iter"]]
    elif p.get("n_steps"):
        args += ["--steps", p["n_steps"]]
    if p.get("method") in ("riemann_left", "riemann_right", "riemann_middle", "riemann_trapezoid", "gausslegendre"):
        args += ["--quadrature", p["method"]]
    if p.get("multiply_by_inputs") is False:
        args += ["--multipliers"]
    return [(ask(e, net, out, rows(c["inputs"]), *args), c["expected"])]


# ---- DeepLIFT ----------------------------------------------------------------------------------------------------

def conv1d_lift(n):
    return n.conv("x", [[[-2, -1], [0, 1]], [[2, 1], [0, -1]]], [-1, 1], name="conv")


@group("deeplift")
def deeplift(c, e, models):
    need("deeplift")
    p, i, x = c["params"], c["id"], c["inputs"]
    args = ["--method", "deeplift"]
    if p.get("rule"):
        args += ["--rules", p["rule"]]
    if p.get("multiply_by_inputs") is False or p.get("quantity") == "multipliers":
        args += ["--multipliers"]
    base = [] if c["baseline"] is None else ["--baseline", e.array(c["baseline"]) if isinstance(c["baseline"], list) else c["baseline"]]
    if i == "deeplift_relu_linear":
        m = models["relu_linear"]
        n = Net(x1=["N", 3], x2=["N", 3])
        both = n.op("Concat", n.linear("x1", m["l1"]), n.linear("x2", m["l2"]), axis=1)
        got = ask(e, n, n.linear(n.op("Relu", both), m["l3"]), {k: rows(v) for k, v in x.items()}, *args, *base)
        return [(got[k], c["expected"][k]) for k in ("x1", "x2")]
    if i.startswith("deeplift_dense"):
        n = Net(x=["N", 4])
        aus = e.convert(n, n.op("Relu", n.linear("x", [[1, 2, 3, 4], [-1, -2, -3, -4]], [-1, 1])))
        return [(next(iter(e.run(aus, {"x": rows(x)}, *args, *base, "--multipliers", "--target", t)[0].values())), c["expected"]["task%d" % t]) for t in (0, 1)]
    if "revealcancel" in i and "min" in i:
        n = Net(x=["N", 2])
        h = n.op("Relu", n.linear("x", [[1.0, -1.0]]))
        return [(ask(e, n, n.op("Sub", n.take("x", 0), h), rows(x), *args, *base), c["expected"])]
    if i == "deeplift_conv1d_multipliers":
        n = Net(x=["N", 2, 4])
        y = n.linear(n.flatten(conv1d_lift(n)), [[1, 1, 1, -1, -1, -1]])
        return [(ask(e, n, y, np.asarray(x, float)[None], *args, *base, "--multipliers"), c["expected"])]
    if "pool" in i and "maxpool_" in i or i == "deeplift_avgpool_mult":
        n = Net(x=["N", 2, 4])
        pool = n.op("AveragePool" if "avg" in i else "MaxPool", "x", kernel_shape=[2], strides=[1])
        aus = e.convert(n, n.linear(n.flatten(pool), [[2, 2, 2, 3, 3, 3]]))
        mode = ["--rules", "maxpool=gradient"] if p.get("maxpool_mode") == "gradient" else []
        many = x if isinstance(x, dict) else {"": x}
        want = c["expected"] if isinstance(x, dict) else {"": c["expected"]}
        return [(next(iter(e.run(aus, {"x": np.asarray(many[k], float)[None]}, *args, *base, *mode, "--multipliers")[0].values())), want[k]) for k in many]
    if isinstance(c["model"], dict):
        raise SKIP("model '%s' is not built here" % c["model"].get("desc"))
    net, out = toy(c["model"], models)
    target = "sum" if c["target"] is None else c["target"]
    pairs = [(ask(e, net, out, rows(x), *args, *base, "--target", target), c["expected"])]
    return pairs


# ---- class activation maps ----------------------------------------------------------------------------------------

@group("cam")
def cam(c, e, models):
    p, i, x = c["params"], c["id"], c["inputs"]
    if i == "tfe_ponderate":
        # channels hold 1, 2, 4 and have gradients 1, 2, 3: x [1, 3, 3, 3] itself is the layer
        n = Net(x=["N", 3, 3, 3])
        h = n.op("Identity", "x")
        y = n.op("ReduceSum", n.op("Mul", n.op("Relu", "x", name="layer"), np.array([1, 2, 3.0]).reshape(1, 3, 1, 1)), n.constant([1, 2, 3], np.int64), keepdims=0)
        y = n.op("Unsqueeze", y, n.constant([1], np.int64))
        del h
        v = np.ones((1, 3, 3, 3)) * np.array([1, 2, 4.0]).reshape(1, 3, 1, 1)
        got = ask(e, n, y, v, "--method", "gradcam", "--layer", "layer")
        return [([got.ravel()[0]], [c["expected"]]), ([got.std()], [0])]
    if i == "tfe_ponderate" or c["model"] != "convnet1":
        raise SKIP("inner quantity: %s" % c["method"])
    net, out = toy("convnet1", models)
    args = ["--target", c["target"]]
    if "guided_gradcam" in i:
        args += ["--method", "guidedgradcam", "--layer", p["layer"]]
    elif p.get("attribute_to_layer_input"):
        args += ["--method", "gradcam", "--layer", "conv1", "--layer-input"]
    else:
        method = "gradcam++" if "plus" in i or "++" in c["method"] else "layercam" if "layercam" in i else "scorecam" if "score" in i else "gradcam"
        args += ["--method", method, "--layer", p.get("layer", "conv1").split()[0]]
    if p.get("relu_attributions") is False or p.get("relu") is False:
        args += ["--no-relu"]
    if p.get("interpolate"):
        args += ["--upsample", {"bilinear": "linear"}.get(p["interpolate"], p["interpolate"])] if "guided" in i else []
    return [(ask(e, net, out, image(x), *args), c["expected"])]


# ---- relevance -----------------------------------------------------------------------------------------------------

def rule_text(p):
    """A rule of the cases in the language of docs/lrp.md."""
    word = {"alpha_beta": "alphabeta", "identity": "pass", "zbox": "box"}.get(p["rule"], p["rule"])
    numbers = {"epsilon": ["epsilon"], "gamma": ["gamma"], "alphabeta": ["alpha", "beta"], "box": ["low", "high"]}.get(word, [])
    text = " ".join([word] + ["%.12g" % p[k] for k in numbers if k in p])
    if p.get("zero_params"):
        text += " zero_params=" + p["zero_params"]
    if "stabilizer" in p and word not in ("epsilon",):
        text += " eps=%.12g" % p["stabilizer"]
    return text


@group("lrp", "lrp-rules", "lrp-composite", "lrp-canonization", "lrp-recurrent", "lrp-attention")
def relevance(c, e, models):
    need("lrp")
    p, i, x = c["params"], c["id"], c["inputs"]
    target = "sum" if c["target"] is None else c["target"]
    if c["group"] == "lrp-composite":
        return [(ask(e, *composite(c), np.asarray(x, float)[None], "--method", "lrp", "--target", target, "--rules", composite_rules(p)), c["expected"])]
    special = {"lrp_alphabeta_invalid": invalid, "lrp_multi_input_add": multi_input, "canonize_bn_before_linear": canonise, "attnlrp_softmax": attn_softmax,
               "attnlrp_mul_uniform": attn_product}
    if i in special:
        return special[i](c, e, models)
    if c["group"] == "lrp-recurrent" and "lstm" in i:
        return lstm(c, e)
    if i == "lrp_maxpool2d":
        n = Net(x=["N", 1, 2, 2])
        y = n.flatten(n.op("MaxPool", "x", kernel_shape=[2, 2]))
        return [(ask(e, n, y, np.asarray(x, float)[None, None], "--method", "lrp", "--target", target), c["expected"])]
    if i.startswith("lrp_conv1d"):
        return conv1d(c, e)
    if i == "lrp_identity_first":
        rules = "; ".join("%s = %s" % (k, rule_text(v)) for k, v in p.items())
    elif "rule" in p:
        rules = "all = " + rule_text(p)
        if p["rule"] == "epsilon" and c["model"] in ("simple_tanh",):
            rules += "; activation = pass"
    else:
        raise SKIP("parameters %s" % p)
    if not isinstance(c["model"], str):
        raise SKIP("model '%s' is not built here" % (c["model"] or {}).get("desc"))
    net, out = toy(c["model"], models)
    data = image(x) if c["model"] == "convnet1" else rows(x)
    return [(ask(e, net, out, data, "--method", "lrp", "--rules", rules, "--target", target), c["expected"])]


def conv1d(c, e):
    n = Net(x=["N", 1, 5])
    m, p = c["model"], dict(c["params"])
    w, b = (m["W"], m["b"]) if "W" in m else (np.zeros((2, 1, 3)), [1.0, 1.0])  # flat: any weights; these make the output 1
    y = n.conv("x", w, b, strides=[p.pop("stride")], pads=[p.pop("padding")] * 2)
    return [(ask(e, n, n.flatten(y), np.asarray(c["inputs"], float)[None], "--method", "lrp", "--target", "sum", "--rules", "all = " + rule_text(p)), c["expected"])]


def composite(c):
    m = c["model"]
    n = Net(x=["N", 1, 4])
    if "conv1" in m:
        h = n.op("Relu", n.conv("x", m["conv1"]["W"], m["conv1"]["b"], name="conv1", pads=[1, 1]))
        h = n.op("Relu", n.conv(h, m["conv2"]["W"], m["conv2"]["b"], name="conv2"))
    else:
        h = n.op("MaxPool", n.op("Relu", n.conv("x", m["conv"]["W"], m["conv"]["b"], name="conv", pads=[1, 1])), kernel_shape=[2], strides=[2])
    return n, n.linear(n.flatten(h), m["fc"]["W"], m["fc"]["b"], name="fc")


def composite_rules(p):
    if p["composite"] == "EpsilonGammaBox":
        return "first = box %g %g; preset = zennit:EpsilonGammaBox" % (p["low"], p["high"])
    return "zennit:" + p["composite"]


def invalid(c, e, models):
    n, y = toy("mixed_linear", models)
    aus, x = e.convert(n, y), {"x": [[1.0, -0.5, 2.0]]}
    said = []
    for kind in ("accept", "reject"):
        for p in c["expected"][kind]:
            try:
                e.run(aus, x, "--method", "lrp", "--target", 0, "--rules", "all = alphabeta %g %g" % (p["alpha"], p["beta"]))
                said.append(1)
            except Refused as r:
                if r.code != 2:
                    raise
                said.append(0)
    return [(said, [1] * len(c["expected"]["accept"]) + [0] * len(c["expected"]["reject"]))]


def multi_input(c, e, models):
    n = Net(x=["N", 3], add_input=["N", 3])
    y = multilayer(n, n.op("Add", "x", "add_input", name="sum"), models["multilayer"])
    got = ask(e, n, y, {k: rows(v) for k, v in c["inputs"].items()}, "--method", "lrp", "--rules", "all = epsilon 1e-9; add = norm 1e-9", "--target", c["target"])
    return [(got[k], c["expected"][k]) for k in ("x", "add_input")]


def canonise(c, e, models):
    """The merged weights, read off: z-rule relevances at x are x_i W_ji, the rest of the score is the bias."""
    m, w = c["model"], models["mixed_linear"]
    n = Net(x=["N", 3])
    bn = n.op("BatchNormalization", "x", m["gamma"], m["beta"], m["mean"], m["var"], epsilon=c["params"]["eps"])
    aus, x = e.convert(n, n.linear(bn, w["W"], w["b"])), np.array([[1.0, -0.5, 2.0]], float)
    pairs = []
    for t in (0, 1):
        got, j = e.run(aus, {"x": x}, "--method", "lrp", "--rules", "all = lrp0; batch_norm = fold 0", "--target", t)
        r = next(iter(got.values()))
        pairs += [(r / x, c["expected"]["W"][t]), ([j["items"][0]["score"] - r.sum()], [c["expected"]["b"][t]])]
    return pairs


def attn_softmax(c, e, models):
    x = np.array(c["inputs"])
    s = np.exp(x) / np.exp(x).sum()
    n = Net(x=["N", 3])
    y = n.op("Mul", n.op("Softmax", "x", axis=-1), np.array(c["relevance_out"]) / s)  # so that the outputs are the relevance to start from
    return [(ask(e, n, y, rows(x), "--method", "lrp", "--rules", "mul = pass; preset = attnlrp", "--target", "sum"), c["expected"])]


def attn_product(c, e, models):
    a, b = np.array(c["inputs"]["a"]), np.array(c["inputs"]["b"])
    n = Net(a=["N", 2], b=["N", 2])
    y = n.op("Mul", n.op("Mul", "a", "b", name="product"), np.array(c["relevance_out"]) / (a * b), name="scale")
    got = ask(e, n, y, {"a": rows(a), "b": rows(b)}, "--method", "lrp", "--rules", "scale = pass; preset = attnlrp", "--target", "sum")
    return [(got[k], c["expected"]["R_" + k]) for k in "ab"]


def lstm(c, e):
    m, p = c["model"], c["params"]
    order = "iofc"  # ONNX
    key = {"i": "i", "o": "o", "f": "f", "c": "g"}
    w = [[m["Wx"][key[k]] for k in order]]
    r = [[[m["Wh"][key[k]]] for k in order]]
    b = [[m["b"][key[k]] for k in order] + [0.0] * 4]
    n = Net(x=[2, 1, 2])
    n.nodes.append(__import__("onnx").helper.make_node("LSTM", ["x", n.constant(w), n.constant(r), n.constant(b)], ["", "h"], name="lstm", hidden_size=1))
    y = n.linear(n.op("Squeeze", "h", n.constant([0], np.int64)), [m["Wy"]], name="out")
    x = np.array(c["inputs"], float)[:, None, :]
    rules = "preset = arras:lstm-eps1e-3" if not p["bias_factor"] else \
        "all = epsilon %g bias_factor=%g; recurrent = signal %g bias_factor=%g" % (p["eps"], p["bias_factor"], p["eps"], p["bias_factor"])
    got = ask(e, n, y, x, "--method", "lrp", "--rules", rules, "--target", 0)
    return [(got, c["expected"]["Rx"])]


# ---- hiding parts of the input (methods of src/attrib/perturb*) -------------------------------------------------------

@group("shap", "perturbation")
def hiding(c, e, models):
    import perturbation
    return perturbation.run(c, e, models)


@group("metrics")
def measures(c, e, models):
    raise SKIP("measure '%s'" % c["method"])
