"""The .aus file (docs/format.md, version 1): a strict writer and a strict reader of the same words.

A bundle in Python is  meta {key: str | int | float | [str] | [float] | [int]},  tensors {name: float32/float16/int32
array},  graph (a Graph, or None).  write(bytes) is deterministic: the same bundle gives the same bytes.
"""

import os
import struct
import tempfile
import zlib

import numpy as np

from .errors import ConvertError, InputError
from .graph import Graph, Node
from .opsdef import BY_CODE

MAGIC = b"\x89AUS\r\n\x1a\n"
ABSENT = 0xffffffff
_DTYPES = {np.dtype(np.float32): 1, np.dtype(np.float16): 2, np.dtype(np.int32): 3}
_NUMPY = {1: np.dtype("<f4"), 2: np.dtype("<f2"), 3: np.dtype("<i4")}


def align(n, to=64):
    return (n + to - 1) // to * to


# ---- writing ----------------------------------------------------------------------------------------------------

class _Strings:
    """STRS: each string once; offset 0 is ""."""

    def __init__(self):
        self.blob, self.at = bytearray(b"\0"), {"": 0}

    def add(self, s):
        if "\0" in s:
            raise ConvertError("a name or text holds a NUL character")
        if s not in self.at:
            self.at[s] = len(self.blob)
            self.blob += s.encode("utf-8") + b"\0"
        return self.at[s]


def _meta_entry(strings, key, v, lists, base):
    """(type, n, value): list payloads are appended to lists, whose first byte lies base bytes into the section."""
    if isinstance(v, str):
        return 1, 1, strings.add(v)
    if isinstance(v, (bool, int, np.integer)):
        return 2, 1, int(v) & (2**64 - 1)
    if isinstance(v, (float, np.floating)):
        return 3, 1, struct.unpack("<Q", struct.pack("<d", float(v)))[0]
    v = list(v)
    if not v:
        raise ConvertError("metadata '%s' is an empty list" % key)
    while len(lists) % 8:
        lists.append(0)
    where = base + len(lists)
    if all(isinstance(x, str) for x in v):
        lists += struct.pack("<%dI" % len(v), *[strings.add(x) for x in v])
        return 4, len(v), where
    if all(isinstance(x, (int, np.integer)) for x in v):
        lists += struct.pack("<%dq" % len(v), *v)
        return 6, len(v), where
    lists += struct.pack("<%dd" % len(v), *v)
    return 5, len(v), where


def _meta_section(strings, meta):
    keys = sorted(meta, key=lambda k: k.encode("utf-8"))
    base, lists, entries = 8 + 24 * len(keys), bytearray(), b""
    for key in keys:
        kind, n, value = _meta_entry(strings, key, meta[key], lists, base)
        entries += struct.pack("<IIIIQ", strings.add(key), kind, n, 0, value)
    return struct.pack("<II", len(keys), 0) + entries + bytes(lists)


def _tensor_payload(name, array):
    a = np.ascontiguousarray(array)
    if a.dtype not in _DTYPES:
        raise ConvertError("tensor '%s' is %s; float32, float16 and int32 can be stored" % (name, a.dtype))
    if a.ndim > 6:
        raise ConvertError("tensor '%s' has %d dimensions; 6 can be stored" % (name, a.ndim))
    if a.dtype.kind == "f" and not np.isfinite(a).all():
        raise ConvertError("tensor '%s' holds NaN or infinity" % name)
    return a.astype(a.dtype.newbyteorder("<"), copy=False).tobytes()


def _tensor_section(strings, tensors, data_offset):
    """(TENS, DATA): payload offsets count from the start of the file."""
    entries, data = b"", bytearray()
    for name, array in tensors.items():
        payload = _tensor_payload(name, array)
        data += b"\0" * (align(len(data)) - len(data))
        dims = list(array.shape) + [1] * (6 - array.ndim)
        entries += struct.pack("<III6IIQQQ", strings.add(name), _DTYPES[array.dtype], array.ndim, *dims,
                               zlib.crc32(payload), data_offset + len(data), len(payload), 0)
        data += payload
    return struct.pack("<II", len(tensors), 0) + entries, bytes(data)


