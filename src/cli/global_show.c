/* global_show.c - what a set says together, as tables on stdout: one per target, the strongest part first. */
#include "cli/global.h"
#include "cli/table.h"

#include <math.h>

static void put_number(double v, int width, const char *format)
{
  char text[40];
  snprintf(text, sizeof text, format, v);
  printf(" %*s", width, isfinite(v) ? text : "-");
}

static void put_component(const aus_set *s, const aus_set_target *t, int32_t c, int width, double full)
{
  const aus_set_component *k = &t->component[c];
  char range[48];
  printf("  ");
  cli_pad(s->component[c], width);
  if (!k->weight.n) { printf(" in no snippet\n"); return; }
  put_number(k->weight.q50, 9, "%+.4f");
  snprintf(range, sizeof range, "[%+.4f, %+.4f]", k->weight.q05, k->weight.q95);
  printf("  %-20s", range);
  put_number(k->weight.mean_abs, 9, "%.4f");
  put_number(100 * k->weight.positive, 6, "%.0f %%");
  put_number(100 * k->strongest, 8, "%.0f %%");
  printf("  ");
  cli_bar(k->weight.q50, full, 24);
  printf("\n");
}

static void put_target(const aus_set *s, const aus_set_target *t)
{
  char words[240];
  int width = 10;
  double full = 0;
  for (int32_t c = 0; c < s->n_components; c++) {
    width = cli_width(s->component[c], width);
    if (t->component[c].weight.n) full = fmax(full, fabs(t->component[c].weight.q50));
  }
  printf("\n");
  cli_put(s->target[t->target]);
  printf("  %d explanation%s of %d song%s, mean answer %.3f\n", t->n, t->n == 1 ? "" : "s", t->n_songs, t->n_songs == 1 ? "" : "s", t->score.mean);
  printf("  %-*s %9s  %-20s %9s %6s %8s\n", width, "component", "median", "5 % .. 95 %", "mean |w|", "> 0", "largest");
  for (int32_t k = 0; k < s->n_components; k++) put_component(s, t, t->order[k], width, full);
  aus_set_trust(t, words, sizeof words);
  printf("  %s\n", words);
}

int cli_set_print(cli_session *cs, const aus_set_analysis *a, const char *page)
{
  enum { SHOWN = 5 };
  const aus_set *s = a->set;
  printf("%d songs, %d snippets, %d explanations\n", s->n_songs, s->n_pieces, s->n_rows);
  for (int32_t k = 0; k < a->n && k < SHOWN; k++) put_target(s, &a->target[k]);
  if (a->n > SHOWN) printf("\nand %d more answers, see the page\n", a->n - SHOWN);
  printf("\n\"> 0\" and \"largest\": in how many explanations the weight is positive, and the largest positive one.\npage: %s\n", page);
  return cli_flush(cs);
}
