# Studies: one folder each, one command that reproduces it (its README.md or run.sh says the budget).
EXTRA_PROGRAMS += studies/beep/make_beeps
studies_beep_make_beeps_SOURCES = studies/beep/make_beeps.c
studies_beep_make_beeps_LDADD = libauscult-all.la $(LIBM)
CLEANFILES += studies/beep/make_beeps
EXTRA_DIST += studies/beep/beep.recipe studies/beep/run.sh studies/beep/paint.py weights/README.md weights/small-or-large.aus
EXTRA_DIST += studies/digits/manifest.sh studies/digits/quick.sh studies/digits/quick-mel.recipe studies/digits/quick-wave.recipe
EXTRA_DIST += studies/digits/run.sh studies/digits/zero.py studies/digits/audionet.recipe studies/digits/alexnet.recipe \
	studies/digits/audionet-quarter.recipe studies/digits/alexnet-quarter.recipe \
	studies/digits/audionet-dense-quarter.recipe
EXTRA_DIST += studies/beep/results/methods.tsv studies/beep/results/reliance.tsv
EXTRA_PROGRAMS += studies/l2i/make_clips
studies_l2i_make_clips_SOURCES = studies/l2i/make_clips.c
studies_l2i_make_clips_LDADD = libauscult-all.la $(LIBM)
CLEANFILES += studies/l2i/make_clips
EXTRA_DIST += studies/l2i/README.md
EXTRA_DIST += studies/l2i/vgg.recipe
EXTRA_DIST += studies/l2i/folds.sh
EXTRA_DIST += studies/corpus/README.md studies/corpus/charts.py studies/corpus/render.c studies/corpus/run.sh
EXTRA_PROGRAMS += studies/separator/score
studies_separator_score_SOURCES = studies/separator/score.c
studies_separator_score_LDADD = libauscult-all.la $(LIBM)
CLEANFILES += studies/separator/score
EXTRA_DIST += studies/separator/README.md
EXTRA_DIST += studies/separator/five.recipe
EXTRA_DIST += studies/separator/run.sh
EXTRA_PROGRAMS += studies/l2i/join
studies_l2i_join_SOURCES = studies/l2i/join.c
studies_l2i_join_LDADD = libauscult-all.la $(LIBM)
CLEANFILES += studies/l2i/join
EXTRA_PROGRAMS += studies/l2i/make_mixes
studies_l2i_make_mixes_SOURCES = studies/l2i/make_mixes.c
studies_l2i_make_mixes_LDADD = libauscult-all.la $(LIBM)
CLEANFILES += studies/l2i/make_mixes
