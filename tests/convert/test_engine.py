"""Conversions through the engine: `auscult model verify` meets the golden vector. AUSCULT names the program."""

import os
import subprocess
import tempfile
import unittest

import numpy as np

from helpers import module, shared, tool
from auscult_convert import aus


class Engine(unittest.TestCase):
    def setUp(self):
        self.auscult = os.environ.get("AUSCULT", "")
        if not os.access(self.auscult, os.X_OK):
            raise unittest.SkipTest("no engine: set AUSCULT to the auscult program")
        for name in ("h5py", "torch", "onnx"):
            module(name)
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def run_engine(self, *args):
        return subprocess.run([self.auscult, *args], capture_output=True, text=True)

    def test_verify(self):
        files = [shared("weights", *f.split("/")) for f in (          # one of each architecture
            "musicnn/MTT_musicnn.h5", "musicnn/MSD_vgg.h5", "tagging/mtat_fcn.pth", "tagging/msd_crnn.pth",
            "tagging/jamendo_musicnn.pth", "tagging/gtzan_short_multi_32_4stems.pth", "gtcrn/gtcrn.onnx",
            "dtln/model_1.onnx", "dtln/model_2.onnx")]
        for f in files:
            out = os.path.join(self.dir.name, "m.aus")
            self.assertEqual(tool(f, "-o", out, "--force")[0], 0)
            r = self.run_engine("model", "verify", out)
            self.assertEqual(r.returncode, 0, f + r.stderr)

    def test_taps_and_a_wrong_golden(self):
        out = os.path.join(self.dir.name, "m.aus")
        self.assertEqual(tool(shared("weights", "musicnn", "MTT_musicnn.h5"), "-o", out)[0], 0)
        meta, tensors, graph = aus.read(out)
        x = os.path.join(self.dir.name, "x.npy")
        np.save(x, tensors["golden.input"])
        r = self.run_engine("model", "run", out, "--input", "mel=" + x, "--out", self.dir.name, "--tap", "logits")
        self.assertEqual(r.returncode, 0, r.stderr)
        logits = np.load(os.path.join(self.dir.name, "logits.npy"))
        score = np.load(os.path.join(self.dir.name, "score.npy"))
        np.testing.assert_allclose(1 / (1 + np.exp(-logits)), score, atol=1e-6)
        bad = {k: v for k, v in tensors.items() if k.startswith("golden.")}
        bad["golden.output"] = bad["golden.output"] + np.float32(2e-4)
        aus.write(out, meta, bad, graph, force=True)
        self.assertEqual(self.run_engine("model", "verify", out).returncode, 3)
