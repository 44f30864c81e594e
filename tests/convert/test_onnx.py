"""ONNX: small networks made here, converted with a free batch, against torch or numpy; refusals; the speech separators."""

import os
import tempfile
import unittest

import numpy as np

from helpers import module, shared, tool
from auscult_convert import aus


class Onnx(unittest.TestCase):
    def setUp(self):
        self.onnx = module("onnx")
        module("torch")
        self.interp = module("auscult_convert.interp")
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.out = os.path.join(self.dir.name, "out.aus")

    def model(self, nodes, inputs, outputs, inits=None, opset=17, domain=""):
        """inputs {name: dims}; nodes (op, inputs, outputs, attributes)"""
        h, t = self.onnx.helper, self.onnx.TensorProto
        import onnx.numpy_helper
        n = [h.make_node(op, i, o, domain=domain, **a) for op, i, o, a in nodes]
        info = [h.make_tensor_value_info(k, t.FLOAT, d) for k, d in inputs.items()]
        g = h.make_graph(n, "g", info, [h.make_tensor_value_info(o, t.FLOAT, None) for o in outputs],
                         [onnx.numpy_helper.from_array(a, k) for k, a in (inits or {}).items()])
        m = h.make_model(g, opset_imports=[h.make_opsetid("", opset)] + ([h.make_opsetid(domain, 1)] if domain else []))
        path = os.path.join(self.dir.name, "m.onnx")
        self.onnx.save_model(m, path)
        return path

    def convert(self, path, *more, code=0):
        rc, out, err = tool(path, "-o", self.out, "--force", *more)
        self.assertEqual(rc, code, err)
        if code:
            self.assertEqual(err.count("\n"), 1)
            self.assertFalse(os.path.exists(self.out))
            return err
        meta, tensors, graph = aus.read(self.out)
        x = [tensors[k] for k in meta.get("golden.inputs", [meta["golden.input"]])]
        y = [tensors[k] for k in meta.get("golden.outputs", [meta["golden.output"]])]
        for a, b in zip(self.interp.run(graph, x), y):
            self.assertLess(abs(a - b).max(), meta["golden.tolerance"] / 10)
        return meta, tensors, graph, err

    def test_batch_stays_free_through_shape_arithmetic(self):
        """x.view(x.size(0), -1) as torch exports it, and a constant grown to the batch."""
        w = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
        path = self.model([
            ("Shape", ["x"], ["s"], {}), ("Gather", ["s", "zero"], ["b"], {"axis": 0}),
            ("Unsqueeze", ["b", "zeros"], ["b1"], {}), ("Concat", ["b1", "minus"], ["to"], {"axis": 0}),
            ("Reshape", ["x", "to"], ["flat"], {}), ("MatMul", ["flat", "w"], ["h"], {}),
            ("Concat", ["b1", "four"], ["like"], {"axis": 0}), ("Expand", ["cls", "like"], ["token"], {}),
            ("Concat", ["token", "h"], ["y"], {"axis": 1})], {"x": ["batch", 2, 3]}, ["y"],
            {"zero": np.int64(0), "zeros": np.int64([0]), "minus": np.int64([-1]), "four": np.int64([4]), "w": w,
             "cls": np.float32([[1, 2, 3, 4]])})
        _, _, graph, err = self.convert(path)
        self.assertEqual(graph.inputs, [("x", [-1, 2, 3])])
        self.assertNotIn("note", err)
        x = np.random.default_rng(1).standard_normal((5, 2, 3)).astype(np.float32)
        y, = self.interp.run(graph, [x])
        np.testing.assert_allclose(y[:, 4:], x.reshape(5, 6) @ w, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(y[:, :4], np.tile(np.float32([1, 2, 3, 4]), (5, 1)))

    def test_batch_falls_back_to_one(self):
        path = self.model([("Reshape", ["x", "to"], ["y"], {})], {"x": ["N", 6]}, ["y"], {"to": np.int64([1, 2, 3])})
        _, _, graph, err = self.convert(path)
        self.assertEqual(graph.inputs, [("x", [1, 6])])
        self.assertIn("batch fixed to 1", err)
        os.unlink(self.out)
        self.convert(path, "--batch", "free", code=3)

    def test_other_free_dimensions_must_be_fixed(self):
        path = self.model([("Relu", ["x"], ["y"], {})], {"x": ["N", 1, "time"]}, ["y"])
        self.assertIn("--fix-input x=", self.convert(path, code=3))
        _, _, graph, _ = self.convert(path, "--fix-input", "x=freex1x50")
        self.assertEqual(graph.inputs, [("x", [-1, 1, 50])])

    def test_refusals(self):
        bad = self.model([("FusedGemm", ["x"], ["y"], {})], {"x": [1, 2]}, ["y"], domain="com.microsoft")
        self.assertRegex(self.convert(bad, code=3), "custom operator com.microsoft.FusedGemm")
        bad = self.model([("NonMaxSuppression", ["x", "x"], ["y"], {})], {"x": [1, 2, 4]}, ["y"])
        self.assertRegex(self.convert(bad, code=3), "operator NonMaxSuppression .node 'NonMaxSuppression_0'.")
        bad = self.model([("Relu", ["x"], ["y"], {})], {"x": [1, 2]}, ["y"], opset=25)
        self.assertIn("opset 25", self.convert(bad, code=3))
        good = self.model([("Add", ["x", "w"], ["y"], {})], {"x": [1, 2]}, ["y"], {"w": np.ones((1, 2), np.float32)})
        with open(good, "rb") as f:
            whole = f.read()
        for n in (0, 10, len(whole) - 9):
            with open(good, "wb") as f:
                f.write(whole[:n])
            self.convert(good, code=3)

    def test_external_data_is_not_opened(self):
        m = self.onnx.load(self.model([("Add", ["x", "w"], ["y"], {})], {"x": [1, 2]}, ["y"],
                                      {"w": np.ones((1, 2), np.float32)}))
        t = m.graph.initializer[0]
        t.ClearField("raw_data")
        t.data_location = self.onnx.TensorProto.EXTERNAL
        for k, v in (("location", "../../etc/passwd"), ("offset", "0"), ("length", "8")):
            e = t.external_data.add()
            e.key, e.value = k, v
        path = os.path.join(self.dir.name, "e.onnx")
        with open(path, "wb") as f:
            f.write(m.SerializeToString())
        self.assertIn("not opened", self.convert(path, code=3))

    def test_classifier_options(self):
        labels = os.path.join(self.dir.name, "l.txt")
        with open(labels, "w", encoding="utf-8") as f:
            f.write("cat\ndog\n")
        w = np.random.default_rng(0).standard_normal((100, 2)).astype(np.float32)
        path = self.model([("MatMul", ["wave", "w"], ["y"], {})], {"wave": ["N", 100]}, ["y"], {"w": w})
        meta, _, graph, _ = self.convert(path, "--frontend", "waveform", "--rate", "8000", "--labels", labels,
                                         "--append", "softmax")
        self.assertEqual([meta[k] for k in ("kind", "labels", "score", "frontend.layout", "frontend.patch_samples",
                                            "frontend.rate")],
                         ["classifier", ["cat", "dog"], "softmax", "waveform", 100, 8000])
        os.unlink(self.out)
        for more in (["--frontend", "waveform"], ["--frontend", "mel", "--rate", "8000"], ["--meta", "no.such=1"],
                     ["--meta", "frontend.n_fft=1.5"], ["--score", "percent"]):
            self.convert(path, *more, code=2)
        with open(labels, "a", encoding="utf-8") as f:
            f.write("cow\n")
        self.convert(path, "--labels", labels, code=2)

    def test_torch_exports(self):
        """Whole networks through torch's own exporter: recurrent, attention-like, convolutional; batch 3 against torch."""
        torch = module("torch")
        nn = torch.nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 8, 3, padding=1)
                self.bn, self.norm = nn.BatchNorm2d(8), nn.LayerNorm(16)
                self.gru = nn.GRU(8 * 10, 8, 2, batch_first=True, bidirectional=True)
                self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
                self.up, self.out = nn.ConvTranspose1d(16, 4, 4, stride=2, padding=1), nn.Linear(4, 5)

            def forward(self, x):
                x = torch.relu(self.bn(self.conv(x)))
                x = nn.functional.avg_pool2d(x, (2, 1)).permute(0, 3, 1, 2).flatten(2)
                x = self.norm(self.gru(x)[0])
                x = x + self.attention(x, x, x, need_weights=False)[0]
                x = nn.functional.gelu(self.up(x.transpose(1, 2)))
                return torch.softmax(self.out(x.mean(-1)), -1)

        torch.manual_seed(0)
        net = Net().eval()
        path = os.path.join(self.dir.name, "net.onnx")
        for opset in (11, 13, 16):
            net.train(False)
            torch.onnx.export(net, torch.randn(2, 1, 20, 30), path, opset_version=opset, input_names=["x"],
                              dynamic_axes={"x": {0: "batch"}}, do_constant_folding=opset != 11)
            _, _, graph, err = self.convert(path)
            self.assertEqual(graph.inputs[0][1][0], -1, err)
            x = torch.randn(3, 1, 20, 30)
            with torch.no_grad():
                want = net(x).numpy()
            self.assertLess(abs(self.interp.run(graph, [x.numpy()])[0] - want).max(), 2e-6)

    def test_speech_separators(self):
        for folder, name, outs in (("gtcrn", "gtcrn", 4), ("gtcrn", "gtcrn_simple", 4), ("dtln", "model_1", 2),
                                   ("dtln", "model_2", 2)):
            meta, _, graph, _ = self.convert(shared("weights", folder, name + ".onnx"))
            self.assertEqual(len(meta["golden.outputs"]), outs)
            self.assertEqual([n for n, _ in graph.inputs][0], {"gtcrn": "mix", "gtcrn_simple": "mix",
                                                              "model_1": "input_2", "model_2": "input_4"}[name])


