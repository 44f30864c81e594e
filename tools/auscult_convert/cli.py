"""The command: options, choosing a converter by what the file is, and writing the result whole or not at all."""

import argparse
import os
import sys

from . import VERSION, aus, tensors
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
    p.add_argument("input", metavar="INPUT", help="model file: .h5 (musicnn, vgg), .pth")
    p.add_argument("-o", "--output", metavar="OUT.aus", required=True, help="file to write, whole or not at all")
    p.add_argument("--force", action="store_true", help="replace OUT.aus when it exists")
    p.add_argument("--labels", metavar="FILE", help="class names, one a line (default: those published with the model)")
    p.add_argument("--name", help="name in the bundle (default: the model's or the file's)")
    p.add_argument("--licence", help="licence of the weights, for people")
    p.add_argument("--source", help="where the weights come from, for people")
    g = p.add_argument_group("published taggers")
    g.add_argument("--arch", metavar="ARCH", help="fcn, crnn, musicnn, short or stems (default: recognised)")
    g.add_argument("--pooling", choices=["graph", "package"], default="graph",
                   help="MSD_vgg: pooling of the graph that was trained (default) or of the musicnn package")
    p.add_argument("-q", "--quiet", action="store_true", help="say nothing when all went well")
    p.add_argument("--version", action="version", version="auscult-convert " + VERSION)
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
    return from_tensors(path, tensors.read(path, head), options)


def from_tensors(path, named, options):
    """A file of named tensors needs an architecture: recognised, or given with --arch."""
    from . import smc
    arch = options.arch or smc.recognise(named)
    if options.arch and arch not in smc.BUILD:
        raise UsageError("--arch %s: not one of %s" % (arch, ", ".join(smc.BUILD)))
    if arch in smc.BUILD:
        return smc.convert(path, named, arch, options)
    raise UsageError("%s: %d tensors, but no architecture that is known here; give one with --arch (docs/convert.md)"
                     % (path, len(named)))


def run(argv):
    options = parser().parse_args(argv)
    if os.path.exists(options.output) and not options.force:
        raise ConvertError("%s exists; --force replaces it" % options.output)
    options.labels = read_labels(options.labels) if options.labels else None
    bundle = convert(options)
    for key in ("name", "licence", "source"):
        if getattr(options, key):
            bundle.meta[key] = getattr(options, key)
    size = aus.write(options.output, bundle.meta, bundle.tensors, bundle.graph, options.force)
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
