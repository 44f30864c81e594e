"""Files of named tensors -> {name: numpy array}: safetensors (read here, strictly), .npz and .npy (numpy, no pickles),
.pth/.pt/.bin of torch (its own loader)."""

import json
import os
import struct

import numpy as np

from .errors import InputError, UsageError

_SAFE = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1",
         "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?", "BF16": "<u2"}
_HEADER_LIMIT = 100 << 20


def _no_duplicates(pairs):
    keys = [k for k, _ in pairs]
    if len(set(keys)) != len(keys):
        raise InputError("duplicate key '%s'" % next(k for k in keys if keys.count(k) > 1))
    return dict(pairs)


def _is_size(v):
    return isinstance(v, int) and not isinstance(v, bool) and v >= 0


def _safe_entry(name, entry, data):
    """(begin, end, array) of one tensor; every claim of the header is checked before it is used."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise InputError("tensor '%s': needs exactly dtype, shape and data_offsets" % name)
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in _SAFE:
        raise InputError("tensor '%s': dtype %s is not supported" % (name, dtype))
    if not isinstance(shape, list) or len(shape) > 32 or not all(map(_is_size, shape)):
        raise InputError("tensor '%s': bad shape" % name)
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_size, offsets)):
        raise InputError("tensor '%s': bad data_offsets" % name)
    (b, e), t = offsets, np.dtype(_SAFE[dtype])
    count = 1
    for n in shape:
        count *= n
    if not b <= e <= len(data) or e - b != count * t.itemsize:
        raise InputError("tensor '%s': data_offsets %d to %d do not fit its shape and the file" % (name, b, e))
    a = np.frombuffer(data[b:e], t).reshape(shape)
    if dtype == "BF16":
        a = (a.astype(np.uint32) << 16).view(np.float32)
    return b, e, a


def read_safetensors(path):
    with open(path, "rb") as f:
        blob = f.read()
    try:
        if len(blob) < 8:
            raise InputError("shorter than 8 bytes")
        n, = struct.unpack("<Q", blob[:8])
        if n > _HEADER_LIMIT or 8 + n > len(blob):
            raise InputError("header of %d bytes does not fit the file" % n)
        head = blob[8:8 + n]
        if head[:1] != b"{":
            raise InputError("the header does not begin with '{'")
        header = json.loads(head.decode("utf-8"), object_pairs_hook=_no_duplicates)
        header.pop("__metadata__", None)
        data = memoryview(blob)[8 + n:]
        entries = {name: _safe_entry(name, e, data) for name, e in header.items()}
        at = 0
        for name, (b, e, _) in sorted(entries.items(), key=lambda kv: kv[1][:2]):
            if b != at:
                raise InputError("tensor '%s' leaves a gap or overlaps another" % name)
            at = e
        if at != len(data):
            raise InputError("%d bytes after the last tensor" % (len(data) - at))
    except (InputError, ValueError, RecursionError) as e:
        raise InputError("%s: not a valid safetensors file: %s" % (path, e)) from e
    return {name: a for name, (_, _, a) in entries.items()}


def read_npz(path):
    try:
        with np.load(path, allow_pickle=False) as z:
            return {k: z[k] for k in z.files}
    except (ValueError, OSError, KeyError, EOFError, NotImplementedError, RuntimeError) as e:
        raise InputError("%s: not a readable .npz of plain arrays (%s)" % (path, e)) from e
    except Exception as e:                                  # zipfile and zlib have error types of their own
        raise InputError("%s: not a readable .npz (%s)" % (path, e)) from e


def unwrap(obj):
    """The state dict inside what torch.load gave: bare, or under a usual key; 'module.' prefixes are dropped."""
    for key in ("state_dict", "model_state_dict", "model", "net"):
        if isinstance(obj, dict) and isinstance(obj.get(key), dict):
            obj = obj[key]
            break
    if hasattr(obj, "state_dict"):
        obj = obj.state_dict()
    if not isinstance(obj, dict) or not obj or not all(hasattr(v, "detach") for v in obj.values()):
        raise InputError("no state dict of tensors in it")
    arrays = {str(k): v.detach().cpu() for k, v in obj.items()}
    if all(k.startswith("module.") for k in arrays):
        arrays = {k[7:]: v for k, v in arrays.items()}
    return {k: (v.float() if str(v.dtype) == "torch.bfloat16" else v).numpy() for k, v in arrays.items()}


def read_torch(path):
    """torch.load, torch's own loader. It runs the pickle: only open files whose origin you trust (docs/convert.md)."""
    try:
        import inspect

        import torch
    except ImportError as e:
        raise UsageError("reading .pth needs torch (Debian: python3-torch)") from e
    more = {"weights_only": True} if "weights_only" in inspect.signature(torch.load).parameters else {}
    try:
        return unwrap(torch.load(path, map_location="cpu", **more))
    except InputError as e:
        raise InputError("%s: %s" % (path, e)) from e
    except Exception as e:                                   # the loader raises whatever the pickle made it raise
        raise InputError("%s: torch cannot load it (%s)" % (path, str(e).split("\n")[0])) from e


def read(path, head):
    """By content first, then by name."""
    name = os.path.basename(path).lower()
    if name.endswith(".safetensors"):
        return read_safetensors(path)
    if name.endswith(".npz"):
        return read_npz(path)
    if name.endswith((".pth", ".pt", ".bin", ".ckpt")):
        return read_torch(path)
    raise InputError("%s: not a file of tensors this converter knows (.safetensors, .npz, .pth)" % path)
