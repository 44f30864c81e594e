#!/bin/sh
# links.sh - every relative link and `path` to a document in README.md and docs/*.md leads to a file.
cd "${srcdir:-.}" || exit 99
bad=0 seen=0
for page in README.md docs/*.md; do
  dir=$(dirname "$page")
  for target in $(sed '/^```/,/^```/d' "$page" | grep -oE '\]\([^)[:space:]]+\)' | sed -E 's/^\]\(//; s/\)$//; s/#.*//'); do
    case $target in http://* | https://* | mailto:*) continue ;; esac
    seen=$((seen + 1))
    [ -e "$dir/$target" ] || [ -e "$target" ] || { echo "not ok - $page links to $target, which is not there"; bad=1; }
  done
done
[ $bad = 0 ] && echo "ok - $seen relative links lead somewhere"
exit $bad
