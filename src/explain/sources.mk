AUS_SOURCES += \
	src/explain/build.h \
	src/explain/components.c \
	src/explain/explanation.c \
	src/explain/segments.c \
	src/explain/stems.c
