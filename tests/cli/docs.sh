#!/bin/sh
# docs.sh - every command in a fenced ```sh block of README.md and docs/*.md runs (blocks marked "sh skip" need
# a network, another folder or Python and are run elsewhere). Each page gets a fresh folder with the demo's files.
. "${srcdir:-.}/tests/cli/lib.sh"

mkdir bin
printf '#!/bin/sh\nexec %s "$@"\n' "$auscult" >bin/auscult
chmod +x bin/auscult
PATH=$work/bin:$PATH
export PATH
n=0
for page in "$src"/README.md "$src"/docs/*.md; do
  grep -q '^```sh$' "$page" || continue
  dir=$work/$(basename "$page" .md)
  mkdir "$dir"
  ln -s "$demo/demo.aus" "$demo/song.wav" "$demo/stems" "$dir/"
  ln -s "$(cd "$src" && pwd)/weights" "$dir/weights"
  cp "$src"/examples/train/* "$dir/"
  awk '/^```sh$/ { on = 1; next } /^```/ { on = 0 } on' "$page" >"$dir/commands"
  while read -r line; do
    [ -n "$line" ] || continue
    n=$((n + 1))
    if (cd "$dir" && sh -ec "$line" >out 2>err </dev/null); then ok "$(basename "$page"): $line"
    else not_ok "$(basename "$page"): $line"; sed 's/^/    /' "$dir/err" | head -5; fi
  done <"$dir/commands"
done
check "commands were found ($n)" test $n -gt 10
finish
