"""The peer of `auscult explain`: audioLIME with given stems as one writes it in Python, after its published code.

  peer_explain.py WEIGHTS.pt MIX.wav STEM.wav... -> JSON on stdout

soundfile and resampy (librosa's kaiser_best) for the sound, scipy.fft for the log-mel, torch for musicnn, scikit-learn's
Ridge per label on LIME's kernel. All 2^d mixes, all 50 labels. Nothing is done twice, patches go to torch in
batches of 16: this is how fast that pipeline gets without leaving its libraries.
"""
import itertools
import json
import os
import sys
import time

t0 = time.perf_counter()
import numpy as np
import resampy
import scipy.fft
import soundfile
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances

RATE, FFT, HOP, FRAMES, MELS = 16000, 512, 256, 187, 96


class Musicnn(torch.nn.Module):
    def __init__(self, mid=64, units=200, classes=50):
        super().__init__()
        n = torch.nn
        self.bn0 = n.BatchNorm2d(1, eps=1e-3)
        spec = [(204, 7, 38), (204, 7, 67), (51, 128, 1), (51, 64, 1), (51, 32, 1)]
        self.front = n.ModuleList([n.Conv2d(1, c, (t, f)) for c, t, f in spec])
        self.fbn = n.ModuleList([n.BatchNorm2d(c, eps=1e-3) for c, _, _ in spec])
        self.mid = n.ModuleList([n.Conv1d(i, mid, 7, padding=3) for i in (561, mid, mid)])
        self.mbn = n.ModuleList([n.BatchNorm1d(mid, eps=1e-3) for _ in range(3)])
        width = 2 * (561 + 3 * mid)
        self.pbn, self.fc1 = n.BatchNorm1d(width, eps=1e-3), n.Linear(width, units)
        self.dbn, self.fc2 = n.BatchNorm1d(units, eps=1e-3), n.Linear(units, classes)

    def forward(self, x):                                                    # [n, time, mel]
        x, f = self.bn0(x[:, None]), torch.nn.functional
        y = []
        for conv, bn in zip(self.front, self.fbn):
            k = conv.kernel_size[0]
            z = f.pad(x, (0, 0, (k - 1) // 2, k // 2))
            y.append(bn(f.relu(conv(z))).amax(3))
        y = torch.cat(y, 1)
        a = self.mbn[0](f.relu(self.mid[0](y)))
        b = self.mbn[1](f.relu(self.mid[1](a))) + a
        c = self.mbn[2](f.relu(self.mid[2](b))) + b
        z = torch.cat([y, a, b, c], 1)
        v = self.pbn(torch.stack([z.amax(2), z.mean(2)], 2).flatten(1))
        return torch.sigmoid(self.fc2(self.dbn(f.relu(self.fc1(v)))))


def mel_bank():
    def hz_to_mel(f):
        return np.where(f < 1000, 3 * f / 200, 15 + np.log(np.maximum(f, 1) / 1000) / (np.log(6.4) / 27))

    def mel_to_hz(m):
        return np.where(m < 15, 200 * m / 3, 1000 * np.exp(np.log(6.4) / 27 * (m - 15)))
    p, f = mel_to_hz(np.linspace(0, hz_to_mel(np.float64(8000)), MELS + 2)), np.arange(FFT // 2 + 1) * RATE / FFT
    up, down = (f - p[:-2, None]) / (p[1:-1] - p[:-2])[:, None], (p[2:, None] - f) / (p[2:] - p[1:-1])[:, None]
    return (np.maximum(0, np.minimum(up, down)) * (2 / (p[2:] - p[:-2]))[:, None]).astype(np.float32)


def features(x, bank, window, workers):
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x, FFT // 2, mode="reflect"), FFT)[::HOP]
    power = np.abs(scipy.fft.rfft(frames * window, workers=workers)).astype(np.float32) ** 2
    mel = (power @ bank.T).astype(np.float16).astype(np.float32)
    y = np.log10(10000 * mel + 1)
    return y[:len(y) // FRAMES * FRAMES].reshape(-1, FRAMES, MELS)


def load(path):
    x, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return resampy.resample(x.mean(1), rate, RATE, filter="kaiser_best")


def main():
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    torch.set_num_threads(threads)
    weights, mix, stems = sys.argv[1], load(sys.argv[2]), [load(p) for p in sys.argv[3:]]
    net = Musicnn().eval()
    net.load_state_dict(torch.load(weights))
    d = len(stems)
    z = np.array(list(itertools.product([1, 0], repeat=d)))
    bank, window = mel_bank(), scipy.signal.get_window("hann", FFT).astype(np.float32)
    parts = np.stack(stems)
    patches = [features(mix if row.all() else row.astype(np.float32) @ parts, bank, window, threads) for row in z]
    each, x = len(patches[0]), torch.from_numpy(np.concatenate(patches))
    with torch.no_grad():
        y = torch.cat([net(x[i:i + 16]) for i in range(0, len(x), 16)]).numpy()
    y = y.reshape(len(z), each, -1).mean(1)
    distance = pairwise_distances(z, z[:1], metric="cosine").ravel()
    weight = np.sqrt(np.exp(-distance ** 2 / 0.25 ** 2))
    coef = [Ridge(alpha=1, fit_intercept=True).fit(z, y[:, k], sample_weight=weight).coef_ for k in range(y.shape[1])]
    best = int(np.argmax(y[0]))
    print(json.dumps({"target": best, "score": float(y[0, best]), "weights": [float(c) for c in coef[best]],
                      "seconds": time.perf_counter() - t0}))


import scipy.signal  # noqa: E402  (timed like the others)
main()
