"""Maps ONNX nodes to the ops of ops.def. The heart: names, constants, shapes that follow the batch, reshapes.

    Mapper(probe).run() -> Graph
One rule per ONNX operator; they live in onnx_rules_*.py and are written in terms of the methods here. An operator without
a rule whose value depends on the input is an error that names the operator and the node.
"""

import numpy as np

from .errors import InputError
from .graph import Graph
from .onnx_eval import Unsupported

RULES = {}
BIG = 2**31 - 1
LOWEST = -2**31


def rule(*names):
    def put(fn):
        for n in names:
            RULES[n] = fn
        return fn
    return put


class Mapper:
    def __init__(self, probe):
        self.p, self.opset = probe, probe.model.opset
        self.g, self.at = Graph(), {}                # at: ONNX name -> name in our graph
        self.node = None

    # -- driving ------------------------------------------------------------------------------------------------------

    def run(self):
        for name, dims in self.p.input_dims():
            self.at[name] = self.g.input(name, dims)
        live = self._live()
        for n in self.p.nodes:
            if any(o in live for o in n.outputs if o):
                self._map(n)
        for name in self.p.model.outputs:
            v = self.value(name)
            if v != name or v in self.g.outputs or any(v == i for i, _ in self.g.inputs) or v in self.g.params:
                v = self.g.op("identity", v, out=self.g.fresh(name))
            self.g.output(v)
        self.g.prune()
        return self.g

    def _live(self):
        """Values that depend on data and lead to an output."""
        live = {o for o in self.p.model.outputs if self.p.depends(o)}
        for n in reversed(self.p.nodes):
            if any(o in live for o in n.outputs):
                live.update(i for i in n.inputs if i and self.p.depends(i))
        return live

    def _map(self, n):
        self.node = n
        if n.op not in RULES:
            raise Unsupported("operator %s (node '%s') is not supported on data that depends on the input"
                              % (n.op, n.name))
        try:
            RULES[n.op](self, n, n.attrs)
        except Unsupported as e:
            raise Unsupported("operator %s (node '%s'): %s" % (n.op, n.name, e)) from None

    # -- what is known --------------------------------------------------------------------------------------------------

    def has(self, n, i):
        return len(n.inputs) > i and bool(n.inputs[i])

    def shapes(self, name):
        return self.p.shapes(name)

    def rank(self, name):
        return len(self.p.shapes(name)[0])

    def dim(self, name, axis):
        """A dimension that must not follow the batch."""
        d = {s[axis] for s in self.p.shapes(name)}
        if len(d) > 1:
            raise Unsupported("dimension %d follows the batch" % axis)
        return d.pop()

    def known(self, name):
        """The array of a value that is the same for any input and batch, or None."""
        if self.p.depends(name):
            return None
        v = self.p.values(name)
        return v[0] if all(a.shape == v[0].shape and np.array_equal(a, v[0], equal_nan=a.dtype.kind == "f")
                           for a in v[1:]) else None

    def need(self, n, i, what):
        """Input i as a known array, or None when left out."""
        if not self.has(n, i):
            return None
        a = self.known(n.inputs[i])
        if a is None:
            raise Unsupported("its %s must be a constant" % what)
        return a

    def ints(self, n, i, what):
        a = self.need(n, i, what)
        return None if a is None else [int(x) for x in a.reshape(-1)]

    # -- values ---------------------------------------------------------------------------------------------------------

    def param(self, hint, array):
        """A parameter; equal arrays under one hint are one parameter. Scalars become [1]."""
        a = np.ascontiguousarray(array, dtype=np.float32)
        a = a.reshape(1) if a.ndim == 0 else a
        if hint in self.g.params and np.array_equal(self.g.params[hint], a) and self.g.params[hint].shape == a.shape:
            return hint
        return self.g.param(self.g.fresh(hint), a)

    def value(self, name):
        """The name in our graph of an ONNX value, whatever makes it."""
        if name in self.at:
            return self.at[name]
        if self.p.depends(name):
            raise InputError("value '%s' was not mapped" % name)
        known = self.known(name)
        if known is not None:
            self.at[name] = self.param(name, known)
            if known.ndim == 0 and name in self.p.model.outputs:
                self.at[name] = self.g.op("reshape", self.at[name], name=name, dims=[])
        else:
            self.at[name] = self._per_batch(name)
        return self.at[name]

    def _per_batch(self, name):
        """A known value whose shape follows the batch: one item, plus zeros as long as the batch."""
        v = self.p.values(name)
        base = v[0]
        for axis in range(base.ndim):
            if len({a.shape[axis] for a in v}) > 1:
                base = base[tuple(slice(0, 1) if i == axis else slice(None) for i in range(base.ndim))]
        if not all(a.ndim == base.ndim and np.array_equal(np.broadcast_to(base, a.shape), a) for a in v):
            raise InputError("value '%s' depends on the batch size; convert with --batch 1" % name)
        return self.g.op("add", [self.zeros(self.p.shapes(name)), self.param(name + ".one", base)], name=name)

    def zeros(self, shapes):
        """Zeros of shape 1 except where the given shapes follow the batch."""
        rank = len(shapes[0])
        axes = [i for i in range(rank) if len({s[i] for s in shapes}) > 1]
        if len(axes) != 1 or [s[axes[0]] for s in shapes] != list(self.p.sizes):
            raise InputError("a value of shape %s for batch %d; convert with --batch 1" % (shapes[0], self.p.sizes[0]))
        source = next(i.name for i in self.p.model.inputs if i.dims and isinstance(i.dims[0], str))
        words = [0, BIG, 1] + [0, 1, 1] * (self.rank(source) - 1)
        one = self.g.op("slice", self.at[source], name="batch", start_end_step=words)
        zero = self.g.op("mul", [one, self.param("zero", 0.0)], name="batch.zeros")
        return self.g.op("reshape", zero, name="batch.zeros", dims=[-1 if i == axes[0] else 1 for i in range(rank)])

    # -- emitting -------------------------------------------------------------------------------------------------------

    def emit(self, op, inputs, out=None, **attrs):
        """A node of ours; out: the ONNX value it gives. Without out, an intermediate."""
        hint = out if out else self.node.outputs[0] + "." + op
        name = self.g.op(op, inputs, out=self.g.fresh(hint), name=self.node.name, **attrs)
        if out:
            self.at[out] = name
        return name

    def alias(self, name, out):
        self.at[out] = name

    def scalar(self, v):
        return self.param("%.9g" % float(v), float(v))

    def reshape(self, x, before, after, out=None):
        """Reshape between two lists of shapes over the runs; dimensions that follow the batch become 0 or -1."""
        if list(before) == list(after):
            if out:
                self.alias(x, out)
            return x
        if any(0 in s for s in after):
            raise Unsupported("empty tensors")
        dims, inferred = [], 0
        for i in range(len(after[0])):
            d = {s[i] for s in after}
            if len(d) == 1:
                dims.append(d.pop())
            elif all(i < len(b) and b[i] == s[i] for b, s in zip(before, after)):
                dims.append(0)
            else:
                dims.append(-1)
                inferred += 1
        if inferred > 1:
            raise Unsupported("a reshape that spreads the batch over two dimensions; convert with --batch 1")
        return self.emit("reshape", x, out, dims=dims)

    def to_shape(self, n, out=0):
        """The node is a reshape of its first input, whatever its name."""
        x = n.inputs[0]
        self.reshape(self.value(x), self.shapes(x), self.shapes(n.outputs[out]), n.outputs[out])
