/* bank.c - filterbanks applied: y[t][b] = sum_k fb[b][k] p[t][k], and the fused end of a log-mel.
 *
 * A row of a mel bank is zero but for a few bins, so rows are kept as ranges: for 128 bands of 513 bins
 * that is 1 000 products a frame instead of 65 000. Frames lie in lanes, so a weight is one broadcast for VW frames. */
#include "dsp/spec.h"

#include <string.h>

aus_status aus_bank_create(aus_ctx *ctx, int32_t bands, int32_t bins, const float *fb, aus_bank **out)
{
  *out = NULL;
  if (bands < 1 || bins < 1) return aus_fail(ctx, AUS_EINVAL, "filterbank of %d bands and %d bins", bands, bins);
  aus_bank *bank = AUS_NEW(ctx, aus_bank);
  if (!bank) return AUS_ENOMEM;
  bank->bins = bins;
  bank->range = aus_alloc(ctx, 2 * (size_t)bands, sizeof(int32_t));
  size_t total = 0;
  for (int32_t b = 0; bank->range && b < bands; b++) {
    const float *row = fb + (int64_t)b * bins;
    int32_t first = 0, end = bins;
    while (first < bins && row[first] == 0) first++;
    while (end > first && row[end - 1] == 0) end--;
    bank->range[b] = end > first ? first : 0;
    bank->range[bands + b] = end - first;
    total += (size_t)(end - first);
  }
  bank->w = bank->range ? aus_alloc(ctx, total + 1, sizeof(float)) : NULL;
  bank->worker_floats = (size_t)ctx->kernels->width * (3 * (size_t)bins + (size_t)bands);
  bank->scratch = bank->w ? aus_alloc(ctx, (size_t)ctx->threads * sizeof(float), bank->worker_floats) : NULL;
  if (!bank->scratch) {
    aus_bank_destroy(ctx, bank);
    return AUS_ENOMEM;
  }
  float *w = bank->w;
  for (int32_t b = 0; b < bands; b++)
    for (int32_t k = 0; k < bank->range[bands + b]; k++) *w++ = fb[(int64_t)b * bins + bank->range[b] + k];
  bank->rows = (struct aus_bank_rows){ bands, bank->range, bank->range + bands, bank->w };
  *out = bank;
  return AUS_OK;
}

void aus_bank_destroy(aus_ctx *ctx, aus_bank *bank)
{
  if (!bank) return;
  aus_free(ctx, bank->range);
  aus_free(ctx, bank->w);
  aus_free(ctx, bank->scratch);
  aus_free(ctx, bank);
}

void aus_bands_from_lanes(const aus_kernels *k, const aus_bank *bank, const aus_log_config *log, const float *p, float *m,
                          int lanes, float *y)
{
  const int64_t bands = bank->rows.bands;
  k->spec.bank(&bank->rows, p, m);
  if (log) aus_log_values(k, log, bands * k->width, m);
  k->spec.scatter(bands, m, k->width, 0, lanes, y, bands);
}

/* ---- from rows ------------------------------------------------------------------------------- */

struct rows {
  const aus_kernels *k;
  const aus_bank *bank;
  const aus_log_config *log;
  int64_t first, frames;
  const float *p; /* power rows; or the sum of spectra */
  const aus_spectrum *part;
  int32_t parts;
  int root;
  float *y;
};

/* out[r] = sum over parts of their row first + r, parts in order; rows no part covers are 0. */
static void sum_parts(const struct rows *t, int64_t first, int lanes, float *re, float *im)
{
  const int64_t bins = t->bank->bins;
  memset(re, 0, (size_t)(lanes * bins) * sizeof *re);
  memset(im, 0, (size_t)(lanes * bins) * sizeof *im);
  for (int32_t i = 0; i < t->parts; i++) {
    const aus_spectrum *s = &t->part[i];
    const int64_t from = first > s->first ? first : s->first;
    const int64_t end = first + lanes < s->first + s->frames ? first + lanes : s->first + s->frames;
    if (from >= end) continue;
    const int64_t to = (from - first) * bins, at = (from - s->first) * bins, n = (end - from) * bins;
    t->k->vec.add(n, re + to, s->re + at, re + to);
    t->k->vec.add(n, im + to, s->im + at, im + to);
  }
}

static void rows_group(const struct rows *t, int64_t group, float *scratch)
{
  const int64_t width = t->k->width, bins = t->bank->bins, at = group * width;
  const int lanes = t->frames - at < width ? (int)(t->frames - at) : (int)width;
  float *p = scratch, *m = p + bins * width, *re = m + t->bank->rows.bands * width, *im = re + bins * width;
  if (t->p) {
    t->k->spec.gather(bins, t->p + at * bins, bins, lanes, NULL, p, width);
  } else {
    sum_parts(t, t->first + at, lanes, re, im);
    t->k->spec.gather_power(bins, re, im, bins, lanes, t->root, p);
  }
  aus_bands_from_lanes(t->k, t->bank, t->log, p, m, lanes, t->y + at * t->bank->rows.bands);
}

static void rows_groups(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct rows *t = arg;
  for (int64_t g = begin; g < end; g++) rows_group(t, g, t->bank->scratch + (size_t)worker * t->bank->worker_floats);
}

static void run_rows(aus_ctx *ctx, struct rows *t)
{
  const int width = ctx->kernels->width;
  aus_parallel_for(ctx, (t->frames + width - 1) / width, width < 16 ? 16 / width : 1, rows_groups, t);
}

void aus_bank_apply(aus_ctx *ctx, const aus_bank *bank, int64_t frames, const float *p, float *y)
{
  struct rows t = { .k = ctx->kernels, .bank = bank, .frames = frames, .p = p, .y = y };
  run_rows(ctx, &t);
}

aus_status aus_mix_bands(aus_ctx *ctx, int32_t parts, const aus_spectrum *part, int64_t first, int64_t count, double power,
                         const aus_bank *bank, const aus_log_config *log, float *y)
{
  if (parts < 0 || first < 0 || count < 0) return aus_fail(ctx, AUS_EINVAL, "mix: a count is negative");
  if (power != 1 && power != 2) return aus_fail(ctx, AUS_EINVAL, "mix: the power %g must be 1 (magnitude) or 2", power);
  struct rows t = { .k = ctx->kernels, .bank = bank, .log = log, .first = first, .frames = count, .part = part, .parts = parts,
                    .root = power == 1, .y = y };
  run_rows(ctx, &t);
  if (log) aus_log_floor(ctx, log, count * bank->rows.bands, y);
  return AUS_OK;
}
