#!/usr/bin/python3
"""tables.py RUNS RESULTS: counts what score.c printed (RUNS/MODEL@COMPONENTS.tsv, a line per snippet) into the study's tables, as TSV in RESULTS and as
Markdown on stdout. Needs nothing but Python.

accuracy.tsv   Table 2: how often a classifier is right on either test set
blamed.tsv     Table 3: of what it calls guitar on dr-pno (all of it, as the paper counts; and the pianos among it, with whom drums play), how often drums are on
               top, by each of the three surrogates (95 % Wilson intervals [Wilson27])
figure2.tsv    Figure 2: per test set, truth and prediction: how often each family is on top
drums-on-top.tsv  wherever drums sound, whatever is said: how often they are on top (the control must not blame them)
agreement.tsv  how often the surrogates put the same component on top
untrained.tsv  Figure 3: networks at random, the network as the unit; chi-square of all snippets beside it
quality.tsv    drums' SI-SDR against the share found, per kind of components"""
import csv
import glob
import math
import os
import statistics
import sys

RUNS, RESULTS = sys.argv[1], sys.argv[2]
JUDGES = ("wls", "ridge", "shapley")
FAMILIES = ("guitar", "piano", "bass", "drums", "strings")
MARGIN = 0.15  # shares of a family within 15 points of chance count as equivalent to it: said before looking
T95 = {29: 2.045, 31: 2.040, 39: 2.023, 49: 2.010, 59: 2.001}  # two-sided 95 % of Student's t
T90 = {29: 1.699, 31: 1.696, 39: 1.685, 49: 1.677, 59: 1.671}


def wilson(k, n, z=1.959963984540054):
    if n == 0:
        return float("nan"), float("nan")
    p, d = k / n, 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return max(0.0, (p + z * z / (2 * n)) / d - half), min(1.0, (p + z * z / (2 * n)) / d + half)


def chi2_p(x, df):
    """P(chi-square of df > x), df 2 to 4, in closed form."""
    if df == 2:
        return math.exp(-x / 2)
    if df == 4:
        return math.exp(-x / 2) * (1 + x / 2)
    return math.erfc(math.sqrt(x / 2)) + math.sqrt(2 * x / math.pi) * math.exp(-x / 2)


def read(path):
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def write(name, head, rows):
    with open(os.path.join(RESULTS, name), "w") as f:
        f.write("\t".join(head) + "\n")
        for r in rows:
            f.write("\t".join(str(v) for v in r) + "\n")
    print("\n%s\n\n| %s |\n|%s" % (name, " | ".join(head), "---|" * len(head)))
    for r in rows:
        print("| %s |" % " | ".join(str(v) for v in r))


def share(k, n):
    lo, hi = wilson(k, n)
    return ["%d" % k, "%d" % n, "%.4f" % (k / n if n else float("nan")), "%.4f" % lo, "%.4f" % hi]


runs = {}
for path in sorted(glob.glob(os.path.join(RUNS, "*@*.tsv"))):
    model, components = os.path.basename(path)[:-4].split("@", 1)
    runs[model, components] = read(path)
trained = {k: v for k, v in runs.items() if not k[0].startswith(("untrained-", "cascade"))}

rows = []
for (model, components), r in trained.items():
    if components != "oracle":
        continue
    for s in ("dr-gtr", "dr-pno"):
        mine = [x for x in r if x["set"] == s]
        if mine:
            rows.append([model, s, len({x["song"] for x in mine})] + share(sum(x["truth"] == x["predicted"] for x in mine), len(mine)))
write("accuracy.tsv", ["model", "set", "songs", "right", "snippets", "accuracy", "from", "to"], rows)

