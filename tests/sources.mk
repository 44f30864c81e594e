# A test program per source file; each links the library's objects, hidden ones too.
if HAVE_CMOCKA
AUS_TESTS = tests/test_core
check_PROGRAMS += $(AUS_TESTS)
TESTS += $(AUS_TESTS)
LDADD = libauscult-all.la $(CMOCKA_LIBS) $(LIBM)
tests_test_core_SOURCES = tests/test_core.c tests/test.h
AUS_TESTS += tests/test_wav
tests_test_wav_SOURCES = tests/test_wav.c
AUS_TESTS += tests/test_audio
tests_test_audio_SOURCES = tests/test_audio.c
AUS_TESTS += tests/test_midi
tests_test_midi_SOURCES = tests/test_midi.c
tests_test_midi_CPPFLAGS = $(AM_CPPFLAGS) -DSHARED_DATA='"$(abs_top_srcdir)/../shared/data"'
AUS_TESTS += tests/test_format
tests_test_format_SOURCES = tests/test_format.c
AUS_TESTS += tests/test_plan
tests_test_plan_SOURCES = tests/test_plan.c
AUS_TESTS += tests/test_walk
tests_test_walk_SOURCES = tests/test_walk.c
AUS_TESTS += tests/test_attrib
tests_test_attrib_SOURCES = tests/test_attrib.c
AUS_TESTS += tests/test_path
tests_test_path_SOURCES = tests/test_path.c
AUS_TESTS += tests/test_attrib_golden
tests_test_attrib_golden_SOURCES = tests/test_attrib_golden.c tests/golden/attrib.h
EXTRA_DIST += tests/golden/make_attrib.py
AUS_TESTS += tests/test_frontend_back
tests_test_frontend_back_SOURCES = tests/test_frontend_back.c tests/golden/frontend_back.h
EXTRA_DIST += tests/golden/make_frontend_back.py
AUS_TESTS += tests/test_fuse
tests_test_fuse_SOURCES = tests/test_fuse.c
AUS_TESTS += tests/test_ops
tests_test_ops_SOURCES = tests/test_ops.c tests/op_case.h tests/ops_ref.h tests/golden/ops.h
AUS_TESTS += tests/test_back
tests_test_back_SOURCES = tests/test_back.c tests/op_case.h tests/ops_back_ref.h tests/back_linear_ops.h tests/golden/back.h
EXTRA_DIST += tests/golden/make_back.py
EXTRA_DIST += tests/golden/make_ops.py
AUS_TESTS += tests/test_back_linear
tests_test_back_linear_SOURCES = tests/test_back_linear.c tests/back_linear_ops.h tests/op_test.h tests/ops_ref.h tests/ops_back_linear_ref.h tests/golden/back_linear.h
EXTRA_DIST += tests/golden/make_back_linear.py
AUS_TESTS += tests/test_fft tests/test_stft
tests_test_fft_SOURCES = tests/test_fft.c
tests_test_stft_SOURCES = tests/test_stft.c
AUS_TESTS += tests/test_pipe tests/test_model
tests_test_pipe_SOURCES = tests/test_pipe.c
tests_test_pipe_CPPFLAGS = $(AM_CPPFLAGS) -DPIPE_CHILD='"$(abs_builddir)/tests/pipe_child"' -DAUS_EMULATOR='"$(AUS_EMULATOR)"' \
	-DPIPE_EXAMPLE='"$(abs_srcdir)/examples/pipe_model.py"'
check_PROGRAMS += tests/pipe_child
check_PROGRAMS += tests/case_words
tests_case_words_SOURCES = tests/case_words.c
tests_pipe_child_SOURCES = tests/pipe_child.c
tests_pipe_child_LDADD = $(LIBM)
tests_test_model_SOURCES = tests/test_model.c
AUS_TESTS += tests/test_network
tests_test_network_SOURCES = tests/test_network.c
AUS_TESTS += tests/test_golden_musicnn
tests_test_golden_musicnn_SOURCES = tests/test_golden_musicnn.c
tests_test_golden_musicnn_CPPFLAGS = $(AM_CPPFLAGS) -DSHARED_DATA='"$(abs_top_srcdir)/../shared/data"' \
	-DCONVERTER='"$(abs_top_srcdir)/tools/auscult-convert"'
