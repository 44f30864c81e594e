#!/usr/bin/python3
"""Golden values for tests/test_ops.c, from torch and numpy in double precision.

    /usr/bin/python3 tests/golden/make_ops.py > tests/golden/ops.h

A case is an op, the shapes and kinds of its inputs, attribute words, and what torch makes of it. Inputs come from
a hash that the C test computes too, so only results are stored. A dim of -1 is a length that the test runs from 1 to
67; such cases, and large ones for the thread test, have no golden values (the test's own double reference judges them)."""
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def values(seed, k, shape, kind):
    n = int(np.prod(shape)) if len(shape) else 1
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + k * 40503 + seed * 97 + 12345) & 0xffffffff
    h ^= h >> 15
    h = (h * 2246822519) & 0xffffffff
    h ^= h >> 13
    x = (h & 0xffff).astype(np.float64) / 16384 - 2
    if kind == "p":
        x = np.abs(x) + 0.125          # positive
    elif kind == "b":
        x = (x > 0).astype(np.float64)   # 0 or 1
    elif kind == "q":
        x = np.floor(x * 2) / 2          # halves: ties and equal values
    elif kind == "s":
        x = x / 8                        # small: weights that do not amplify roundings over many steps
    return torch.from_numpy(x.reshape(shape))


CASES = []
MAKERS = []


def case(op, ins, attrs=(), fn=None, n_out=1):
    """ins: (shape, kind[, 'w' for a parameter]); attrs: ints or floats; fn: inputs -> result or results."""
    seed = len(CASES)
    ins = [i if len(i) == 3 else (*i, "") for i in ins]
    outs = []
    if fn:
        x = [values(seed, k, s, kind) for k, (s, kind, _) in enumerate(ins) if s is not None]
        r = fn(*x)
        outs = [np.ascontiguousarray(o.numpy() if hasattr(o, "numpy") else o) for o in (r if isinstance(r, tuple) else (r,))]
    CASES.append((op, ins, list(attrs), outs, max(n_out, len(outs))))
    MAKERS.append(fn)                    # for make_back.py


def w(shape, kind="n"):
    return (shape, kind, "w")


# ---- linear maps
def conv(x, wt, b=None, s=(1, 1), d=(1, 1), pads=(0, 0, 0, 0), g=1):
    if x.dim() == 3:
        return F.conv1d(F.pad(x, (pads[1], pads[3])), wt, b, s[1], 0, d[1], g)
    return F.conv2d(F.pad(x, (pads[1], pads[3], pads[0], pads[2])), wt, b, s, 0, d, g)


def add_conv(xs, ws, bias, s, d, pads, g):
    ins = [(xs, "n"), w(ws)] + ([w([ws[0]])] if bias else [])
    case("conv", ins, [*s, *d, *pads, g], lambda x, wt, b=None: conv(x, wt, b, s, d, pads, g))


add_conv([2, 3, 7, 8], [4, 3, 3, 3], True, (1, 1), (1, 1), (1, 1, 1, 1), 1)
add_conv([1, 4, 9, 11], [6, 2, 3, 2], True, (2, 3), (1, 2), (0, 1, 2, 3), 2)
add_conv([1, 5, 6, 6], [5, 1, 3, 3], False, (1, 1), (1, 1), (1, 1, 1, 1), 5)
add_conv([2, 3, 17], [4, 3, 5], True, (1, 2), (1, 1), (0, 2, 0, 2), 1)
add_conv([1, 1, 20, 40], [3, 1, 7, 38], True, (1, 1), (1, 1), (3, 0, 3, 0), 1)
add_conv([1, 8, 3, 5], [20, 8, 1, 1], True, (1, 1), (1, 1), (0, 0, 0, 0), 1)
add_conv([1, 2, 30, 4], [3, 2, 16, 1], True, (1, 1), (1, 1), (7, 0, 8, 0), 1)


