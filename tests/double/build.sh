#!/bin/sh
# tests/double/build.sh BUILD: the program in double: every source of the library and the command line, compiled once more with float
# meaning double (real.h), plain C kernels only, functions from libm. Gives BUILD/double/auscult, which reads and writes float64 .npy and
# tensors of type f64; its .aus files are otherwise the same. For the cases of attribution (tests/attrib/cases.py --double), not for use.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
out=$build/double
mkdir -p "$out"
flags="-O1 -w -std=c11 -D_GNU_SOURCE -DAUS_BUILDING -DAUS_VERSION='\"double\"' -include $top/tests/double/real.h -I$top/tests/double -I$top/include -I$top/src -I$top -I$build -I$build/src -I$build/src/report"
objects=
{
  for source in $(cat "$top"/src/*/sources.mk "$top"/src/*/*/sources.mk 2>/dev/null | tr ' \t\\' '\n\n\n' | grep '^src/.*\.c$' | grep -v '^src/simd/kern_' | sort -u) src/simd/kern_scalar.c src/simd/kern_wino_scalar.c; do
    object=$(echo "$source" | tr / _ | sed 's/c$/o/')
    objects="$objects $object"
    printf '%s: %s %s/tests/double/real.h\n\t%s -c %s -o $@ %s\n' "$object" "$top/$source" "$top" "${CC:-cc}" "$flags" "$top/$source"
  done
  objects="$objects tests_case_words.o"
  printf 'tests_case_words.o: %s\n\t%s -c %s -o $@ %s\n' "$top/tests/case_words.c" "${CC:-cc}" "$flags" "$top/tests/case_words.c"
  words=$(echo "$objects" | sed 's/ src_cli_main.o//')
  objects=$(echo "$objects" | sed 's/ tests_case_words.o//')
  printf 'all: auscult tests/case_words\n'
  printf 'tests/case_words:%s\n\tmkdir -p tests && %s -o $@%s -lm -lpthread\n' "$words" "${CC:-cc}" "$words"
  printf 'auscult:%s\n\t%s -o $@%s -lm -lpthread\n' "$objects" "${CC:-cc}" "$objects"
} >"$out/Makefile"
exec make -s -C "$out" -j"${JOBS:-2}" all
