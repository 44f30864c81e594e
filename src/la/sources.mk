AUS_SOURCES += \
	src/la/cholesky.c \
	src/la/eigen.c \
	src/la/la.h \
	src/la/lasso.c \
	src/la/ridge.c \
	src/la/ridge_sums.c \
	src/la/ridge_sums.h \
	src/la/sgemm.c \
	src/la/sgemv.c
