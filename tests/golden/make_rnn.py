#!/usr/bin/python3
"""Writes tests/golden/rnn.h: torch's LSTM, GRU and RNN, and softmax(q k') v, for signals that a formula makes.

Gate orders are ONNX's in the C arrays (i o f c; z r h) and torch's in torch (i f g o; r z n): the
permutation is done here. Run from the repository's root: /usr/bin/python3 tests/golden/make_rnn.py"""
import numpy as np
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def rough(shape, salt, scale=1.0):
    """The signal of tests/op_test.h, exact in float, times a power of two."""
    j = np.arange(int(np.prod(shape)), dtype=np.int64) + salt
    return torch.from_numpy(((((j * 7919 + j * j * 31) % 1021) / 512.0 - 1) * scale).astype(np.float32).reshape(shape)).double()


out = ["/* rnn.h - made by tests/golden/make_rnn.py with torch, in double; do not edit. */",
       "#ifndef AUS_GOLDEN_RNN_H", "#define AUS_GOLDEN_RNN_H"]


def put(name, y):
    y = y.detach().numpy().ravel()
    out.append("static const float %s[%d] = {" % (name, y.size))
    for i in range(0, y.size, 10):
        out.append("  " + ", ".join("%.9g" % v for v in y[i:i + 10]) + ",")
    out.append("};")


T, MB, I, H = 7, 3, 5, 19
ORDER = {"lstm": [0, 2, 3, 1], "gru": [1, 0, 2], "rnn": [0]}  # torch gate k is ONNX gate ORDER[k]


def fill(net, dirs, order):
    """ONNX weights w [dirs, G H, I], r, bias [dirs, 2 G H] into a torch module."""
    g = len(order)
    w, r, b = rough((dirs, g, H, I), 11, .5), rough((dirs, g, H, H), 22, .25), rough((dirs, 2, g, H), 33, .5)
    for d in range(dirs):
        s = "_l0" + ("_reverse" if d else "")
        getattr(net, "weight_ih" + s).data = w[d][order].reshape(g * H, I)
        getattr(net, "weight_hh" + s).data = r[d][order].reshape(g * H, H)
        getattr(net, "bias_ih" + s).data = b[d][0][order].reshape(-1)
        getattr(net, "bias_hh" + s).data = b[d][1][order].reshape(-1)
    return net


x = rough((T, MB, I), 5)
for name, cls in (("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU), ("rnn", torch.nn.RNN)):
    net = fill(cls(I, H, bidirectional=True), 2, ORDER[name])
    h0, c0 = rough((2, MB, H), 44), rough((2, MB, H), 55)
    y, last = net(x, (h0, c0) if name == "lstm" else h0)
    put("golden_%s_y" % name, y.reshape(T, MB, 2, H).transpose(1, 2))
    put("golden_%s_h" % name, last[0] if name == "lstm" else last)
    if name == "lstm":
        put("golden_lstm_c", last[1])

q, k, v, mask = rough((2, 9, 12), 5, 2), rough((2, 11, 12), 6, 2), rough((2, 11, 12), 7), rough((9, 11), 8, 4)
split = lambda a: a.reshape(2, -1, 3, 4).transpose(1, 2)
p = torch.softmax(split(q) @ split(k).transpose(2, 3) * .5 + mask, -1)
put("golden_attention_probs", p)
put("golden_attention_y", (p @ split(v)).transpose(1, 2).reshape(2, 9, 12))
out.append("#endif")
open("tests/golden/rnn.h", "w").write("\n".join(out) + "\n")
