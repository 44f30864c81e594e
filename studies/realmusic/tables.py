#!/usr/bin/python3
"""tables.py SONGS.tsv OUT RESULTS: what run.sh left in OUT, as TSV in RESULTS and as Markdown on stdout. Needs nothing but Python.

tags.tsv          the four highest tags of a minute of every song
cases.tsv         local cases: every snippet's top tag, the weight of each source with its interval, what it says alone and what is said without it
agreement.tsv     do two kinds of parts give the same explanation of the same sound? Top part (Wilson intervals [Wilson27], Cohen's kappa), Kendall's tau-b, Spearman, cosine
                  (intervals by drawing songs anew); beside them the same numbers where explanations of different songs are compared
stability.tsv     how sure the explanations are of themselves: is the strongest part apart from the next?
faithfulness.tsv  weighted R2 and |local prediction - prediction| of every kind of parts
songs.tsv         per song and tag: prediction, local prediction and fit (the paper's Figure 4b); set a: two snippets of each song, whole: all of some songs
weights.tsv       how the weight of each source is spread (Figure 4a)
classes.tsv       per tag over all excerpts: mean |w|, SP-LIME's importance, homogeneity; how often a source is on top
picks.tsv         the explanations that SP-LIME picks
keep.tsv          is the top tag still on top when only the strongest parts are kept?"""
import csv
import glob
import json
import math
import os
import random
import re
import statistics as st
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from stats import pearson, spearman, wilson  # noqa: E402

SONGS, OUT, RESULTS = sys.argv[1:4]
DRAWS, SEED = 2000, 1
KINDS = {"a": "HTDemucs: bass, drums, other, vocals, residual", "b": "the same, separated from an excerpt that begins 1.3 s later", "moved": "the same sources, the snippet 50 ms later",
         "five": "five-stems: bass, drums, guitar, piano, strings, residual", "a3": "HTDemucs: bass, drums, rest", "b3": "the same, the excerpt 1.3 s later", "five3": "five-stems: bass, drums, rest"}
PAIRS = [("a", "moved", "the snippet 50 ms later"), ("a", "b", "HTDemucs twice, in different surroundings"), ("a3", "b3", "HTDemucs twice, three parts"), ("a3", "five3", "HTDemucs and five-stems")]


def write(name, head, rows):
    with open(os.path.join(RESULTS, name), "w") as f:
        for r in [head] + rows:
            f.write("\t".join(str(v) for v in r) + "\n")
    if len(rows) > 40:
        print("\n%s: %d rows" % (name, len(rows)))
        return
    print("\n%s\n\n| %s |\n|%s" % (name, " | ".join(head), "---|" * len(head)))
    for r in rows:
        print("| %s |" % " | ".join(str(v) for v in r))


def number(v, digits=4):
    return "-" if v is None or not math.isfinite(v) else "%.*f" % (digits, v)


with open(SONGS) as f:
    songs = list(csv.DictReader(f, delimiter="\t"))
order = {s["id"]: i for i, s in enumerate(songs)}


def read_kind(kind):
    """[(song, snippet, [targets])], songs in the list's order; snippet 0 or 1."""
    out = {}
    for path in glob.glob(os.path.join(OUT, "why-" + kind, "results", "*.json")):
        with open(path) as f:
            d = json.load(f)
        out.setdefault(os.path.basename(d["input"]["path"])[:-4], []).append((d["input"]["offset"], d["targets"]))
    return {song: [t for _, t in sorted(v, key=lambda x: x[0])] for song, v in sorted(out.items(), key=lambda x: order.get(x[0], 1e9))}


kinds = {k: read_kind(k) for k in KINDS}
kinds = {k: v for k, v in kinds.items() if v}


# ---- tags -------------------------------------------------------------------------------------------------
rows, tops, hip_hop = [], {}, 0.0
for s in songs:
    path = os.path.join(OUT, "tags", s["id"] + ".json")
    if not os.path.exists(path):
        continue
    with open(path) as f:
        p = json.load(f)["predictions"][0]
    scores = sorted(p["targets"], key=lambda x: -x["score"])
    hip_hop = max(hip_hop, max(x["score"] for x in scores if x["name"] == "Hip-Hop"))
    tops[scores[0]["name"]] = tops.get(scores[0]["name"], 0) + 1
    rows.append([s["id"], s["package"]] + [v for x in scores[:4] for v in (x["name"], number(x["score"], 3))])
