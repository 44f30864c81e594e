#!/usr/bin/python3
"""Writes tests/golden/dsp.h: what numpy, scipy and torch say about signals that a formula makes.

librosa and madmom are not needed: their definitions are written out here in numpy. Run from the
repository's root: /usr/bin/python3 tests/golden/make_dsp.py"""
import numpy as np
import scipy.ndimage
import scipy.signal
import torch

out = ["/* dsp.h - made by tests/golden/make_dsp.py; do not edit. */", "#ifndef AUS_GOLDEN_DSP_H", "#define AUS_GOLDEN_DSP_H"]


def put(name, a, ctype="float", fmt="%.9g"):
    a = np.asarray(a).ravel()
    out.append("static const %s %s[%d] = {" % (ctype, name, a.size))
    for i in range(0, a.size, 10):
        out.append("  " + ", ".join(fmt % v for v in a[i:i + 10]) + ",")
    out.append("};")


def puti(name, a):
    put(name, a, "int", "%d")


def rough(n):
    """A signal that C makes with the same integers: exact in float."""
    i = np.arange(n, dtype=np.int64)
    return (((i * 7919 + i * i * 31) % 1021) / 512.0 - 1).astype(np.float32)


# ---- librosa.filters.mel ------------------------------------------------------------------
def mel(rate, n_fft, bands, fmin, fmax, htk, slaney_norm):
    def to_mel(f):
        if htk:
            return 2595 * np.log10(1 + f / 700)
        return np.where(f < 1000, 3 * f / 200, 15 + np.log(np.maximum(f, 1) / 1000) / (np.log(6.4) / 27))

    def to_hz(m):
        if htk:
            return 700 * (10 ** (m / 2595) - 1)
        return np.where(m < 15, 200 * m / 3, 1000 * np.exp(np.log(6.4) / 27 * (m - 15)))
    freqs = np.linspace(0, rate / 2, n_fft // 2 + 1)
    p = to_hz(np.linspace(to_mel(np.float64(fmin)), to_mel(np.float64(fmax)), bands + 2))
    ramps = p[:, None] - freqs
    d = np.diff(p)
    w = np.maximum(0, np.minimum(-ramps[:-2] / d[:-1, None], ramps[2:] / d[1:, None]))
    if slaney_norm:
        w *= (2 / (p[2:] - p[:-2]))[:, None]
    return w.astype(np.float32)


for name, args in (("slaney", (16000, 512, 96, 0, 8000, False, True)), ("htk", (22050, 400, 40, 50, 11025, True, False)),
                   ("mixed", (44100, 1024, 20, 27.5, 16000, False, False))):
    w = mel(*args)
    j, i = np.nonzero(w)
    put("golden_mel_%s_sums" % name, [w.astype(np.float64).sum(), (w * (j.max() + 1)).astype(np.float64).sum()], "double", "%.12g")
    puti("golden_mel_%s_at" % name, (j * w.shape[1] + i)[::3])
    put("golden_mel_%s" % name, w[j, i][::3])

# ---- windows and torch.stft ------------------------------------------------------------------
x = rough(1000)
for name, (n_fft, win, hop, center, mode) in {"a": (400, 320, 160, True, "reflect"), "b": (96, 96, 48, True, "constant"),
                                              "c": (255, 200, 300, False, "reflect")}.items():
    w = torch.from_numpy(scipy.signal.get_window("hann" if name != "b" else "hamming", win).astype(np.float32))
    S = torch.stft(torch.from_numpy(x).double(), n_fft, hop, win, w.double(), center=center, pad_mode=mode, return_complex=True).T.numpy()
    put("golden_stft_%s_re" % name, S.real[::2, ::3])
    put("golden_stft_%s_im" % name, S.imag[::2, ::3])


# ---- madmom's LogarithmicFilterbank -------------------------------------------------------------
def log_bank(rate, bins, per_octave, fmin, fmax, fref, norm, unique):
    left = np.floor(np.log2(float(fmin) / fref) * per_octave)
    right = np.ceil(np.log2(float(fmax) / fref) * per_octave)
    f = fref * 2. ** (np.arange(left, right) / float(per_octave))
    f = f[np.searchsorted(f, fmin):]
    f = f[:np.searchsorted(f, fmax, "right")]
    freqs = np.arange(bins) * rate / 2 / bins
    idx = freqs.searchsorted(f)
    idx = np.clip(idx, 1, len(freqs) - 1)
    idx -= f - freqs[idx - 1] < freqs[idx] - f
    if unique:
        idx = np.unique(idx)
    fb = np.zeros((bins, len(idx) - 2), np.float32)
    for b in range(len(idx) - 2):
        start, center, stop = idx[b:b + 3]
        if stop - start < 2:
            center, stop = start, start + 1
        data = np.zeros(stop - start)
        data[:center - start] = np.linspace(0, 1, center - start, endpoint=False)
        data[center - start:] = np.linspace(1, 0, stop - center, endpoint=False)
        data = data.astype(np.float32)
        if norm:
            data /= np.sum(data)
        fb[start:stop, b] = np.maximum(data, fb[start:stop, b])
    return fb


for name, args in (("plain", (44100, 512, 12, 27.5, 16000, 440, False, False)), ("unique", (22050, 1024, 6, 30, 17000, 440, True, True))):
    w = log_bank(*args).T
    j, i = np.nonzero(w)
    puti("golden_logbank_%s_shape" % name, [w.shape[0], len(j)])
    puti("golden_logbank_%s_at" % name, j * w.shape[1] + i)
    put("golden_logbank_%s" % name, w[j, i])


# ---- librosa.effects.hpss --------------------------------------------------------------------------
def stft(x, n_fft, hop, mode="constant"):
    y = np.pad(x.astype(np.float64), n_fft // 2, mode=mode)
    w = scipy.signal.get_window("hann", n_fft)
    return np.array([np.fft.rfft(w * y[i:i + n_fft]) for i in range(0, len(y) - n_fft + 1, hop)])


def istft(S, n_fft, hop, n):
    w = scipy.signal.get_window("hann", n_fft)
    y, ws = np.zeros(n + 2 * n_fft), np.zeros(n + 2 * n_fft)
    for f, s in enumerate(S):
        y[f * hop:f * hop + n_fft] += w * np.fft.irfft(s, n_fft)
        ws[f * hop:f * hop + n_fft] += w * w
    return (y / np.where(ws > 1e-8, ws, 1))[n_fft // 2:n_fft // 2 + n]


def softmask(X, R, power, split):
    Z = np.maximum(X, R)
    bad = Z < np.finfo(np.float32).tiny
    Z[bad] = 1
    mask, ref = (X / Z) ** power, (R / Z) ** power
    good = ~bad
    mask[good] /= mask[good] + ref[good]
    mask[bad] = 0.5 if split else 0
    return mask


def hpss(x, n_fft, hop, kt, kf, margin, power):
    D = stft(x, n_fft, hop).T
    S = np.abs(D)
    h = scipy.ndimage.median_filter(S, size=(1, kt), mode="reflect")
    p = scipy.ndimage.median_filter(S, size=(kf, 1), mode="reflect")
    split = margin == 1
    mh, mp = softmask(h, p * margin, power, split), softmask(p, h * margin, power, split)
    return istft((D * mh).T, n_fft, hop, len(x)), istft((D * mp).T, n_fft, hop, len(x))


x = rough(900) + np.sin(0.3 * np.arange(900)).astype(np.float32)
for name, args in (("a", (64, 16, 31, 31, 1.0, 2.0)), ("b", (128, 32, 7, 16, 2.0, 1.0)), ("c", (60, 20, 4, 9, 1.5, 3.0))):
    h, p = hpss(x, *args)
    put("golden_hpss_%s_h" % name, h[::3])
    put("golden_hpss_%s_p" % name, p[::3])


# ---- librosa's onset strength, onsets, beats -------------------------------------------------------------
def bursts(rate, seconds, times):
    t = np.arange(int(rate * seconds)) / rate
    y = np.zeros_like(t)
    for i, at in enumerate(times):
        d = np.maximum(t - at, 0)
        y += (t >= at) * np.exp(-30 * d) * (np.sin(2 * np.pi * (200 + 150 * (i % 4)) * d) + 0.5 * np.sin(2 * np.pi * 3100 * d)) * (0.5 + 0.1 * (i % 3))
    return (0.5 * y + 0.01 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


def onset_strength(x, rate, n_fft=2048, hop=512):
    S = np.abs(stft(x, n_fft, hop, "reflect").T) ** 2
    M = mel(rate, n_fft, 128, 0, rate / 2, False, True).astype(np.float64) @ S
    L = 10 * np.log10(np.maximum(1e-10, M))
    L = np.maximum(L, L.max() - 80)
    o = np.maximum(0, L[:, 1:] - L[:, :-1]).mean(0)
    o[np.arange(1, S.shape[1]) * hop + n_fft // 2 > len(x)] = 0  # the end of the signal is no hit
    o = np.pad(o, (1 + n_fft // (4 * hop), 0))  # librosa moves by half a window, we by a quarter: nearer to the hit
    return o[:S.shape[1]]


def peaks(o):
    fps = 22050 / 512
    o = (o - o.min()) / (o.max() - o.min())
    pre_max, post_max, pre_avg, post_avg, wait = int(0.03 * fps), 1, int(0.1 * fps), int(0.1 * fps) + 1, int(0.03 * fps)
    found, last = [], -10 ** 9
    for i in range(len(o)):
        if o[i] < o[max(0, i - pre_max):i + post_max].max() or (i + 1 < len(o) and o[i + 1] > o[i]):
            continue
        if o[i] >= o[max(0, i - pre_avg):i + post_avg].mean() + 0.07 and i - last > wait:
            found.append(i)
            last = i
    return found


def tempo(o, fps):
    win = int(8 * fps) & ~1
    y = np.pad(o, win // 2, mode="linear_ramp", end_values=0)
    w = scipy.signal.get_window("hann", win)
    mean = np.zeros(win)
    for t in range(len(o)):
        f = y[t:t + win] * w
        r = np.fft.irfft(np.abs(np.fft.rfft(f, 2 * win)) ** 2)[:win]
        mean += r / np.abs(r).max() if np.abs(r).max() > 1e-30 else 0
    lag = np.arange(1, win)
    bpm = 60 * fps / lag
    score = np.log1p(1e6 * np.maximum(mean[1:] / len(o), 0)) - 0.5 * np.log2(bpm / 120) ** 2
    score[bpm >= 320] = -np.inf
    return bpm[np.argmax(score)]


def beats(o, fps, bpm):
    p = int(round(60 * fps / bpm))
    n = o / o.std(ddof=1)
    local = np.convolve(n, np.exp(-0.5 * (np.arange(-p, p + 1) * 32.0 / p) ** 2), "same")
    window = np.arange(-2 * p, -int(np.round(p / 2)) + 1)
    cost = -100 * np.log(-window / p) ** 2
    back, cum, first = np.zeros(len(o), int), np.zeros(len(o)), True
    for i in range(len(o)):
        c = cost + np.array([cum[i + k] if i + k >= 0 else 0 for k in window])
        b = np.argmax(c)
        cum[i] = local[i] + c[b]
        if first and local[i] < 0.01 * local.max():
            back[i] = -1
        else:
            back[i], first = i + window[b], False
    prev, nxt = np.r_[cum[0], cum[:-1]], np.r_[cum[1:], cum[-1]]
    maxes = (cum > prev) & (cum >= nxt)
    i = np.argwhere(cum * maxes * 2 > np.median(cum[maxes])).max()
    chain = []
    while i >= 0:
        chain.append(i)
        i = back[i]
    chain = np.array(chain[::-1])
    s = np.convolve(local[chain], scipy.signal.windows.hann(5), "same")
    ok = np.argwhere(s > 0.5 * np.sqrt((s ** 2).mean()))
    return chain[ok.min():ok.max() + 1]


steady = bursts(22050, 6.0, 0.25 + 0.46875 * np.arange(12))
o = onset_strength(steady, 22050)
put("golden_onset_strength", o)
puti("golden_onsets", peaks(o))
bpm = tempo(o, 22050 / 512)
put("golden_bpm", [bpm], "double", "%.12g")
puti("golden_beats", beats(o, 22050 / 512, bpm))
out.append("#endif")
open("tests/golden/dsp.h", "w").write("\n".join(out) + "\n")
