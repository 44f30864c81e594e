# AUS_THREADS: which threads are behind aus_parallel_for.
#   built-in   POSIX threads, when a program that starts one links: the default
#   OpenMP     with --enable-openmp, or where there are no POSIX threads; used when a program that calls it
#              also links (Debian's libgomp does not link into a static musl program although the flag is accepted)
#   none       otherwise: one thread, or the host's own through aus_config
AC_DEFUN([AUS_THREADS], [
  AC_ARG_ENABLE([threads], [AS_HELP_STRING([--disable-threads], [no threads of our own])], [], [enable_threads=yes])
  AC_ARG_ENABLE([openmp], [AS_HELP_STRING([--enable-openmp], [OpenMP's threads instead of the built-in ones])], [], [enable_openmp=auto])
  aus_pthread=no aus_openmp=no THREAD_FLAGS=
  AS_IF([test "x$enable_threads" != xno && test "x$enable_openmp" != xyes], [
    AC_MSG_CHECKING([for POSIX threads that compile and link])
    aus_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -pthread"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <pthread.h>
#include <stdatomic.h>
static _Atomic long long n;
static void *run(void *p) { n++; return p; }]], [[pthread_t t;
      if (pthread_create(&t, 0, run, 0)) return 1;
      pthread_join(t, 0);
      return n != 1;]])], [aus_pthread=yes])
    CFLAGS=$aus_saved_CFLAGS
    AC_MSG_RESULT([$aus_pthread])
  ])
  AS_IF([test "x$enable_openmp" != xno && test $aus_pthread = no && test "x$enable_threads" != xno], [
    AC_MSG_CHECKING([for OpenMP that compiles and links])
    aus_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -fopenmp"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <omp.h>]], [[int n = 0;
#pragma omp parallel
      n = omp_get_num_threads();
      return n < 0;]])], [aus_openmp=yes THREAD_FLAGS=-fopenmp])
    CFLAGS=$aus_saved_CFLAGS
    AC_MSG_RESULT([$aus_openmp])
    AS_IF([test $aus_openmp = no && test "x$enable_openmp" = xyes], [AC_MSG_ERROR([--enable-openmp was given but OpenMP does not link with $CC])])
  ])
  AS_IF([test $aus_pthread = yes], [
    aus_threads="built-in (POSIX)" THREAD_FLAGS="-pthread -DAUS_HAVE_PTHREAD"],
    [test $aus_openmp = yes], [aus_threads=OpenMP], [aus_threads=none])
  AC_SUBST([THREAD_FLAGS])
])
