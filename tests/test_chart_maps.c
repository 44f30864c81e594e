/* test_chart_maps.c - heat maps, strips and piano rolls: marks stand where their numbers say, on one scale. */
#include "test.h"
#include "chart_written.h"
#include "oom.h"

#include "report/chart_maps.h"

static const aus_mark *find(const aus_chart *c, aus_mark_kind kind, int nth)
{
  for (int32_t i = 0; i < c->n; i++)
    if (c->mark[i].kind == kind && nth-- == 0) return &c->mark[i];
  fail_msg("no such mark");
  return NULL;
}

static int count(const aus_chart *c, aus_mark_kind kind)
{
  int n = 0;
  for (int32_t i = 0; i < c->n; i++) n += c->mark[i].kind == kind;
  return n;
}

/* Two heads of 2 by 3 on one scale: 0.5 in the second is as strong as 0.5 in the first. */
static void heads_share_a_scale(void **state)
{
  (void)state;
  static const float value[] = { 0, 0.5f, 1, 0.25f, NAN, -1, 0.5f, 0, 0, 0, 0, 2 };
  static const char *const head[] = { "head 1", "head <2>" };
  aus_ctx *ctx = test_ctx(1);
  aus_chart c;
  aus_heat h = { .panels = 2, .rows = 2, .columns = 3, .value = value, .panel = head, .row = { .from = 0, .to = 3, .what = "looks from, s" }, .column = { .from = 0, .to = 3, .what = "looks at, s" } };
  aus_chart_heat(&c, ctx, &h, "attention");
  const aus_mark *a = find(&c, AUS_MARK_IMAGE, 0), *b = find(&c, AUS_MARK_IMAGE, 1);
  assert_int_equal(count(&c, AUS_MARK_IMAGE), 3); /* and the key */
  assert_int_equal(a->rgba[4 * 1 + 3], 64);  /* 0.5 of 2 */
  assert_int_equal(b->rgba[4 * 0 + 3], 64);
  assert_int_equal(b->rgba[4 * 5 + 3], 255);
  assert_int_equal(a->rgba[4 * 4 + 3], 0);   /* NaN is left empty */
  assert_memory_equal(a->rgba + 4 * 5, aus_ink_colour[AUS_INK_AGAINST], 3);
  assert_memory_equal(a->rgba + 4 * 2, aus_ink_colour[AUS_INK_FOR], 3);
  assert_true(b->x > a->x + a->w && fabs(a->w - b->w) < 1e-9);
  can_be_written(&c, "head &lt;2&gt;");
  aus_chart_free(&c);
  h.up = true; /* the first row is the lowest */
  aus_chart_heat(&c, ctx, &h, "attention");
  assert_int_equal(find(&c, AUS_MARK_IMAGE, 0)->rgba[4 * (3 + 1) + 3], 64);
  aus_chart_free(&c);
  h.panels = 0;
  aus_chart_heat(&c, ctx, &h, "none");
  assert_int_equal(count(&c, AUS_MARK_IMAGE), 0);
  aus_chart_free(&c);
  aus_ctx_destroy(ctx);
}

static double peak(const aus_mark *m, double middle)
{
  double most = 0;
  for (int32_t i = 0; i < m->n; i++) most = fmax(most, fabs(m->xy[2 * i + 1] - middle));
  return most;
}

static void strips_share_a_scale(void **state)
{
  (void)state;
  static const float value[] = { 0, 1, 0, -0.5f, 0, 0.25f, 0.25f, 0 };
  static const char *const name[] = { "rock", "a name that is far too long for the column of names it stands in" };
  static const double weight[] = { 0.5, -0.1 };
  aus_ctx *ctx = test_ctx(1);
  aus_chart c;
  const aus_strips s = { .n = 2, .columns = 4, .value = value, .name = name, .weight = weight, .seconds = 8, .unit = "per second" };
  aus_chart_strips(&c, ctx, &s, "what each tag gets");
  assert_int_equal(count(&c, AUS_MARK_AREA), 3); /* the second has nothing against */
  const aus_mark *up = find(&c, AUS_MARK_AREA, 0), *down = find(&c, AUS_MARK_AREA, 1), *other = find(&c, AUS_MARK_AREA, 2);
  const double full = peak(up, up->xy[1]);
  assert_near(peak(down, down->xy[1]), 0.5 * full, 1e-9);
  assert_near(peak(other, other->xy[1]), 0.25 * full, 1e-9);
  assert_true(up->ink == AUS_INK_FOR && down->ink == AUS_INK_AGAINST && up->xy[2 * 2 + 1] <= up->xy[1] && down->xy[2 * 7 + 1] >= down->xy[1]);
  assert_near(find(&c, AUS_MARK_RECT, 1)->w, 0.2 * find(&c, AUS_MARK_RECT, 0)->w, 1e-9);
  can_be_written(&c, "half a strip: 1 per second");
  aus_chart_free(&c);
  aus_ctx_destroy(ctx);
}

