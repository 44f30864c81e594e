"""Runs a graph of ours in torch, one function per op of ops.def, written from ops.def and not from the C code.

It checks conversions without the engine (graph against the source network's own forward pass) and is the second
opinion when the engine disagrees. Slow and plain; float64 when the inputs are.
"""

import math
import struct

import numpy as np
import torch
import torch.nn.functional as F

from .errors import ConvertError

_OPS = {}


def _op(*names):
    def put(fn):
        for n in names:
            _OPS[n] = fn
        return fn
    return put


class Attrs:
    """Attribute words by name; the rest list under its own name."""

    def __init__(self, node):
        words, at = node.words, 0
        for a in node.op.attrs:
            cast = (lambda w: w - 2**32 if w >= 2**31 else w) if a.kind == "i" else \
                   (lambda w: struct.unpack("<f", struct.pack("<I", w))[0])
            if a.rest:
                setattr(self, a.name, [cast(w) for w in words[at:]])
            else:
                setattr(self, a.name, cast(words[at]) if at < len(words) else 0)
                at += 1


def run(graph, inputs, dtype=torch.float32, taps=()):
    """[numpy outputs] of the graph for a list of input arrays; taps: further values wanted, returned after them."""
    env = {n: torch.from_numpy(np.array(a)).to(dtype) for n, a in graph.params.items()}
    for (name, _), x in zip(graph.inputs, inputs):
        env[name] = torch.from_numpy(np.array(x)).to(dtype)
    with torch.no_grad():
        for node in graph.nodes:
            try:
                out = _OPS[node.op.name](Attrs(node), *[None if i is None else env[i] for i in node.inputs])
            except KeyError:
                raise ConvertError("interp lacks op %s" % node.op.name) from None
            except (RuntimeError, IndexError, ValueError) as e:
                shapes = [None if i is None else tuple(env[i].shape) for i in node.inputs]
                raise ConvertError("node '%s' (%s) of %s: %s" % (node.name, node.op.name, shapes, e)) from e
            for o, v in zip(node.outputs, out if isinstance(out, tuple) else (out,)):
                env[o] = v
    return [env[o].numpy() for o in list(graph.outputs) + list(taps)]


# ---- linear maps ----------------------------------------------------------------------------------------------------

def _pads2d(x, a, value=0.0):
    """Pads (or crops, when negative) the last two axes, or the last one of a 1-D signal."""
    if x.dim() == 3:
        return F.pad(x, (a.pad_left, a.pad_right), value=value)
    return F.pad(x, (a.pad_left, a.pad_right, a.pad_top, a.pad_bottom), value=value)


@_op("conv")
def _conv(a, x, w, b=None):
    x = _pads2d(x, a)
    if x.dim() == 3:
        return F.conv1d(x, w, b, a.stride_w, 0, a.dilation_w, max(a.groups, 1))
    return F.conv2d(x, w, b, (a.stride_h, a.stride_w), 0, (a.dilation_h, a.dilation_w), max(a.groups, 1))


@_op("conv_transpose")
def _conv_transpose(a, x, w, b=None):
    """The full transposed convolution, then cropping: pads and output_pad become one (possibly negative) pad."""
    groups = max(a.groups, 1)
    if x.dim() == 3:
        y = F.conv_transpose1d(x, w, None, a.stride_w, 0, 0, groups, a.dilation_w)
        y = F.pad(y, (-a.pad_left, a.output_pad_w - a.pad_right))
    else:
        y = F.conv_transpose2d(x, w, None, (a.stride_h, a.stride_w), 0, 0, groups, (a.dilation_h, a.dilation_w))
        y = F.pad(y, (-a.pad_left, a.output_pad_w - a.pad_right, -a.pad_top, a.output_pad_h - a.pad_bottom))
    return y if b is None else y + b.view(-1, *[1] * (y.dim() - 2))


@_op("linear")
def _linear(a, x, w, b=None):
    return F.linear(x, w, b)


@_op("matmul")
def _matmul(a, x, y):
    x = x.transpose(-1, -2) if a.transpose_a else x
    y = y.transpose(-1, -2) if a.transpose_b else y
    return a.alpha * torch.matmul(x, y)


