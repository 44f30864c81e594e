#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into fuzz/corpus: small valid inputs of every kind. Run from the repository's root."""
import json
import os
import struct
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))


def save(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def fmt(tag, channels, bits, extra=b""):
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, 8000, 8000 * channels * bits // 8, channels * bits // 8, bits) + extra)


def wav():
    guid = b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    body = {
        "pcm8": fmt(1, 1, 8) + chunk(b"data", bytes(range(9))),
        "pcm16": fmt(1, 2, 16) + chunk(b"LIST", b"abc") + chunk(b"data", bytes(range(16))),
        "pcm24": fmt(1, 1, 24) + chunk(b"data", bytes(range(12))),
        "float32": fmt(3, 1, 32, b"\0\0") + chunk(b"data", struct.pack("<3f", 0.5, -1, 2)),
        "float64": fmt(3, 1, 64) + chunk(b"data", struct.pack("<2d", 0.5, -1)),
        "extensible": fmt(0xFFFE, 1, 16, struct.pack("<HHI", 22, 16, 4) + guid) + chunk(b"data", bytes(8)),
        "unknown": fmt(1, 1, 16) + b"data\xff\xff\xff\xff" + bytes(9),
        "zero": fmt(1, 1, 16) + b"data\0\0\0\0" + bytes(6),
    }
    for name, b in body.items():
        save("wav", name, b"RIFF" + struct.pack("<I", 0 if name == "zero" else len(b) + 4) + b"WAVE" + b)
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 100, 8, 4, 0))
    save("wav", "rf64", b"RF64\xff\xff\xff\xffWAVE" + ds64 + fmt(1, 1, 16) + b"data\xff\xff\xff\xff" + bytes(8))


def pipe():
    def text(s):
        return struct.pack("<I", len(s)) + s
    for channels in (1, 2):
        names = [b"net", b"rock", "jäzz".encode()] + ([b"left", b"right"] if channels == 2 else [])
        save("pipe", "desc%d" % channels, b"\1" + struct.pack("<8IQ", 1, 16000, channels, 2, 0, 4, 1, 0, 48000) + b"".join(map(text, names)))
    save("pipe", "head", b"\0AUSPSCOR" + struct.pack("<Q", 32))
    save("pipe", "scores", b"\2" + struct.pack("<II6f", 2, 3, *range(6)))


def npy():
    import io
    for name, a in {"f4": np.zeros((2, 3), "f4"), "f8": np.ones(3), "i2": np.arange(4, dtype="i2"), "b1": np.ones(2, bool),
                    "f2": np.ones((1, 2, 1), "f2"), "scalar": np.float32(3), "empty": np.zeros((0, 2), "f4"),
                    "fortran": np.asfortranarray(np.ones((2, 2), "f4")),
                    "fortran8": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)), "text": np.array(["ab"])}.items():
        f = io.BytesIO()
        np.save(f, a)
        save("npy", name, f.getvalue())


def aus():
    import tempfile
    from auscult_convert import aus as writer
    from auscult_convert.graph import Graph
    g = Graph()
    x = g.input("x", [-1, 2])
    y = g.op("linear", [x, g.param("w", np.ones((3, 2), np.float32)), g.param("b", np.zeros(3, np.float32))], out="y")
    g.output(g.op("relu", y, out="z"))
    meta = {"name": "seed", "kind": "classifier", "labels": ["a", "b", "c"], "score": "real", "frontend": "none", "number": 3, "real": 0.5}
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, "x.aus")
        writer.write(path, meta, {"golden": np.arange(4, dtype=np.float32)}, g, True)
        with open(path, "rb") as f:
            data = f.read()
    for repair in (0, 1):
        save("aus", "small%d" % repair, bytes([repair]) + data)


def options():
    """A byte for the command (its index in fuzz_options.c), then one word a line."""
    lines = {
        "predict": (0, "song.wav -m m.aus --top 3 --json --offset 1.5 --duration 2 -t 2 -q"),
        "explain": (1, "song.wav --model=m.aus --method time --segments 1,2.5 --target top2 --samples exhaustive --surrogate ridge --alpha 0.5 "
                       "--selection lasso --features 3 --distance hamming --kernel-width 0.25 --scale logit --bootstrap 10 --seed 9007199254740991 -f"),
        "explain_tiles": (1, "- --model-cmd x --timeout 0.5 --method slime --tiles 4x3 --baseline binmean --out d --top-k 2 --report r.html"),
        "separate": (2, "song.wav --separator hpss --out d --no-residual --force -- "),
        "info": (3, "m.aus --json"),
        "run": (5, "m.aus --input a=b.npy -i c=d.npy --tap x --tap y -o out"),
        "embed": (6, "m.aus --out w.c --symbol weights"),
        "train": (7, "digits.recipe --out d --resume --epochs 3 --seed 5 --explain-every 2 -f"),
        "wrong": (1, "--nope -z --top --seed=1e9 --kernel-width nan --scale probability --help"),
    }
    for name, (command, words) in lines.items():
        save("options", name, bytes([command]) + words.replace(" ", "\n").encode())


