AUS_SOURCES += \
	src/lime/baylime.c \
	src/lime/bootstrap.c \
	src/lime/explain.c \
	src/lime/fit.c \
	src/lime/kernel.c \
	src/lime/kernelshap.c \
	src/lime/lasso.c \
	src/lime/lasso.h \
	src/lime/lime.h \
	src/lime/moments.c \
	src/lime/neighbourhood.c \
	src/lime/permutation.c \
	src/lime/repeat.c \
	src/lime/select.c \
	src/lime/shapley.c \
	src/lime/stability.c \
	src/lime/table.c \
	src/lime/work.h
