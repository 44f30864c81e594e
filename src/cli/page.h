/* page.h - writes a page, with its sound inside or in a folder beside it. */
#ifndef AUS_CLI_PAGE_H
#define AUS_CLI_PAGE_H

#include "cli/session.h"
#include "report/report.h"

/* The words of --report-audio. */
enum { CLI_AUDIO_AUTO, CLI_AUDIO_WAV, CLI_AUDIO_FLAC, CLI_AUDIO_FOLDER };
#define CLI_ROW_REPORT_AUDIO                                                                                                       \
  { "report-audio", 0, CLI_CHOICE, "auto|wav|flac|folder", "auto", 0, 0, CLI_AT(report_audio),                                        \
    "sound of the page: FLAC where libsndfile is there, else WAV, and above 25 MB in a folder beside the page; or one of these, wherever it leads" }, \
  { "report-bits", 0, CLI_CHOICE, "16|24", "16", 0, 0, CLI_AT(report_bits), "bits of that sound" }

/* Fills in report->tracks and all that belongs to them and writes the page at path; an exit code. */
int cli_write_page(cli_session *cs, aus_report *report, const char *path);

#endif
