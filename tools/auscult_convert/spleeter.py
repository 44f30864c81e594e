"""Spleeter's 2, 4 and 5 stems [Hennequin20] from a TensorFlow checkpoint (model.index, model.data-00000-of-00001).

Variables carry no instrument: they are numbered in order of creation. Instrument j owns conv2d_{7j} .. (six down, one mask),
conv2d_transpose_{6j} .. (up) and batch_normalization_{12j} .. (six down, the last of which nothing reads, six up); number 0
has no suffix. Kernels are [kh, kw, in, out], transposed ones [kh, kw, out, in]. The graph is the one of src/model/unet.c, parameters
have the same names, so a recipe can start from the file. The golden output comes from forward(), in the original's own order of
axes (time, frequency, channel) and double precision, independent of the graph.
"""

import os

import numpy as np

from . import tfckpt
from .bundle import Bundle
from .errors import InputError
from .graph import Graph

EPS, LEVELS, CHANNELS, BINS, FRAMES = 1e-3, 6, 2, 1024, 512
PARAMETERS = 9826759
STEMS = {2: ["vocals", "accompaniment"], 4: ["vocals", "drums", "bass", "other"],
         5: ["vocals", "piano", "drums", "bass", "other"]}
SLOTS = ("/Adam", "/Adam_1")                                  # of the optimiser: not needed
OTHERS = ("global_step", "beta1_power", "beta2_power")
GOLDEN_FRAMES = 64


def _name(kind, number):
    return kind if number == 0 else "%s_%d" % (kind, number)


def is_it(tensors):
    return "conv2d_transpose/kernel" in tensors and "batch_normalization/moving_mean" in tensors


class Weights:
    """The tensors of one instrument, each taken once and of the right shape."""

    def __init__(self, path, tensors, used, j):
        self.path, self.tensors, self.used, self.j = path, tensors, used, j

    def take(self, kind, number, variable, shape):
        name = "%s/%s" % (_name(kind, number), variable)
        a = self.tensors.get(name)
        if a is None:
            raise InputError("%s: no variable %s: not a Spleeter checkpoint" % (self.path, name))
        if a.shape != tuple(shape) or a.dtype != np.float32:
            raise InputError("%s: %s has shape %s, Spleeter's has %s" % (self.path, name, a.shape, tuple(shape)))
        self.used.add(name)
        return a

    def conv(self, i, ic, oc, k):
        n = 7 * self.j + i
        return self.take("conv2d", n, "kernel", (k, k, ic, oc)), self.take("conv2d", n, "bias", (oc,))

    def up(self, i, ic, oc):
        n = 6 * self.j + i
        return self.take("conv2d_transpose", n, "kernel", (5, 5, oc, ic)), self.take("conv2d_transpose", n, "bias", (oc,))

    def bn(self, i, c):
        return [self.take("batch_normalization", 12 * self.j + i, v, (c,))
                for v in ("gamma", "beta", "moving_mean", "moving_variance")]


def widths():
    """Channels of levels 0 .. 6."""
    return [CHANNELS] + [16 << i for i in range(LEVELS)]


def layers(w):
    """All of one instrument: (down [(kernel, bias, bn)], up [(kernel, bias, bn)], mask (kernel, bias))."""
    c = widths()
    down = [(*w.conv(i, c[i], c[i + 1], 5), w.bn(i, c[i + 1])) for i in range(LEVELS)]
    up = []
    for i in range(LEVELS):
        level = LEVELS - i                                    # where it comes from
        oc = c[level - 1] if level > 1 else 1
        up.append((*w.up(i, c[level] * (1 if i == 0 else 2), oc), w.bn(LEVELS + i, oc)))
    return down, up, w.conv(6, 1, CHANNELS, 4)


# ---- the graph ---------------------------------------------------------------------------------------------

