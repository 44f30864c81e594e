"""The .aus writer and reader: every kind of entry survives, every damaged byte is seen, output appears whole or not."""

import os
import tempfile
import unittest

import numpy as np

from helpers import tool
from auscult_convert import aus
from auscult_convert.errors import ConvertError, InputError
from auscult_convert.graph import Graph

META = {"name": "n", "int": -5, "real": 0.25, "strings": ["a", "", "ü"], "reals": [1.5, -2.0], "ints": [1, -2**40],
        "aa": "sorted?"}


def small():
    g = Graph()
    x = g.input("x", [-1, 3])
    y = g.op("linear", [x, g.param("w", np.arange(6.0).reshape(2, 3))], out="y")
    g.op("clip", y, out="z", min=-1.5, max=2)
    g.op("lstm", ["x", "w", "w", None, "x"], out=["a", "b", "c"], hidden=2, batch_first=1)
    g.output("z")
    return g


class Aus(unittest.TestCase):
    def test_round_trip(self):
        t = {"half": np.float16([[1, 2.5]]), "int": np.int32([7]), "scalar": np.float32(3.0).reshape(())}
        meta, tensors, g = aus.from_bytes(aus.to_bytes(META, t, small()))
        self.assertEqual(meta, META)
        for k, v in t.items():
            np.testing.assert_array_equal(tensors[k], v)
            self.assertEqual(tensors[k].dtype, v.dtype)
        self.assertEqual([(n.op.name, n.inputs, n.outputs, n.words) for n in g.nodes],
                         [(n.op.name, n.inputs, n.outputs, n.words) for n in small().nodes])
        self.assertEqual((g.inputs, g.outputs), ([("x", [-1, 3])], ["z"]))
        self.assertIsNone(g.nodes[2].inputs[3])

    def test_same_bytes_twice(self):
        self.assertEqual(aus.to_bytes(META, {}, small()), aus.to_bytes(META, {}, small()))

    def test_layout(self):
        b = aus.to_bytes(META, {"t": np.ones(5, np.float32)}, small())
        self.assertEqual(int.from_bytes(b[16:24], "little"), len(b))
        at = b.rindex(np.ones(5, "<f4").tobytes())
        self.assertEqual(at % 64, 0)

    def test_every_flipped_byte_is_refused(self):
        b = aus.to_bytes(META, {"t": np.ones(5, np.float32)}, small())
        for i in range(len(b)):
            bad = bytearray(b)
            bad[i] ^= 0x40
            try:
                aus.from_bytes(bytes(bad))
            except InputError:
                continue
            at_data = i >= len(b) - 64 * 2         # padding inside DATA carries no checksum
            self.assertTrue(at_data and b[i] == 0, "byte %d of %d" % (i, len(b)))

    def test_truncated(self):
        b = aus.to_bytes(META, {}, small())
        for n in range(0, len(b), 7):
            with self.assertRaises(InputError):
                aus.from_bytes(b[:n])

    def test_refuses_what_cannot_be_stored(self):
        g = Graph()
        with self.assertRaises(ConvertError):
            g.param("w", [np.nan])
        with self.assertRaises(ConvertError):
            g.op("relu", "nothing")
        with self.assertRaises(ConvertError):
            g.op("no_such_op", [])
        x = g.input("x", [2])
        with self.assertRaises(ConvertError):
            g.op("elu", x, slope=1)
        with self.assertRaises(ConvertError):
            g.op("add", [x])
        with self.assertRaises(ConvertError):
            aus.to_bytes({}, {"d": np.zeros(3)})

    def test_prune(self):
        g = small()
        g.prune()
        self.assertEqual([n.op.name for n in g.nodes], ["linear", "clip"])


class Command(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.out = os.path.join(self.dir.name, "out.aus")

    def path(self, name, data):
        p = os.path.join(self.dir.name, name)
        with open(p, "wb") as f:
            f.write(data)
        return p

    def refused(self, code, *args):
        rc, out, err = tool(*args)
        self.assertEqual((rc, out), (code, ""))
        self.assertRegex(err, r"\Aauscult-convert: [^\n]+\n\Z")
        self.assertFalse(os.path.exists(self.out))
        self.assertFalse([f for f in os.listdir(self.dir.name) if f.endswith(".part")])

    def test_help_and_version(self):
        rc, out, _ = tool("--help")
        self.assertEqual(rc, 0)
        self.assertIn("exit status", out)
        self.assertEqual(tool("--version")[0], 0)

    def test_bad_usage(self):
        self.refused(2)
        self.refused(2, "x.h5")
        self.refused(2, "x.h5", "-o", self.out, "--no-such-option")

    def test_bad_input(self):
        self.refused(3, os.path.join(self.dir.name, "missing.h5"), "-o", self.out)
        self.refused(3, self.dir.name, "-o", self.out)
        self.refused(3, self.path("empty.h5", b""), "-o", self.out)
        self.refused(3, self.path("junk.h5", b"junk" * 100), "-o", self.out)
        self.refused(3, self.path("cut.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 50), "-o", self.out)

    def test_existing_output_is_kept(self):
        keep = self.path("out.aus", b"keep")
        rc, _, err = tool(self.path("a.h5", b"\x89HDF\r\n\x1a\n"), "-o", keep)
        self.assertEqual(rc, 1)
        self.assertIn("--force", err)
        with open(keep, "rb") as f:
            self.assertEqual(f.read(), b"keep")
