/* chart_svg.c - marks as SVG 1.1. In a page inks are classes; a file of its own brings their colours, light and dark. */
#include "report/chart.h"
#include "report/png.h"
#include "core/base64.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Text that grows. */
typedef struct growing { aus_ctx *ctx; char *text; size_t n, room; bool failed; } growing;

static void put_bytes(growing *g, const char *bytes, size_t n)
{
  if (g->failed) return;
  if (g->n + n + 1 > g->room) {
    const size_t room = 2 * (g->n + n) + 4096;
    char *bigger = aus_alloc(g->ctx, room, 1);
    if (!bigger) { g->failed = true; return; }
    if (g->n) memcpy(bigger, g->text, g->n);
    aus_free(g->ctx, g->text);
    g->text = bigger;
    g->room = room;
  }
  memcpy(g->text + g->n, bytes, n);
  g->n += n;
  g->text[g->n] = '\0';
}

static void put(growing *g, const char *text) { put_bytes(g, text, strlen(text)); }

static void put_escaped(growing *g, const char *text)
{
  for (const char *s = text; *s;) {
    const size_t n = aus_utf8_length(s);
    const unsigned char c = (unsigned char)*s;
    if (n == 0 || c < 0x20 || c == 0x7f) { put(g, "\xef\xbf\xbd"); s++; continue; }
    if (c == '&') put(g, "&amp;");
    else if (c == '<') put(g, "&lt;");
    else if (c == '>') put(g, "&gt;");
    else if (c == '"') put(g, "&quot;");
    else put_bytes(g, s, n);
    s += n;
  }
}

/* NAME="value", two digits after the point, whatever the locale. */
static void put_number(growing *g, const char *name, double v)
{
  char text[32];
  aus_format_real(text, rint(100 * v) / 100, 8);
  put(g, " ");
  put(g, name);
  put(g, "=\"");
  put(g, strcmp(text, "-0") == 0 ? "0" : text);
  put(g, "\"");
}

static const char *const ink_name[AUS_INKS] = { "i-text", "i-faint", "i-line", "i-panel", "i-for", "i-against", "i-for-soft", "i-against-soft",
  "i-shade-0", "i-shade-1", "i-shade-2", "i-shade-3", "i-shade-4", "i-shade-5" };
static const char *const dark_colour[AUS_INKS] = { "#e9e8e4", "#a3a5ad", "#34363c", "#1c1e22", "#f59a57", "#74b0f4", "#8a4d20", "#2f5688",
  "#4b4f5c", "#656192", "#8073c8", "#a191eb", "#c9bdf4", "#f2eaff" };

