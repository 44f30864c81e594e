AUS_SOURCES += \
	src/format/bundle.c \
	src/format/bundle.h \
	src/format/embed.c \
	src/format/graph.c \
	src/format/meta.c \
	src/format/npy.c \
	src/format/npy.h \
	src/format/npz.c \
	src/format/npz.h \
	src/format/sections.c \
	src/format/tensors.c \
	src/format/writer.c \
	src/format/writer.h
