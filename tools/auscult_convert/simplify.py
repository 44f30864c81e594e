"""Rewrites that exporters make necessary: several nodes that are one op of ours become it.

  x (1 + erf(x / sqrt 2)) / 2                       -> gelu
  x sigmoid(x)                                      -> silu
  reshape, instance_norm, reshape [, scale, shift]  -> group_norm
  (x - mean) / sqrt(mean of squares + eps) [, scale, shift] -> layer_norm
  linear, then + a vector                           -> linear with bias
  reshape of a reshape                              -> reshape
Each is exact up to rounding. A value that somebody else reads, or that is an output, is left where it is.
"""

import math
import struct

import numpy as np

from .graph import Node, word_f, word_i
from .opsdef import OPS


def _f(word):
    return struct.unpack("<f", struct.pack("<I", word))[0]


def _i(word):
    return word - 2**32 if word >= 2**31 else word


class _View:
    """The graph by producers and readers; rebuilt after every pass."""

    def __init__(self, graph):
        self.g = graph
        self.maker = {o: n for n in graph.nodes for o in n.outputs}
        self.readers = {}
        for n in graph.nodes:
            for i in n.inputs:
                self.readers.setdefault(i, []).append(n)
        self.outputs = set(graph.outputs)

    def by(self, name, *ops):
        """The node that makes a value, when it is one of these ops."""
        n = self.maker.get(name)
        return n if n is not None and n.op.name in ops else None

    def lone(self, name):
        """Exactly one reader, and no output of the graph."""
        return len(self.readers.get(name, [])) == 1 and name not in self.outputs

    def scalar(self, name):
        a = self.g.params.get(name)
        return float(a.reshape(-1)[0]) if a is not None and a.size == 1 else None

    def sides(self, node):
        """Both orders of a commutative node's operands."""
        a, b = node.inputs
        return ((a, b), (b, a))


def _node(op, name, inputs, out, words=()):
    return Node(OPS[op], name, list(inputs), [out], list(words))


def _gelu(v, last):
    """last: mul. Every order of x * (erf(x / sqrt2) + 1) * 0.5 is tried."""
    factors, dead = [], [last]

    def gather(name, depth):
        n = v.by(name, "mul")
        if n is not None and v.lone(name) and depth < 2:
            dead.append(n)
            for i in n.inputs:
                gather(i, depth + 1)
        else:
            factors.append(name)

    for i in last.inputs:
        gather(i, 0)
    if len(factors) != 3:
        return None
    half = [f for f in factors if v.scalar(f) is not None and abs(v.scalar(f) - 0.5) < 1e-6]
    one = [f for f in factors if v.by(f, "add") is not None and v.lone(f)]
    rest = [f for f in factors if f not in half and f not in one]
    if len(half) != 1 or len(one) != 1 or len(rest) != 1:
        return None
    x = rest[0]
    for e, c in v.sides(v.maker[one[0]]):
        erf = v.by(e, "erf")
        if v.scalar(c) == 1.0 and erf is not None and v.lone(e):
            inner = v.by(erf.inputs[0], "div", "mul")
            if inner is None or not v.lone(erf.inputs[0]) or inner.inputs[0] != x:
                continue
            k = v.scalar(inner.inputs[1])
            if k and abs((1 / k if inner.op.name == "div" else k) - math.sqrt(0.5)) < 1e-5:
                return dead + [v.maker[one[0]], erf, inner], _node("gelu", last.name, [x], last.outputs[0], [0])
    return None


def _silu(v, last):
    for x, s in v.sides(last):
        sig = v.by(s, "sigmoid")
        if sig is not None and v.lone(s) and sig.inputs[0] == x:
            return [last, sig], _node("silu", last.name, [x], last.outputs[0])
    return None


def _affine(v, node, good):
    """node, times a parameter that `good` accepts, plus another: (nodes, scale, shift, last node)."""
    nodes, out = [], [None, None]
    for k, op in enumerate(("mul", "add")):
        r = v.readers.get(node.outputs[0], [])
        if len(r) != 1 or not v.lone(node.outputs[0]) or r[0].op.name != op:
            break
        other = [i for i in r[0].inputs if i != node.outputs[0]]
        if len(other) != 1 or other[0] not in v.g.params or not good(v.g.params[other[0]]):
            break
        out[k] = other[0]
        nodes.append(r[0])
        node = r[0]
    if out[0] is None or out[1] is None:
        return [], None, None, None
    return nodes, out[0], out[1], node


