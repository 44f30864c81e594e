AUS_SOURCES += \
	src/sep/hpss.c \
	src/sep/nmf.c \
	src/sep/network.c \
	src/sep/network.h \
	src/sep/sep.h \
	src/sep/separator.c \
	src/sep/spectra.c \
	src/sep/stems.c \
	src/sep/waves.c
