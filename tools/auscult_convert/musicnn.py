"""musicnn and its vgg baseline [Pons19] from Keras .h5 (Quint-e/musicnn_keras, ISC).

Weights are stored NHWC (H = time, W = mel); the graph is NCHW: kernels HWIO -> OIHW, dense [in, out] -> [out, in].
Batch norm stands AFTER the ReLU (gamma may be negative, so it cannot be moved past the max); its nodes are kept.
The golden output comes from forward_*, written in the original's NHWC order and independent of the graph.
"""

import os

import numpy as np

from . import tags
from .bundle import Bundle, pseudo_log_mel
from .errors import InputError, UsageError
from .graph import Graph

EPS = 1e-3
FRAMES, MELS = 187, 96

FRONT_END = {
    "frontend": "mel", "frontend.rate": 16000, "frontend.n_fft": 512, "frontend.win_length": 512, "frontend.hop": 256,
    "frontend.window": "hann", "frontend.center": "reflect", "frontend.power": 2.0, "frontend.mels": MELS,
    "frontend.fmin": 0.0, "frontend.fmax": 8000.0, "frontend.mel_scale": "slaney", "frontend.mel_norm": "slaney",
    "frontend.half": 1, "frontend.log": "log10_1p", "frontend.log_scale": 10000.0, "frontend.layout": "time_mel",
    "frontend.patch_frames": FRAMES, "frontend.patch_samples": 48000, "frontend.short": "repeat",
    "frontend.tail": "drop",
}

