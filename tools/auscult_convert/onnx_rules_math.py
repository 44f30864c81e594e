"""Rules: elementwise operators, reductions, softmax, linear algebra."""

import math

import numpy as np

from .onnx_eval import Unsupported
from .onnx_map import rule

UNARY = {
    "Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Exp": "exp", "Log": "log",
    "Sqrt": "sqrt", "Erf": "erf", "Abs": "abs", "Neg": "neg", "Sin": "sin", "Cos": "cos", "Reciprocal": "reciprocal",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "Sign": "sign", "Softsign": "softsign", "Atan": "atan",
    "HardSwish": "hard_swish",
}
BINARY = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Greater": "greater", "Less": "less",
          "Equal": "equal", "GreaterOrEqual": "greater_equal", "LessOrEqual": "less_equal"}
REDUCE = {"ReduceSum": "sum", "ReduceMean": "mean", "ReduceMax": "max", "ReduceMin": "min", "ReduceProd": "prod",
          "ReduceL1": "l1", "ReduceL2": "l2", "ReduceSumSquare": "sum_square", "ReduceLogSumExp": "log_sum_exp"}


def real(m, name):
    """Refuses integers computed from the input: their arithmetic (division, wrapping) is not float32's."""
    if m.p.depends(name) and m.p.runs[0].kind[name] in "iu":
        raise Unsupported("integer arithmetic on data")


@rule(*UNARY)
def _unary(m, n, a):
    m.emit(UNARY[n.op], m.value(n.inputs[0]), n.outputs[0])


@rule("Identity", "Cast", "CastLike", "Dropout")
def _pass(m, n, a):
    x = n.inputs[0]
    if n.op == "Dropout" and len(n.inputs) > 2 and n.inputs[2] and bool(m.need(n, 2, "training_mode")):
        raise Unsupported("training mode")
    if n.op == "Dropout" and len(n.outputs) > 1 and any(n.outputs[1] in k.inputs for k in m.p.nodes):
        raise Unsupported("its mask")
    if n.op == "Cast":
        import onnx
        t = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE.get(a["to"])
        if t is not None and t.kind == "b":
            zero = m.scalar(0)
            return m.emit("sub", [m.scalar(1), m.emit("equal", [m.value(x), zero])], n.outputs[0])
        if t is None or t.kind != "f":
            raise Unsupported("a cast of data to an integer")
    return m.alias(m.value(x), n.outputs[0])


ALPHA = {"LeakyRelu": ("leaky_relu", 0.01), "Elu": ("elu", 1.0), "ThresholdedRelu": ("thresholded_relu", 1.0)}


@rule(*ALPHA)
def _alpha(m, n, a):
    op, default = ALPHA[n.op]
    m.emit(op, m.value(n.inputs[0]), n.outputs[0], alpha=a.get("alpha", default))


@rule("Selu")
def _selu(m, n, a):
    m.emit("selu", m.value(n.inputs[0]), n.outputs[0], alpha=a.get("alpha", 1.6732632423543772),
           gamma=a.get("gamma", 1.0507009873554805))


@rule("HardSigmoid")
def _hard_sigmoid(m, n, a):
    m.emit("hard_sigmoid", m.value(n.inputs[0]), n.outputs[0], alpha=a.get("alpha", 0.2), beta=a.get("beta", 0.5))


@rule("Gelu")
def _gelu(m, n, a):
    m.emit("gelu", m.value(n.inputs[0]), n.outputs[0], approximate_tanh=int(a.get("approximate", "none") == "tanh"))


@rule("Celu")
def _celu(m, n, a):
    """alpha elu(x / alpha)"""
    alpha = a.get("alpha", 1.0)
    y = m.emit("elu", m.emit("div", [m.value(n.inputs[0]), m.scalar(alpha)]), alpha=1.0)
    m.emit("mul", [y, m.scalar(alpha)], n.outputs[0])


@rule("Mish")
def _mish(m, n, a):
    x = m.value(n.inputs[0])
    m.emit("mul", [x, m.emit("tanh", m.emit("softplus", x))], n.outputs[0])


