"""Runs tests/convert/test_*.py and counts; where the shared data and the tools are."""

import glob
import importlib
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(TOP, "tools", "auscult-convert")
SHARED = os.environ.get("AUS_SHARED", os.path.join(TOP, "..", "shared", "data"))
sys.path.insert(0, os.path.join(TOP, "tools"))
sys.path.insert(0, HERE)


def shared(*parts):
    """A file of the shared data; skips the test when it is not there."""
    path = os.path.join(SHARED, *parts)
    if not os.path.exists(path):
        raise unittest.SkipTest("%s is not there (set AUS_SHARED)" % path)
    return path


def module(name):
    """An optional Python module; skips the test when it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest("Python module %s is not there" % name) from None


def tool(*args):
    """(exit code, stdout, stderr) of auscult-convert."""
    r = subprocess.run([sys.executable, TOOL, *args], capture_output=True, text=True)
    return r.returncode, r.stdout, r.stderr


class _Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main(names):
    suite = unittest.TestSuite()
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        name = os.path.basename(path)[:-3]
        if not names or name in names:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromName(name))
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=_Result)
    r = runner.run(suite)
    failed = len(r.failures) + len(r.errors)
    print("%d passed, %d failed, %d skipped" % (r.passed, failed, len(r.skipped)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.modules["helpers"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
