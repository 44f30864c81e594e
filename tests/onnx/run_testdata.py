#!/usr/bin/python3
"""Runs the ONNX project's own test vectors (Debian: libonnx-testdata) through converter and engine.

  run_testdata.py [--auscult PATH] [--data DIR] [--list FILE.md] [NAME...]

For each test: convert (weights, axes, shapes and other integer inputs become constants: they are constants in networks),
run `auscult model run`, compare with the stored output: |difference| <= 1e-5 + 1e-4 |expected|, shapes equal. Without
--auscult the converter's interpreter stands in for the engine. A test is one of
  passed        same output
  failed        another output, or the engine refused what the converter wrote
  folded        nothing depends on the input: the converter computed it, and right; the engine has nothing to do
  unsupported   refused with a reason
  not ours      integers, strings, sequences, training: not float signals through a network
--list writes docs/onnx-support.md. Exit 0 unless something failed that is not in EXPECTED.
"""

import argparse
import collections
import glob
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tools"))

from auscult_convert import aus, onnx_convert, onnx_model  # noqa: E402
from auscult_convert.errors import ConvertError  # noqa: E402
from auscult_convert.onnx_map import RULES, Mapper  # noqa: E402
from auscult_convert.onnx_probe import Probe  # noqa: E402
from auscult_convert.simplify import simplify  # noqa: E402

DATA = "/usr/share/libonnx-testdata/data"
KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted")

# operators whose inputs after the first are weights, shapes or axes in every network
CONSTANTS = set("Conv ConvTranspose BatchNormalization InstanceNormalization LayerNormalization LSTM GRU RNN Pad "
                "Reshape Slice Tile Expand Resize Upsample ReduceSum Squeeze Unsqueeze Split CumSum Gather GatherND "
                "Trilu Dropout DFT STFT ReverseSequence GatherElements MelWeightMatrix".split())

# known differences, each with its reason
EXPECTED = {
    "node/test_resize_downsample_scales_cubic_align_corners":
        "the stored output divides by the unrounded output size; we follow the text (and onnxruntime skips it)",
    "node/test_resize_downsample_scales_linear_align_corners":
        "the stored output divides by the unrounded output size; we follow the text (and onnxruntime skips it)",
}
for _w in ("hann", "hamming", "blackman"):
    for _s in ("", "_symmetric", "_expanded", "_symmetric_expanded"):
        EXPECTED["node/test_%swindow%s" % (_w, _s)] = "the stored output takes pi as 3.1415 (computed by the converter)"
UNINITIALISED = "pytorch-operator/test_operator_add"      # doubles of uninitialised memory, beyond float32


def load(path):
    import onnx
    import onnx.numpy_helper
    t = onnx.TensorProto()
    with open(path, "rb") as f:
        t.ParseFromString(f.read())
    return np.array(onnx.numpy_helper.to_array(t))


def vectors(folder, kind):
    n = len(glob.glob("%s/%s_*.pb" % (folder, kind)))
    return [load("%s/%s_%d.pb" % (folder, kind, i)) for i in range(n)]


def constants(proto, given):
    """The inputs that are constants in a network."""
    out = {name for name, x in given.items() if x.dtype.kind in "iu"}
    for n in proto.graph.node:
        for j, name in enumerate(n.input):
            if name in given and j > 0 and n.op_type in CONSTANTS:
                out.add(name)
            if name in given and n.op_type == "ScatterND" and j == 1:
                out.add(name)
    return out


def engine(auscult, graph, names, inputs, folder):
    """Outputs of `auscult model run`, in the graph's order; a RuntimeError with its message."""
    path = os.path.join(folder, "net.aus")
    aus.write(path, {"name": "test", "kind": "network", "frontend": "none", "score": "real"}, {}, graph, force=True)
    args = [auscult, "model", "run", path, "--out", folder, "--force"]
    for name, x in zip(names, inputs):
        file = os.path.join(folder, "in%d.npy" % len(args))
        np.save(file, np.array(x, dtype=np.float32, order="C"))
        args += ["--input", "%s=%s" % (name, file)]
    r = subprocess.run(args, capture_output=True, text=True, timeout=120)
    if r.returncode:
        raise RuntimeError("exit %d: %s" % (r.returncode, (r.stderr.strip() or "nothing on stderr").split("\n")[-1]))
    return [np.load(line.rsplit(" [", 1)[0]) for line in r.stdout.splitlines() if " [" in line]


