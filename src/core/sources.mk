AUS_SOURCES += \
	src/core/base64.c \
	src/core/base64.h \
	src/core/checksum.c \
	src/core/core.h \
	src/core/cpu.c \
	src/core/cpu.h \
	src/core/ctx.c \
	src/core/file.c \
	src/core/json.c \
	src/core/json.h \
	src/core/json_read.c \
	src/core/json_read.h \
	src/core/memory.c \
	src/core/parallel.c \
	src/core/pool.c \
	src/core/pool.h \
	src/core/rng.c
