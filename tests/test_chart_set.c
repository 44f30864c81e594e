/* test_chart_set.c - the charts of a set: as many marks as there are numbers, each where the axis has its value, in the shade of its
 * answer; no text leaves the frame or lies over another, however long names are; and what the bars say is what the analysis says. */
#include "test.h"
#include "chart_written.h"
#include "oom.h"

#include "report/chart_set.h"
#include "report/number.h"

/* ---- sets of results, written as explain writes them ------------------------------------------------------ */

typedef struct text { char s[1 << 15]; size_t n; } text;

#define put(t, ...) ((t)->n += (size_t)snprintf((t)->s + (t)->n, sizeof(t)->s - (t)->n, __VA_ARGS__))

static void put_real(text *t, const char *name, double v, const char *end)
{
  if (isfinite(v)) put(t, "\"%s\": %.9g%s", name, v, end);
  else put(t, "\"%s\": null%s", name, end);
}

static aus_status add(aus_set *s, text *t, int song, int d, const char *part, const double *w, const char *target, double score, double r2)
{
  double local = 0.05;
  t->n = 0;
  put(t, "{\"schema\": \"auscult.explanation/1\", \"input\": {\"path\": \"song %d.wav\", \"offset\": %d, \"duration\": 3}, ", song, 3 * song);
  put(t, "\"model\": {\"sha256\": \"ab\", \"score\": \"sigmoid\"}, \"settings\": {\"scale\": \"prob\"}, \"components\": [");
  for (int i = 0; i < d; i++) { put(t, "%s{\"name\": \"%s %d\"}", i ? ", " : "", part, i); local += w[i]; }
  put(t, "], \"targets\": [{\"index\": 0, \"name\": \"%s\", ", target);
  put_real(t, "score", score, ", ");
  put_real(t, "r2", r2, ", ");
  put_real(t, "local_prediction", local, ", \"components\": [");
  for (int i = 0; i < d; i++) {
    put(t, "%s{", i ? ", " : "");
    put_real(t, "weight", w[i], ", ");
    put_real(t, "shapley", w[i], "}");
  }
  put(t, "]}]}");
  return aus_set_add_text(s, "made.json", t->s, t->n, NULL, NULL);
}

/* Six snippets of two answers; the third of the first answer has no fit, the fourth a bad one. */
enum { D = 3 };
static const double weight[6][D] = { { 0.6, -0.1, 0 }, { 0.4, -0.2, 0.1 }, { 0.2, 0.05, -0.05 }, { 0.3, 0.1, 0.2 }, { 0.1, 0.4, 0 }, { 0, 0.5, 0.1 } };
static const double score[6] = { 0.9, 0.5, 0.3, 0.1, 0.8, 0.6 }, r2[6] = { 0.95, 0.7, NAN, 0.2, 1, 0.99 };

static aus_status small_set(aus_ctx *ctx, aus_set *s)
{
  static text t;
  aus_set_begin(s, ctx);
  for (int i = 0; i < 6; i++) AUS_TRY(add(s, &t, i, D, "part", weight[i], i < 4 ? "rock" : "jazz", score[i], r2[i]));
  return AUS_OK;
}

static int count(const aus_chart *c, aus_mark_kind kind, aus_ink from, aus_ink to)
{
  int n = 0;
  for (int32_t i = 0; i < c->n; i++) n += c->mark[i].kind == kind && c->mark[i].ink >= from && c->mark[i].ink <= to;
  return n;
}

/* The place of a tick's number. */
static const aus_mark *number_at(const aus_chart *c, const char *number, aus_anchor anchor)
{
  for (int32_t i = 0; i < c->n; i++)
    if (c->mark[i].kind == AUS_MARK_TEXT && c->mark[i].anchor == anchor && c->mark[i].ink == AUS_INK_FAINT && strcmp(c->mark[i].text, number) == 0) return &c->mark[i];
  fail_msg("no number %s", number);
  return NULL;
}

static bool has_text(const aus_chart *c, const char *what)
{
  for (int32_t i = 0; i < c->n; i++)
    if (c->mark[i].kind == AUS_MARK_TEXT && strcmp(c->mark[i].text, what) == 0) return true;
  return false;
}

/* ---- parallel coordinates ----------------------------------------------------------------------------------- */

static bool is_crossing(const aus_mark *m) { return m->kind == AUS_MARK_LINE && m->ink >= AUS_INK_SHADE; }

