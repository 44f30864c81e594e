"""TensorFlow's checkpoints (`NAME.index` beside `NAME.data-00000-of-00001`), read strictly: every checksum is checked, and whatever does
not fit is refused with a reason.

The index is a LevelDB table: blocks of sorted keys, each written as what it shares with the one before and what is new; a block of
handles to them; a footer of 48 bytes. Its values are protocol buffers: under the empty key a header, under each variable's name
dtype, shape, place and checksum of the tensor in the data file.
"""

import os
import struct

import numpy as np

from .crc32c import crc32c, mask
from .errors import InputError

MAGIC = struct.pack("<Q", 0xdb4775248b80fb57)
FOOTER = 48
MOST_INDEX = 1 << 28
DTYPES = {1: np.dtype("<f4"), 9: np.dtype("<i8")}


class Bad(Exception):
    pass


def _varint(data, at, end, bits=64):
    value = shift = 0
    while True:
        if at >= end or shift >= bits:
            raise Bad("a number runs over its end")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> bits:
                raise Bad("a number is too large")
            return value, at
        shift += 7


def fields(data):
    """[(number, wire type, value)] of a protocol buffer; groups are refused."""
    out, at, end = [], 0, len(data)
    while at < end:
        tag, at = _varint(data, at, end)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at, end)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            if at + size > end:
                raise Bad("a field is cut off")
            value, at = int.from_bytes(data[at:at + size], "little"), at + size
        elif kind == 2:
            size, at = _varint(data, at, end)
            if size > end - at:
                raise Bad("a field is cut off")
            value, at = data[at:at + size], at + size
        else:
            raise Bad("a field of kind %d" % kind)
        out.append((tag >> 3, kind, value))
    return out


# ---- the table -------------------------------------------------------------------------------------------

def _handle(data, at, end):
    offset, at = _varint(data, at, end)
    size, at = _varint(data, at, end)
    return offset, size, at


def _block(data, offset, size):
    if offset + size + 5 > len(data) - FOOTER:
        raise Bad("a block lies outside the file")
    body = data[offset:offset + size + 1]
    stored, = struct.unpack_from("<I", data, offset + size + 1)
    if mask(crc32c(body)) != stored:
        raise Bad("a block's checksum does not agree")
    if body[size] != 0:
        raise Bad("a block is compressed, which checkpoints' are not")
    return body[:size]


def _entries(block):
    """[(key, value)] in order, with the restart points checked."""
    if len(block) < 4:
        raise Bad("a block is too short")
    restarts, = struct.unpack_from("<I", block, len(block) - 4)
    end = len(block) - 4 - 4 * restarts
    if restarts < 1 or end < 0:
        raise Bad("a block's restart points do not fit")
    points = struct.unpack_from("<%dI" % restarts, block, end)
    out, at, key, starts = [], 0, b"", {}
    while at < end:
        starts[at] = True
        begin = at
        shared, at = _varint(block, at, end, 32)
        fresh, at = _varint(block, at, end, 32)
        size, at = _varint(block, at, end, 32)
        if shared > len(key) or fresh + size > end - at:
            raise Bad("an entry does not fit")
        if shared and begin in points:
            raise Bad("a restart point is in the middle of a key")
        new = key[:shared] + block[at:at + fresh]
        if out and new <= key:
            raise Bad("keys are not in order")
        key, at = new, at + fresh
        out.append((key, block[at:at + size]))
        at += size
    if any(p not in starts and not (p == 0 and end == 0) for p in points) or (end and points[0] != 0):
        raise Bad("a restart point points nowhere")
    return out


def table(data):
    """[(key, value)] of a whole table."""
    if len(data) < FOOTER or data[-8:] != MAGIC:
        raise Bad("no LevelDB table: its last bytes are not the magic number")
    footer = data[-FOOTER:]
    offset, size, at = _handle(footer, 0, 40)
    _entries(_block(data, offset, size))                                   # the meta index: nothing in it matters
    offset, size, at = _handle(footer, at, 40)
    out = []
    for key, value in _entries(_block(data, offset, size)):
        o, n, at = _handle(value, 0, len(value))
        entries = _entries(_block(data, o, n))
        if out and entries and entries[0][0] <= out[-1][0]:
            raise Bad("blocks are not in order")
        if entries and entries[-1][0] > key:
            raise Bad("a block holds keys beyond its place in the index")
        out += entries
    return out


