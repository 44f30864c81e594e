# Tests that are shell scripts: checks of the tree itself, and of the command.
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = srcdir='$(srcdir)' top_builddir='$(top_builddir)' CC='$(CC)' NM='$(NM)' \
	AUS_EMULATOR='$(AUS_EMULATOR)'; export srcdir top_builddir CC NM AUS_EMULATOR;
# one line a test, so that lines of several people merge
CLI_TESTS =
CLI_TESTS += tests/cli/confounder.sh
CLI_TESTS += tests/cli/determinism.sh
CLI_TESTS += tests/cli/docs.sh
CLI_TESTS += tests/cli/evaluate.sh
CLI_TESTS += tests/cli/exit_codes.sh
CLI_TESTS += tests/cli/global.sh
CLI_TESTS += tests/cli/cut.sh
CLI_TESTS += tests/cli/interrupt.sh
CLI_TESTS += tests/cli/listening.sh
CLI_TESTS += tests/cli/l2i.sh
CLI_TESTS += tests/cli/man.sh
CLI_TESTS += tests/cli/midi.sh
EXTRA_DIST += tests/cli/check_midi.py
CLI_TESTS += tests/cli/nmf.sh
CLI_TESTS += tests/cli/outputs.sh
CLI_TESTS += tests/cli/report.sh
CLI_TESTS += tests/cli/separate.sh
CLI_TESTS += tests/cli/smoke.sh
CLI_TESTS += tests/cli/terminal.sh
EXTRA_DIST += tests/cli/terminal.py
CLI_TESTS += tests/cli/train.sh
CLI_TESTS += tests/cli/unusual.sh
CLI_TESTS += tests/cli/wrong_attribution.sh
SH_TESTS = \
	tests/checks/headers.sh \
	tests/checks/includes.sh \
	tests/checks/links.sh \
	tests/checks/ops.sh \
	tests/checks/symbols.sh \
	$(CLI_TESTS)
TESTS += $(SH_TESTS)
EXTRA_DIST += $(SH_TESTS) tests/cli/long.sh tests/cli/check_exports.py tests/cli/check_outputs.py tests/cli/lib.sh scripts/count-results scripts/demo scripts/lib.sh scripts/matrix scripts/test

if HAVE_CMOCKA
AUS_TESTS += tests/test_cli
tests_test_cli_SOURCES = tests/test_cli.c tests/oom.h $(CLI_COMMANDS)
AUS_TESTS += tests/test_json tests/test_npy tests/test_options tests/test_png
AUS_TESTS += tests/test_base64 tests/test_chart tests/test_overlay tests/test_sound
AUS_TESTS += tests/test_chart_maps
tests_test_chart_SOURCES = tests/test_chart.c
tests_test_chart_maps_SOURCES = tests/test_chart_maps.c tests/oom.h
tests_test_overlay_SOURCES = tests/test_overlay.c
tests_test_base64_SOURCES = tests/test_base64.c
tests_test_sound_SOURCES = tests/test_sound.c
AUS_TESTS += tests/test_json_read
tests_test_json_read_SOURCES = tests/test_json_read.c
tests_test_json_SOURCES = tests/test_json.c
tests_test_npy_SOURCES = tests/test_npy.c tests/golden/npy.h
EXTRA_DIST += tests/golden/make_npy.py
AUS_TESTS += tests/test_midi_write
tests_test_midi_write_SOURCES = tests/test_midi_write.c
AUS_TESTS += tests/test_where
tests_test_where_SOURCES = tests/test_where.c
AUS_TESTS += tests/test_npz
tests_test_npz_SOURCES = tests/test_npz.c
tests_test_png_SOURCES = tests/test_png.c
tests_test_options_SOURCES = tests/test_options.c src/cli/options.c src/cli/print_options.c
endif

# The command's tests hear the demo's song; it is made once.
demo-test/stamp: examples/make_demo$(EXEEXT)
	$(AM_V_GEN)$(AUS_EMULATOR) ./examples/make_demo$(EXEEXT) demo-test >demo-test.log && touch $@
check_DATA += demo-test/stamp
clean-local:
	rm -rf browser exports demo-test demo-test.log cli-test.*
EXTRA_DIST += tests/browser/test_set.mjs
EXTRA_DIST += tests/browser/test_compare.mjs
EXTRA_DIST += tests/browser/lib.mjs tests/browser/run.sh tests/browser/test_desk.mjs
EXTRA_DIST += tests/exports/common.py
EXTRA_DIST += tests/exports/read_audacity.py
EXTRA_DIST += tests/exports/read_midi.py
EXTRA_DIST += tests/exports/read_praat.py
EXTRA_DIST += tests/exports/read_sv.py
EXTRA_DIST += tests/exports/read_tables.py
EXTRA_DIST += tests/exports/run.sh
