"""Whole ONNX files of others: our engine beside ONNX Runtime, the same sound, states fed back over several steps.

ONNX Runtime comes from npm (onnxruntime-node) into a folder outside the repository, AUS_CACHE or ~/.cache/auscult. Where
npm, the network or the weights are missing the tests say so and are skipped."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

from helpers import HERE, shared, tool
from auscult_convert import aus

VERSION = "1.20.1"
STEPS = 6


def node_path():
    """The node_modules folder that holds onnxruntime-node; fetched once."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise unittest.SkipTest("node and npm are not there: no ONNX Runtime to compare with")
    cache = os.path.join(os.environ.get("AUS_CACHE") or os.path.expanduser("~/.cache/auscult"), "onnxruntime-node-" + VERSION)
    modules = os.path.join(cache, "node_modules")
    if not os.path.isdir(os.path.join(modules, "onnxruntime-node")):
        os.makedirs(cache, exist_ok=True)                     # its install script fetches CUDA: not wanted
        r = subprocess.run(["npm", "install", "--prefix", cache, "--ignore-scripts", "--no-audit", "--no-fund",
                            "onnxruntime-node@" + VERSION], capture_output=True, text=True)
        if r.returncode:
            shutil.rmtree(cache, ignore_errors=True)
            raise unittest.SkipTest("npm cannot fetch onnxruntime-node: " + (r.stderr.strip().splitlines() or ["no reason given"])[-1])
    return modules


class Runtime(unittest.TestCase):
    """A folder to work in, and ONNX Runtime on a file."""

    def setUp(self):
        self.auscult = os.environ.get("AUSCULT", "")
        if not os.access(self.auscult, os.X_OK):
            raise unittest.SkipTest("no engine: set AUSCULT to the auscult program")
        self.modules = node_path()
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def theirs(self, model, inputs, x):
        """[step][output] arrays of ONNX Runtime, and the outputs' names. inputs: (name, dims), or with a file of floats to begin with."""
        x.astype("<f4").tofile(self.path("x.f32"))
        job = {"model": model, "inputs": [dict(zip(("name", "dims", "file"), i)) for i in inputs], "steps": len(x),
               "x": self.path("x.f32"), "out": self.path("y.f32")}
        with open(self.path("job.json"), "w") as f:
            json.dump(job, f)
        r = subprocess.run(["node", os.path.join(HERE, "ort_run.js"), self.path("job.json")], capture_output=True, text=True,
                           env={**os.environ, "NODE_PATH": self.modules})
        self.assertEqual(r.returncode, 0, r.stderr)
        outputs = json.loads(r.stdout.strip().splitlines()[-1])["outputs"]
        y, at, steps = np.fromfile(self.path("y.f32"), "<f4"), 0, []
        for _ in x:
            step = []
            for o in outputs:
                n = int(np.prod(o["dims"]))
                step.append(y[at:at + n].reshape(o["dims"]))
                at += n
            steps.append(step)
        self.assertEqual(at, len(y))
        return steps, [o["name"] for o in outputs]


class OnnxRuntime(Runtime):
    def ours(self, bundle, inputs, x, names):
        """The same through `auscult model run`, one call a step."""
        values = [x[0]] + [np.zeros(d, np.float32) for _, d in inputs[1:]]
        steps = []
        for frame in x:
            values[0] = frame
            args = [self.auscult, "model", "run", bundle, "--out", self.path("out"), "--force", "--quiet"]
            for i, (name, _) in enumerate(inputs):
                np.save(self.path("in%d.npy" % i), values[i].astype(np.float32))
                args += ["--input", "%s=%s" % (name, self.path("in%d.npy" % i))]
            r = subprocess.run(args, capture_output=True, text=True)
            self.assertEqual(r.returncode, 0, r.stderr)
            steps.append([np.load(os.path.join(self.path("out"), n + ".npy")) for n in names])
            values[1:] = steps[-1][1:]
        return steps

    def compare(self, folder, name):
        model, bundle = shared("weights", folder, name + ".onnx"), self.path(name + ".aus")
        rc, _, err = tool(model, "-o", bundle)
        self.assertEqual(rc, 0, err)
        inputs = aus.read(bundle)[2].inputs
        rng = np.random.default_rng(5)
        x = (rng.standard_normal([STEPS] + inputs[0][1]) * np.exp(rng.uniform(-2, 1, [STEPS] + [1] * len(inputs[0][1])))).astype(np.float32)
        if folder == "dtln" and name == "model_1":
            x = abs(x)                                        # magnitudes
        want, names = self.theirs(model, inputs, x)
        got = self.ours(bundle, inputs, x, names)
        worst = 0.0
        for t in range(STEPS):
            for k, n in enumerate(names):
                self.assertEqual(got[t][k].shape, want[t][k].shape)
                self.assertGreater(abs(want[t][k]).max(), 0, "%s is all zero: nothing is compared" % n)
                worst = max(worst, abs(got[t][k] - want[t][k]).max() / abs(want[t][k]).max())
        print("%s: %d outputs over %d steps within %.1e of their largest value " % (name, len(names), STEPS, worst), end="")
        self.assertLess(worst, 2e-5)

    def test_gtcrn(self):
        self.compare("gtcrn", "gtcrn")

    def test_gtcrn_simplified(self):
        self.compare("gtcrn", "gtcrn_simple")

    def test_dtln_first_stage(self):
        self.compare("dtln", "model_1")

    def test_dtln_second_stage(self):
        self.compare("dtln", "model_2")


if __name__ == "__main__":
    unittest.main()
