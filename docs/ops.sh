#!/bin/sh
# ops.sh - makes docs/ops.md from src/nn/ops.def: `docs/ops.sh src/nn/ops.def > docs/ops.md`. Shell and awk only.
# make check runs it again (tests/checks/ops.sh) and compares.
cat <<'EOF'
# Operators

Made from `src/nn/ops.def` by `docs/ops.sh`; do not edit. The code is what a `.aus` file stores and never changes. Shapes are
row-major, mb (the batch) first; all values are float32. `?` marks an operand that may be left out, `...` one that may repeat.
Attributes are 32-bit words in this order (`i:` int32, `f:` float32, `i*:` as many int32 as there are); absent ones at the
end are zero. Every op has a way back, to its data and to its parameters; the last column says what is taken where there is no
derivative (torch's choice), or how it goes. Every row is tested by `tests/test_ops.c`, its way back by `tests/test_back.c` or
`tests/test_back_linear.c`.
EOF
awk '
function plain(t) { gsub(/[|*_\[\]<>]/, "\\\\&", t); return t }
function heading(t,   text) {
  sub(/^-- */, "", t); sub(/ *-+ *$/, "", t)
  text = ""
  if (match(t, / -+ /)) { text = substr(t, RSTART + RLENGTH); t = substr(t, 1, RSTART - 1) }
  printf "\n## %s%s\n", toupper(substr(t, 1, 1)), substr(t, 2)
  if (text != "") printf "\n%s\n", plain(text)
  printf "\n| code | op | inputs | outputs | attributes | meaning | way back |\n|---|---|---|---|---|---|---|\n"
}
!started && !/^\/\* --/ { next }
{ started = 1 }
/^[ \t]*\/\*/ || in_comment {
  line = $0
  sub(/^[ \t]*\/\*[ \t]*/, "", line); sub(/^ \*[ \t]*/, "", line)
  done = sub(/[ \t]*\*\/[ \t]*$/, "", line)
  comment = comment (comment == "" ? "" : " ") line
  in_comment = !done
  if (!done) next
  gsub(/[ \t]+/, " ", comment)
  if (comment ~ /^--/) heading(comment); else if (sub(/^back: */, "", comment)) back = comment; else note = note (note == "" ? "" : " ") comment
  comment = ""
  next
}
/^AUS_OP\(/ || in_op {
  op = op " " $0
  in_op = op !~ /\)[ \t]*$/
  if (in_op) next
  sub(/^ AUS_OP\(/, "", op)
  split(op, part, /"/)
  split(part[1], head, /, */)
  printf "| %d | `%s` | %s | %s | %s | %s | %s |\n", head[1], head[2], plain(part[2]), plain(part[4]), plain(part[6]), plain(note), plain(back)
  op = note = back = ""
}
' "$1"
