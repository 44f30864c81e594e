#!/usr/bin/python3
"""Golden diffs for tests/test_back_linear.c, from torch's autograd in double precision.

    /usr/bin/python3 tests/golden/make_back_linear.py > tests/golden/back_linear.h

A case is an op, the shapes and kinds of its operands, attribute words, and torch's gradients of sum(diff_dst * dst) to every
operand. Operands and diff_dst come from a hash that the C test computes too. Of long gradients every so many values
are kept. Cases without a function are judged by the test's own double reference alone."""
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
KEPT = 160


def values(seed, k, shape, kind):
    """input_value of the test."""
    n = int(np.prod(shape))
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + k * 40503 + seed * 97 + 54321) & 0xffffffff
    h ^= h >> 15
    h = (h * 2246822519) & 0xffffffff
    h ^= h >> 13
    x = (h & 0xffff).astype(np.float64) / 16384 - 2
    if kind == "p":
        x = np.abs(x) + 0.125  # positive
    elif kind == "q":
        x = np.floor(x * 2) / 2  # halves: ties
    elif kind == "o":
        x = x + 30  # far from zero: what cancels shows
    return torch.from_numpy(x.reshape(shape))


CASES = []


def case(op, ins, attrs=(), fn=None, training=0):
    CASES.append((op, ins, list(attrs), fn, training))


# ---- convolutions: stride, dilation, pads (top, left, bottom, right), groups
def conv(x, w, b=None, s=(1, 1), d=(1, 1), p=(0, 0, 0, 0), g=1):
    if x.dim() == 3:
        return F.conv1d(F.pad(x, (p[1], p[3])), w, b, s[1], 0, d[1], g)
    return F.conv2d(F.pad(x, (p[1], p[3], p[0], p[2])), w, b, s, 0, d, g)


def convs(x, w, bias, s=(1, 1), d=(1, 1), p=(0, 0, 0, 0), g=1, golden=True):
    ins = [(x, "n"), (w, "n")] + ([([w[0]], "n")] if bias else [])
    case("conv", ins, [*s, *d, *p, g], (lambda x, w, b=None: conv(x, w, b, s, d, p, g)) if golden else None)


def transposed(x, w, b=None, s=(1, 1), d=(1, 1), p=(0, 0, 0, 0), g=1, extra=(0, 0)):
    f, k = (F.conv_transpose1d, 1) if x.dim() == 3 else (F.conv_transpose2d, 2)
    y = f(x, w, b, s[2 - k:], 0, 0, g, d[2 - k:])
    grow = [extra[1] - p[3], extra[0] - p[2]]  # output_pad adds at the end what pads cut there
    y = F.pad(y, (-p[1], grow[0]) if k == 1 else (-p[1], grow[0], -p[0], grow[1]))
    if b is not None:  # what F.pad has added holds the bias too
        mark = F.pad(torch.ones_like(f(x, w, None, s[2 - k:], 0, 0, g, d[2 - k:])), (-p[1], grow[0]) if k == 1 else (-p[1], grow[0], -p[0], grow[1]))
        y = y + (1 - mark) * b.reshape([1, -1] + [1] * k)
    return y


def transposes(x, w, bias, s=(1, 1), d=(1, 1), p=(0, 0, 0, 0), g=1, extra=(0, 0)):
    ins = [(x, "n"), (w, "n")] + ([([w[1] * g], "n")] if bias else [])
    case("conv_transpose", ins, [*s, *d, *p, g, *extra], lambda x, w, b=None: transposed(x, w, b, s, d, p, g, extra))


