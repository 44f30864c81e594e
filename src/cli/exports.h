/* exports.h - --export, --svg and --png of the commands that have an explanation. */
#ifndef AUS_CLI_EXPORTS_H
#define AUS_CLI_EXPORTS_H

#include "cli/session.h"
#include "report/set.h"

#define CLI_ROW_EXPORTS                                                                                                     \
  { "export", 0, CLI_LIST, "KIND=FILE", NULL, 0, 0, CLI_AT(exports),                                                          \
    "a file for another tool; KIND: audacity, raven, textgrid, sv and svl (Sonic Visualiser), jams, csv, tsv, npz; may be given again" },   \
  { "svg", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(svg), "folder for the charts of every target as SVG" },                       \
  { "png", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(png), "the same as PNG" }

#define CLI_ROW_SET_CHARTS                                                                                                  \
  { "svg", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(svg), "folder for the page's charts as SVG, made anew each time" },           \
  { "png", 0, CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(png), "the same as PNG" }

/* Whether the words after --export make sense: asked before long work. Exit codes. */
int cli_check_exports(cli_session *cs);
int cli_write_exports(cli_session *cs, const aus_report *report);
/* The charts of a set into the folders of --svg and --png; replace: over those that are there. */
int cli_write_set_charts(cli_session *cs, const aus_set_analysis *a, bool replace);

#endif
