# lib.sh - what the command's tests share. Sourced. Each check prints "ok - ..." or "not ok - ...".
# $auscult is the program (with an emulator before it when cross-compiled), $demo the folder that make_demo filled.

build=$(cd "${top_builddir:-.}" && pwd)
src=$(cd "${srcdir:-.}" && pwd)
auscult="${AUS_EMULATOR:+$AUS_EMULATOR }$build/auscult"
demo=$build/demo-test
bad=0
work=$(mktemp -d "$build/cli-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
NO_COLOR=1
OMP_WAIT_POLICY=passive # tests run beside each other: waiting threads should sleep
export NO_COLOR OMP_WAIT_POLICY

ok() { echo "ok - $1"; }
not_ok() { echo "not ok - $1"; bad=1; }
# check NAME COMMAND...: the command succeeds.
check() {
  name=$1
  shift
  if "$@" >check.out 2>check.err; then ok "$name"; else not_ok "$name"; sed 's/^/    /' check.out check.err | head -20; fi
}
# exits CODE NAME ARGS...: auscult ARGS exits with CODE, says at most one line of error on stderr (notes aside)
# and nothing of it on stdout, and never crashes.
exits() {
  want=$1 name=$2
  shift 2
  $auscult "$@" >out 2>err </dev/null
  got=$?
  errors=$(grep -vcE '^auscult: (note|warning): ' err)
  if [ "$got" != "$want" ]; then not_ok "$name: exit $got, want $want"; sed 's/^/    /' err | head -5
  elif [ "$want" != 0 ] && [ "$errors" != 1 ]; then not_ok "$name: $errors lines of error instead of one"; sed 's/^/    /' err | head -5
  else ok "$name: exit $want${errors:+$(grep -vE '^auscult: (note|warning): ' err | head -1 | sed 's/^/, /' | cut -c1-150)}"; fi
}
finish() { exit $bad; }
