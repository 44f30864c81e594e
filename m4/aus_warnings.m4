# AUS_WARNINGS: the flags every file is built with. No -ffast-math, ever; FMA only where written.
AC_DEFUN([AUS_TRY_CFLAG], [
  AC_MSG_CHECKING([whether $CC takes $1])
  aus_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $1 -Werror"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [aus_ok=yes], [aus_ok=no])
  CFLAGS=$aus_saved_CFLAGS
  AC_MSG_RESULT([$aus_ok])
  AS_IF([test $aus_ok = yes], [$2="$$2 $1"])
])

AC_DEFUN([AUS_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make warnings errors (for development)])], [], [enable_werror=no])
  AUS_CFLAGS=
  AUS_TRY_CFLAG([-std=c11], [AUS_CFLAGS])
  for aus_flag in -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wshadow -fvisibility=hidden \
      -fno-math-errno -fno-trapping-math -ffp-contract=off; do
    AUS_TRY_CFLAG([$aus_flag], [AUS_CFLAGS])
  done
  AS_IF([test "x$enable_werror" = xyes], [AUS_CFLAGS="$AUS_CFLAGS -Werror"])
  AC_SUBST([AUS_CFLAGS])
  AS_IF([test "x$ac_test_CFLAGS" != xset && test "x$ac_test_CFLAGS" != xy], [CFLAGS="-O3 -g"])
])
