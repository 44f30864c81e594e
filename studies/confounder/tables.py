#!/usr/bin/python3
"""tables.py RUNS RESULTS: counts what score.c printed (RUNS/MODEL@COMPONENTS.tsv, a line per snippet) into the study's tables, as TSV in RESULTS and as
Markdown on stdout, and draws its figures there (figures.py). Needs nothing but Python.

table2.tsv, table3.tsv   as the paper prints them, mean and deviation over the seeds (n in the denominator), of the runs vgg16-SET-confounded-SEED@COMPONENTS
accuracy.tsv      Table 2 of each classifier: how often it is right on either test set
blamed.tsv        Table 3 of each: of what it calls guitar on dr-pno (all of it, as the paper counts; and the pianos among it, with whom drums play), how often drums are
                  on top, by each of the three surrogates (95 % Wilson intervals [Wilson27])
figure2.tsv .svg  Figure 2: per test set, truth and prediction: how often each family is on top
drums-on-top.tsv  wherever drums sound, whatever is said: how often they are on top (the control must not blame them)
surrogates.tsv    how often the surrogates put the same component on top
agreement.tsv     explanations by other parts beside those by the true stems of the same snippet: the same family on top, rank correlation of the weights
untrained.tsv, figure3.svg   Figure 3: networks at random, the network as the unit; chi-square of all snippets beside it
families.tsv      the tagger, family by family
cascade.tsv       the confounded network with one layer more at random in each row
quality.tsv .svg  drums' SI-SDR against the share found, per kind of components"""
import glob
import os
import re
import statistics
import sys

import figures
from counts import FAMILIES, JUDGES, asked, auc, chi2_p, drums_sound, mean_sd, read, read_runs, share, t_interval, weights
from stats import spearman

RUNS, RESULTS = sys.argv[1], sys.argv[2]
MARGIN = 0.15  # shares of a family within 15 points of chance count as equivalent to it: said before looking
SETS = ("dr-gtr", "dr-pno")
LABELS = ("guitar", "piano")
PLAYING = ("piano", "bass", "drums")  # of a piano item with drums; the guitar is silent, so chance is a third


def write(name, head, rows):
    if not rows:
        return
    with open(os.path.join(RESULTS, name), "w") as f:
        f.write("\t".join(head) + "\n")
        for r in rows:
            f.write("\t".join(str(v) for v in r) + "\n")
    print("\n%s\n\n| %s |\n|%s" % (name, " | ".join(head), "---|" * len(head)))
    for r in rows:
        print("| %s |" % " | ".join(str(v) for v in r))


def draw(name, picture):
    if picture:
        with open(os.path.join(RESULTS, name), "w") as f:
            f.write(picture)


def right(rows, s):
    mine = [x for x in rows if x["set"] == s]
    return sum(x["truth"] == x["predicted"] for x in mine), len(mine)


def called_guitar(rows):
    """What Table 3 is about."""
    return [x for x in rows if x["set"] == "dr-pno" and x["predicted"] == "guitar"]


def blamed(rows, judge):
    return sum(x[judge + "_family"] == "drums" for x in rows), len(rows)


# ---- the paper's tables, over seeds ---------------------------------------------------------------------------

PAPER = {"oracle": "oracle", "cerberus+res": "Cerberus+res", "ova": "OVA", "ova+res": "OVA+res", "unet": "U-Net", "five-stems": "five-stems", "hpss": "HPSS", "nmf4": "NMF"}


def by_seed(runs):
    """{set: {components: {seed: rows}}} of vgg16-SET-confounded-SEED@COMPONENTS."""
    out = {}
    for (model, components), rows in runs.items():
        m = re.fullmatch(r"vgg16-(\w+)-confounded-(\d+)", model)
        if m:
            out.setdefault(m[1], {}).setdefault(components, {})[int(m[2])] = rows
    return out


