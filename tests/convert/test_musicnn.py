"""musicnn and vgg: the converted graph against an independent forward pass and against the published golden values."""

import os
import tempfile
import unittest

import numpy as np

from helpers import module, shared, tool
from auscult_convert import aus, frontend

GOLDEN_TOP = ["techno", "electronic", "synth", "fast", "beat", "drums", "no vocals", "no vocal", "dance", "ambient"]
INPUT_BN = {"MTT_musicnn": (0.323774904, 0.0356380008, 1.59398901, 1.74692726),      # gamma, beta, mean, variance
            "MSD_musicnn": (0.553569198, -0.163701534, 2.19780302, 1.58515942),
            "MTT_vgg": (0.958437324, 0.12527138, 1.59075046, 1.74771953),
            "MSD_vgg": (1.91928315, -1.13039804, 2.18217564, 1.59940255)}


class Musicnn(unittest.TestCase):
    def setUp(self):
        module("h5py")
        self.interp = module("auscult_convert.interp") if module("torch") else None
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def bundle(self, name, *more):
        out = os.path.join(self.dir.name, name + ".aus")
        rc, _, err = tool(shared("weights", "musicnn", name + ".h5"), "-o", out, "--force", *more)
        self.assertEqual(rc, 0, err)
        return aus.read(out)

    def scores(self, bundle, song):
        meta, tensors, graph = bundle
        x = np.fromfile(shared("weights", "golden", song + ".f32"), "<f4")
        p = frontend.patches(frontend.log_mel(x, meta, tensors), meta["frontend.patch_frames"])
        return self.interp.run(graph, [p[:, None]])[0].mean(0)

    def test_golden_vector_and_weights(self):
        for name, bn in INPUT_BN.items():
            meta, tensors, graph = self.bundle(name)
            y, = self.interp.run(graph, [tensors["golden.input"]])
            self.assertLess(abs(y - tensors["golden.output"]).max(), 1e-5, name)
            layer = "bn_input" if "vgg" in name else "batch_normalization"
            got = [float(tensors["%s/%s" % (layer, v)][0]) for v in ("gamma", "beta", "moving_mean", "moving_variance")]
            np.testing.assert_allclose(got, bn, rtol=2e-7)
            self.assertEqual(len(meta["labels"]), 50)
            self.assertEqual((meta["licence"], meta["score"], meta["frontend.tail"]), ("ISC", "sigmoid", "drop"))

    def test_published_songs(self):
        for name in ("MTT_musicnn", "MSD_musicnn"):
            b = self.bundle(name)
            for song in ("joram", "muddy"):
                want = np.loadtxt(shared("weights", "golden", "%s.%s.meanprob.txt" % (name, song)))[:, 1]
                got = self.scores(b, song)
                self.assertLess(abs(got - want).max(), 1e-4)
                if (name, song) == ("MTT_musicnn", "joram"):
                    self.assertEqual([b[0]["labels"][i] for i in np.argsort(-got)[:10]], GOLDEN_TOP)

    def test_any_length(self):
        meta, tensors, graph = self.bundle("MTT_musicnn")
        x = np.concatenate([tensors["golden.input"]] * 2, axis=2)[:, :, :211]
        y, logits, penultimate = self.interp.run(graph, [x], taps=["logits", "penultimate"])
        np.testing.assert_allclose(y, 1 / (1 + np.exp(-logits)), atol=1e-6)
        self.assertEqual(penultimate.shape, (1, 200))

    def test_msd_vgg_pooling(self):
        """specs: on the blues clip the trained graph's pooling hears blues, the package's hears rock. Published to two
        digits (half a unit) from another resampling (1e-3)."""
        want = {"graph": [("blues", .38), ("rock", .17), ("jazz", .16)],
                "package": [("rock", .25), ("indie", .20), ("blues", .18)]}
        for pooling, top in want.items():
            b = self.bundle("MSD_vgg", "--pooling", pooling)
            s = self.scores(b, "muddy")
            best = np.argsort(-s)[:3]
            self.assertEqual([b[0]["labels"][i] for i in best], [name for name, _ in top])
            self.assertLess(abs(s[best] - [v for _, v in top]).max(), 0.005 + 0.001)

    def test_unknown_tags_need_labels(self):
        link = os.path.join(self.dir.name, "mine.h5")
        os.symlink(os.path.abspath(shared("weights", "musicnn", "MTT_vgg.h5")), link)
        rc, _, err = tool(link, "-o", os.path.join(self.dir.name, "o.aus"))
        self.assertEqual(rc, 2)
        self.assertIn("--labels", err)
