AUS_SOURCES += \
	src/model/mixes.c \
	src/model/model.c \
	src/model/model.h \
	src/model/pipe.c \
	src/model/pipe.h \
	src/model/process.c
