/* test_chart.c - marks land on the pixels they mean, text is cut and escaped, the waterfall ends at the answer, and the
 * what-if questions find the smallest sets. */
#include "test.h"

#include "report/chart.h"
#include "report/number.h"
#include "report/whatif.h"

/* ---- a reader of our own PNGs: one block of fixed codes, written for this test from RFC 1951 -------------- */

typedef struct in { const uint8_t *p; size_t bit; } in;
static uint32_t bits(in *s, int n) { uint32_t v = 0; for (int i = 0; i < n; i++, s->bit++) v |= (uint32_t)(s->p[s->bit / 8] >> s->bit % 8 & 1) << i; return v; }
static uint32_t code(in *s, int n) { uint32_t v = 0; for (int i = 0; i < n; i++) v = v << 1 | bits(s, 1); return v; }
static int symbol(in *s)
{
  uint32_t v = code(s, 7);
  if (v < 24) return 256 + (int)v;
  v = v << 1 | bits(s, 1);
  if (v >= 48 && v < 192) return (int)v - 48;
  if (v >= 192 && v < 200) return 280 + (int)v - 192;
  return 144 + (int)(v << 1 | bits(s, 1)) - 400;
}

typedef struct pixels { int w, h; uint8_t *rgb; } pixels;
static uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static pixels read_png(const uint8_t *png)
{
  pixels o = { (int)be32(png + 16), (int)be32(png + 20), NULL };
  const size_t row = 3 * (size_t)o.w + 1, room = row * (size_t)o.h;
  uint8_t *raw = malloc(room);
  size_t n = 0;
  in s = { png + 8 + 25 + 8 + 2, 0 }; /* magic, IHDR, IDAT's head, zlib's head */
  assert_int_equal(png[25], 2); /* RGB */
  assert_int_equal(bits(&s, 3), 3);
  for (int v; (v = symbol(&s)) != 256;) {
    if (v < 256) { raw[n++] = (uint8_t)v; continue; }
    const int l = v - 257, extra = l < 8 || l == 28 ? 0 : l / 4 - 1;
    const size_t length = (l < 8 ? (size_t)l + 3 : l == 28 ? 258 : ((size_t)(4 + l % 4) << extra) + 3) + bits(&s, extra);
    const int d = (int)code(&s, 5), more = d < 4 ? 0 : d / 2 - 1;
    const size_t distance = (d < 4 ? (size_t)d + 1 : ((size_t)(2 + d % 2) << more) + 1) + bits(&s, more);
    for (size_t i = 0; i < length; i++, n++) raw[n] = raw[n - distance];
  }
  assert_int_equal(n, room);
  o.rgb = malloc(3 * (size_t)o.w * (size_t)o.h);
  for (int y = 0; y < o.h; y++) memcpy(o.rgb + 3 * (size_t)o.w * (size_t)y, raw + (size_t)y * row + 1, row - 1);
  free(raw);
  return o;
}

static int at(const pixels *p, int x, int y, int c) { return p->rgb[3 * (y * p->w + x) + c]; }