def add_tconv(xs, ws, bias, s, pad, out_pad, d, g):
    flat = len(xs) == 3
    oc = ws[1] * g

    def run(x, wt, b=None):
        if flat:
            return F.conv_transpose1d(x, wt, b, s[1], pad[1], out_pad[1], g, d[1])
        return F.conv_transpose2d(x, wt, b, s, pad, out_pad, g, d)
    case("conv_transpose", [(xs, "n"), w(ws)] + ([w([oc])] if bias else []),
         [*s, *d, pad[0], pad[1], pad[0], pad[1], g, *out_pad], run)


add_tconv([2, 3, 4, 5], [3, 4, 5, 5], True, (2, 2), (2, 2), (1, 1), (1, 1), 1)
add_tconv([1, 4, 3, 6], [4, 2, 3, 4], True, (1, 2), (1, 0), (0, 1), (1, 1), 2)
add_tconv([1, 2, 9], [2, 3, 4], False, (1, 2), (0, 1), (0, 0), (1, 1), 1)
add_tconv([1, 2, 4, 4], [2, 3, 3, 3], True, (3, 2), (0, 1), (2, 1), (2, 2), 1)

for shape in ([3, 5], [7], [2, 3, 19]):
    case("linear", [(shape, "n"), w([6, shape[-1]]), w([6])], [], F.linear)
case("linear", [([4, 33], "n"), w([17, 33])], [], F.linear)
case("linear", [([1, 70], "n"), ([9, 70], "n")], [], F.linear)       # weights that are no parameter
for a, b, ta, tb, al in (([3, 4], [4, 5], 0, 0, 1.), ([2, 1, 3, 4], [5, 4, 2], 0, 0, 0.5), ([4, 3], [4, 5], 1, 0, 1.),
                         ([2, 3, 4], [2, 6, 4], 0, 1, 2.), ([2, 4, 3], [2, 6, 4], 1, 1, 1.), ([4], [4, 5], 0, 0, 1.), ([2, 3, 4], [4], 0, 0, 1.),
                         ([4], [4], 0, 0, 1.), ([3, 2, 5, 7], [7, 4], 0, 0, 1.)):
    case("matmul", [(a, "n"), (b, "n")], [ta, tb, al], lambda x, y, ta=ta, tb=tb, al=al:
         al * torch.matmul(x.transpose(-1, -2) if ta else x, y.transpose(-1, -2) if tb else y))
case("matmul", [([2, 3, 8], "n"), w([8, 9])], [0, 0, 1.], torch.matmul)

# ---- normalisation
for shape in ([2, 3, 4, 5], [2, 3, 7], [4, 6]):
    c = [shape[1]]
    case("batch_norm", [(shape, "n"), w(c), w(c), w(c), w(c, "p")], [1e-3], lambda x, g, b, m, v: F.batch_norm(x, m, v, g, b, False, 0, 1e-3))
case("batch_norm", [([2, 3, 4], "n"), ([3], "n"), ([3], "n"), ([3], "n"), ([3], "p")], [1e-3], lambda x, g, b, m, v: F.batch_norm(x, m, v, g, b, False, 0, 1e-3))
case("layer_norm", [([2, 3, 10], "n"), w([10]), w([10])], [2, 1e-5], lambda x, g, b: F.layer_norm(x, [10], g, b, 1e-5))
case("layer_norm", [([2, 3, 5], "n"), w([3, 5])], [-2, 1e-3], lambda x, g: F.layer_norm(x, [3, 5], g, None, 1e-3))
case("layer_norm", [([4, 9], "n")], [1, 1e-5], lambda x: F.layer_norm(x, [9], None, None, 1e-5))
case("instance_norm", [([2, 3, 4, 5], "n"), w([3]), w([3])], [1e-5], lambda x, g, b: F.instance_norm(x, None, None, g, b, True, 0, 1e-5))
case("instance_norm", [([2, 3, 11], "n")], [1e-3], lambda x: F.instance_norm(x, None, None, None, None, True, 0, 1e-3))
case("group_norm", [([2, 6, 3, 2], "n"), w([6]), w([6])], [3, 1e-5], lambda x, g, b: F.group_norm(x, 3, g, b, 1e-5))
case("group_norm", [([3, 6], "n"), w([6]), w([6])], [2, 1e-5], lambda x, g, b: F.group_norm(x, 2, g, b, 1e-5))