# ---- normalisation --------------------------------------------------------------------------------------------------

def _per_channel(v, x):
    return v.view(1, -1, *[1] * (x.dim() - 2))


@_op("batch_norm")
def _batch_norm(a, x, scale, shift, mean, var):
    k = scale / torch.sqrt(var + a.epsilon)
    return (x - _per_channel(mean, x)) * _per_channel(k, x) + _per_channel(shift, x)


@_op("layer_norm")
def _layer_norm(a, x, scale=None, shift=None):
    axis = a.axis % x.dim()
    dims = tuple(range(axis, x.dim()))
    y = (x - x.mean(dims, keepdim=True)) / torch.sqrt(x.var(dims, unbiased=False, keepdim=True) + a.epsilon)
    y = y if scale is None else y * scale
    return y if shift is None else y + shift


@_op("group_norm", "instance_norm")
def _group_norm(a, x, scale=None, shift=None):
    groups = getattr(a, "groups", 0) or x.shape[1]
    v = x.reshape(x.shape[0], groups, -1)
    y = ((v - v.mean(2, keepdim=True)) / torch.sqrt(v.var(2, unbiased=False, keepdim=True) + a.epsilon)).view_as(x)
    y = y if scale is None else y * _per_channel(scale, x)
    return y if shift is None else y + _per_channel(shift, x)


# ---- pooling --------------------------------------------------------------------------------------------------------