@rule("Tan")
def _tan(m, n, a):
    x = m.value(n.inputs[0])
    m.emit("div", [m.emit("sin", x), m.emit("cos", x)], n.outputs[0])


@rule("Sinh", "Cosh")
def _sinh(m, n, a):
    """(e^x -+ e^-x) / 2"""
    x = m.value(n.inputs[0])
    e = [m.emit("exp", x), m.emit("exp", m.emit("neg", x))]
    m.emit("mul", [m.emit("sub" if n.op == "Sinh" else "add", e), m.scalar(0.5)], n.outputs[0])


@rule("Asin", "Acos")
def _asin(m, n, a):
    """asin x = atan(x / sqrt(1 - x^2)); acos x = pi/2 - asin x"""
    x, out = m.value(n.inputs[0]), n.outputs[0]
    root = m.emit("sqrt", m.emit("sub", [m.scalar(1), m.emit("mul", [x, x])]))
    y = m.emit("atan", m.emit("div", [x, root]), out if n.op == "Asin" else None)
    if n.op == "Acos":
        m.emit("sub", [m.scalar(math.pi / 2), y], out)


@rule("Atanh")
def _atanh(m, n, a):
    x = m.value(n.inputs[0])
    q = m.emit("div", [m.emit("add", [m.scalar(1), x]), m.emit("sub", [m.scalar(1), x])])
    m.emit("mul", [m.emit("log", q), m.scalar(0.5)], n.outputs[0])


@rule("Asinh", "Acosh")
def _asinh(m, n, a):
    """sign(x) log(|x| + sqrt(x^2 + 1)), log(x + sqrt(x^2 - 1))"""
    x = m.value(n.inputs[0])
    size = m.emit("abs", x) if n.op == "Asinh" else x
    inner = m.emit("add" if n.op == "Asinh" else "sub", [m.emit("mul", [x, x]), m.scalar(1)])
    y = m.emit("log", m.emit("add", [size, m.emit("sqrt", inner)]), n.outputs[0] if n.op == "Acosh" else None)
    if n.op == "Asinh":
        m.emit("mul", [m.emit("sign", x), y], n.outputs[0])


@rule("Shrink")
def _shrink(m, n, a):
    x, lam, bias = m.value(n.inputs[0]), a.get("lambd", 0.5), a.get("bias", 0.0)
    low, high = m.emit("less", [x, m.scalar(-lam)]), m.emit("greater", [x, m.scalar(lam)])
    right = m.emit("where", [high, m.emit("sub", [x, m.scalar(bias)]), m.scalar(0)])
    m.emit("where", [low, m.emit("add", [x, m.scalar(bias)]), right], n.outputs[0])


@rule("PRelu")
def _prelu(m, n, a):
    """One slope, or one a channel; any other shape is max(x, 0) + slope min(x, 0)."""
    x, slope = n.inputs[0], m.known(n.inputs[1])
    rank = m.rank(x)
    v = m.value(x)
    if slope is not None and rank > 1:
        full = (1,) * (rank - slope.ndim) + slope.shape
        if slope.size == 1 or slope.size == full[1] == m.dim(x, 1):
            return m.emit("prelu", [v, m.param(n.inputs[1] + ".slope", slope.reshape(-1))], n.outputs[0])
    zero, s = m.scalar(0), m.value(n.inputs[1])
    if m.opset < 7 and m.rank(n.inputs[1]) == 1 and m.dim(n.inputs[1], 0) > 1:      # one a channel, before broadcasting
        s = m.reshape(s, m.shapes(n.inputs[1]), [k + (1,) * (rank - 2) for k in m.shapes(n.inputs[1])])
    left = m.emit("mul", [s, m.emit("min", [v, zero])])
    return m.emit("add", [m.emit("max", [v, zero]), left], n.outputs[0])


