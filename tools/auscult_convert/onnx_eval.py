"""Evaluates ONNX nodes in numpy (torch for convolutions), written from ONNX's operator documents.

Two uses: folding what does not depend on the network's input, and the golden output of a conversion (in double
precision; nothing here knows of our ops). node(op) -> fn(ctx, attrs, *inputs) -> array or tuple of arrays.
"""

import math

import numpy as np

from .errors import InputError
from .onnx_same import pool_pads, transpose_pads

_OPS = {}


class Unsupported(InputError):
    pass


def _op(*names):
    def put(fn):
        for n in names:
            _OPS[n] = fn
        return fn
    return put


class Context:
    """Opset and the type that stands for float32 (float64 for goldens)."""

    def __init__(self, opset, real=np.float64):
        self.opset, self.real = opset, real

    def cast(self, a):
        """Reals to the working type; everything else stays."""
        a = np.asarray(a)
        return a.astype(self.real) if a.dtype.kind == "f" else a


def run_node(ctx, node, inputs):
    """Outputs of one node as a tuple of arrays."""
    if node.op not in _OPS:
        raise Unsupported("operator %s (node '%s') is not supported" % (node.op, node.name))
    try:
        with np.errstate(all="ignore"):
            out = _OPS[node.op](ctx, dict(node.attrs, outputs=len(node.outputs)), *inputs)
    except Unsupported as e:
        raise Unsupported("operator %s (node '%s'): %s" % (node.op, node.name, e)) from None
    except (ValueError, IndexError, KeyError, RuntimeError, TypeError, ZeroDivisionError) as e:
        shapes = ", ".join("-" if i is None else str(list(i.shape)) for i in inputs)
        raise InputError("node '%s' (%s) of shapes %s: %s" % (node.name, node.op, shapes, str(e).split("\n")[0])) from e
    return tuple(None if o is None else np.asarray(o) for o in (out if isinstance(out, tuple) else (out,)))


def supported():
    return sorted(_OPS)


def _torch(a):
    import torch
    return torch.from_numpy(np.ascontiguousarray(a))


def _ints(a):
    return [int(x) for x in np.asarray(a).reshape(-1)]


# ---- elementwise ----------------------------------------------------------------------------------------------------

def _erf(x):
    return _torch(x).erf().numpy()


def _sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


_UNARY = {
    "Abs": np.abs, "Neg": np.negative, "Exp": np.exp, "Log": np.log, "Sqrt": np.sqrt, "Sin": np.sin, "Cos": np.cos,
    "Tan": np.tan, "Asin": np.arcsin, "Acos": np.arccos, "Atan": np.arctan, "Sinh": np.sinh, "Cosh": np.cosh,
    "Tanh": np.tanh, "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh, "Floor": np.floor,
    "Ceil": np.ceil, "Round": np.rint, "Sign": np.sign, "Erf": _erf, "Sigmoid": _sigmoid, "Not": np.logical_not,
    "Reciprocal": lambda x: 1 / x, "Relu": lambda x: np.maximum(x, 0), "Identity": lambda x: x,
    "Softplus": lambda x: np.logaddexp(x, 0), "Softsign": lambda x: x / (1 + np.abs(x)),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1), "Mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "IsNaN": np.isnan,
}
_OPS.update({n: (lambda ctx, a, x, f=f: f(x)) for n, f in _UNARY.items()})
_OPS.update({
    "LeakyRelu": lambda c, a, x: np.where(x < 0, a.get("alpha", 0.01) * x, x),
    "Elu": lambda c, a, x: np.where(x < 0, a.get("alpha", 1.0) * np.expm1(x), x),
    "Celu": lambda c, a, x: np.maximum(x, 0) + np.minimum(0, a.get("alpha", 1.0) * np.expm1(x / a.get("alpha", 1.0))),
    "Selu": lambda c, a, x: a.get("gamma", 1.0507009873554805) * np.where(
        x <= 0, a.get("alpha", 1.6732632423543772) * np.expm1(x), x),
    "HardSigmoid": lambda c, a, x: np.clip(a.get("alpha", 0.2) * x + a.get("beta", 0.5), 0, 1),
    "ThresholdedRelu": lambda c, a, x: np.where(x > a.get("alpha", 1.0), x, 0),
    "Shrink": lambda c, a, x: np.where(x < -a.get("lambd", 0.5), x + a.get("bias", 0.0),
                                       np.where(x > a.get("lambd", 0.5), x - a.get("bias", 0.0), 0)),
    "Gelu": lambda c, a, x: 0.5 * x * (1 + (_erf(x / math.sqrt(2)) if a.get("approximate", "none") == "none" else
                                            np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))),
    "PRelu": lambda c, a, x, s: np.where(x < 0, (_channel(s, x) if c.opset < 7 and s.size > 1 else s) * x, x),
})

