AUS_SOURCES += \
	src/lime/baylime.c \
	src/lime/bootstrap.c \
	src/lime/explain.c \
	src/lime/kernel.c \
	src/lime/kernelshap.c \
	src/lime/labels.c \
	src/lime/lime.h \
	src/lime/neighbourhood.c \
	src/lime/permutation.c \
	src/lime/repeat.c \
	src/lime/select.c \
	src/lime/shapley.c \
	src/lime/stability.c \
	src/lime/table.c \
	src/lime/work.h
