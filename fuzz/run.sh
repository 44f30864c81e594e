#!/bin/sh
# run.sh - every fuzz target over its corpus, each seed with seeded mutations. Part of make check.
here=$(cd "$(dirname "$0")" && pwd)
failed=0
for target in fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=${target#fuzz/fuzz_}
  case $name in *.*) continue ;; esac
  if $AUS_EMULATOR "$target" -m "${FUZZ_MUTATIONS:-300}" "$here/corpus/$name"/* >"fuzz/$name.out" 2>&1; then
    echo "ok - fuzz $name: $(tail -1 "fuzz/$name.out")"
  else
    echo "not ok - fuzz $name"
    tail -20 "fuzz/$name.out"
    failed=1
  fi
done
exit $failed
