AUS_SOURCES += src/nmf/columns.c
AUS_SOURCES += src/nmf/divergence.c src/nmf/divergence.h
AUS_SOURCES += src/nmf/fit.c src/nmf/fit.h
AUS_SOURCES += src/nmf/init.c
AUS_SOURCES += src/nmf/merge.c
AUS_SOURCES += src/nmf/panel.c
AUS_SOURCES += src/nmf/product.c src/nmf/product.h