write("tags.tsv", ["song", "package", "tag", "score", "second", "score", "third", "score", "fourth", "score"], rows)
print("\ntop tags of %d songs: %s; 'Hip-Hop' is %.3f at most" % (len(rows), ", ".join("%s %d" % x for x in sorted(tops.items(), key=lambda x: -x[1])), hip_hop))


# ---- local cases ------------------------------------------------------------------------------------------
def weights(t):
    return {c["name"]: c["weight"] for c in t["components"]}


def top(w):
    best = max(sorted(w), key=lambda c: w[c])
    return best if w[best] > 0 else "none"


def clear(t):
    """The strongest weight's interval lies above that of every other."""
    c = sorted(t["components"], key=lambda c: -c["weight"])
    return c[0]["weight"] > 0 and c[0]["interval"][0] > max(x["interval"][1] for x in c[1:])


rows = []
for song, snippets in kinds.get("a", {}).items():
    for i, targets in enumerate(snippets):
        t = targets[0]
        row = [song, i, t["name"], number(t["score"]), number(t["score_none"]), number(t["r2"]), top(weights(t)), "yes" if clear(t) else "no"]
        for c in sorted(t["components"], key=lambda c: c["name"]):
            row += ["%+.4f" % c["weight"], "%+.4f" % c["interval"][0], "%+.4f" % c["interval"][1], number(c["alone"]), number(c["without"])]
        rows.append(row)
if rows:
    names = sorted(c["name"] for c in kinds["a"][rows[0][0]][0][0]["components"])
    write("cases.tsv", ["song", "snippet", "tag", "score", "of silence", "r2", "top", "apart"] + [n + x for n in names for x in ("", " from", " to", " alone", " without it")], rows)


# ---- agreement ----------------------------------------------------------------------------------------------
def tau_b(x, y):
    s = tx = ty = 0
    for i in range(len(x)):
        for k in range(i):
            p, q = (x[i] > x[k]) - (x[i] < x[k]), (y[i] > y[k]) - (y[i] < y[k])
            s, tx, ty = s + p * q, tx + (p != 0), ty + (q != 0)
    return s / math.sqrt(tx * ty) if tx and ty else float("nan")


def cosine(x, y):
    b = math.sqrt(sum(p * p for p in x) * sum(q * q for q in y))
    return sum(p * q for p, q in zip(x, y)) / b if b > 0 else float("nan")


def compare(s, t):
    names = sorted(set(weights(s)) & set(weights(t)))
    x, y = [weights(s)[n] for n in names], [weights(t)[n] for n in names]
    return {"tops": (top(weights(s)), top(weights(t))), "same": top(weights(s)) == top(weights(t)), "tau": tau_b(x, y), "rho": spearman(x, y), "cos": cosine(x, y), "clear": clear(s) and clear(t), "score": abs(s["score"] - t["score"]), "d": len(names)}


def kappa(tops):
    """Cohen's, of the two top parts: agreement beyond what the habits of either give."""
    n = len(tops)
    chance = sum(sum(a == c for a, _ in tops) * sum(b == c for _, b in tops) for c in {x for t in tops for x in t}) / n ** 2
    return (sum(a == b for a, b in tops) / n - chance) / (1 - chance) if chance < 1 else float("nan")


def by_song(values):
    """Mean over all, 95 % by drawing songs anew."""
    songs_of = sorted(values)
    mean = lambda names: st.mean([v for n in names for v in values[n]] or [float("nan")])
    rng = random.Random(SEED)
    many = sorted(mean(rng.choices(songs_of, k=len(songs_of))) for _ in range(DRAWS))
    return mean(songs_of), many[int(0.025 * DRAWS)], many[int(0.975 * DRAWS)]


def pairs_of(a, b, apart):
    """{song: [comparison]} of the top tag of each snippet of a; apart: with the explanation of the same number in the next song."""
    both = [s for s in kinds[a] if s in kinds[b]]
    out = {}
    for i, s in enumerate(both):
        other = both[(i + 1) % len(both)] if apart else s
        for k, targets in enumerate(kinds[a][s]):
            if k >= len(kinds[b][other]):
                continue
            mate = [kinds[b][other][k][0]] if apart else [t for t in kinds[b][other][k] if t["index"] == targets[0]["index"]]
            if mate:
                out.setdefault(s, []).append(compare(targets[0], mate[0]))
    return out


