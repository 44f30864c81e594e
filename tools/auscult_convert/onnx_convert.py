"""ONNX file -> Bundle: load, probe, map, embed the golden vector, describe the front end."""

import os

import numpy as np

from . import onnx_rules_math, onnx_rules_move, onnx_rules_net, onnx_rules_spectrum  # noqa: F401  (they register)
from . import demucs, onnx_model
from .bundle import Bundle
from .errors import ConvertError, InputError, UsageError
from .onnx_map import Mapper
from .onnx_probe import Probe, free_symbols
from .simplify import simplify


# Published networks whose sound is known, recognised by their inputs: what the file itself cannot say.
SPEECH = {"kind": "separator", "labels": ["speech"], "licence": "MIT", "frontend": "stft", "frontend.rate": 16000,
          "frontend.n_fft": 512, "frontend.win_length": 512, "frontend.patch_frames": 1, "separator.gives": "mask"}
PUBLISHED = {
    (("mix", (1, 257, 1, 2)), ("conv_cache", (2, 1, 16, 16, 33))): dict(
        SPEECH, **{"name": "gtcrn", "frontend.hop": 256, "frontend.window": "sqrt_hann", "frontend.center": "reflect",
                   "frontend.layout": "freq_time_complex", "separator.gives": "spectrum", "frontend.power": 1.0,
                   "source": "Xiaobin-Rong/gtcrn"}),
    (("input_2", (1, 1, 257)), ("input_3", (1, 2, 128, 2))): dict(
        SPEECH, **{"name": "dtln_1", "frontend.hop": 128, "frontend.window": "rectangular", "frontend.center": "zero",
                   "frontend.layout": "time_freq_3d", "frontend.power": 1.0,
                   "source": "breizhn/DTLN, first stage (magnitude mask)"}),
}


def published(model):
    """Metadata of a network that is known by its first two inputs, else {}."""
    key = tuple((i.name, tuple(i.dims)) for i in model.inputs[:2])
    return dict(PUBLISHED.get(key, {}))


def check_operators(model):
    """Every operator that cannot be evaluated, named at once (a rule alone is not enough: shapes come from running)."""
    from .onnx_eval import supported
    known = set(supported()) | {"If"}

    def walk(nodes):
        for n in nodes:
            if n.op not in known:
                yield n
            for v in n.attrs.values():
                if hasattr(v, "nodes"):
                    yield from walk(v.nodes)

    bad = list(walk(model.nodes))
    if bad:
        names = sorted({n.op for n in bad})
        raise InputError("operator %s (node '%s') is not supported%s; see docs/onnx-support.md" % (
            bad[0].op, bad[0].name, "" if len(names) == 1 else " (nor %s)" % ", ".join(
                x for x in names if x != bad[0].op)))


def to_graph(model, batch="auto"):
    """(graph, probe, note). batch: auto (free when the network allows it), free, or 1."""
    check_operators(model)
    if batch != "1" and free_symbols(model):
        try:
            probe = Probe(model, free=True)
            return simplify(Mapper(probe).run()), probe, ""
        except ConvertError as e:
            if batch == "free":
                raise
            why = str(e)
        probe = Probe(model, free=False)
        return simplify(Mapper(probe).run()), probe, "batch fixed to 1 (free: %s)" % why
    probe = Probe(model, free=False)
    return simplify(Mapper(probe).run()), probe, ""


def tolerance(outputs):
    """float32 against double: 1e-4 of the largest output, at least 1e-4 for outputs of size one."""
    return 1e-4 * max([1.0] + [float(abs(y).max()) for y in outputs if y.size])


def convert(path, options):
    model = onnx_model.load(path, options.fix, options.freeze)
    graph, probe, note = to_graph(model, options.batch)
    known = published(model)
    if demucs.is_it(model):
        demucs.wrap(graph)
        x, y = demucs.golden(model)
        known = demucs.META
    else:
        x, y = probe.golden()
    if not all(np.isfinite(v).all() for v in y):
        raise InputError("%s: the network's output is not finite for a plain noise input" % path)
    bundle = Bundle(graph, {
        "name": os.path.splitext(os.path.basename(path))[0], "kind": "network", "score": "real", "frontend": "none",
        "source": "%s (ONNX opset %d%s)" % (os.path.basename(path), model.opset,
                                            ", " + model.producer if model.producer else ""), **known})
    bundle.golden(x, y, tolerance(y), "numpy evaluation of the ONNX graph, double precision")
    bundle.note = note
    return bundle


def parse_dims(text):
    """NAME=1x2x3 -> (name, [1, 2, 3]); a dimension may be 'free'."""
    name, eq, dims = text.rpartition("=")
    try:
        out = ["batch" if d in ("free", "?", "-1") else int(d) for d in dims.split("x")]
    except ValueError:
        out = []
    if not eq or not out or any(isinstance(d, int) and d < 1 for d in out):
        raise UsageError("--fix-input %s: write NAME=AxBxC, for example input=1x1x16000" % text)
    return name, out


def parse_freeze(text):
    """NAME=VALUE (an integer, a real, or a .npy file) -> (name, array)."""
    name, eq, value = text.rpartition("=")
    if not eq:
        raise UsageError("--freeze %s: write NAME=VALUE or NAME=FILE.npy" % text)
    if value.endswith(".npy"):
        try:
            return name, np.load(value, allow_pickle=False)
        except (OSError, ValueError) as e:
            raise InputError("%s: not a readable .npy (%s)" % (value, e)) from e
    try:
        return name, np.array(int(value), np.int64)
    except ValueError:
        pass
    try:
        return name, np.array(float(value), np.float32)
    except ValueError:
        raise UsageError("--freeze %s: '%s' is neither a number nor a .npy file" % (text, value)) from None