def _layer_norm(v, div):
    """(x - m) / sqrt(mean((x - m)^2) + eps), means over the last axis; the square is a product or (x - m) again."""
    sub, root = v.by(div.inputs[0], "sub"), v.by(div.inputs[1], "sqrt")
    if sub is None or root is None or not v.lone(div.inputs[1]):
        return None
    plus = v.by(root.inputs[0], "add")
    mean = v.by(sub.inputs[1], "reduce_mean")
    if plus is None or mean is None or mean.inputs[0] != sub.inputs[0] or not v.lone(sub.inputs[1]):
        return None
    for var, eps in v.sides(plus):
        e, rm = v.scalar(eps), v.by(var, "reduce_mean")
        if e is None or rm is None or rm.words != mean.words or not v.lone(var):
            continue
        sq = v.by(rm.inputs[0], "mul")
        if sq is None or sq.inputs != [sub.outputs[0]] * 2 or not v.lone(rm.inputs[0]):
            continue
        bits, keep = mean.words
        axes = [i for i in range(32) if bits >> i & 1]
        if len(axes) != 1 or not keep or {id(n) for n in v.readers[sub.outputs[0]]} != {id(div), id(sq)}:
            continue
        more, scale, shift, last = _affine(v, div, lambda a: a.ndim == 1 and a.size > 1)
        if last is None or sub.outputs[0] in v.outputs:          # without the vector the axis is not known to be the last
            continue
        return [mean, sub, sq, rm, plus, root, div] + more, _node(
            "layer_norm", div.name, [sub.inputs[0], scale, shift], last.outputs[0], [word_i(-1), word_f(e)])
    return None


def _group_norm(v, norm):
    """reshape to [mb, groups, n], instance norm without effect of its own, reshape back, a vector per channel."""
    before = v.by(norm.inputs[0], "reshape")
    scale, shift = (v.g.params.get(i) for i in (norm.inputs + [None, None])[1:3])
    r = v.readers.get(norm.outputs[0], [])
    if before is None or not v.lone(norm.inputs[0]) or not v.lone(norm.outputs[0]) or r[0].op.name != "reshape":
        return None
    if scale is None or shift is None or not (scale == 1).all() or not (shift == 0).all():
        return None
    back, dims = r[0], [_i(w) for w in r[0].words]
    if len(before.words) != 3 or len(dims) < 3 or _i(before.words[1]) != scale.size or dims[1] < 1 or \
            _i(before.words[0]) not in (0, dims[0]):
        return None

    def per_channel(a):
        want = (dims[1],) + (1,) * (len(dims) - 2)
        return a.shape in (want, (1,) + want)

    more, s, b, last = _affine(v, back, per_channel)
    if last is None or not _keeps_shape(v, before.inputs[0], dims):
        return None
    for name in (s, b):
        if name + ".channel" not in v.g.params:
            v.g.param(name + ".channel", v.g.params[name].reshape(-1))
    return [before, norm, back] + more, _node("group_norm", norm.name, [before.inputs[0], s + ".channel", b + ".channel"],
                                              last.outputs[0], [word_i(scale.size), norm.words[0]])


def _keeps_shape(v, name, dims):
    """Is [dims] the shape that the value had before? Known when its maker is a convolution of dims[1] channels."""
    n = v.by(name, "conv", "conv_transpose")
    if n is None or n.inputs[1] not in v.g.params:
        return False
    w = v.g.params[n.inputs[1]]
    groups = max(1, n.words[8] if len(n.words) > 8 else 1)
    channels = w.shape[0] if n.op.name == "conv" else w.shape[1] * groups
    return channels == dims[1] and w.ndim == len(dims)


def _bias(v, add):
    for x, b in v.sides(add):
        lin, a = v.by(x, "linear"), v.g.params.get(b)
        if lin is not None and v.lone(x) and len(lin.inputs) == 2 and a is not None and a.ndim == 1 and \
                a.size == v.g.params.get(lin.inputs[1], np.empty((0, 0))).shape[0]:
            return [lin, add], _node("linear", lin.name, [lin.inputs[0], lin.inputs[1], b], add.outputs[0])
    return None


def _reshapes(v, second):
    """Only the last of two reshapes counts, unless it copies dimensions of the first."""
    first = v.by(second.inputs[0], "reshape")
    if first is None or not v.lone(second.inputs[0]):
        return None
    words = list(second.words)
    for k, w in enumerate(words):
        if w == 0:
            if k >= len(first.words) or (first.words[k] != 0 and _i(first.words[k]) < 0):
                return None
            words[k] = first.words[k]
    if any(_i(w) == 0 and any(_i(f) < 0 for f in first.words[:k]) for k, w in enumerate(words)):
        return None
    return [first, second], _node("reshape", second.name, [first.inputs[0]], second.outputs[0], words)


PATTERNS = [("mul", _gelu), ("mul", _silu), ("div", _layer_norm), ("instance_norm", _group_norm), ("add", _bias),
            ("reshape", _reshapes)]


def simplify(graph):
    """Applies the patterns until none fits. The graph keeps its inputs, outputs and the names of what remains."""
    for op, pattern in PATTERNS:
        view = _View(graph)
        for node in list(graph.nodes):
            if node.op.name != op or view.maker.get(node.outputs[0]) is not node:
                continue
            found = pattern(view, node)
            if found:
                dead, new = found
                ids = {id(n) for n in dead}
                last = max(i for i, n in enumerate(graph.nodes) if id(n) in ids)
                graph.nodes[last] = new
                graph.nodes = [n for n in graph.nodes if id(n) not in ids]
                view = _View(graph)
    graph.prune()
    return graph
