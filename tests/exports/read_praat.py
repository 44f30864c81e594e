"""Praat itself opens the TextGrids and tells what it read."""
import subprocess
from common import *

script = """form: "x"
  text: "path", ""
endform
Read from file: path$
first = Get start time
last = Get end time
n = Get number of tiers
writeInfoLine: first, tab$, last, tab$, n
for t to n
  name$ = Get tier name: t
  k = Get number of intervals: t
  for i to k
    begin = Get start time of interval: t, i
    finish = Get end time of interval: t, i
    label$ = Get label of interval: t, i
    appendInfoLine: t, tab$, name$, tab$, begin, tab$, finish, tab$, label$
  endfor
endfor
"""
if not have("praat"):
    skip("TextGrid by Praat", "no praat here")
for r in results if have("praat") else []:
    open("read.praat", "w").write(script)
    p = subprocess.run(["praat", "--run", "--utf8", "read.praat", r.name + ".textgrid"], capture_output=True)
    lines = p.stdout.decode("utf-8").rstrip("\n").split("\n")
    first, last, n = lines[0].split("\t")
    good = near(first, r.start) and near(last, r.start + r.seconds) and int(n) == len(r.rows)
    full = [l.split("\t") for l in lines[1:] if l.split("\t")[4]]
    good = good and len(full) == len(r.rows)
    for (t, name, t0, t1, label), row in zip(full, r.rows):
        good = good and name == row[0] + ": " + row[1] and near(t0, row[2]) and near(t1, row[3]) and near(label, row[6], 1e-5)
    check("Praat %s opens %s.TextGrid: %s tiers, times, names and values" % (version("praat"), r.name, n), good, lines[:3])
