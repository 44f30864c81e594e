"""Spleeter from a TensorFlow checkpoint that this test writes itself, with the true names and shapes: the table, the checksums, the U-Net
against torch (all stems), and hostile files refused in one line."""

import os
import struct
import subprocess
import tempfile
import unittest
from types import SimpleNamespace

import numpy as np

from helpers import module
from auscult_convert import spleeter, tfckpt
from auscult_convert.crc32c import crc32c, mask
from auscult_convert.errors import InputError

MAGIC = bytes.fromhex("57fb808b247547db")


# ---- writing, from the formats' descriptions -------------------------------------------------------------------

def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def entry(a, offset, crc):
    shape = b"".join(field(2, field(1, d)) for d in a.shape)
    dtype = {"float32": 1, "int64": 9}[str(a.dtype)]
    return field(1, dtype) + field(2, shape) + (field(4, offset) if offset else b"") + field(5, a.nbytes) + varint(6 << 3 | 5) + struct.pack("<I", mask(crc))


def block(items, every=16):
    out, last, points = b"", b"", []
    for i, (k, v) in enumerate(items):
        shared = 0
        if i % every == 0:
            points.append(len(out))
        else:
            while shared < min(len(k), len(last)) and k[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(k) - shared) + varint(len(v)) + k[shared:] + v
        last = k
    points = points or [0]
    return out + struct.pack("<%dI" % len(points), *points) + struct.pack("<I", len(points))


def table(items, size=1500):
    """Blocks of about `size` bytes, as LevelDB writes them."""
    data, handles, group = b"", [], []

    def put(b, kind=0):
        nonlocal data
        at = len(data)
        body = b + bytes([kind])
        data += body + struct.pack("<I", mask(crc32c(body)))
        return varint(at) + varint(len(b))

    for i, item in enumerate(items):
        group.append(item)
        if len(block(group)) > size or i == len(items) - 1:
            handles.append((group[-1][0], put(block(group))))
            group = []
    meta, index = put(block([])), None
    index = put(block(handles, 1))
    return data + (meta + index).ljust(40, b"\0") + MAGIC


def shapes(n):
    """Names and shapes as Spleeter creates them."""
    name = lambda k, i: k if i == 0 else "%s_%d" % (k, i)
    out, c = {"global_step": ()}, [2, 16, 32, 64, 128, 256, 512]
    for j in range(n):
        for i in range(6):
            out[name("conv2d", 7 * j + i) + "/kernel"], out[name("conv2d", 7 * j + i) + "/bias"] = (5, 5, c[i], c[i + 1]), (c[i + 1],)
        out[name("conv2d", 7 * j + 6) + "/kernel"], out[name("conv2d", 7 * j + 6) + "/bias"] = (4, 4, 1, 2), (2,)
        widths = c[1:] + [256, 128, 64, 32, 16, 1]
        for i, (ic, oc) in enumerate(zip([512, 512, 256, 128, 64, 32], widths[6:])):
            t = name("conv2d_transpose", 6 * j + i)
            out[t + "/kernel"], out[t + "/bias"] = (5, 5, oc, ic), (oc,)
        for i in range(12):
            for v in ("beta", "gamma", "moving_mean", "moving_variance"):
                out[name("batch_normalization", 12 * j + i) + "/" + v] = (widths[i],)
    return out


def make_tensors(n):
    rng = np.random.Generator(np.random.PCG64(n))
    out = {}
    for name, shape in shapes(n).items():
        if name == "global_step":
            out[name] = np.array(1000000, np.int64)
        elif name.endswith("kernel"):
            fan = np.prod(shape[:2]) * (shape[2] if "transpose" not in name else shape[3])
            out[name] = (rng.random(shape, np.float32) * 2 - 1) * np.float32(np.sqrt(3 / fan))
        elif name.endswith(("gamma", "variance")):
            out[name] = rng.random(shape, np.float32) + np.float32(0.5)
        else:
            out[name] = (rng.random(shape, np.float32) - np.float32(0.5)) * np.float32(0.2)
    return out


def write_checkpoint(path, tensors, size=1500):
    data, items = b"", [(b"", field(1, 1) + field(3, field(1, 1)))]
    for name in sorted(tensors, key=lambda s: s.encode()):
        raw = tensors[name].tobytes()
        items.append((name.encode(), entry(tensors[name], len(data), crc32c(raw))))
        data += raw
    with open(path + ".index", "wb") as f:
        f.write(table(items, size))
    with open(path + ".data-00000-of-00001", "wb") as f:
        f.write(data)


# ---- torch, written from the description of the network -----------------------------------------------------------

