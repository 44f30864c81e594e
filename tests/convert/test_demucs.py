"""HTDemucs's transforms inside the graph: a network that hands its spectrogram through gives the sound back."""

import unittest

import numpy as np

from helpers import module
from auscult_convert import demucs
from auscult_convert.graph import Graph


class Demucs(unittest.TestCase):
    def test_stft_and_inverse(self):
        module("torch")
        interp = module("auscult_convert.interp")
        g = Graph()
        wave = g.input("wave", [1, 2, demucs.SAMPLES])
        spectrum = g.input("spectrum", [1, 4, demucs.BINS, demucs.FRAMES])
        one = g.op("reshape", spectrum, dims=[1, 1, 4, demucs.BINS, demucs.FRAMES])
        spectra = g.op("concat", [one] * 4, axis=1)
        silence = g.op("mul", [g.op("reshape", wave, dims=[1, 1, 2, demucs.SAMPLES]), g.param("zero", np.zeros((4, 1, 1)))])
        g.output(spectra)
        g.output(silence)
        demucs.wrap(g)
        self.assertEqual(g.inputs, [("wave", [1, 2, demucs.SAMPLES])])
        rng = np.random.default_rng(0)
        t = np.arange(demucs.SAMPLES) / 44100
        x = np.stack([np.sin(2 * np.pi * 440 * t), rng.standard_normal(len(t)) * 0.1]).astype(np.float32)[None]
        y, s = interp.run(g, [x], taps=["spectrum"])
        self.assertEqual(y.shape, (1, 4, 2, demucs.SAMPLES))
        y, x_in = y[..., 1536:-1536], x[..., 1536:-1536]      # the two frames dropped at each end are missing there, as published
        nyquist = 3e-3                                       # the bin that HTDemucs drops holds this much of the noise
        self.assertLess(abs(y[0, :, 0] - x_in[0, 0]).max(), 1e-5)
        self.assertLess(abs(y[0, :, 1] - x_in[0, 1]).max(), 5 * nyquist)
        self.assertLess(np.sqrt(((y[0, :, 1] - x_in[0, 1]) ** 2).mean()), nyquist)
        frame = np.fft.rfft(x[0, 0, 8192 - 1536:][:4096] * demucs._hann())[:2048] / 64          # frame 8 of the left channel
        np.testing.assert_allclose(s[0, 0, :, 8], frame.real, atol=1e-4)
        np.testing.assert_allclose(s[0, 1, :, 8], frame.imag, atol=1e-4)