AUS_TESTS += tests/test_bss
tests_test_bss_SOURCES = tests/test_bss.c tests/golden/bss.h
EXTRA_DIST += tests/golden/make_bss.py
AUS_TESTS += tests/test_stems
tests_test_stems_SOURCES = tests/test_stems.c tests/stems_items.h tests/golden/stems.h
AUS_TESTS += tests/test_stems_net
tests_test_stems_net_SOURCES = tests/test_stems_net.c tests/stems_items.h
EXTRA_DIST += tests/golden/make_stems.py
AUS_TESTS += tests/test_unet
tests_test_unet_SOURCES = tests/test_unet.c tests/golden/unet.h
EXTRA_DIST += tests/golden/make_unet.py
AUS_TESTS += tests/test_sep_stream
tests_test_sep_stream_SOURCES = tests/test_sep_stream.c
AUS_TESTS += tests/test_components
tests_test_components_SOURCES = tests/test_components.c tests/golden/superpixels.h
EXTRA_DIST += tests/golden/make_superpixels.py
AUS_TESTS += tests/test_filterbank tests/test_hpss tests/test_onset tests/test_resample
tests_test_filterbank_SOURCES = tests/test_filterbank.c tests/golden/dsp.h
tests_test_hpss_SOURCES = tests/test_hpss.c tests/golden/dsp.h
tests_test_onset_SOURCES = tests/test_onset.c tests/golden/dsp.h
tests_test_resample_SOURCES = tests/test_resample.c
AUS_TESTS += tests/test_loudness
tests_test_loudness_SOURCES = tests/test_loudness.c tests/golden/loudness.h
EXTRA_DIST += tests/golden/make_loudness.py
AUS_TESTS += tests/test_dsp_isa
tests_test_dsp_isa_SOURCES = tests/test_dsp_isa.c
EXTRA_DIST += tests/golden/make_dsp.py
AUS_TESTS += tests/test_nmf
tests_test_nmf_SOURCES = tests/test_nmf.c tests/golden/nmf.h
EXTRA_DIST += tests/golden/make_nmf.py
AUS_TESTS += tests/test_lime
tests_test_lime_SOURCES = tests/test_lime.c tests/explain_case.h
AUS_TESTS += tests/test_sep
tests_test_sep_SOURCES = tests/test_sep.c
AUS_TESTS += tests/test_surrogate tests/test_shapley
tests_test_surrogate_SOURCES = tests/test_surrogate.c tests/explain_case.h tests/golden/lime.h
tests_test_shapley_SOURCES = tests/test_shapley.c tests/explain_case.h
EXTRA_DIST += tests/golden/make_lime.py
AUS_TESTS += tests/test_vec tests/test_gemm tests/test_la
tests_test_vec_SOURCES = tests/test_vec.c tests/guard.h tests/isa.h tests/vec_words.h
# the vocabulary of each instruction set, compiled with its flags
tests_test_vec_LDADD = $(LDADD) libwords-scalar.la
check_LTLIBRARIES += libwords-scalar.la
libwords_scalar_la_SOURCES = tests/vec_words.c
libwords_scalar_la_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS=scalar
libwords_scalar_la_CFLAGS = $(AM_CFLAGS) $(SCALAR_CFLAGS)
if HAVE_AVX2
tests_test_vec_LDADD += libwords-avx2.la
check_LTLIBRARIES += libwords-avx2.la
libwords_avx2_la_SOURCES = tests/vec_words.c
libwords_avx2_la_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS=avx2
libwords_avx2_la_CFLAGS = $(AM_CFLAGS) $(AVX2_CFLAGS)
endif
if HAVE_AVX512
tests_test_vec_LDADD += libwords-avx512.la
check_LTLIBRARIES += libwords-avx512.la
libwords_avx512_la_SOURCES = tests/vec_words.c
libwords_avx512_la_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS=avx512
libwords_avx512_la_CFLAGS = $(AM_CFLAGS) $(AVX512_CFLAGS)
endif
if HAVE_NEON
tests_test_vec_LDADD += libwords-neon.la
check_LTLIBRARIES += libwords-neon.la
libwords_neon_la_SOURCES = tests/vec_words.c
libwords_neon_la_CPPFLAGS = $(AM_CPPFLAGS) -DWORDS=neon
endif
tests_test_gemm_SOURCES = tests/test_gemm.c tests/guard.h tests/isa.h
tests_test_la_SOURCES = tests/test_la.c
AUS_TESTS += tests/test_conv
tests_test_conv_SOURCES = tests/test_conv.c tests/conv_case.h tests/op_test.h tests/golden/conv.h
AUS_TESTS += tests/test_conv_wino
tests_test_conv_wino_SOURCES = tests/test_conv_wino.c tests/conv_case.h tests/op_test.h
EXTRA_DIST += tests/golden/make_conv.py
AUS_TESTS += tests/test_rnn tests/test_attention
tests_test_rnn_SOURCES = tests/test_rnn.c tests/op_test.h tests/golden/rnn.h
tests_test_attention_SOURCES = tests/test_attention.c tests/op_test.h tests/golden/rnn.h
EXTRA_DIST += tests/golden/make_rnn.py
AUS_TESTS += tests/test_perturb
tests_test_perturb_SOURCES = tests/test_perturb.c tests/golden/perturb.h
EXTRA_DIST += tests/golden/make_perturb.py
AUS_TESTS += tests/test_chart_set
tests_test_chart_set_SOURCES = tests/test_chart_set.c tests/chart_written.h tests/oom.h
AUS_TESTS += tests/test_global
tests_test_global_SOURCES = tests/test_global.c tests/oom.h tests/golden/global.h
EXTRA_DIST += tests/golden/make_global.py
AUS_TESTS += tests/test_eval
tests_test_eval_SOURCES = tests/test_eval.c tests/golden/eval.h
EXTRA_DIST += tests/golden/make_eval.py
AUS_TESTS += tests/test_fidelity
tests_test_fidelity_SOURCES = tests/test_fidelity.c tests/golden/fidelity.h
EXTRA_DIST += tests/golden/make_fidelity.py
AUS_TESTS += tests/test_listening
tests_test_listening_SOURCES = tests/test_listening.c
AUS_TESTS += tests/test_lrp
tests_test_lrp_SOURCES = tests/test_lrp.c tests/lrp_test.h
AUS_TESTS += tests/test_l2i
tests_test_l2i_SOURCES = tests/test_l2i.c tests/l2i_bench.h tests/l2i_case.h tests/golden/l2i.h
AUS_TESTS += tests/test_l2i_masks
tests_test_l2i_masks_SOURCES = tests/test_l2i_masks.c tests/l2i_bench.h tests/l2i_case.h tests/oom.h tests/golden/l2i.h
EXTRA_DIST += tests/golden/make_l2i.py
AUS_TESTS += tests/test_l2i_sound
tests_test_l2i_sound_SOURCES = tests/test_l2i_sound.c tests/l2i_case.h tests/oom.h
AUS_TESTS += tests/test_train
tests_test_train_SOURCES = tests/test_train.c tests/op_test.h tests/golden/train.h
EXTRA_DIST += tests/golden/make_train.py
AUS_TESTS += tests/test_lrp_taggers
tests_test_lrp_taggers_SOURCES = tests/test_lrp_taggers.c tests/lrp_test.h
tests_test_lrp_taggers_CPPFLAGS = $(AM_CPPFLAGS) -DSHARED_DATA='"$(abs_top_srcdir)/../shared/data"' \
	-DCONVERTER='"$(abs_top_srcdir)/tools/auscult-convert"'
AUS_TESTS += tests/test_lrp_checks
tests_test_lrp_checks_SOURCES = tests/test_lrp_checks.c tests/lrp_test.h tests/oom.h
AUS_TESTS += tests/test_lrp_nodes
tests_test_lrp_nodes_SOURCES = tests/test_lrp_nodes.c tests/lrp_test.h
AUS_TESTS += tests/test_lrp_replica
tests_test_lrp_replica_SOURCES = tests/test_lrp_replica.c tests/lrp_test.h
endif
LOG_COMPILER = $(AUS_EMULATOR)
EXTRA_DIST += tests/test.h tests/guard.h tests/isa.h tests/oom.h
EXTRA_DIST += tests/attrib/cases.py tests/attrib/groups.py tests/attrib/nets.py tests/attrib/perturbation.py
EXTRA_DIST += tests/attrib/formulas.py
EXTRA_DIST += tests/attrib/metrics.py
EXTRA_DIST += tests/attrib/torch_checks.py
EXTRA_DIST += tests/attrib/torch_nets.py
EXTRA_DIST += tests/attrib/unusual.py
EXTRA_DIST += tests/double/build.sh
EXTRA_DIST += tests/double/real.h
EXTRA_DIST += tests/double/simd/vec_math.h
