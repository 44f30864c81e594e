# Tests that are shell scripts: checks of the tree itself, and of the command.
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = srcdir='$(srcdir)' top_builddir='$(top_builddir)' CC='$(CC)' NM='$(NM)' \
	AUS_EMULATOR='$(AUS_EMULATOR)'; export srcdir top_builddir CC NM AUS_EMULATOR;
SH_TESTS = \
	tests/checks/headers.sh \
	tests/checks/includes.sh \
	tests/checks/links.sh \
	tests/checks/symbols.sh
TESTS += $(SH_TESTS)
EXTRA_DIST += $(SH_TESTS) scripts/count-results scripts/lib.sh scripts/matrix scripts/test
