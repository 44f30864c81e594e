/* chart_classes.c - what each answer rests on: per class the aggregations of [vanderLinden19] as MusicLIME has them, a column of bars
 * each (auscult/global.h defines them); and the charts of a set as files. */
#include "report/chart_set.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 760, TOP = 78, ROW = 19, HEAD = 26, TEXT = 12, MEASURES = 3, VALUE = 52, GAP = 16, MOST_ANSWERS = 12, MOST_PARTS = 24 };

static double measure(const aus_set_component *k, int m) { return m == 0 ? k->mean_abs : m == 1 ? k->root_sum : k->homogeneity; }

typedef struct columns {
  const aus_set *s;
  int32_t answers;
  double left, width, full[MEASURES];  /* of a column: its bar and its number; value of the longest bar */
} columns;

/* The strongest parts of an answer, as many as there is room for, in the order of the set: the same ones stand in the same places. */
static bool is_shown(const columns *w, const aus_set_target *t, int32_t part)
{
  bool shown = false;
  for (int32_t k = 0; k < w->s->n_components && k < MOST_PARTS; k++) shown = shown || t->order[k] == part;
  return shown && t->component[part].weight.n > 0;
}

static int32_t count_rows(columns *w, const aus_set_analysis *a)
{
  int32_t rows = 0;
  double name = 40;
  for (int m = 0; m < MEASURES; m++) w->full[m] = 1e-12;
  for (int32_t i = 0; i < w->answers; i++)
    for (int32_t part = 0; part < w->s->n_components; part++) {
      if (!is_shown(w, &a->target[i], part)) continue;
      rows++;
      name = fmax(name, 1.05 * aus_text_width(w->s->component[part], TEXT));
      for (int m = 0; m < MEASURES; m++)
        if (isfinite(measure(&a->target[i].component[part], m))) w->full[m] = fmax(w->full[m], measure(&a->target[i].component[part], m));
    }
  w->left = fmin(name, 170) + 12;
  w->width = (WIDTH - w->left - (MEASURES - 1) * GAP) / MEASURES;
  return rows;
}

static void heads(aus_chart *c, const columns *w)
{
  static const char *const name[MEASURES] = { "mean |weight|", "sqrt(sum |weight|)", "the same, telling apart" };
  for (int m = 0; m < MEASURES; m++) aus_chart_label(c, AUS_INK_FAINT, TEXT, AUS_ANCHOR_START, w->left + m * (w->width + GAP), TOP - 14, w->width, name[m]);
}

static void part_row(aus_chart *c, const columns *w, const aus_set_target *t, int32_t part, double y)
{
  char told[160], value[AUS_NUMBER];
  aus_chart_label(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, w->left - 12, y + 4, w->left - 12, w->s->component[part]);
  for (int m = 0; m < MEASURES; m++) {
    const double v = measure(&t->component[part], m), x = w->left + m * (w->width + GAP);
    if (!isfinite(v)) continue;
    aus_number_text(value, v, 3);
    snprintf(told, sizeof told, "%.90s %s", w->s->component[part], value);
    aus_chart_rect(c, (aus_ink)(AUS_INK_SHADE + 2), x, y - 5.5, (w->width - VALUE) * fmax(0, v) / w->full[m], 11, told);
    aus_chart_text(c, AUS_INK_TEXT, TEXT, AUS_ANCHOR_END, x + w->width, y + 4, value);
  }
}

/* An answer's name over its rows; returns where the next one begins. */
static double answer(aus_chart *c, const columns *w, const aus_set_target *t, double y)
{
  char text[200];
  snprintf(text, sizeof text, "%.150s (%d)", w->s->target[t->target], t->n);
  aus_chart_line(c, AUS_INK_LINE, 1, 0, y, WIDTH, y);
  aus_chart_label(c, AUS_INK_TEXT, 13, AUS_ANCHOR_START, 0, y + 17, 0.9 * WIDTH, text);
  if (c->n > 0) c->mark[c->n - 1].bold = true;
  y += HEAD;
  for (int32_t part = 0; part < w->s->n_components; part++) {
    if (!is_shown(w, t, part)) continue;
    part_row(c, w, t, part, y + 0.5 * ROW);
    y += ROW;
  }
  return y + 6;
}

void aus_chart_classes(aus_chart *c, aus_ctx *ctx, const aus_set_analysis *a)
{
  columns w = { .s = a->set, .answers = a->n < MOST_ANSWERS ? a->n : MOST_ANSWERS };
  const int32_t rows = count_rows(&w, a);
  double y = TOP;
  char text[160];
  aus_chart_begin(c, ctx, WIDTH, TOP + w.answers * (HEAD + 6.0) + ROW * (double)rows + 4, "What each answer rests on");
  if (rows < 1) return;
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, "What each answer rests on");
  int n = snprintf(text, sizeof text, "each column on its own scale; in brackets: snippets");
  if (a->n > w.answers) n += snprintf(text + n, sizeof text - (size_t)n, "; the %d of %d answers with the most of them", w.answers, a->n);
  if (w.s->n_components > MOST_PARTS) snprintf(text + n, sizeof text - (size_t)n, "; the %d strongest parts of each", MOST_PARTS);
  aus_chart_label(c, AUS_INK_FAINT, 11, AUS_ANCHOR_START, 0, 36, WIDTH, text);
  heads(c, &w);
  for (int32_t i = 0; i < w.answers; i++) y = answer(c, &w, &a->target[i], y);
  aus_chart_tell(c, aus_strf(ctx, "bars: how much %d answers rest on each component, by mean |weight|, by sqrt(sum |weight|), and by that where it tells answers apart", w.answers));
}

/* ---- files ------------------------------------------------------------------------------------------------ */

aus_status aus_set_chart_file(aus_ctx *ctx, const aus_set_analysis *a, int32_t target, int32_t chart, bool png, char name[200], void **bytes, size_t *size)
{
  static void (*const draw[AUS_SET_CHARTS])(aus_chart *, aus_ctx *, const aus_set_analysis *, int32_t) = { aus_chart_parallel, aus_chart_swarms, aus_chart_faithfulness };
  static const char *const kind[AUS_SET_CHARTS] = { "parallel", "swarms", "faithfulness" };
  aus_chart c;
  *bytes = NULL;
  if (target < a->n) {
    draw[chart](&c, ctx, a, target);
    snprintf(name, 200, "%.60s_%s", a->set->target[a->target[target].target], kind[chart]);
  } else {
    aus_chart_classes(&c, ctx, a);
    snprintf(name, 200, "classes");
  }
  return aus_chart_finish(&c, png, bytes, size);
}
