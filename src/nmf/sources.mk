AUS_SOURCES += \
	src/nmf/divergence.c \
	src/nmf/divergence.h \
	src/nmf/fit.c \
	src/nmf/init.c \
	src/nmf/merge.c
