#!/bin/sh
# Tests of tools/auscult-convert. Needs Debian's python3 with numpy; h5py, torch and onnx where present. Prints one
# line a test and at the end 'N passed, N failed, N skipped'. PYTHON=... takes another interpreter, arguments are
# test files (test_musicnn) to run alone. AUSCULT=PATH/auscult adds the tests that go through the engine.
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import numpy' 2>/dev/null; then
  echo "skipped: $python with numpy is not there"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$here/helpers.py" "$@"
