#!/usr/bin/python3
"""Writes tests/golden/loudness.h: integrated loudness of known bursts of noise as libebur128 measures it (Debian's libebur128-1, through ctypes)."""
import ctypes
import sys

import numpy as np

E = ctypes.CDLL("libebur128.so.1")
E.ebur128_init.restype = ctypes.c_void_p
E.ebur128_init.argtypes = [ctypes.c_uint, ctypes.c_ulong, ctypes.c_int]
E.ebur128_add_frames_float.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
E.ebur128_loudness_global.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_double)]
INTEGRATED = 5  # EBUR128_MODE_I


def bursts(rate, channels, seconds):
    """As in test_loudness.c: a linear congruential generator, a new level every 0.7 s."""
    n = int(rate * seconds)
    s, x = 12345, np.empty(channels * n, np.float32)
    for i in range(channels * n):
        s = (s * 1664525 + 1013904223) & 0xFFFFFFFF
        level = 10.0 ** (-(((i // channels) * 10 // (7 * rate)) * 13 % 60) / 20.0)
        x[i] = np.float32((s / 4294967296.0 - 0.5) * level)
    return x.reshape(n, channels)


def measure(rate, x):
    x = np.ascontiguousarray(x)
    state = ctypes.c_void_p(E.ebur128_init(x.shape[1], rate, INTEGRATED))
    assert state and E.ebur128_add_frames_float(state, x.ctypes.data, len(x)) == 0
    out = ctypes.c_double()
    assert E.ebur128_loudness_global(state, ctypes.byref(out)) == 0
    return out.value


rows = [(rate, channels, seconds, measure(rate, bursts(rate, channels, seconds)))
        for rate, channels, seconds in ((16000, 1, 10), (16000, 2, 3), (44100, 2, 8), (48000, 1, 12), (96000, 1, 2))]
with open(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/loudness.h", "w") as f:
    f.write("/* Written by make_loudness.py: what libebur128 says. */\n")
    f.write("static const struct { int rate, channels; double seconds, lufs; } golden_loudness[] = {\n")
    for r in rows:
        f.write("  { %d, %d, %g, %.9f },\n" % r)
    f.write("};\n")
