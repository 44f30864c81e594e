EXTRA_DIST += examples/pipe_model.py

# The demo's model and song, made and not shipped.
noinst_PROGRAMS += examples/make_demo
examples_make_demo_SOURCES = examples/make_demo.c examples/demo/probe.c examples/demo/probe.h examples/demo/synth.c examples/demo/synth.h
examples_make_demo_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/examples
examples_make_demo_LDADD = libauscult-all.la $(LIBM)
# The lesson of docs/audiolime.md; it checks its own numbers.
check_PROGRAMS += examples/eight_masks
TESTS += examples/eight_masks
examples_eight_masks_SOURCES = examples/eight_masks.c
examples_eight_masks_LDADD = libauscult.la $(LIBM)
# docs/l2i.md's, with the networks carried; it checks its own numbers.
check_PROGRAMS += examples/listen_to_interpret
TESTS += examples/listen_to_interpret
examples_listen_to_interpret_SOURCES = examples/listen_to_interpret.c
examples_listen_to_interpret_LDADD = libauscult.la $(LIBM)
EXTRA_DIST += examples/train/stems.recipe examples/train/stems.tsv
EXTRA_DIST += examples/train/interpreter.recipe
# The song of scripts/demo.
EXTRA_DIST += examples/demo/song/README.md examples/demo/song/song.mma examples/demo/song/song.wav examples/demo/song/stems/bass.wav examples/demo/song/stems/drums.wav examples/demo/song/stems/piano.wav
