AUS_SOURCES += \
	src/model/frontend.c \
	src/model/frontend.h \
	src/model/frontend_back.c \
	src/model/frontend_back.h \
	src/model/inside.h \
	src/model/mixes.c \
	src/model/model.c \
	src/model/model.h \
	src/model/network.c \
	src/model/network.h \
	src/model/pipe.c \
	src/model/pipe.h \
	src/model/process.c \
	src/model/window.c
AUS_SOURCES += src/model/unet.c
AUS_SOURCES += src/model/unet.h
AUS_SOURCES += src/model/frontend_power.c
