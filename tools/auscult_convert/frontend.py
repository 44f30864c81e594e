"""Log-mel front ends in numpy, as the metadata of docs/format.md describe them (double precision inside).

The engine has its own; this one is the independent second opinion that the converter's tests and golden vectors
rest on. stft -> |X|^power -> filterbank -> (float16) -> log.
"""

import numpy as np


def hz_to_mel(f, scale):
    """Slaney: 200/3 Hz per mel below 1 kHz, logarithmic above; HTK: 2595 log10(1 + f/700)."""
    f = np.asarray(f, float)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + f / 700.0)
    return np.where(f < 1000.0, 3.0 * f / 200.0, 15.0 + np.log(np.maximum(f, 1e-9) / 1000.0) / (np.log(6.4) / 27.0))


def mel_to_hz(m, scale):
    m = np.asarray(m, float)
    if scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    return np.where(m < 15.0, 200.0 * m / 3.0, 1000.0 * np.exp((np.log(6.4) / 27.0) * (m - 15.0)))


def mel_bank(rate, n_fft, mels, fmin, fmax, scale="slaney", norm="slaney"):
    """float32 [mels, n_fft/2 + 1]; norm 'slaney': unit area in Hz."""
    p = mel_to_hz(np.linspace(hz_to_mel(fmin, scale), hz_to_mel(fmax, scale), mels + 2), scale)
    f = np.arange(n_fft // 2 + 1) * rate / n_fft
    up = (f[None, :] - p[:-2, None]) / (p[1:-1] - p[:-2])[:, None]
    down = (p[2:, None] - f[None, :]) / (p[2:] - p[1:-1])[:, None]
    w = np.maximum(0.0, np.minimum(up, down))
    if norm == "slaney":
        w *= (2.0 / (p[2:] - p[:-2]))[:, None]
    return w.astype(np.float32)


def window(name, n):
    i = np.arange(n)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * i / n)
    return {"hann": hann, "sqrt_hann": np.sqrt(hann), "hann_symmetric": 0.5 - 0.5 * np.cos(2 * np.pi * i / (n - 1)),
            "hamming": 0.54 - 0.46 * np.cos(2 * np.pi * i / n), "rectangular": np.ones(n)}[name]


def stft(x, n_fft, win_length, hop, win="hann", center="reflect"):
    """complex [frames, n_fft/2 + 1]"""
    w = np.zeros(n_fft)
    w[(n_fft - win_length) // 2:][:win_length] = window(win, win_length)
    x = np.asarray(x, float)
    if center != "none":
        x = np.pad(x, n_fft // 2, mode="reflect" if center == "reflect" else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(x, n_fft)[::hop]
    return np.fft.rfft(frames * w, axis=1)


def compress(p, meta):
    """The logarithm of frontend.log."""
    kind = meta.get("frontend.log", "none")
    if kind == "log10_1p":
        return np.log10(1.0 + meta["frontend.log_scale"] * p)
    if kind in ("db", "db_power2"):
        y = (10.0 if kind == "db" else 20.0) * np.log10(np.maximum(p, meta["frontend.amin"]))
        return np.maximum(y, y.max() - meta["frontend.top_db"]) if "frontend.top_db" in meta else y
    if kind == "ln_offset":
        return np.log(p + meta["frontend.offset"])
    if kind == "ln_max":
        return np.log(np.maximum(p, meta["frontend.amin"]))
    return p


def log_mel(x, meta, tensors=None):
    """float32 [frames, mels] of a signal at the model's rate."""
    n_fft = meta["frontend.n_fft"]
    z = stft(x, n_fft, meta.get("frontend.win_length", n_fft), meta["frontend.hop"],
             meta.get("frontend.window", "hann"), meta.get("frontend.center", "reflect"))
    power = np.abs(z) ** meta.get("frontend.power", 2.0)
    if "frontend.filterbank" in meta:
        bank = np.asarray(tensors[meta["frontend.filterbank"]], float)                      # [bins, mels]
    else:
        bank = mel_bank(meta["frontend.rate"], n_fft, meta["frontend.mels"], meta["frontend.fmin"],
                        meta["frontend.fmax"], meta["frontend.mel_scale"], meta["frontend.mel_norm"]).astype(float).T
    mel = power @ bank
    if meta.get("frontend.half"):
        mel = mel.astype(np.float16).astype(float)
    return compress(mel, meta).astype(np.float32)


def patches(mel, frames, hop=None):
    """[n, frames, mels]: whole patches only (tail 'drop'); a clip shorter than one patch is repeated."""
    if len(mel) < frames:
        mel = np.concatenate([mel] * -(-frames // len(mel)))[:frames]
    return np.stack([mel[s:s + frames] for s in range(0, len(mel) - frames + 1, hop or frames)])
