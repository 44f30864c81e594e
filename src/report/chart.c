/* chart.c - the list of marks. */
#include "report/chart.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Light theme; the page's own style has the same ones and dark ones (web/page.css). */
const uint8_t aus_ink_colour[AUS_INKS][3] = {
  { 0x1b, 0x1c, 0x1e }, { 0x5d, 0x5f, 0x66 }, { 0xdd, 0xdc, 0xd6 }, { 0xf4, 0xf3, 0xef },
  { 0xb5, 0x48, 0x0b }, { 0x1f, 0x5f, 0xa8 }, { 0xe9, 0xa7, 0x78 }, { 0x8f, 0xb4, 0xdc },
  { 0xb4, 0xb7, 0xc2 }, { 0x9d, 0x97, 0xc4 }, { 0x86, 0x78, 0xc7 }, { 0x6c, 0x56, 0xb5 }, { 0x51, 0x33, 0x90 }, { 0x35, 0x10, 0x6b },
};

void aus_chart_begin(aus_chart *c, aus_ctx *ctx, double width, double height, const char *title)
{
  *c = (aus_chart){ .ctx = ctx, .width = width, .height = height, .title = aus_strdup(ctx, title ? title : "") };
  c->failed = !c->title;
}

void aus_chart_clear(aus_chart *c)
{
  for (int32_t i = 0; i < c->n; i++) {
    aus_free(c->ctx, c->mark[i].text);
    aus_free(c->ctx, c->mark[i].xy);
    aus_free(c->ctx, c->mark[i].rgba);
  }
  c->n = 0;
}

void aus_chart_free(aus_chart *c)
{
  aus_chart_clear(c);
  aus_free(c->ctx, c->mark);
  aus_free(c->ctx, c->title);
  aus_free(c->ctx, c->about);
  *c = (aus_chart){0};
}

void aus_chart_tell(aus_chart *c, char *about)
{
  aus_free(c->ctx, c->about);
  c->about = about;
  c->failed = c->failed || !about;
}

/* A place at the end of the list, or NULL. */
static aus_mark *add(aus_chart *c, aus_mark mark)
{
  if (c->failed) return NULL;
  if (c->n == c->room) {
    const int32_t room = c->room ? 2 * c->room : 64;
    aus_mark *bigger = aus_alloc(c->ctx, (size_t)room, sizeof *bigger);
    if (!bigger) { c->failed = true; return NULL; }
    if (c->n) memcpy(bigger, c->mark, (size_t)c->n * sizeof *bigger);
    aus_free(c->ctx, c->mark);
    c->mark = bigger;
    c->room = room;
  }
  if (mark.alpha == 0) mark.alpha = 1;
  c->mark[c->n] = mark;
  return &c->mark[c->n++];
}

static void *copy_of(aus_chart *c, const void *from, size_t bytes)
{
  void *copy = aus_alloc(c->ctx, bytes, 1);
  if (copy) memcpy(copy, from, bytes);
  else c->failed = true;
  return copy;
}

void aus_chart_rect(aus_chart *c, aus_ink ink, double x, double y, double w, double h, const char *told)
{
  if (w < 0) { x += w; w = -w; }
  aus_mark *m = add(c, (aus_mark){ .kind = AUS_MARK_RECT, .ink = ink, .x = x, .y = y, .w = w, .h = h });
  if (m && told) m->text = copy_of(c, told, strlen(told) + 1);
}

void aus_chart_tint(aus_chart *c, aus_ink ink, double alpha, double x, double y, double w, double h)
{
  add(c, (aus_mark){ .kind = AUS_MARK_RECT, .ink = ink, .alpha = alpha > 0.004 ? alpha : 0.004, .x = x, .y = y, .w = w, .h = h });
}

void aus_chart_line(aus_chart *c, aus_ink ink, double width, double x0, double y0, double x1, double y1)
{
  add(c, (aus_mark){ .kind = AUS_MARK_LINE, .ink = ink, .size = width, .x = x0, .y = y0, .w = x1 - x0, .h = y1 - y0 });
}

