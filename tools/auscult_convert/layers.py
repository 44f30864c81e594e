"""Torch-style layers on a Graph: takes tensors by their state-dict names, so that a network file reads like its model.

    net = Layers(graph, tensors)
    x = net.relu(net.batch_norm(net.conv(x, "layer1.conv", pad=1), "layer1.bn"))

Used by smc.py and offered to --arch FILE.py. Every method adds nodes and returns the name of its output; `out=` names it
(names are what `auscult model run --tap` takes). Shapes are torch's: [mb, c, h, w], [mb, c, t], [mb, features].
"""

import numpy as np

from .errors import InputError

TO_END = 2**31 - 1


def _pair(v):
    return tuple(v) if isinstance(v, (tuple, list)) else (v, v)


class Layers:
    def __init__(self, graph, tensors):
        self.g, self.t, self.used = graph, tensors, set()

    def tensor(self, name, shape=None):
        """The array of that name; shape checks what is not None in it."""
        if name not in self.t:
            raise InputError("the file has no tensor '%s'" % name)
        a = np.asarray(self.t[name])
        if shape is not None and (a.ndim != len(shape) or any(s not in (None, n) for s, n in zip(shape, a.shape))):
            raise InputError("tensor '%s' has shape %s, expected %s" % (name, a.shape, shape))
        self.used.add(name)
        return a

    def param(self, name, array=None):
        """A tensor as a parameter of the graph, once however often it is used."""
        if name not in self.g.params:
            self.g.param(name, self.tensor(name) if array is None else array)
        return name

    def _bias(self, prefix, name="bias"):
        key = "%s.%s" % (prefix, name)
        return [self.param(key)] if key in self.t else []

    # -- linear maps --
    def conv(self, x, prefix, stride=1, pad=0, dilation=1, groups=1, out=None):
        w = self.tensor(prefix + ".weight")
        s, p, d = _pair(stride), _pair(pad), _pair(dilation)
        if w.ndim == 3:                                             # one dimension: w only
            s, p, d = (1, s[1]), (0, p[1]), (1, d[1])
        return self.g.op("conv", [x, self.param(prefix + ".weight")] + self._bias(prefix), out=out, name=prefix,
                         stride_h=s[0], stride_w=s[1], dilation_h=d[0], dilation_w=d[1], pad_top=p[0], pad_left=p[1],
                         pad_bottom=p[0], pad_right=p[1], groups=groups)

    def linear(self, x, prefix, out=None):
        return self.g.op("linear", [x, self.param(prefix + ".weight")] + self._bias(prefix), out=out, name=prefix)

    # -- normalisation --
    def batch_norm(self, x, prefix, epsilon=1e-5, out=None):
        names = ["%s.%s" % (prefix, n) for n in ("weight", "bias", "running_mean", "running_var")]
        return self.g.op("batch_norm", [x] + [self.param(n) for n in names], out=out, name=prefix, epsilon=epsilon)

    def layer_norm(self, x, prefix, axis=-1, epsilon=1e-5, out=None):
        return self.g.op("layer_norm", [x, self.param(prefix + ".weight")] + self._bias(prefix), out=out, name=prefix,
                         axis=axis, epsilon=epsilon)

    # -- elementwise --
    def relu(self, x, out=None):
        return self.g.op("relu", x, out=out, name="relu")

    def sigmoid(self, x, out=None):
        return self.g.op("sigmoid", x, out=out, name="sigmoid")

    def tanh(self, x, out=None):
        return self.g.op("tanh", x, out=out, name="tanh")

    def softmax(self, x, axis=-1, out=None):
        return self.g.op("softmax", x, out=out, name="softmax", axis=axis)

    def add(self, a, b, out=None):
        return self.g.op("add", [a, b], out=out, name="add")

    # -- pooling and reduction --
    def max_pool(self, x, kernel, stride=None, pad=0, out=None):
        k, p = _pair(kernel), _pair(pad)
        s = _pair(stride if stride is not None else kernel)
        return self.g.op("max_pool", x, out=out, name="max_pool", kernel_h=k[0], kernel_w=k[1], stride_h=s[0],
                         stride_w=s[1], pad_top=p[0], pad_left=p[1], pad_bottom=p[0], pad_right=p[1], dilation_h=1,
                         dilation_w=1)

    def avg_pool(self, x, kernel, stride=None, pad=0, include_pad=True, out=None):
        k, p = _pair(kernel), _pair(pad)
        s = _pair(stride if stride is not None else kernel)
        return self.g.op("avg_pool", x, out=out, name="avg_pool", kernel_h=k[0], kernel_w=k[1], stride_h=s[0],
                         stride_w=s[1], pad_top=p[0], pad_left=p[1], pad_bottom=p[0], pad_right=p[1],
                         count_include_pad=int(include_pad))

    def reduce(self, kind, x, axes, keep=False, out=None):
        """kind: sum, mean, max, min, ...; axes counted from 0."""
        return self.g.op("reduce_" + kind, x, out=out, name=kind, axes=sum(1 << a for a in axes), keep_dims=int(keep))

    # -- moving --
    def concat(self, xs, axis, out=None):
        return self.g.op("concat", list(xs), out=out, name="concat", axis=axis)

    def reshape(self, x, dims, out=None):
        """-1 infers one, 0 copies."""
        return self.g.op("reshape", x, out=out, name="reshape", dims=dims)

    def flatten(self, x, features, out=None):
        """[mb, ...] -> [mb, features]"""
        return self.reshape(x, [0, features], out=out)

    def transpose(self, x, perm, out=None):
        return self.g.op("transpose", x, out=out, name="transpose", perm=perm)

    def take(self, x, axis, start, end, out=None):
        """x[start:end] along an axis, numpy's rules; end None: to the end."""
        words = [0, TO_END, 1] * axis + [start, TO_END if end is None else end, 1]
        return self.g.op("slice", x, out=out, name="slice", start_end_step=words)

    # -- recurrent: torch's layouts in, batch first --
    def _gates(self, prefix, suffix, order, hidden):
        """Torch's gate blocks in ONNX's order: weights [1, gates h, i] and [1, gates h, h], biases [1, 2 gates h]."""
        def block(name, reverse):
            a = self.tensor("%s.%s_%s%s" % (prefix, name, suffix, "_reverse" if reverse else ""))
            parts = np.split(a, len(order))
            if parts[0].shape[0] != hidden:
                raise InputError("'%s.%s_%s': %d rows for a hidden size of %d" % (prefix, name, suffix, len(a), hidden))
            return np.concatenate([parts[i] for i in order])

        both = "%s.weight_ih_%s_reverse" % (prefix, suffix) in self.t
        dirs = [False, True] if both else [False]
        w = np.stack([block("weight_ih", d) for d in dirs])
        r = np.stack([block("weight_hh", d) for d in dirs])
        p = [self.param("%s.w_%s" % (prefix, suffix), w), self.param("%s.r_%s" % (prefix, suffix), r)]
        if "%s.bias_ih_%s" % (prefix, suffix) in self.t:
            b = np.stack([np.concatenate([block("bias_ih", d), block("bias_hh", d)]) for d in dirs])
            p.append(self.param("%s.b_%s" % (prefix, suffix), b))
        return p, both

    def _recurrent(self, op, x, prefix, layers, order, extra):
        layer = 0
        while "%s.weight_ih_l%d" % (prefix, layer) in self.t if layers is None else layer < layers:
            hidden = self.tensor("%s.weight_hh_l%d" % (prefix, layer)).shape[1]
            p, both = self._gates(prefix, "l%d" % layer, order, hidden)
            name = "%s.l%d" % (prefix, layer)
            states = ["y_h", "y_c"] if op == "lstm" else ["y_h"]
            x = self.g.op(op, [x] + p, out=[name] + ["%s.%s" % (name, s) for s in states], name=name, hidden=hidden,
                          direction=2 if both else 0, batch_first=1, **extra)[0]
            layer += 1
        return x

    def gru(self, x, prefix, layers=None):
        """[mb, t, i] -> [mb, t, dirs h]; all the layers of that prefix. torch r z n -> ONNX z r n."""
        return self._recurrent("gru", x, prefix, layers, (1, 0, 2), {"linear_before_reset": 1})

    def lstm(self, x, prefix, layers=None):
        """torch i f g o -> ONNX i o f c."""
        return self._recurrent("lstm", x, prefix, layers, (0, 3, 1, 2), {})

    def unused(self):
        """Tensors of the file that nothing took (batch counters aside): a forgotten layer shows here."""
        return sorted(n for n in self.t if n not in self.used and not n.endswith("num_batches_tracked"))
