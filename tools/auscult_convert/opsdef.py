"""Reads src/nn/ops.def, the single list of ops, so that no code or attribute order is written twice.

AUS_OP(code, name, "inputs", "outputs", "attributes")  ->  Op(code, name, inputs, outputs, attrs)
"""

import os
import re
from collections import namedtuple

from .errors import ConvertError

Attr = namedtuple("Attr", "kind name rest")       # kind 'i' or 'f'; rest: takes all remaining words
Op = namedtuple("Op", "code name inputs outputs attrs")

_ENTRY = re.compile(r'AUS_OP\(\s*(\d+)\s*,\s*(\w+)\s*,\s*"([^"]*)"\s*,\s*"([^"]*)"\s*,\s*"([^"]*)"\s*\)')


def _candidates():
    here = os.path.dirname(os.path.abspath(__file__))
    if os.environ.get("AUS_OPS_DEF"):
        yield os.environ["AUS_OPS_DEF"]
    yield os.path.join(here, "ops.def")                           # installed beside the package
    yield os.path.join(here, "..", "..", "src", "nn", "ops.def")  # in the source tree


def _attrs(text):
    for word in text.split():
        kind, name = word.split(":")
        yield Attr(kind[0], name, kind.endswith("*"))


def load(path=None):
    """{name: Op} of the ops.def at path, or of the first one found."""
    for candidate in [path] if path else _candidates():
        if os.path.isfile(candidate):
            with open(candidate, encoding="utf-8") as f:
                text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
            break
    else:
        raise ConvertError("ops.def not found: set AUS_OPS_DEF to src/nn/ops.def of the Auscult sources")
    ops = {}
    for code, name, inputs, outputs, attrs in _ENTRY.findall(text):
        ops[name] = Op(int(code), name, inputs.split(), outputs.split(), list(_attrs(attrs)))
    if not ops or len({op.code for op in ops.values()}) != len(ops):
        raise ConvertError("%s: no ops found, or a code is used twice" % candidate)
    return ops


OPS = load()
BY_CODE = {op.code: op for op in OPS.values()}
