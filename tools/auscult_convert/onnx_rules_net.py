"""Rules: convolution, pooling, normalisation, recurrent layers."""

import numpy as np

from . import onnx_eval
from .onnx_eval import Unsupported
from .onnx_map import rule
from .onnx_same import pool_pads, transpose_pads


def spatial(m, name):
    """Sizes of the spatial axes, one or two of them."""
    rank = m.rank(name)
    if rank not in (3, 4):
        raise Unsupported("%d spatial axes; one or two convert" % (rank - 2))
    return [m.dim(name, i) for i in range(2, rank)]


def two(v, one):
    """Height and width; a single axis is the width."""
    return [one] + list(v) if len(v) == 1 else list(v)


def hw(prefix, v, one):
    h, w = two(v, one)
    return {prefix + "_h": h, prefix + "_w": w}


def pads(begin, end):
    (top, left), (bottom, right) = two(begin, 0), two(end, 0)
    return {"pad_top": top, "pad_left": left, "pad_bottom": bottom, "pad_right": right}


@rule("Conv")
def _conv(m, n, a):
    size = spatial(m, n.inputs[0])
    kernel = m.shapes(n.inputs[1])[0][2:]
    ones = [1] * len(size)
    stride, dilation = a.get("strides") or ones, a.get("dilations") or ones
    begin, end = pool_pads(a, size, kernel, stride, dilation)
    m.emit("conv", [m.value(i) for i in n.inputs if i], n.outputs[0], groups=a.get("group", 1),
           **hw("stride", stride, 1), **hw("dilation", dilation, 1), **pads(begin, end))


@rule("ConvTranspose")
def _conv_transpose(m, n, a):
    """pads and output_pad together give what ONNX asks: begin is cut in front; the end is cut or grown."""
    size = spatial(m, n.inputs[0])
    kernel = m.shapes(n.inputs[1])[0][2:]
    ones = [1] * len(size)
    stride, dilation = a.get("strides") or ones, a.get("dilations") or ones
    begin, out = transpose_pads(a, size, kernel, stride, dilation)
    full = [(s - 1) * t + d * (k - 1) + 1 for s, t, d, k in zip(size, stride, dilation, kernel)]
    rest = [f - b - o for f, b, o in zip(full, begin, out)]                       # negative: rows to add
    m.emit("conv_transpose", [m.value(i) for i in n.inputs if i], n.outputs[0], groups=a.get("group", 1),
           **hw("stride", stride, 1), **hw("dilation", dilation, 1), **pads(begin, [max(0, r) for r in rest]),
           **hw("output_pad", [max(0, -r) for r in rest], 0))


@rule("MaxPool", "AveragePool")
def _pool(m, n, a):
    size, kernel = spatial(m, n.inputs[0]), a["kernel_shape"]
    ones = [1] * len(size)
    stride, dilation = a.get("strides") or ones, a.get("dilations") or ones
    begin, end = pool_pads(a, size, kernel, stride, dilation)
    same = dict(hw("kernel", kernel, 1), ceil_mode=a.get("ceil_mode", 0), **hw("stride", stride, 1),
                **pads(begin, end))
    if n.op == "MaxPool":
        if len(n.outputs) > 1 and n.outputs[1] and (n.outputs[1] in m.p.model.outputs or any(
                n.outputs[1] in k.inputs for k in m.p.nodes)):
            raise Unsupported("its indices")
        m.emit("max_pool", m.value(n.inputs[0]), n.outputs[0], **same, **hw("dilation", dilation, 1))
    else:
        if any(d != 1 for d in dilation):
            raise Unsupported("dilations")
        m.emit("avg_pool", m.value(n.inputs[0]), n.outputs[0], count_include_pad=a.get("count_include_pad", 0), **same)


@rule("GlobalAveragePool", "GlobalMaxPool")
def _global(m, n, a):
    axes = sum(1 << i for i in range(2, m.rank(n.inputs[0])))
    m.emit("reduce_mean" if n.op == "GlobalAveragePool" else "reduce_max", m.value(n.inputs[0]), n.outputs[0],
           axes=axes, keep_dims=1)