void aus_chart_stroke(aus_chart *c, aus_ink ink, double alpha, double width, double x0, double y0, double x1, double y1)
{
  add(c, (aus_mark){ .kind = AUS_MARK_LINE, .ink = ink, .alpha = alpha, .size = width, .x = x0, .y = y0, .w = x1 - x0, .h = y1 - y0 });
}

void aus_chart_dot(aus_chart *c, aus_ink ink, double x, double y, double radius, const char *told)
{
  aus_mark *m = add(c, (aus_mark){ .kind = AUS_MARK_DOT, .ink = ink, .x = x, .y = y, .size = radius });
  if (m && told) m->text = copy_of(c, told, strlen(told) + 1);
}

void aus_chart_area(aus_chart *c, aus_ink ink, int32_t n, const double *xy)
{
  aus_mark *m = add(c, (aus_mark){ .kind = AUS_MARK_AREA, .ink = ink, .n = n });
  if (m) m->xy = copy_of(c, xy, (size_t)n * 2 * sizeof *xy);
}

static void put_text(aus_chart *c, aus_ink ink, bool bold, double size, aus_anchor anchor, double x, double y, const char *text)
{
  if (c->failed) return;
  aus_mark *m = add(c, (aus_mark){ .kind = AUS_MARK_TEXT, .ink = ink, .bold = bold, .size = size, .anchor = anchor, .x = x, .y = y });
  if (m) m->text = copy_of(c, text, strlen(text) + 1);
}

void aus_chart_text(aus_chart *c, aus_ink ink, double size, aus_anchor anchor, double x, double y, const char *text)
{
  put_text(c, ink, false, size, anchor, x, y, text);
}

void aus_chart_bold(aus_chart *c, double size, aus_anchor anchor, double x, double y, const char *text)
{
  put_text(c, AUS_INK_TEXT, true, size, anchor, x, y, text);
}

void aus_chart_label(aus_chart *c, aus_ink ink, double size, aus_anchor anchor, double x, double y, double width, const char *text)
{
  char cut[200];
  size_t n = 0;
  snprintf(cut, sizeof cut - 4, "%s", text);
  if (strlen(text) < sizeof cut - 4 && aus_text_width(text, size) <= width) { put_text(c, ink, false, size, anchor, x, y, text); return; }
  while (cut[n]) { /* the longest start that leaves room for the ellipsis */
    size_t step = aus_utf8_length(cut + n);
    if (step == 0) step = 1;
    const char kept = cut[n + step];
    cut[n + step] = '\0';
    const bool fits = aus_text_width(cut, size) + 0.9 * size <= width;
    cut[n + step] = kept;
    if (!fits) break;
    n += step;
  }
  strcpy(cut + n, "\xe2\x80\xa6");
  put_text(c, ink, false, size, anchor, x, y, cut);
}

void aus_chart_number(aus_chart *c, aus_ink ink, double size, aus_anchor anchor, double x, double y, double value, int digits, bool sign)
{
  char text[AUS_NUMBER];
  if (sign) aus_signed_text(text, value, digits);
  else aus_number_text(text, value, digits);
  put_text(c, ink, false, size, anchor, x, y, text);
}

void aus_chart_image(aus_chart *c, double x, double y, double w, double h, int32_t columns, int32_t rows, const uint8_t *rgba)
{
  aus_mark *m = add(c, (aus_mark){ .kind = AUS_MARK_IMAGE, .x = x, .y = y, .w = w, .h = h, .columns = columns, .rows = rows });
  if (m) m->rgba = copy_of(c, rgba, (size_t)columns * (size_t)rows * 4);
}

aus_status aus_chart_finish(aus_chart *c, bool png, void **bytes, size_t *size)
{
  char *svg = NULL;
  uint8_t *pixels = NULL;
  aus_status status = c->failed ? AUS_ENOMEM : AUS_OK;
  if (status == AUS_OK && c->n > 0 && png) status = aus_chart_png(c, 2, &pixels, size);
  if (status == AUS_OK && c->n > 0 && !png) status = aus_chart_svg(c, true, &svg);
  if (svg) *size = strlen(svg);
  *bytes = svg ? (void *)svg : (void *)pixels;
  aus_chart_free(c);
  return status;
}