def torch_forward(t, n, x, elu, softmax):
    import torch
    import torch.nn.functional as F
    name = lambda k, i: k if i == 0 else "%s_%d" % (k, i)
    get = lambda k: torch.from_numpy(t[k].copy()).double()
    act = F.elu if elu else F.relu
    down_act = F.elu if elu else (lambda y: F.leaky_relu(y, 0.2))

    def bn(y, i):
        b = name("batch_normalization", i)
        return F.batch_norm(y, get(b + "/moving_mean"), get(b + "/moving_variance"), get(b + "/gamma"), get(b + "/beta"), False, 0, 1e-3)

    logits = []
    for j in range(n):
        y, skips = torch.from_numpy(x).double(), []
        for i in range(6):
            c = name("conv2d", 7 * j + i)
            y = F.conv2d(F.pad(y, (1, 2, 1, 2)), get(c + "/kernel").permute(3, 2, 0, 1), get(c + "/bias"), stride=2)
            skips.append(y)
            y = down_act(bn(y, 12 * j + i))
        y = skips.pop()
        for i in range(6):
            c = name("conv2d_transpose", 6 * j + i)
            size = (y.shape[2] * 2, y.shape[3] * 2)
            y = F.conv_transpose2d(y, get(c + "/kernel").permute(3, 2, 0, 1), None, stride=2)[:, :, 1:1 + size[0], 1:1 + size[1]]
            y = bn(act(y + get(c + "/bias")[None, :, None, None]), 12 * j + 6 + i)
            if skips:
                y = torch.cat([skips.pop(), y], 1)
        c = name("conv2d", 7 * j + 6)
        logits.append(F.conv2d(F.pad(y, (3, 3, 3, 3)), get(c + "/kernel").permute(3, 2, 0, 1), get(c + "/bias"), dilation=2))
    z = torch.stack(logits, 1)
    m = torch.softmax(z, 1) if softmax else torch.sigmoid(z)
    return (m * torch.from_numpy(x).double()[:, None]).reshape(x.shape[0], -1, *x.shape[2:]).numpy()


class Checksums(unittest.TestCase):
    def test_crc32c(self):
        self.assertEqual(crc32c(b"123456789"), 0xe3069283)                       # the polynomial's check value
        self.assertEqual(crc32c(b"\0" * 32), 0x8a9136aa)                         # RFC 3720, B.4
        self.assertEqual(crc32c(b"\xff" * 32), 0x62a8ab43)
        self.assertEqual(crc32c(bytes(range(32))), 0x46dd794e)
        rng = np.random.Generator(np.random.PCG64(1))
        for n in (4095, 4096, 4097, 70001):
            data, crc = rng.integers(0, 256, n, np.uint8).tobytes(), 0xffffffff
            for b in data:
                crc ^= b
                for _ in range(8):
                    crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
            self.assertEqual(crc32c(data), crc ^ 0xffffffff)


