# files of bench
EXTRA_PROGRAMS += bench/nets/run_net
bench_nets_run_net_SOURCES = bench/nets/run_net.c
bench_nets_run_net_LDADD = libauscult-all.la $(LIBM)
EXTRA_DIST += bench/nets/bench_nets.py bench/nets/models.py bench/nets/ort.js
