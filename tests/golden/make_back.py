#!/usr/bin/python3
"""Golden gradients for tests/test_back.c, from torch's autograd in double precision.

    /usr/bin/python3 tests/golden/make_back.py > tests/golden/back.h

For each case of make_ops.py that has golden values: the gradient of sum_k sum(results_k * s_k) to every input, s_k made
by the same hash as the inputs (operand 8 + k). Ops whose way back test_back_linear.c judges are left out. Where a case's
maker is numpy (slice, pad, tile), torch differentiates an indexing with the indices that numpy moved. Then two small
networks, weights from the hash too, with the gradients to their input and to all parameters."""
import sys

import numpy as np
import torch
import torch.nn.functional as F

import make_ops
from make_ops import CASES, MAKERS, number, values

LINEAR = {"conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm", "group_norm", "max_pool", "avg_pool",
          "adaptive_avg_pool", "adaptive_max_pool", "dropout"}


def moved(fn, x):
    n = torch.arange(1., x.numel() + 1).reshape(x.shape)
    far = 1 << 24
    a, b = (torch.as_tensor(np.ascontiguousarray(fn(t))) for t in (n, n + far))
    copied = b - a == far
    return torch.where(copied, x.reshape(-1)[((a - 1) * copied).long()], a)


def gradients(seed, op, ins, fn):
    x = [values(seed, k, s, kind).requires_grad_() for k, (s, kind, _) in enumerate(ins)]
    out = moved(fn, x[0]) if op in ("slice", "pad", "tile") else fn(*x)
    out = [o for o in (out if isinstance(out, tuple) else (out,))]
    loss = sum((o * values(seed, 8 + k, list(o.shape), "n")).sum() for k, o in enumerate(out))
    if loss.requires_grad:
        loss.backward()
    return [torch.zeros_like(t) if t.grad is None else t.grad for t in x]


def write(out, name, numbers):
    out.write("static const float %s[] = {\n" % name)
    line = ""
    for v in numbers:
        t = number(v) + "f,"
        if len(line) + len(t) > 118:
            out.write(line + "\n")
            line = ""
        line += t
    out.write(line + "\n};\n\n")


# ---- two networks: parameters in the order in which the C test makes them
def net_values(seed, shape):
    return (values(seed, 0, shape, "n") * 0.25).requires_grad_()


def cnn():
    x = net_values(1, [2, 1, 12, 10])
    p = [net_values(2 + i, s) for i, s in enumerate(([4, 1, 3, 3], [4], [4], [4], [6, 2, 3, 3], [6], [3, 6], [3]))]
    w1, b1, scale, shift, w2, b2, w3, b3 = p
    y = F.conv2d(x, w1, b1, 1, 1)
    mean, var = values(20, 0, [4], "n") * 0.25, values(21, 0, [4], "p")
    y = (y - mean[:, None, None]) / torch.sqrt(var + 1e-3)[:, None, None] * scale[:, None, None] + shift[:, None, None]
    y = F.max_pool2d(F.relu(y), 2)
    y = F.elu(F.conv2d(y, w2, b2, groups=2), 0.7).mean((2, 3))
    y = torch.log_softmax(F.linear(y, w3, b3), 1)
    return x, p, y


def blstm():
    x = net_values(31, [7, 2, 5])
    p = [net_values(32 + i, s) for i, s in enumerate(([2, 16, 5], [2, 16, 4], [2, 32], [8, 8], [8, 8], [8, 8], [8], [8], [3, 8], [3]))]
    w, r, b, wq, wk, wv, scale, shift, wo, bo = p
    y = make_ops.recurrent("lstm", (0, 2, 3, 1), 4, 4, 2, 0, x, w, r, b)[0].permute(2, 0, 1, 3).reshape(2, 7, 8)
    a = make_ops.attention(F.linear(y, wq), F.linear(y, wk), F.linear(y, wv), None, 2, 0.5)[0]
    y = F.layer_norm(y + a, [8], scale, shift, 1e-5).mean(1)
    return x, p, torch.sigmoid(F.linear(y, wo, bo))


def network(fn):
    x, p, y = fn()
    (y * (values(50, 0, list(y.shape), "n"))).sum().backward()
    return [v for t in (y, x.grad, *(t.grad for t in p)) for v in t.detach().numpy().reshape(-1)]


def main():
    out, offsets, all_values = sys.stdout, [], []
    for seed, ((op, ins, attrs, outs, n_out), fn) in enumerate(zip(CASES, MAKERS)):
        offsets.append(-1 if fn is None or op in LINEAR else len(all_values))
        if offsets[-1] >= 0:
            all_values += [v for g in gradients(seed, op, ins, fn) for v in g.numpy().reshape(-1)]
    out.write("/* back.h - written by tests/golden/make_back.py from torch %s; do not edit. */\n" % torch.__version__.split("+")[0])
    write(out, "golden_diffs", all_values)
    out.write("/* where the diffs of each case begin; -1: none */\nstatic const int golden_diffs_at[] = {\n")
    for i in range(0, len(offsets), 20):
        out.write("  " + " ".join("%d," % o for o in offsets[i:i + 20]) + "\n")
    out.write("};\n\n/* results, then diffs of the input and of all parameters */\n")
    write(out, "golden_cnn", network(cnn))
    write(out, "golden_blstm", network(blstm))


main()