convs([1, 1, 1, 1], [1, 1, 1, 1], True)
convs([2, 3, 9, 67], [16, 3, 3, 3], True, p=(1, 1, 1, 1))
convs([1, 40, 6, 7], [70, 40, 3, 3], True, p=(1, 1, 1, 1))
convs([5, 33, 3, 3], [50, 33, 3, 3], True, p=(1, 1, 1, 1))
convs([3, 32, 4, 5], [40, 32, 1, 1], False)
convs([1, 1, 30, 24], [20, 1, 7, 19], True, p=(3, 0, 3, 0))
convs([2, 1, 40, 24], [17, 1, 16, 1], False, p=(7, 0, 8, 0))
convs([1, 4, 16, 70], [24, 4, 5, 5], True, s=(2, 2), p=(2, 2, 2, 2))
convs([2, 37, 11, 29], [37, 1, 3, 3], True, p=(1, 1, 1, 1), g=37)
convs([1, 15, 8, 40], [6, 5, 2, 4], True, s=(1, 3), d=(2, 2), p=(0, 5, 0, 1), g=3)
convs([2, 8, 187], [12, 8, 7], True, p=(0, 3, 0, 3))
convs([1, 2, 60], [3, 2, 9], False, s=(1, 5), d=(1, 3), p=(0, 11, 0, 0))
convs([1, 3, 12, 12], [9, 3, 1, 1], False, s=(3, 2))
convs([1, 2, 11, 14], [3, 2, 3, 2], True, s=(4, 5))  # positions that no window covers
convs([1, 2, 9, 9], [3, 2, 3, 3], True, s=(2, 2), p=(0, 1, 2, 0))
convs([2, 1, 3000], [4, 1, 64], True, s=(1, 16))  # one row cut into stretches
convs([1, 1, 20000], [2, 1, 500], False, s=(1, 5000))  # strides beyond the transposed engine
convs([2, 64, 12, 10], [64, 64, 3, 3], True, p=(1, 1, 1, 1))
convs([3, 6, 7, 5], [9, 6, 3, 3], True, p=(4, 3, 3, 4))  # windows of padding alone
convs([2, 1, 40, 20], [17, 1, 24, 2], True, p=(3, 1, 5, 0))  # a tall kernel on one channel
convs([1, 2, 31, 9], [10, 1, 20, 1], False, s=(3, 1), g=2)
convs([1, 2, 23, 40], [12, 2, 5, 9], True, s=(2, 3), d=(2, 2), p=(4, 8, 3, 5))  # few channels: by columns
convs([6, 1, 9, 12], [10, 1, 3, 3], True, p=(1, 1, 1, 1))  # by columns, an item per thread
convs([2, 3, 5000], [9, 3, 31], True, s=(1, 2), p=(0, 15, 0, 15))
transposes([1, 6, 7, 41], [6, 14, 5, 5], True, s=(2, 2), p=(2, 2, 2, 2), extra=(1, 1))
transposes([2, 48, 4, 5], [48, 60, 5, 5], True, s=(2, 2), p=(2, 2, 2, 2), extra=(1, 1))
transposes([1, 6, 5, 20], [6, 4, 3, 2], False, s=(3, 4), p=(1, 0, 0, 0), g=2)
transposes([2, 4, 30], [4, 3, 16], True, s=(1, 8), p=(0, 4, 0, 4))
transposes([1, 3, 6, 9], [3, 5, 3, 3], True, s=(1, 2), d=(2, 3), p=(0, 2, 1, 0), extra=(0, 2))  # output_pad as large as the stride
transposes([2, 5, 4, 6], [5, 7, 1, 1], True)

# ---- products
for x, k, n, bias in (([7, 5], 5, 3, True), ([2, 3, 20], 20, 33, True), ([1, 40], 40, 17, False), ([300, 33], 33, 70, True), ([6], 6, 4, True)):
    case("linear", [(x, "n"), ([n, k], "n")] + ([([n], "n")] if bias else []), [], lambda x, w, b=None: F.linear(x, w, b))


def product(ta, tb, alpha):
    return lambda a, b: alpha * torch.matmul(a.transpose(-1, -2) if ta and a.dim() > 1 else a, b.transpose(-1, -2) if tb and b.dim() > 1 else b)


for ta in (0, 1):
    for tb in (0, 1):
        a, b = [4, 7], [7, 5]
        for front_a, front_b in (([], []), ([3], [3]), ([2, 3], [3]), ([3], [2, 1]), ([2, 1], [1, 4]), ([5], [])):
            sa, sb = front_a + (a[::-1] if ta else a), front_b + (b[::-1] if tb else b)
            alpha = 0.5 + len(CASES) % 3
            case("matmul", [(sa, "n"), (sb, "n")], [ta, tb, float(alpha)], product(ta, tb, alpha))
case("matmul", [([9], "n"), ([9, 4], "n")], [0, 0, 1.0], product(0, 0, 1))
case("matmul", [([2, 4, 9], "n"), ([9], "n")], [0, 0, 1.0], product(0, 0, 1))
case("matmul", [([9], "n"), ([9], "n")], [0, 0, 2.0], product(0, 0, 2))
case("matmul", [([2, 110, 100], "n"), ([2, 100, 120], "n")], [0, 0, 1.0], product(0, 0, 1))  # each cut for all threads

# ---- norms
def frozen(x, g, b, m, v):
    g, b, m, v = (t.reshape([1, -1] + [1] * (x.dim() - 2)) for t in (g, b, m, v))
    return (x - m) / torch.sqrt(v + 1e-3) * g + b


for shape, kind in (([4, 3, 5, 6], "n"), ([6, 5], "n"), ([3, 4, 70], "o"), ([2, 7, 40, 60], "n")):
    c = shape[1]
    moments = [([c], "n"), ([c], "n"), ([c], "n"), ([c], "p")]
    case("batch_norm", [(shape, kind)] + moments, [1e-3], lambda x, *p: frozen(x, *p))
    case("batch_norm", [(shape, kind)] + moments, [1e-3], lambda x, g, b, m, v: F.batch_norm(x, m.clone().detach(), v.clone().detach(), g, b, True, 0.1, 1e-3) + 0 * m.sum() + 0 * v.sum(), 1)
