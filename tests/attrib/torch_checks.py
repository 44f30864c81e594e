"""What each network of torch_nets.py is asked, and the answers from formulas."""

import os
import subprocess
import sys

import numpy as np
import onnx
import torch
from torch import nn

import formulas
from nets import CONVERT, Explainer, Refused
from torch_nets import make

COUNTS = {"passed": 0, "failed": 0, "skipped": 0}


def report(name, why):
    COUNTS["failed" if why else "passed"] += 1
    print("%s: %s%s" % ("failed" if why else "passed", name, ": " + why if why else ""), flush=True)


def same(name, got, want, tolerance=1e-4):
    got, want = np.asarray(got, float), np.asarray(want, float)
    if got.size != want.size:
        return report(name, "shape %s, want %s" % (got.shape, want.shape))
    size = max(np.abs(want).max(), 1e-6)
    worst = np.abs(got.ravel() - want.ravel()).max() / size
    report(name, None if worst <= tolerance else "apart by %.3g of the largest" % worst)


class Case:
    def __init__(self, e, name, module, inputs, fixed=False):
        self.e, self.name, self.module, self.inputs, self.aus = e, name, module, inputs, e.path(name + ".aus")
        self.names = ["left", "right"][:len(inputs)] if len(inputs) > 1 else ["x"]
        path = e.path(name + ".onnx")
        outputs = ["y", "z"][:2 if isinstance(module(*inputs), tuple) else 1]
        example = tuple(x[:1] if fixed else x for x in inputs)
        axes = {} if fixed else {n: {0: "n"} for n in self.names + outputs}
        torch.onnx.export(module, example, path, input_names=self.names, output_names=outputs, dynamic_axes=axes, opset_version=13)
        r = subprocess.run([sys.executable, CONVERT, path, "-o", self.aus], capture_output=True, text=True)
        if r.returncode:
            raise Refused(r.returncode, r.stderr)

    def f(self, *x):
        y = self.module(*x)
        return y[0] if isinstance(y, tuple) else y

    def ask(self, *arguments):
        got, j = self.e.run(self.aus, {n: x.numpy() for n, x in zip(self.names, self.inputs)}, *arguments)
        return [got[n] for n in self.names] if set(self.names) <= set(got) else list(got.values()), j

    def check(self, what, want, *arguments, tolerance=1e-4):
        try:
            got, j = self.ask(*arguments)
        except Refused as e:
            report("%s %s" % (self.name, what), str(e))
            return None
        for k, w in enumerate(want):
            same("%s %s%s" % (self.name, what, " (%s)" % self.names[k] if len(want) > 1 else ""), got[k], w, tolerance)
        return j


def score_of(case, target):
    """Sum over items of the target's score; target: None (highest of each item), a number, or one per item."""
    def score(*x):
        y = case.f(*x)
        t = y.argmax(1) if target is None else torch.full((len(y),), target) if isinstance(target, int) else torch.tensor(target)
        return y.gather(1, t[:, None]).sum()
    return score


def gradient(score, x):
    x = [v.clone().requires_grad_() for v in x]
    return [g.numpy() for g in torch.autograd.grad(score(*x), x)]


def gauss(score, x, n):
    node, weight = np.polynomial.legendre.leggauss(n)
    total = [np.zeros(v.shape) for v in x]
    for a, w in zip((node + 1) / 2, weight / 2):
        for t, g in zip(total, gradient(score, [v * float(a) for v in x])):
            t += w * g
    return [t * v.numpy() for t, v in zip(total, x)]