def table2(seeds):
    rows = []
    for data, kinds in sorted(seeds.items()):
        many = kinds.get("oracle", {})
        rates = [[k / n for k, n in (right(r, s) for r in many.values()) if n] for s in SETS]
        if many:
            rows.append([data, len(many), " ".join(map(str, sorted(many)))] + [mean_sd(v) for v in rates])
    write("table2.tsv", ["data set", "runs", "seeds", "accuracy on t_dr-gtr, %", "on t_dr-pno, %"], rows)


def table3(seeds):
    rows = []
    order = list(PAPER) + sorted({c for kinds in seeds.values() for c in kinds} - set(PAPER))
    for components in order:
        for data, kinds in sorted(seeds.items()):
            many = {k: called_guitar(r) for k, r in kinds.get(components, {}).items()}
            many = {k: r for k, r in many.items() if r}
            if not many:
                continue
            n = [len(r) for r in many.values()]
            pianos = [[x for x in r if x["truth"] == "piano"] for r in many.values()]
            rows.append([PAPER.get(components, components), data, len(many), "%d to %d" % (min(n), max(n))]
                        + [mean_sd([k / m for k, m in (blamed(r, j) for r in many.values())]) for j in ("ridge", "wls", "shapley")]
                        + [mean_sd([k / m for k, m in (blamed(r, "ridge") for r in pianos) if m])])
    write("table3.tsv", ["separation", "data set", "runs", "called guitar in a run", "drums on top, % (ridge, as the paper)", "least squares", "Shapley", "of the pianos among them (ridge)"], rows)


# ---- each classifier by itself ----------------------------------------------------------------------------------


def accuracy(trained):
    rows = []
    for (model, components), r in trained.items():
        for s in SETS if components == "oracle" else ():
            k, n = right(r, s)
            if n:
                rows.append([model, s, len({x["song"] for x in r})] + share(k, n))
    write("accuracy.tsv", ["model", "set", "songs", "right", "snippets", "accuracy", "from", "to"], rows)


def blame(trained):
    rows = []
    for (model, components), r in trained.items():
        said = called_guitar(r)
        for who, mine in (("all", said), ("pianos, with drums", [x for x in said if x["truth"] == "piano"])):
            rows += [[model, components, who, j] + share(*blamed(mine, j)) for j in JUDGES]
    write("blamed.tsv", ["model", "components", "of what is called guitar", "surrogate", "drums", "called guitar", "share", "from", "to"], rows)


def on_top(trained):
    rows = []
    for (model, components), r in trained.items():
        heard = [x for x in asked(r) if drums_sound(x)]
        rows += [[model, components, j] + share(*blamed(heard, j)) for j in JUDGES]
    write("drums-on-top.tsv", ["model", "components", "surrogate", "drums on top", "snippets with drums", "share", "from", "to"], rows)


def surrogates(trained):
    rows = []
    for (model, components), r in trained.items():
        for who, mine in (("all snippets", asked(r)), ("called guitar on dr-pno", called_guitar(r))):
            rows.append([model, components, who, len(mine)] + [sum(x[j] == x["wls"] for x in mine) for j in JUDGES[1:]])
    write("surrogates.tsv", ["model", "components", "of", "snippets", "ridge as least squares", "Shapley as least squares"], rows)


def agreement(trained):
    """Snippets are the same for all components: same seed, same places."""
    rows = []
    key = lambda x: (x["item"], x["set"], x["truth"])
    for (model, components), r in trained.items():
        true = {key(x): x for x in trained.get((model, "oracle"), [])}
        if components == "oracle" or not true:
            continue
        for who, some in (("all snippets", asked(r)), ("called guitar on dr-pno", called_guitar(r))):
            pairs = [(x, true[key(x)]) for x in some if key(x) in true]
            top = [a["wls_family"] == b["wls_family"] for a, b in pairs]
            rho = []
            for a, b in pairs:
                w, v = weights(a), weights(b)
                both = [f for f in FAMILIES if f in w and f in v]
                if len(both) >= 3:
                    c = spearman([w[f] for f in both], [v[f] for f in both])
                    rho += [c] if c == c else []
            rows.append([model, components, who] + share(sum(top), len(top)) + ["%.3f" % statistics.mean(rho) if rho else "", "%.3f" % statistics.median(rho) if rho else "", len(rho)])
    write("agreement.tsv", ["model", "components", "of", "same family on top as by true stems", "snippets", "share", "from", "to", "rank correlation of the weights, mean", "median", "pairs with three families or more"], rows)