rows = []
for a, b, words in PAIRS:
    if a not in kinds or b not in kinds:
        continue
    for apart in (False, True):
        p = pairs_of(a, b, apart)
        for who, keep in (("first snippet of a song", lambda i, c: i == 0), ("all snippets", lambda i, c: True), ("all whose top part is apart in both", lambda i, c: c["clear"]),
                          ("all in which the rest is not on top for either", lambda i, c: "residual" not in c["tops"])):
            mine = {s: [c for i, c in enumerate(v) if keep(i, c)] for s, v in p.items()}
            mine = {s: v for s, v in mine.items() if v}
            n = sum(len(v) for v in mine.values())
            if not n or (who.startswith("all in which") and not a.endswith("3")) or (apart and who != "first snippet of a song"):
                continue
            k = sum(c["same"] for v in mine.values() for c in v)
            lo, hi = wilson(k, n)
            row = [words, "different songs (chance)" if apart else who, max(c["d"] for v in mine.values() for c in v), len(mine), n, k, number(k / n), number(lo), number(hi), number(kappa([c["tops"] for v in mine.values() for c in v]), 3)]
            for m in ("tau", "rho", "cos"):
                values = {s: [c[m] for c in v if math.isfinite(c[m])] for s, v in mine.items()}
                row += [number(x, 3) for x in by_song(values)]
            rows.append(row)
write("agreement.tsv", ["between", "of", "parts", "songs", "snippets", "same top part", "share", "from", "to", "kappa", "Kendall tau", "from", "to", "Spearman", "from", "to", "cosine", "from", "to"], rows)

# ---- stability, faithfulness ----------------------------------------------------------------------------------
stability, faith = [], []
for kind, words in KINDS.items():
    for who, pick in (("top tag", slice(0, 1)), ("three tags", slice(0, 3))):
        t = [x for v in kinds.get(kind, {}).values() for targets in v for x in targets[pick]]
        if not t:
            continue
        k = sum(clear(x) for x in t)
        lo, hi = wilson(k, len(t))
        width = [c["interval"][1] - c["interval"][0] for x in t for c in x["components"]]
        size = [max(abs(c["weight"]) for c in x["components"]) for x in t]
        stability.append([words, who, len(t), k, number(k / len(t)), number(lo), number(hi), number(st.median(width)), number(st.median(size)), number(st.mean(x["stability"] for x in t))])
        r2 = sorted(x["r2"] for x in t if x["r2"] is not None)
        gap = [abs(x["local_prediction"] - x["score"]) for x in t]
        at = lambda q: r2[min(len(r2) - 1, int(q * len(r2)))]
        faith.append([words, who, len(t), number(at(0.05), 3), number(at(0.25), 3), number(st.median(r2), 3), number(at(0.75), 3), number(st.mean(r2), 3), sum(x >= 0.9 for x in r2), sum(0.6 <= x < 0.9 for x in r2), sum(x < 0.6 for x in r2),
                      number(st.median(gap)), number(pearson([x["score"] for x in t], [x["local_prediction"] for x in t]))])
write("stability.tsv", ["parts", "of", "explanations", "top part apart from the next", "share", "from", "to", "median width of an interval", "median largest |w|", "rank correlation of repeats"], stability)
write("faithfulness.tsv", ["parts", "of", "explanations", "R2 5 %", "25 %", "median", "75 %", "mean", "0.9 and more", "0.6 to 0.9", "below", "median |local - prediction|", "correlation"], faith)


# ---- sets -----------------------------------------------------------------------------------------------------
def read_set(kind):
    path = os.path.join(OUT, "why-" + kind, "global.json")
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f)


def song_name(path):
    for s in songs:
        if path.endswith(s["file"].replace(".pk3/", ".pk3.d/")):
            return s["id"]
    return re.sub(r"\.[a-z0-9]+$", "", os.path.basename(path))