@rule("Clip")
def _clip(m, n, a):
    """Limits that are missing are not applied; limits that are data become min and max."""
    x, out = m.value(n.inputs[0]), n.outputs[0]
    limit = []
    for i, key in ((1, "min"), (2, "max")):
        if m.has(n, i):
            k = m.known(n.inputs[i])
            limit.append(float(k.reshape(-1)[0]) if k is not None else m.value(n.inputs[i]))
        else:
            limit.append(a.get(key))
    low, high = limit
    if isinstance(low, float) and isinstance(high, float):
        return m.emit("clip", x, out, min=low, max=high)
    if low is not None:
        x = m.emit("max", [x, m.scalar(low) if isinstance(low, float) else low], out if high is None else None)
    if high is not None:
        return m.emit("min", [x, m.scalar(high) if isinstance(high, float) else high], out)
    return m.alias(x, out) if low is None else None


# ---- two operands and more --------------------------------------------------------------------------------------------

def legacy(m, n, a, v, i):
    """Before opset 7, operand i may be aligned at `axis` instead of at the end."""
    if m.opset >= 7 or not a.get("broadcast", 0) or "axis" not in a:
        return v
    shape, rank = m.shapes(n.inputs[i]), m.rank(n.inputs[0])
    axis = a["axis"] % rank
    return m.reshape(v, shape, [s + (1,) * (rank - axis - len(s)) for s in shape])


@rule(*BINARY)
def _binary(m, n, a):
    for i in n.inputs:
        real(m, i)
    m.emit(BINARY[n.op], [m.value(n.inputs[0]), legacy(m, n, a, m.value(n.inputs[1]), 1)], n.outputs[0])


@rule("Pow")
def _pow(m, n, a):
    """Small constant exponents become what they mean: faster, and exact for negative bases."""
    k, x, out = m.known(n.inputs[1]), m.value(n.inputs[0]), n.outputs[0]
    e = float(k.reshape(-1)[0]) if k is not None and k.size == 1 and k.ndim <= m.rank(n.inputs[0]) else None
    if e == 1:
        return m.alias(x, out)
    if e == 2:
        return m.emit("mul", [x, x], out)
    if e == 3:
        return m.emit("mul", [m.emit("mul", [x, x]), x], out)
    if e == 0.5:
        return m.emit("sqrt", x, out)
    if e == -1:
        return m.emit("reciprocal", x, out)
    return m.emit("pow", [x, legacy(m, n, a, m.value(n.inputs[1]), 1)], out)


CHAIN = {"Sum": "add", "Mean": "add", "Max": "max", "Min": "min"}


@rule(*CHAIN)
def _variadic(m, n, a):
    for i in n.inputs:
        real(m, i)
    v = [m.value(i) for i in n.inputs]
    x = v[0]
    for i, y in enumerate(v[1:], 2):
        x = m.emit(CHAIN[n.op], [x, y], n.outputs[0] if i == len(v) and n.op != "Mean" else None)
    if n.op == "Mean":
        m.emit("mul", [x, m.scalar(1.0 / len(v))], n.outputs[0])
    elif len(v) == 1:
        m.alias(x, n.outputs[0])


@rule("And", "Or", "Xor", "Not")
def _logic(m, n, a):
    """On 0 and 1: product, maximum, inequality, complement."""
    v = [m.value(i) for i in n.inputs]
    if len(v) == 2:
        v[1] = legacy(m, n, a, v[1], 1)
    out = n.outputs[0]
    if n.op == "And":
        m.emit("mul", v, out)
    elif n.op == "Or":
        m.emit("max", v, out)
    else:
        m.emit("sub", [m.scalar(1), v[0] if n.op == "Not" else m.emit("equal", v)], out)


@rule("IsNaN")
def _is_nan(m, n, a):
    """Nothing but NaN differs from itself."""
    x = m.value(n.inputs[0])
    m.emit("sub", [m.scalar(1), m.emit("equal", [x, x])], n.outputs[0])