# ---- pooling
def add_pool(xs, k, s, p, ceil, d=(1, 1), include=None):
    flat = len(xs) == 3
    pads = [p[0], p[1], p[0], p[1]]
    one = (lambda t: t[1]) if flat else (lambda t: t)
    if include is None:
        f = F.max_pool1d if flat else F.max_pool2d
        case("max_pool", [(xs, "n")], [*k, *s, *pads, ceil, *d], lambda x: f(x, one(k), one(s), one(p), one(d), bool(ceil)))
    else:
        f = F.avg_pool1d if flat else F.avg_pool2d
        case("avg_pool", [(xs, "n")], [*k, *s, *pads, ceil, include], lambda x: f(x, one(k), one(s), one(p), bool(ceil), bool(include)))


add_pool([2, 2, 8, 9], (2, 2), (2, 2), (0, 0), 0)
add_pool([1, 3, 7, 10], (3, 4), (2, 3), (1, 2), 0)
add_pool([1, 2, 7, 10], (3, 3), (2, 2), (1, 1), 1, (1, 2))
add_pool([2, 2, 13], (1, 4), (1, 3), (0, 2), 1)
add_pool([1, 2, 6, 5], (6, 5), (1, 1), (0, 0), 0)
for include in (0, 1):
    add_pool([1, 2, 8, 9], (2, 3), (2, 2), (0, 1), 0, include=include)
    add_pool([1, 2, 9, 10], (3, 3), (2, 4), (1, 1), 1, include=include)
    add_pool([2, 2, 13], (1, 4), (1, 3), (0, 2), 1, include=include)
add_pool([1, 2, 6, 5], (6, 5), (1, 1), (0, 0), 0, include=0)
for o in ((1, 1), (3, 4), (5, 7)):
    case("adaptive_avg_pool", [([2, 2, 5, 9], "n")], o, lambda x, o=o: F.adaptive_avg_pool2d(x, o))
    case("adaptive_max_pool", [([2, 2, 5, 9], "n")], o, lambda x, o=o: F.adaptive_max_pool2d(x, o))
case("adaptive_avg_pool", [([2, 3, 10], "n")], (1, 4), lambda x: F.adaptive_avg_pool1d(x, 4))
case("adaptive_max_pool", [([2, 3, 10], "n")], (1, 4), lambda x: F.adaptive_max_pool1d(x, 4))

# ---- elementwise
S = [3, 7]
for op, kind, attrs, f in (
        ("relu", "n", [], F.relu), ("leaky_relu", "n", [0.1], lambda x: F.leaky_relu(x, 0.1)), ("elu", "n", [0.7], lambda x: F.elu(x, 0.7)),
        ("sigmoid", "n", [], torch.sigmoid), ("tanh", "n", [], torch.tanh), ("gelu", "n", [0], F.gelu),
        ("gelu", "n", [1], lambda x: F.gelu(x, approximate="tanh")), ("softplus", "n", [], F.softplus),
        ("hard_sigmoid", "n", [0.2, 0.5], lambda x: torch.clamp(0.2 * x + 0.5, 0, 1)), ("clip", "n", [-0.5, 1.25], lambda x: torch.clamp(x, -0.5, 1.25)),
        ("exp", "n", [], torch.exp), ("log", "p", [], torch.log), ("sqrt", "p", [], torch.sqrt), ("erf", "n", [], torch.erf),
        ("abs", "n", [], torch.abs), ("neg", "n", [], torch.neg), ("sin", "n", [], torch.sin), ("cos", "n", [], torch.cos),
        ("reciprocal", "p", [], torch.reciprocal), ("silu", "n", [], F.silu), ("floor", "n", [], torch.floor), ("ceil", "n", [], torch.ceil),
        ("round", "q", [], torch.round), ("sign", "q", [], torch.sign), ("selu", "n", [1.6732632423543772, 1.0507009873554805], F.selu),
        ("softsign", "n", [], F.softsign), ("atan", "n", [], torch.atan), ("hard_swish", "n", [], F.hardswish),
        ("thresholded_relu", "n", [0.5], lambda x: torch.where(x > 0.5, x, torch.zeros_like(x))), ("identity", "n", [], lambda x: x)):
    case(op, [(S, kind)], attrs, f)
    case(op, [([-1], kind)], attrs)
    case(op, [([3, 20011], kind)], attrs)
