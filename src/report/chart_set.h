/* chart_set.h - the views of a set's page as charts of their own: every explanation at once, how weights are spread, whether they
 * can be trusted, what each answer rests on. Numbers are those of the analysis that the page shows (set.h); each fills a
 * chart (chart.h) to be freed by the caller; no marks where there is nothing to show. */
#ifndef AUS_CHART_SET_H
#define AUS_CHART_SET_H

#include "report/chart.h"
#include "report/set.h"

/* Parallel coordinates: a line per explanation over an axis per component (strongest first, one scale), the answer and the fit. The
 * stronger its colour, the higher the answer. target: a place in a->target. */
void aus_chart_parallel(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target);
/* A row per component, a dot per explanation at its weight, coloured by the answer; a stroke at the median. */
void aus_chart_swarms(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target);
/* The surrogate's answer over the model's; signs by weighted R2, from 0.9, from 0.6, less, none. */
void aus_chart_faithfulness(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a, int32_t target);
/* Per answer and component: mean |w|, sqrt(sum |w|), and that where it tells answers apart. */
void aus_chart_classes(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a);

/* The charts of a set as files: three per target, then, with target a->n and chart 0, that of all. name: what a file is called, 200
 * characters. AUS_OK with *bytes NULL: there is nothing to show. */
enum { AUS_SET_CHARTS = 3 };
aus_status aus_set_chart_file(aus_ctx *ctx, const aus_set_analysis *a, int32_t target, int32_t chart, bool png, char name[200], void **bytes, size_t *size);

#endif
