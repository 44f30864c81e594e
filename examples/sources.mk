EXTRA_DIST += examples/pipe_model.py

# The demo's model and song, made and not shipped.
noinst_PROGRAMS += examples/make_demo
examples_make_demo_SOURCES = examples/make_demo.c examples/demo/probe.c examples/demo/probe.h examples/demo/synth.c examples/demo/synth.h
examples_make_demo_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/examples
examples_make_demo_LDADD = libauscult-all.la $(LIBM)
