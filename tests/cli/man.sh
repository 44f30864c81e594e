#!/bin/sh
# man.sh - the man page and --help agree with the option tables; the page is valid.
. "${srcdir:-.}/tests/cli/lib.sh"
$auscult help man >auscult.1
check "docs/auscult.1 is what \`auscult help man\` prints" cmp auscult.1 "$src/docs/auscult.1"
if command -v mandoc >/dev/null 2>&1; then check "mandoc finds no error" sh -c '! mandoc -T lint -W error auscult.1 | grep .'
else echo "skip - no mandoc here"; fi
for c in predict explain global report separate nmf train "l2i train" "l2i explain" "l2i evaluate" "l2i listening-test" "model info" "model verify" "model run" "model embed"; do
  # shellcheck disable=SC2086
  exits 0 "$c --help" $c --help
  check "$c --help has a usage line and an example" sh -c 'grep -q "^usage: auscult" out && grep -q "^examples:" out'
done
$auscult help completion >completion
check "the completion is a shell script" bash -n completion
finish
