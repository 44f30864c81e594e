"""The command: options, choosing a converter by what the file is, and writing the result whole or not at all."""

import argparse
import os
import sys

import numpy as np

from . import VERSION, aus, tensors
from . import meta as metadata
from .errors import ConvertError, InputError, UsageError

EPILOG = """examples:
  auscult-convert MTT_musicnn.h5 -o mtt.aus                       a published tagger: everything is known
  auscult-convert net.onnx -o net.aus --frontend waveform --rate 16000 --labels tags.txt --score sigmoid
  auscult-convert weights.safetensors --arch mynet.py -o my.aus   your own network: a Python file with build()

exit status: 0 done, 1 failed while running, 2 bad usage, 3 unreadable, invalid or unsupported input.
See docs/convert.md."""


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(message + " (see --help)")


def parser():
    p = _Parser(prog="auscult-convert", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
                description="Converts a neural network of another framework to an .aus bundle for auscult.")
    p.add_argument("input", metavar="INPUT", help="model file: .onnx; .h5 (musicnn, vgg); .index (Spleeter); .pth (SMC-2020 taggers); "
                   ".safetensors, .npz or .pth with --arch FILE")
    p.add_argument("-o", "--output", metavar="OUT.aus", required=True, help="file to write, whole or not at all")
    p.add_argument("--force", action="store_true", help="replace OUT.aus when it exists")
    p.add_argument("-q", "--quiet", action="store_true", help="say nothing when all went well")
    p.add_argument("--version", action="version", version="auscult-convert " + VERSION)
    g = p.add_argument_group("published taggers, and networks of your own from tensors")
    g.add_argument("--arch", metavar="ARCH", help="fcn, crnn, musicnn, short or stems (default: recognised); or FILE.py "
                   "or FILE.json that describes your own")
    g.add_argument("--pooling", choices=["graph", "package"], default="graph",
                   help="MSD_vgg: pooling of the graph that was trained (default) or of the musicnn package")
    g = p.add_argument_group("ONNX")
    g.add_argument("--fix-input", metavar="NAME=AxBxC", action="append", default=[],
                   help="fix an input's dimensions ('free' leaves one to the batch), once per input")
    g.add_argument("--freeze", metavar="NAME=VALUE", action="append", default=[],
                   help="make an input a constant: a number or a .npy file, once per input")
    g.add_argument("--batch", choices=["auto", "free", "1"], default="auto",
                   help="auto (default): free when the network allows it, else 1")
    g = p.add_argument_group("what the network is (defaults: what is published with it; for others: a bare network)")
    g.add_argument("--kind", help="classifier, separator or network (default: classifier when labels are given)")
    g.add_argument("--labels", metavar="FILE", help="class or stem names, one a line")
    g.add_argument("--score", help="what the first output is: sigmoid, softmax or real (default: real)")
    g.add_argument("--append", choices=["sigmoid", "softmax"], help="append this to the first output (it gives logits)")
    g.add_argument("--frontend", metavar="FRONTEND", help="waveform, mel, none, or FILE.json of metadata keys")
    g.add_argument("--rate", metavar="HZ", help="sample rate the network was trained at")
    g.add_argument("--short", help="input shorter than one patch: repeat or zero (default: zero)")
    g.add_argument("--tail", help="what is left after the last whole patch: drop, pad or overlap (default: pad)")
    g.add_argument("--input-stems", metavar="A,B,C", help="the input's channels are these stems, in this order")
    g.add_argument("--meta", metavar="KEY=VALUE", action="append", help="any metadata key of docs/format.md")
    g.add_argument("--name", help="name in the bundle (default: the model's or the file's)")
    g.add_argument("--licence", help="licence of the weights, for people")
    g.add_argument("--source", help="where the weights come from, for people")
    return p


def read_labels(path):
    try:
        with open(path, encoding="utf-8") as f:
            labels = [line.strip() for line in f if line.strip()]
    except (OSError, UnicodeDecodeError) as e:
        raise InputError("%s: cannot read labels (%s)" % (path, getattr(e, "strerror", None) or "not UTF-8")) from e
    if not labels:
        raise InputError("%s: no labels in it" % path)
    return labels


