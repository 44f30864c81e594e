#!/bin/sh
# headers.sh - each public header compiles alone, as pedantic C11 and as C++.
srcdir=${srcdir:-.} CC=${CC:-cc}
bad=0
strict="-pedantic-errors -Wall -Wextra -Wshadow -Werror -fsyntax-only"
cxx=
for c in ${CXX:-} g++ clang++ c++; do
  echo 'int main() { return 0; }' | $c -x c++ -fsyntax-only - 2>/dev/null && { cxx=$c; break; }
done
for path in "$srcdir"/include/auscult/*.h; do
  h=auscult/${path##*/}
  # Twice: the include guard is part of what is tested.
  printf '#include <%s>\n#include <%s>\nint aus_header_test;\n' "$h" "$h" >"headers-$$.c"
  if $CC -std=c11 $strict -I"$srcdir/include" "headers-$$.c"; then echo "ok - $h as C11"; else echo "not ok - $h as C11"; bad=1; fi
  if [ -z "$cxx" ]; then echo "skip - $h as C++: no C++ compiler"
  elif $cxx -x c++ -std=c++11 $strict -I"$srcdir/include" "headers-$$.c"; then echo "ok - $h as C++"
  else echo "not ok - $h as C++"; bad=1; fi
done
rm -f "headers-$$.c"
exit $bad