def recipe():
    """A byte: 0 for a recipe, 1 for a manifest."""
    head = "[model]\nname = x # a comment\nlabels = a b c\n[frontend]\nkind = mel\nrate = 8000\nn_fft = 64\nhop = 32\nmels = 10\n" \
           "patch_frames = 12\n[data]\nmanifest = m.tsv\nvalid = fold=1,2\nweight = 0.5\n"
    nets = {
        "conv": "conv 4 3x5 stride=2x1 pad=same init=gaussian:0.1 bias_init=0.1\nbn\nrelu\nmaxpool 2 ceil=yes\nflatten\nlinear classes\n",
        "branch": "save a\nconv 2 3 pad=1 groups=1 name=first\nadd a\nconcat a\nglobal_max\ninit kaiming_uniform\nlinear classes bias=no\n",
        "sequence": "sequence time=h\nlstm 5 both=yes\nattention 2\nlayer_norm\nlast\ndropout 0.5\nlinear classes\n",
        "named": "net musicnn\n",
    }
    train = "[augment]\ngain_db = 3\nmixup = 0.2\nfreq_masks = 1\n[train]\nloss = bce\noptimiser = adamw\nrate = 1e-3\nschedule = multistep\nmilestones = 1 2\n" \
            "class_weights = 1 2 0.5\nfreeze = conv1 bn\n"
    for name, net in nets.items():
        save("recipe", name, ("\0" + head + "[network]\n" + net + train).encode())
    save("recipe", "manifest", b"\1path\tlabel\tsplit\nx.wav\ta,b\ttrain\r\n# c\n\ny.wav\t\ta\n")


def rules():
    """Rules files of LRP (docs/lrp.md) for the network in fuzz_rules.c."""
    texts = {
        "preset": "preset = zennit:EpsilonPlusFlat\n",
        "types": "first = flat\nconv = gamma 0.25\nlinear = epsilon 1e-6\nbatch_norm = fold rest=pass\nmax_pool = split # ties share\n",
        "names": "conv1 = box -3 3\n\"fc\" = alphabeta 2 1 zero_params=bias; bn* = norm 1e-6\nrelu? = pass\n",
        "options": "all = epsilon .05 stab=clip norm_scale=yes zero_params=bias,weight bias_factor=0.5\nstart = difference 0\n",
        "gamma": "conv=gamma_classic 1.5E+1 eps = 1e-9 bias=plain;front=wsquare;activation = gradient;softmax=taylor\r\n",
        "wrong": "conv = gamma 1 2\npreset = epsilon\n\"open = flat\n",
    }
    for name, text in texts.items():
        save("rules", name, text.encode())


def midi():
    """Standard MIDI Files: running status, tempo changes, system exclusive, formats 0 to 2, SMPTE frames, RIFF around one."""
    def track(*events):
        body = b"".join(events) + b"\0\xff\x2f\0"
        return b"MTrk" + struct.pack(">I", len(body)) + body

    def head(form, tracks, division):
        return b"MThd" + struct.pack(">IHHH", 6, form, tracks, division)
    notes = b"\0\x90\x3c\x40\x60\x3c\0\x10\x3e\x50\x83\x00\x80\x3e\0"
    extras = b"\0\xff\x03\x05Piano\0\xff\x51\x03\x07\xa1\x20\0\xf0\x03\x01\x02\xf7\0\xff\x59\x02\x63\x05\0\xc0\x05\0\xb0\x40\x7f"
    pedal = b"\x20\xb0\x40\x00\x10\xff\x51\x03\x0f\x42\x40"
    save("midi", "format0", head(0, 1, 96) + track(extras, notes, pedal))
    save("midi", "format1", head(1, 2, 480) + track(extras) + b"XXXX\0\0\0\1z" + track(notes, pedal, notes))
    save("midi", "format2", head(2, 2, 96) + track(extras, notes) + track(notes))
    save("midi", "smpte", head(0, 1, 0xE728) + track(notes, b"\x08\x99\x24\x7f\x08\x24\0"))
    inner = head(0, 1, 96) + track(notes)
    save("midi", "rmid", b"RIFF" + struct.pack("<I", len(inner) + 12) + b"RMIDdata" + struct.pack("<I", len(inner)) + inner)


def songs():
    """A byte: 0 for a manifest, 1 for a saved result."""
    save("set", "manifest", b'\0# songs\r\none.wav\n{"path": "two.wav", "offset": 1.5, "duration": 3, "stems": "s", "target": "drums"}\n\n')
    part = {"name": "a", "weight": 0.5, "interval": [0.4, 0.6], "shapley": 0.5}
    result = {"schema": "auscult.explanation/1", "input": {"path": "m/one.wav", "offset": 3, "duration": 3}, "model": {"name": "m", "sha256": "00"},
              "settings": {"method": "audiolime", "scale": "prob"}, "evaluated": {"exhaustive": True}, "components": [{"name": "a"}, {"name": "b"}],
              "targets": [{"index": 0, "name": "t", "score": 0.7, "score_none": 0.1, "r2": 0.9, "local_prediction": 0.6, "components": [part, dict(part, name="b", weight=None)]},
                          {"index": 1, "name": "u", "score": 0.2, "r2": None, "components": [part, part]}]}
    save("set", "result", b"\1" + json.dumps(result).encode())


for make in (wav, pipe, npy, aus, options, recipe, rules, midi, songs):
    make()
