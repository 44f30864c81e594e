#!/bin/sh
# symbols.sh - the shared library exports what the public headers declare AUS_API, and nothing else.
srcdir=${srcdir:-.} NM=${NM:-nm}
lib=.libs/libauscult.so
[ -f "$lib" ] || { echo "skip - no shared library in this build"; exit 77; }
declared=$(cat "$srcdir"/include/auscult/*.h | grep -v '^#' | tr '\n' ' ' | grep -oE 'AUS_API [^;(]*\(' | sed -E 's/.*[ *]([a-z0-9_]+)\($/\1/' | sort -u)
exported=$($NM -D --defined-only "$lib" | awk '$2 ~ /[TDBRVW]/ { sub(/@.*/, "", $3); print $3 }' | grep -vE '^(_init|_fini|__bss_start|_edata|_end)$' | sort -u)
bad=0
[ "$(echo "$declared" | wc -l)" -gt 10 ] || { echo "not ok - found no declarations"; exit 1; }
for s in $exported; do
  echo "$declared" | grep -qx "$s" || { echo "not ok - $s is exported but no public header declares it"; bad=1; }
done
for s in $declared; do
  echo "$exported" | grep -qx "$s" || { echo "not ok - $s is declared but not exported"; bad=1; }
done
[ $bad = 0 ] && echo "ok - $(echo "$exported" | wc -l) symbols exported, all declared"
exit $((bad > 0))