static void lines_cross_axes_at_their_weights(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_set s;
  aus_set_analysis a;
  aus_chart c;
  assert_ok(ctx, small_set(ctx, &s));
  assert_ok(ctx, aus_set_analyse(&s, 2, 2, &a));
  aus_chart_parallel(&c, ctx, &a, 0);
  assert_string_equal(c.title, "Every explanation at once: rock");
  /* Four lines over three parts, answer and fit: four stretches each, but the one without a fit ends at its answer. */
  assert_int_equal(count(&c, AUS_MARK_LINE, AUS_INK_SHADE, AUS_INKS - 1), 15);
  const double zero = number_at(&c, "0", AUS_ANCHOR_END)->y - 4, unit = (number_at(&c, "+0.4", AUS_ANCHOR_END)->y - 4 - zero) / 0.4;
  const double fit0 = number_at(&c, "0", AUS_ANCHOR_START)->y - 4, fit1 = number_at(&c, "1", AUS_ANCHOR_START)->y - 4;
  static const int by_answer[] = { 3, 2, 1, 0 }, stretches[] = { 4, 3, 4, 4 };
  int32_t i = 0;
  for (int k = 0; k < 4; k++) {
    const double *w = weight[by_answer[k]];
    while (!is_crossing(&c.mark[i])) i++;
    const aus_mark *m = &c.mark[i];
    for (int p = 0; p < 2; p++) { /* parts stand by falling mean |weight| */
      assert_near(m[p].y, zero + unit * w[a.target[0].order[p]], 1e-9);
      assert_near(m[p].y + m[p].h, zero + unit * w[a.target[0].order[p + 1]], 1e-9);
    }
    if (stretches[k] == 4) assert_near(m[3].y + m[3].h, fit0 + (fit1 - fit0) * r2[by_answer[k]], 1e-9);
    /* 0.1, 0.3, 0.5, 0.9: the shade is the answer's share of 0.1 .. 0.9 */
    assert_int_equal(m->ink - AUS_INK_SHADE, (int)fmin(AUS_SHADES - 1, floor((score[by_answer[k]] - 0.1) / 0.8 * AUS_SHADES + 1e-9)));
    i += stretches[k];
  }
  can_be_written(&c, "stroke-opacity=\"0.85\"");
  aus_chart_free(&c);
  aus_set_analysis_free(&a);
  aus_set_free(&s);
  aus_ctx_destroy(ctx);
}

/* ---- swarms and faithfulness ----------------------------------------------------------------------------------- */

static void dots_stand_at_their_weights(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_set s;
  aus_set_analysis a;
  aus_chart c;
  char told[100], value[AUS_NUMBER];
  assert_ok(ctx, small_set(ctx, &s));
  assert_ok(ctx, aus_set_analyse(&s, 2, 2, &a));
  aus_chart_swarms(&c, ctx, &a, 0);
  assert_int_equal(count(&c, AUS_MARK_DOT, AUS_INK_SHADE, AUS_INKS - 1), 4 * D);
  const double zero = number_at(&c, "0", AUS_ANCHOR_MIDDLE)->x, unit = (number_at(&c, "+0.4", AUS_ANCHOR_MIDDLE)->x - zero) / 0.4;
  for (int k = 0; k < 4; k++)
    for (int p = 0; p < D; p++) {
      int found = 0;
      aus_signed_text(value, weight[k][p], 3);
      snprintf(told, sizeof told, "song %d.wav, %d to %d s: %s", k, 3 * k, 3 * k + 3, value);
      for (int32_t i = 0; i < c.n; i++)
        if (c.mark[i].kind == AUS_MARK_DOT && strcmp(c.mark[i].text, told) == 0) found += fabs(c.mark[i].x - (zero + unit * weight[k][p])) < 1e-9;
      assert_int_equal(found, 1);
    }
  int medians = 0;
  for (int32_t i = 0; i < c.n; i++)
    if (c.mark[i].kind == AUS_MARK_LINE && c.mark[i].ink == AUS_INK_TEXT && c.mark[i].size == 2)
      assert_near(c.mark[i].x, zero + unit * a.target[0].component[a.target[0].order[medians++]].weight.q50, 1e-9);
  assert_int_equal(medians, D);
  assert_true(has_text(&c, "+0.35")); /* of 0.2, 0.3, 0.4, 0.6 */
  can_be_written(&c, "<title>song 0.wav, 0 to 3 s: +0.6</title></circle>");
  aus_chart_free(&c);
  aus_set_analysis_free(&a);
  aus_set_free(&s);
  aus_ctx_destroy(ctx);
}