def _graph_section(strings, graph, tensor_index):
    values, index = [], {}

    def add(name, kind, tensor, dims):
        index[name] = len(values)
        rank = len(dims)
        values.append(struct.pack("<IIIi6i", strings.add(name), kind, tensor, rank, *dims, *[1] * (6 - rank)))

    for name, dims in graph.inputs:
        add(name, 1, 0, dims)
    for name, a in graph.params.items():
        add(name, 2, tensor_index[name], a.shape)
    for node in graph.nodes:
        for o in node.outputs:
            add(o, 0, 0, [])
    pool, words, nodes = [], [], []
    for node in graph.nodes:
        at_in = len(pool)
        pool += [ABSENT if i is None else index[i] for i in node.inputs]
        at_out = len(pool)
        pool += [index[o] for o in node.outputs]
        nodes.append(struct.pack("<IIIIIIIHH", node.op.code, strings.add(node.name), at_in, len(node.inputs), at_out,
                                 len(node.outputs), len(words), len(node.words), 0))
        words += node.words
    ins, outs = [index[n] for n, _ in graph.inputs], [index[n] for n in graph.outputs]
    head = struct.pack("<8I", len(values), len(nodes), len(ins), len(outs), len(pool), len(words), 0, 0)
    tail = ins + outs + pool + words
    return head + b"".join(values) + b"".join(nodes) + struct.pack("<%dI" % len(tail), *tail)


def to_bytes(meta, tensors, graph=None):
    """The whole file. Parameters of the graph come first among the tensors, under their own names."""
    tensors = dict(tensors)
    if graph is not None:
        clash = set(graph.params) & set(tensors)
        if clash:
            raise ConvertError("tensor '%s' is also a parameter of the graph" % sorted(clash)[0])
        tensors = {**graph.params, **tensors}
    tensor_index = {name: i for i, name in enumerate(tensors)}
    strings = _Strings()
    sections = [("META", _meta_section(strings, meta))]
    if graph is not None:
        sections.append(("GRPH", _graph_section(strings, graph, tensor_index)))
    tens, _ = _tensor_section(strings, tensors, 0)       # sizes first; offsets once the table's place is known
    sections += [("TENS", tens), ("STRS", bytes(strings.blob)), ("DATA", b"")]
    offset, places = align(64 + 32 * len(sections)), []
    for name, blob in sections:
        places.append(offset)
        offset = align(offset + len(blob))
    tens, data = _tensor_section(strings, tensors, places[-1])
    sections = [(n, tens if n == "TENS" else data if n == "DATA" else b) for n, b in sections]
    table = b"".join(struct.pack("<4sIQQII", n.encode(), 1, at, len(b), 0 if n == "DATA" else zlib.crc32(b), 0)
                     for (n, b), at in zip(sections, places))
    size = places[-1] + len(data)
    head = MAGIC + struct.pack("<HHIQIIQI", 1, 0, 0x01020304, size, len(sections), 0, 64, zlib.crc32(table)) + b"\0" * 16
    out = bytearray(head + struct.pack("<I", zlib.crc32(head)) + table)
    for (_, b), at in zip(sections, places):
        out += b"\0" * (at - len(out)) + b
    return bytes(out)


def write(path, meta, tensors, graph=None, force=False):
    """Whole or not at all: a temporary file in the same folder, synced, then renamed (linked when it may not replace)."""
    blob = to_bytes(meta, tensors, graph)
    folder = os.path.dirname(os.path.abspath(path))
    try:
        fd, temp = tempfile.mkstemp(prefix=".aus-", suffix=".part", dir=folder)
    except OSError as e:
        raise ConvertError("cannot write in %s: %s" % (folder, e.strerror)) from e
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(blob)
            f.flush()
            os.fsync(f.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temp, 0o666 & ~umask)
        if force:
            os.replace(temp, path)
        else:
            os.link(temp, path)
            os.unlink(temp)
    except FileExistsError:
        os.unlink(temp)
        raise ConvertError("%s exists; --force replaces it" % path) from None
    except BaseException as e:
        if os.path.exists(temp):
            os.unlink(temp)
        if isinstance(e, OSError):
            raise ConvertError("cannot write %s: %s" % (path, e.strerror)) from e
        raise
    return len(blob)


# ---- reading ----------------------------------------------------------------------------------------------------

def _need(ok, what):
    if not ok:
        raise InputError("not a valid .aus file: " + what)


def _sections(b):
    _need(len(b) >= 64 and b[:8] == MAGIC, "wrong magic")
    major, _, tag, size, n, zero, at, crc = struct.unpack("<HHIQIIQI", b[8:44])
    _need(zlib.crc32(b[:60]) == struct.unpack("<I", b[60:64])[0], "header checksum")
    _need(major == 1 and tag == 0x01020304 and zero == 0, "another version or byte order")
    _need(size == len(b), "%d bytes where the header says %d" % (len(b), size))
    _need(n <= 64 and at == 64 and 64 + 32 * n <= len(b), "section table")
    table = b[64:64 + 32 * n]
    _need(zlib.crc32(table) == crc, "section table checksum")
    out, end = {}, 64 + 32 * n
    for i in range(n):
        name, _, offset, length, crc, zero = struct.unpack("<4sIQQII", table[32 * i:32 * i + 32])
        _need(offset % 64 == 0 and end <= offset <= offset + length <= len(b), "section %r lies outside" % name)
        _need(not any(b[end:offset]), "bytes between sections are not zero")
        blob = b[offset:offset + length]
        _need(name == b"DATA" or zlib.crc32(blob) == crc, "checksum of section %r" % name)
        out[name.decode()], end = blob, offset + length
    return out


