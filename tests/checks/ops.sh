#!/bin/sh
# ops.sh - docs/ops.md is what docs/ops.sh makes of src/nn/ops.def now.
cd "${srcdir:-.}" || exit 99
made=$(docs/ops.sh src/nn/ops.def) || exit 99
if [ "$made" = "$(cat docs/ops.md)" ]; then
  echo "ok - docs/ops.md lists the $(printf '%s\n' "$made" | grep -c '^| [0-9]') ops of src/nn/ops.def"
else
  echo "not ok - docs/ops.md is out of date: run docs/ops.sh src/nn/ops.def > docs/ops.md"
  exit 1
fi