# (kernel, stride) of the five poolings, time x mel
POOL_PACKAGE = [((4, 1), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((4, 4), (4, 4))]
POOL_MSD_GRAPH = [((4, 1), (4, 1)), ((1, 4), (1, 4)), ((2, 2), (2, 2)), ((2, 2), (2, 2)), ((4, 4), (4, 4))]

VARIABLES = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def read_h5(path):
    """{layer: {variable: float32 array}} of /model_weights/<layer>/<layer>/<variable>[_n]:0."""
    try:
        import h5py
    except ImportError as e:
        raise UsageError("reading .h5 needs h5py (Debian: python3-h5py)") from e
    layers = {}

    def visit(name, node):
        if isinstance(node, h5py.Dataset):
            parts = name.split("/")
            variable = next((v for v in VARIABLES if parts[-1].split(":")[0] in (v, v + "_1")), None)
            if variable is None or len(parts) < 2:
                raise InputError("%s: unexpected variable '%s'" % (path, name))
            layers.setdefault(parts[-2], {})[variable] = np.asarray(node, dtype=np.float32)

    try:
        with h5py.File(path, "r") as f:
            if "model_weights" not in f:
                raise InputError("%s: no /model_weights: not a Keras model file" % path)
            f["model_weights"].visititems(visit)
    except OSError as e:
        raise InputError("%s: not a readable HDF5 file (%s)" % (path, str(e).split("(")[0].strip())) from e
    return layers


def _want(layers, path, name, variables, shape=None):
    layer = layers.get(name, {})
    for v in variables:
        if v not in layer:
            raise InputError("%s: layer '%s' has no %s: not the expected architecture" % (path, name, v))
    if shape is not None and layer[variables[0]].shape != shape:
        raise InputError("%s: %s of '%s' is %s, expected %s" % (path, variables[0], name, layer[variables[0]].shape,
                                                               shape))
    return layer


class _Builder:
    """Adds Keras layers to a Graph under the layers' own names."""

    def __init__(self, layers, path):
        self.g, self.layers, self.path = Graph(), layers, path

    def bn(self, x, layer, out):
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        w = _want(self.layers, self.path, layer, names)
        p = [self.g.param("%s/%s" % (layer, n), w[n]) for n in names]
        return self.g.op("batch_norm", [x] + p, out=out, epsilon=EPS)

    def conv_relu(self, x, layer, kernel, pads=(0, 0, 0, 0)):
        """pads: top, left, bottom, right; kernel already in our order."""
        w = _want(self.layers, self.path, layer, ("kernel", "bias"))
        k, b = self.g.param(layer + "/kernel", kernel(w["kernel"])), self.g.param(layer + "/bias", w["bias"])
        y = self.g.op("conv", [x, k, b], out=layer, stride_h=1, stride_w=1, dilation_h=1, dilation_w=1, pad_top=pads[0],
                      pad_left=pads[1], pad_bottom=pads[2], pad_right=pads[3], groups=1)
        return self.g.op("relu", y, out=layer + "/relu")

    def dense(self, x, layer, out):
        w = _want(self.layers, self.path, layer, ("kernel", "bias"))
        return self.g.op("linear", [x, self.g.param(layer + "/kernel", w["kernel"].T),
                                    self.g.param(layer + "/bias", w["bias"])], out=out)


def _hwio_to_oihw(k):
    return k.transpose(3, 2, 0, 1)


def _mid_kernel(k):
    """[time, feature, 1, out] -> [out, feature, time]: the features become channels of a convolution over time."""
    return k[:, :, 0, :].transpose(2, 1, 0)


FRONT = (("conv2d", "batch_normalization_1", (3, 0, 3, 0)), ("conv2d_1", "batch_normalization_2", (3, 0, 3, 0)),
         ("conv2d_2", "batch_normalization_3", (63, 0, 64, 0)), ("conv2d_3", "batch_normalization_4", (31, 0, 32, 0)),
         ("conv2d_4", "batch_normalization_5", (15, 0, 16, 0)))


def musicnn_graph(layers, path):
    """[mb, 1, t, 96] -> [mb, 50], any t."""
    b = _Builder(layers, path)
    g = b.g
    x = b.bn(g.input("mel", [-1, 1, -1, MELS]), "batch_normalization", "input_norm")          # [mb, 1, t, 96]
    front = []
    for conv, bn, pads in FRONT:                                                               # [mb, 204|51, t, *]
        y = b.bn(b.conv_relu(x, conv, _hwio_to_oihw, pads), bn, bn)
        front.append(g.op("reduce_max", y, out=conv + "/max", axes=1 << 3, keep_dims=0))       # [mb, 204|51, t]
    g.op("concat", front[:2], out="timbral", axis=1)                                           # [mb, 408, t]
    g.op("concat", front[2:], out="temporal", axis=1)                                          # [mb, 153, t]
    f0 = g.op("concat", ["timbral", "temporal"], out="front_end", axis=1)                      # [mb, 561, t]
    pads = (0, 3, 0, 3)
    c1 = b.bn(b.conv_relu(f0, "midend_conv1", _mid_kernel, pads), "bn_midend_conv1", "cnn1")   # [mb, 64, t]
    y = b.bn(b.conv_relu(c1, "midend_conv2", _mid_kernel, pads), "bn_midend_conv2", "cnn2/residual")
    c2 = g.op("add", [y, c1], out="cnn2")
    y = b.bn(b.conv_relu(c2, "midend_conv3", _mid_kernel, pads), "bn_midend_conv3", "cnn3/residual")
    c3 = g.op("add", [y, c2], out="cnn3")
    z = g.op("concat", [f0, c1, c2, c3], out="mid_end", axis=1)                                # [mb, 753, t]
    top = g.op("reduce_max", z, out="max_pool", axes=1 << 2, keep_dims=1)                      # [mb, 753, 1]
    mean = g.op("reduce_mean", z, out="mean_pool", axes=1 << 2, keep_dims=1)
    both = g.op("concat", [top, mean], out="pool", axis=2)                                     # [mb, 753, 2]
    n = layers["bn_flatpool"]["gamma"].size if "bn_flatpool" in layers else 1506
    v = b.bn(g.op("reshape", both, out="pool/flat", dims=[0, n]), "bn_flatpool", "pool/norm")  # max, mean interleaved
    u = b.bn(g.op("relu", b.dense(v, "dense", "dense"), out="dense/relu"), "bn_dense", "penultimate")
    g.output(g.op("sigmoid", b.dense(u, "dense_1", "logits"), out="score"))
    return g


def vgg_graph(layers, path, pools):
    """[mb, 1, 187, 96] -> [mb, 50]; the flattened map fixes the length."""
    b = _Builder(layers, path)
    g = b.g
    x = b.bn(g.input("mel", [-1, 1, FRAMES, MELS]), "bn_input", "input_norm")
    for i, (kernel, stride) in enumerate(pools, 1):
        y = b.bn(b.conv_relu(x, "%dCNN" % i, _hwio_to_oihw, (1, 1, 1, 1)), "bn_conv%d" % i, "bn_conv%d" % i)
        x = g.op("max_pool", y, out="pool%d" % i, kernel_h=kernel[0], kernel_w=kernel[1], stride_h=stride[0],
                 stride_w=stride[1], dilation_h=1, dilation_w=1)
    x = g.op("transpose", x, out="pool5/nhwc", perm=[0, 2, 3, 1])      # channel fastest, as TensorFlow flattens
    x = g.op("reshape", x, out="flat", dims=[0, 256])
    g.output(g.op("sigmoid", b.dense(x, "output", "logits"), out="score"))
    return g


# ---- the independent forward pass: double precision, NHWC, straight from the definitions ----------------------------

def _bn(x, w):
    return w["gamma"] * (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + EPS) + w["beta"]


def _conv_relu(x, w, pad_t, pad_f):
    """x [mb, t, f, ic], kernel [kt, kf, ic, oc], VALID after the zero padding given."""
    x = np.pad(x, ((0, 0), pad_t, pad_f, (0, 0)))
    k = w["kernel"]
    kt, kf, ic, oc = k.shape
    t, f = x.shape[1] - kt + 1, x.shape[2] - kf + 1
    acc = np.zeros((x.shape[0], t, f, oc))
    for i in range(kt):                                             # one row of the kernel at a time
        cols = np.lib.stride_tricks.sliding_window_view(x[:, i:i + t], kf, axis=2)      # [mb, t, f, ic, kf]
        acc += np.tensordot(cols, k[i], axes=([4, 3], [0, 1]))
    return np.maximum(acc + w["bias"], 0.0)


def _sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def musicnn_forward(layers, mel):
    """mel [mb, t, 96] -> scores [mb, 50]"""
    w = {k: {n: a.astype(float) for n, a in v.items()} for k, v in layers.items()}
    x = _bn(mel.astype(float)[..., None], w["batch_normalization"])
    feats = []
    for conv, bn, (top, _, bottom, _) in FRONT:
        feats.append(_bn(_conv_relu(x, w[conv], (top, bottom), (0, 0)), w[bn]).max(axis=2))
    f0 = np.concatenate(feats, axis=2)                                                  # [mb, t, 561]

    def mid(y, i):
        z = _conv_relu(y[..., None], w["midend_conv%d" % i], (3, 3), (0, 0))            # [mb, t, 1, 64]
        return _bn(z, w["bn_midend_conv%d" % i])[:, :, 0, :]

    c1 = mid(f0, 1)
    c2 = mid(c1, 2) + c1
    c3 = mid(c2, 3) + c2
    z = np.concatenate([f0, c1, c2, c3], axis=2)
    v = np.stack([z.max(axis=1), z.mean(axis=1)], axis=2).reshape(len(z), -1)
    v = _bn(v, w["bn_flatpool"])
    u = _bn(np.maximum(v @ w["dense"]["kernel"] + w["dense"]["bias"], 0.0), w["bn_dense"])
    return _sigmoid(u @ w["dense_1"]["kernel"] + w["dense_1"]["bias"])


def vgg_forward(layers, mel, pools):
    w = {k: {n: a.astype(float) for n, a in v.items()} for k, v in layers.items()}
    x = _bn(mel.astype(float)[..., None], w["bn_input"])
    for i, ((kt, kf), (st, sf)) in enumerate(pools, 1):
        x = _bn(_conv_relu(x, w["%dCNN" % i], (1, 1), (1, 1)), w["bn_conv%d" % i])
        v = np.lib.stride_tricks.sliding_window_view(x, (kt, kf), axis=(1, 2))[:, ::st, ::sf]
        x = v.max(axis=(-1, -2))
    return _sigmoid(x.reshape(len(x), -1) @ w["output"]["kernel"] + w["output"]["bias"])


# ---- choosing -----------------------------------------------------------------------------------------------------

def convert(path, options):
    layers = read_h5(path)
    base = os.path.basename(path).lower()
    vgg = "1CNN" in layers
    if not vgg and "midend_conv1" not in layers:
        raise InputError("%s: neither musicnn nor its vgg; convert other Keras models through ONNX" % path)
    msd = "msd" in base
    if not msd and "mtt" not in base and not options.labels:
        raise UsageError("%s: the name says neither MTT nor MSD; give the tags with --labels FILE" % path)
    labels = options.labels or (tags.MSD if msd else tags.MTT)
    x = pseudo_log_mel((1, FRAMES, MELS), 1.9, 1.1, 0.0)
    note = ""
    if vgg:
        pools = POOL_MSD_GRAPH if msd and options.pooling != "package" else POOL_PACKAGE
        graph, y = vgg_graph(layers, path, pools), vgg_forward(layers, x, pools)
        note = "; pooling of the %s" % ("training graph" if pools is POOL_MSD_GRAPH else "package")
    else:
        graph, y = musicnn_graph(layers, path), musicnn_forward(layers, x)
    name = "%s_%s" % ("MSD" if msd else "MTT" if "mtt" in base else "own", "vgg" if vgg else "musicnn")
    bundle = Bundle(graph, {
        "name": name, "kind": "classifier", "score": "sigmoid", "labels": list(labels), "licence": "ISC",
        "source": "Pons & Serra, musicnn (2019); Keras weights by Quint-e/musicnn_keras (%s)%s"
                  % (os.path.basename(path), note),
        **FRONT_END})
    if len(labels) != y.shape[1]:
        raise UsageError("%d labels for a network of %d outputs" % (len(labels), y.shape[1]))
    bundle.golden([x[:, None]], [y], 1e-4, "numpy, double precision, NHWC, independent of the graph")
    return bundle
