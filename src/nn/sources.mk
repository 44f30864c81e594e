AUS_SOURCES += src/nn/op.h src/nn/ops.def