@rule("Mod")
def _mod(m, n, a):
    """x - y trunc(x / y), or with floor when fmod is 0."""
    for i in n.inputs:
        real(m, i)
    x, y = m.value(n.inputs[0]), m.value(n.inputs[1])
    q = m.emit("div", [x, y])
    if a.get("fmod", 0):
        q = m.emit("mul", [m.emit("sign", q), m.emit("floor", m.emit("abs", q))])
    else:
        q = m.emit("floor", q)
    m.emit("sub", [x, m.emit("mul", [y, q])], n.outputs[0])


@rule("Where")
def _where(m, n, a):
    m.emit("where", [m.value(i) for i in n.inputs], n.outputs[0])


# ---- reductions and softmax ---------------------------------------------------------------------------------------------

def reduce_axes(m, n, a):
    axes = m.ints(n, 1, "axes") if m.has(n, 1) else a.get("axes")
    rank = m.rank(n.inputs[0])
    if not axes:
        return [] if a.get("noop_with_empty_axes", 0) else list(range(rank))
    return [i % rank for i in axes]


@rule(*REDUCE)
def _reduce(m, n, a):
    real(m, n.inputs[0])
    axes, x = reduce_axes(m, n, a), m.value(n.inputs[0])
    if not axes:
        return m.alias(x, n.outputs[0])
    return m.emit("reduce_" + REDUCE[n.op], x, n.outputs[0], axes=sum(1 << i for i in set(axes)),
                  keep_dims=int(bool(a.get("keepdims", 1))))


@rule("ReduceLogSum")
def _reduce_log_sum(m, n, a):
    s = m.emit("reduce_sum", m.value(n.inputs[0]), axes=sum(1 << i for i in set(reduce_axes(m, n, a))),
               keep_dims=int(bool(a.get("keepdims", 1))))
    m.emit("log", s, n.outputs[0])


@rule("Softmax", "LogSoftmax")
def _softmax(m, n, a):
    op = "softmax" if n.op == "Softmax" else "log_softmax"
    x, rank = n.inputs[0], m.rank(n.inputs[0])
    axis = a.get("axis", -1 if m.opset >= 13 else 1)
    axis = axis % rank if axis < rank else axis
    if m.opset >= 13 or all(d == 1 for s in m.shapes(x) for d in s[axis + 1:]):
        return m.emit(op, m.value(x), n.outputs[0], axis=axis)
    flat = [(int(np.prod(s[:axis])), int(np.prod(s[axis:]))) for s in m.shapes(x)]    # before 13: two dimensions
    y = m.emit(op, m.reshape(m.value(x), m.shapes(x), flat), axis=1)
    return m.reshape(y, flat, m.shapes(x), n.outputs[0])


# ---- linear algebra -----------------------------------------------------------------------------------------------------

@rule("MatMul")
def _matmul(m, n, a):
    """A constant matrix on the right is a linear layer; vectors get the axis that numpy gives them."""
    x, y = n.inputs
    w = m.known(y)
    if w is not None and w.ndim == 2 and m.rank(x) >= 2:
        return m.emit("linear", [m.value(x), m.param(y + ".T", w.T)], n.outputs[0])
    sx, sy, so = m.shapes(x), m.shapes(y), m.shapes(n.outputs[0])
    vx, vy = m.value(x), m.value(y)
    row, column = len(sx[0]) == 1, len(sy[0]) == 1
    if not row and not column:
        return m.emit("matmul", [vx, vy], n.outputs[0], alpha=1.0)
    if row:
        vx = m.reshape(vx, sx, [(1,) + s for s in sx])
    if column:
        vy = m.reshape(vy, sy, [s + (1,) for s in sy])
    tail = 1 if row and not column else 0                          # how many axes stand behind the row's own
    full = [s[:len(s) - tail] + (1,) * (row + column) + s[len(s) - tail:] for s in so]
    return m.reshape(m.emit("matmul", [vx, vy], alpha=1.0), full, so, n.outputs[0])


