"""Sonic Visualiser itself opens the layers and writes them out again."""
import csv, os, subprocess
from common import *


def opened(r, layers):
    """The layers as it exports them: layer 1 and 2 of the pane are its own ruler and the wave."""
    home = os.path.abspath("sv-home")
    os.makedirs(home + "/.config/sonic-visualiser", mode=0o700, exist_ok=True)
    with open(home + "/.config/sonic-visualiser/Sonic Visualiser.conf", "w") as f: # answers its one question
        f.write("[Preferences]\nnetwork-permission-%s=false\n" % version("sonic-visualiser"))
    with open("sv.osc", "w") as f:
        f.write("/open demo/song.wav\n2\n/openadditional %s.svl\n2\n" % r.name)
        for k in range(layers):
            f.write("/setcurrent 1 %d\n/exportlayer sv-%s-%d.csv\n" % (k + 3, r.name, k))
        f.write("2\n/quit\n")
    env = dict(os.environ, HOME=home, XDG_RUNTIME_DIR=home, QT_QPA_PLATFORM="offscreen")
    os.chmod(home, 0o700)
    subprocess.run(["timeout", "60", "sonic-visualiser", "--no-audio", "--osc-script", "sv.osc"], env=env, capture_output=True)
    return [sorted(csv.reader(open("sv-%s-%d.csv" % (r.name, k), encoding="utf-8"))) for k in range(layers)]


if not have("sonic-visualiser"):
    skip("layers by Sonic Visualiser", "no sonic-visualiser here")
for r in results if have("sonic-visualiser") else []:
    bands = any(x[8] for x in r.rows)
    kinds = [(t, box) for t in r.targets for box in ((False, True) if bands else (False,))]
    got = opened(r, len(kinds))
    good, why = True, ""
    for (target, box), rows in zip(kinds, got):
        want = [x for x in r.of(target) if x[8] or not box]
        key = lambda x: (float(x[0]), x[-1])
        rows = sorted(rows, key=key)
        label = lambda x: x[1] + " "
        want.sort(key=lambda x: (x[2], x[1]))
        same = len(rows) == len(want)
        for g, w in zip(rows, want):
            numbers = (w[2], w[3], w[4], w[5]) if box else (w[2], w[6], w[3] - w[2])
            same = same and all(abs(float(a) - b) <= max(1e-4 * abs(b), 1e-4) for a, b in zip(g, numbers)) and g[-1].startswith(label(w))
        if not same:
            good, why = False, (target, box, rows[:2], want[:2])
    check("Sonic Visualiser %s opens %s.svl: %d layers, the same places, values and labels" % (version("sonic-visualiser"), r.name, len(kinds)), good, why)
