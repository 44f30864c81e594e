AUS_SOURCES += \
	src/explain/build.h \
	src/explain/components.c \
	src/explain/explanation.c \
	src/explain/felzenszwalb.c \
	src/explain/regions.c \
	src/explain/segments.c \
	src/explain/slic.c \
	src/explain/spectral.h \
	src/explain/stems.c \
	src/explain/superpixels.c \
	src/explain/tiles.c
