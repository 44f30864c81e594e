# one line per file: AUS_SOURCES += src/train/FILE
