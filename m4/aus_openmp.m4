# AUS_OPENMP: OpenMP is used when a program that calls it also links: Debian's libgomp
# does not link into a static musl program although the flag is accepted.
AC_DEFUN([AUS_OPENMP], [
  AC_ARG_ENABLE([openmp], [AS_HELP_STRING([--disable-openmp], [no threads of our own])], [], [enable_openmp=auto])
  aus_openmp=no OPENMP_FLAGS=
  AS_IF([test "x$enable_openmp" != xno], [
    AC_MSG_CHECKING([for OpenMP that compiles and links])
    aus_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -fopenmp"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <omp.h>]], [[int n = 0;
#pragma omp parallel
      n = omp_get_num_threads();
      return n < 0;]])], [aus_openmp=yes OPENMP_FLAGS=-fopenmp])
    CFLAGS=$aus_saved_CFLAGS
    AC_MSG_RESULT([$aus_openmp])
    AS_IF([test $aus_openmp = no && test "x$enable_openmp" = xyes], [AC_MSG_ERROR([--enable-openmp was given but OpenMP does not link with $CC])])
  ])
  AC_SUBST([OPENMP_FLAGS])
])