rows, quality = [], []
for (model, components), r in trained.items():
    said = [x for x in r if x["set"] == "dr-pno" and x["predicted"] == "guitar"]
    for who, mine in (("all", said), ("pianos, with drums", [x for x in said if x["truth"] == "piano"])):
        for j in JUDGES:
            rows.append([model, components, who, j] + share(sum(x[j + "_family"] == "drums" for x in mine), len(mine)))
    if mine and "confounded" in model:
        sdr = [float(x["drums_sdr"]) for x in mine if x["drums_sdr"] not in ("nan", "-nan")]
        k = sum(x["wls_family"] == "drums" for x in mine)
        quality.append([model, components, "%.2f" % statistics.median(sdr) if sdr else "nan"] + share(k, len(mine)))
write("blamed.tsv", ["model", "components", "of what is called guitar", "surrogate", "drums", "called guitar", "share", "from", "to"], rows)
write("quality.tsv", ["model", "components", "drums SI-SDR, dB", "drums", "pianos called guitar", "share", "from", "to"], quality)

rows = []
for (model, components), r in trained.items():
    for s in ("dr-gtr", "dr-pno"):
        for truth in ("guitar", "piano"):
            for predicted in ("guitar", "piano"):
                mine = [x for x in r if (x["set"], x["truth"], x["predicted"]) == (s, truth, predicted)]
                if mine:
                    rows.append([model, components, s, truth, predicted, len(mine)] + [sum(x["wls_family"] == f for x in mine) for f in FAMILIES])
write("figure2.tsv", ["model", "components", "set", "truth", "predicted", "snippets"] + list(FAMILIES), rows)

# Control: drums must not be blamed, whatever is said, wherever they sound.
rows = []
for (model, components), r in trained.items():
    heard = [x for x in r if (x["set"] == "dr-gtr") == (x["truth"] == "guitar")]
    for j in JUDGES:
        rows.append([model, components, j] + share(sum(x[j + "_family"] == "drums" for x in heard), len(heard)))
write("drums-on-top.tsv", ["model", "components", "surrogate", "drums on top", "snippets with drums", "share", "from", "to"], rows)

rows = []
for (model, components), r in trained.items():
    for who, mine in (("all snippets", r), ("called guitar on dr-pno", [x for x in r if x["set"] == "dr-pno" and x["predicted"] == "guitar"])):
        rows.append([model, components, who, len(mine)] + [sum(x[j] == x["wls"] for x in mine) for j in ("ridge", "shapley")])
write("agreement.tsv", ["model", "components", "of", "snippets", "ridge as wls", "shapley as wls"], rows)

rows, nets = [], {}
for (model, components), r in runs.items():
    if model.startswith(("untrained-", "cascade")):
        nets.setdefault((model.rsplit("-", 1)[0], components), []).append([x for x in r if x["truth"] == "piano"])
for (kind, components), many in nets.items():
    heard = [f for f in FAMILIES if any(x["wls_family"] == f for r in many for x in r)]
    pooled = {f: sum(x["wls_family"] == f for r in many for x in r) for f in FAMILIES}
    total, playing = sum(pooled.values()), ["piano", "bass", "drums"]
    # the guitar is silent in a piano's mix: chance is one of the three that sound
    chance, m = 1 / len(playing), len(many)
    x2 = sum((pooled[f] - total * chance) ** 2 / (total * chance) for f in playing)
    for f in heard:
        per = [sum(x["wls_family"] == f for x in r) / len(r) for r in many]
        mean, sd = statistics.mean(per), statistics.stdev(per) if m > 1 else 0.0
        h95, h90 = (T95.get(m - 1, 2.0) * sd / math.sqrt(m), T90.get(m - 1, 1.7) * sd / math.sqrt(m)) if m > 1 else (0, 0)
        within = "yes" if abs(mean - h90 - chance) <= MARGIN and abs(mean + h90 - chance) <= MARGIN else "no"
        rows.append([kind, components, m, total, f, "%.4f" % mean, "%.4f" % (mean - h95), "%.4f" % (mean + h95), "%.4f" % max(per), within, "%.1f" % x2, "%.3g" % chi2_p(x2, len(playing) - 1)])
write("untrained.tsv", ["networks", "components", "how many", "snippets", "family", "share on top", "from", "to", "largest of a network", "within %d points of a third" % (100 * MARGIN),
                        "chi-square", "p"], rows)
