# AUS_TESTS: CMocka, for `make check` only.
AC_DEFUN([AUS_TESTS], [
  aus_tests=no CMOCKA_LIBS=
  aus_saved_LIBS=$LIBS
  AC_CHECK_HEADER([cmocka.h], [AC_CHECK_LIB([cmocka], [_cmocka_run_group_tests], [aus_tests=yes CMOCKA_LIBS=-lcmocka])], [], [[#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>]])
  LIBS=$aus_saved_LIBS
  AM_CONDITIONAL([HAVE_CMOCKA], [test $aus_tests = yes])
  AC_SUBST([CMOCKA_LIBS])
  AC_ARG_VAR([AUS_EMULATOR], [program that runs test programs when cross-compiling, e.g. "qemu-aarch64 -L /usr/aarch64-linux-gnu"])
])
