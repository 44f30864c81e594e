# Studies: one folder each, one command that reproduces it (its README.md or run.sh says the budget).
EXTRA_PROGRAMS += studies/beep/make_beeps
studies_beep_make_beeps_SOURCES = studies/beep/make_beeps.c
studies_beep_make_beeps_LDADD = libauscult-all.la $(LIBM)
CLEANFILES += studies/beep/make_beeps
EXTRA_DIST += studies/beep/beep.recipe studies/digits/manifest.sh
