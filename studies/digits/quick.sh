#!/bin/sh
# quick.sh: two small trainings that must reach their marks on a speaker who was never heard, each in under a minute of two idle cores:
# a 1-D CNN on the waveform 85 %, a 2-D CNN on the log-mel 90 %. Prints "ok - ..." or "not ok - ..." each; `scripts/test --full` runs it.
#
#   FSDD=FOLDER (default ../shared/data/audio/fsdd beside the repository)  AUSCULT=PROGRAM (default build/auscult)  THREADS=N (default 2)
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
FSDD=${FSDD:-$top/../shared/data/audio/fsdd}
AUSCULT=${AUSCULT:-$top/build/auscult}
if [ ! -e "$FSDD/0_theo_0.flac" ]; then
  echo "skip - spoken digits: no Free Spoken Digit Dataset in $FSDD"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
FSDD=$(cd "$FSDD" && pwd)
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
"$here/manifest.sh" "$FSDD" >"$work/fsdd.tsv"
passed=0 failed=0
say() { # ok|not ok, text
  echo "$1 - $2"
  if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
# learn NAME LEAST: trains quick-NAME.recipe; the best epoch's accuracy must be at least LEAST, the model sound, the processor time under
# that of two cores in a minute (the clock on the wall would count the neighbours).
learn() {
  sed "s|^root = .*|root = $FSDD|" "$here/quick-$1.recipe" >"$work/$1.recipe"
  start=$(date +%s)
  if ! (times_file=$work/$1.times; "$AUSCULT" train "$work/$1.recipe" --out "$work/$1" --quiet --threads "${THREADS:-2}" >"$work/$1.log" 2>&1; code=$?; times >"$times_file"; exit $code); then
    say "not ok" "digits, $1: $(tail -1 "$work/$1.log")"
    return
  fi
  wall=$(($(date +%s) - start))
  score=$(sed -n 's/^best: .* accuracy \([0-9.]*\)$/\1/p' "$work/$1.log")
  cpu=$(sed -E 's/([0-9]+)m([0-9.]+)s ([0-9]+)m([0-9.]+)s/\1 \2 \3 \4/' "$work/$1.times" | awk 'END { print int(60 * ($1 + $3) + $2 + $4 + 0.5) }')
  text="digits, $1: $score on a held-out speaker, wanted $2; $cpu s of processor, $wall s on the clock"
  if awk "BEGIN { exit !($score >= $2 && $cpu <= 120) }"; then say ok "$text"; else say "not ok" "$text"; fi
  if "$AUSCULT" model verify "$work/$1/model.aus" >"$work/verify" 2>&1; then say ok "digits, $1: $(sed 's/^.*: sound/the model is sound/' "$work/verify")"; else say "not ok" "digits, $1: $(cat "$work/verify")"; fi
}
learn wave 0.85
learn mel 0.90
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