def confusion(trained):
    rows, panels = [], []
    for (model, components), r in trained.items():
        for s in SETS:
            cells = {}
            for truth in LABELS:
                for predicted in LABELS:
                    mine = [x for x in r if (x["set"], x["truth"], x["predicted"]) == (s, truth, predicted)]
                    counts = [sum(x["wls_family"] == f for x in mine) for f in FAMILIES] + [sum(x["wls_family"] not in FAMILIES for x in mine)]
                    cells[truth, predicted] = (len(mine), counts)
                    if mine:
                        rows.append([model, components, s, truth, predicted, len(mine)] + counts)
            if any(n for n, _ in cells.values()):
                panels.append((model, components, s, cells))
    write("figure2.tsv", ["model", "components", "set", "truth", "predicted", "snippets"] + list(FAMILIES) + ["none or not asked"], rows)
    return panels


def figure2(panels):
    """The confounded networks' panels, those of several seeds added up."""
    total = {}
    for model, components, s, cells in panels:
        kind = re.sub(r"-\d+$", "", model)
        into = total.setdefault((kind, components, s), {})
        for at, (n, counts) in cells.items():
            m, before = into.get(at, (0, [0] * len(counts)))
            into[at] = (m + n, [a + b for a, b in zip(before, counts)])
    shown = [("%s, %s, t_%s" % (kind, components, s), cells) for (kind, components, s), cells in sorted(total.items()) if components in ("oracle", "five-stems", "cerberus+res")]
    draw("figure2.svg", figures.confusion("What is on top of each answer (least squares)", FAMILIES + ("none",), shown))


# ---- quality ------------------------------------------------------------------------------------------------------


def quality(trained):
    rows = []
    for (model, components), r in trained.items():
        mine = [x for x in called_guitar(r) if x["truth"] == "piano"]
        sdr = [float(x["drums_sdr"]) for x in mine if x["drums_sdr"] not in ("nan", "-nan")]
        if mine and sdr and "confounded" in model:
            rows.append([model, components, "%.2f" % statistics.median(sdr)] + share(*blamed(mine, "wls")) + ["%d" % sum(x["shapley_family"] == "drums" for x in mine)])
    rows.sort(key=lambda x: (x[0], -float(x[2])))
    write("quality.tsv", ["model", "components", "drums SI-SDR, dB, median", "drums", "pianos called guitar", "share", "from", "to", "drums by Shapley value"], rows)
    points = [(x[1], min(float(x[2]), 30), float(x[5]), float(x[6]), float(x[7])) for x in rows if not x[0].startswith("vgg16")]
    draw("quality.svg", figures.curve("Pianos with drums that are called guitars: how often drums are on top", "SI-SDR of the part nearest to the drums, dB (true stems: drawn at 30)", points))


# ---- untrained ------------------------------------------------------------------------------------------------------


def families_on_top(rows, judge):
    """The families on top of a network's snippets, those left out where nothing is."""
    return [x[judge + "_family"] for x in rows if x[judge + "_family"] in FAMILIES]


