#!/usr/bin/python3
"""Writes tests/golden/attrib.h: gradients, paths and class activation maps of a small network, by torch's autograd in double.

x [2, 1, 6, 8] -> conv 3x3 pad 1 (3) -> relu -> max pool 2 -> conv 3x3 pad 1 (4) -> relu -> flatten -> linear (3). Targets 2 and 0.
Run from the repository's root: /usr/bin/python3 tests/golden/make_attrib.py"""
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def rough(shape, salt, scale=1.0):
    j = np.arange(int(np.prod(shape)), dtype=np.int64) + salt
    return torch.from_numpy(((((j * 7919 + j * j * 31) % 1021) / 512.0 - 1) * scale).astype(np.float32).reshape(shape)).double()


W1, B1, W2, B2 = rough((3, 1, 3, 3), 11, .5), rough((3,), 12, .25), rough((4, 3, 3, 3), 13, .5), rough((4,), 14, .25)
W3, B3 = rough((3, 48), 15, .25), rough((3,), 16)
X, BASE = rough((2, 1, 6, 8), 5), rough((1, 1, 6, 8), 6, .25)


class ModifiedRelu(torch.autograd.Function):
    guided = True

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        return g.clamp(min=0) * ((ctx.saved_tensors[0] > 0) if ModifiedRelu.guided else 1)


def net(x, relu=F.relu):
    a = relu(F.conv2d(x, W1, B1, padding=1))
    h = relu(F.conv2d(F.max_pool2d(a, 2), W2, B2, padding=1))
    y = F.linear(h.flatten(1), W3, B3)
    return y[0, 2] + y[1, 0], a, h


def gradient(x, relu=F.relu):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(net(x, relu)[0], x)[0]


def path(nodes, weights):
    return (X - BASE) * sum(w * gradient(BASE + a * (X - BASE)) for a, w in zip(nodes, weights))


out = ["/* attrib.h - made by tests/golden/make_attrib.py with torch, in double; do not edit. */", "#ifndef AUS_GOLDEN_ATTRIB_H", "#define AUS_GOLDEN_ATTRIB_H"]


def put(name, y):
    y = y.detach().numpy().ravel()
    out.append("static const float golden_%s[%d] = {" % (name, y.size))
    out.extend("  " + ", ".join("%.9g" % v for v in y[i:i + 10]) + "," for i in range(0, y.size, 10))
    out.append("};")


put("gradient", gradient(X))
put("ixg", X * gradient(X))
for name, mode in (("guided", True), ("deconv", False)):
    ModifiedRelu.guided = mode
    put(name, gradient(X, ModifiedRelu.apply))
z, w = np.polynomial.legendre.leggauss(20)
put("ig_gauss", path((z + 1) / 2, w / 2))
put("ig_right", path(np.arange(1, 11) / 10, np.full(10, .1)))
t = np.full(9, 1 / 8)
t[[0, 8]] /= 2
put("ig_trapezoid", path(np.arange(9) / 8, t))
s, a, h = net(X.clone().requires_grad_())
g = torch.autograd.grad(s, a)[0]
put("gradcam", F.relu((g.mean((2, 3), keepdim=True) * a).sum(1, keepdim=True)))
q = torch.where(g != 0, g ** 2 / (2 * g ** 2 + a.sum((2, 3), keepdim=True) * g ** 3), torch.zeros_like(g))
put("gradcampp", F.relu(((q * F.relu(g)).sum((2, 3), keepdim=True) * a).sum(1, keepdim=True)))
put("layercam", F.relu((F.relu(g) * a).sum(1, keepdim=True)))
put("layer_ixg", g * a)
ModifiedRelu.guided = True
s, a, h = net(X.clone().requires_grad_())
cam = F.relu((torch.autograd.grad(s, h)[0].mean((2, 3), keepdim=True) * h).sum(1, keepdim=True))
put("guidedgradcam", gradient(X, ModifiedRelu.apply) * F.interpolate(cam, (6, 8)))
put("cam_linear", F.interpolate(cam, (6, 8), mode="bilinear", align_corners=False))
out.append("#endif")
open("tests/golden/attrib.h", "w").write("\n".join(out) + "\n")
