"""Runs an ONNX graph at one or two batch sizes and notes, for every value, its shapes and whether it depends on data.

Shapes are thus known as numbers, never as formulas; whatever depends on shapes only (the Shape-Gather-Concat chains
that exporters emit, masks, positions) is a known array; and what differs between the two runs is what follows the
batch. `If` with a known condition is replaced by the branch taken.
"""

import numpy as np

from . import onnx_eval
from .errors import InputError
from .onnx_eval import Unsupported
from .onnx_model import Node

SHAPE_ONLY = ("Shape", "Size")
BATCHES = (2, 3)


def free_symbols(model):
    return list(dict.fromkeys(d for i in model.inputs for d in i.dims if isinstance(d, str)))


def make_inputs(model, batch, real, seed=7):
    """Reproducible input arrays: noise of audio's size. Integer inputs are refused: they select, they are not signals."""
    out = []
    for k, i in enumerate(model.inputs):
        dims = [batch if isinstance(d, str) else d for d in i.dims]
        if i.dtype is None or np.dtype(i.dtype).kind not in "fb":
            raise InputError("input '%s' is %s: make it a constant with --freeze %s=VALUE"
                             % (i.name, i.dtype, i.name))
        rng = np.random.Generator(np.random.PCG64([seed, k]))
        whole = rng.standard_normal([max([batch] + list(BATCHES)) if isinstance(d, str) else d for d in i.dims]) * 0.5
        x = whole[tuple(slice(0, n) for n in dims)].astype(np.float32)
        out.append(x > 0 if np.dtype(i.dtype).kind == "b" else x.astype(real))
    return out


class Run:
    """One execution. keep: values that depend on shapes only, by name."""

    def __init__(self, model, inputs, real):
        self.ctx = onnx_eval.Context(model.opset, real)
        self.env, self.dep, self.shape, self.kind, self.nodes = {}, set(), {}, {}, []
        self.absent = {}                                         # outputs that the evaluator does not give
        for name, a in model.inits.items():
            self._put(name, self.ctx.cast(a), False)
        for i, x in zip(model.inputs, inputs):
            self._put(i.name, x, True)
        self.last = {}
        for k, n in enumerate(model.nodes):
            for name in _reads(n):
                self.last[name] = k
        self.keep = set(model.outputs)
        for k, n in enumerate(model.nodes):
            self._node(n)
            for name in _reads(n):                                   # memory: data is dropped after its last reader
                if self.last[name] == k and name in self.dep and name not in self.keep:
                    self.env.pop(name, None)
        self.outputs = [self.env[o] if o in self.env else self._missing(o) for o in model.outputs]

    def _missing(self, name):
        if name in self.absent:
            raise Unsupported("operator %s (node '%s'): its output '%s'" % (*self.absent[name], name))
        raise InputError("output '%s' is computed by no node" % name)

    def _put(self, name, a, dep):
        self.env[name], self.shape[name], self.kind[name] = a, a.shape, a.dtype.kind
        if dep:
            self.dep.add(name)
        else:
            self.dep.discard(name)

    def _node(self, n):
        for i in n.inputs:
            if i in self.absent:
                raise Unsupported("operator %s (node '%s'): its output '%s'" % (*self.absent[i], i))
            if i and i not in self.env:
                raise InputError("node '%s' (%s) reads '%s', which nothing has written" % (n.name, n.op, i))
        if n.op == "If":
            return self._if(n)
        dep = n.op not in SHAPE_ONLY and any(i in self.dep for i in n.inputs if i)
        out = onnx_eval.run_node(self.ctx, n, [self.env[i] if i else None for i in n.inputs])
        for name, a in zip(n.outputs, out):
            if name and a is not None:
                self._put(name, a, dep)
        self.absent.update({o: (n.op, n.name) for o in n.outputs[len(out):] if o})
        self.nodes.append(n)
        return None

    def _if(self, n):
        if n.inputs[0] in self.dep:
            raise Unsupported("operator If (node '%s'): its condition depends on the input's values" % n.name)
        branch = n.attrs["then_branch" if bool(self.env[n.inputs[0]].reshape(-1)[0]) else "else_branch"]
        for name, a in branch.inits.items():
            self._put(name, self.ctx.cast(a), False)
        for inner in branch.nodes:
            self._node(inner)
        for inner, outer in zip(branch.outputs, n.outputs):
            self._node(Node("Identity", n.name, [inner], [outer], {}))


def _reads(n):
    """Names a node reads, its branches included."""
    names = [i for i in n.inputs if i]
    for v in n.attrs.values():
        if hasattr(v, "nodes"):
            for inner in v.nodes:
                names += _reads(inner)
            names += v.outputs
    return names


class Probe:
    """Shapes and known values over the runs. batch: the free symbol, or None when every dimension is fixed."""

    def __init__(self, model, free=True):
        symbols = free_symbols(model)
        if len(symbols) > 1 or any(s not in (i.dims[0] for i in model.inputs if i.dims) for s in symbols):
            first = next((s for i in model.inputs for s in i.dims[:1] if isinstance(s, str)), None)
            rest = [s for s in symbols if s != first]
            name = next(i for i in model.inputs if any(d in rest for d in i.dims))
            raise InputError("input '%s' has the free dimensions [%s]: only the batch may stay free; fix the rest with "
                             "--fix-input %s=%s" % (name.name, ", ".join(map(str, name.dims)), name.name,
                                                    "x".join("N" if d in rest else str(d) for d in name.dims)))
        self.model, self.batch = model, symbols[0] if symbols and free else None
        sizes = BATCHES if self.batch else (1,)
        self.runs = [Run(model, make_inputs(model, b, np.float32 if self.batch else np.float64),
                         np.float32 if self.batch else np.float64) for b in sizes]
        self.sizes, self.nodes = sizes, self.runs[0].nodes
        if [(n.op, n.outputs) for n in self.runs[-1].nodes] != [(n.op, n.outputs) for n in self.nodes]:
            raise InputError("the graph takes other branches for other batch sizes")

    def input_dims(self):
        return [(i.name, [(-1 if self.batch else 1) if isinstance(d, str) else d for d in i.dims])
                for i in self.model.inputs]

    def depends(self, name):
        return any(name in r.dep for r in self.runs)

    def shapes(self, name):
        return [tuple(r.shape[name]) for r in self.runs]

    def values(self, name):
        """Arrays over the runs of a value that does not depend on data."""
        return [r.env[name] for r in self.runs]

    def golden(self):
        """(inputs, outputs) at batch 1 in double precision."""
        x = make_inputs(self.model, 1, np.float64)
        outputs = Run(self.model, x, np.float64).outputs if self.batch else self.runs[0].outputs
        return x, outputs
