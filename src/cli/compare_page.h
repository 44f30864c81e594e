/* compare_page.h - the page of `auscult compare --report`. */
#ifndef AUS_CLI_COMPARE_PAGE_H
#define AUS_CLI_COMPARE_PAGE_H

#include "cli/judge.h"
#include "report/compare.h"

/* method[n] has names, times and measures; values and tracks come from the answers. json: the result, written for_html. */
int cli_compare_page(cli_session *cs, const cli_judge *j, aus_compared *method, int n, int n_measures, const cli_answer *answer, const bool *failed, const char *json);

#endif
