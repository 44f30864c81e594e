# Fuzz targets: fuzz_NAME.c with the function libFuzzer calls, fuzz/corpus/NAME with seeds. make check runs each over its
# corpus with seeded mutations (fuzz/run.sh); scripts/fuzz NAME SECONDS fuzzes in earnest.
# one line a target, so that lines of several people merge
FUZZ_TARGETS =
FUZZ_TARGETS += fuzz/fuzz_aus
FUZZ_TARGETS += fuzz/fuzz_json
FUZZ_TARGETS += fuzz/fuzz_midi
FUZZ_TARGETS += fuzz/fuzz_npy
FUZZ_TARGETS += fuzz/fuzz_options
FUZZ_TARGETS += fuzz/fuzz_pipe
FUZZ_TARGETS += fuzz/fuzz_recipe
FUZZ_TARGETS += fuzz/fuzz_rules
FUZZ_TARGETS += fuzz/fuzz_wav
check_PROGRAMS += $(FUZZ_TARGETS)
fuzz_fuzz_aus_SOURCES = fuzz/fuzz_aus.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_json_SOURCES = fuzz/fuzz_json.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_midi_SOURCES = fuzz/fuzz_midi.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_midi_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_npy_SOURCES = fuzz/fuzz_npy.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_options_SOURCES = fuzz/fuzz_options.c fuzz/main.c fuzz/fuzz.h $(CLI_SOURCES)
fuzz_fuzz_pipe_SOURCES = fuzz/fuzz_pipe.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_recipe_SOURCES = fuzz/fuzz_recipe.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_recipe_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_rules_SOURCES = fuzz/fuzz_rules.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_wav_SOURCES = fuzz/fuzz_wav.c fuzz/main.c fuzz/fuzz.h
fuzz_fuzz_aus_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_json_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_npy_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_options_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_pipe_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_rules_LDADD = libauscult-all.la $(LIBM)
fuzz_fuzz_wav_LDADD = libauscult-all.la $(LIBM)
AM_CPPFLAGS += -I$(top_srcdir)
TESTS += fuzz/run.sh
EXTRA_DIST += fuzz/run.sh fuzz/make_corpus.py fuzz/corpus
CLEANFILES += fuzz/*.out
