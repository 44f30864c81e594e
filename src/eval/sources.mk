# one line per file: AUS_SOURCES += src/eval/FILE
