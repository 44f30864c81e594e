# one line per file
AUS_SOURCES += src/sep/buffer.c
AUS_SOURCES += src/sep/hpss.c
AUS_SOURCES += src/sep/nmf.c
AUS_SOURCES += src/sep/network.c
AUS_SOURCES += src/sep/network.h
AUS_SOURCES += src/sep/oracle.c
AUS_SOURCES += src/sep/ratio.c
AUS_SOURCES += src/sep/sep.h
AUS_SOURCES += src/sep/separator.c
AUS_SOURCES += src/sep/spectra.c
AUS_SOURCES += src/sep/stems.c
AUS_SOURCES += src/sep/stream.c
AUS_SOURCES += src/sep/waves.c
AUS_SOURCES += src/sep/whole.c
