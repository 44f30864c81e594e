"""Taggers of the SMC-2020 comparison [Won20] from their .pth state dicts, and the fork that hears four stems.

conv -> BN (1e-5) -> ReLU everywhere; input [mb, 1, mel, time] of dB mel power through the filterbank that is stored in
the file. The architecture follows from the names and shapes of the tensors. Golden outputs come from Reference, built
of torch's own layers on the same state dict; the graph is not involved.
"""

import os

import numpy as np

from . import tags
from .bundle import Bundle, pseudo_log_mel
from .errors import InputError, UsageError
from .graph import Graph
from .layers import Layers

RATE, HOP = 16000, 256
POOLS = {"fcn": [(2, 4), (2, 4), (2, 4), (3, 5), (4, 4)], "crnn": [(2, 2), (3, 3), (4, 4), (4, 4)],
         "short": [(2, 2)] * 7, "stems": [(2, 2)] * 7}
SAMPLES = {"fcn": 29 * RATE, "crnn": 29 * RATE, "musicnn": 3 * RATE, "short": 59049, "stems": 59049}
STEMS = ["bass", "drums", "other", "vocals"]
FILTERBANK = "frontend.filterbank"


def recognise(t):
    """The architecture a state dict is of, or None."""
    if "spec.spec.mel_scale.fb" in t and "layer7.0.conv.weight" in t:
        return "stems"
    if "spec.mel_scale.fb" not in t:
        return None
    if "layers.4.conv.weight" in t and "dense2.weight" in t:
        return "musicnn"
    if "layer5.weight_ih_l0" in t:
        return "crnn"
    if "layer7.conv.weight" in t and "dense2.weight" in t:
        return "short"
    if "layer5.conv.weight" in t and "dense.weight" in t:
        return "fcn"
    return None


# ---- graphs -------------------------------------------------------------------------------------------------------

def _block(net, x, prefix, pool, out=None):
    """conv 3x3 -> BN -> ReLU -> max pool (mel x time)"""
    y = net.batch_norm(net.conv(x, prefix + ".conv", pad=1), prefix + ".bn")
    return net.max_pool(net.relu(y), pool, out=out or prefix)


def _head(net, v):
    """dense -> BN -> ReLU -> dense"""
    u = net.relu(net.batch_norm(net.linear(v, "dense1"), "bn"), out="penultimate")
    return net.linear(u, "dense2", out="logits")


def _fcn(net, x):
    for i, pool in enumerate(POOLS["fcn"], 1):
        x = _block(net, x, "layer%d" % i, pool)
    return net.linear(net.reshape(x, [0, 64], out="penultimate"), "dense", out="logits")


def _crnn(net, x):
    for i, pool in enumerate(POOLS["crnn"], 1):
        x = _block(net, x, "layer%d" % i, pool)                    # [mb, 128, 1, t]
    x = net.transpose(net.reduce("max", x, [2]), [0, 2, 1])        # one row left: the max is that row
    h = net.take(net.gru(x, "layer5"), 1, -1, None)                # [mb, 1, 32], the last step
    return net.linear(net.reduce("sum", h, [1], out="penultimate"), "dense", out="logits")


def _short(net, x):
    for i, pool in enumerate(POOLS["short"], 1):
        x = _block(net, x, "layer%d" % i, pool)
    return _head(net, net.reduce("max", x, [2, 3], out="max_pool"))


def _stems(net, x):
    features = []
    for s, stem in enumerate(STEMS):
        y = net.take(x, 1, s, s + 1, out=stem)                     # [mb, 1, mel, time]
        for i, pool in enumerate(POOLS["stems"], 1):
            y = _block(net, y, "layer%d.%d" % (i, s), pool, out="%s/layer%d" % (stem, i))
        features.append(net.reduce("max", y, [2, 3], out="%s/features" % stem))
    return _head(net, net.concat(features, 1, out="features"))


