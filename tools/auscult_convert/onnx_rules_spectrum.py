"""Rules: DFT and STFT of opset 17, as the linear maps they are.

A DFT along an axis of n real or complex numbers is a matrix; an STFT is a convolution whose kernels are the rows of that
matrix times the window. Fine for the sizes inside networks; a front end of ours uses the FFT instead.
"""

import numpy as np

from .onnx_eval import Unsupported, dft_matrix
from .onnx_map import rule


@rule("DFT")
def _dft(m, n, a):
    """[..., n, ..., 1 or 2] -> [..., n', ..., 2]: the axis goes last beside the parts, one linear map, and back."""
    x, out = n.inputs[0], n.outputs[0]
    rank, axis = m.rank(x), a.get("axis", 1) % m.rank(x)
    length = m.ints(n, 1, "dft_length")
    if length and length[0] != m.dim(x, axis):
        raise Unsupported("dft_length other than the axis")
    parts, size = m.dim(x, rank - 1), m.dim(x, axis)
    w = dft_matrix(size, parts, a.get("inverse", 0), a.get("onesided", 0))       # [n' 2, n parts]
    perm = [i for i in range(rank - 1) if i != axis] + [axis, rank - 1]
    moved = [tuple(s[i] for i in perm) for s in m.shapes(x)]
    v = m.value(x) if perm == list(range(rank)) else m.emit("transpose", m.value(x), perm=perm)
    v = m.reshape(v, moved, [s[:-2] + (size * parts,) for s in moved])
    v = m.emit("linear", [v, m.param(n.name + ".dft", w)])
    done = [s[:-2] + (len(w) // 2, 2) for s in moved]
    v = m.reshape(v, [s[:-2] + (len(w),) for s in moved], done, out if perm == list(range(rank)) else None)
    if perm != list(range(rank)):
        m.emit("transpose", v, out, perm=[perm.index(i) for i in range(rank)])


@rule("STFT")
def _stft(m, n, a):
    """signal [mb, n, 1] -> [mb, frames, bins, 2]"""
    x, out = n.inputs[0], n.outputs[0]
    step, window, length = m.ints(n, 1, "frame_step"), m.need(n, 2, "window"), m.ints(n, 3, "frame_length")
    size = length[0] if length else window.size
    if m.rank(x) == 3 and m.dim(x, 2) != 1:
        raise Unsupported("a complex signal")
    w = dft_matrix(size, 1, 0, a.get("onesided", 1)) * (1.0 if window is None else window.reshape(1, -1))
    shapes = [(s[0], 1, s[1]) for s in m.shapes(x)]
    v = m.reshape(m.value(x), m.shapes(x), shapes)
    y = m.emit("conv", [v, m.param(n.name + ".stft", w[:, None, :])], stride_h=1, stride_w=step[0], dilation_h=1,
               dilation_w=1, groups=1)                                            # [mb, bins 2, frames]
    frames = m.dim(out, 1)
    y = m.emit("transpose", y, perm=[0, 2, 1])
    m.reshape(y, [(s[0], frames, len(w)) for s in shapes], m.shapes(out), out)
