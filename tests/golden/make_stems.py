#!/usr/bin/env python3
"""Golden values for tests/test_stems.c: the three losses of a separator and their gradients, by torch's autograd in double precision, from the
formulas (with N x N affinity matrices, not the expanded form).

usage: make_stems.py > stems.h
"""
import numpy as np
import torch
import torch.nn.functional as F

T, B, J, D, P = 5, 7, 3, 4, 88
M = 2**64


def lcg(seed, n):
    out, s = np.empty(n), seed
    for i in range(n):
        s = (s * 6364136223846793005 + 1442695040888963407) % M
        out[i] = (s >> 40) / 2**24
    return out


def single(x):
    return torch.from_numpy(x.astype(np.float32)).double()


def show(name, a):
    print("static const double %s[] = { %s };" % (name, ", ".join("%.10g" % v for v in np.ravel(a))))


n = T * B
level = single(3 * lcg(1, n) ** 2)
target = single(lcg(2, J * n)).reshape(J, n) * level
target = single(target.numpy())
u = lcg(3, n)
loudest = torch.from_numpy(np.minimum((u * (J + 1)).astype(int), J))       # J: none
notes = torch.from_numpy((lcg(4, T * J * P) > 0.9).astype(float))
heads = single(np.concatenate([lcg(5, J * n), (lcg(6, n * D) - 0.5) * 2, (lcg(7, T * J * P) - 0.5) * 6])).requires_grad_()
print("/* stems.h - made by make_stems.py (torch); do not edit. */\n")
for squared in (0, 1):
    m, v, x = heads[:J * n].reshape(J, n), heads[J * n:J * n + n * D].reshape(n, D), heads[J * n + n * D:]
    d = m * level - target
    mask = (d**2).sum() / (level**2).sum() if squared else d.abs().sum() / level.sum()
    w = torch.sqrt(n * level / level.sum())
    V, Y = w[:, None] * v, w[:, None] * F.one_hot(loudest, J + 1)[:, :J].double()
    dc = ((V @ V.T - Y @ Y.T) ** 2).sum() / (w**2).sum() ** 2
    tr = F.binary_cross_entropy_with_logits(x, notes)
    loss = 0.7 * mask + 0.2 * dc + 0.5 * tr
    g, = torch.autograd.grad(loss, heads)
    show("want_%s" % ("mse" if squared else "l1"), [loss.item(), mask.item(), dc.item(), tr.item()])
    show("diff_%s" % ("mse" if squared else "l1"), g.numpy())
