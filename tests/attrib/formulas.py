"""Explanations written down from their formulas, for chains of torch layers (attribution.md 1.2, 3.1 to 3.4)."""

import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d)


def apply(m, x, w, b):
    if isinstance(m, nn.Linear):
        return F.linear(x, w, b)
    f = F.conv1d if isinstance(m, nn.Conv1d) else F.conv2d
    return f(x, w, b, m.stride, m.padding, m.dilation, m.groups)


def back(m, x, w, s):
    """J' s of the layer with these weights."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad((apply(m, x, w, None) * s).sum(), x)[0]


def stab(z, eps=1e-6):
    return z + eps * torch.where(z >= 0, 1.0, -1.0)


def pos(v):
    return None if v is None else v.clamp(min=0)


def neg(v):
    return None if v is None else v.clamp(max=0)


def parts(m, x, R, products, bias):
    """Relevance by sum over products (x', w') with one denominator."""
    z = sum(apply(m, a, w, None) for a, w in products)
    if bias is not None:
        z = z + (bias if isinstance(m, nn.Linear) else bias.view(-1, *[1] * (z.dim() - 2)))
    s = R / stab(z)
    return sum(a * back(m, a, w, s) for a, w in products), z


def rule_linear(m, x, R, rule):
    w, b = m.weight.detach(), None if m.bias is None else m.bias.detach()
    if rule == "epsilon":
        return parts(m, x, R, [(x, w)], b)[0]
    up, down = [(pos(x), pos(w)), (neg(x), neg(w))], [(pos(x), neg(w)), (neg(x), pos(w))]
    if rule == "zplus":
        return parts(m, x, R, up, pos(b))[0]
    if rule == "alphabeta":
        return 2 * parts(m, x, R, up, pos(b))[0] - parts(m, x, R, down, neg(b))[0]
    g, z = 0.25, apply(m, x, w, b)
    wp, wn = w + g * pos(w), w + g * neg(w)
    bp, bn = (None, None) if b is None else (b + g * pos(b), b + g * neg(b))
    return parts(m, x, torch.where(z > 0, R, torch.zeros_like(R)), [(pos(x), wp), (neg(x), wn)], bp)[0] + \
        parts(m, x, torch.where(z < 0, R, torch.zeros_like(R)), [(pos(x), wn), (neg(x), wp)], bn)[0]


def by_gradient(m, x, s):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad((m(x) * s).sum(), x)[0]


def values(layers, x):
    v = [x]
    with torch.no_grad():
        for m in layers:
            v.append(m(v[-1]))
    return v


def relevance(layers, x, target, rule):
    v = values(layers, x)
    R = torch.zeros_like(v[-1])
    R[:, target] = v[-1][:, target]
    for m, x in zip(reversed(layers), reversed(v[:-1])):
        if isinstance(m, LINEAR):
            R = rule_linear(m, x, R, rule)
        elif isinstance(m, (nn.AvgPool1d, nn.AvgPool2d)):
            R = x * by_gradient(m, x, R / stab(m(x)))
        elif isinstance(m, (nn.MaxPool1d, nn.MaxPool2d, nn.Flatten)):
            R = by_gradient(m, x, R)
    return R.numpy()


def deeplift(layers, x, base, target):
    v, r = values(layers, x), values(layers, base)
    m_out = torch.zeros_like(v[-1])
    m_out[:, target] = 1
    for m, a, b, y, s in zip(reversed(layers), reversed(v[:-1]), reversed(r[:-1]), reversed(v[1:]), reversed(r[1:])):
        if isinstance(m, nn.ReLU):
            d = a - b
            m_out = torch.where(d.abs() < 1e-6, m_out * (a > 0).float(), m_out * (y - s) / torch.where(d.abs() < 1e-6, torch.ones_like(d), d))
        elif isinstance(m, (nn.MaxPool1d, nn.MaxPool2d)):
            c, d = torch.maximum(y, s), a - b
            share = by_gradient(m, a, m_out * (c - s)) + by_gradient(m, b, m_out * (y - c))
            m_out = torch.where(d.abs() < 1e-7, torch.zeros_like(d), share / torch.where(d.abs() < 1e-7, torch.ones_like(d), d))
        else:
            m_out = by_gradient(m, a, m_out)
    return (m_out * (x - base)).numpy()


def guided(module, x, score):
    hooks = [m.register_full_backward_hook(lambda mod, i, o: (i[0].clamp(min=0),)) for m in module.modules() if isinstance(m, nn.ReLU)]
    x = x.clone().requires_grad_()
    g = torch.autograd.grad(score(x), x)[0]
    for h in hooks:
        h.remove()
    return g.numpy()


def gradcam(module, k, x, score):
    kept = []
    hook = module[k].register_forward_hook(lambda m, i, o: kept.append(o))
    y = score(x.clone().requires_grad_())
    hook.remove()
    g = torch.autograd.grad(y, kept[0])[0]
    space = tuple(range(2, g.dim()))
    return F.relu((g.mean(space, keepdim=True) * kept[0]).sum(1, keepdim=True)).detach().numpy()


def occlusion(f, x, window):
    """Windows at stride 1 over each input by itself; the last axes of an item; mean over the windows that cover a cell."""
    maps = []
    with torch.no_grad():
        whole = f(*x)
        for k, v in enumerate(x):
            total, count = torch.zeros_like(v), torch.zeros_like(v)
            for at in itertools.product(*[range(max(n - w, 0) + 1) for n, w in zip(v.shape[1:], window)]):
                where = (slice(None),) + tuple(slice(a, a + w) for a, w in zip(at, window))
                hidden = [u.clone() for u in x]
                hidden[k][where] = 0
                drop = (whole - f(*hidden)).view(-1, *[1] * (v.dim() - 1))
                total[where] += drop
                count[where] += 1
            maps.append((total / count).numpy())
    return maps
