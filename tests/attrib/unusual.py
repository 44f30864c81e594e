#!/usr/bin/python3
"""Networks of unusual shapes against torch: unusual.py [--auscult PATH] [NAME...]

Each network goes from torch through ONNX, auscult-convert and `auscult explain ... --save`; what comes back is compared with the method
written down here from its formula (no library of explanations is used). One line a check; the last is 'N passed, N failed, N skipped'."""

import argparse
import os
import subprocess
import sys
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--auscult", default=os.path.join(TOP, "build", "auscult"))
    p.add_argument("names", nargs="*", help="networks to check alone")
    return p.parse_args()


def main():
    args = parse()
    try:
        import numpy  # noqa: F401
        import onnx  # noqa: F401
        import torch
    except ImportError as e:
        print("skipped: Python module %s is not there (Debian: python3-torch, python3-onnx)" % e.name)
        print("0 passed, 0 failed, 1 skipped")
        return 0
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    sys.path.insert(0, HERE)
    import torch_checks
    counts = torch_checks.run(args.auscult, args.names)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
