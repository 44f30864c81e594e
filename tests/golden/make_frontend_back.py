#!/usr/bin/python3
"""Writes tests/golden/frontend_back.h: torch's gradients of samples through STFT, |X|^p, filterbank and logarithm.

Loss = sum of G * features for a fixed G. Run from the repository's root: /usr/bin/python3 tests/golden/make_frontend_back.py"""
import numpy as np
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
SAMPLES, N_FFT, WIN, HOP, BANDS = 700, 128, 100, 48, 7


def rough(n, salt):
    j = np.arange(n, dtype=np.int64) + salt
    return torch.from_numpy((((j * 7919 + j * j * 31) % 1021) / 512.0 - 1).astype(np.float32)).double()


def bank():
    """[bins, bands]: overlapping triangles, one of them empty at the top."""
    w = np.zeros((N_FFT // 2 + 1, BANDS), np.float32)
    for m in range(BANDS):
        for k in range(N_FFT // 2 + 1):
            w[k, m] = max(0.0, 1 - abs(k - 8.0 * (m + 1)) / 9.0)
    return torch.from_numpy(w).double()


LOGS = {
    "log10_1p": lambda v: torch.log10(1 + 10000 * v),
    "db": lambda v: 10 * torch.log10(torch.clamp(v, min=1e-10)),
    "db_power2": lambda v: 20 * torch.log10(torch.clamp(v, min=1e-5)),
    "ln_offset": lambda v: torch.log(v + 1e-3),
    "ln_max": lambda v: torch.log(torch.clamp(v, min=1e-7)),
    "none": lambda v: v,
}
CASES = [  # name, centre, power, logarithm, top_db
    ("a", "reflect", 2, "log10_1p", 0), ("b", "zero", 1, "ln_offset", 0), ("c", "none", 2, "db", 12), ("d", "reflect", 1, "db_power2", 0),
    ("e", "none", 1, "ln_max", 0), ("f", "reflect", 2, "none", 0)]

out = ["/* frontend_back.h - made by tests/golden/make_frontend_back.py with torch, in double; do not edit. */",
       "#ifndef AUS_GOLDEN_FRONTEND_BACK_H", "#define AUS_GOLDEN_FRONTEND_BACK_H"]


def put(name, y):
    y = y.detach().numpy().ravel()
    out.append("static const float %s[%d] = {" % (name, y.size))
    out.extend("  " + ", ".join("%.9g" % v for v in y[i:i + 10]) + "," for i in range(0, y.size, 10))
    out.append("};")


for name, centre, power, log, top_db in CASES:
    x = (rough(SAMPLES, 3) * torch.linspace(1, 0.01, SAMPLES)).float().double().requires_grad_()
    window = torch.hann_window(WIN, periodic=True)
    X = torch.stft(x, N_FFT, HOP, WIN, window, center=centre != "none", pad_mode="reflect" if centre == "reflect" else "constant", return_complex=True)
    y = LOGS[log]((X.abs() ** power).T @ bank())
    if top_db:
        y = torch.maximum(y, y.max() - top_db)
    g = rough(y.numel(), 77).reshape(y.shape)
    (g * y).sum().backward()
    put("golden_back_" + name, x.grad)
    out.append("enum { GOLDEN_FRAMES_%s = %d };" % (name.upper(), y.shape[0]))

# From powers: dB with a floor, and its gradient.
p = (rough(9 * (N_FFT // 2 + 1), 11).reshape(9, -1) ** 2 + 1e-4).float().double().requires_grad_()
y = LOGS["db"](p @ bank())
y = torch.maximum(y, y.max() - 6)
(rough(y.numel(), 77).reshape(y.shape) * y).sum().backward()
put("golden_power_y", y)
put("golden_power_dp", p.grad)
out.append("#endif")
open("tests/golden/frontend_back.h", "w").write("\n".join(out) + "\n")