for shape, axis in (([4, 7], 1), ([3, 5, 6], -1), ([3, 5, 6], 1), ([70, 300], 1), ([2, 1100], -1)):
    own = shape[axis:]
    case("layer_norm", [(shape, "n"), (own, "n"), (own, "n")], [axis, 1e-3], lambda x, g, b: F.layer_norm(x, g.shape, g, b, 1e-3))
case("layer_norm", [([3, 9], "o")], [1, 1e-5], lambda x: F.layer_norm(x, (9,), None, None, 1e-5))
for shape in ([3, 4, 17], [2, 3, 8, 9], [2, 2, 40, 50]):
    case("instance_norm", [(shape, "n"), ([shape[1]], "n"), ([shape[1]], "n")], [1e-3], lambda x, g, b: F.instance_norm(x, None, None, g, b, True, 0, 1e-3))
for shape, groups in (([3, 6, 5], 2), ([2, 8, 4, 5], 4), ([3, 6], 3), ([2, 4, 30, 20], 1)):
    case("group_norm", [(shape, "n"), ([shape[1]], "n"), ([shape[1]], "n")], [groups, 1e-3], lambda x, g, b, n=groups: F.group_norm(x, n, g, b, 1e-3))


# ---- pooling
def maxed(k, s, p, d=(1, 1), ceil=0):
    def run(x):
        flat = x.dim() == 3
        x = x.unsqueeze(2) if flat else x
        x = F.pad(x, (p[1], p[3], p[0], p[2]), value=-torch.inf)
        y = F.max_pool2d(x, (1, k[1]) if flat else k, (1, s[1]) if flat else s, 0, (1, d[1]) if flat else d, bool(ceil))
        return y.squeeze(2) if flat else y
    return run


def maxes(shape, kind, k, s, p=(0, 0, 0, 0), d=(1, 1), ceil=0):
    case("max_pool", [(shape, kind)], [*k, *s, *p, ceil, *d], maxed(k, s, p, d, ceil))


maxes([2, 3, 8, 10], "n", (2, 2), (2, 2))
maxes([2, 3, 9, 11], "q", (2, 2), (2, 2))  # ties
maxes([1, 2, 13, 16], "q", (3, 3), (2, 2), (1, 1, 1, 1))
maxes([1, 2, 9, 12], "n", (3, 2), (1, 2), (0, 0, 0, 0), (2, 3))
maxes([1, 2, 9, 11], "n", (3, 3), (2, 2), (0, 0, 0, 0), (1, 1), 1)
maxes([2, 4, 60], "q", (1, 3), (1, 2), (0, 1, 0, 1))
maxes([1, 5, 20, 30], "n", (20, 30), (1, 1))


def averaged(x, k, s, p, ceil, count):
    flat = x.dim() == 3
    if flat:
        return F.avg_pool1d(x, k[1], s[1], p[1], bool(ceil), bool(count))
    return F.avg_pool2d(x, k, s, (p[0], p[1]), bool(ceil), bool(count))


for shape, k, s, p, ceil, count in (([2, 3, 8, 10], (2, 2), (2, 2), (0, 0), 0, 0), ([1, 2, 9, 12], (3, 4), (2, 3), (1, 2), 0, 0), ([1, 2, 9, 12], (3, 4), (2, 3), (1, 2), 0, 1),
                                    ([1, 2, 9, 11], (3, 3), (2, 2), (1, 0), 1, 1), ([2, 3, 50], (1, 4), (1, 3), (0, 1), 0, 0)):
    case("avg_pool", [(shape, "n")], [*k, *s, *p, *p, ceil, count], lambda x, a=(k, s, p, ceil, count): averaged(x, *a))
for shape, size in (([2, 3, 8, 10], (1, 1)), ([1, 2, 9, 13], (4, 5)), ([1, 2, 3, 4], (5, 6)), ([2, 3, 17], (1, 4))):
    flat = len(shape) == 3
    for name, f1, f2 in (("adaptive_avg_pool", F.adaptive_avg_pool1d, F.adaptive_avg_pool2d), ("adaptive_max_pool", F.adaptive_max_pool1d, F.adaptive_max_pool2d)):
        case(name, [(shape, "q" if "max" in name else "n")], [*size], lambda x, f1=f1, f2=f2, n=size: f1(x, n[1]) if x.dim() == 3 else f2(x, n))
case("dropout", [([5, 7], "n")], [0.25], lambda x: F.dropout(x, 0.25, False))

