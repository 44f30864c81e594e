"""check_exports.py RESULT.json - the exported files in this folder hold the result's numbers, in the columns their tools read."""
import csv, glob, json, re, struct, sys, zlib
import xml.etree.ElementTree as ET

d = json.load(open(sys.argv[1]))
seconds, top = d["evaluated"]["samples"] / d["evaluated"]["rate"], d["evaluated"]["rate"] / 2
want = [(t["name"], c["name"], p["t0"], p["t1"], p["f0"], p["f1"], c) for t in d["targets"] for p, c in zip(d["components"], t["components"])]
near = lambda a, b: abs(float(a) - b) <= 1e-6 * max(1, abs(b))

lines = open("a.txt", encoding="utf-8").read().split("\n")
assert lines.pop() == "" and len(lines) == 2 * len(want)
for (target, part, t0, t1, f0, f1, c), a, b in zip(want, lines[::2], lines[1::2]):
    start, end, label = a.split("\t")
    mark, low, high = b.split("\t")
    assert near(start, t0) and near(end, t1) and mark == "\\" and near(low, f0) and near(high, f1 or top)
    assert label.startswith(target + ": " + part + " ") and abs(float(label.split()[-1]) - c["shapley"]) <= 0.006 * abs(c["shapley"])

rows = list(csv.DictReader(open("r.txt"), delimiter="\t"))
assert list(rows[0])[:7] == ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"]
for i, (r, w) in enumerate(zip(rows, want)):
    assert int(r["Selection"]) == i + 1 and near(r["Begin Time (s)"], w[2]) and near(r["End Time (s)"], w[3]) and near(r["Value"], w[6]["shapley"]) and r["Part"] == w[1]
assert len(rows) == len(want)

for name, delimiter in (("c.csv", ","), ("c.tsv", "\t")):
    rows = list(csv.DictReader(open(name, newline=""), delimiter=delimiter))
    assert len(rows) == len(want)
    for r, w in zip(rows, want):
        assert (r["target"], r["part"]) == w[:2]
        for key, value in (("t0", w[2]), ("t1", w[3]), ("weight", w[6]["weight"]), ("low", w[6]["interval"][0]), ("high", w[6]["interval"][1]),
                           ("shapley", w[6]["shapley"]), ("alone", w[6]["alone"]), ("without", w[6]["without"])):
            assert near(r[key], value), (key, r, value)

rows = list(csv.reader(open("s.csv")))
assert len(rows) == len(want) and all(near(r[0], w[2]) and near(r[1], w[6]["shapley"]) and near(r[2], w[3] - w[2]) for r, w in zip(rows, want))

text = open("t.TextGrid", encoding="utf-8").read()
assert text.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n')
tiers = re.split(r"    item \[\d+\]:\n", text)[1:]
assert int(re.search(r"^size = (\d+)$", text, re.M).group(1)) == len(tiers) == len(want)
for tier, w in zip(tiers, want):
    assert re.search(r'name = "(.*)"', tier).group(1) == w[0] + ": " + w[1]
    spans = [(float(a), float(b), c) for a, b, c in re.findall(r'xmin = (\S+)\n\s+xmax = (\S+)\n\s+text = "(.*)"', tier)]
    assert len(spans) == int(re.search(r"intervals: size = (\d+)", tier).group(1))
    assert spans[0][0] == 0 and abs(spans[-1][1] - seconds) < 1e-9 and all(a[1] == b[0] for a, b in zip(spans, spans[1:]))
    assert [s for s in spans if s[2]][0][0] == w[2] and near([s for s in spans if s[2]][0][2], w[6]["shapley"])

j = json.load(open("j.jams"))
assert set(j) == {"file_metadata", "annotations", "sandbox"} and near(j["file_metadata"]["duration"], seconds)
data = [(a["sandbox"]["target"], o["value"], o["time"], o["time"] + o["duration"], o["confidence"]) for a in j["annotations"] for o in a["data"]]
assert all(a["namespace"] == "segment_open" for a in j["annotations"]) and len(data) == len(want)
assert all(x[:2] == w[:2] and near(x[2], w[2]) and near(x[3], w[3]) and near(x[4], w[6]["shapley"]) for x, w in zip(data, want))

root = ET.parse("s.svl").getroot()
models, sets, layers = root.findall("data/model"), root.findall("data/dataset"), root.findall("display/layer")
ids = [x.get("id") for x in models + sets + layers]
assert len(set(ids)) == len(ids) and len(models) == len(sets) == len(layers) == len(d["targets"])
points = [p for s in sets for p in s.findall("point")]
rate = d["input"]["rate"]
assert [m.get("dataset") for m in models] == [s.get("id") for s in sets] and [l.get("model") for l in layers] == [m.get("id") for m in models]
for p, w in zip(points, want):
    assert int(p.get("frame")) == round(w[2] * rate) and int(p.get("duration")) == round(w[3] * rate) - round(w[2] * rate)
    assert near(p.get("value"), w[6]["shapley"]) and p.get("label").startswith(w[1] + " ")
assert len(points) == len(want)

import numpy
n = numpy.load("n.npz")
shape = len(d["targets"]), len(d["components"])
assert list(n["targets"]) == [t["name"] for t in d["targets"]] and list(n["parts"]) == [c["name"] for c in d["components"]]
for key in ("weight", "shapley", "alone", "without"):
    assert numpy.allclose(n[key], numpy.array([w[6][key] for w in want]).reshape(shape), rtol=1e-8)
assert n["mixes"].shape == (d["table"]["rows"], shape[1]) and n["answers"].shape == (d["table"]["rows"], shape[0])

svgs, pngs = sorted(glob.glob("svg/*.svg")), sorted(glob.glob("png/*.png"))
assert len(svgs) == len(pngs) == 4 * len(d["targets"]), (svgs, pngs)
for path in svgs:
    root = ET.parse(path).getroot()
    assert root.tag.endswith("svg") and len(list(root.iter())) > 10
for path in pngs:
    b = open(path, "rb").read()
    w, h = struct.unpack(">II", b[16:24])
    at, idat = 8, b""
    while at < len(b):
        n, kind = struct.unpack(">I4s", b[at:at + 8])
        assert zlib.crc32(b[at + 4:at + 8 + n]) == struct.unpack(">I", b[at + 8 + n:at + 12 + n])[0]
        idat += b[at + 8:at + 8 + n] if kind == b"IDAT" else b""
        at += 12 + n
    assert len(zlib.decompress(idat)) == h * (3 * w + 1)