def rename_outputs(graph):
    """Graph outputs with names that are plain file names."""
    graph.outputs = [graph.op("identity", o, out=graph.fresh("out%d" % i)) for i, o in enumerate(graph.outputs)]


def run(folder, name, auscult):
    """(verdict, reason, ops of the graph)"""
    import onnx
    proto = onnx.load(os.path.join(folder, "model.onnx"))
    data = os.path.join(folder, "test_data_set_0")
    for v in list(proto.graph.input) + list(proto.graph.output):
        if not v.type.HasField("tensor_type"):
            return "not ours", "sequence or optional type", []
        kind = v.type.tensor_type.elem_type
        if kind in (onnx.TensorProto.STRING, onnx.TensorProto.BFLOAT16):
            return "not ours", "string or bfloat16", []
    if any(o.domain not in ("", "ai.onnx") for o in proto.opset_import):
        return "not ours", "training operator", []
    if name.startswith(("node/test_nllloss", "node/test_sce_")):
        return "not ours", "training loss", []
    want, inputs = vectors(data, "output"), vectors(data, "input")
    init = {t.name for t in proto.graph.initializer}
    given = dict(zip([i.name for i in proto.graph.input if i.name not in init], inputs))
    if any(y.dtype.kind not in "fb" for y in want):
        return "not ours", "integer output", []
    if name.startswith(UNINITIALISED) and any(np.abs(x).max() > 1e38 for x in inputs):
        return "not ours", "double values beyond float32", []
    frozen = constants(proto, given)
    model = onnx_model.from_proto(proto, name, {k: v.shape for k, v in given.items() if k not in frozen},
                                  {k: given[k] for k in frozen})
    onnx_convert.check_operators(model)
    graph = simplify(Mapper(Probe(model, free=False)).run())
    if all(len(n.inputs) == 1 and n.inputs[0] in graph.params for n in graph.nodes):
        verdict = "folded"
    else:
        verdict = "passed"
    names = [i.name for i in model.inputs]
    ops = [n.op.name for n in graph.nodes]
    rename_outputs(graph)
    if auscult and names:
        with tempfile.TemporaryDirectory() as temp:
            try:
                got = engine(auscult, graph, names, [given[n] for n in names], temp)
            except RuntimeError as e:
                return "failed", str(e), ops
    else:
        from auscult_convert import interp
        got = interp.run(graph, [np.asarray(given[n], dtype=np.float32) for n in names])
    for y, w in zip(got, want):
        y = y.astype(w.dtype)                                      # a float16 or double result, as stored
        if y.shape != w.shape:
            return "failed", "shape %s, expected %s" % (y.shape, w.shape), ops
        if w.size and not np.allclose(y.astype(float), w.astype(float), rtol=1e-4, atol=1e-5, equal_nan=True):
            return "failed", "largest difference %.3g" % np.nanmax(abs(y.astype(float) - w.astype(float))), ops
    return verdict, "", ops


def classify(folder, name, auscult):
    try:
        return run(folder, name, auscult)
    except ConvertError as e:
        return "unsupported", str(e), []


def operator_of(folder):
    """The ONNX operators of a test, its own one first."""
    import onnx
    return [n.op_type for n in onnx.load(os.path.join(folder, "model.onnx")).graph.node]


