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
# le BYTES VALUE: VALUE as little-endian bytes in printf's octal escapes.
le() {
  v=$2 i=0
  while [ $i -lt "$1" ]; do
    printf '\\%03o' $((v % 256))
    v=$((v / 256)) i=$((i + 1))
  done
}
# wav CHANNELS RATE FRAMES: the head of a file of 16-bit silence.
wav() {
  bytes=$(($1 * $3 * 2))
  # shellcheck disable=SC2059
  printf "RIFF$(le 4 $((36 + bytes)))WAVEfmt $(le 4 16)$(le 2 1)$(le 2 "$1")$(le 4 "$2")$(le 4 $(($1 * $2 * 2)))$(le 2 $(($1 * 2)))$(le 2 16)data$(le 4 $bytes)"
}
# make_wav FILE CHANNELS RATE FRAMES: the same as a file; it takes no room on disk.
make_wav() {
  wav "$2" "$3" "$4" >"$1"
  dd if=/dev/zero of="$1" bs=1 count=0 seek=$((44 + $2 * $4 * 2)) 2>/dev/null
}
finish() { exit $bad; }
