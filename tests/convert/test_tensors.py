"""Files of named tensors: what is written is read, and every malformed header is refused with a reason."""

import json
import os
import struct
import tempfile
import unittest

import numpy as np

from helpers import module
from auscult_convert import tensors
from auscult_convert.errors import InputError


def safe(header, data, pad=b""):
    text = (header if isinstance(header, str) else json.dumps(header)).encode() + pad
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype="F32", shape=(2,), at=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(at)}


class Tensors(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def path(self, name, blob):
        p = os.path.join(self.dir.name, name)
        with open(p, "wb") as f:
            f.write(blob)
        return p

    def test_safetensors(self):
        a, h = np.float32([[1, 2, 3]]), np.float16([0.5, 0.25])
        bf = np.uint16([0x3f80, 0xc000])                                        # 1, -2
        header = {"__metadata__": {"k": "v"}, "a": entry("F32", (1, 3), (0, 12)), "h": entry("F16", (2,), (12, 16)),
                  "b": entry("BF16", (2,), (16, 20)), "none": entry("F32", (0, 4), (20, 20))}
        got = tensors.read_safetensors(self.path("t.safetensors", safe(header, a.tobytes() + h.tobytes() + bf.tobytes(),
                                                                       b"   ")))
        np.testing.assert_array_equal(got["a"], a)
        np.testing.assert_array_equal(got["h"], h)
        np.testing.assert_array_equal(got["b"], np.float32([1, -2]))
        self.assertEqual(got["none"].shape, (0, 4))

    def test_safetensors_refused(self):
        d = b"\0" * 8
        bad = [b"", b"\0" * 7, struct.pack("<Q", 2**63) + b"{}", safe("[]", b""), safe("{", b""), safe(" {}", b""),
               safe({"a": entry()}, d[:4]), safe({"a": entry()}, d + d), safe({"a": entry(shape=(3,))}, d),
               safe({"a": entry(shape=(-2,))}, d), safe({"a": entry(shape=(2.0,))}, d), safe({"a": entry(at=(8, 0))}, d),
               safe({"a": entry(at=(0, 8, 8))}, d), safe({"a": entry(dtype="F8_E4M3", shape=(8,))}, d),
               safe({"a": entry(), "b": entry()}, d), safe({"a": entry(at=(4, 12))}, d + b"\0" * 4),
               safe({"a": {"dtype": "F32"}}, d), safe({"a": 5}, d), safe({"a": entry(shape=(2**62, 2**62))}, d),
               safe('{"a":%s,"a":%s}' % (json.dumps(entry()), json.dumps(entry())), d),
               safe({"a": entry(shape=(True, 2))}, d), safe("\xff\xfe", d), safe("[" * 5000, d)]
        for i, blob in enumerate(bad):
            with self.assertRaises(InputError, msg=i):
                tensors.read_safetensors(self.path("t.safetensors", blob))

    def test_npz(self):
        p = os.path.join(self.dir.name, "t.npz")
        np.savez_compressed(p, a=np.arange(3.0), b=np.int32([[1]]))
        got = tensors.read_npz(p)
        np.testing.assert_array_equal(got["a"], np.arange(3.0))
        with open(p, "rb") as f:
            whole = f.read()
        for n in (10, len(whole) // 2):
            with self.assertRaises(InputError):
                tensors.read_npz(self.path("cut.npz", whole[:n]))
        np.savez(p, a=np.array([{}], dtype=object))
        with self.assertRaises(InputError):
            tensors.read_npz(p)

    def test_torch(self):
        torch = module("torch")
        p = os.path.join(self.dir.name, "t.pth")
        w = torch.arange(6.0).reshape(2, 3)
        for obj in ({"w": w}, {"state_dict": {"module.w": w}, "epoch": 3}, {"model": {"w": w}}):
            torch.save(obj, p)
            np.testing.assert_array_equal(tensors.read_torch(p)["w"], w.numpy())
        for obj in ([1, 2], {"w": 5}, {}):
            torch.save(obj, p)
            with self.assertRaises(InputError):
                tensors.read_torch(p)
        with self.assertRaises(InputError):
            tensors.read_torch(self.path("junk.pth", b"junk" * 10))