class _Text:
    def __init__(self, blob):
        _need(blob[:1] == b"\0" and blob[-1:] == b"\0", "strings")
        self.blob = blob

    def __call__(self, at):
        _need(at < len(self.blob), "a string lies outside")
        return self.blob[at:self.blob.index(b"\0", at)].decode("utf-8")


def _read_meta(s, text):
    n, _ = struct.unpack_from("<II", s)
    meta = {}
    for i in range(n):
        key, kind, count, _, value = struct.unpack_from("<IIIIQ", s, 8 + 24 * i)
        if kind == 1:
            v = text(value)
        elif kind == 2:
            v = value - 2**64 if value >= 2**63 else value
        elif kind == 3:
            v = struct.unpack("<d", struct.pack("<Q", value))[0]
        elif kind == 4:
            v = [text(x) for x in struct.unpack_from("<%dI" % count, s, value)]
        else:
            _need(kind in (5, 6), "metadata type %d" % kind)
            v = list(struct.unpack_from("<%d%s" % (count, "d" if kind == 5 else "q"), s, value))
        meta[text(key)] = v
    _need(list(meta) == sorted(meta, key=lambda k: k.encode()) and len(meta) == n, "metadata keys are not sorted")
    return meta


def _read_tensors(s, text, whole):
    n, _ = struct.unpack_from("<II", s)
    tensors = {}
    for i in range(n):
        name, dtype, rank, *rest = struct.unpack_from("<III6IIQQQ", s, 8 + 64 * i)
        dims, (crc, at, size, _) = rest[:rank], rest[6:]
        _need(dtype in _NUMPY and rank <= 6 and at % 64 == 0 and at + size <= len(whole), "tensor entry %d" % i)
        payload = whole[at:at + size]
        _need(zlib.crc32(payload) == crc, "checksum of tensor '%s'" % text(name))
        _need(int(np.prod(dims, dtype=object)) * _NUMPY[dtype].itemsize == size, "size of tensor '%s'" % text(name))
        tensors[text(name)] = np.frombuffer(payload, _NUMPY[dtype]).reshape(dims)
    return tensors


def _read_graph(s, text, tensors):
    n_values, n_nodes, n_in, n_out, n_index, n_words, _, _ = struct.unpack_from("<8I", s)
    names, at, graph = [], 32, Graph()
    by_index = list(tensors)
    for _ in range(n_values):
        name, kind, tensor, rank, *dims = struct.unpack_from("<IIIi6i", s, at)
        names.append(text(name))
        if kind == 1:
            graph.input(names[-1], dims[:rank])
        elif kind == 2:
            graph.params[names[-1]] = tensors[by_index[tensor]]
        at += 40
    nodes_at, tail = at, at + 32 * n_nodes
    words = struct.unpack_from("<%dI" % (n_in + n_out + n_index + n_words), s, tail)
    outs, pool, attr = words[n_in:n_in + n_out], words[n_in + n_out:][:n_index], words[n_in + n_out + n_index:]
    for i in range(n_nodes):
        op, name, a, na, b, nb, w, nw, _ = struct.unpack_from("<IIIIIIIHH", s, nodes_at + 32 * i)
        _need(op in BY_CODE, "op code %d" % op)
        graph.nodes.append(Node(BY_CODE[op], text(name), [None if x == ABSENT else names[x] for x in pool[a:a + na]],
                                [names[x] for x in pool[b:b + nb]], list(attr[w:w + nw])))
    graph.outputs = [names[x] for x in outs]
    return graph


def from_bytes(b):
    """(meta, tensors, graph or None)."""
    s = _sections(b)
    _need({"META", "STRS", "TENS"} <= set(s), "a section is missing")
    try:
        text = _Text(s["STRS"])
        tensors = _read_tensors(s["TENS"], text, b)
        return (_read_meta(s["META"], text), tensors,
                _read_graph(s["GRPH"], text, tensors) if "GRPH" in s else None)
    except (struct.error, IndexError, UnicodeDecodeError) as e:
        raise InputError("not a valid .aus file: %s" % e) from e


def read(path):
    with open(path, "rb") as f:
        return from_bytes(f.read())
