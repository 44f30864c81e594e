# AUS_SANITIZERS: --enable-sanitizers=address,undefined
AC_DEFUN([AUS_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers=LIST], [build with -fsanitize=LIST])], [], [enable_sanitizers=no])
  AS_IF([test "x$enable_sanitizers" != xno], [
    AUS_CFLAGS="$AUS_CFLAGS -fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
  ])
])
