"""Toy networks as ONNX files, and how the program explains them: model -> auscult-convert -> auscult explain --save."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CONVERT = os.path.join(TOP, "tools", "auscult-convert")


class Refused(Exception):
    """The program said no; its one line and its exit code."""

    def __init__(self, code, text):
        super().__init__("exit %d: %s" % (code, text.strip()))
        self.code, self.text = code, text


class Net:
    """An ONNX graph written down node by node. Every method returns the name of its output, which is the node's too."""

    def __init__(self, **inputs):
        self.inputs, self.nodes, self.constants, self.n, self.outputs = inputs, [], [], 0, []
        self.exact = []  # constants before they were rounded to float32

    def constant(self, value, dtype=np.float32):
        name = "k%d" % len(self.constants)
        if dtype == np.float32:
            self.exact.append(np.asarray(value, float))
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def op(self, kind, *operands, name=None, **attributes):
        self.n += 1
        name = name or "%s%d" % (kind.lower(), self.n)
        operands = [o if isinstance(o, str) else self.constant(o) for o in operands]
        self.nodes.append(helper.make_node(kind, operands, [name], name=name, **attributes))
        return name

    def linear(self, x, w, b=None, name=None):
        w = np.asarray(w, float)
        b = np.zeros(len(w)) if b is None else b
        return self.op("Gemm", x, w, b, transB=1, name=name)

    def conv(self, x, w, b=None, name=None, **attributes):
        w = np.asarray(w, float)
        return self.op("Conv", x, w, *([] if b is None else [b]), name=name, kernel_shape=list(w.shape[2:]), **attributes)

    def take(self, x, i):
        """Column i of [n, k] as [n, 1]."""
        k = [self.constant(np.array([v]), np.int64) for v in (i, i + 1, 1)]
        return self.op("Slice", x, *k)

    def flatten(self, x, name=None):
        return self.op("Flatten", x, axis=1, name=name)

    def save(self, path, *outputs):
        f = TensorProto.FLOAT
        graph = helper.make_graph(self.nodes, "net", [helper.make_tensor_value_info(n, f, s) for n, s in self.inputs.items()],
                                  [helper.make_tensor_value_info(o, f, None) for o in outputs], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
        model.ir_version = 8
        onnx.save(onnx.shape_inference.infer_shapes(model), path)


def add_lows(path, exact):
    """Beside each tensor NAME of the file, as NAME~low, what rounding to float32 cut off its numbers (found by their values)."""
    sys.path.insert(0, os.path.join(TOP, "tools"))
    from auscult_convert import aus
    cut = {}
    for array in exact:
        cut.update((np.float32(v), v - float(np.float32(v))) for v in array.ravel())
    with open(path, "rb") as f:
        meta, tensors, graph = aus.from_bytes(f.read())
    lows = {n: np.array([cut.get(v, 0.0) for v in a.ravel()], np.float32).reshape(a.shape) for n, a in tensors.items() if a.dtype == np.float32}
    extra = {n: a for n, a in tensors.items() if n not in graph.params}
    extra.update((n + "~low", a) for n, a in lows.items() if a.any())
    aus.write(path, meta, extra, graph, True)


class Explainer:
    """Files in a folder of its own, one conversion per network."""

    def __init__(self, auscult, dtype=np.float32):
        """dtype float64: the program of tests/double."""
        self.auscult, self.folder, self.n, self.dtype = auscult, tempfile.TemporaryDirectory(), 0, dtype

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def convert(self, net, *outputs):
        self.n += 1
        onnx_path, aus = self.path("net%d.onnx" % self.n), self.path("net%d.aus" % self.n)
        net.save(onnx_path, *outputs)
        r = subprocess.run([sys.executable, CONVERT, onnx_path, "-o", aus], capture_output=True, text=True)
        if r.returncode:
            raise Refused(r.returncode, "auscult-convert: " + r.stderr)
        if self.dtype == np.float64:
            add_lows(aus, net.exact)
        return aus

    def array(self, value):
        self.n += 1
        path = self.path("a%d.npy" % self.n)
        np.save(path, np.asarray(value, self.dtype))
        return path

    def run(self, aus, inputs, *arguments):
        """inputs: {name: array}. Gives ({array name: values}, JSON)."""
        self.n += 1
        save = self.path("out%d.npy" % self.n)
        command = [self.auscult, "explain", "-m", aus, "--save", save, "--json", "-q"]
        for name, value in inputs.items():
            command += ["--input-name", "%s=%s" % (name, self.array(value))]
        r = subprocess.run(command + [str(a) for a in arguments], capture_output=True, text=True)
        if r.returncode:
            raise Refused(r.returncode, r.stderr)
        j = json.loads(r.stdout)
        return {a["name"]: np.load(a["saved"]) for a in j["arrays"]}, j
