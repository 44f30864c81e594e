"""What a converter hands back: metadata, a graph and tensors beside its parameters; and the golden vector."""

import numpy as np

from . import VERSION
from .errors import ConvertError


class Bundle:
    def __init__(self, graph, meta):
        self.graph, self.tensors, self.note, self.given = graph, {}, "", {}
        self.meta = {"converter": "auscult-convert " + VERSION, **meta}

    def golden(self, inputs, outputs, tolerance, source):
        """Embeds what an independent forward pass gives: one array per graph input and output, in order."""
        inputs = [np.ascontiguousarray(x, dtype=np.float32) for x in inputs]
        outputs = [np.ascontiguousarray(y, dtype=np.float32) for y in outputs]
        if len(inputs) != len(self.graph.inputs) or len(outputs) != len(self.graph.outputs):
            raise ConvertError("the golden vector does not match the graph's inputs and outputs")
        for (name, dims), x in zip(self.graph.inputs, inputs):
            if len(dims) != x.ndim or any(d not in (-1, n) for d, n in zip(dims, x.shape)):
                raise ConvertError("golden input '%s' has shape %s, the graph wants %s" % (name, x.shape, dims))
        names = {}
        for kind, arrays in (("input", inputs), ("output", outputs)):
            names[kind] = ["golden.%s" % kind + (".%d" % i if i else "") for i in range(len(arrays))]
            self.tensors.update(zip(names[kind], arrays))
            self.meta["golden.%s" % kind] = names[kind][0]
            if len(arrays) > 1:
                self.meta["golden.%ss" % kind] = names[kind]
        self.meta["golden.tolerance"] = float(tolerance)
        self.meta["golden.source"] = source


def pseudo_log_mel(shape, mean, deviation, low, seed=2020):
    """A reproducible input of a log-mel's size and smoothness (the golden vector needs no real music)."""
    rng = np.random.Generator(np.random.PCG64(seed))
    x = rng.standard_normal(shape)
    for axis in (-1, -2):
        x = (x + np.roll(x, 1, axis)) / np.sqrt(2.0)
    return np.maximum(mean + deviation * x, low).astype(np.float32)