/* Rules for the inks that the chart has. */
static void put_style(growing *g, const aus_chart *c)
{
  char rule[128];
  bool has[AUS_INKS] = { false };
  for (int32_t i = 0; i < c->n; i++) has[c->mark[i].ink] = true;
  put(g, "<style>text { font-family: system-ui, sans-serif; } .b { font-weight: 600; } .paper { fill: #fcfcfa; }");
  for (int i = 0; i < AUS_INKS; i++) {
    if (!has[i]) continue;
    const uint8_t *k = aus_ink_colour[i];
    snprintf(rule, sizeof rule, " .%s { fill: #%02x%02x%02x; } line.%s { stroke: #%02x%02x%02x; }", ink_name[i], k[0], k[1], k[2], ink_name[i], k[0], k[1], k[2]);
    put(g, rule);
  }
  put(g, " @media (prefers-color-scheme: dark) { .paper { fill: #131417; }");
  for (int i = 0; i < AUS_INKS; i++) {
    if (!has[i]) continue;
    snprintf(rule, sizeof rule, " .%s { fill: %s; } line.%s { stroke: %s; }", ink_name[i], dark_colour[i], ink_name[i], dark_colour[i]);
    put(g, rule);
  }
  put(g, " }</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
}

/* The end of a shape: what it tells a pointer, where it does. */
static void put_told(growing *g, const aus_mark *m, const char *shape)
{
  if (!m->text) { put(g, "/>\n"); return; }
  put(g, "><title>");
  put_escaped(g, m->text);
  put(g, "</title></");
  put(g, shape);
  put(g, ">\n");
}

static void put_rect(growing *g, const aus_mark *m)
{
  put(g, "<rect class=\"");
  put(g, ink_name[m->ink]);
  put(g, "\"");
  put_number(g, "x", m->x);
  put_number(g, "y", m->y);
  put_number(g, "width", m->w);
  put_number(g, "height", m->h);
  if (m->alpha < 1) put_number(g, "fill-opacity", m->alpha);
  put_told(g, m, "rect");
}

static void put_dot(growing *g, const aus_mark *m)
{
  put(g, "<circle class=\"");
  put(g, ink_name[m->ink]);
  put(g, "\"");
  put_number(g, "cx", m->x);
  put_number(g, "cy", m->y);
  put_number(g, "r", m->size);
  put_told(g, m, "circle");
}

static void put_line(growing *g, const aus_mark *m)
{
  put(g, "<line class=\"");
  put(g, ink_name[m->ink]);
  put(g, "\"");
  put_number(g, "x1", m->x);
  put_number(g, "y1", m->y);
  put_number(g, "x2", m->x + m->w);
  put_number(g, "y2", m->y + m->h);
  put_number(g, "stroke-width", m->size);
  if (m->alpha < 1) put_number(g, "stroke-opacity", m->alpha);
  put(g, "/>\n");
}

static void put_area(growing *g, const aus_mark *m)
{
  char corner[72], x[32], y[32];
  put(g, "<path class=\"");
  put(g, ink_name[m->ink]);
  put(g, "\" d=\"");
  for (int32_t i = 0; i < m->n; i++) {
    aus_format_real(x, rint(10 * m->xy[2 * i]) / 10, 7);
    aus_format_real(y, rint(10 * m->xy[2 * i + 1]) / 10, 7);
    snprintf(corner, sizeof corner, "%s%s %s", i ? "L" : "M", x, y);
    put(g, corner);
  }
  put(g, "Z\"/>\n");
}

static void put_text(growing *g, const aus_mark *m)
{
  static const char *const anchor[] = { "", " text-anchor=\"middle\"", " text-anchor=\"end\"" };
  put(g, "<text class=\"");
  put(g, ink_name[m->ink]);
  put(g, m->bold ? " b\"" : "\"");
  put(g, anchor[m->anchor]);
  put_number(g, "x", m->x);
  put_number(g, "y", m->y);
  put_number(g, "font-size", m->size);
  put(g, ">");
  put_escaped(g, m->text);
  put(g, "</text>\n");
}

static aus_status put_image(growing *g, const aus_mark *m)
{
  uint8_t *png;
  size_t size;
  AUS_TRY(aus_png_encode_rgba(g->ctx, m->columns, m->rows, m->rgba, &png, &size));
  char *text = aus_alloc(g->ctx, AUS_BASE64_SIZE(size) + 1, 1);
  if (!text) { aus_free(g->ctx, png); return AUS_ENOMEM; }
  aus_base64_encode(png, size, text);
  put(g, "<image preserveAspectRatio=\"none\" image-rendering=\"pixelated\"");
  put_number(g, "x", m->x);
  put_number(g, "y", m->y);
  put_number(g, "width", m->w);
  put_number(g, "height", m->h);
  put(g, " xlink:href=\"data:image/png;base64,");
  put_bytes(g, text, AUS_BASE64_SIZE(size));
  put(g, "\"/>\n");
  aus_free(g->ctx, png);
  aus_free(g->ctx, text);
  return AUS_OK;
}

static aus_status put_mark(growing *g, const aus_mark *m)
{
  switch (m->kind) {
  case AUS_MARK_RECT: put_rect(g, m); break;
  case AUS_MARK_LINE: put_line(g, m); break;
  case AUS_MARK_AREA: put_area(g, m); break;
  case AUS_MARK_TEXT: put_text(g, m); break;
  case AUS_MARK_DOT: put_dot(g, m); break;
  case AUS_MARK_IMAGE: return put_image(g, m);
  }
  return AUS_OK;
}

aus_status aus_chart_svg(const aus_chart *c, bool alone, char **text)
{
  growing g = { .ctx = c->ctx };
  char size[160];
  if (c->failed) return AUS_ENOMEM;
  if (alone) put(&g, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  snprintf(size, sizeof size, " width=\"%d\" height=\"%d\"", (int)ceil(c->width), (int)ceil(c->height));
  put(&g, alone ? "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"" : "<svg class=\"chart\"");
  put(&g, size);
  snprintf(size, sizeof size, " viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", (int)ceil(c->width), (int)ceil(c->height));
  put(&g, size);
  put_escaped(&g, c->about ? c->about : c->title);
  put(&g, "\">\n");
  if (alone) put_style(&g, c);
  aus_status status = AUS_OK;
  for (int32_t i = 0; i < c->n && status == AUS_OK; i++) status = put_mark(&g, &c->mark[i]);
  put(&g, "</svg>\n");
  if (g.failed && status == AUS_OK) status = AUS_ENOMEM;
  if (status != AUS_OK) { aus_free(c->ctx, g.text); return status; }
  *text = g.text;
  return AUS_OK;
}