static void signs_tell_the_fit(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_set s;
  aus_set_analysis a;
  aus_chart c;
  char value[AUS_NUMBER];
  assert_ok(ctx, small_set(ctx, &s));
  assert_ok(ctx, aus_set_analyse(&s, 2, 2, &a));
  aus_chart_faithfulness(&c, ctx, &a, 0);
  /* One of each kind, and one of each in the key. */
  assert_int_equal(count(&c, AUS_MARK_DOT, AUS_INK_AGAINST, AUS_INK_AGAINST), 2);
  assert_int_equal(count(&c, AUS_MARK_AREA, AUS_INK_FAINT, AUS_INK_FAINT), 2);
  assert_int_equal(count(&c, AUS_MARK_LINE, AUS_INK_FOR, AUS_INK_FOR), 4);
  assert_int_equal(count(&c, AUS_MARK_DOT, AUS_INK_FAINT, AUS_INK_FAINT), 2);
  const double x0 = number_at(&c, "0.2", AUS_ANCHOR_MIDDLE)->x, x1 = number_at(&c, "0.8", AUS_ANCHOR_MIDDLE)->x;
  const double y0 = number_at(&c, "0.2", AUS_ANCHOR_END)->y - 4, y1 = number_at(&c, "0.8", AUS_ANCHOR_END)->y - 4;
  const aus_mark *dot = NULL;
  for (int32_t i = 0; i < c.n && !dot; i++)
    if (c.mark[i].kind == AUS_MARK_DOT && c.mark[i].ink == AUS_INK_AGAINST) dot = &c.mark[i];
  assert_near(dot->x, x0 + (x1 - x0) * (0.9 - 0.2) / 0.6, 1e-9);
  assert_near(dot->y, y0 + (y1 - y0) * (0.55 - 0.2) / 0.6, 1e-9); /* 0.05 + 0.6 - 0.1 */
  aus_number_text(value, a.target[0].correlation, 3);
  assert_true(has_text(&c, value) && has_text(&c, "0.7")); /* the median R2 */
  can_be_written(&c, "weighted R2");
  aus_chart_free(&c);
  aus_set_analysis_free(&a);
  aus_set_free(&s);
  aus_ctx_destroy(ctx);
}

/* ---- classes -------------------------------------------------------------------------------------------------------- */

static void bars_are_the_aggregations(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_set s;
  aus_set_analysis a;
  aus_chart c;
  double longest[3] = { 0 }, full[3] = { 0 };
  assert_ok(ctx, small_set(ctx, &s));
  assert_ok(ctx, aus_set_analyse(&s, 2, 2, &a));
  aus_chart_classes(&c, ctx, &a);
  assert_int_equal(count(&c, AUS_MARK_RECT, AUS_INK_SHADE, AUS_INKS - 1), 2 * D * 3);
  for (int pass = 0, bar; pass < 2; pass++) {
    bar = 0;
    for (int32_t i = 0; i < c.n; i++) {
      if (c.mark[i].kind != AUS_MARK_RECT) continue;
      const int k = bar / (3 * D), p = bar / 3 % D, m = bar % 3;
      const aus_set_component *q = &a.target[k].component[p];
      const double v = m == 0 ? q->mean_abs : m == 1 ? q->root_sum : q->homogeneity;
      bar++;
      if (pass == 1) { assert_near(c.mark[i].w, longest[m] * v / full[m], 1e-9); continue; }
      longest[m] = fmax(longest[m], c.mark[i].w);
      full[m] = fmax(full[m], v);
    }
  }
  assert_near(a.target[0].component[0].mean_abs, 0.375, 1e-12);
  assert_true(has_text(&c, "0.375") && has_text(&c, "rock (4)") && has_text(&c, "jazz (2)"));
  can_be_written(&c, "part 2 ");
  aus_chart_free(&c);
  aus_set_analysis_free(&a);
  aus_set_free(&s);
  aus_ctx_destroy(ctx);
}

/* ---- room ------------------------------------------------------------------------------------------------------------ */

typedef struct box { double x0, y0, x1, y1; } box;

static box box_of(const aus_mark *m)
{
  const double w = aus_text_width(m->text, m->size), x = m->x - (m->anchor == AUS_ANCHOR_END ? w : m->anchor == AUS_ANCHOR_MIDDLE ? 0.5 * w : 0);
  return (box){ x, m->y - 0.7 * m->size, x + w, m->y };
}

static void text_has_room(const aus_chart *c)
{
  for (int32_t i = 0; i < c->n; i++) {
    if (c->mark[i].kind != AUS_MARK_TEXT) continue;
    const box a = box_of(&c->mark[i]);
    if (a.x0 < -0.01 || a.y0 < 0 || a.x1 > c->width + 0.01 || a.y1 > c->height - 2) fail_msg("%s: \"%s\" leaves the frame", c->title, c->mark[i].text);
    for (int32_t k = 0; k < i; k++) {
      if (c->mark[k].kind != AUS_MARK_TEXT) continue;
      const box b = box_of(&c->mark[k]);
      if (a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1) fail_msg("%s: \"%s\" lies over \"%s\"", c->title, c->mark[i].text, c->mark[k].text);
    }
  }
}

