/* mixes.c - x(z) = off + sum of the parts that are on, as waveforms; rows that repeat.
 *
 * Models that only predict are given composed waveforms, each distinct row once. The
 * order of the sum is the order of the parts, so a row has the same bits wherever it comes
 * from; with every part on it is the input itself. */
#include "model/model.h"

#include <string.h>

enum { BATCH_BYTES = 1 << 26 }; /* composed waveforms held at a time */

/* ---- rows ------------------------------------------------------------------------------------ */

static uint64_t hash(int64_t n, const uint8_t *p) /* FNV-1a */
{
  uint64_t h = 14695981039346656037u;
  for (int64_t i = 0; i < n; i++) h = (h ^ p[i]) * 1099511628211u;
  return h ^ h >> 32;
}

aus_status aus_rows_distinct(aus_ctx *ctx, int64_t n, int64_t width, const uint8_t *keys, int64_t *which,
                             int64_t *first, int64_t *count)
{
  size_t slots = 16;
  while (slots < 2 * (size_t)n) slots *= 2;
  int64_t *table = aus_alloc(ctx, slots, sizeof *table); /* distinct index + 1, 0: free */
  if (!table) return AUS_ENOMEM;
  memset(table, 0, slots * sizeof *table);
  *count = 0;
  for (int64_t i = 0; i < n; i++) {
    const uint8_t *key = keys + i * width;
    size_t s = (size_t)hash(width, key) & (slots - 1);
    while (table[s] && memcmp(keys + first[table[s] - 1] * width, key, (size_t)width) != 0) s = (s + 1) & (slots - 1);
    if (!table[s]) {
      first[*count] = i;
      table[s] = ++*count;
    }
    which[i] = table[s] - 1;
  }
  aus_free(ctx, table);
  return AUS_OK;
}

/* ---- waveforms --------------------------------------------------------------------------------- */

bool aus_row_all_on(int32_t n_parts, const uint8_t *z)
{
  for (int32_t p = 0; p < n_parts; p++)
    if (!z[p]) return false;
  return true;
}

/* out[channels][count] += the piece of a part that lies in [from, from + count). */
static void add_part(const aus_part *part, int32_t channels, int64_t from, int64_t count, float *out)
{
  const int64_t a = part->begin > from ? part->begin : from, b = part->end < from + count ? part->end : from + count;
  for (int32_t c = 0; a < b && c < channels; c++) {
    const float *src = part->data + c * (part->end - part->begin) + (a - part->begin);
    float *dst = out + c * count + (a - from);
    for (int64_t t = 0; t < b - a; t++) dst[t] += src[t];
  }
}

void aus_part_extract(const aus_part *part, int32_t c, int64_t from, int64_t count, float *out)
{
  const int64_t a = part->begin > from ? part->begin : from, b = part->end < from + count ? part->end : from + count;
  memset(out, 0, (size_t)count * sizeof *out);
  if (b > a) memcpy(out + a - from, part->data + c * (part->end - part->begin) + a - part->begin, (size_t)(b - a) * sizeof *out);
}

void aus_mixes_compose(const aus_mixes *mixes, int32_t channels, const uint8_t *z, int64_t from, int64_t count, float *out)
{
  const bool all = aus_row_all_on(mixes->n_parts, z);
  const float *base = all ? mixes->whole : mixes->off;
  for (int32_t c = 0; c < channels; c++) {
    float *to = out + c * count;
    if (base) memcpy(to, base + c * mixes->samples + from, (size_t)count * sizeof *to);
    else memset(to, 0, (size_t)count * sizeof *to);
  }
  for (int32_t p = 0; !all && p < mixes->n_parts; p++)
    if (z[p]) add_part(mixes->part + p, channels, from, count, out);
}

/* ---- scoring ------------------------------------------------------------------------------------ */

/* Scores distinct rows first[0..count) into distinct[count][targets]. */
static aus_status score_distinct(aus_model *m, const aus_mixes *mixes, const uint8_t *z, int64_t count,
                                 const int64_t *first, float *distinct)
{
  const int64_t row = mixes->samples * m->info.channels;
  int64_t most = m->ops.max_batch ? m->ops.max_batch : 16;
  if (most > BATCH_BYTES / ((int64_t)sizeof(float) * row)) most = BATCH_BYTES / ((int64_t)sizeof(float) * row);
  if (most > count) most = count;
  if (most < 1) most = 1;
  float *x = aus_alloc(m->ctx, (size_t)most, (size_t)row * sizeof *x);
  if (!x) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  for (int64_t u = 0; status == AUS_OK && u < count; u += most) {
    const int64_t k = count - u < most ? count - u : most;
    for (int64_t i = 0; i < k; i++)
      aus_mixes_compose(mixes, m->info.channels, z + first[u + i] * mixes->n_parts, 0, mixes->samples, x + i * row);
    status = aus_model_predict(m, k, mixes->samples, x, distinct + u * m->info.n_targets);
    if (status == AUS_OK) status = aus_progress(m->ctx, "predicting", u + k, count);
  }
  aus_free(m->ctx, x);
  return status;
}

aus_status aus_mixes_by_waveform(aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z, float *scores)
{
  const size_t targets = (size_t)m->info.n_targets;
  int64_t *which = aus_alloc(m->ctx, (size_t)n, sizeof *which), *first = aus_alloc(m->ctx, (size_t)n, sizeof *first), count = 0;
  float *distinct = aus_alloc(m->ctx, (size_t)n, targets * sizeof *distinct);
  aus_status status = which && first && distinct ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_rows_distinct(m->ctx, n, mixes->n_parts, z, which, first, &count);
  if (status == AUS_OK) status = score_distinct(m, mixes, z, count, first, distinct);
  for (int64_t i = 0; status == AUS_OK && i < n; i++)
    memcpy(scores + (size_t)i * targets, distinct + (size_t)which[i] * targets, targets * sizeof *scores);
  aus_free(m->ctx, distinct);
  aus_free(m->ctx, first);
  aus_free(m->ctx, which);
  return status;
}
