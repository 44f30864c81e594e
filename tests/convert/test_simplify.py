"""The rewrites: what exporters spell out becomes one op, computes the same, and is left alone where somebody looks inside."""

import collections
import math
import unittest

import numpy as np

from helpers import module
from auscult_convert.graph import Graph
from auscult_convert.simplify import simplify


def ops(g):
    return dict(collections.Counter(n.op.name for n in g.nodes))


class Simplify(unittest.TestCase):
    def setUp(self):
        module("torch")
        self.run_graph = module("auscult_convert.interp").run
        self.rng = np.random.default_rng(0)

    def check(self, g, x, want):
        before = self.run_graph(g, [x])
        simplify(g)
        self.assertEqual(ops(g), want)
        for a, b in zip(self.run_graph(g, [x]), before):
            self.assertLess(abs(a - b).max(), 2e-6)

    def gelu(self, half_first, tap=False):
        g = Graph()
        x = g.input("x", [3, 5])
        root, one, half = (g.param(n, [v]) for n, v in (("r", math.sqrt(2)), ("one", 1), ("half", 0.5)))
        e = g.op("add", [g.op("erf", g.op("div", [x, root])), one], out="inner")
        y = g.op("mul", [g.op("mul", [x, half]), e]) if half_first else g.op("mul", [g.op("mul", [x, e]), half])
        g.output(y)
        if tap:
            g.output("inner")
        return g

    def test_gelu(self):
        x = self.rng.standard_normal((3, 5)).astype(np.float32)
        for half_first in (False, True):
            self.check(self.gelu(half_first), x, {"gelu": 1})
        self.check(self.gelu(False, tap=True), x, {"div": 1, "erf": 1, "add": 1, "mul": 2})

    def test_silu(self):
        g = Graph()
        x = g.input("x", [4])
        g.output(g.op("mul", [g.op("sigmoid", x), x]))
        self.check(g, self.rng.standard_normal(4).astype(np.float32), {"silu": 1})

    def test_layer_norm(self):
        g = Graph()
        x = g.input("x", [2, 3, 8])
        m = dict(axes=1 << 2, keep_dims=1)
        d = g.op("sub", [x, g.op("reduce_mean", x, **m)])
        var = g.op("reduce_mean", g.op("mul", [d, d]), **m)
        y = g.op("div", [d, g.op("sqrt", g.op("add", [var, g.param("eps", [1e-5])]))])
        y = g.op("mul", [y, g.param("s", self.rng.standard_normal(8))])
        g.output(g.op("add", [y, g.param("b", self.rng.standard_normal(8))]))
        self.check(g, self.rng.standard_normal((2, 3, 8)).astype(np.float32), {"layer_norm": 1})

    def group(self, channels=6):
        """GroupNorm(2, 6) as torch exports it, after a convolution of the given channels."""
        g = Graph()
        x = g.input("x", [2, 3, 10])
        x = g.op("conv", [x, g.param("w", self.rng.standard_normal((channels, 3, 1)))], stride_h=1, stride_w=1,
                 dilation_h=1, dilation_w=1, groups=1)
        y = g.op("reshape", x, dims=[0, 2, -1])
        y = g.op("instance_norm", [y, g.param("one", np.ones(2)), g.param("zero", np.zeros(2))], epsilon=1e-5)
        y = g.op("reshape", y, dims=[2, 6, 10])
        y = g.op("mul", [y, g.param("s", self.rng.standard_normal((6, 1)))])
        g.output(g.op("add", [y, g.param("b", self.rng.standard_normal((6, 1)))]))
        return g

    def test_group_norm(self):
        x = self.rng.standard_normal((2, 3, 10)).astype(np.float32)
        self.check(self.group(), x, {"conv": 1, "group_norm": 1})

    def test_linear_bias_and_reshapes(self):
        g = Graph()
        x = g.input("x", [2, 6])
        x = g.op("reshape", g.op("reshape", x, dims=[2, 3, 2]), dims=[0, 6])
        y = g.op("linear", [x, g.param("w", self.rng.standard_normal((4, 6)))])
        g.output(g.op("add", [g.param("b", self.rng.standard_normal(4)), y]))
        self.check(g, self.rng.standard_normal((2, 6)).astype(np.float32), {"reshape": 1, "linear": 1})
