# files of src/midi
AUS_SOURCES += src/midi/gm.c
AUS_SOURCES += src/midi/notes.c
AUS_SOURCES += src/midi/read.c
AUS_SOURCES += src/midi/time.c
AUS_SOURCES += src/midi/time.h
AUS_SOURCES += src/midi/write.c