static void marks_cover_their_pixels(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_chart c;
  uint8_t *png;
  size_t size;
  const double triangle[] = { 20, 0, 30, 0, 20, 10 };
  aus_chart_begin(&c, ctx, 40, 20, "t");
  aus_chart_rect(&c, AUS_INK_FOR, 2, 2, 4.5, 3, NULL);
  aus_chart_rect(&c, AUS_INK_AGAINST, 12, 10, -4, 2, NULL); /* to the left */
  aus_chart_area(&c, AUS_INK_TEXT, 3, triangle);
  aus_chart_line(&c, AUS_INK_TEXT, 1, 0, 18.5, 40, 18.5);
  assert_ok(ctx, aus_chart_png(&c, 2, &png, &size));
  const pixels p = read_png(png);
  assert_int_equal(p.w, 80);
  assert_int_equal(p.h, 40);
  for (int k = 0; k < 3; k++) {
    assert_int_equal(at(&p, 4, 4, k), aus_ink_colour[AUS_INK_FOR][k]);
    assert_int_equal(at(&p, 12, 9, k), aus_ink_colour[AUS_INK_FOR][k]);
    assert_int_equal(at(&p, 13, 9, k), k < 2 ? 0xfc : 0xfa);
    assert_int_equal(at(&p, 16, 21, k), aus_ink_colour[AUS_INK_AGAINST][k]);
    assert_int_equal(at(&p, 42, 2, k), aus_ink_colour[AUS_INK_TEXT][k]);
    assert_int_equal(at(&p, 58, 17, k), k < 2 ? 0xfc : 0xfa);
    assert_int_equal(at(&p, 5, 36, k), aus_ink_colour[AUS_INK_TEXT][k]);
    assert_int_equal(at(&p, 5, 35, k), k < 2 ? 0xfc : 0xfa);
  }
  free(p.rgb);
  aus_free(ctx, png);
  aus_chart_free(&c);
  /* A letter leaves ink between its baseline and its height, and nothing elsewhere. */
  aus_chart_begin(&c, ctx, 40, 40, "t");
  aus_chart_text(&c, AUS_INK_TEXT, 20, AUS_ANCHOR_MIDDLE, 20, 30, "H");
  assert_ok(ctx, aus_chart_png(&c, 1, &png, &size));
  const pixels q = read_png(png);
  int dark = 0;
  for (int y = 0; y < 40; y++)
    for (int x = 0; x < 40; x++) {
      if (at(&q, x, y, 0) > 128) continue;
      dark++;
      assert_in_range(y, 14, 31);
      assert_in_range(x, 12, 28);
    }
  assert_in_range(dark, 40, 150);
  free(q.rgb);
  aus_free(ctx, png);
  aus_chart_free(&c);
  aus_ctx_destroy(ctx);
}

static void text_is_cut_and_escaped(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_chart c;
  char *svg;
  aus_chart_begin(&c, ctx, 100, 50, "a <b> & \"c\"");
  aus_chart_label(&c, AUS_INK_TEXT, 12, AUS_ANCHOR_START, 0, 12, 60, "a name that is far too long for its column");
  aus_chart_label(&c, AUS_INK_TEXT, 12, AUS_ANCHOR_START, 0, 30, 60, "<b>\x01");
  assert_ok(ctx, aus_chart_svg(&c, true, &svg));
  assert_non_null(strstr(svg, "aria-label=\"a &lt;b&gt; &amp; &quot;c&quot;\""));
  assert_non_null(strstr(svg, "\xe2\x80\xa6</text>"));
  assert_null(strstr(svg, "its column"));
  assert_non_null(strstr(svg, ">&lt;b&gt;\xef\xbf\xbd</text>"));
  aus_free(ctx, svg);
  aus_chart_free(&c);
  assert_near(aus_text_width("HH", 20), 2 * aus_text_width("H", 20), 1e-9);
  assert_near(aus_text_width("H", 40), 2 * aus_text_width("H", 20), 1e-9);
  assert_near(aus_text_width("\xc3\xa9", 20), aus_text_width("e", 20), 1e-9);
  aus_ctx_destroy(ctx);
}

/* f = 0.1 + 0.5 z0 - 0.2 z1 + 0.3 z0 z2, all eight mixes. */
static double f(const uint8_t *z) { return 0.1 + 0.5 * z[0] - 0.2 * z[1] + 0.3 * z[0] * z[2]; }

typedef struct eight { aus_explanation e; aus_target_explanation t; aus_weight w[3]; char *name[3]; uint8_t z[24]; float y[8]; } eight;

static void make_eight(eight *x)
{
  static char *const name[] = { "one", "two", "three" };
  static const double shapley[] = { 0.65, -0.2, 0.15 };
  *x = (eight){ .t = { .name = "t", .score = 0.7, .score_none = 0.1, .r2 = 1 } };
  for (int i = 0; i < 3; i++) {
    x->name[i] = name[i];
    x->w[i] = (aus_weight){ .weight = shapley[i], .lo = shapley[i] - 0.1, .hi = shapley[i] + 0.1, .shapley = shapley[i] };
  }
  for (int r = 0; r < 8; r++) {
    for (int i = 0; i < 3; i++) x->z[3 * r + i] = r >> i & 1;
    x->y[r] = (float)f(x->z + 3 * r);
  }
  x->t.weight = x->w;
  x->e = (aus_explanation){ .n_components = 3, .n_targets = 1, .component = x->name, .target = &x->t, .n_rows = 8, .z = x->z, .y = x->y, .exhaustive = 1 };
}