def _stem(g, x, stem, net, elu):
    def p(name, a):
        return g.param("%s.%s" % (stem, name), a)

    def bn(x, name, v):
        return g.op("batch_norm", [x] + [p("%s.%s" % (name, k), a) for k, a in zip(("weight", "bias", "running_mean", "running_var"), v)],
                    name="%s.%s" % (stem, name), epsilon=EPS)

    def act(x, name, slope):
        if elu:
            return g.op("elu", x, name="%s.%s" % (stem, name), alpha=1.0)
        return g.op("leaky_relu", x, name="%s.%s" % (stem, name), alpha=slope) if slope else g.op("relu", x, name="%s.%s" % (stem, name))

    down, up, mask = net
    pads = dict(dilation_h=1, dilation_w=1, stride_h=2, stride_w=2, pad_top=1, pad_left=1, pad_bottom=2, pad_right=2, groups=1)
    skips = [None]
    for i, (kernel, bias, norm) in enumerate(down, 1):
        n = "conv%d" % i
        skips.append(g.op("conv", [x, p(n + ".weight", kernel.transpose(3, 2, 0, 1)), p(n + ".bias", bias)], name="%s.%s" % (stem, n), **pads))
        x = act(bn(skips[i], "bn%d" % i, norm), "act%d" % i, 0.2)
    x = skips[LEVELS]
    for i, (kernel, bias, norm) in enumerate(up, 1):
        n = "up%d" % i
        x = g.op("conv_transpose", [x, p(n + ".weight", kernel.transpose(3, 2, 0, 1)), p(n + ".bias", bias)], name="%s.%s" % (stem, n), **pads)
        x = bn(act(x, "up_act%d" % i, 0), "up_bn%d" % i, norm)
        if i < LEVELS:
            x = g.op("concat", [skips[LEVELS - i], x], name="%s.join%d" % (stem, i), axis=1)
    return g.op("conv", [x, p("mask.weight", mask[0].transpose(3, 2, 0, 1)), p("mask.bias", mask[1])], name=stem + ".logits", stride_h=1,
                stride_w=1, dilation_h=2, dilation_w=2, pad_top=3, pad_left=3, pad_bottom=3, pad_right=3, groups=1)


def graph(stems, nets, elu, softmax):
    g = Graph()
    x = g.input("mix", [-1, CHANNELS, -1, BINS])
    y = [_stem(g, x, s, n, elu) for s, n in zip(stems, nets)]
    y = g.op("concat", y, name="logits", axis=1)
    y = g.op("reshape", y, name="logits.apart", dims=[0, len(stems), CHANNELS, -1, BINS])
    y = g.op("softmax", y, name="mask", axis=1) if softmax else g.op("sigmoid", y, name="mask")
    y = g.op("mul", [y, g.op("reshape", x, name="mix.apart", dims=[0, 1, CHANNELS, -1, BINS])], name="stems.apart")
    g.output(g.op("reshape", y, out="stems", dims=[0, len(stems) * CHANNELS, -1, BINS]))
    return g


# ---- the same by hand -----------------------------------------------------------------------------------------