static void draw_all(aus_ctx *ctx, const aus_set_analysis *a, void (*look)(const aus_chart *))
{
  static void (*const draw[])(aus_chart *, aus_ctx *, const aus_set_analysis *, int32_t) = { aus_chart_parallel, aus_chart_swarms, aus_chart_faithfulness };
  aus_chart c;
  for (int32_t k = 0; k < a->n; k++)
    for (int i = 0; i < 3; i++) {
      draw[i](&c, ctx, a, k);
      assert_false(c.failed);
      look(&c);
      aus_chart_free(&c);
    }
  aus_chart_classes(&c, ctx, a);
  look(&c);
  aus_chart_free(&c);
}

/* One part to thirty, short names and long, tiny numbers and large. */
static void text_stays_in_its_place(void **state)
{
  (void)state;
  static text t;
  static const char *const part[] = { "p", "a part", "a part with quite a long name", "a name that is so long that it would not even fit on a line of its own, wherever one would put it, for it does not end before this word" };
  static const double size[] = { 1, 1e-5, 1234.5 };
  aus_ctx *ctx = test_ctx(1);
  for (int n = 0; n < 4; n++)
    for (int d = 1; d <= 30; d += d < 3 ? 1 : 9)
      for (int z = 0; z < 3; z++) {
        aus_set s;
        aus_set_analysis a;
        double w[30];
        aus_set_begin(&s, ctx);
        for (int i = 0; i < 14; i++) {
          for (int k = 0; k < d; k++) w[k] = size[z] * sin(1 + i + 7.0 * k) / (1 + k);
          assert_ok(ctx, add(&s, &t, i, d, part[n], w, n % 2 ? part[3] : "x", size[z] * (0.5 + 0.5 * sin(i)), 1 - 0.1 * i));
        }
        assert_ok(ctx, aus_set_analyse(&s, 2, 2, &a));
        draw_all(ctx, &a, text_has_room);
        aus_set_analysis_free(&a);
        aus_set_free(&s);
      }
  aus_ctx_destroy(ctx);
}

static void is_empty(const aus_chart *c) { assert_int_equal(c->n, 0); }

/* No weight that is a number: no charts, and no files. */
static void nothing_is_nothing(void **state)
{
  (void)state;
  static text t;
  static const double w[2] = { NAN, NAN };
  aus_ctx *ctx = test_ctx(1);
  aus_set s;
  aus_set_analysis a;
  char name[200];
  void *bytes;
  size_t size;
  aus_set_begin(&s, ctx);
  assert_ok(ctx, add(&s, &t, 0, 2, "part", w, "rock", NAN, NAN));
  assert_ok(ctx, aus_set_analyse(&s, 2, 2, &a));
  draw_all(ctx, &a, is_empty);
  assert_ok(ctx, aus_set_chart_file(ctx, &a, 0, 1, true, name, &bytes, &size));
  assert_null(bytes);
  assert_string_equal(name, "rock_swarms");
  aus_set_analysis_free(&a);
  aus_set_free(&s);
  aus_ctx_destroy(ctx);
}

/* ---- memory --------------------------------------------------------------------------------------------------------------- */

static aus_status all_files(aus_ctx *ctx, void *arg)
{
  aus_set s;
  aus_set_analysis a = {0};
  aus_status status = small_set(ctx, &s);
  (void)arg;
  if (status == AUS_OK) status = aus_set_analyse(&s, 1, 2, &a);
  for (int32_t k = 0; k < 4 && status == AUS_OK; k++) {
    char name[200];
    void *bytes = NULL;
    size_t size;
    status = aus_set_chart_file(ctx, &a, k < AUS_SET_CHARTS ? 0 : a.n, k % AUS_SET_CHARTS, false, name, &bytes, &size);
    aus_free(ctx, bytes);
  }
  aus_set_analysis_free(&a);
  aus_set_free(&s);
  return status;
}

static void memory_runs_out(void **state)
{
  (void)state;
  assert_true(oom_sweep("charts of a set", all_files, NULL) > 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_cross_axes_at_their_weights), cmocka_unit_test(dots_stand_at_their_weights), cmocka_unit_test(signs_tell_the_fit),
    cmocka_unit_test(bars_are_the_aggregations), cmocka_unit_test(text_stays_in_its_place), cmocka_unit_test(nothing_is_nothing), cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