def _musicnn(net, x):
    front = []
    for i in range(2):                                             # vertical: 67 and 38 bands by 7 frames
        width = net.tensor("layers.%d.conv.weight" % i).shape[3]
        y = net.batch_norm(net.conv(x, "layers.%d.conv" % i, pad=(0, width // 2)), "layers.%d.bn" % i)
        front.append(net.reduce("max", net.relu(y), [2], out="layers.%d" % i))
    mean = net.reduce("mean", x, [2], out="mel_mean")              # [mb, 1, time]
    for i in range(2, 5):                                          # horizontal: 129, 65 and 33 frames of the mean
        width = net.tensor("layers.%d.conv.weight" % i).shape[2]
        y = net.batch_norm(net.conv(mean, "layers.%d.conv" % i, pad=width // 2), "layers.%d.bn" % i)
        front.append(net.relu(y, out="layers.%d" % i))
    parts = [net.concat(front, 1, out="front_end")]
    for i in range(1, 4):
        p = "layer%d" % i
        y = net.relu(net.batch_norm(net.conv(parts[-1], p + ".conv", pad=3), p + ".bn"), out=p)
        parts.append(net.add(y, parts[-1], out="cnn%d" % i) if i > 1 else y)
    z = net.concat(parts, 1, out="mid_end")
    v = net.concat([net.reduce("max", z, [2], out="max_pool"), net.reduce("mean", z, [2], out="mean_pool")], 1)
    return _head(net, v)


BUILD = {"fcn": _fcn, "crnn": _crnn, "short": _short, "stems": _stems, "musicnn": _musicnn}


# ---- the independent forward pass --------------------------------------------------------------------------------------

class Reference:
    """torch.nn layers loaded from the state dict, in double precision; scores(mel [mb, c, mel, time])."""

    def __init__(self, arch, t):
        import torch
        self.torch, self.nn, self.arch = torch, torch.nn, arch
        self.t = {k: torch.from_numpy(np.array(v, dtype=float)) for k, v in t.items() if np.asarray(v).ndim}

    def _load(self, layer, prefix):
        own = {k[len(prefix) + 1:]: v for k, v in self.t.items() if k.startswith(prefix + ".")}
        keep = {k for k in layer.state_dict() if k != "num_batches_tracked"}
        missing = layer.double().eval().load_state_dict({k: own[k] for k in keep}, strict=False).missing_keys
        assert set(missing) <= {"num_batches_tracked"}
        return layer

    def conv_bn_relu(self, x, prefix, pad):
        w = self.t[prefix + ".conv.weight"]
        kinds = (self.nn.Conv1d, self.nn.BatchNorm1d) if w.dim() == 3 else (self.nn.Conv2d, self.nn.BatchNorm2d)
        conv = self._load(kinds[0](w.shape[1], w.shape[0], tuple(w.shape[2:]), padding=pad), prefix + ".conv")
        return self.nn.functional.relu(self._load(kinds[1](w.shape[0]), prefix + ".bn")(conv(x)))

    def dense(self, x, prefix):
        w = self.t[prefix + ".weight"]
        return self._load(self.nn.Linear(w.shape[1], w.shape[0]), prefix)(x)

    def head(self, v):
        u = self.nn.functional.relu(self._load(self.nn.BatchNorm1d(len(self.t["bn.weight"])), "bn")(
            self.dense(v, "dense1")))
        return self.dense(u, "dense2")

    def tower(self, x, names, pools):
        for name, pool in zip(names, pools):
            x = self.nn.functional.max_pool2d(self.conv_bn_relu(x, name, 1), pool)
        return x

    def scores(self, mel):
        nn, torch, a = self.nn, self.torch, self.arch
        with torch.no_grad():
            prefix = "spec.bn" if a == "stems" else "spec_bn"
            x = self._load(nn.BatchNorm2d(len(self.t[prefix + ".weight"])), prefix)(torch.from_numpy(mel).double())
            if a == "stems":
                v = [self.tower(x[:, s:s + 1], ["layer%d.%d" % (i, s) for i in range(1, 8)], POOLS[a]).amax((2, 3))
                     for s in range(4)]
                y = self.head(torch.cat(v, 1))
            elif a == "musicnn":
                y = self._musicnn(x)
            else:
                y = self.tower(x, ["layer%d" % i for i in range(1, 8)], POOLS[a])
                if a == "short":
                    y = self.head(y.amax((2, 3)))
                elif a == "fcn":
                    y = self.dense(y.flatten(1), "dense")
                else:
                    gru = self._load(nn.GRU(128, 32, 2, batch_first=True), "layer5")
                    y = self.dense(gru(y.squeeze(2).transpose(1, 2))[0][:, -1], "dense")
            return torch.sigmoid(y).numpy()

    def _musicnn(self, x):
        torch = self.torch
        f = [self.conv_bn_relu(x, "layers.%d" % i, (0, 3)).max(2)[0] for i in range(2)]
        f += [self.conv_bn_relu(x.mean(2), "layers.%d" % i, k // 2) for i, k in ((2, 129), (3, 65), (4, 33))]
        z = [torch.cat(f, 1)]
        z.append(self.conv_bn_relu(z[0], "layer1", 3))
        z.append(self.conv_bn_relu(z[1], "layer2", 3) + z[1])
        z.append(self.conv_bn_relu(z[2], "layer3", 3) + z[2])
        z = torch.cat(z, 1)
        return self.head(torch.cat([z.max(2)[0], z.mean(2)], 1))


# ---- choosing ---------------------------------------------------------------------------------------------------------

def _labels(path, n, options):
    """The vocabulary from the file's name; (labels, note)."""
    base = os.path.basename(path).lower()
    known = next((v for k, v in (("mtat", tags.MTT), ("mtt", tags.MTT), ("msd", tags.MSD), ("jamendo", tags.JAMENDO),
                                 ("gtzan", tags.GTZAN)) if k in base), None)
    labels = options.labels or known or tags.numbered(n)
    if len(labels) != n:
        raise UsageError("%s: %d labels for a network of %d outputs; give them with --labels FILE"
                         % (path, len(labels), n))
    return labels


def convert(path, t, arch, options):
    frames = SAMPLES[arch] // HOP + 1
    prefix = "spec.spec" if arch == "stems" else "spec"
    graph = Graph()
    net = Layers(graph, t)
    window = net.tensor(prefix + ".spectrogram.window", (512,))
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    if abs(window - hann).max() > 1e-6:
        raise InputError("%s: the stored window is not a periodic Hann window of 512" % path)
    bank = net.tensor(prefix + ".mel_scale.fb", (257, None))
    mels, channels = bank.shape[1], 4 if arch == "stems" else 1
    x = graph.input("mel", [-1, channels, mels, frames if arch == "fcn" else -1])
    x = net.batch_norm(x, "spec.bn" if arch == "stems" else "spec_bn", out="input_norm")
    graph.output(net.sigmoid(BUILD[arch](net, x), out="score"))
    if net.unused():
        raise InputError("%s: tensor '%s' has no place in architecture %s" % (path, net.unused()[0], arch))
    out = "dense.weight" if "dense.weight" in t else "dense2.weight"
    meta = {
        "name": os.path.splitext(os.path.basename(path))[0], "kind": "classifier", "score": "sigmoid",
        "labels": list(_labels(path, len(t[out]), options)), "licence": "MIT",
        "source": "%s (%s)" % ("7x11x13/sota-music-tagging-models" if arch == "stems"
                               else "minzwon/sota-music-tagging-models", os.path.basename(path)),
        "frontend": "mel", "frontend.rate": RATE, "frontend.n_fft": 512, "frontend.win_length": 512,
        "frontend.hop": HOP, "frontend.window": "hann", "frontend.center": "reflect", "frontend.power": 2.0,
        "frontend.mels": mels, "frontend.fmin": 0.0, "frontend.fmax": 8000.0, "frontend.mel_scale": "htk",
        "frontend.mel_norm": "none", "frontend.filterbank": FILTERBANK, "frontend.log": "db", "frontend.amin": 1e-10,
        "frontend.layout": "mel_time", "frontend.patch_frames": frames, "frontend.patch_samples": SAMPLES[arch],
        "frontend.short": "repeat", "frontend.tail": "overlap",
    }
    if arch == "stems":
        meta["frontend.stems"] = STEMS
    bundle = Bundle(graph, meta)
    bundle.tensors[FILTERBANK] = np.ascontiguousarray(bank, dtype=np.float32)
    mel = pseudo_log_mel((1, channels, mels, frames), -10.0, 18.0, -100.0)
    bundle.golden([mel], [Reference(arch, t).scores(mel)], 1e-4, "torch.nn layers, double precision")
    return bundle
