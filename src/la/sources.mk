AUS_SOURCES += src/la/la.h
