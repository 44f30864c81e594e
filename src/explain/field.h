/* field.h - an input as a grid of cells, each of which can be faded between what it is and a baseline.
 *
 *     x(m) = baseline + m (input - baseline),   0 <= m <= 1 per cell,   x(1, ..., 1) = input
 *
 * What perturbation methods and faithfulness measures know of an input and a model: hide cells, ask for scores. The cells
 * are numbers of an array, samples, or components (tiles, segments); groups of cells are a field again. What a maker
 * fills must stay where it is: the field points to it. */
#ifndef AUS_FIELD_H
#define AUS_FIELD_H

#include <auscult/explain.h>

#include "core/core.h"

enum { AUS_FIELD_RANK = 6 };

typedef struct aus_field aus_field;
struct aus_field {
  aus_ctx *ctx;
  int32_t rank;
  int64_t dim[AUS_FIELD_RANK], cells;
  int32_t labels;            /* scores of one row */
  const uint8_t *constant;   /* [cells] 1: the input is the baseline there; NULL: nowhere */
  /* mask[n][cells] -> y[n][labels] */
  aus_status (*score)(aus_field *f, int64_t n, const float *mask, double *y);
  void *user;
  int64_t calls;             /* rows scored so far */
};

/* Scores n masks that make() writes one after another, as many at a time as fit in a few megabytes. phase: for the progress, NULL: silent. */
typedef void (*aus_mask_fn)(void *user, int64_t row, float *mask);
aus_status aus_field_ask(aus_field *f, const char *phase, int64_t n, aus_mask_fn make, void *user, double *y);
/* f(input) and f(baseline): y[labels] each; either may be NULL. */
aus_status aus_field_ends(aus_field *f, double *input, double *baseline);

/* ---- arrays -------------------------------------------------------------------------------- */

/* Scores of n arrays x[n][count] -> y[n][labels]. */
typedef aus_status (*aus_arrays_fn)(void *user, int64_t n, const float *x, double *y);

/* What stands where a cell is faded out. */
typedef enum aus_fill {
  AUS_FILL_BASELINE,
  AUS_FILL_INTERPOLATE /* the line between the nearest cells that are on, along the last axis; ends go on level. Masks of 0 and 1 */
} aus_fill;

typedef struct aus_field_array {
  aus_field field;
  const float *x, *baseline; /* [cells], borrowed */
  uint8_t *constant;
  aus_fill fill;
  aus_arrays_fn fn;
  void *fn_user;
} aus_field_array;

/* x and baseline are borrowed (baseline may be NULL: zeros). */
aus_status aus_field_array_make(aus_ctx *ctx, int32_t rank, const int64_t *dim, const float *x, const float *baseline, aus_fill fill,
                                int32_t labels, aus_arrays_fn fn, void *user, aus_field_array *out);
void aus_field_array_free(aus_field_array *f);
/* The input that a mask makes: y[cells]. */
void aus_field_array_compose(const aus_field_array *f, const float *mask, float *y);

/* Noise as loud as x around each place: mean and standard deviation of the `reach` neighbours on either side along the last
 * axis, Gaussian, keyed by (seed, index). y[cells]. */
void aus_local_noise(const aus_field_array *f, int64_t reach, uint64_t seed, float *y);

/* ---- components ---------------------------------------------------------------------------- */

typedef struct aus_field_components {
  aus_field field;
  aus_model *model;
  const aus_components *components; /* borrowed */
  const int32_t *target;            /* [labels], borrowed */
  bool logit;                       /* scores as log-odds, clamped at 1e-7 from 0 and 1 */
} aus_field_components;

/* dim: how the components lie (tiles: time, frequency); its product is their number. Owns nothing. */
aus_status aus_field_components_make(aus_ctx *ctx, aus_model *model, const aus_components *components, int32_t rank, const int64_t *dim,
                                     const int32_t *target, int32_t n_targets, aus_field_components *out);

/* ---- groups -------------------------------------------------------------------------------- */

typedef struct aus_field_groups {
  aus_field field;    /* a row of groups */
  aus_field *inner;
  const int32_t *group; /* [inner->cells], borrowed: 0 to n - 1 */
  uint8_t *constant;
} aus_field_groups;

/* Groups are switched as one. Every number from 0 to n - 1 must occur (AUS_EINVAL). */
aus_status aus_field_groups_make(aus_ctx *ctx, aus_field *inner, const int32_t *group, int32_t n, aus_field_groups *out);
void aus_field_groups_free(aus_field_groups *f);

#endif