case("prelu", [([2, 3, 5], "n"), w([3])], [], F.prelu)
case("prelu", [([2, 3, 5], "n"), w([1])], [], F.prelu)
case("prelu", [([2, 3, -1], "n"), w([3])])
case("prelu", [([2, 3, 9001], "n"), w([3])])
B = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow, "max": torch.maximum, "min": torch.minimum,
     "greater": torch.gt, "less": torch.lt, "equal": torch.eq, "greater_equal": torch.ge, "less_equal": torch.le}
for op, f in B.items():
    ka = "p" if op == "pow" else "q" if op in ("greater", "less", "equal", "greater_equal", "less_equal") else "n"
    kb = "p" if op == "div" else "q" if ka == "q" else "n"
    for a, b in (([2, 3, 4], [2, 3, 4]), ([2, 3, 4], [4]), ([3, 1], [2, 1, 5]), ([2, 3, 4], [3, 1]), ([], [2, 2])):
        case(op, [(a, ka), (b, kb)], [], lambda x, y, f=f: f(x, y).to(torch.float64))
    for a, b in (([-1], [-1]), ([2, -1], [1]), ([1], [2, -1]), ([2, 3, -1], [2, 3, -1]), ([3, 20011], [3, 1]), ([70000], [70000])):
        case(op, [(a, ka), (b, kb)])
case("where", [([2, 3, 4], "b"), ([2, 3, 4], "n"), ([4], "n")], [], lambda c, a, b: torch.where(c > 0, a, b))
case("where", [([3, 1], "b"), ([1], "n"), ([2, 1, 4], "n")], [], lambda c, a, b: torch.where(c > 0, a, b))
case("where", [([-1], "b"), ([-1], "n"), ([1], "n")])
case("where", [([50000], "b"), ([50000], "n"), ([50000], "n")])

# ---- softmax and reductions
for op, f in (("softmax", torch.softmax), ("log_softmax", torch.log_softmax)):
    for axis in (0, 1, -1):
        case(op, [([3, 4, 5], "n")], [axis], lambda x, f=f, axis=axis: f(x, axis))
    case(op, [([2, -1], "n")], [1])
    case(op, [([-1, 3], "n")], [0])
    case(op, [([200, 300], "n")], [1])

def prod(x, dims, keep):
    for d in sorted(dims, reverse=True):
        x = x.prod(d, keep)
    return x


R = {"reduce_sum": torch.sum, "reduce_mean": torch.mean, "reduce_max": torch.amax, "reduce_min": torch.amin,
     "reduce_prod": lambda x, d, k: prod(x, d, k),
     "reduce_l1": lambda x, d, k: x.abs().sum(d, k), "reduce_l2": lambda x, d, k: (x * x).sum(d, k).sqrt(),
     "reduce_sum_square": lambda x, d, k: (x * x).sum(d, k), "reduce_log_sum_exp": torch.logsumexp}
for op, f in R.items():
    for axes, keep in (((2,), 0), ((1,), 1), ((0, 2), 0), ((0, 1, 2), 1), ((0, 1), 0)):
        case(op, [([3, 4, 5], "n")], [sum(1 << a for a in axes), keep], lambda x, f=f, axes=axes, keep=keep: f(x, axes, bool(keep)))
    case(op, [([2, -1], "n")], [2, 0])
    case(op, [([3, -1], "n")], [1, 0])
    case(op, [([100, 64, 11], "n")], [4, 0])
    case(op, [([3, 10, 3000], "n")], [2, 0])

