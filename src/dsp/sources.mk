# files of src/dsp
AUS_SOURCES += \
	src/dsp/bank.c \
	src/dsp/beat.c \
	src/dsp/convert.c \
	src/dsp/fft.c \
	src/dsp/fft.h \
	src/dsp/fft_run.c \
	src/dsp/hpss.c \
	src/dsp/log.c \
	src/dsp/logbank.c \
	src/dsp/loudness.c \
	src/dsp/mel.c \
	src/dsp/onset.c \
	src/dsp/onset.h \
	src/dsp/resample.c \
	src/dsp/spec.h \
	src/dsp/stft.c \
	src/dsp/stft_inverse.c \
	src/dsp/window.c
AUS_SOURCES += src/dsp/si_sdr.c