def untrained(runs):
    """Chance is a third of what has a top: piano, bass and drums play. In two ways: the network as the unit (an interval of the mean of networks' shares; 90 %: two one-sided tests), and all snippets
    as if they were independent (chi-square)."""
    rows, kinds = [], {}
    for (model, components), r in runs.items():
        m = re.fullmatch(r"(untrained.*?|labels-at-random)-\d+", model)
        if m:
            kinds.setdefault((m[1], components), []).append([x for x in r if x["truth"] == "piano" and x["set"] == "dr-pno"])
    for (kind, components), many in kinds.items():
        for judge in JUDGES:
            tops = [families_on_top(r, judge) for r in many]
            silent = sum(t.count("guitar") for t in tops)
            playing = [[f for f in t if f in PLAYING] for t in tops]
            total, snippets = sum(map(len, playing)), sum(map(len, many))
            x2 = sum((sum(t.count(f) for t in playing) - total / 3) ** 2 / (total / 3) for f in PLAYING) if total else 0
            for f in PLAYING:
                per = [t.count(f) / len(t) for t in playing if t]
                if not per:
                    continue
                (a, b), (c, d) = t_interval(per, 0.95), t_interval(per, 0.90)
                within = "yes" if abs(c - 1 / 3) <= MARGIN and abs(d - 1 / 3) <= MARGIN else "no"
                rows.append([kind, components, judge, len(per), snippets, total, silent, f, "%.4f" % statistics.mean(per), "%.4f" % a, "%.4f" % b, "%.4f" % max(per), "%.4f to %.4f" % (c, d), within,
                             "%.1f" % x2, "%.3g" % chi2_p(x2, 2)])
    write("untrained.tsv", ["networks", "components", "surrogate", "how many", "snippets", "with a top that plays", "with a silent one", "family", "share on top", "from", "to", "largest of a network",
                            "90 % interval", "within %d points of a third" % (100 * MARGIN), "chi-square", "p"], rows)
    shown = []
    for (kind, components), many in kinds.items():
        tops = [[families_on_top(r, "wls").count(f) / len(r) for f in FAMILIES] for r in many if r]
        cells = {(t, p): (0, [0] * (len(FAMILIES) + 1)) for t in LABELS for p in LABELS}
        for p in LABELS:
            mine = [x for r in many for x in r if x["predicted"] == p]
            cells["piano", p] = (len(mine), [sum(x["wls_family"] == f for x in mine) for f in FAMILIES] + [sum(x["wls_family"] not in FAMILIES for x in mine)])
        shown.append(("%s: %d networks, %s, pianos of t_dr-pno" % (kind, len(many), components), cells, tops))
    draw("figure3.svg", figures.untrained("What is on top of networks that have learnt nothing", FAMILIES + ("none",), shown))


def cascade(runs):
    rows = []
    for (model, components), r in sorted(runs.items(), key=lambda x: [int(v) for v in re.findall(r"\d+", x[0][0])[:2]]):
        m = re.fullmatch(r"cascade(\d+)-(\d+)", model)
        if m:
            tops = families_on_top(r, "wls")
            rows.append([int(m[1]), int(m[2]), len(r), len(tops)] + ["%.3f" % (tops.count(f) / len(r)) for f in PLAYING])
    write("cascade.tsv", ["layers at random, from the output", "draw", "snippets", "with a top"] + list(PLAYING), rows)


def families():
    """RUNS/MODEL.families.tsv, by families.c."""
    rows = []
    for path in sorted(glob.glob(os.path.join(RUNS, "*.families.tsv"))):
        snippets = read(path)
        for f in FAMILIES:
            there, score = [x[f] == "1" for x in snippets], [float(x[f + "_score"]) for x in snippets]
            area = auc([v for v, t in zip(score, there) if t], [v for v, t in zip(score, there) if not t])
            rows.append([os.path.basename(path)[:-13], f, sum(there), "%.4f" % area] + share(sum((v > 0.5) == t for v, t in zip(score, there)), len(there)))
    write("families.tsv", ["model", "family", "snippets with it", "area under the curve", "right at 0.5", "snippets", "accuracy", "from", "to"], rows)


runs = read_runs(RUNS)
trained = {k: v for k, v in runs.items() if not k[0].startswith(("untrained", "cascade", "labels-at-random"))}
seeds = by_seed(runs)
table2(seeds)
table3(seeds)
accuracy(trained)
blame(trained)
on_top(trained)
surrogates(trained)
agreement(trained)
figure2(confusion(trained))
quality(trained)
untrained(runs)
cascade(runs)
families()
