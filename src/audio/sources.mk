if HAVE_SNDFILE
AM_CPPFLAGS += -DAUS_HAVE_SNDFILE
endif
AUS_SOURCES += \
	src/audio/decode.h \
	src/audio/flac_encode.c \
	src/audio/read.c \
	src/audio/sndfile.c \
	src/audio/source.c \
	src/audio/source.h \
	src/audio/wav_read.c \
	src/audio/wav_write.c
