AUS_SOURCES += \
	src/explain/build.h \
	src/explain/components.c \
	src/explain/explanation.c \
	src/explain/felzenszwalb.c \
	src/explain/field.c \
	src/explain/field.h \
	src/explain/field_array.c \
	src/explain/field_components.c \
	src/explain/global.c \
	src/explain/regions.c \
	src/explain/segments.c \
	src/explain/slic.c \
	src/explain/spectral.h \
	src/explain/stems.c \
	src/explain/superpixels.c \
	src/explain/tiles.c