def convert(options):
    path = options.input
    try:
        with open(path, "rb") as f:
            head = f.read(16)
    except OSError as e:
        raise InputError("%s: %s" % (path, e.strerror)) from e
    if not head:
        raise InputError("%s: the file is empty" % path)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        from . import musicnn
        return musicnn.convert(path, options)
    if path.endswith(".index"):
        from . import spleeter
        return spleeter.convert(path, options)
    if path.lower().endswith(".onnx"):
        from . import onnx_convert
        options.fix = dict(map(onnx_convert.parse_dims, options.fix_input))
        options.freeze = dict(map(onnx_convert.parse_freeze, options.freeze))
        return onnx_convert.convert(path, options)
    return from_tensors(path, tensors.read(path, head), options)


def from_tensors(path, named, options):
    """A file of named tensors needs an architecture: recognised, or given with --arch."""
    from . import arch, smc
    if options.arch and options.arch.endswith((".py", ".json")):
        return arch.convert(path, named, options)
    kind = options.arch or smc.recognise(named)
    if kind in smc.BUILD:
        return smc.convert(path, named, kind, options)
    if options.arch:
        raise UsageError("--arch %s: a FILE.py, a FILE.json, or one of %s" % (options.arch, ", ".join(smc.BUILD)))
    raise UsageError("%s: %d tensors, but no architecture that is known here; give one with --arch (docs/convert.md)"
                     % (path, len(named)))


def append(bundle, kind):
    """A sigmoid or softmax behind the first output, in the graph and in the golden vector."""
    g, t = bundle.graph, bundle.tensors
    name = bundle.meta["golden.output"]
    y = t[name].astype(float)
    if kind == "sigmoid":
        g.outputs[0] = g.op("sigmoid", g.outputs[0], out=g.fresh("score"))
        y = 1 / (1 + np.exp(-y))
    else:
        g.outputs[0] = g.op("softmax", g.outputs[0], out=g.fresh("score"), axis=y.ndim - 1)
        e = np.exp(y - y.max(axis=-1, keepdims=True))
        y = e / e.sum(axis=-1, keepdims=True)
    t[name] = y.astype(np.float32)
    bundle.meta["score"] = kind


def run(argv):
    options = parser().parse_args(argv)
    given = metadata.from_options(options)
    if os.path.exists(options.output) and not options.force:
        raise ConvertError("%s exists; --force replaces it" % options.output)
    options.labels = read_labels(options.labels) if options.labels else None
    bundle = convert(options)
    if options.append:
        append(bundle, options.append)
    y = bundle.tensors[bundle.meta["golden.output"]]
    metadata.complete(bundle.meta, {**bundle.given, **given}, options.labels, bundle.graph.inputs[0][1],
                      y.shape[-1] if y.ndim == 2 else None)
    size = aus.write(options.output, bundle.meta, bundle.tensors, bundle.graph, options.force)
    if bundle.note and not options.quiet:
        print("note: " + bundle.note, file=sys.stderr)
    if not options.quiet:
        g = bundle.graph
        print("%s: %s, %d nodes, %d parameters, %d bytes" % (options.output, bundle.meta.get("name", ""), len(g.nodes),
                                                           sum(a.size for a in g.params.values()), size))


def main(argv=None):
    try:
        run(sys.argv[1:] if argv is None else argv)
        return 0
    except ConvertError as e:
        print("auscult-convert: " + str(e).replace("\n", " "), file=sys.stderr)
        return e.code
    except KeyboardInterrupt:
        print("auscult-convert: interrupted", file=sys.stderr)
        return 1
    except MemoryError:
        print("auscult-convert: out of memory", file=sys.stderr)
        return 1
    except Exception as e:                                    # a fault of ours: one line; the trace on request
        if os.environ.get("AUSCULT_DEBUG"):
            raise
        print("auscult-convert: internal error: %s: %s (AUSCULT_DEBUG=1 shows where)"
              % (type(e).__name__, str(e).split("\n")[0]), file=sys.stderr)
        return 1
