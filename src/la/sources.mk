AUS_SOURCES += \
	src/la/cholesky.c \
	src/la/eigen.c \
	src/la/la.h \
	src/la/lasso.c \
	src/la/moments.c \
	src/la/moments.h \
	src/la/moments_count.c \
	src/la/pinv.c \
	src/la/ridge.c \
	src/la/ridge.h \
	src/la/sgemm.c \
	src/la/sgemv.c \
	src/la/vector.h