def markdown(results, auscult, data):
    """docs/onnx-support.md: a table per operator, then what does not pass, with reasons."""
    per = collections.defaultdict(lambda: collections.Counter())
    for name, (verdict, _, _, onnx_ops) in results.items():
        for op in set(onnx_ops):
            per[op][verdict] += 1
    total = collections.Counter(v for v, _, _, _ in results.values())
    lines = ["# ONNX: what converts and runs", "",
             "Written by `tests/onnx/run_testdata.py --auscult PATH --list docs/onnx-support.md`; do not edit. The tests are the",
             "ONNX project's own (Debian package `libonnx-testdata`): stored inputs and outputs, made by others. A test passes when",
             "shapes are equal and |difference| <= 1e-5 + 1e-4 |expected|. Ran through %s." %
             ("the engine" if auscult else "the converter's interpreter (no engine given)"), "",
             "%d tests: " % len(results) + ", ".join("%d %s" % (total[v], v) for v in (
                 "passed", "folded", "failed", "unsupported", "not ours") if total[v]) + ".", "",
             "*folded*: nothing depends on the network's input, the converter computes it. *unsupported*: refused with one clear error.",
             "*not ours*: integers, strings, sequences or training, which are no float signals through a network.", "",
             "Everything whose value follows from shapes and constants alone is folded, whatever the operator: %d operators can be"
             % len(__import__("auscult_convert.onnx_eval", fromlist=["x"]).supported()),
             "evaluated by the converter, and %d have a rule that maps them to ops of the engine:" % len(RULES), "",
             ", ".join(sorted(RULES)) + ".", "", "## Operators", "", "| operator | passed | folded | failed | unsupported |",
             "|---|---|---|---|---|"]
    for op in sorted(per):
        c = per[op]
        if c["passed"] or c["failed"] or c["folded"] or (c["unsupported"] and op in RULES):
            lines.append("| %s | %s |" % (op, " | ".join(str(c[v] or "") for v in (
                "passed", "folded", "failed", "unsupported"))))
    for verdict, title in (("failed", "## Failed"), ("unsupported", "## Unsupported")):
        rows = [(n, r) for n, (v, r, _, _) in sorted(results.items()) if v == verdict]
        if rows:
            lines += ["", title, ""]
        groups = collections.defaultdict(list)
        for n, r in rows:
            groups[EXPECTED.get(n, r).split(" (node")[0].replace(n + ": ", "") if verdict == "failed" else
                   reason_key(r.replace(n + ": ", ""))].append(n.split("/")[1][5:])
        for r in sorted(groups):
            lines.append("* %s: %s" % (r, ", ".join("`%s`" % n for n in groups[r])))
    return "\n".join(lines) + "\n"


def reason_key(r):
    """The reason without the node's name."""
    head, sep, tail = r.partition(" (node '")
    return head + (tail.split("')", 1)[1] if sep else "")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--auscult", help="the auscult program")
    p.add_argument("--data", default=DATA)
    p.add_argument("--list", help="write the pass list here")
    p.add_argument("names", nargs="*", help="parts of test names")
    o = p.parse_args()
    if not os.path.isdir(o.data):
        print("skipped: %s is not there (Debian: libonnx-testdata)" % o.data)
        print("0 passed, 0 failed, 1 skipped")
        return 0
    results = {}
    for kind in KINDS:
        for folder in sorted(glob.glob(os.path.join(o.data, kind, "*"))):
            name = kind + "/" + os.path.basename(folder)
            if not o.names or any(n in name for n in o.names):
                verdict, reason, ops = classify(folder, name, o.auscult)
                results[name] = verdict, reason, ops, operator_of(folder)
                if o.names or verdict == "failed":
                    print("%-11s %s %s" % (verdict, name, reason))
    total = collections.Counter(v for v, _, _, _ in results.values())
    if o.list:
        with open(o.list, "w", encoding="utf-8") as f:
            f.write(markdown(results, o.auscult, o.data))
    bad = [n for n, r in results.items() if r[0] == "failed" and n not in EXPECTED]
    print(", ".join("%d %s" % (total[v], v) for v in ("folded", "unsupported", "not ours")))
    print("%d passed, %d failed, %d skipped" % (total["passed"] + total["folded"], len(bad),
                                                total["unsupported"] + total["not ours"] + total["failed"] - len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