static void notes_stand_at_their_time_and_pitch(void **state)
{
  (void)state;
  static const aus_roll_note note[] = { { 0, 1, 60, 1 }, { 1, 2, 64, 0.5 }, { 2, 2.001, 72, 0.1 }, { 9, 10, 60, 1 } };
  aus_ctx *ctx = test_ctx(1);
  aus_chart c;
  aus_roll r = { .n = 4, .note = note, .seconds = 4 };
  aus_chart_roll(&c, ctx, &r, "notes");
  const aus_mark *n[3];
  int found = 0;
  for (int32_t i = 0; i < c.n; i++)
    if (c.mark[i].kind == AUS_MARK_RECT && c.mark[i].text) { assert_true(found < 3); n[found++] = &c.mark[i]; } /* the fourth is after the end */
  assert_int_equal(found, 3);
  assert_near(n[1]->x - n[0]->x, n[0]->w, 1e-9);
  assert_true(n[1]->y < n[0]->y && n[2]->y < n[1]->y);
  assert_near(n[0]->y - n[1]->y, (n[0]->y - n[2]->y) / 3, 1e-9); /* 4 of 12 semitones */
  assert_true(n[2]->w >= 1.5 && n[0]->alpha == 1 && n[1]->alpha < 1);
  assert_string_equal(n[1]->text, "E4 1.00 s 0.5");
  can_be_written(&c, ">C4<");
  aus_chart_free(&c);
  static const aus_roll_note signed_notes[] = { { 0, 1, 60, 2 }, { 1, 2, 61, -1 } };
  r = (aus_roll){ .n = 2, .note = signed_notes, .seconds = 2, .relevance = true };
  aus_chart_roll(&c, ctx, &r, "what notes speak for");
  int against = 0;
  for (int32_t i = 0; i < c.n; i++) against += c.mark[i].ink == AUS_INK_AGAINST;
  assert_int_equal(against, 1);
  can_be_written(&c, "\xe2\x88\x92" "1");
  aus_chart_free(&c);
  aus_ctx_destroy(ctx);
}

static aus_status all_charts(aus_ctx *ctx, void *arg)
{
  static const float value[] = { 1, -1, 0.5f, 0 };
  static const char *const name[] = { "a", "b" };
  static const aus_roll_note note[] = { { 0, 1, 60, 1 } };
  const aus_heat h = { .panels = 1, .rows = 2, .columns = 2, .value = value, .row = { .name = name }, .column = { .name = name } };
  const aus_strips s = { .n = 2, .columns = 2, .value = value, .name = name, .seconds = 1 };
  const aus_roll r = { .n = 1, .note = note, .seconds = 1 };
  aus_chart c[3];
  aus_status status = AUS_OK;
  (void)arg;
  aus_chart_heat(&c[0], ctx, &h, "heat");
  aus_chart_strips(&c[1], ctx, &s, "strips");
  aus_chart_roll(&c[2], ctx, &r, "roll");
  for (int i = 0; i < 3; i++) {
    if (c[i].failed) status = AUS_ENOMEM;
    aus_chart_free(&c[i]);
  }
  return status;
}

static void memory_runs_out(void **state)
{
  (void)state;
  oom_sweep("charts of maps", all_charts, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(heads_share_a_scale), cmocka_unit_test(strips_share_a_scale), cmocka_unit_test(notes_stand_at_their_time_and_pitch), cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
