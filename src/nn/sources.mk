# one line per file: others add theirs
AUS_SOURCES += src/nn/op.h
AUS_SOURCES += src/nn/ops.def
