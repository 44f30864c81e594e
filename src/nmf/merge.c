/* merge.c - atoms that point the same way become one.
 *
 * Two atoms with cosine above the limit share their credit arbitrarily (the released L2I dictionary
 * has 21 such pairs), so an explanation made of them is arbitrary too. Atoms are joined
 * single-link in order of index; a joined column is the mean weighted by ||h_k||, at the norm it had. */
#include <auscult/nmf.h>

#include "core/core.h"

#include <math.h>
#include <string.h>

static double dot_columns(int64_t bins, int32_t atoms, const float *w, int32_t a, int32_t b)
{
  double sum = 0.0;
  for (int64_t i = 0; i < bins; i++) sum += (double)w[i * atoms + a] * w[i * atoms + b];
  return sum;
}

/* group[k]: the smallest index its cluster holds. */
static void cluster(double cosine, int64_t bins, int32_t atoms, const float *w, const double *norm, int32_t *group)
{
  for (int32_t k = 0; k < atoms; k++) group[k] = k;
  for (int32_t a = 0; a < atoms; a++)
    for (int32_t b = a + 1; b < atoms; b++) {
      if (group[a] == group[b] || dot_columns(bins, atoms, w, a, b) <= cosine * norm[a] * norm[b]) continue;
      const int32_t low = group[a] < group[b] ? group[a] : group[b], high = group[a] < group[b] ? group[b] : group[a];
      for (int32_t k = 0; k < atoms; k++)
        if (group[k] == high) group[k] = low;
    }
}

/* Cluster labels to 0, 1, 2 ... in order of first index; returns how many. */
static int32_t renumber(int32_t atoms, int32_t *group, int32_t *place)
{
  int32_t n = 0;
  for (int32_t k = 0; k < atoms; k++) place[k] = group[k] == k ? n++ : -1;
  for (int32_t k = 0; k < atoms; k++) group[k] = place[group[k]];
  return n;
}

static void merge_h(int64_t frames, int32_t atoms, const int32_t *group, double *energy, float *h)
{
  for (int32_t k = 0; k < atoms; k++) { /* group[k] <= k, so no row is overwritten before it is read */
    float *row = h + k * frames, *to = h + group[k] * frames;
    bool first = true;
    energy[k] = 0.0;
    for (int64_t t = 0; t < frames; t++) energy[k] += (double)row[t] * row[t];
    energy[k] = sqrt(energy[k]);
    for (int32_t j = 0; j < k; j++) first = first && group[j] != group[k];
    for (int64_t t = 0; t < frames && row != to; t++) to[t] = first ? row[t] : to[t] + row[t];
  }
}

static void merge_w(int64_t bins, int32_t atoms, int32_t n, const int32_t *group, const double *energy, const double *norm,
                    double *column, float *w)
{
  for (int32_t g = 0; g < n; g++) {
    double weight = 0.0, size = 0.0, sum = 0.0;
    memset(column, 0, (size_t)bins * sizeof *column);
    for (int32_t k = 0; k < atoms; k++) {
      if (group[k] != g) continue;
      const double e = energy[k] + 1e-30; /* silent atoms still have a direction */
      for (int64_t i = 0; i < bins; i++) column[i] += e * w[i * atoms + k];
      weight += e; size += e * norm[k];
    }
    for (int64_t i = 0; i < bins; i++) sum += column[i] * column[i];
    const double scale = sum > 0.0 ? size / weight / sqrt(sum) : 0.0;
    for (int64_t i = 0; i < bins; i++) w[i * atoms + g] = (float)(column[i] * scale); /* g <= every k of the group */
  }
}

aus_status aus_nmf_merge(aus_ctx *ctx, double cosine, int64_t bins, int64_t frames, int32_t *atoms, float *w, float *h, int32_t *group)
{
  const int32_t K = *atoms;
  if (bins < 1 || frames < 1 || K < 1 || !(cosine > 0.0 && cosine <= 1.0))
    return aus_fail(ctx, AUS_EINVAL, "merging atoms needs a cosine in (0, 1] and at least one bin, frame and atom");
  double *norm = aus_alloc(ctx, (size_t)K, sizeof *norm), *energy = aus_alloc(ctx, (size_t)K, sizeof *energy);
  double *column = aus_alloc(ctx, (size_t)bins, sizeof *column);
  int32_t *place = aus_alloc(ctx, (size_t)K, sizeof *place);
  if (norm && energy && column && place) {
    for (int32_t k = 0; k < K; k++) norm[k] = sqrt(dot_columns(bins, K, w, k, k));
    cluster(cosine, bins, K, w, norm, group);
    const int32_t n = renumber(K, group, place);
    merge_h(frames, K, group, energy, h);
    merge_w(bins, K, n, group, energy, norm, column, w);
    for (int64_t i = 0; i < bins; i++) memmove(w + i * n, w + i * K, (size_t)n * sizeof *w);
    *atoms = n;
  }
  const bool ok = norm && energy && column && place;
  aus_free(ctx, norm); aus_free(ctx, energy); aus_free(ctx, column); aus_free(ctx, place);
  return ok ? AUS_OK : AUS_ENOMEM;
}