class Hostile(unittest.TestCase):
    """Small checkpoints: what is written is read; each damage is refused, with a reason in one line."""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.path = os.path.join(self.dir.name, "m")
        rng = np.random.Generator(np.random.PCG64(2))
        self.tensors = {"layer_%d/%s" % (i, k): rng.random((3, i + 1), np.float32) for i in range(40) for k in ("bias", "kernel", "kernels")}
        self.tensors["global_step"] = np.array(7, np.int64)
        write_checkpoint(self.path, self.tensors, 700)
        self.index = open(self.path + ".index", "rb").read()
        self.data = open(self.path + ".data-00000-of-00001", "rb").read()

    def put(self, index=None, data=None):
        for ending, blob in ((".index", index), (".data-00000-of-00001", data)):
            if blob is not None:
                with open(self.path + ending, "wb") as f:
                    f.write(blob)

    def refused(self, reason=None):
        with self.assertRaises(InputError) as e:
            tfckpt.read(self.path + ".index")
        self.assertNotIn("\n", str(e.exception))
        if reason:
            self.assertIn(reason, str(e.exception))

    def test_what_is_written_is_read(self):
        got = tfckpt.read(self.path + ".index")
        self.assertEqual(set(got), set(self.tensors))
        for k, a in self.tensors.items():
            np.testing.assert_array_equal(got[k], a)

    def test_every_damaged_byte_is_noticed(self):
        footer = len(self.index) - 48
        for at in list(range(0, len(self.index), 37)) + list(range(footer, len(self.index))):
            bad = bytearray(self.index)
            bad[at] ^= 0x41
            self.put(index=bytes(bad))
            if footer <= at < footer + 40 and self.index[at] == 0:
                continue                                                         # padding of the handles
            self.refused()
        for at in (0, len(self.data) // 2, len(self.data) - 1):
            bad = bytearray(self.data)
            bad[at] ^= 1
            self.put(index=self.index, data=bytes(bad))
            self.refused("checksum")

    def test_cut_off(self):
        for n in (0, 7, 47, 48, 300, len(self.index) - 1):
            self.put(index=self.index[:n])
            self.refused()
        self.put(index=self.index, data=self.data[:-1])
        self.refused("beyond the end")
        os.unlink(self.path + ".data-00000-of-00001")
        self.refused("No such file")

    def test_meanings(self):
        a, raw = np.zeros(2, np.float32), b"\0" * 8
        head = (b"", field(1, 1))
        good = entry(a, 0, crc32c(raw))
        crc = varint(6 << 3 | 5) + struct.pack("<I", mask(crc32c(raw)))
        shape = field(2, field(2, field(1, 2)))
        cases = [([(b"a", good)], "no header"), ([(b"", field(1, 2)), (b"a", good)], "2 data files"),
                 ([(b"", field(1, 1) + field(2, 1)), (b"a", good)], "little-endian"),
                 ([head, (b"a", field(1, 3) + shape + field(5, 8) + crc)], "element type 3"),
                 ([head, (b"a", field(1, 1) + shape + field(5, 4) + crc)], "has 4 bytes"),
                 ([head, (b"a", field(1, 1) + field(2, field(2, field(1, 1 << 45))) + field(5, 8) + crc)], "dimension"),
                 ([head, (b"a", field(1, 1) + shape + field(5, 8))], "no checksum"),
                 ([head, (b"a", good + field(3, 1))], "data file 1"), ([head, (b"a", good + field(7, b"x"))], "slices"),
                 ([head, (b"a", good), (b"b", good)], "share bytes"), ([head, (b"\xff", good)], "UTF-8"),
                 ([head, (b"a", good + b"\x0b")], "kind 3"), ([head, (b"a", b"\xff" * 12)], ""),
                 ([head, (b"b", good), (b"a", good)], "order"), ([], "no header")]
        for items, reason in cases:
            self.put(index=table(items), data=raw)
            self.refused(reason)
        self.put(index=table([head, (b"a", good)]), data=raw)
        self.assertEqual(list(tfckpt.read(self.path + ".index")), ["a"])


class Spleeter(unittest.TestCase):
    def both(self, n, engine):
        module("torch")
        tensors = make_tensors(n)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model")
            write_checkpoint(path, tensors)
            self.assertEqual(os.path.getsize(path + ".data-00000-of-00001"), n * 4 * 9826759 + 8)
            bundle = spleeter.convert(path + ".index", SimpleNamespace(labels=None))
            self.assertEqual(sum(a.size for a in bundle.graph.params.values()), n * 9826759)
            x, y = (bundle.tensors["golden." + k] for k in ("input", "output"))
            want = torch_forward(tensors, n, x, n > 2, n == 5)
            scale = np.abs(want).max()
            self.assertLess(np.abs(y - want).max() / scale, 1e-6)                # numpy's and torch's, both written from the description
            if not engine:
                return
            from auscult_convert import aus
            out = os.path.join(folder, "model.aus")
            aus.write(out, bundle.meta, bundle.tensors, bundle.graph, True)
            run = subprocess.run([engine, "model", "verify", out], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_places_of_the_published_two_stems(self):
        at, sizes = {}, shapes(2)
        sizes["global_step"] = (2,)                                               # eight bytes
        offset = 0
        for name in sorted(sizes):
            at[name] = offset
            offset += 4 * int(np.prod(sizes[name]))
        self.assertEqual([at["batch_normalization/beta"], at["conv2d/bias"], at["conv2d_5/kernel"], at["conv2d_transpose/kernel"], offset],
                         [0, 48160, 21614312, 34982320, 78614080])

    def test_two_stems(self):
        self.both(2, os.environ.get("AUSCULT"))

    @unittest.skipUnless(os.environ.get("AUSCULT_FULL"), "4 and 5 stems: AUSCULT_FULL=1")
    def test_four_stems(self):
        self.both(4, os.environ.get("AUSCULT"))

    @unittest.skipUnless(os.environ.get("AUSCULT_FULL"), "4 and 5 stems: AUSCULT_FULL=1")
    def test_five_stems(self):
        self.both(5, os.environ.get("AUSCULT"))

    def test_another_network(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m")
            write_checkpoint(path, {"dense/kernel": np.zeros((2, 2), np.float32)})
            with self.assertRaises(InputError):
                spleeter.convert(path + ".index", SimpleNamespace(labels=None))
