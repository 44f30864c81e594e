# `make bench` builds these and runs them beside the peers it finds (bench/README.md).
BENCHES = bench/bench_gemm bench/bench_conv bench/bench_fft bench/bench_ridge
BENCH_COMMON = bench/bench.c bench/bench.h
BENCH_LIBS = libauscult-all.la -ldl $(LIBM)
EXTRA_PROGRAMS += $(BENCHES) bench/nets/run_net bench/train/run_step
CLEANFILES += $(BENCHES) bench/nets/run_net bench/train/run_step
bench_bench_gemm_SOURCES = bench/bench_gemm.c $(BENCH_COMMON)
bench_bench_gemm_LDADD = $(BENCH_LIBS)
bench_bench_conv_SOURCES = bench/bench_conv.c
bench_bench_conv_LDADD = $(BENCH_LIBS)
bench_bench_ridge_SOURCES = bench/bench_ridge.c $(BENCH_COMMON)
bench_bench_ridge_LDADD = $(BENCH_LIBS)
# the peers' pipelines are to be as fast as their compiler makes them
bench_bench_fft_SOURCES = bench/bench_fft.c $(BENCH_COMMON)
bench_bench_fft_CFLAGS = $(AM_CFLAGS) -march=native
bench_bench_fft_LDADD = $(BENCH_LIBS)
bench_nets_run_net_SOURCES = bench/nets/run_net.c
bench_nets_run_net_LDADD = libauscult-all.la $(LIBM)
bench_train_run_step_SOURCES = bench/train/run_step.c
bench_train_run_step_LDADD = libauscult-all.la $(LIBM)
EXTRA_PROGRAMS += bench/l2i/run_explain
CLEANFILES += bench/l2i/run_explain
bench_l2i_run_explain_SOURCES = bench/l2i/run_explain.c
bench_l2i_run_explain_LDADD = libauscult-all.la $(LIBM)
EXTRA_DIST += bench/train/bench_step.py
EXTRA_DIST += bench/README.md bench/run bench/bench_fft.py bench/bench_nmf.py bench/bench_ridge.py bench/nets/bench_nets.py bench/nets/models.py \
	bench/nets/ort.js bench/explain/bench_explain.py bench/explain/peer_explain.py

bench: $(BENCHES) bench/nets/run_net
	$(srcdir)/bench/run bench $(BENCH_ARGS)
.PHONY: bench