class Own(unittest.TestCase):
    """Networks of one's own from tensors and --arch."""

    def setUp(self):
        module("torch")
        self.interp = module("auscult_convert.interp")
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def file(self, name, text):
        p = os.path.join(self.dir.name, name)
        with open(p, "w", encoding="utf-8") as f:
            f.write(text)
        return p

    def test_python_and_json(self):
        rng = np.random.default_rng(0)
        t = {"c.weight": rng.standard_normal((4, 1, 3, 3)), "c.bias": rng.standard_normal(4),
             "d.weight": rng.standard_normal((2, 4))}
        t = {k: v.astype(np.float32) for k, v in t.items()}
        npz, out = os.path.join(self.dir.name, "t.npz"), os.path.join(self.dir.name, "o.aus")
        np.savez(npz, **t)
        py = self.file("net.py", """
import numpy as np
META = {"labels": ["a", "b"], "kind": "classifier", "score": "sigmoid"}
def build(net, tensors):
    x = net.relu(net.conv(net.g.input("x", [-1, 1, 8, -1]), "c", pad=1))
    net.g.output(net.sigmoid(net.linear(net.reduce("max", x, [2, 3]), "d")))
""")
        js = self.file("net.json", '{"input": ["x", [-1, 1, 8, -1]], "layers": [["conv", "c", {"pad": 1}], ["relu"], '
                       '["reduce", "max", [2, 3]], ["linear", "d"], ["sigmoid"]], '
                       '"meta": {"labels": "a,b", "kind": "classifier", "score": "sigmoid"}}')
        import torch
        x = rng.standard_normal((2, 1, 8, 11)).astype(np.float32)
        y = torch.relu(torch.conv2d(torch.from_numpy(x), torch.from_numpy(t["c.weight"]), torch.from_numpy(t["c.bias"]),
                                    padding=1)).amax((2, 3)) @ torch.from_numpy(t["d.weight"]).T
        for arch in (py, js):
            rc, _, err = tool(npz, "--arch", arch, "-o", out, "--force")
            self.assertEqual(rc, 0, err)
            meta, _, graph = aus.read(out)
            self.assertEqual(meta["labels"], ["a", "b"])
            got, = self.interp.run(graph, [x])
            self.assertLess(abs(got - torch.sigmoid(y).numpy()).max(), 1e-6)

    def test_bad_architectures(self):
        npz, out = os.path.join(self.dir.name, "t.npz"), os.path.join(self.dir.name, "o.aus")
        np.savez(npz, w=np.ones((2, 2), np.float32))
        for name, text in (("a.py", "x = 1"), ("b.py", "import nothing_of_this_name"), ("c.py", "def build(net, t): pass"),
                           ("d.py", "def build(net, t):\n  net.conv(net.g.input('x', [1, 2]), 'nope')"),
                           ("e.json", "{"), ("f.json", '{"input": ["x", [1, 2]], "layers": [["eval", "1"]]}'),
                           ("g.json", '{"input": ["x", [1, 2]], "layers": [["linear"]]}')):
            rc, _, err = tool(npz, "--arch", self.file(name, text), "-o", out)
            self.assertEqual((rc, err.count("\n"), os.path.exists(out)), (3, 1, False), name + err)
        self.assertEqual(tool(npz, "-o", out)[0], 2)