# ---- moving data
case("concat", [([2, 3, 4], "n"), ([2, 1, 4], "n"), ([2, 5, 4], "n")], [1], lambda *x: torch.cat(x, 1))
case("concat", [([2, 3], "n"), ([1, 3], "n")], [0], lambda *x: torch.cat(x, 0))
case("concat", [([2, 3], "n"), ([2, -1], "n")], [-1])
case("concat", [([8, 3000], "n"), ([8, 2000], "n")], [1])
LO, HI = -2 ** 31, 2 ** 31 - 1
for tr, sl in (((0, 2, 1, 1, HI, 2, -3, -1, 1), np.s_[0:2, 1::2, -3:-1]), ((HI, LO, -1, -1, 0, -2, 0, HI, 1), np.s_[::-1, -1:0:-2, :]),
               ((1, HI, 1), np.s_[1:])):
    case("slice", [([3, 4, 5], "n")], tr, lambda x, sl=sl: x.numpy()[sl].copy())
case("slice", [([3, -1], "n")], (0, 3, 1, HI, LO, -1))
case("slice", [([300, 400], "n")], (1, 300, 2, 5, 390, 1))
for dims, out in (((4, 15), (4, 15)), ((0, -1), (3, 20)), ((-1,), (60,)), ((2, 0, 5, -1), (2, 4, 5, 3 // 2 + 0))):
    if np.prod(out) == 60:
        case("reshape", [([3, 4, 5], "n")], dims, lambda x, out=out: x.reshape(out))
for perm in ((0, 2, 1), (2, 1, 0), (1, 0, 2), (0, 1, 2)):
    case("transpose", [([3, 4, 5], "n")], perm, lambda x, perm=perm: x.permute(perm))
case("transpose", [([2, 3, 2, 2, 3, 2], "n")], (5, 0, 3, 1, 4, 2), lambda x: x.permute(5, 0, 3, 1, 4, 2))
case("transpose", [([5, -1], "n")], (1, 0))
case("transpose", [([2, 33, -1], "n")], (0, 2, 1))
case("transpose", [([130, 250], "n")], (1, 0))
case("transpose", [([7, 40, 90], "n")], (2, 0, 1))
for mode, name in enumerate(("constant", "reflect", "edge", "wrap")):
    kw = {"constant_values": 1.5} if mode == 0 else {}
    case("pad", [([2, 4, 5], "n")], [mode, 1.5, 0, 1, 2, 1, 3, 4], lambda x, name=name, kw=kw: np.pad(x.numpy(), ((0, 1) if name != "reflect" else (0, 1), (1, 3), (2, 4)), name, **kw))
case("pad", [([2, 4, 5], "n")], [0, 0., 0, -1, 2, 0, 1, -3], lambda x: np.pad(x.numpy()[:, 1:, :2], ((0, 0), (0, 1), (2, 0))))
case("pad", [([3, -1], "n")], [2, 0., 1, 2, 0, 3])
case("pad", [([60, 700], "n")], [0, 2., 3, 5, 1, 4])
case("expand", [([3, 1], "n")], (2, 1, 4), lambda x: x.expand(2, 3, 4))
case("expand", [([2, 3], "n")], (-1, 3), lambda x: x)
case("expand", [([1, 300], "n")], (200, 300))
case("tile", [([2, 3], "n")], (2, 3), lambda x: np.tile(x.numpy(), (2, 3)))
case("tile", [([2, 1, 3], "n")], (1, 4, 1), lambda x: np.tile(x.numpy(), (1, 4, 1)))
case("tile", [([30, 50], "n")], (7, 5))
case("gather", [([3, 4, 5], "n")], (1, 3, 0, -1, 1, 1), lambda x: x[:, [3, 0, 3, 1, 1]])
case("gather", [([3, 4], "n")], (-1, 2), lambda x: x[:, [2]])
case("gather", [([3, 9000], "n")], (0, 2, 1, 0, 0, 1, 2))
for ex in (0, 1):
    for rev in (0, 1):
        def cs(x, ex=ex, rev=rev, axis=1):
            y = x.flip(axis) if rev else x
            z = y.cumsum(axis) - (y if ex else 0)
            return z.flip(axis) if rev else z
        case("cumsum", [([2, 5, 3], "n")], [1, ex, rev], cs)
case("cumsum", [([3, -1], "n")], [1, 0, 0])
case("cumsum", [([50, 70, 9], "n")], [1, 0, 0])
for size in ((8, 10), (3, 4), (7, 5)):
    case("resize", [([1, 2, 4, 5], "n")], [0, 2, 2, *size, 0., 0., -0.75], lambda x, size=size: F.interpolate(x, size, mode="nearest"))
    for mode, name in ((1, "bilinear"), (2, "bicubic")):
        for coord, align in ((0, False), (1, True)):
            case("resize", [([1, 2, 4, 5], "n")], [mode, coord, 0, *size, 0., 0., -0.75],
                 lambda x, size=size, name=name, align=align: F.interpolate(x, size, mode=name, align_corners=align))
case("resize", [([2, 2, 7], "n")], [1, 0, 0, 1, 12, 0., 0., -0.75], lambda x: F.interpolate(x, 12, mode="linear"))
case("resize", [([1, 1, 2, 2], "n")], [1, 3, 0, 1, 5, 0., 0., -0.75], None)
case("resize", [([1, 2, 3, 4], "n")], [0, 0, 0, 7, 9, 0., 0., -0.75], None)
case("resize", [([1, 2, 3, 4], "n")], [0, 0, 1, 7, 9, 0., 0., -0.75], None)
case("resize", [([1, 2, 3, 4], "n")], [0, 2, 3, 6, 8, 2., 2., -0.75], None)
case("resize", [([1, 2, 5, -1], "n")], [1, 0, 0, 9, 33, 0., 0., -0.75])
case("resize", [([4, 5, 30, 40], "n")], [1, 0, 0, 60, 80, 0., 0., -0.75])
case("depth_to_space", [([2, 8, 2, 3], "n")], [2, 1], lambda x: F.pixel_shuffle(x, 2))
case("depth_to_space", [([2, 8, 2, 3], "n")], [2, 0], lambda x: x.reshape(2, 2, 2, 2, 2, 3).permute(0, 3, 4, 1, 5, 2).reshape(2, 2, 4, 6))
case("depth_to_space", [([2, 32, 20, 30], "n")], [4, 1])
case("space_to_depth", [([2, 2, 4, 6], "n")], [2], lambda x: x.reshape(2, 2, 2, 2, 3, 2).permute(0, 3, 5, 1, 2, 4).reshape(2, 8, 2, 3))
case("space_to_depth", [([2, 2, 80, 60], "n")], [4])
case("scatter_rows", [([3, 2, 4], "n"), ([3, 4], "n")], [2, 0, 5, 2], lambda x, u: torch.cat([u[0:1], x.reshape(6, 4)[1:2], u[2:3], x.reshape(6, 4)[3:5], u[1:2]]).reshape(3, 2, 4))
case("scatter_rows", [([4, 3], "n"), ([2, 3], "n")], [1, 3, 1], lambda x, u: torch.stack([x[0], u[1], x[2], u[0]]))


# ---- recurrent
def blocks(x, order, h):
    return torch.cat([x[i * h:(i + 1) * h] for i in order])


def recurrent(kind, order, gates, h, direction, batch_first, x, wt, r, b=None, h0=None, c0=None, relu=0):
    dirs = 2 if direction == 2 else 1
    if batch_first:
        x = x.transpose(0, 1)
    if direction == 1:
        x = x.flip(0)
    flat = []
    for d in range(dirs):
        bb = b[d] if b is not None else torch.zeros(2 * gates * h)
        flat += [blocks(t, order, h) for t in (wt[d], r[d], bb[:gates * h], bb[gates * h:])]
    mb = x.shape[1]
    h0 = torch.zeros(dirs, mb, h) if h0 is None else h0
    tail = (flat, True, 1, 0., False, dirs == 2, False)  # what torch.nn.LSTM and its kin call
    if kind == "lstm":
        y, hn, cn = torch._VF.lstm(x, (h0, torch.zeros(dirs, mb, h) if c0 is None else c0), *tail)
    elif kind == "gru":
        y, hn = torch._VF.gru(x, h0, *tail)
    else:
        y, hn = (torch._VF.rnn_relu if relu else torch._VF.rnn_tanh)(x, h0, *tail)
    if direction == 1:
        y = y.flip(0)
    y = y.transpose(0, 1) if batch_first else y.reshape(y.shape[0], mb, dirs, h).transpose(1, 2)
    return (y, hn, cn) if kind == "lstm" else (y, hn)


for kind, gates, order in (("lstm", 4, (0, 2, 3, 1)), ("gru", 3, (1, 0, 2)), ("rnn", 1, (0,))):
    for h, direction, bf, extra in ((5, 0, 0, 1), (3, 1, 0, 0), (4, 2, 1, 1), (17, 2, 0, 0)):
        dirs = 2 if direction == 2 else 1
        t, mb, i = 4, 2, 3
        ins = [([mb, t, i] if bf else [t, mb, i], "n"), w([dirs, gates * h, i]), w([dirs, gates * h, h])]
        if extra:
            ins += [w([dirs, 2 * gates * h]), ([dirs, mb, h], "n")] + ([([dirs, mb, h], "n")] if kind == "lstm" else [])
        attrs = [h, direction] + ([1] if kind == "gru" else []) + [bf] + ([extra] if kind == "rnn" else [])
        relu = extra if kind == "rnn" else 0
        case(kind, ins, attrs, lambda *a, kind=kind, order=order, gates=gates, h=h, direction=direction, bf=bf, relu=relu:
             recurrent(kind, order, gates, h, direction, bf, *a, relu=relu))
case("gru", [([4, 2, 3], "n"), w([1, 12, 3]), w([1, 12, 4]), w([1, 24])], [4, 0, 0, 0], None, 2)


def attention(q, k, v, mask=None, heads=1, scale=1.):
    mb, tq, e = q.shape
    cut = lambda x: x.reshape(mb, x.shape[1], heads, -1).transpose(1, 2)
    s = scale * cut(q) @ cut(k).transpose(-1, -2)
    p = torch.softmax(s if mask is None else s + mask, -1)
    return (p @ cut(v)).transpose(1, 2).reshape(mb, tq, -1), p


case("attention", [([2, 3, 8], "n"), ([2, 5, 8], "n"), ([2, 5, 8], "n")], [2, 0.5], lambda q, k, v: attention(q, k, v, None, 2, 0.5))
case("attention", [([2, 6, 6], "n"), ([2, 6, 6], "n"), ([2, 6, 6], "n"), ([6, 6], "n")], [3, 0.7], lambda q, k, v, m: attention(q, k, v, m, 3, 0.7))
case("attention", [([1, 70, 16], "n"), ([1, 130, 16], "n"), ([1, 130, 16], "n")], [2, 0.35], None, 2)

case("dropout", [([3, 5], "n")], [0.25], lambda x: torch.nn.Dropout(0.25).eval()(x))
case("dropout", [([-1], "n")], [0.5])


# ---- kinks, for the way back: values on halves, so that zeros, limits and ties occur; and rarer forms
Q = ([3, 7], "q")
for op, attrs, f in (("relu", [], F.relu), ("leaky_relu", [0.1], lambda x: F.leaky_relu(x, 0.1)), ("elu", [0.7], lambda x: F.elu(x, 0.7)),
                     ("selu", [1.6732632423543772, 1.0507009873554805], F.selu), ("abs", [], torch.abs), ("clip", [-0.5, 1.], lambda x: torch.clamp(x, -0.5, 1.)),
                     ("hard_sigmoid", [1 / 6, 0.5], F.hardsigmoid), ("thresholded_relu", [0.5], lambda x: F.threshold(x, 0.5, 0.)), ("softsign", [], F.softsign)):
    case(op, [Q], attrs, f)
case("prelu", [([2, 3, 5], "q"), w([3])], [], F.prelu)
case("max", [Q, ([7], "q")], [], torch.maximum)
case("min", [Q, ([3, 1], "q")], [], torch.minimum)
case("pow", [([3, 7], "b"), ([7], "b")], [], torch.pow)
for op in ("reduce_max", "reduce_min", "reduce_prod", "reduce_l1"):
    case(op, [([4, 3, 5], "q")], [5, 0], lambda x, f=R[op]: f(x, (0, 2), False))
case("reduce_l2", [([3, 2], "b")], [2, 0], lambda x: x.norm(dim=1))
case("pad", [([2, 3], "n")], [3, 0., 0, 7, 0, 5], lambda x: np.pad(x.numpy(), ((0, 0), (7, 5)), "wrap"))
case("gru", [([2, 4, 3], "n"), w([2, 12, 3]), w([2, 12, 4]), w([2, 24]), ([2, 2, 4], "n")], [4, 2, 0, 1], None, 2)
case("attention", [([2, 3, 8], "n"), ([2, 5, 8], "n"), ([2, 5, 4], "n"), ([2, 1, 3, 5], "n")], [2, 0.5], lambda q, k, v, m: attention(q, k, v, m, 2, 0.5))

# sizes: steps, items, inputs, units; queries, keys, features
for kind, gates, attrs in (("lstm", 4, [5, 2, 0]), ("gru", 3, [5, 2, 1, 0]), ("gru", 3, [5, 2, 0, 0]), ("rnn", 1, [5, 2, 0, 0])):
    outs = 3 if kind == "lstm" else 2
    for shape in ([-1, 1, 2], [2, 2, -1]):
        case(kind, [(shape, "n"), w([2, gates * 5, shape[2]], "s"), w([2, gates * 5, 5], "s"), w([2, 2 * gates * 5])], attrs, None, outs)
    for h in (1, 8, 15, 17, 33):
        case(kind, [([3, 2, 4], "n"), w([1, gates * h, 4], "s"), w([1, gates * h, h], "s"), w([1, 2 * gates * h]), ([1, 2, h], "n")], [h, 1, *attrs[2:]], None, outs)
    case(kind, [([4, 70, 21], "n"), w([2, gates * 33, 21], "s"), w([2, gates * 33, 33], "s"), w([2, 2 * gates * 33])], [33, *attrs[1:]], None, outs)
for q, k, e in ((-1, 3, 4), (3, -1, 4), (3, 2, -1), (-1, -1, -1)):
    case("attention", [([2, q, e], "s"), ([2, k, e], "s"), ([2, k, e], "n"), ([q, k], "n")], [1, 0.25], None, 2)


# ---- the header
def word(a):
    return struct.unpack("<i", struct.pack("<f", a))[0] if isinstance(a, float) else int(a)


def number(v):
    t = "%.8g" % v
    return t if any(c in t for c in ".en") else t + ".0"


def main():
    out = sys.stdout
    out.write("/* ops.h - written by tests/golden/make_ops.py from torch %s and numpy %s; do not edit. */\n" % (torch.__version__.split("+")[0], np.__version__))
    out.write("static const float golden_values[] = {\n")
    line, at, offsets = "", 0, []
    for op, ins, attrs, outs, n_out in CASES:
        offsets.append(at)
        for o in outs:
            for v in o.reshape(-1):
                t = number(v) + "f,"
                if len(line) + len(t) > 118:
                    out.write(line + "\n")
                    line = ""
                line += t
                at += 1
    out.write(line + "\n};\n\nstatic const golden_case golden_cases[] = {\n")
    for (op, ins, attrs, outs, n_out), offset in zip(CASES, offsets):
        shapes = ", ".join("{ %d, { %s }, '%s', %d }" % (len(s), ", ".join(map(str, s)) if s else "0", kind, p == "w") for s, kind, p in ins)
        words = ", ".join("INT32_MIN" if word(a) == -2 ** 31 else str(word(a)) for a in attrs) or "0"
        out.write('  { "%s", %d, { %s }, %d, { %s }, %d, %d, { %s } },\n' % (
            op, len(ins), shapes, len(attrs), words, n_out, offset, ", ".join(str(o.size) for o in outs) or "0"))
    out.write("};\n")


if __name__ == "__main__":
    main()