_BINARY = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Greater": np.greater, "Less": np.less, "Equal": np.equal,
    "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal, "And": np.logical_and, "Or": np.logical_or,
    "Xor": np.logical_xor,
}


def legacy(ctx, a, x, y):
    """Before opset 7, y may be aligned at `axis` of x instead of at the end."""
    if ctx.opset < 7 and a.get("broadcast", 0) and "axis" in a:
        return y.reshape(y.shape + (1,) * (x.ndim - a["axis"] % x.ndim - y.ndim))
    return y


_OPS.update({n: (lambda ctx, a, x, y, f=f: f(x, legacy(ctx, a, x, y))) for n, f in _BINARY.items()})


@_op("Div")
def _div(ctx, a, x, y):
    y = legacy(ctx, a, x, y)
    if x.dtype.kind in "iu":                                 # integers truncate toward zero
        q = np.abs(x) // np.abs(y)
        return (np.sign(x) * np.sign(y) * q).astype(x.dtype)
    return x / y


@_op("Mod")
def _mod(ctx, a, x, y):
    return np.fmod(x, y) if a.get("fmod", 0) else np.mod(x, y)


@_op("Pow")
def _pow(ctx, a, x, y):
    y = legacy(ctx, a, x, y)
    return np.power(x, y.astype(x.dtype) if x.dtype.kind == "f" else y).astype(x.dtype)


_OPS["Sum"] = lambda ctx, a, *xs: sum(xs[1:], xs[0])
_OPS["Mean"] = lambda ctx, a, *xs: sum(xs[1:], xs[0]) / len(xs)
_OPS["Max"] = lambda ctx, a, *xs: _fold(np.maximum, xs)
_OPS["Min"] = lambda ctx, a, *xs: _fold(np.minimum, xs)


def _fold(f, xs):
    y = xs[0]
    for x in xs[1:]:
        y = f(y, x)
    return y


@_op("Where")
def _where(ctx, a, c, x, y):
    return np.where(c, x, y)


@_op("Clip")
def _clip(ctx, a, x, low=None, high=None):
    low = a.get("min") if low is None else low
    high = a.get("max") if high is None else high
    x = x if low is None else np.maximum(x, np.asarray(low, x.dtype))
    return x if high is None else np.minimum(x, np.asarray(high, x.dtype))


@_op("Cast")
def _cast(ctx, a, x):
    import onnx
    t = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE.get(a["to"])
    if t is None or t.kind not in "fiub":
        raise Unsupported("cast to type %d" % a["to"])
    return x.astype(ctx.real if t.kind == "f" else t)


@_op("CastLike")
def _cast_like(ctx, a, x, like):
    return x.astype(like.dtype)


@_op("Dropout")
def _dropout(ctx, a, x, ratio=None, training=None):
    if training is not None and bool(training):
        raise Unsupported("training mode")
    return x, np.ones(x.shape, bool)


# ---- linear maps ----------------------------------------------------------------------------------------------------

@_op("MatMul")
def _matmul(ctx, a, x, y):
    return np.matmul(x, y)


@_op("Gemm")
def _gemm(ctx, a, x, y, c=None):
    x = x.T if a.get("transA", 0) else x
    y = y.T if a.get("transB", 0) else y
    z = a.get("alpha", 1.0) * (x @ y)
    return z if c is None else z + a.get("beta", 1.0) * c


@_op("Einsum")
def _einsum(ctx, a, *xs):
    return np.einsum(a["equation"], *xs)


def _unpool(x):
    """[n, c, ...] with one spatial axis becomes two; (array, was one-dimensional)."""
    if x.ndim == 3:
        return x[:, :, None], True
    if x.ndim != 4:
        raise Unsupported("%d spatial axes; one or two convert" % (x.ndim - 2))
    return x, False


@_op("Conv")
def _conv(ctx, a, x, w, b=None):
    import torch.nn.functional as F
    kernel = w.shape[2:]
    stride = a.get("strides", [1] * len(kernel))
    dilation = a.get("dilations", [1] * len(kernel))
    begin, end = pool_pads(a, x.shape[2:], kernel, stride, dilation)
    x = np.pad(x, [(0, 0), (0, 0)] + list(zip(begin, end)))
    if len(kernel) not in (1, 2):
        raise Unsupported("%d spatial axes; one or two convert" % len(kernel))
    f = F.conv1d if len(kernel) == 1 else F.conv2d
    return f(_torch(x), _torch(w), None if b is None else _torch(b), stride, 0, dilation, a.get("group", 1)).numpy()