@rule("LRN")
def _lrn(m, n, a):
    """x / (bias + alpha mean over neighbouring channels of x^2)^beta; the mean is an average pool along channels."""
    x, size = n.inputs[0], a["size"]
    shapes = m.shapes(x)
    flat = [(s[0], 1, s[1], int(np.prod(s[2:]))) for s in shapes]
    v = m.value(x)
    sq = m.reshape(m.emit("mul", [v, v]), shapes, flat)
    mean = m.emit("avg_pool", sq, kernel_h=size, kernel_w=1, stride_h=1, stride_w=1, pad_top=(size - 1) // 2,
                  pad_bottom=size // 2, count_include_pad=1)
    mean = m.reshape(mean, flat, shapes)
    d = m.emit("add", [m.emit("mul", [mean, m.scalar(a.get("alpha", 1e-4))]), m.scalar(a.get("bias", 1.0))])
    m.emit("div", [v, m.emit("pow", [d, m.scalar(a.get("beta", 0.75))])], n.outputs[0])


# ---- normalisation ------------------------------------------------------------------------------------------------------

@rule("BatchNormalization")
def _batch_norm(m, n, a):
    if a.get("training_mode", 0) or len([o for o in n.outputs[1:] if o in m.p.model.outputs]):
        raise Unsupported("training mode")
    m.emit("batch_norm", [m.value(i) for i in n.inputs], n.outputs[0], epsilon=a.get("epsilon", 1e-5))


@rule("InstanceNormalization")
def _instance_norm(m, n, a):
    m.emit("instance_norm", [m.value(i) for i in n.inputs], n.outputs[0], epsilon=a.get("epsilon", 1e-5))


@rule("GroupNormalization")
def _group_norm(m, n, a):
    groups, channels = a["num_groups"], m.dim(n.inputs[0], 1)
    affine = []
    for i in (1, 2):
        v = m.need(n, i, "scale and bias")
        affine.append(m.param(n.inputs[i] + ".channels", np.repeat(v, channels // groups) if v.size == groups else v))
    m.emit("group_norm", [m.value(n.inputs[0])] + affine, n.outputs[0], groups=groups, epsilon=a.get("epsilon", 1e-5))


@rule("LayerNormalization")
def _layer_norm(m, n, a):
    """The op when only the result is used; its by-products (mean, 1/deviation) are computed when somebody reads them."""
    x = n.inputs[0]
    axis, eps = a.get("axis", -1) % m.rank(x), a.get("epsilon", 1e-5)
    tail = m.shapes(x)[0][axis:]
    affine = []
    for i in (1, 2):
        if m.has(n, i):
            v = m.known(n.inputs[i])
            affine.append(m.param(n.inputs[i] + ".affine", np.broadcast_to(v, tail)) if v is not None else
                          m.value(n.inputs[i]))
    m.emit("layer_norm", [m.value(x)] + affine, n.outputs[0], axis=axis, epsilon=eps)
    read = [bool(o) and (o in m.p.model.outputs or any(o in k.inputs for k in m.p.nodes)) for o in n.outputs]
    if any(read[1:]):
        axes = sum(1 << i for i in range(axis, m.rank(x)))
        mean = m.emit("reduce_mean", m.value(x), n.outputs[1] or None, axes=axes, keep_dims=1)
        if len(read) > 2 and read[2]:
            d = m.emit("sub", [m.value(x), mean])
            var = m.emit("reduce_mean", m.emit("mul", [d, d]), axes=axes, keep_dims=1)
            m.emit("reciprocal", m.emit("sqrt", m.emit("add", [var, m.scalar(eps)])), n.outputs[2])


@rule("MeanVarianceNormalization")
def _mvn(m, n, a):
    axes = sum(1 << i for i in a.get("axes", [0, 2, 3]))
    x = m.value(n.inputs[0])
    d = m.emit("sub", [x, m.emit("reduce_mean", x, axes=axes, keep_dims=1)])
    root = m.emit("sqrt", m.emit("reduce_mean", m.emit("mul", [d, d]), axes=axes, keep_dims=1))
    m.emit("div", [d, m.emit("add", [root, m.scalar(1e-9)])], n.outputs[0])


# ---- recurrent ----------------------------------------------------------------------------------------------------------

DIRECTION = {"forward": 0, "reverse": 1, "bidirectional": 2}


def _state(m, n, i, layout):
    """An initial state in the op's layout; zeros are left out."""
    if not m.has(n, i):
        return None
    name = n.inputs[i]
    if not m.p.depends(name) and not any(v.any() for v in m.p.values(name)):
        return None
    return m.emit("transpose", m.value(name), perm=[1, 0, 2]) if layout else m.value(name)


def _recurrent(m, n, a, op, states, extra):
    layout, h = a.get("layout", 0), a["hidden_size"]
    if m.has(n, 4):
        onnx_eval._whole(np.empty(m.shapes(n.inputs[0])[0]), m.need(n, 4, "sequence_lens"), layout)
    x = m.value(n.inputs[0])
    if layout:
        x = m.emit("transpose", x, perm=[1, 0, 2])
    args = [x, m.value(n.inputs[1]), m.value(n.inputs[2]), m.value(n.inputs[3]) if m.has(n, 3) else None]
    args += [_state(m, n, i, layout) for i in states]
    outs = [n.outputs[i] if len(n.outputs) > i else "" for i in range(1 + len(states))]
    names = [m.g.fresh((o or n.outputs[0] + ".h%d" % i) + (".time_first" if layout else ""))
             for i, o in enumerate(outs)]
    m.g.op(op, args, out=names, name=n.name, hidden=h, direction=DIRECTION[a.get("direction", "forward")], **extra)
    for i, (o, name) in enumerate(zip(outs, names)):
        if o and layout:
            m.emit("transpose", name, o, perm=[2, 0, 1, 3] if i == 0 else [1, 0, 2])
        elif o:
            m.alias(name, o)


@rule("LSTM")
def _lstm(m, n, a):
    onnx_eval.check_recurrent(a, ["sigmoid", "tanh", "tanh"])
    p = m.need(n, 7, "peepholes")
    if p is not None and p.any():
        raise Unsupported("peepholes")
    _recurrent(m, n, a, "lstm", (5, 6), {})


@rule("GRU")
def _gru(m, n, a):
    onnx_eval.check_recurrent(a, ["sigmoid", "tanh"])
    _recurrent(m, n, a, "gru", (5,), {"linear_before_reset": a.get("linear_before_reset", 0)})


@rule("RNN")
def _rnn(m, n, a):
    acts = {s.lower() for s in a.get("activations", ["Tanh"])}
    _recurrent(m, n, a, "rnn", (5,), {"relu": int(acts == {"relu"})})