rows, spread = [], []
for kind in ("a", "whole"):
    d = read_set(kind)
    if not d:
        continue
    for t in d["targets"]:
        if len(t["explanations"]) < 20:
            continue
        f = t["faithfulness"]
        if kind == "whole":
            for s in t["songs"]:
                rows.append([kind, t["name"], song_name(d["songs"][s["song"]]["path"]), s["pieces"]] + [number(s[k], 3) for k in ("score", "local", "r2", "r2_mean")] + ["-"] * 4)
        rows.append([kind, t["name"], "all %d" % len(t["songs"]), len(t["explanations"]), number(t["score"]["mean"], 3), number(st.mean(e["local"] for e in t["explanations"]), 3), number(f["r2"]["quantiles"][3], 3), number(f["r2"]["mean"], 3),
                     f["good"], f["fair"], f["poor"], number(f["correlation"], 4)])
        for i, (name, c) in enumerate(zip(d["components"], t["components"])):
            q = c["weight"]["quantiles"]
            mine = [(e["score"], e["weights"][i]) for e in t["explanations"] if e["weights"][i] is not None]
            k = round(c["strongest"] * len(t["explanations"]))
            spread.append([kind, t["name"], name, c["weight"]["n"]] + ["%+.4f" % q[j] for j in (1, 2, 3, 4, 5)] + [number(c["positive"], 3), k, number(c["strongest"], 3)] + [number(x, 3) for x in wilson(k, len(t["explanations"]))] +
                          [number(pearson(*zip(*mine)), 3) if len(mine) > 1 else "-"])
write("songs.tsv", ["set", "tag", "song", "snippets", "prediction", "local prediction", "R2 median", "R2 mean", "0.9 and more", "0.6 to 0.9", "below", "correlation"], rows)
write("weights.tsv", ["set", "tag", "source", "snippets", "5 %", "25 %", "median", "75 %", "95 %", "positive", "on top", "share", "from", "to", "correlation with the prediction"], spread)

rows, picks = [], []
for kind in ("a", "whole"):
    d = read_set(kind)
    if not d:
        continue
    for t in d["targets"]:
        if len(t["explanations"]) < 5:
            continue
        for name, c in zip(d["components"], t["components"]):
            if c["weight"]["n"]:
                rows.append([kind, t["name"], len(t["explanations"]), len(t["songs"]), number(t["score"]["mean"], 3), name, number(c["mean_abs"]), number(c["root_sum"], 3), number(c["homogeneity"], 3), number(c["strongest"], 3)])
        for i, p in enumerate(t["picks"]):
            e = t["explanations"][p["explanation"]]
            piece = d["pieces"][e["piece"]]
            picks.append([kind, t["name"], i + 1, song_name(d["songs"][piece["song"]]["path"]), number(piece["t0"], 1), number(e["score"], 3), number(e["r2"], 3), number(p["covered"], 3)] +
                         [" ".join("%s %+.3f" % (n, w) for n, w in sorted(zip(d["components"], e["weights"]), key=lambda x: -abs(x[1] or 0)) if w is not None)])
write("classes.tsv", ["set", "tag", "explanations", "songs", "mean score", "source", "mean |w|", "sqrt sum |w|", "homogeneity", "on top"], rows)
write("picks.tsv", ["set", "tag", "pick", "song", "start", "score", "R2", "covered", "weights"], picks)

# ---- strongest parts alone --------------------------------------------------------------------------------------
rows = []
for kind, words in (("sources", "sources"), ("sources-3", "sources x 3 segments"), ("slime-3", "SLIME: 5 bands x 3 segments")):
    path = os.path.join(OUT, "keep-%s.tsv" % kind)
    if not os.path.exists(path):
        continue
    with open(path) as f:
        all_rows = list(csv.DictReader(f, delimiter="\t"))
    for k in sorted({int(r["k"]) for r in all_rows}):
        mine = [r for r in all_rows if int(r["k"]) == k]
        kept = sum(int(r["kept"]) for r in mine)
        lo, hi = wilson(kept, len(mine))
        some = [r for r in mine if r["random_positive"] not in ("nan", "-nan")]
        rows.append([words, max(int(r["parts"]) for r in mine), k, len(mine), kept, number(kept / len(mine), 3), number(lo, 3), number(hi, 3), number(st.mean(float(r["random"]) for r in mine), 3),
                     len(some), number(st.mean(float(r["random_positive"]) for r in some), 3) if some else "-", number(sum(int(r["kept"]) for r in some) / len(some), 3) if some else "-"])
write("keep.tsv", ["parts", "how many", "k", "snippets", "top tag kept", "share", "from", "to", "k drawn from all", "snippets with k positive", "k drawn from positive", "strongest k, these snippets"], rows)