def _pool_windows(a, x, value):
    """Windows of a padded map [mb, c, oh, ow, kh, kw]; ceil_mode as torch (a window must start inside input or left pad)."""
    flat = x.dim() == 3
    x = x.unsqueeze(2) if flat else x
    kernel, stride = (1 if flat else a.kernel_h, a.kernel_w), (1 if flat else a.stride_h, a.stride_w)
    dilation = (1 if flat else getattr(a, "dilation_h", 1) or 1, getattr(a, "dilation_w", 1) or 1)
    before = (0 if flat else a.pad_top, a.pad_left)
    after = (0 if flat else a.pad_bottom, a.pad_right)
    spans, outs = [], []
    for d in (0, 1):
        n, span = x.shape[2 + d], dilation[d] * (kernel[d] - 1) + 1
        whole = n + before[d] + after[d] - span
        out = (-(-whole // stride[d]) if a.ceil_mode else whole // stride[d]) + 1
        if a.ceil_mode and (out - 1) * stride[d] >= n + before[d]:
            out -= 1
        extra = max(0, (out - 1) * stride[d] + span - n - before[d])
        x = F.pad(x, (0, 0, before[0], extra) if d == 0 else (before[1], extra, 0, 0), value=value)
        spans.append(span)
        outs.append(out)
    x = x.unfold(2, spans[0], stride[0])[:, :, :outs[0]].unfold(3, spans[1], stride[1])[:, :, :, :outs[1]]
    return x[..., ::dilation[0], ::dilation[1]], flat


@_op("max_pool")
def _max_pool(a, x):
    w, flat = _pool_windows(a, x, -math.inf)
    y = w.amax((-1, -2))
    return y.squeeze(2) if flat else y


@_op("avg_pool")
def _avg_pool(a, x):
    w, flat = _pool_windows(a, x, 0.0)
    ones = torch.ones_like(x)
    if a.count_include_pad:                                # pads count, what ceil_mode adds beyond them does not
        ones = _pads2d(ones, a, 1.0)
        b = type("A", (), dict(vars(a), pad_top=0, pad_left=0, pad_bottom=0, pad_right=0))
    else:
        b = a
    n = _pool_windows(b, ones, 0.0)[0].sum((-1, -2))
    y = w.sum((-1, -2)) / n[:, :, :w.shape[2], :w.shape[3]]
    return y.squeeze(2) if flat else y


@_op("adaptive_avg_pool")
def _adaptive_avg(a, x):
    return F.adaptive_avg_pool1d(x, a.out_w) if x.dim() == 3 else F.adaptive_avg_pool2d(x, (a.out_h, a.out_w))


@_op("adaptive_max_pool")
def _adaptive_max(a, x):
    return F.adaptive_max_pool1d(x, a.out_w) if x.dim() == 3 else F.adaptive_max_pool2d(x, (a.out_h, a.out_w))


# ---- elementwise ----------------------------------------------------------------------------------------------------

_UNARY = {
    "relu": lambda a, x: x.clamp(min=0), "leaky_relu": lambda a, x: torch.where(x < 0, x * a.alpha, x),
    "elu": lambda a, x: torch.where(x < 0, a.alpha * torch.expm1(x), x), "sigmoid": lambda a, x: torch.sigmoid(x),
    "tanh": lambda a, x: torch.tanh(x), "softplus": lambda a, x: torch.logaddexp(x, torch.zeros_like(x)),
    "gelu": lambda a, x: F.gelu(x, approximate="tanh" if a.approximate_tanh else "none"),
    "hard_sigmoid": lambda a, x: (a.alpha * x + a.beta).clamp(0, 1), "clip": lambda a, x: x.clamp(a.min, a.max),
    "exp": lambda a, x: x.exp(), "log": lambda a, x: x.log(), "sqrt": lambda a, x: x.sqrt(),
    "erf": lambda a, x: torch.erf(x), "abs": lambda a, x: x.abs(), "neg": lambda a, x: -x, "sin": lambda a, x: x.sin(),
    "cos": lambda a, x: x.cos(), "reciprocal": lambda a, x: 1 / x, "silu": lambda a, x: x * torch.sigmoid(x),
    "floor": lambda a, x: x.floor(), "ceil": lambda a, x: x.ceil(), "round": lambda a, x: x.round(),
    "sign": lambda a, x: x.sign(),
    "selu": lambda a, x: a.gamma * torch.where(x < 0, a.alpha * torch.expm1(x), x),
    "softsign": lambda a, x: x / (1 + x.abs()), "atan": lambda a, x: x.atan(),
    "hard_swish": lambda a, x: x * (x / 6 + 0.5).clamp(0, 1),
    "thresholded_relu": lambda a, x: torch.where(x > a.alpha, x, torch.zeros_like(x)), "identity": lambda a, x: x,
    "softmax": lambda a, x: torch.softmax(x, a.axis), "log_softmax": lambda a, x: torch.log_softmax(x, a.axis),
}
_BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow, "max": torch.maximum,
    "min": torch.minimum, "greater": torch.gt, "less": torch.lt, "equal": torch.eq, "greater_equal": torch.ge,
    "less_equal": torch.le,
}
_OPS.update(_UNARY)
_OPS.update({n: (lambda a, x, y, f=f: f(x, y).to(x.dtype)) for n, f in _BINARY.items()})


@_op("prelu")
def _prelu(a, x, slope):
    s = slope.reshape(-1)
    return torch.where(x < 0, x * (s if s.numel() == 1 else _per_channel(s, x)), x)


@_op("where")
def _where(a, c, x, y):
    return torch.where(c != 0, x, y)


# ---- reductions -----------------------------------------------------------------------------------------------------

_REDUCE = {
    "sum": lambda x, d: x.sum(d, keepdim=True), "mean": lambda x, d: x.mean(d, keepdim=True),
    "max": lambda x, d: x.amax(d, keepdim=True), "min": lambda x, d: x.amin(d, keepdim=True),
    "l1": lambda x, d: x.abs().sum(d, keepdim=True), "l2": lambda x, d: (x * x).sum(d, keepdim=True).sqrt(),
    "sum_square": lambda x, d: (x * x).sum(d, keepdim=True),
    "log_sum_exp": lambda x, d: torch.logsumexp(x, d, keepdim=True),
}


def _prod(x, dims):
    for d in dims:
        x = x.prod(d, keepdim=True)
    return x


def _reduce(name):
    def run_reduce(a, x):
        dims = [d for d in range(x.dim()) if a.axes >> d & 1]
        y = (_REDUCE.get(name) or _prod)(x, dims) if dims else x
        if not a.keep_dims:
            y = y.reshape([n for d, n in enumerate(x.shape) if d not in dims])
        return y
    return run_reduce


_OPS.update({"reduce_" + n: _reduce(n) for n in list(_REDUCE) + ["prod"]})


# ---- moving data ----------------------------------------------------------------------------------------------------

@_op("concat")
def _concat(a, *xs):
    return torch.cat(xs, a.axis)


@_op("slice")
def _slice(a, x):
    t = a.start_end_step
    for d in range(len(t) // 3):
        start, end, step = t[3 * d:3 * d + 3]
        limit = 2**31 - 1
        idx = range(x.shape[d])[slice(start, None if step < 0 and end == -2**31 or step > 0 and end == limit else end,
                                      step)]
        x = x.index_select(d, torch.tensor(list(idx), dtype=torch.long))
    return x


@_op("reshape")
def _reshape(a, x):
    return x.reshape([x.shape[i] if d == 0 else d for i, d in enumerate(a.dims)])


@_op("transpose")
def _transpose(a, x):
    return x.permute(a.perm).contiguous()


@_op("pad")
def _pad(a, x):
    n = x.dim()
    before, after = a.before_after[:n], a.before_after[n:]
    x = x[tuple(slice(max(0, -b), x.shape[d] - max(0, -e)) for d, (b, e) in enumerate(zip(before, after)))]
    widths = [(max(0, b), max(0, e)) for b, e in zip(before, after)]
    kind = ("constant", "reflect", "edge", "wrap")[a.mode]
    more = {"constant_values": a.value} if a.mode == 0 else {}
    return torch.from_numpy(np.pad(x.numpy(), widths, mode=kind, **more))


@_op("expand")
def _expand(a, x):
    """numpy broadcasting of x with dims: a 1 or -1 in dims keeps x's."""
    dims = list(a.dims)
    shape = [1] * (len(dims) - x.dim()) + list(x.shape)
    dims = [1] * (len(shape) - len(dims)) + dims
    return x.reshape(shape).expand([s if d in (1, -1) else d for s, d in zip(shape, dims)]).contiguous()


@_op("tile")
def _tile(a, x):
    return x.repeat(a.repeats)


@_op("gather")
def _gather(a, x):
    n = x.shape[a.axis]
    return x.index_select(a.axis, torch.tensor([i % n if i < 0 else i for i in a.indices], dtype=torch.long))


@_op("cumsum")
def _cumsum(a, x):
    x = x.flip(a.axis) if a.reverse else x
    y = x.cumsum(a.axis)
    y = y - x if a.exclusive else y
    return y.flip(a.axis) if a.reverse else y


def _resize_axis(x, axis, a, n_out, scale):
    """One axis of resize, by a dense [n_out, n_in] matrix of weights."""
    n = x.shape[axis]
    n_out = n_out or int(math.floor(n * scale))
    scale = scale or n_out / n
    w = np.zeros((n_out, n))
    for o in range(n_out):
        at = {0: (o + 0.5) / scale - 0.5, 1: o * (n - 1) / (n_out - 1) if n_out > 1 else 0.0, 2: o / scale,
              3: (o + 0.5) / scale - 0.5 if n_out > 1 else 0.0}[a.coordinates]
        if a.mode == 0:
            i = {0: math.ceil(at - 0.5), 1: math.floor(at + 0.5), 2: math.floor(at), 3: math.ceil(at)}[a.nearest_mode]
            w[o, min(max(i, 0), n - 1)] = 1.0
            continue
        low = math.floor(at)
        t, c = at - low, a.cubic_a
        taps = {0: 1 - t, 1: t} if a.mode == 1 else {
            -1: ((c * (t + 1) - 5 * c) * (t + 1) + 8 * c) * (t + 1) - 4 * c, 0: ((c + 2) * t - (c + 3)) * t * t + 1,
            1: ((c + 2) * (1 - t) - (c + 3)) * (1 - t) ** 2 + 1,
            2: ((c * (2 - t) - 5 * c) * (2 - t) + 8 * c) * (2 - t) - 4 * c}
        for d, v in taps.items():
            w[o, min(max(low + d, 0), n - 1)] += v
    return torch.movedim(torch.tensordot(x, torch.from_numpy(w).to(x.dtype), dims=([axis], [1])), -1, axis)


@_op("resize")
def _resize(a, x):
    if x.dim() > 3:
        x = _resize_axis(x, x.dim() - 2, a, a.out_h, a.scale_h)
    return _resize_axis(x, x.dim() - 1, a, a.out_w, a.scale_w).contiguous()


@_op("depth_to_space")
def _depth_to_space(a, x):
    n, c, h, w = x.shape
    b = a.block
    if a.crd:
        return x.reshape(n, c // b**2, b, b, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, c // b**2, h * b, w * b)
    return x.reshape(n, b, b, c // b**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b**2, h * b, w * b)


@_op("space_to_depth")
def _space_to_depth(a, x):
    n, c, h, w = x.shape
    b = a.block
    return x.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4).reshape(n, c * b * b, h // b, w // b)


@_op("scatter_rows")
def _scatter_rows(a, x, updates):
    """k leading axes of x are rows; the words say which row each row of updates replaces."""
    row = x.shape[a.k:]
    y = x.clone().reshape(-1, *row)
    y[torch.tensor(a.flat_rows, dtype=torch.long)] = updates.reshape(-1, *row)
    return y.reshape(x.shape)


# ---- recurrent ------------------------------------------------------------------------------------------------------

def _recurrent(a, x, w, r, b, h0, c0, gates, step):
    """x [t, mb, i] or, batch first, [mb, t, i]; step(xw, rw, hw, h, c, rec_bias) -> (h, c)."""
    x = x.transpose(0, 1) if a.batch_first else x
    steps, mb, _ = x.shape
    dirs, h = (2 if a.direction == 2 else 1), a.hidden
    b = torch.zeros(dirs, 2 * gates * h, dtype=x.dtype) if b is None else b
    ys, hs, cs = [], [], []
    for d in range(dirs):
        back = a.direction == 1 or d == 1
        hd = torch.zeros(mb, h, dtype=x.dtype) if h0 is None else h0[d]
        cd = torch.zeros(mb, h, dtype=x.dtype) if c0 is None else c0[d]
        bi, br = b[d, :gates * h], b[d, gates * h:]
        out = [None] * steps
        for t in (reversed(range(steps)) if back else range(steps)):
            hd, cd = step(F.linear(x[t], w[d], bi), r[d], br, hd, cd)
            out[t] = hd
        ys.append(torch.stack(out))
        hs.append(hd)
        cs.append(cd)
    y = torch.stack(ys, 1)                                                       # [t, dirs, mb, h]
    if a.batch_first:
        y = y.permute(2, 0, 1, 3).reshape(mb, steps, dirs * h)
    return y, torch.stack(hs), torch.stack(cs)


@_op("lstm")
def _lstm(a, x, w, r, b=None, h0=None, c0=None):
    def step(xw, rw, rb, h, c):
        i, o, f, g = (xw + F.linear(h, rw, rb)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    return _recurrent(a, x, w, r, b, h0, c0, 4, step)


@_op("gru")
def _gru(a, x, w, r, b=None, h0=None):
    def step(xw, rw, rb, h, c):
        n = a.hidden
        zr = torch.sigmoid(xw[:, :2 * n] + F.linear(h, rw[:2 * n], rb[:2 * n]))
        z, reset = zr[:, :n], zr[:, n:]
        if a.linear_before_reset:
            cand = torch.tanh(xw[:, 2 * n:] + reset * F.linear(h, rw[2 * n:], rb[2 * n:]))
        else:
            cand = torch.tanh(xw[:, 2 * n:] + F.linear(reset * h, rw[2 * n:], rb[2 * n:]))
        return (1 - z) * cand + z * h, c
    return _recurrent(a, x, w, r, b, h0, None, 3, step)[:2]


@_op("rnn")
def _rnn(a, x, w, r, b=None, h0=None):
    def step(xw, rw, rb, h, c):
        s = xw + F.linear(h, rw, rb)
        return (s.clamp(min=0) if a.relu else torch.tanh(s)), c
    return _recurrent(a, x, w, r, b, h0, None, 1, step)[:2]


@_op("attention")
def _attention(a, q, k, v, mask=None):
    def heads(x):
        return x.reshape(x.shape[0], x.shape[1], a.heads, -1).transpose(1, 2)
    s = a.scale * heads(q) @ heads(k).transpose(-1, -2)
    p = torch.softmax(s if mask is None else s + mask, -1)
    return (p @ heads(v)).transpose(1, 2).reshape(q.shape[0], q.shape[1], -1), p
