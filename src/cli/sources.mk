# The program. It links the library's objects, so that it starts fast and can use what the shared library hides.
bin_PROGRAMS += auscult
CLI_SOURCES = $(CLI_COMMANDS) src/cli/session.c
# all but the session, which tests/test_cli.c makes on memory of its own
CLI_COMMANDS = \
	src/cli/arrays.c \
	src/cli/arrays.h \
	src/cli/arrays_read.c \
	src/cli/commands.h \
	src/cli/compare.c \
	src/cli/compare_page.c \
	src/cli/compare_page.h \
	src/cli/evaluate.c \
	src/cli/explain.c \
	src/cli/exports.c \
	src/cli/exports.h \
	src/cli/global.c \
	src/cli/global_folder.c \
	src/cli/global.h \
	src/cli/l2i_evaluate.h \
	src/cli/global_plan.c \
	src/cli/global_show.c \
	src/cli/input.c \
	src/cli/input.h \
	src/cli/job.h \
	src/cli/job_attrib.c \
	src/cli/job_components.c \
	src/cli/job_lime.c \
	src/cli/job_show.c \
	src/cli/job_targets.c \
	src/cli/judge.c \
	src/cli/judge.h \
	src/cli/judge_arrays.c \
	src/cli/judge_events.c \
	src/cli/judge_sound.c \
	src/cli/midi.c \
	src/cli/model_embed.c \
	src/cli/model_info.c \
	src/cli/model_run.c \
	src/cli/model_verify.c \
	src/cli/nmf.c \
	src/cli/options.c \
	src/cli/options.h \
	src/cli/page.c \
	src/cli/page.h \
	src/cli/predict.c \
	src/cli/print_options.c \
	src/cli/report.c \
	src/cli/save.c \
	src/cli/save.h \
	src/cli/separate.c \
	src/cli/split.c \
	src/cli/split.h \
	src/cli/split_judge.c \
	src/cli/session.h \
	src/cli/set_pages.c \
	src/cli/sources.c \
	src/cli/sources.h \
	src/cli/spark.c \
	src/cli/table.c \
	src/cli/table.h \
	src/cli/l2i.c \
	src/cli/l2i_evaluate.c \
	src/cli/l2i_evaluate_show.c \
	src/cli/l2i_explain.c \
	src/cli/l2i_listening.c \
	src/cli/train.c \
	src/cli/train.h \
	src/cli/train_explain.c \
	src/cli/train_explain.h \
	src/cli/wavs.c \
	src/cli/wavs.h
auscult_SOURCES = src/cli/main.c $(CLI_SOURCES)
auscult_LDADD = libauscult-all.la $(LIBM)
