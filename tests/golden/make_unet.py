#!/usr/bin/env python3
"""Golden values for tests/test_unet.c: Spleeter's U-Net (torch) and its whole separation path (numpy), small, written from
their description: framing, network, ratio masks and their extension, synthesis, norbert's Wiener filter.

usage: make_unet.py > unet.h
"""
import numpy as np
import torch
import torch.nn.functional as F

M = 2**64


def lcg(seed, n):
    out, s = np.empty(n), seed
    for i in range(n):
        s = (s * 6364136223846793005 + 1442695040888963407) % M
        out[i] = (s >> 40) / 2**24
    return out


def values(name, shape):
    seed = 14695981039346656037
    for c in name.encode():
        seed = (seed ^ c) * 1099511628211 % M
    u = lcg(seed, int(np.prod(shape)))
    if name.endswith("running_var") or ("bn" in name and name.endswith("weight")):
        u = 0.5 + u
    else:
        u = (u - 0.5) * 0.4
    return torch.from_numpy(u.astype(np.float32).reshape(shape)).double()


def unet(x, stems, filters, elu, softmax):
    """x [1, C, T, F] -> [J, C, T, F] magnitudes"""
    act = F.elu if elu else F.relu
    down = F.elu if elu else (lambda t: F.leaky_relu(t, 0.2))
    c = [x.shape[1]] + [filters << i for i in range(6)]
    logits = []
    for s in stems:
        p = lambda name, *shape: values("%s.%s" % (s, name), shape)
        bn = lambda t, n: F.batch_norm(t, p(n + ".running_mean", t.shape[1]), p(n + ".running_var", t.shape[1]), p(n + ".weight", t.shape[1]),
                                       p(n + ".bias", t.shape[1]), False, 0, 1e-3)
        y, skips = x, []
        for i in range(1, 7):
            y = F.conv2d(F.pad(y, (1, 2, 1, 2)), p("conv%d.weight" % i, c[i], c[i - 1], 5, 5), p("conv%d.bias" % i, c[i]), 2)
            skips.append(y)
            y = down(bn(y, "bn%d" % i))
        y = skips.pop()
        for i in range(1, 7):
            ic, oc = y.shape[1], c[6 - i] if i < 6 else 1
            h, w = 2 * y.shape[2], 2 * y.shape[3]
            y = F.conv_transpose2d(y, p("up%d.weight" % i, ic, oc, 5, 5), None, 2)[:, :, 1:1 + h, 1:1 + w] + p("up%d.bias" % i, oc)[:, None, None]
            y = bn(act(y), "up_bn%d" % i)
            if skips:
                y = torch.cat([skips.pop(), y], 1)
        logits.append(F.conv2d(F.pad(y, (3, 3, 3, 3)), p("mask.weight", x.shape[1], 1, 4, 4), p("mask.bias", x.shape[1]), dilation=2)[0])
    z = torch.stack(logits)
    return ((torch.softmax(z, 0) if softmax else torch.sigmoid(z)) * x[0]).numpy()


def show(name, a):
    print("static const double %s[] = { %s };" % (name, ", ".join("%.9g" % v for v in np.ravel(a))))


# ---- the network -----------------------------------------------------------------------------------------
print("/* unet.h - made by make_unet.py (torch, numpy); do not edit. */\n")
stems = ["one", "two", "three"]
x = torch.from_numpy((4 * lcg(5, 2 * 64 * 128) ** 2).astype(np.float32).reshape(1, 2, 64, 128)).double()
pick = (np.arange(400) * 7919)
for name, elu, softmax in (("leaky_sigmoid", 0, 0), ("elu_sigmoid", 1, 0), ("elu_softmax", 1, 1)):
    y = unet(x, stems, 3, elu, softmax)
    show("net_" + name, y.ravel()[pick % y.size])

# ---- the path ----------------------------------------------------------------------------------------------
N, HOP, T, BINS = 4096, 1024, 512, 64
n = 700001                                                     # two patches, the second not full
wave = ((lcg(9, 2 * n) - 0.5) * 0.5).astype(np.float32).astype(float).reshape(2, n)
hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N) / N)
padded = np.concatenate([np.zeros((2, N)), wave], 1)           # a frame's worth of silence first
frames = -(-padded.shape[1] // HOP)                            # tf.signal.stft with pad_end
padded = np.pad(padded, ((0, 0), (0, (frames - 1) * HOP + N - padded.shape[1])))
X = np.stack([np.fft.rfft(padded[:, t * HOP:t * HOP + N] * hann) for t in range(frames)], 1)      # [2, frames, 2049]
full = np.pad(X, ((0, 0), (0, -frames % T), (0, 0)))
S = []
for at in range(0, full.shape[1], T):
    S.append(unet(torch.from_numpy(np.abs(full[None, :, at:at + T, :BINS])), stems[:2], 1, 1, 0))
S = np.concatenate(S, 2)                                       # [J, 2, frames + padding, BINS]


def synthesise(Y):
    """[J, 2, frames, 2049] -> [J, 2, n]"""
    pieces = np.fft.irfft(Y, N) * hann
    out = np.zeros(Y.shape[:2] + ((frames - 1) * HOP + N,))
    for t in range(frames):
        out[..., t * HOP:t * HOP + N] += pieces[:, :, t]
    return out[..., N:N + n] * (2 / 3)


def norbert(v, x, eps=np.finfo(np.float32).eps):
    """v [t, f, c, J], x [t, f, c]: norbert.wiener(v, x, iterations=1, use_softmask=True)"""
    y = v / (eps + v.sum(-1, keepdims=True)) * x[..., None]
    scale = max(1, np.abs(x).max() / 10)
    x, y = x / scale, y / scale
    level = (np.abs(y) ** 2).mean(2)                           # [t, f, J]
    R = np.einsum("tfaj,tfbj->fjab", y, y.conj()) / (eps + level.sum(0))[..., None, None]
    C = np.einsum("tfj,fjab->tfab", level, R) + np.sqrt(eps) * np.eye(x.shape[2])
    z = np.linalg.solve(C, x[..., None])[..., 0]
    return np.einsum("tfj,fjab,tfb->tfaj", level, R, z) * scale


S2, e = S**2, 1e-10
masks = (S2 + e / 2) / (S2.sum(0) + e)
place = pick[:120] * 101 % n
for name in ("zeros", "average", "wiener"):
    Y = np.zeros((2,) + X.shape, complex)
    if name == "wiener":
        for at in range(0, frames, T):
            k = slice(at, min(at + T, frames))
            got = norbert(S[:, :, k].transpose(2, 3, 1, 0), X[:, k, :BINS].transpose(1, 2, 0))
            Y[:, :, k, :BINS] = got.transpose(3, 2, 0, 1)
    else:
        m = masks[:, :, :frames]
        Y[..., :BINS] = m * X[..., :BINS]
        if name == "average":
            Y[..., BINS:] = m.mean(-1, keepdims=True) * X[..., BINS:]
    show("path_" + name, synthesise(Y)[:, :, place])
