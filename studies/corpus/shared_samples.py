#!/usr/bin/python3
"""Which of a soundfont's samples also stand in another, bit for bit?

  shared_samples.py A.sf2 B.sf2...

Twenty numbers from inside each sample of A are looked up in the samples of each B. A soundfont that shares samples with one
of the test's is not independent of it and must not be learnt from.
"""
import struct
import sys


def chunks(data, at, end):
    while at + 8 <= end:
        tag, size = struct.unpack_from("<4sI", data, at)
        yield tag, at + 8, size
        at += 8 + size + (size & 1)


def samples(path):
    """The words of all samples, and each sample's name with its first and last place in them."""
    data = open(path, "rb").read()
    found = {}
    for tag, at, size in chunks(data, 12, len(data)):
        if tag == b"LIST":
            found.update({t: data[a:a + n] for t, a, n in chunks(data, at + 4, at + size)})
    heads = [struct.unpack_from("<20sII", found[b"shdr"], i) for i in range(0, len(found[b"shdr"]) - 46, 46)]
    return found[b"smpl"], heads


def shared(a, b):
    words, heads = a
    n = 0
    for _, first, last in heads:
        pieces = [words[2 * at:2 * at + 40] for at in (first + (last - first) // 5, first + 2 * (last - first) // 5)]
        n += any(len(set(p)) > 8 and p in b[0] for p in pieces)
    return n, len(heads)


if len(sys.argv) < 3:
    sys.exit(__doc__)
a = samples(sys.argv[1])
for path in sys.argv[2:]:
    print("%s: %d of %d samples of %s" % ((path,) + shared(a, samples(path)) + (sys.argv[1],)))
