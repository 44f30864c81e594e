/* chart_roll.c - notes on a piano roll: what a transcription heard, or what each note speaks for. */
#include "report/chart_maps.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 880, LEFT = 40, TOP = 34, MOST_HIGH = 420, AXIS = 22 };

static bool black(int32_t pitch)
{
  const int32_t k = ((pitch % 12) + 12) % 12;
  return k == 1 || k == 3 || k == 6 || k == 8 || k == 10;
}

/* Whole octaves around what sounds. */
static void range_of(const aus_roll *r, int32_t *low, int32_t *high)
{
  *low = 60;
  *high = 71;
  for (int32_t i = 0; i < r->n; i++) {
    const int32_t p = r->note[i].pitch;
    if (i == 0) *low = *high = p;
    if (p < *low) *low = p;
    if (p > *high) *high = p;
  }
  *low -= ((*low % 12) + 12) % 12;
  *high += 11 - ((*high % 12) + 12) % 12;
}

static void keys(aus_chart *c, int32_t low, int32_t high, double row)
{
  for (int32_t p = low; p <= high; p++) {
    const double y = TOP + row * (high - p);
    if (black(p)) aus_chart_rect(c, AUS_INK_PANEL, LEFT, y, WIDTH - LEFT, row, NULL);
    if (((p % 12) + 12) % 12 != 0) continue;
    char name[16];
    snprintf(name, sizeof name, "C%d", p / 12 - 1);
    aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, LEFT - 6, y + row, name);
    aus_chart_line(c, AUS_INK_LINE, 1, LEFT, y + row, WIDTH, y + row);
  }
}

static void note(aus_chart *c, const aus_roll *r, const aus_roll_note *n, int32_t high, double row, double most)
{
  static const char *const names[] = { "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B" };
  const double scale = (WIDTH - LEFT) / r->seconds, x = LEFT + scale * n->t0, w = fmax(1.5, scale * (n->t1 - n->t0)), y = TOP + row * (high - n->pitch);
  const aus_ink ink = !r->relevance ? AUS_INK_TEXT : n->value < 0 ? AUS_INK_AGAINST : AUS_INK_FOR;
  char told[80], value[AUS_NUMBER];
  if (r->relevance) aus_signed_text(value, n->value, 3);
  else aus_number_text(value, n->value, 2);
  snprintf(told, sizeof told, "%s%d %.2f s %s", names[((n->pitch % 12) + 12) % 12], n->pitch / 12 - 1, n->t0, value);
  aus_chart_rect(c, ink, x, y + 0.5, w, fmax(1.5, row - 1), told);
  if (!c->failed && c->n > 0) c->mark[c->n - 1].alpha = 0.25 + 0.75 * fmin(1, fabs(n->value) / most); /* a tint that also says what it is */
}

void aus_chart_roll(aus_chart *c, aus_ctx *ctx, const aus_roll *r, const char *title)
{
  int32_t low, high;
  range_of(r, &low, &high);
  const double row = fmin(12, (double)MOST_HIGH / (high - low + 1)), height = row * (high - low + 1);
  double most = r->relevance ? 1e-30 : 1;
  aus_chart_begin(c, ctx, WIDTH, TOP + height + AXIS, title);
  aus_chart_bold(c, 15, AUS_ANCHOR_START, 0, 16, c->title ? c->title : "");
  if (!(r->seconds > 0)) return;
  keys(c, low, high, row);
  for (int32_t i = 0; r->relevance && i < r->n; i++)
    if (isfinite(r->note[i].value)) most = fmax(most, fabs(r->note[i].value));
  for (int32_t i = 0; i < r->n; i++)
    if (r->note[i].t0 < r->seconds && isfinite(r->note[i].value)) note(c, r, &r->note[i], high, row, most);
  const double step = aus_nice_step(r->seconds, 10);
  for (double t = 0; t < 0.985 * r->seconds; t += step) aus_chart_number(c, AUS_INK_FAINT, 11, AUS_ANCHOR_START, LEFT + (WIDTH - LEFT) * t / r->seconds, TOP + height + 15, t, 4, false);
  aus_chart_text(c, AUS_INK_FAINT, 11, AUS_ANCHOR_END, WIDTH, TOP + height + 15, "s");
  aus_chart_tell(c, aus_strf(ctx, "%s: a piano roll of %d notes from %d to %d (MIDI numbers)", title ? title : "", r->n, low, high));
}
