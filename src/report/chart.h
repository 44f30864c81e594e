/* chart.h - a picture as a list of marks, drawn once and written as SVG or PNG.
 *
 * Coordinates are units of about one pixel, y down. Inks are roles, not colours: a page gives them its theme's, a file of its own the
 * light ones. Errors (no memory) stick and are told when the chart is written. */
#ifndef AUS_CHART_H
#define AUS_CHART_H

#include "report/report.h"

typedef enum aus_ink {
  AUS_INK_TEXT, AUS_INK_FAINT, AUS_INK_LINE, AUS_INK_PANEL, AUS_INK_FOR, AUS_INK_AGAINST, AUS_INK_FOR_SOFT, AUS_INK_AGAINST_SOFT,
  AUS_INK_SHADE, AUS_INKS = AUS_INK_SHADE + 6 /* six shades from little to much; files have them, page.css does not */
} aus_ink;
enum { AUS_SHADES = AUS_INKS - AUS_INK_SHADE };

typedef enum aus_mark_kind { AUS_MARK_RECT, AUS_MARK_LINE, AUS_MARK_AREA, AUS_MARK_TEXT, AUS_MARK_IMAGE, AUS_MARK_DOT } aus_mark_kind;
typedef enum aus_anchor { AUS_ANCHOR_START, AUS_ANCHOR_MIDDLE, AUS_ANCHOR_END } aus_anchor;

typedef struct aus_mark {
  aus_mark_kind kind;
  aus_ink ink;
  aus_anchor anchor;
  bool bold;
  double x, y, w, h;   /* rect, image; line: to (x + w, y + h); text: at x, baseline y */
  double size, alpha;  /* line: width; text: size; dot: radius round x, y */
  char *text;          /* text; rect, dot: what a screen reader and a pointer are told, or NULL */
  double *xy;          /* area: [n][2] corners */
  uint8_t *rgba;       /* image: [rows][columns][4] */
  int32_t n, columns, rows;
} aus_mark;

typedef struct aus_chart {
  aus_ctx *ctx;
  double width, height;
  char *title, *about; /* a heading, and a sentence for those who cannot see it */
  aus_mark *mark;
  int32_t n, room;
  bool failed;
} aus_chart;

void aus_chart_begin(aus_chart *c, aus_ctx *ctx, double width, double height, const char *title);
void aus_chart_clear(aus_chart *c); /* no marks: nothing to show */
void aus_chart_free(aus_chart *c);
/* Takes over a sentence for those who cannot see the chart; NULL: there was no memory for it. */
void aus_chart_tell(aus_chart *c, char *about);

void aus_chart_rect(aus_chart *c, aus_ink ink, double x, double y, double w, double h, const char *told);
void aus_chart_tint(aus_chart *c, aus_ink ink, double alpha, double x, double y, double w, double h);
void aus_chart_line(aus_chart *c, aus_ink ink, double width, double x0, double y0, double x1, double y1);
/* A line that lets others through. */
void aus_chart_stroke(aus_chart *c, aus_ink ink, double alpha, double width, double x0, double y0, double x1, double y1);
void aus_chart_dot(aus_chart *c, aus_ink ink, double x, double y, double radius, const char *told);
void aus_chart_area(aus_chart *c, aus_ink ink, int32_t n, const double *xy);
void aus_chart_text(aus_chart *c, aus_ink ink, double size, aus_anchor anchor, double x, double y, const char *text);
void aus_chart_bold(aus_chart *c, double size, aus_anchor anchor, double x, double y, const char *text);
/* Text that does not fit into width is cut and ends with an ellipsis. */
void aus_chart_label(aus_chart *c, aus_ink ink, double size, aus_anchor anchor, double x, double y, double width, const char *text);
void aus_chart_number(aus_chart *c, aus_ink ink, double size, aus_anchor anchor, double x, double y, double value, int digits, bool sign);
void aus_chart_image(aus_chart *c, double x, double y, double w, double h, int32_t columns, int32_t rows, const uint8_t *rgba);

/* Owned by the caller (aus_free). In a page (alone false) inks are classes that the page's style colours. */
aus_status aus_chart_svg(const aus_chart *c, bool alone, char **text);
aus_status aus_chart_png(const aus_chart *c, double scale, uint8_t **png, size_t *size);

/* Frees the chart, after it has become a file: an SVG alone, or a PNG of two pixels a unit. *bytes NULL: no marks; else the caller's. */
aus_status aus_chart_finish(aus_chart *c, bool png, void **bytes, size_t *size);

/* How wide text of this size is, in the face that PNGs are written in; SVG's is about the same. */
double aus_text_width(const char *text, double size);
extern const uint8_t aus_ink_colour[AUS_INKS][3];

/* ---- the charts: each fills a chart begun by it, to be freed by the caller ------------------------ */

/* Bars from zero with intervals, strongest first. */
void aus_chart_weights(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target);
/* From f(nothing) by Shapley values to f(all). No marks when there are none. */
void aus_chart_waterfall(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target);
/* Pairs of components; no marks when they were not evaluated. */
void aus_chart_pairs(aus_chart *c, aus_ctx *ctx, const aus_explanation *e, int32_t target);
/* The model's spectrogram with the map over it, and the answer over time. No marks without a spectrogram. */
void aus_chart_seen(aus_chart *c, aus_ctx *ctx, const aus_report *r, int32_t target);

#endif
