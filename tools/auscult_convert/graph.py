"""A graph under construction: values are names, parameters are float32 arrays, nodes are in execution order.

The builder checks what can be checked without shapes: op names, attribute names, the number of operands, that
every value is written before it is read and only once. Attribute order comes from ops.def.
"""

import struct
from collections import namedtuple

import numpy as np

from .errors import ConvertError
from .opsdef import OPS

Node = namedtuple("Node", "op name inputs outputs words")   # inputs: names or None; words: 32-bit ints


def word_i(v):
    """An int32 as the 32-bit word that holds it."""
    v = int(v)
    if not -2**31 <= v < 2**31:
        raise ConvertError("attribute value %d does not fit 32 bits" % v)
    return v & 0xffffffff


def word_f(v):
    return struct.unpack("<I", struct.pack("<f", float(v)))[0]


def arity(spec, kind):
    """(least, most) operands of ops.def's list; most None: any number."""
    if any(s.endswith("...") for s in spec):
        return 1, None
    optional = sum(s.endswith("?") for s in spec)
    least = len(spec) - optional
    return (least if kind == "in" else 1), len(spec)


class Graph:
    def __init__(self):
        self.inputs = []      # [(name, dims)], -1: free
        self.outputs = []     # [name]
        self.params = {}      # name -> float32 array, in order
        self.nodes = []
        self._known = set()
        self._n = 0

    def fresh(self, hint):
        """A value name that is not taken."""
        name = hint
        while name in self._known:
            self._n += 1
            name = "%s_%d" % (hint, self._n)
        return name

    def _claim(self, name):
        if name in self._known:
            raise ConvertError("value '%s' is written twice" % name)
        self._known.add(name)
        return name

    def input(self, name, dims):
        self.inputs.append((self._claim(name), [int(d) for d in dims]))
        return name

    def param(self, name, array):
        a = np.ascontiguousarray(np.asarray(array), dtype=np.float32)
        if a.ndim > 6:
            raise ConvertError("parameter '%s' has %d dimensions; the engine takes 6" % (name, a.ndim))
        if not np.isfinite(a).all():
            raise ConvertError("parameter '%s' holds NaN or infinity" % name)
        self.params[self._claim(name)] = a
        return name

    def output(self, name):
        if name not in self._known:
            raise ConvertError("output '%s' is not computed" % name)
        self.outputs.append(name)

    def op(self, op, inputs, out=None, name="", n_out=1, **attrs):
        """Adds a node. out: a name, a list of names, or None (one is made). Returns the first output's name, or the
        list when out was a list. An attribute of ops.def that is not given is a zero word (left out when trailing)."""
        if op not in OPS:
            raise ConvertError("the engine has no op '%s'" % op)
        spec = OPS[op]
        inputs = [inputs] if isinstance(inputs, str) else list(inputs)
        while inputs and inputs[-1] is None:
            inputs.pop()
        for i in inputs:
            if i is not None and i not in self._known:
                raise ConvertError("node '%s' (%s) reads '%s', which nothing has written" % (name, op, i))
        least, most = arity(spec.inputs, "in")
        if len(inputs) < least or (most is not None and len(inputs) > most):
            raise ConvertError("%s takes %s inputs, not %d" % (op, spec.inputs, len(inputs)))
        single = not isinstance(out, (list, tuple))
        outs = [out or self.fresh(name or op)] if single else list(out)
        words = self._words(spec, attrs)
        for o in outs:
            self._claim(o)
        self.nodes.append(Node(spec, name or outs[0], inputs, outs, words))
        return outs[0] if single else outs

    @staticmethod
    def _words(spec, attrs):
        words = []
        for a in spec.attrs:
            v = attrs.pop(a.name, None)
            if a.rest:
                words += [(word_i if a.kind == "i" else word_f)(x) for x in (v if v is not None else [])]
            else:
                words.append((word_i if a.kind == "i" else word_f)(v or 0))
        if attrs:
            raise ConvertError("%s has no attribute '%s'" % (spec.name, sorted(attrs)[0]))
        return words

    def prune(self):
        """Drops nodes and parameters that no output needs (a network input is kept: it is the contract)."""
        needed, nodes = set(self.outputs), []
        for node in reversed(self.nodes):
            if any(o in needed for o in node.outputs):
                nodes.append(node)
                needed.update(i for i in node.inputs if i is not None)
        self.nodes = nodes[::-1]
        self.params = {k: v for k, v in self.params.items() if k in needed}
