#!/usr/bin/python3
"""Writes tests/golden/conv.h: torch's conv2d and conv_transpose2d of signals that a formula makes.

Run from the repository's root: /usr/bin/python3 tests/golden/make_conv.py"""
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def rough(shape, salt):
    """The signal of tests/op_test.h: exact in float."""
    j = np.arange(int(np.prod(shape)), dtype=np.int64) + salt
    return torch.from_numpy((((j * 7919 + j * j * 31) % 1021) / 512.0 - 1).astype(np.float32).reshape(shape)).double()


# transposed mb groups icg ocg ih iw kh kw sh sw dh dw top left extra_h extra_w
CASES = [
    (0, 2, 1, 3, 16, 20, 33, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0),
    (0, 1, 1, 2, 8, 32, 50, 5, 5, 2, 2, 1, 1, 2, 2, 0, 0),
    (0, 1, 1, 1, 24, 19, 96, 7, 38, 1, 1, 1, 1, 3, 0, 0, 0),
    (0, 1, 1, 1, 9, 187, 12, 128, 1, 1, 1, 1, 1, 64, 0, 0, 0),
    (0, 1, 2, 8, 6, 9, 17, 3, 2, 2, 3, 2, 2, 1, 2, 0, 0),
    (0, 2, 1, 64, 70, 8, 3, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0),
    (0, 1, 1, 1, 2, 16, 40, 4, 4, 1, 1, 2, 2, 3, 3, 0, 0),
    (1, 1, 1, 8, 6, 9, 21, 5, 5, 2, 2, 1, 1, 2, 2, 1, 1),
    (1, 2, 1, 40, 50, 4, 6, 5, 5, 2, 2, 1, 1, 2, 2, 1, 1),
    (1, 1, 2, 3, 4, 5, 9, 3, 4, 3, 2, 2, 1, 1, 0, 2, 1),
    (1, 1, 1, 32, 1, 8, 30, 5, 5, 2, 2, 1, 1, 2, 2, 1, 1),
    (0, 2, 1, 40, 50, 31, 21, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0),  # from here: Winograd
    (0, 1, 1, 30, 40, 33, 50, 5, 5, 2, 2, 1, 1, 2, 2, 0, 0),
    (1, 1, 1, 40, 20, 17, 29, 5, 5, 2, 2, 1, 1, 2, 2, 1, 1),
    (1, 1, 1, 24, 36, 30, 35, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0),
]
out = ["/* conv.h - made by tests/golden/make_conv.py with torch, in double; do not edit. */",
       "#ifndef AUS_GOLDEN_CONV_H", "#define AUS_GOLDEN_CONV_H"]
rows = []
for n, c in enumerate(CASES):
    tr, mb, g, icg, ocg, ih, iw, kh, kw, sh, sw, dh, dw, top, left, eh, ew = c
    x, b = rough((mb, g * icg, ih, iw), 5), rough((g * ocg,), 77)
    if tr:
        y = F.conv_transpose2d(x, rough((g * icg, ocg, kh, kw), 1234), b, (sh, sw), (top, left), (eh, ew), g, (dh, dw))
    else:
        y = F.conv2d(x, rough((g * ocg, icg, kh, kw), 1234), b, (sh, sw), (top, left), (dh, dw), g)
    y = y.numpy().ravel()
    step = max(1, y.size // 400) | 1  # odd: all channels and columns come up
    kept = y[::step]
    out.append("static const float golden_conv_%d[%d] = {" % (n, kept.size))
    for i in range(0, kept.size, 10):
        out.append("  " + ", ".join("%.9g" % v for v in kept[i:i + 10]) + ",")
    out.append("};")
    rows.append("  { { %s }, %d, %d, %d, golden_conv_%d }," % (", ".join(map(str, c)), y.size, step, kept.size, n))
out.append("static const struct { int what[17], count, step, kept; const float *value; } golden_conv[] = {")
out += rows + ["};", "#endif"]
open("tests/golden/conv.h", "w").write("\n".join(out) + "\n")