@rule("Gemm")
def _gemm(m, n, a):
    """A linear layer when the matrix and a bias along the columns are constants."""
    alpha, beta = a.get("alpha", 1.0), a.get("beta", 1.0)
    x, width = m.value(n.inputs[0]), m.dim(n.outputs[0], 1)
    w, c = m.known(n.inputs[1]), m.known(n.inputs[2]) if m.has(n, 2) else np.zeros(1)
    if w is not None and c is not None and not a.get("transA", 0) and c.size in (1, c.shape[-1] if c.ndim else 1):
        transposed = a.get("transB", 0)
        args = [x, m.param(n.inputs[1] + ("" if transposed else ".T"), alpha * (w if transposed else w.T))]
        if m.has(n, 2):
            args.append(m.param(n.inputs[2] + ".bias", beta * np.broadcast_to(c.reshape(-1), (width,))))
        return m.emit("linear", args, n.outputs[0])
    z = m.emit("matmul", [x, m.value(n.inputs[1])], None if m.has(n, 2) else n.outputs[0],
               transpose_a=a.get("transA", 0), transpose_b=a.get("transB", 0), alpha=alpha)
    if m.has(n, 2):
        c = m.value(n.inputs[2])
        m.emit("add", [z, c if beta == 1 else m.emit("mul", [c, m.scalar(beta)])], n.outputs[0])
    return None


def _einsum_terms(m, n, a):
    """([input letters], output letters) without ellipses or repeated letters."""
    eq = a["equation"].replace(" ", "")
    left, arrow, right = eq.partition("->")
    terms = left.split(",")
    if not arrow:
        right = "".join(sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1))
    if "." in eq or any(len(set(t)) != len(t) for t in terms):
        raise Unsupported("equation '%s'" % a["equation"])
    return terms, right


@rule("Einsum")
def _einsum(m, n, a):
    """One operand: sum, then transpose. More, pair by pair: to [batch..., rows, inner] x [batch..., inner, columns], and back."""
    terms, out = _einsum_terms(m, n, a)
    size = [{c: s[i] for t, name in zip(terms, n.inputs) for i, c in enumerate(t)
             for s in [m.shapes(name)[r]]} for r in range(len(m.p.runs))]

    def shapes(letters):
        return [tuple(z[c] for c in letters) for z in size]

    def summed(v, t, keep):
        gone = [i for i, c in enumerate(t) if c not in keep]
        if gone:
            v = m.emit("reduce_sum", v, axes=sum(1 << i for i in gone), keep_dims=0)
        return v, "".join(c for c in t if c in keep)

    def ordered(v, t, want, final=None):
        if t == want:
            if final:
                m.alias(v, final)
            return v
        return m.emit("transpose", v, final, perm=[t.index(c) for c in want])

    def product(x, tx, y, ty, keep):
        (x, tx), (y, ty) = summed(x, tx, ty + keep), summed(y, ty, tx + keep)
        batch = "".join(c for c in tx if c in ty and c in keep)
        inner = "".join(c for c in tx if c in ty and c not in keep)
        rows, cols = "".join(c for c in tx if c not in ty), "".join(c for c in ty if c not in tx)

        def packed(v, t, groups):
            v = ordered(v, t, "".join(groups))
            flat = [tuple(z[c] for c in batch) + tuple(int(np.prod([z[c] for c in g])) for g in groups[1:]) for z in size]
            return m.reshape(v, shapes("".join(groups)), flat), flat

        (px, fx), (py, fy) = packed(x, tx, [batch, rows, inner]), packed(y, ty, [batch, inner, cols])
        z = m.emit("matmul", [px, py], alpha=1.0)
        flat = [a_[:-1] + b_[-1:] for a_, b_ in zip(fx, fy)]
        return m.reshape(z, flat, shapes(batch + rows + cols)), batch + rows + cols

    v, t = m.value(n.inputs[0]), terms[0]
    for i in range(1, len(terms)):
        v, t = product(v, t, m.value(n.inputs[i]), terms[i], out + "".join(terms[i + 1:]))
    v, t = summed(v, t, out)
    return ordered(v, t, out, n.outputs[0])