# ---- the bundle --------------------------------------------------------------------------------------------

def _header(value):
    shards = 0
    for number, kind, v in fields(value):
        if number == 1 and kind == 0:
            shards = v
        elif number == 2 and v != 0:
            raise Bad("numbers are not little-endian")
    if shards != 1:
        raise Bad("%d data files; one is read" % shards)


def _shape(value):
    dims = []
    for number, kind, v in fields(value):
        if number == 2 and kind == 2:
            size = [x for n, k, x in fields(v) if n == 1 and k == 0]
            dims.append(size[-1] if size else 0)
            if dims[-1] >= 1 << 40:
                raise Bad("a dimension of %d" % dims[-1])
        elif number == 3 and v:
            raise Bad("a tensor of unknown rank")
    return dims


def _entry(name, value):
    dtype = offset = size = 0
    shape, crc = [], None
    for number, kind, v in fields(value):
        if number == 1 and kind == 0:
            dtype = v
        elif number == 2 and kind == 2:
            shape = _shape(v)
        elif number == 3 and v:
            raise Bad("%s lies in data file %d" % (name, v))
        elif number == 4 and kind == 0:
            offset = v
        elif number == 5 and kind == 0:
            size = v
        elif number == 6 and kind == 5:
            crc = v
        elif number == 7:
            raise Bad("%s is cut into slices" % name)
    if dtype not in DTYPES:
        raise Bad("%s has element type %d; float32 and int64 are read" % (name, dtype))
    count = 1
    for d in shape:
        count *= d
    if size != count * DTYPES[dtype].itemsize:
        raise Bad("%s of shape %s has %d bytes" % (name, shape, size))
    if crc is None:
        raise Bad("%s has no checksum" % name)
    return DTYPES[dtype], shape, offset, size, crc


def _tensor(name, entry, data):
    dtype, shape, offset, size, crc = entry
    if offset + size > len(data):
        raise Bad("%s lies beyond the end of the data file" % name)
    raw = data[offset:offset + size]
    if mask(crc32c(raw)) != crc:
        raise Bad("the checksum of %s does not agree with the data file" % name)
    return np.frombuffer(raw, dtype=dtype).reshape(shape)


def _read(path, most):
    try:
        if os.path.getsize(path) > most:
            raise InputError("%s: %d bytes are too many" % (path, os.path.getsize(path)))
        with open(path, "rb") as f:
            return f.read()
    except OSError as e:
        raise InputError("%s: %s" % (path, e.strerror)) from e


def _parse(index, data):
    entries = table(index)
    if not entries or entries[0][0] != b"":
        raise Bad("no header: this is a LevelDB table, but not a checkpoint's")
    _header(entries[0][1])
    out, places = {}, []
    for key, value in entries[1:]:
        try:
            name = key.decode("utf-8")
        except UnicodeDecodeError:
            raise Bad("a name is not UTF-8") from None
        entry = _entry(name, value)
        places.append((entry[2], entry[2] + entry[3], name))
        out[name] = _tensor(name, entry, data)
    places.sort()
    for a, b in zip(places, places[1:]):
        if b[0] < a[1]:
            raise Bad("%s and %s share bytes" % (a[2], b[2]))
    return out


def read(path):
    """{name: array} of NAME.index and its data file."""
    if not path.endswith(".index"):
        raise InputError("%s: give the .index file of a TensorFlow checkpoint" % path)
    index = _read(path, MOST_INDEX)
    data = _read(path[:-len(".index")] + ".data-00000-of-00001", 1 << 34)
    try:
        return _parse(index, data)
    except Bad as e:
        raise InputError("%s: %s" % (path, e)) from e