# ---- lengths: -1 runs from 1 to 67 (where the window fits)
def length(op, ins, attrs=(), training=0):
    case(op, [i if isinstance(i, tuple) else (i, "n") for i in ins], attrs, None, training)


length("conv", [[1, 3, 2, -1], [7, 3, 2, 3], [7]], [1, 1, 1, 1, 1, 1, 0, 1, 1])
length("conv", [[1, 3, 2, -1], [7, 3, 2, 3], [7]], [1, 2, 1, 1, 1, 1, 0, 1, 1])
length("conv", [[2, -1, 5], [4, -1, 3]], [1, 1, 1, 2, 0, 2, 0, 2, 1])
length("conv", [[1, 2, 5], [-1, 2, 3], [-1]], [1, 1, 1, 1, 0, 1, 0, 1, 1])
length("conv", [[1, 2, 70], [3, 2, -1]], [1, 1, 1, 1, 0, 0, 0, 0, 1])
length("conv_transpose", [[1, 3, 2, -1], [3, 7, 2, 3], [7]], [1, 2, 1, 1, 0, 1, 0, 0, 1, 0, 1])
length("conv_transpose", [[1, -1, 2, 5], [-1, 4, 2, 3], [4]], [1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0])
length("linear", [[3, -1], [4, -1], [4]])
length("linear", [[-1, 5], [4, 5], [4]])
length("linear", [[2, 5], [-1, 5], [-1]])
length("matmul", [[2, -1, 5], [2, 5, 3]], [0, 0, 1.0])
length("matmul", [[2, 4, -1], [2, 3, -1]], [0, 1, 1.0])
length("matmul", [[2, 5, 4], [5, -1]], [1, 0, 1.0])
for training in (0, 1):
    length("batch_norm", [[2, 3, -1], [3], [3], [3], ([3], "p")], [1e-2], training)
    length("batch_norm", [[3, -1], [-1], [-1], [-1], ([-1], "p")], [1e-2], training)
length("layer_norm", [[3, -1], [-1], [-1]], [1, 1e-2])
length("layer_norm", [[-1, 3], [3], [3]], [1, 1e-2])
length("instance_norm", [[2, 3, -1], [3], [3]], [1e-2])
length("group_norm", [[2, 4, -1], [4], [4]], [2, 1e-2])
length("max_pool", [[1, 2, 4, -1]], [2, 2, 2, 2, 0, 0, 0, 0, 0, 1, 1])
length("max_pool", [[2, 2, -1]], [1, 3, 1, 2, 0, 1, 0, 1, 0, 1, 1])
length("avg_pool", [[2, 2, -1]], [1, 3, 1, 2, 0, 1, 0, 1, 0, 1])
length("avg_pool", [[1, 2, 5, -1]], [2, 2, 2, 2, 0, 1, 0, 0, 1, 0])
for name in ("adaptive_avg_pool", "adaptive_max_pool"):
    length(name, [[1, 2, 3, -1]], [2, 5])
length("dropout", [[-1]], [0.5])


# ---- the header
def word(a):
    return struct.unpack("<i", struct.pack("<f", a))[0] if isinstance(a, float) else int(a)


def gradients(n, ins, fn):
    x = [values(n, k, s, kind).requires_grad_() for k, (s, kind) in enumerate(ins)]
    y = fn(*x)
    d = values(n, 8, tuple(y.shape), "n")
    return [g.numpy().ravel() for g in torch.autograd.grad((y * d).sum(), x)]


out = sys.stdout
out.write("/* back_linear.h - written by tests/golden/make_back_linear.py from torch %s; do not edit. */\n" % torch.__version__.split("+")[0])
kept, rows = [], []
for n, (op, ins, attrs, fn, training) in enumerate(CASES):
    wants = []
    for g in gradients(n, ins, fn) if fn else []:
        step = max(1, g.size // KEPT) | 1
        wants.append("{ %d, %d, %.9g }" % (len(kept), step, np.abs(g).max()))
        kept += list(g[::step])
    shapes = ", ".join("{ %d, { %s }, '%s' }" % (len(s), ", ".join(map(str, s)), kind) for s, kind in ins)
    rows.append('  { "%s", %d, %d, { %s }, %d, { %s }, %d, { %s } },\n' % (
        op, training, len(ins), shapes, len(attrs), ", ".join(str(word(a)) for a in attrs) or "0", fn is not None, ", ".join(wants) or "{ 0, 0, 0 }"))
out.write("static const float golden_values[] = {\n")
for i in range(0, len(kept), 10):
    out.write("  " + ", ".join("%.8g" % v for v in kept[i:i + 10]) + ",\n")
out.write("};\n\nstatic const golden_case golden_cases[] = {\n" + "".join(rows) + "};\n")
