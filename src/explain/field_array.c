/* field_array.c - fields over plain arrays: baselines, local noise, interpolation.
 *
 * Replacing numbers by zero takes information away and puts something unlikely in; noise of the same local loudness, or a straight line between
 * neighbours, stays nearer to what the model knows [Rong22]. Comparing the three tells the two effects apart. */
#include "explain/field.h"

#include <math.h>
#include <string.h>

/* One line of `n` cells: cells with mask below 0.5 become the line between their nearest neighbours that are on. */
static void interpolate(int64_t n, const float *x, const float *mask, float *y)
{
  int64_t before = -1;
  for (int64_t i = 0; i < n; i++) {
    y[i] = x[i];
    if (mask[i] >= 0.5f) { before = i; continue; }
    int64_t after = i;
    while (after < n && mask[after] < 0.5f) after++;
    for (int64_t k = i; k < after; k++) {
      if (before < 0 && after == n) y[k] = 0; /* nothing left to go by */
      else if (before < 0) y[k] = x[after];
      else if (after == n) y[k] = x[before];
      else y[k] = x[before] + (x[after] - x[before]) * (float)(k - before) / (float)(after - before);
    }
    i = after - 1;
  }
}

void aus_field_array_compose(const aus_field_array *f, const float *mask, float *y)
{
  const int64_t cells = f->field.cells, line = f->field.rank ? f->field.dim[f->field.rank - 1] : 1;
  if (f->fill == AUS_FILL_INTERPOLATE) {
    for (int64_t i = 0; i < cells; i += line) interpolate(line, f->x + i, mask + i, y + i);
    return;
  }
  for (int64_t i = 0; i < cells; i++) {
    const float b = f->baseline ? f->baseline[i] : 0.0f;
    y[i] = mask[i] == 1.0f ? f->x[i] : mask[i] == 0.0f ? b : b + mask[i] * (f->x[i] - b); /* on is the input's own bits */
  }
}

static aus_status score_arrays(aus_field *field, int64_t n, const float *mask, double *y)
{
  const aus_field_array *f = field->user;
  float *x = aus_alloc(field->ctx, (size_t)n, (size_t)field->cells * sizeof *x);
  if (!x) return AUS_ENOMEM;
  for (int64_t r = 0; r < n; r++) aus_field_array_compose(f, mask + r * field->cells, x + r * field->cells);
  const aus_status status = f->fn(f->fn_user, n, x, y);
  aus_free(field->ctx, x);
  return status;
}

aus_status aus_field_array_make(aus_ctx *ctx, int32_t rank, const int64_t *dim, const float *x, const float *baseline, aus_fill fill,
                                int32_t labels, aus_arrays_fn fn, void *user, aus_field_array *out)
{
  memset(out, 0, sizeof *out);
  if (rank < 0 || rank > AUS_FIELD_RANK) return aus_fail(ctx, AUS_EINVAL, "a grid of %d axes; %d at most", rank, AUS_FIELD_RANK);
  aus_field_array f = { .x = x, .baseline = baseline, .fill = fill, .fn = fn, .fn_user = user };
  f.field = (aus_field){ .ctx = ctx, .rank = rank, .cells = 1, .labels = labels, .score = score_arrays };
  for (int32_t d = 0; d < rank; d++) f.field.cells *= f.field.dim[d] = dim[d];
  if (f.field.cells < 1) return aus_fail(ctx, AUS_EINVAL, "there is nothing in the input to take away");
  f.constant = aus_alloc(ctx, (size_t)f.field.cells, 1);
  if (!f.constant) return AUS_ENOMEM;
  for (int64_t i = 0; i < f.field.cells; i++) f.constant[i] = fill == AUS_FILL_BASELINE && x[i] == (baseline ? baseline[i] : 0.0f);
  f.field.constant = f.constant;
  *out = f;
  out->field.user = out;
  return AUS_OK;
}

void aus_field_array_free(aus_field_array *f)
{
  if (f->field.ctx) aus_free(f->field.ctx, f->constant);
  memset(f, 0, sizeof *f);
}

void aus_local_noise(const aus_field_array *f, int64_t reach, uint64_t seed, float *y)
{
  const int64_t line = f->field.rank ? f->field.dim[f->field.rank - 1] : 1;
  for (int64_t start = 0; start < f->field.cells; start += line)
    for (int64_t i = 0; i < line; i++) {
      const int64_t a = i - reach < 0 ? 0 : i - reach, b = i + reach + 1 > line ? line : i + reach + 1;
      double mean = 0, square = 0;
      for (int64_t k = a; k < b; k++) mean += f->x[start + k] / (double)(b - a);
      for (int64_t k = a; k < b; k++) square += (f->x[start + k] - mean) * (f->x[start + k] - mean) / (double)(b - a);
      aus_rng rng;
      aus_rng_init(&rng, seed, (uint64_t)(start + i));
      y[start + i] = (float)(mean + sqrt(square) * aus_rng_normal(&rng));
    }
}
