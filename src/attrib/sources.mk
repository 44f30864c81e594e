# one line per file: AUS_SOURCES += src/attrib/FILE