static void the_waterfall_ends_at_the_answer(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  eight x;
  aus_chart c;
  make_eight(&x);
  aus_chart_waterfall(&c, ctx, &x.e, 0);
  /* Rectangles chain: each begins where the one before ended; the last ends at the level of the answer. */
  double end = NAN, last = NAN;
  int steps = 0;
  for (int32_t i = 0; i < c.n; i++) {
    const aus_mark *m = &c.mark[i];
    if (m->kind == AUS_MARK_RECT) {
      const double from = m->ink == AUS_INK_AGAINST ? m->x + m->w : m->x;
      if (steps++) assert_near(from, end, 1e-9);
      end = m->ink == AUS_INK_AGAINST ? m->x : m->x + m->w;
    }
    if (m->kind == AUS_MARK_LINE && m->size == 2) last = m->x;
  }
  assert_int_equal(steps, 3);
  assert_near(last, end, 1e-9);
  aus_chart_free(&c);
  x.w[1].shapley = NAN; /* no Shapley values, no waterfall */
  aus_chart_waterfall(&c, ctx, &x.e, 0);
  assert_int_equal(c.n, 0);
  aus_chart_free(&c);
  aus_ctx_destroy(ctx);
}

static void weights_are_drawn_strongest_first(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  eight x;
  aus_chart c;
  make_eight(&x);
  x.w[0].weight = 0.01; /* though its Shapley value is the largest */
  aus_chart_weights(&c, ctx, &x.e, 0);
  double before = INFINITY;
  for (int32_t i = 0; i < c.n; i++)
    if (c.mark[i].kind == AUS_MARK_RECT) { assert_true(c.mark[i].w <= before); before = c.mark[i].w; }
  aus_chart_free(&c);
  aus_ctx_destroy(ctx);
}

static void what_if_finds_the_smallest_sets(void **state)
{
  (void)state;
  eight x;
  aus_whatif enough, gone;
  make_eight(&x);
  aus_whatif_find(&x.e, 0, &enough, &gone);
  /* Nine tenths of 0.6 above 0.1 is 0.64: one alone gives 0.6, one and three 0.9. Half: 0.4, and without one it is -0.1. */
  assert_memory_equal(x.z + 3 * enough.row, "\1\0\1", 3);
  assert_near(enough.answer, 0.9, 1e-6);
  assert_memory_equal(x.z + 3 * gone.row, "\0\1\1", 3);
  assert_near(gone.answer, -0.1, 1e-6);
  x.t.score = 0; /* nothing rises */
  aus_whatif_find(&x.e, 0, &enough, &gone);
  assert_int_equal(enough.row, -1);
  assert_int_equal(gone.row, -1);
}

static void numbers_read_well(void **state)
{
  (void)state;
  char text[AUS_NUMBER];
  static const struct { double v; int digits; const char *number, *fixed, *sign; } want[] = {
    { 0.62, 3, "0.62", "0.620", "+0.62" }, { 8000, 2, "8000", "8000", "+8000" }, { -0.0421234, 3, "-0.0421", "-0.042", "\xe2\x88\x92" "0.0421" },
    { 0, 3, "0", "0.000", "0" }, { 12.3456, 3, "12.3", "12.3", "+12.3" }, { 1e-7, 2, "1e-07", "1e-07", "+1e-07" }, { 1, 3, "1", "1.00", "+1" },
  };
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    aus_number_text(text, want[i].v, want[i].digits);
    assert_string_equal(text, want[i].number);
    aus_fixed_text(text, want[i].v, want[i].digits);
    assert_string_equal(text, want[i].fixed);
    aus_signed_text(text, want[i].v, want[i].digits);
    assert_string_equal(text, want[i].sign);
  }
  aus_signed_text(text, NAN, 3);
  assert_string_equal(text, "\xe2\x80\x93");
  assert_near(aus_nice_step(12, 8), 2, 1e-12);
  assert_near(aus_nice_step(0.09, 5), 0.02, 1e-12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(marks_cover_their_pixels), cmocka_unit_test(text_is_cut_and_escaped), cmocka_unit_test(the_waterfall_ends_at_the_answer),
    cmocka_unit_test(weights_are_drawn_strongest_first), cmocka_unit_test(what_if_finds_the_smallest_sets), cmocka_unit_test(numbers_read_well),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
