"""The SMC-2020 taggers: the graph against torch's own layers, and what they hear in two songs with known tags."""

import glob
import os
import tempfile
import unittest

import numpy as np

from helpers import module, shared, tool
from auscult_convert import aus, frontend

# what each vocabulary calls the electronic clip and the blues clip: among its first five
HEARD = {"mtat": ("techno", "guitar"), "jamendo": ("genre---electronic", "genre---pop")}


class Smc(unittest.TestCase):
    def setUp(self):
        module("torch")
        self.interp = module("auscult_convert.interp")
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def bundle(self, path, *more):
        out = os.path.join(self.dir.name, os.path.basename(path) + ".aus")
        rc, _, err = tool(path, "-o", out, "--force", *more)
        self.assertEqual(rc, 0, err)
        return aus.read(out)

    def files(self, pattern):
        return sorted(glob.glob(os.path.join(shared("weights", "tagging"), pattern)))

    def test_all_files(self):
        files = self.files("*.pth")
        self.assertEqual(len(files), 10)
        for path in files:
            meta, tensors, graph = self.bundle(path)
            y, = self.interp.run(graph, [tensors["golden.input"]])
            self.assertLess(abs(y - tensors["golden.output"]).max(), 2e-6, path)
            self.assertEqual(y.shape[1], len(meta["labels"]))
            self.assertGreater(y.max(), 0.05)

    def test_songs(self):
        for song, which in (("joram", 0), ("muddy", 1)):
            x = np.fromfile(shared("weights", "golden", song + ".f32"), "<f4")
            for path in self.files("mtat_fcn.pth") + self.files("*_musicnn.pth"):
                meta, tensors, graph = self.bundle(path)
                p = frontend.patches(frontend.log_mel(x, meta, tensors), meta["frontend.patch_frames"])
                s = self.interp.run(graph, [p.transpose(0, 2, 1)[:, None]])[0].mean(0)
                top = [meta["labels"][i] for i in np.argsort(-s)[:5]]
                self.assertIn(HEARD[meta["name"].split("_")[0]][which], top, path)

    def test_stored_filterbank_is_htk(self):
        meta, tensors, _ = self.bundle(self.files("mtat_fcn.pth")[0])
        bank = frontend.mel_bank(16000, 512, 96, 0, 8000, "htk", "none")
        self.assertLess(abs(tensors[meta["frontend.filterbank"]] - bank.T).max(), 2e-5)

    def test_stems(self):
        """Four channels in Demucs order; silencing one stem changes only that stem's features."""
        meta, tensors, graph = self.bundle(self.files("gtzan*4stems.pth")[0])
        self.assertEqual(meta["frontend.stems"], ["bass", "drums", "other", "vocals"])
        taps = [s + "/features" for s in meta["frontend.stems"]]
        x = tensors["golden.input"].copy()
        before = self.interp.run(graph, [x], taps=taps)
        x[:, 1] = -100.0
        after = self.interp.run(graph, [x], taps=taps)
        changed = [bool(abs(a - b).max() > 0) for a, b in zip(before, after)]
        self.assertEqual(changed, [True, False, True, False, False])

    def test_wrong_arch(self):
        out = os.path.join(self.dir.name, "o.aus")
        for arch, code in (("stems", 3), ("musicnn", 3), ("nonsense", 2)):
            rc, _, err = tool(self.files("mtat_fcn.pth")[0], "-o", out, "--arch", arch)
            self.assertEqual((rc, err.count("\n")), (code, 1), err)
            self.assertFalse(os.path.exists(out))
