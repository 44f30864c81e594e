#!/usr/bin/env python3
"""Golden values for tests/test_perturb.c, by definition: Shapley and Owen values as averages over orders, occlusion cell by cell.

usage: make_perturb.py > perturb.h      (numpy only)
"""
import itertools
import numpy as np

rng = np.random.default_rng(20261121)


def shapley(v, n, allowed=lambda order: True):
    """Mean gain over all orders that are allowed."""
    phi, count = np.zeros(n), 0
    for order in itertools.permutations(range(n)):
        if not allowed(order):
            continue
        count += 1
        on = 0
        for p in order:
            phi[p] += v[on | 1 << p] - v[on]
            on |= 1 << p
    return phi / count


def orders_of(tree):
    """Every order in which each team of the tree joins without a gap."""
    if isinstance(tree, int):
        return [(tree,)]
    a, b = orders_of(tree[0]), orders_of(tree[1])
    return [x + y for x in a for y in b] + [y + x for x in a for y in b]


def owen(v, n, tree):
    orders = orders_of(tree)
    phi = np.zeros(n)
    for order in orders:
        on = 0
        for p in order:
            phi[p] += v[on | 1 << p] - v[on]
            on |= 1 << p
    return phi / len(orders)


def occlusion(f, x, base, window, stride):
    value, cover = np.zeros(x.shape), np.zeros(x.shape)
    counts = [int(np.ceil((n - w) / s)) + 1 for n, w, s in zip(x.shape, window, stride)]
    for at in itertools.product(*[range(c) for c in counts]):
        cut = tuple(slice(a * s, min(a * s + w, n)) for a, s, w, n in zip(at, stride, window, x.shape))
        y = x.copy()
        y[cut] = base[cut]
        value[cut] += f(x) - f(y)
        cover[cut] += 1
    return value / cover


def show(name, a):
    a = np.asarray(a, float).ravel()
    print(f"static const double {name}[{a.size}] = {{ " + ", ".join(repr(float(t)) for t in a) + " };")


print("/* perturb.h - made by make_perturb.py; do not edit. */\n")
n = 6
game = np.round(rng.normal(size=1 << n), 3)
show("game", game)
show("game_shapley", shapley(game, n))
show("game_owen", owen(game, n, ((0, (1, 2)), ((3, 4), 5))))
show("game_owen_line", owen(game, n, ((0, (1, 2)), (3, (4, 5)))))
x = np.round(rng.normal(size=(2, 5, 7)), 2)
base = np.round(rng.normal(size=(2, 5, 7)), 2)
weight = np.round(rng.normal(size=(2, 5, 7)), 2)
f = lambda t: float(np.tanh((weight * t).sum() / 5) + (t[:, 1:, :] * t[:, :-1, :]).sum() / 10)
show("grid_x", x)
show("grid_base", base)
show("grid_weight", weight)
show("grid_occlusion", occlusion(f, x, base, (1, 2, 3), (1, 1, 2)))
