"""Tables by pandas as Raven's users read them, arrays by numpy, JAMS by jsonschema."""
import json, os, subprocess, sys
from common import *

try:
    import pandas
except ImportError:
    pandas = None
try:
    import numpy
except ImportError:
    numpy = None
try:
    import jsonschema
except ImportError:
    jsonschema = None

# The columns that Raven Pro writes first, in its words (Raven Pro 1.6 User's Manual, selection tables).
RAVEN = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"]

for r in results if pandas is not None else []:
    t = pandas.read_csv(r.name + ".raven", sep="\t")
    good = list(t.columns)[:7] == RAVEN and len(t) == len(r.rows) and list(t["Selection"]) == list(range(1, len(t) + 1)) and not t.isna().any().any()
    for i, w in enumerate(r.rows):
        good = good and all(near(t[c][i], w[k]) for c, k in zip(RAVEN[3:], (2, 3, 4, 5))) and near(t["Value"][i], w[6]) and t["Part"][i] == w[1]
    check("pandas %s reads %s's Raven table" % (pandas.__version__, r.name), good, t.head(2))
    for kind, sep in (("csv", ","), ("tsv", "\t")):
        t = pandas.read_csv(r.name + "." + kind, sep=sep)
        good = len(t) == len(r.rows)
        for i, w in enumerate(r.rows):
            good = good and (t["target"][i], t["part"][i]) == w[:2] and near(t["t0"][i], w[2]) and near(t["t1"][i], w[3])
            for key in ("weight", "shapley", "alone", "without"):
                good = good and (pandas.isna(t[key][i]) if w[7][key] is None else near(t[key][i], w[7][key]))
        check("pandas reads %s.%s" % (r.name, kind), good, t.head(2))
if pandas is None:
    skip("Raven tables, CSV, TSV", "no python3-pandas here")

for r in results if numpy is not None else []:
    d = numpy.load(r.name + ".npz", allow_pickle=False)
    n = len(r.rows) // len(r.targets)
    good = list(d["targets"]) == r.targets and list(d["parts"]) == [x[1] for x in r.rows[:n]]
    for key in ("weight", "shapley", "alone", "without"):
        want = numpy.array([numpy.nan if x[7][key] is None else x[7][key] for x in r.rows]).reshape(-1, n)
        good = good and numpy.allclose(d[key], want, rtol=1e-8, atol=1e-12, equal_nan=True)
    good = good and numpy.allclose(d["t0"], [x[2] for x in r.rows[:n]]) and numpy.allclose(d["f1"], [x[5] for x in r.rows[:n]])
    files = r.json["files"]
    good = good and numpy.array_equal(d["spectrogram"], numpy.load(r.name + "/" + files["spectrogram"]["file"]))
    if r.name == "map":
        good = good and numpy.array_equal(d["map_0"], numpy.load("map.npy")) and numpy.array_equal(d["map_0"], numpy.load("map/map-0.npy"))
    else:
        good = good and d["mixes"].shape == (r.json["table"]["rows"], n) and numpy.allclose(d["answers"][d["mixes"].all(axis=1)][0], d["score"], rtol=1e-5)
    if r.name == "tiles":
        good = good and numpy.array_equal(d["labels"], numpy.load("tiles/labels.npy"))
    check("numpy %s loads %s.npz without pickle: %d arrays, the folder's .npy the same" % (numpy.__version__, r.name, len(d.files)), good)
if numpy is None:
    skip("NPY and NPZ", "no python3-numpy here")

schema = os.environ.get("JAMS_SCHEMA")
for r in results:
    j = json.load(open(r.name + ".jams", encoding="utf-8"))
    data = [(a["sandbox"]["target"], o["value"], o["time"], o["time"] + o["duration"], o["confidence"]) for a in j["annotations"] for o in a["data"]]
    good = all(a["namespace"] == "segment_open" for a in j["annotations"]) and len(data) == len(r.rows)
    for g, w in zip(data, r.rows):
        good = good and g[:2] == w[:2] and near(g[2], w[2]) and near(g[3], w[3]) and near(g[4], w[6])
    check("%s.jams holds the result" % r.name, good, data[:2])
    if jsonschema is None or not schema:
        skip("%s.jams against the published schema" % r.name, "no python3-jsonschema here" if jsonschema is None else "JAMS_SCHEMA names no schema; the jams library is not in Debian")
        continue
    errors = list(jsonschema.Draft4Validator(json.load(open(schema))).iter_errors(j))
    check("%s.jams is what the published schema of JAMS asks for (jsonschema %s)" % (r.name, version("python3-jsonschema")), not errors, errors[:2])
