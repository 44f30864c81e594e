# AUS_SNDFILE: libsndfile reads FLAC, OGG and MP3; WAV needs nothing.
AC_DEFUN([AUS_SNDFILE], [
  AC_ARG_WITH([sndfile], [AS_HELP_STRING([--without-sndfile], [read and write WAV only])], [], [with_sndfile=auto])
  aus_sndfile=no SNDFILE_LIBS= SNDFILE_REQUIRES=
  AS_IF([test "x$with_sndfile" != xno], [
    aus_saved_LIBS=$LIBS
    AC_CHECK_HEADER([sndfile.h], [AC_CHECK_LIB([sndfile], [sf_open_virtual], [aus_sndfile=yes SNDFILE_LIBS=-lsndfile SNDFILE_REQUIRES=sndfile])])
    LIBS=$aus_saved_LIBS
    AS_IF([test $aus_sndfile = no && test "x$with_sndfile" = xyes], [AC_MSG_ERROR([--with-sndfile was given but libsndfile was not found (Debian: libsndfile1-dev)])])
  ])
  AM_CONDITIONAL([HAVE_SNDFILE], [test $aus_sndfile = yes])
  AC_SUBST([SNDFILE_LIBS])
  AC_SUBST([SNDFILE_REQUIRES])
])
