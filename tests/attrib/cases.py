#!/usr/bin/python3
"""Checks attributions against published and derived values: cases.py [--auscult PATH] [--cases FILE.json] [NAME...]

Each case of ../shared/cases/attribution.json (not part of the project; skipped when it is not there) becomes an ONNX network, goes
through auscult-convert and `auscult explain ... --save`, and its array is compared: |difference| <= max(the case's tolerance,
1e-5 of the largest expected value). With --double, PATH is the program of tests/double, and the case's own tolerance alone holds. One line a case; the last is 'N passed, N failed, N skipped'. Exit 1 when one failed."""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


class Skip(Exception):
    pass


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--auscult", default=os.path.join(TOP, "build", "auscult"))
    p.add_argument("--cases", default=os.path.join(TOP, "..", "shared", "cases", "attribution.json"))
    p.add_argument("--double", action="store_true", help="PATH was built by tests/double/build.sh")
    p.add_argument("names", nargs="*", help="cases or groups to run alone")
    return p.parse_args()


def check_one(np, got, want, tolerance, relative):
    got, want = np.asarray(got, float).ravel(), np.asarray(want, float).ravel()
    if got.size != want.size:
        return "%d values, want %d" % (got.size, want.size)
    allowed = max(tolerance, relative * np.abs(want).max() if want.size else 0)
    worst = np.abs(got - want).max() if want.size else 0
    return None if worst <= allowed else "apart by %.3g (allowed %.3g): got %s, want %s" % (worst, allowed, got[:12], want[:12])


def main():
    args = parse()
    if not os.path.exists(args.cases):
        print("skipped: %s is not there" % args.cases)
        print("0 passed, 0 failed, 1 skipped")
        return 0
    try:
        import numpy as np
        import onnx  # noqa: F401
    except ImportError as e:
        print("skipped: Python module %s is not there (Debian: python3-numpy, python3-onnx)" % e.name)
        print("0 passed, 0 failed, 1 skipped")
        return 0
    sys.path.insert(0, HERE)
    import groups
    from nets import Explainer, Refused
    explainer = Explainer(args.auscult, np.float64 if args.double else np.float32)
    methods = subprocess.run([args.auscult, "explain", "--help"], capture_output=True, text=True).stdout
    with open(args.cases) as f:
        data = json.load(f)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in data["cases"]:
        if args.names and case["id"] not in args.names and case["group"] not in args.names:
            continue
        try:
            if case["group"] not in groups.GROUPS:
                raise Skip("group %s is not about attribution of arrays" % case["group"])
            pairs = groups.run(case, explainer, data["models"], methods, Skip)
            why = next((w for w in (check_one(np, g, e, case["tol_abs"], 0 if args.double else 1e-5) for g, e in pairs) if w), None)
            outcome = ("failed", why) if why else ("passed", "")
        except Skip as e:
            outcome = ("skipped", str(e))
        except Refused as e:
            outcome = ("failed", str(e))
        counts[outcome[0]] += 1
        print("%s: %s%s" % (outcome[0], case["id"], ": " + outcome[1] if outcome[1] else ""), flush=True)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
