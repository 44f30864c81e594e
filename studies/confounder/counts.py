"""counts.py: what the study's tables are made of: the lines that score.c printed, intervals, tests, rank correlation. Needs nothing but Python."""
import csv
import glob
import math
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from stats import ranks, wilson  # noqa: E402

JUDGES = ("wls", "ridge", "shapley")
FAMILIES = ("guitar", "piano", "bass", "drums", "strings")


def read(path):
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def read_runs(folder):
    """{(model, components): [a dict per snippet]} of FOLDER/MODEL@COMPONENTS.tsv."""
    runs = {}
    for path in sorted(glob.glob(os.path.join(folder, "*@*.tsv"))):
        model, components = os.path.basename(path)[:-4].split("@", 1)
        runs[model, components] = read(path)
    return runs


def asked(rows, judge="wls"):
    """Those that were explained (score.c --only-guitar leaves the others)."""
    return [x for x in rows if x[judge] != "not asked"]


def drums_sound(x):
    return (x["set"] == "dr-gtr") == (x["truth"] == "guitar")


# ---- shares -----------------------------------------------------------------------------------------------


def share(k, n):
    return ["%d" % k, "%d" % n, "%.4f" % (k / n if n else float("nan"))] + ["%.4f" % v for v in wilson(k, n)]


def mean_sd(values):
    """As the paper writes it: percent, the deviation over runs with n in the denominator (ddof 0)."""
    values = [100 * v for v in values if not math.isnan(v)]
    return "%.2f +- %.2f" % (statistics.mean(values), statistics.pstdev(values)) if values else ""


# ---- distributions -----------------------------------------------------------------------------------------


def chi2_p(x, df):
    """P(chi-square of df > x), df 1 to 4, in closed form."""
    if df == 1:
        return math.erfc(math.sqrt(x / 2))
    if df == 2:
        return math.exp(-x / 2)
    if df == 4:
        return math.exp(-x / 2) * (1 + x / 2)
    return math.erfc(math.sqrt(x / 2)) + math.sqrt(2 * x / math.pi) * math.exp(-x / 2)


def t_cdf(t, df):
    """Student's t, df whole: the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    theta, c = math.atan(t / math.sqrt(df)), math.cos(math.atan(t / math.sqrt(df)))
    term, total = (c, 0.0) if df % 2 else (1.0, 0.0)
    k = 1 if df % 2 else 0
    while k <= df - 2:
        total += term
        k += 2
        term *= c * c * (k - 1) / k
    if df % 2:
        return 0.5 + (theta + (math.sin(theta) * total if df > 1 else 0)) / math.pi
    return 0.5 + math.sin(theta) * total / 2


def t_quantile(p, df):
    low, high = 0.0, 1e4
    for _ in range(200):
        mid = (low + high) / 2
        low, high = (mid, high) if t_cdf(mid, df) < p else (low, mid)
    return (low + high) / 2


def t_interval(values, confidence):
    """Of the mean of independent values."""
    n = len(values)
    mean = statistics.mean(values)
    if n < 2:
        return mean, mean
    half = t_quantile(0.5 + confidence / 2, n - 1) * statistics.stdev(values) / math.sqrt(n)
    return mean - half, mean + half


def auc(positive, negative):
    """The chance that one of the first scores above one of the second; ties count half."""
    r = ranks(positive + negative)
    n, m = len(positive), len(negative)
    return (sum(r[:n]) - n * (n - 1) / 2) / (n * m) if n and m else float("nan")


# ---- agreement -----------------------------------------------------------------------------------------------


def weights(x):
    """{part: least squares' weight} of a snippet's last column."""
    text = x.get("weights") or ""
    return {} if ":" not in text else {k: float(v) for k, v in (pair.rsplit(":", 1) for pair in text.split(","))}