def _conv(x, kernel, bias, stride, dilation):
    """TensorFlow's conv2d "same": x [t, f, in], kernel [kh, kw, in, out]."""
    k = kernel.shape[0]
    out = [-(-n // stride) for n in x.shape[:2]]
    total = [max((o - 1) * stride + dilation * (k - 1) + 1 - n, 0) for o, n in zip(out, x.shape)]
    x = np.pad(x, [(a // 2, a - a // 2) for a in total] + [(0, 0)])
    y = np.zeros(out + [kernel.shape[3]])
    for a in range(k):
        for b in range(k):
            part = x[a * dilation:a * dilation + (out[0] - 1) * stride + 1:stride, b * dilation:b * dilation + (out[1] - 1) * stride + 1:stride]
            y += part @ kernel[a, b].astype(float)
    return y + bias


def _conv_transpose(x, kernel, bias):
    """conv2d_transpose "same", stride 2, 5 x 5: the way back of the convolution above."""
    t, f, _ = x.shape
    y = np.zeros((2 * t + 3, 2 * f + 3, kernel.shape[2]))
    for a in range(5):
        for b in range(5):
            y[a:a + 2 * t:2, b:b + 2 * f:2] += x @ kernel[a, b].T.astype(float)
    return y[1:1 + 2 * t, 1:1 + 2 * f] + bias


def forward(x, nets, elu, softmax):
    """x [t, f, 2] -> [stems][t, f, 2] magnitudes."""
    bn = lambda x, v: (x - v[2]) / np.sqrt(v[3].astype(float) + EPS) * v[0] + v[1]
    act = (lambda y: np.where(y > 0, y, np.expm1(np.minimum(y, 0)))) if elu else (lambda y: np.maximum(y, 0))
    down_act = act if elu else (lambda y: np.where(y > 0, y, 0.2 * y))
    logits = []
    for down, up, mask in nets:
        y, skips = x.astype(float), []
        for kernel, bias, norm in down:
            skips.append(_conv(y, kernel, bias, 2, 1))
            y = down_act(bn(skips[-1], norm))
        y = skips.pop()
        for i, (kernel, bias, norm) in enumerate(up):
            y = bn(act(_conv_transpose(y, kernel, bias)), norm)
            if skips:
                y = np.concatenate([skips.pop(), y], -1)
        logits.append(_conv(y, *mask, 1, 2))
    z = np.stack(logits)
    if softmax:
        e = np.exp(z - z.max(0))
        m = e / e.sum(0)
    else:
        m = 1 / (1 + np.exp(-z))
    return m * x


def _golden(bundle, nets, elu, softmax):
    rng = np.random.Generator(np.random.PCG64(8))
    x = np.float32(np.abs(rng.standard_normal((GOLDEN_FRAMES, BINS, CHANNELS))) ** 2 * np.exp(-np.arange(BINS) / 150)[:, None] * 20)
    y = forward(x, nets, elu, softmax)                                                # [stems, t, f, 2]
    y = y.transpose(0, 3, 1, 2).reshape(1, -1, GOLDEN_FRAMES, BINS)
    bundle.golden([x.transpose(2, 0, 1)[None]], [y], 1e-4 * max(1.0, float(np.abs(y).max())),
                  "auscult-convert's forward pass in double precision, in TensorFlow's order of axes")


def _meta(path, stems):
    return {"name": "spleeter-%dstems" % len(stems), "kind": "separator", "labels": stems, "frontend": "stft", "frontend.rate": 44100,
            "frontend.n_fft": 4096, "frontend.hop": 1024, "frontend.window": "hann", "frontend.center": "lead", "frontend.layout": "time_freq",
            "frontend.patch_frames": FRAMES, "separator.gives": "ratio", "separator.extend": "zeros", "separator.overlap": 0.0,
            "licence": "MIT (deezer/spleeter) for the published weights; others: their maker's", "source": os.path.basename(path)}


def convert(path, options):
    tensors = tfckpt.read(path)
    if not is_it(tensors):
        raise InputError("%s: a checkpoint of %d variables, but not Spleeter's U-Nets (no conv2d_transpose/kernel)" % (path, len(tensors)))
    n = sum(1 for name in tensors if name.startswith("conv2d_transpose") and name.endswith("/kernel")) // 6
    stems = options.labels or STEMS.get(n)
    if not stems or len(stems) != n:
        raise InputError("%s: U-Nets of %d stems; published are 2, 4 and 5%s" %
                         (path, n, ", and --labels names %d" % len(stems) if stems else ": name them with --labels FILE"))
    used = set()
    nets = [layers(Weights(path, tensors, used, j)) for j in range(n)]
    left = sorted(k for k in tensors if k not in used and not k.endswith(SLOTS) and k not in OTHERS)
    if left:
        raise InputError("%s: %d variables that Spleeter has not, %s the first" % (path, len(left), left[0]))
    if sum(tensors[k].size for k in used) != n * PARAMETERS:
        raise InputError("%s: %d numbers in %d U-Nets; each has %d" % (path, sum(tensors[k].size for k in used), n, PARAMETERS))
    elu, softmax = n > 2, n == 5
    bundle = Bundle(graph(stems, nets, elu, softmax), _meta(path, stems))
    _golden(bundle, nets, elu, softmax)
    return bundle
