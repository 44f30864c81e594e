#!/usr/bin/python3
"""paint.py FOLDER MAP.npy: what `auscult explain --method audiolime|superpixel|time --out FOLDER` says of parts of the sound, as a map.

A part has a weight and a sound: the weight is spread over time and frequency as the sound's power is. numpy is all it needs."""
import json
import os
import sys

import numpy as np

N_FFT, HOP = 256, 64


def power(path):
    with open(path, "rb") as f:
        data = f.read()
    at = data.index(b"data") + 8  # mono samples in float32, as the parts are written
    x = np.frombuffer(data, "<f4", (len(data) - at) // 4, at).astype(float)
    x = np.pad(x, N_FFT // 2)
    frames = np.stack([x[t:t + N_FFT] for t in range(0, len(x) - N_FFT + 1, HOP)]) * np.hanning(N_FFT)
    return np.abs(np.fft.rfft(frames)[:, :-1]) ** 2


def main():
    folder, out = sys.argv[1:]
    with open(os.path.join(folder, "result.json")) as f:
        result = json.load(f)
    weights = {c["name"]: c["weight"] for c in result["targets"][0]["components"]}
    value = 0
    for component, sound in zip(result["components"], result["files"]["components"]):
        p = power(os.path.join(folder, sound))
        if p.sum() > 0:
            value = value + weights[component["name"]] * p / p.sum()
    np.save(out, (value.sum(1) if result["settings"]["method"] == "time" else value).astype(np.float32))  # segments of time know no frequency


if __name__ == "__main__":
    main()
