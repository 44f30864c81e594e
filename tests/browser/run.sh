#!/bin/sh
# run.sh - the pages in a real browser: tests/browser/run.sh [BUILD]. Ends with "N passed, N failed[, N skipped]".
# Needs Chromium (Debian's), node, and playwright-core, which npm puts into BUILD/browser (nothing else is downloaded).
# Screenshots of every kind of page stay in BUILD/browser/shots.
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$top/build}" && pwd)
work=$build/browser
chromium=${CHROMIUM:-/usr/bin/chromium}
skip() { echo "skip - the pages in a browser: $1"; echo '0 passed, 0 failed, 1 skipped'; exit 0; }
[ -x "$chromium" ] || skip "no Chromium here (apt-get install chromium)"
command -v node >/dev/null 2>&1 || skip "no node here"
mkdir -p "$work" || exit 1
if [ ! -d "$work/node_modules/playwright-core" ]; then
  command -v npm >/dev/null 2>&1 || skip "no npm here to fetch playwright-core"
  npm install --silent --no-audit --no-fund --prefix "$work" playwright-core@1.65.1 >"$work/npm.log" 2>&1 || skip "npm cannot fetch playwright-core"
fi
# A second opinion on accessibility; without it the tests say so and go on.
[ -d "$work/node_modules/axe-core" ] || npm install --silent --no-audit --no-fund --prefix "$work" axe-core@4.11 >>"$work/npm.log" 2>&1
rm -rf "$work/demo" "$work/shots" "$work/pages"
mkdir -p "$work/pages" "$work/shots"
"$build/examples/make_demo" "$work/demo" >"$work/demo.log" 2>&1 || { echo "not ok - the demo"; echo '0 passed, 1 failed'; exit 1; }
AUSCULT_EXAMPLES="/usr/bin/python3 $top/examples/pipe_model.py"
export AUSCULT_EXAMPLES
NODE_PATH=$work/node_modules AUSCULT=$build/auscult WORK=$work CHROMIUM=$chromium
export NODE_PATH AUSCULT WORK CHROMIUM
passed=0 failed=0
for suite in "$top"/tests/browser/test_*.mjs; do
  name=$(basename "$suite" .mjs)
  cp "$top"/tests/browser/*.mjs "$work/"
  (cd "$work" && node "$name.mjs") >"$work/$name.log" 2>&1
  grep -E '^(ok|not ok)' "$work/$name.log"
  if ! grep -q '^end$' "$work/$name.log"; then echo "not ok - $name stopped early"; tail -n 15 "$work/$name.log"; failed=$((failed + 1)); fi
  passed=$((passed + $(grep -c '^ok' "$work/$name.log"))) failed=$((failed + $(grep -c '^not ok' "$work/$name.log")))
done
skipped=$(cat "$work"/test_*.log | grep -c '^skip')
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
