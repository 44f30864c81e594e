"""Networks of one's own: tensors from .safetensors, .npz or .pth, and the architecture from a small file.

FILE.py defines   build(net, tensors) -> nothing;  net is layers.Layers, net.g the graph
        and may   META = {"labels": [...], "frontend": "mel", ...}         keys of docs/format.md
                  reference(tensors, inputs) -> [outputs]                   an independent forward pass for the golden
                  example(rng) -> [inputs]                                  inputs for it (default: noise)
FILE.json is a chain of layers: {"input": ["x", [-1, 1, 96, 188]], "layers": [["conv", "layer1.conv", {"pad": 1}], ["relu"], ...],
         "meta": {...}}; a layer is a method of Layers, called with the value so far, the prefix and the options.
"""

import json
import os
import runpy

import numpy as np

from . import meta as metadata
from .bundle import Bundle
from .errors import ConvertError, InputError, UsageError
from .graph import Graph
from .layers import Layers

CHAIN = ("conv linear batch_norm layer_norm relu sigmoid softmax tanh max_pool avg_pool reduce reshape transpose take "
         "gru lstm flatten").split()


def _from_json(path):
    try:
        with open(path, encoding="utf-8") as f:
            d = json.load(f)
        name, dims = d["input"]
        layers = [(item[0], item[1:]) for item in d["layers"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as e:
        raise InputError("%s: wants {\"input\": [name, dims], \"layers\": [[kind, ...], ...]} (%s)" % (path, e)) from e

    def build(net, tensors):
        x = net.g.input(name, dims)
        for i, (kind, rest) in enumerate(layers):
            if kind not in CHAIN:
                raise InputError("%s: layer %d: '%s' is not one of %s" % (path, i, kind, ", ".join(CHAIN)))
            options = rest[-1] if rest and isinstance(rest[-1], dict) else {}
            args = [r for r in rest if not isinstance(r, dict)]
            if kind == "reduce":
                args = [args[0], x] + args[1:]
            else:
                args = [x] + args
            try:
                x = getattr(net, kind)(*args, **options)
            except TypeError as e:
                raise InputError("%s: layer %d (%s): %s" % (path, i, kind, e)) from e
        net.g.output(x)

    return {"build": build, "META": d.get("meta", {})}


def _from_python(path):
    try:
        module = runpy.run_path(path)
    except Exception as e:                                    # the user's own file: anything may be raised
        raise InputError("%s: %s: %s" % (path, type(e).__name__, e)) from e
    if not callable(module.get("build")):
        raise InputError("%s: defines no build(net, tensors)" % path)
    return module


def convert(path, tensors, options):
    arch = _from_json(options.arch) if options.arch.endswith(".json") else _from_python(options.arch)
    net = Layers(Graph(), tensors)
    try:
        arch["build"](net, tensors)
    except ConvertError:
        raise
    except Exception as e:
        raise InputError("%s: build(): %s: %s" % (options.arch, type(e).__name__, e)) from e
    g = net.g
    if not g.inputs or not g.outputs:
        raise InputError("%s: build() must make an input and an output" % options.arch)
    bundle = Bundle(g, {"name": os.path.splitext(os.path.basename(path))[0], "kind": "network", "score": "real",
                        "frontend": "none", "source": os.path.basename(path)})
    given = {k: metadata.typed(k, v) for k, v in arch.get("META", {}).items()}
    bundle.given = given
    rng = np.random.Generator(np.random.PCG64(11))
    frames = int(given.get("frontend.patch_frames", given.get("frontend.patch_samples", 64)))
    x = arch["example"](rng) if "example" in arch else [
        rng.standard_normal([1 if i == 0 and d < 0 else frames if d < 0 else d for i, d in enumerate(dims)])
        .astype(np.float32) for _, dims in g.inputs]
    if "reference" in arch:
        y, source = arch["reference"](tensors, x), "reference() of %s" % os.path.basename(options.arch)
    else:
        try:
            import torch

            from . import interp
        except ImportError as e:
            raise UsageError("the golden vector needs torch, or a reference() in %s" % options.arch) from e
        y = interp.run(g, x, torch.float64)
        source = "the converter's own interpreter on this graph: proves the arithmetic, not the architecture"
    bundle.golden(x, y, 1e-4 * max([1.0] + [float(abs(np.asarray(v)).max()) for v in y]), source)
    bundle.note = "unused tensors: %s" % ", ".join(net.unused()) if net.unused() else ""
    return bundle
