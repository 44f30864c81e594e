/* chart_maps.h - charts of what is not one weight per part: attention, shares of several answers over time, notes, components with
 * their activations. For explainers to come as for those that are there; each fills a chart (chart.h) to be freed by the caller. */
#ifndef AUS_CHART_MAPS_H
#define AUS_CHART_MAPS_H

#include "report/chart.h"

/* One axis of a heat map: names of the cells, or numbers from..to with a unit. */
typedef struct aus_heat_axis { const char *const *name; double from, to; const char *what; } aus_heat_axis;

/* panels of [rows][columns] on one scale: heads of an attention layer, methods, layers. Row 0 is on top unless up is set. Colours: orange
 * for positive, blue for negative values, the stronger the larger; with no negative value the scale begins at 0. */
typedef struct aus_heat {
  int32_t panels, rows, columns;
  const float *value;            /* [panels][rows][columns]; NaN: left empty */
  const char *const *panel;      /* [panels] names, or NULL */
  aus_heat_axis row, column;
  double most;                   /* value of the full colour; 0: the largest |value| */
  bool up;
} aus_heat;
void aus_chart_heat(aus_chart *c, aus_ctx *ctx, const aus_heat *h, const char *title);

/* Rows of signed shares over time on one common scale: an answer's, a tag's or a component's. Up (orange) is for, down (blue) against.
 * weight: one number per row, drawn as a bar before it (the relevance of a component), or NULL. */
typedef struct aus_strips {
  int32_t n, columns;
  const float *value;            /* [n][columns] */
  const char *const *name;       /* [n] */
  const double *weight;          /* [n] or NULL */
  double seconds;
  double most;                   /* 0: the largest |value| */
  const char *unit;              /* of a value, may be NULL */
} aus_strips;
void aus_chart_strips(aus_chart *c, aus_ctx *ctx, const aus_strips *s, const char *title);

/* Notes on a piano roll. value: velocity in 0..1, or, where relevance is set, a signed share. */
typedef struct aus_roll_note { double t0, t1; int32_t pitch; double value; } aus_roll_note;
typedef struct aus_roll { int32_t n; const aus_roll_note *note; double seconds; bool relevance; } aus_roll;
void aus_chart_roll(aus_chart *c, aus_ctx *ctx, const aus_roll *r, const char *title);

#endif