def for_all(case):
    x, score = case.inputs, score_of(case, 1)
    g = gradient(score, x)
    case.check("gradient", g, "--method", "gradient", "--target", 1)
    case.check("gradient of the highest", gradient(score_of(case, [int(k) for k in case.f(*x).argmax(1)]), x), "--method", "gradient")
    per = [k % 2 for k in range(len(x[0]))]
    case.check("gradient, a target per item", gradient(score_of(case, per), x), "--method", "gradient", "--target", ",".join(map(str, per)))
    case.check("input x gradient", [a * b.numpy() for a, b in zip(g, x)], "--method", "ixg", "--target", -case.f(*x).shape[1] + 1)
    case.check("smoothgrad of one sample", g, "--method", "smoothgrad", "--samples", 1, "--target", 1)
    case.check("integrated gradients, 9 nodes", gauss(score, x, 9), "--method", "ig", "--steps", 9, "--target", 1)
    adds_up(case, "ig", "--method", "ig", "--target", 1)
    adds_up(case, "deeplift", "--method", "deeplift", "--from", "output", "--target", 1)
    seeds(case)
    window = [1] * (x[0].dim() - 1)
    window[-1] = 3
    word = ",".join(["x".join(map(str, window))] * len(x))
    case.check("occlusion", formulas.occlusion(lambda *v: case.f(*v)[:, 1], x, window), "--method", "occlusion", "--window", word, "--stride", ",".join(["x".join("1" * len(window))] * len(x)), "--target", 1)


def adds_up(case, name, *arguments):
    try:
        got, j = case.ask(*arguments)
    except Refused as e:
        return report("%s %s adds up" % (case.name, name), str(e))
    # of what is added: where contributions cancel, their own size is what float32 can round
    size = [sum(np.abs(v[i]).sum() for v in got) for i in range(len(j["items"]))]
    gaps = [abs(i["gap"]) / max(abs(i["score"] - i["score_none"]), 0.1 * s) for i, s in zip(j["items"], size)]
    report("%s %s adds up" % (case.name, name), None if max(gaps) <= 1e-4 else "gaps %s" % gaps)


def seeds(case):
    try:
        check_seeds(case)
    except Refused as e:
        report("%s smoothgrad's seeds" % case.name, str(e))


def check_seeds(case):
    ask = lambda seed: np.concatenate([v.ravel() for v in case.ask("--method", "smoothgrad", "--samples", 3, "--seed", seed, "--target", 1)[0]])
    a, b, c = ask(1), ask(1), ask(2)
    report("%s smoothgrad's seeds" % case.name, None if (a == b).all() and (a != c).any() else "the same seed differs, or another does not")


# ---- chains: rules that can be written down layer by layer ------------------------------------------------------------------

def for_chains(case):
    layers = [m for m in case.module if not isinstance(m, (nn.Sigmoid, nn.Softmax))]
    x = case.inputs[0]
    for rule, text in (("epsilon", "all = epsilon 1e-6"), ("zplus", "all = zplus"), ("gamma", "all = gamma 0.25"), ("alphabeta", "all = alphabeta 2 1")):
        case.check("lrp " + rule, [formulas.relevance(layers, x, 1, rule)], "--method", "lrp", "--rules", text, "--target", 1, tolerance=2e-4)
    base = torch.full_like(x, 0.1)
    case.check("deeplift", [formulas.deeplift(layers, x, base, 1)], "--method", "deeplift", "--baseline", 0.1, "--target", 1)
    score = score_of(case, 1)
    case.check("guided backpropagation", [formulas.guided(case.module, x, score)], "--method", "guided", "--target", 1)
    convs = [k for k, m in enumerate(case.module) if isinstance(m, (nn.Conv1d, nn.Conv2d))]
    for n, k in enumerate(convs):
        want = formulas.gradcam(case.module, k, x, score)
        try:
            got = case.ask("--method", "gradcam", "--layer", conv_name(case, n), "--target", 1)[0][0]
        except Refused as e:
            report("%s grad-cam at convolution %d" % (case.name, n), str(e))
            continue
        same("%s grad-cam at convolution %d" % (case.name, n), got, want)


def conv_name(case, n):
    """The n-th convolution as the file calls it."""
    return [v.name or v.output[0] for v in onnx.load(case.e.path(case.name + ".onnx")).graph.node if v.op_type == "Conv"][n]


def run(auscult, names):
    e = Explainer(auscult)
    for name, (module, inputs, how) in make().items():
        if names and name not in names:
            continue
        try:
            case = Case(e, name, module, inputs, **how)
        except Refused as r:
            report(name, str(r))
            continue
        for_all(case)
        if name.startswith("chain") or name == "fixed_batch":
            for_chains(case)
    return COUNTS