@_op("ConvTranspose")
def _conv_transpose(ctx, a, x, w, b=None):
    """Scatter form, one kernel tap at a time: y[o] += x[i] w[k] where o = i stride + k dilation - pad."""
    kernel, groups = w.shape[2:], a.get("group", 1)
    n = len(kernel)
    if n not in (1, 2):
        raise Unsupported("%d spatial axes; one or two convert" % n)
    stride, dilation = a.get("strides", [1] * n), a.get("dilations", [1] * n)
    begin, out = transpose_pads(a, x.shape[2:], kernel, stride, dilation)
    mb, ic = x.shape[:2]
    oc = w.shape[1]
    full = [(i - 1) * s + (k - 1) * d + 1 for i, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    size = [max(f, p + o) for f, p, o in zip(full, begin, out)]
    y = np.zeros([mb, groups, oc] + size, x.dtype)
    xg, wg = x.reshape(mb, groups, ic // groups, *x.shape[2:]), w.reshape(groups, ic // groups, oc, *kernel)
    for tap in np.ndindex(*kernel):
        v = np.einsum("bgi...,gio->bgo...", xg, wg[(slice(None),) * 3 + tap])
        where = tuple(slice(t * d, t * d + (i - 1) * s + 1, s)
                      for t, d, s, i in zip(tap, dilation, stride, x.shape[2:]))
        y[(slice(None),) * 3 + where] += v
    y = y[(slice(None),) * 3 + tuple(slice(p, p + o) for p, o in zip(begin, out))].reshape(mb, groups * oc, *out)
    return y if b is None else y + b.reshape(1, -1, *[1] * n)


# ---- pooling --------------------------------------------------------------------------------------------------------

def _pool(a, x, fill):
    """(windows [n, c, o..., k...], their counterpart over ones) of MaxPool and AveragePool."""
    kernel = a["kernel_shape"]
    n = len(kernel)
    if n not in (1, 2):
        raise Unsupported("%d spatial axes; one or two convert" % n)
    stride, dilation = a.get("strides", [1] * n), a.get("dilations", [1] * n)
    begin, end = pool_pads(a, x.shape[2:], kernel, stride, dilation)
    size = x.shape[2:]
    out = []
    for i in range(n):
        span = dilation[i] * (kernel[i] - 1) + 1
        room = (size[i] + begin[i] + end[i] - span) / stride[i]
        o = (math.ceil(room) if a.get("ceil_mode", 0) else math.floor(room)) + 1
        if a.get("ceil_mode", 0) and (o - 1) * stride[i] >= size[i] + begin[i]:
            o -= 1                                            # a window that begins in the far padding does not count
        out.append(o)
    extra = [max(0, (out[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - size[i] - begin[i] - end[i])
             for i in range(n)]

    def windows(v, value, inner):
        v = np.pad(v, [(0, 0), (0, 0)] + list(zip(begin, end)), constant_values=inner)
        v = np.pad(v, [(0, 0), (0, 0)] + [(0, e) for e in extra], constant_values=value)
        spans = [dilation[i] * (kernel[i] - 1) + 1 for i in range(n)]
        v = np.lib.stride_tricks.sliding_window_view(v, spans, axis=tuple(range(2, 2 + n)))
        pick = (slice(None),) * 2 + tuple(slice(0, (out[i] - 1) * stride[i] + 1, stride[i]) for i in range(n)) + \
            tuple(slice(None, None, dilation[i]) for i in range(n))
        return v[pick]

    ones = windows(np.ones(x.shape, x.dtype), 0, 1 if a.get("count_include_pad", 0) else 0)
    return windows(x, fill, fill), ones, tuple(range(2 + n, 2 + 2 * n))


@_op("MaxPool")
def _max_pool(ctx, a, x):
    w, _, axes = _pool(a, x, -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    return w.max(axis=axes)


@_op("AveragePool")
def _average_pool(ctx, a, x):
    w, ones, axes = _pool(a, x, 0)
    return w.sum(axis=axes) / ones.sum(axis=axes)


@_op("GlobalAveragePool")
def _global_average(ctx, a, x):
    return x.mean(axis=tuple(range(2, x.ndim)), keepdims=True)


@_op("GlobalMaxPool")
def _global_max(ctx, a, x):
    return x.max(axis=tuple(range(2, x.ndim)), keepdims=True)


@_op("LRN")
def _lrn(ctx, a, x):
    size, c = a["size"], x.shape[1]
    total = np.zeros_like(x)
    for i in range(c):
        low, high = max(0, i - (size - 1) // 2), min(c - 1, i + size // 2)
        total[:, i] = (x[:, low:high + 1] ** 2).sum(axis=1)
    return x / (a.get("bias", 1.0) + a.get("alpha", 1e-4) / size * total) ** a.get("beta", 0.75)


# ---- normalisation --------------------------------------------------------------------------------------------------

def _channel(v, x):
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


@_op("BatchNormalization")
def _batch_norm(ctx, a, x, scale, shift, mean, var):
    if a.get("training_mode", 0):
        raise Unsupported("training mode")
    return _channel(scale, x) * (x - _channel(mean, x)) / np.sqrt(_channel(var, x) + a.get("epsilon", 1e-5)) + \
        _channel(shift, x)


def _standardise(x, axes, eps):
    m = x.mean(axis=axes, keepdims=True)
    inv = 1 / np.sqrt(((x - m) ** 2).mean(axis=axes, keepdims=True) + eps)
    return (x - m) * inv, m, inv


@_op("InstanceNormalization")
def _instance_norm(ctx, a, x, scale, shift):
    y, _, _ = _standardise(x, tuple(range(2, x.ndim)), a.get("epsilon", 1e-5))
    return y * _channel(scale, x) + _channel(shift, x)


@_op("LayerNormalization")
def _layer_norm(ctx, a, x, scale, shift=None):
    axis = a.get("axis", -1) % x.ndim
    y, m, inv = _standardise(x, tuple(range(axis, x.ndim)), a.get("epsilon", 1e-5))
    y = y * scale
    return (y if shift is None else y + shift), m, inv


@_op("GroupNormalization")
def _group_norm(ctx, a, x, scale, shift):
    g = a["num_groups"]
    y, _, _ = _standardise(x.reshape(x.shape[0], g, -1), (2,), a.get("epsilon", 1e-5))
    if scale.size == g and g != x.shape[1]:                                      # opset 18: one a group
        scale, shift = (np.repeat(v, x.shape[1] // g) for v in (scale, shift))
    return y.reshape(x.shape) * _channel(scale, x) + _channel(shift, x)


@_op("MeanVarianceNormalization")
def _mvn(ctx, a, x):
    axes = tuple(a.get("axes", [0, 2, 3]))
    m = x.mean(axis=axes, keepdims=True)
    return (x - m) / (np.sqrt(((x - m) ** 2).mean(axis=axes, keepdims=True)) + 1e-9)


def _softmax(ctx, a, x, log):
    axis = a.get("axis", -1 if ctx.opset >= 13 else 1)
    shape = x.shape
    if ctx.opset < 13:                                        # flattened to two dimensions at the axis
        axis = axis % x.ndim if axis < x.ndim else axis
        x, axis = x.reshape(int(np.prod(shape[:axis])), -1), 1
    z = x - x.max(axis=axis, keepdims=True)
    lse = np.log(np.exp(z).sum(axis=axis, keepdims=True))
    return (z - lse if log else np.exp(z - lse)).reshape(shape)


_OPS["Softmax"] = lambda ctx, a, x: _softmax(ctx, a, x, False)
_OPS["LogSoftmax"] = lambda ctx, a, x: _softmax(ctx, a, x, True)


# ---- reductions -----------------------------------------------------------------------------------------------------

def _lse(x, axis, keepdims):
    m = x.max(axis=axis, keepdims=True)
    y = np.log(np.exp(x - m).sum(axis=axis, keepdims=True)) + m
    return y if keepdims else y.squeeze(axis)


_REDUCE = {
    "Sum": np.sum, "Mean": np.mean, "Max": np.max, "Min": np.min, "Prod": np.prod,
    "L1": lambda x, axis, keepdims: np.abs(x).sum(axis=axis, keepdims=keepdims),
    "L2": lambda x, axis, keepdims: np.sqrt((x * x).sum(axis=axis, keepdims=keepdims)),
    "SumSquare": lambda x, axis, keepdims: (x * x).sum(axis=axis, keepdims=keepdims),
    "LogSum": lambda x, axis, keepdims: np.log(x.sum(axis=axis, keepdims=keepdims)), "LogSumExp": _lse,
}


def _reduce(f):
    def run(ctx, a, x, axes=None):
        axes = a.get("axes") if axes is None else _ints(axes)
        if not axes:
            if a.get("noop_with_empty_axes", 0):
                return x
            axes = range(x.ndim)
        return f(x, axis=tuple(i % x.ndim for i in axes), keepdims=bool(a.get("keepdims", 1))).astype(x.dtype)
    return run


_OPS.update({"Reduce" + n: _reduce(f) for n, f in _REDUCE.items()})


def _argm(f):
    def run(ctx, a, x):
        axis = a.get("axis", 0) % x.ndim
        if a.get("select_last_index", 0):
            y = x.shape[axis] - 1 - f(np.flip(x, axis), axis=axis)
        else:
            y = f(x, axis=axis)
        return np.expand_dims(y, axis) if a.get("keepdims", 1) else y
    return run


@_op("Hardmax")
def _hardmax(ctx, a, x):
    axis, shape = a.get("axis", -1 if ctx.opset >= 13 else 1), x.shape
    if ctx.opset < 13:
        x, axis = x.reshape(int(np.prod(shape[:axis % x.ndim])), -1), 1
    first = np.expand_dims(x.argmax(axis=axis), axis)
    y = np.zeros_like(x)
    np.put_along_axis(y, first, 1, axis)
    return y.reshape(shape)


_OPS["ArgMax"], _OPS["ArgMin"] = _argm(np.argmax), _argm(np.argmin)


# ---- moving data ----------------------------------------------------------------------------------------------------

@_op("Constant")
def _constant(ctx, a):
    for key, make in (("value", np.asarray), ("value_float", np.float32), ("value_int", np.int64),
                      ("value_floats", np.float32), ("value_ints", np.int64)):
        if key in a:
            return ctx.cast(np.array(make(a[key])))
    raise Unsupported("constant of another kind")


@_op("ConstantOfShape")
def _constant_of_shape(ctx, a, shape):
    v = ctx.cast(a.get("value", np.zeros(1, np.float32)))
    return np.full(_ints(shape), v.reshape(-1)[0], v.dtype)


@_op("Shape")
def _shape(ctx, a, x):
    return np.array(x.shape, np.int64)[a.get("start", 0):a.get("end")]


_OPS["Size"] = lambda ctx, a, x: np.array(x.size, np.int64)
_OPS["Range"] = lambda ctx, a, start, limit, delta: np.arange(start.item(), limit.item(), delta.item(), start.dtype)
_OPS["NonZero"] = lambda ctx, a, x: np.array(np.nonzero(x), np.int64)
_OPS["Concat"] = lambda ctx, a, *xs: np.concatenate(xs, axis=a["axis"])
_OPS["Transpose"] = lambda ctx, a, x: np.transpose(x, a.get("perm"))
_OPS["Expand"] = lambda ctx, a, x, shape: x * np.ones(_ints(shape), x.dtype) if x.dtype != bool else \
    np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(_ints(shape))))
_OPS["Gather"] = lambda ctx, a, x, i: np.take(x, i, axis=a.get("axis", 0), mode="wrap" if (i < 0).any() else "raise")
_OPS["GatherElements"] = lambda ctx, a, x, i: np.take_along_axis(x, i % x.shape[a.get("axis", 0)], a.get("axis", 0))
_OPS["Tile"] = lambda ctx, a, x, r: np.tile(x, _ints(r))
_OPS["EyeLike"] = lambda ctx, a, x: np.eye(*x.shape, k=a.get("k", 0))
_OPS["Trilu"] = lambda ctx, a, x, k=None: (np.triu if a.get("upper", 1) else np.tril)(x, 0 if k is None else int(k))


@_op("Reshape")
def _reshape(ctx, a, x, shape=None):
    dims = a["shape"] if shape is None else _ints(shape)
    zero = a.get("allowzero", 0)
    return x.reshape([x.shape[i] if d == 0 and not zero else d for i, d in enumerate(dims)])


@_op("Flatten")
def _flatten(ctx, a, x):
    axis = a.get("axis", 1)
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:])))


@_op("Squeeze")
def _squeeze(ctx, a, x, axes=None):
    axes = a.get("axes") if axes is None else _ints(axes)
    return np.squeeze(x, None if axes is None else tuple(axes))


@_op("Unsqueeze")
def _unsqueeze(ctx, a, x, axes=None):
    axes = a["axes"] if axes is None else _ints(axes)
    rank = x.ndim + len(axes)
    return np.expand_dims(x, tuple(i % rank for i in axes))


@_op("Slice")
def _slice(ctx, a, x, starts=None, ends=None, axes=None, steps=None):
    starts = a["starts"] if starts is None else _ints(starts)
    ends = a["ends"] if ends is None else _ints(ends)
    axes = (a.get("axes") if axes is None else _ints(axes)) or list(range(len(starts)))
    steps = [1] * len(starts) if steps is None else _ints(steps)
    pick = [slice(None)] * x.ndim
    for i, s, e, step in zip(axes, starts, ends, steps):
        n = x.shape[i]
        if step < 0 and e < -n:                              # "before the first": no index of a Python slice says that
            e = None
        pick[i] = slice(s, e, step)
    return x[tuple(pick)]


def split_sizes(a, n, count, split=None):
    """Lengths of Split's outputs along an axis of n."""
    sizes = a.get("split") if split is None else _ints(split)
    if sizes:
        return list(sizes)
    each = -(-n // count)
    return [min(each, n - i * each) for i in range(count)]


@_op("Split")
def _split(ctx, a, x, split=None):
    axis = a.get("axis", 0)
    sizes = split_sizes(a, x.shape[axis], a["outputs"], split)
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis=axis))


def pad_arguments(a, rank, pads=None, value=None, axes=None):
    """(before, after, value) over all axes, from attributes or inputs."""
    p = (a.get("pads") or a.get("paddings")) if pads is None else _ints(pads)
    v = float(a.get("value", 0.0)) if value is None else float(np.asarray(value).reshape(-1)[0])
    which = list(range(rank)) if axes is None else [i % rank for i in _ints(axes)]
    before, after = [0] * rank, [0] * rank
    for j, i in enumerate(which):
        before[i], after[i] = p[j], p[j + len(which)]
    return before, after, v


@_op("Pad")
def _pad(ctx, a, x, pads=None, value=None, axes=None):
    before, after, v = pad_arguments(a, x.ndim, pads, value, axes)
    x = x[tuple(slice(max(0, -b), x.shape[i] - max(0, -e)) for i, (b, e) in enumerate(zip(before, after)))]
    widths = [(max(0, b), max(0, e)) for b, e in zip(before, after)]
    mode = a.get("mode", "constant")
    return np.pad(x, widths, mode, constant_values=v) if mode == "constant" else np.pad(x, widths, mode)


@_op("CumSum")
def _cumsum(ctx, a, x, axis):
    axis = int(np.asarray(axis).reshape(-1)[0])
    x = np.flip(x, axis) if a.get("reverse", 0) else x
    y = np.cumsum(x, axis=axis, dtype=x.dtype)
    y = y - x if a.get("exclusive", 0) else y
    return np.flip(y, axis) if a.get("reverse", 0) else y


@_op("ReverseSequence")
def _reverse_sequence(ctx, a, x, lens):
    y = np.moveaxis(x.copy(), (a.get("batch_axis", 1), a.get("time_axis", 0)), (0, 1))
    for b, n in enumerate(_ints(lens)):
        y[b, :n] = y[b, :n][::-1].copy()
    return np.moveaxis(y, (0, 1), (a.get("batch_axis", 1), a.get("time_axis", 0)))


@_op("ScatterND")
def _scatter_nd(ctx, a, x, indices, updates):
    y, reduction = x.copy(), a.get("reduction", "none")
    for at in np.ndindex(*indices.shape[:-1]):
        i = tuple(indices[at])
        y[i] = {"none": lambda o, u: u, "add": np.add, "mul": np.multiply}[reduction](y[i], updates[at])
    return y


@_op("GatherND")
def _gather_nd(ctx, a, x, indices):
    b = a.get("batch_dims", 0)
    lead = indices.shape[:b]
    out = [x[at][tuple(np.moveaxis(indices[at], -1, 0))] for at in np.ndindex(*lead)]
    return np.array(out).reshape(lead + out[0].shape)


@_op("DepthToSpace")
def _depth_to_space(ctx, a, x):
    n, c, h, w = x.shape
    b = a["blocksize"]
    if a.get("mode", "DCR") == "DCR":
        return x.reshape(n, b, b, c // b**2, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // b**2, h * b, w * b)
    return x.reshape(n, c // b**2, b, b, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // b**2, h * b, w * b)


@_op("SpaceToDepth")
def _space_to_depth(ctx, a, x):
    n, c, h, w = x.shape
    b = a["blocksize"]
    return x.reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


@_op("OneHot")
def _one_hot(ctx, a, indices, depth, values):
    d = int(np.asarray(depth).reshape(-1)[0])
    hot = (np.expand_dims(indices % d, a.get("axis", -1)) ==
           np.arange(d).reshape([-1 if i == a.get("axis", -1) % (indices.ndim + 1) else 1
                                 for i in range(indices.ndim + 1)]))
    return np.where(hot, values[1], values[0])


# ---- spectra --------------------------------------------------------------------------------------------------------

def dft_matrix(n, parts, inverse, onesided):
    """[n' 2, n parts] of a DFT of real (parts 1) or complex (parts 2) numbers, parts interleaved on both sides."""
    k = np.arange(n // 2 + 1 if onesided else n)
    angle = (1 if inverse else -1) * 2 * np.pi * np.outer(k, np.arange(n)) / n
    c, s = np.cos(angle) / (n if inverse else 1), np.sin(angle) / (n if inverse else 1)
    w = np.zeros((len(k), 2, n, parts))
    w[:, 0, :, 0], w[:, 1, :, 0] = c, s
    if parts == 2:
        w[:, 0, :, 1], w[:, 1, :, 1] = -s, c
    return w.reshape(2 * len(k), n * parts)


def _complex(x):
    return x[..., 0] + (1j * x[..., 1] if x.shape[-1] == 2 else 0)


def _parts(z, real):
    return np.stack([z.real, z.imag], -1).astype(real)


@_op("DFT")
def _dft(ctx, a, x, length=None):
    z, axis = _complex(x), a.get("axis", 1)
    n = z.shape[axis] if length is None else int(np.asarray(length).reshape(-1)[0])
    z = (np.fft.ifft if a.get("inverse", 0) else np.fft.fft)(z, n, axis=axis)
    if a.get("onesided", 0):
        z = np.take(z, range(n // 2 + 1), axis=axis)
    return _parts(z, x.dtype)


@_op("STFT")
def _stft(ctx, a, x, step, window=None, length=None):
    z = _complex(x if x.ndim == 3 else x[..., None])
    n = window.size if length is None else int(np.asarray(length).reshape(-1)[0])
    frames = np.lib.stride_tricks.sliding_window_view(z, n, axis=1)[:, ::int(np.asarray(step).reshape(-1)[0])]
    y = np.fft.fft(frames if window is None else frames * window, axis=-1)
    return _parts(y[..., :n // 2 + 1] if a.get("onesided", 1) else y, x.dtype)


def _window(*terms):
    """Sum of cosines; periodic unless asked otherwise."""
    def run(ctx, a, size):
        n = int(np.asarray(size).reshape(-1)[0])
        t = 2 * np.pi * np.arange(n) / (n if a.get("periodic", 1) else n - 1)
        return sum(c * np.cos(i * t) for i, c in enumerate(terms)).astype(ctx.real)
    return run


_OPS["HannWindow"] = _window(0.5, -0.5)
_OPS["HammingWindow"] = _window(25 / 46, -21 / 46)
_OPS["BlackmanWindow"] = _window(0.42, -0.5, 0.08)


@_op("MelWeightMatrix")
def _mel_weights(ctx, a, bands, n_fft, rate, low, high):
    """Triangles between FFT bins that are equally spaced in HTK mels, as the document defines them."""
    bands, n_fft, rate, low, high = (np.asarray(v).reshape(-1)[0] for v in (bands, n_fft, rate, low, high))
    mel = np.linspace(2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), int(bands) + 2)
    mel = 2595 * np.log10(1 + low / 700) + np.arange(int(bands) + 2) * ((mel[-1] - mel[0]) / (int(bands) + 2))
    hz = 700 * (10 ** (mel / 2595) - 1)
    bins = np.floor((int(n_fft) + 1) * hz / rate).astype(int)
    out = np.zeros((int(n_fft) // 2 + 1, int(bands)), ctx.real)
    for i in range(int(bands)):
        a0, b0, c0 = bins[i:i + 3]
        if b0 == a0:
            out[b0, i] = 1
        else:
            out[a0:b0 + 1, i] = np.arange(0, b0 - a0 + 1) / (b0 - a0)
        if c0 != b0:
            out[b0:c0, i] = np.arange(c0 - b0, 0, -1) / (c0 - b0)
    return out


# ---- resize ---------------------------------------------------------------------------------------------------------

def resize_plan(ctx, a, op, shape, args):
    """(mode, coordinates, nearest, cubic_a, out sizes, scales) of Resize 10/11/13/18 and Upsample 7/9."""
    rank = len(shape)
    if op == "Upsample" or ctx.opset < 11:
        scales = a.get("scales") or [float(s) for s in np.asarray(args[0]).reshape(-1)]
        sizes, coordinates, nearest = None, "asymmetric", "floor"
    else:
        scales = args[1] if len(args) > 1 else None
        sizes = args[2] if len(args) > 2 else None
        scales = None if scales is None or not scales.size else [float(s) for s in scales]
        sizes = None if sizes is None or not sizes.size else _ints(sizes)
        coordinates = a.get("coordinate_transformation_mode", "half_pixel")
        nearest = a.get("nearest_mode", "round_prefer_floor")
    if a.get("antialias", 0) or a.get("exclude_outside", 0) or coordinates == "tf_crop_and_resize" or \
            a.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unsupported("antialias, exclude_outside, aspect policies and tf_crop_and_resize do not convert")
    axes = [i % rank for i in a.get("axes", range(rank))]
    out, scale = list(shape), [1.0] * rank
    for j, i in enumerate(axes):
        if sizes is not None:
            out[i], scale[i] = sizes[j], sizes[j] / shape[i]
        else:
            out[i], scale[i] = int(math.floor(shape[i] * scales[j])), scales[j]
    return a.get("mode", "nearest"), coordinates, nearest, a.get("cubic_coeff_a", -0.75), out, scale


def _resize_matrix(n, out, scale, mode, coordinates, nearest, ca):
    """[out, n] weights of one axis."""
    o = np.arange(out, dtype=float)
    at = {"half_pixel": (o + 0.5) / scale - 0.5, "asymmetric": o / scale,
          "pytorch_half_pixel": (o + 0.5) / scale - 0.5 if out > 1 else o * 0,
          "tf_half_pixel_for_nn": (o + 0.5) / scale,
          "align_corners": o * (n - 1) / (out - 1) if out > 1 else o * 0}[coordinates]
    m = np.zeros((out, n))
    if mode == "nearest":
        i = {"round_prefer_floor": np.ceil(at - 0.5), "round_prefer_ceil": np.floor(at + 0.5), "floor": np.floor(at),
             "ceil": np.ceil(at)}[nearest]
        m[np.arange(out), np.clip(i, 0, n - 1).astype(int)] = 1
        return m
    low = np.floor(at)
    t = at - low
    if mode == "linear":
        taps = {0: 1 - t, 1: t}
    else:
        def far(u):
            return ca * (u ** 3 - 5 * u ** 2 + 8 * u - 4)

        def near(u):
            return (ca + 2) * u ** 3 - (ca + 3) * u ** 2 + 1
        taps = {-1: far(1 + t), 0: near(t), 1: near(1 - t), 2: far(2 - t)}
    for d, w in taps.items():
        np.add.at(m, (np.arange(out), np.clip(low + d, 0, n - 1).astype(int)), w)
    return m


def _resize(op):
    def run(ctx, a, x, *args):
        mode, coordinates, nearest, ca, out, scale = resize_plan(ctx, a, op, x.shape, args)
        for i, n in enumerate(x.shape):
            if out[i] != n or scale[i] != 1.0:
                m = _resize_matrix(n, out[i], scale[i], mode, coordinates, nearest, ca)
                x = np.moveaxis(np.tensordot(x, m.astype(x.dtype), axes=([i], [1])), -1, i)
        return x
    return run


_OPS["Resize"], _OPS["Upsample"] = _resize("Resize"), _resize("Upsample")


# ---- recurrent ------------------------------------------------------------------------------------------------------

def check_recurrent(a, default):
    """Refuses what neither the evaluator nor the engine does."""
    acts = [s.lower() for s in a.get("activations", [])]
    if acts and acts not in (default, default * 2):
        raise Unsupported("activations %s" % ", ".join(a["activations"]))
    if a.get("clip", 0) or a.get("input_forget", 0):
        raise Unsupported("clip and input_forget")


def _recurrent(a, x, w, r, b, h0, c0, gates, step):
    layout, h = a.get("layout", 0), a["hidden_size"]
    if layout:
        x = x.swapaxes(0, 1)
        h0, c0 = (None if s is None else s.swapaxes(0, 1) for s in (h0, c0))
    steps, mb, _ = x.shape
    dirs = w.shape[0]
    b = np.zeros((dirs, 2 * gates * h), x.dtype) if b is None else b
    h0 = np.zeros((dirs, mb, h), x.dtype) if h0 is None else h0
    c0 = np.zeros((dirs, mb, h), x.dtype) if c0 is None else c0
    y = np.zeros((steps, dirs, mb, h), x.dtype)
    hs, cs = h0.copy(), c0.copy()
    for d in range(dirs):
        order = range(steps)
        if d == 1 or a.get("direction", "forward") == "reverse":
            order = reversed(order)
        for t in order:
            hs[d], cs[d] = step(x[t] @ w[d].T + b[d, :gates * h], r[d], b[d, gates * h:], hs[d], cs[d])
            y[t, d] = hs[d]
    if layout:
        return y.transpose(2, 0, 1, 3), hs.swapaxes(0, 1), cs.swapaxes(0, 1)
    return y, hs, cs


def _whole(x, lens, layout):
    if lens is not None and not (np.asarray(lens) == x.shape[1 if layout else 0]).all():
        raise Unsupported("sequence_lens shorter than the input")


@_op("LSTM")
def _lstm(ctx, a, x, w, r, b=None, lens=None, h0=None, c0=None, p=None):
    check_recurrent(a, ["sigmoid", "tanh", "tanh"])
    _whole(x, lens, a.get("layout", 0))
    if p is not None and p.any():
        raise Unsupported("peepholes")

    def step(xw, rw, rb, h, c):
        i, o, f, g = np.split(xw + h @ rw.T + rb, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        return _sigmoid(o) * np.tanh(c), c
    return _recurrent(a, x, w, r, b, h0, c0, 4, step)


@_op("GRU")
def _gru(ctx, a, x, w, r, b=None, lens=None, h0=None):
    check_recurrent(a, ["sigmoid", "tanh"])
    _whole(x, lens, a.get("layout", 0))

    def step(xw, rw, rb, h, c):
        xz, xr, xh = np.split(xw, 3, axis=1)
        (rz, rr, rh), (bz, br, bh) = np.split(rw, 3), np.split(rb, 3)
        z, s = _sigmoid(xz + h @ rz.T + bz), _sigmoid(xr + h @ rr.T + br)
        cand = np.tanh(xh + s * (h @ rh.T + bh)) if a.get("linear_before_reset", 0) else \
            np.tanh(xh + (s * h) @ rh.T + bh)
        return (1 - z) * cand + z * h, c
    return _recurrent(a, x, w, r, b, h0, None, 3, step)[:2]


@_op("RNN")
def _rnn(ctx, a, x, w, r, b=None, lens=None, h0=None):
    acts = {s.lower() for s in a.get("activations", ["Tanh"])}
    if acts not in ({"tanh"}, {"relu"}) or a.get("clip", 0):
        raise Unsupported("activations %s" % ", ".join(a["activations"]))
    _whole(x, lens, a.get("layout", 0))
    act = np.tanh if acts == {"tanh"} else lambda v: np.maximum(v, 0)
    return _recurrent(a, x, w, r, b, h0, None, 1, lambda xw, rw, rb, h, c: (act(xw + h @ rw.T + rb), c))[:2]
