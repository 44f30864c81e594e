"""An ONNX file as plain Python: nodes, initialisers as numpy arrays, inputs with free dimensions named.

Refused here, by name: external data (a path inside a file is not opened), custom operators, functions, sparse
initialisers, opsets above 18 (9 to 17 are promised; older ones convert as far as the ONNX test vectors show).
"""

from collections import namedtuple

import numpy as np

from .errors import InputError, UsageError

Node = namedtuple("Node", "op name inputs outputs attrs")      # inputs: "" is an omitted one
Input = namedtuple("Input", "name dims dtype")                 # dims: int, or a symbol (str) when free

DOMAINS = ("", "ai.onnx")
OLDEST, NEWEST = 1, 18


class Model:
    def __init__(self, opset, nodes, inits, inputs, outputs, producer, doc=""):
        self.opset, self.nodes, self.inits, self.inputs, self.outputs = opset, nodes, inits, inputs, outputs
        self.producer, self.doc = producer, doc


def _onnx():
    try:
        import onnx
        import onnx.numpy_helper
        return onnx
    except ImportError as e:
        raise UsageError("reading .onnx needs the onnx package (Debian: python3-onnx)") from e


def to_array(t):
    """A TensorProto as numpy; external data refused."""
    onnx = _onnx()
    if t.data_location == onnx.TensorProto.EXTERNAL or t.external_data:
        raise InputError("tensor '%s' keeps its data in another file, which is not opened: embed it first "
                         "(onnx.save_model(onnx.load(path), path))" % t.name)
    if t.data_type in (onnx.TensorProto.STRING, onnx.TensorProto.BFLOAT16):
        raise InputError("tensor '%s' holds strings or bfloat16" % t.name)
    try:
        return np.array(onnx.numpy_helper.to_array(t))
    except (ValueError, TypeError, KeyError) as e:
        raise InputError("tensor '%s' cannot be read (%s)" % (t.name, e)) from e


def attributes(n):
    """{name: int | float | str | list | array | graph}"""
    onnx = _onnx()
    out = {}
    for a in n.attribute:
        v = onnx.helper.get_attribute_value(a)
        if isinstance(v, bytes):
            v = v.decode("utf-8", "replace")
        elif isinstance(v, onnx.TensorProto):
            v = to_array(v)
        elif isinstance(v, onnx.GraphProto):
            v = subgraph(v)
        elif isinstance(v, (onnx.SparseTensorProto,)):
            raise InputError("node '%s' (%s) holds a sparse tensor" % (n.name, n.op_type))
        elif not isinstance(v, (int, float)):
            v = [x.decode("utf-8", "replace") if isinstance(x, bytes) else x for x in v]
        out[a.name] = v
    return out


def _nodes(graph):
    out = []
    for i, n in enumerate(graph.node):
        if n.domain not in DOMAINS:
            raise InputError("custom operator %s.%s (node '%s'): only ONNX's own operators convert"
                             % (n.domain, n.op_type, n.name or i))
        out.append(Node(n.op_type, n.name or "%s_%d" % (n.op_type, i), list(n.input), list(n.output), attributes(n)))
    return out


def subgraph(g):
    return Model(0, _nodes(g), {t.name: to_array(t) for t in g.initializer}, [i.name for i in g.input],
                 [o.name for o in g.output], "")


def _input(v, known):
    """Input of a ValueInfoProto; a free dimension gets its symbol, or one made of its place."""
    onnx = _onnx()
    if not v.type.HasField("tensor_type"):
        raise InputError("input '%s' is not a tensor" % v.name)
    t = v.type.tensor_type
    if not t.HasField("shape"):
        raise InputError("input '%s' has no shape: give it with --fix-input %s=AxBxC" % (v.name, v.name))
    dims = []
    for i, d in enumerate(t.shape.dim):
        if d.HasField("dim_value") and d.dim_value > 0:
            dims.append(d.dim_value)
        else:
            dims.append(d.dim_param or ("batch" if i == 0 else "%s.%d" % (v.name, i)))
    dtype = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE.get(t.elem_type) if hasattr(onnx, "mapping") else \
        onnx.helper.tensor_dtype_to_np_dtype(t.elem_type)
    return Input(v.name, dims, dtype)


def load(path, fix=None, freeze=None):
    """fix: {input: dims}; freeze: {input: array} turns inputs into constants."""
    onnx = _onnx()
    try:
        proto = onnx.load_model(path, load_external_data=False)
    except Exception as e:                                    # protobuf's own errors vary by version
        raise InputError("%s: not a readable ONNX file (%s)" % (path, str(e).split("\n")[0] or type(e).__name__)) from e
    return from_proto(proto, path, fix, freeze)


def from_proto(proto, path, fix=None, freeze=None):
    opset = next((o.version for o in proto.opset_import if o.domain in DOMAINS), None)
    if opset is None or not proto.graph.node:
        raise InputError("%s: not an ONNX model (no opset or no nodes)" % path)
    if not OLDEST <= opset <= NEWEST:
        raise InputError("%s: opset %d; %d to %d convert (onnx.version_converter changes it)"
                         % (path, opset, OLDEST, NEWEST))
    if proto.functions:
        raise InputError("%s: defines functions of its own ('%s'), which do not convert"
                         % (path, proto.functions[0].name))
    g = proto.graph
    if g.sparse_initializer:
        raise InputError("%s: sparse initialisers do not convert" % path)
    inits = {t.name: to_array(t) for t in g.initializer}
    fix, freeze = dict(fix or {}), dict(freeze or {})
    inputs = []
    for v in g.input:
        if v.name in inits:
            continue
        if v.name in freeze:
            inits[v.name] = np.asarray(freeze.pop(v.name))
            continue
        if v.name in fix:
            elem = v.type.tensor_type.elem_type
            i = Input(v.name, list(fix.pop(v.name)), _onnx().mapping.TENSOR_TYPE_TO_NP_TYPE.get(elem))
            rank = len(v.type.tensor_type.shape.dim) if v.type.tensor_type.HasField("shape") else len(i.dims)
            if rank != len(i.dims):
                raise UsageError("--fix-input %s: %d dimensions where the model has %d" % (v.name, len(i.dims), rank))
        else:
            i = _input(v, inits)
        inputs.append(i)
    for name in list(fix) + list(freeze):
        raise UsageError("the model has no input '%s' (it has: %s)" % (name, ", ".join(v.name for v in g.input)))
    return Model(opset, _nodes(g), inits, inputs, [o.name for o in g.output],
                 ("%s %s" % (proto.producer_name, proto.producer_version)).strip(), proto.doc_string)
