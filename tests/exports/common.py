"""common.py - what the readers share: the results they compare with, and lines for run.sh."""
import json, os, shutil, subprocess, time

near = lambda a, b, digits=1e-6: abs(float(a) - b) <= digits * max(1e-6, abs(b))


class Result:
    """A result.json as rows (target, part, t0, t1, f0, f1, weights): seconds of the file, bands filled in."""

    def __init__(self, name):
        d = json.load(open(name + "/result.json"))
        self.name, self.json, self.start = name, d, d["input"]["offset"]
        self.seconds, self.top = d["evaluated"]["samples"] / d["evaluated"]["rate"], d["evaluated"]["rate"] / 2
        self.targets = [t["name"] for t in d["targets"]]
        self.rows = []
        for t in d["targets"]:
            for p, c in zip(d["components"], t["components"]):
                band = p["f1"] > p["f0"]
                value = c["weight"] if c["shapley"] is None else c["shapley"]
                t1 = p["t1"] if p["t1"] > p["t0"] else self.seconds
                self.rows.append((t["name"], p["name"], p["t0"] + self.start, t1 + self.start, p["f0"] if band else 0, p["f1"] if band else self.top, value, c, band and (p["f0"] > 0 or p["f1"] < self.top - 1)))

    def of(self, target):
        return [r for r in self.rows if r[0] == target]


results = [Result(n) for n in ("tiles", "names", "map")]


def check(name, good, why=""):
    print(("ok - " if good else "not ok - ") + name + ("" if good else ": %s" % (why,)))


def skip(name, why):
    print("skip - %s: %s" % (name, why))


def have(*programs):
    return all(shutil.which(p) for p in programs)


def version(package):
    p = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return p.stdout.split("-")[0].split("+")[0]
