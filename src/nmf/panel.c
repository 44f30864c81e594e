/* panel.c - one panel of frames through both halves of an update [LeRoux15].
 *
 * With L = max(W H, eps), A = V L^(beta-2), B = L^(beta-1) of the panel's frames:
 *   1. H <- H * (W' A) / (W' B + mu)
 *   2. L, A, B again with the new H
 *   3. N += A H',  P += B H'
 * Euclidean needs no L: W'B = (W'W) H, and P = W (H H') is made from H H' when all frames are seen.
 * Kullback-Leibler has B = 1: W'B and P are sums of columns and rows.
 *
 * A panel is as wide as lets its plane [bins][panel] and both packings of W share an L2 cache. The next
 * panel of V is fetched from memory while the long products run. */
#include "nmf/fit.h"

#include "nmf/divergence.h"

#include <string.h>

static const float EPS = 1e-9f;

static const struct aus_gemm_kernels *tiles(const aus_nmf_fitting *f) { return &f->ctx->kernels->gemm; }

static int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

int64_t aus_nmf_p_count(const aus_nmf_fitting *f)
{
  return aus_nmf_euclidean(f) ? (int64_t)f->atoms * f->atoms : aus_nmf_kullback(f) ? f->atoms : f->bins * f->atoms;
}

float *aus_nmf_chunk_alloc(const aus_nmf_fitting *f, aus_nmf_chunk *c)
{
  const bool two = !aus_nmf_euclidean(f) && !aus_nmf_kullback(f);
  const size_t plane = (size_t)(f->bins * f->ld), side = (size_t)(f->atoms * f->ld), ld = (size_t)f->ld;
  const size_t turned = (size_t)(round_up(f->atoms, tiles(f)->nr) * f->panel), dict = (size_t)(f->bins * f->atoms);
  const size_t p = (size_t)round_up(aus_nmf_p_count(f), 16);
  float *block = aus_alloc_zero(f->ctx, plane * (two ? 2 : 1) + ld + 3 * side + turned + dict + p, sizeof(float));
  if (!block) return NULL;
  c->plane = block;
  c->power = two ? c->plane + plane : NULL;
  c->row = c->plane + (two ? 2 * plane : plane);
  c->num = c->row + ld;
  c->den = c->num + side;
  c->h = c->den + side;
  c->ht = c->h + side;
  c->P = c->ht + turned;
  c->N = c->P + p;
  return block;
}

/* n numbers of row i of V from frame `at` on, their zeros raised. */
static const float *v_row(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t i, int64_t at, int64_t n)
{
  const float *v = f->v + i * f->frames + at;
  if (f->floor == 0.0f) return v;
  f->ctx->kernels->vec.max_s(n, v, f->floor, c->row);
  return c->row;
}

/* The panel's H; what is beyond n is zero. */
static void load_h(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t at, int64_t n)
{
  for (int32_t k = 0; k < f->atoms; k++) {
    memcpy(c->h + k * f->ld, f->h + k * f->frames + at, (size_t)n * sizeof(float));
    memset(c->h + k * f->ld + n, 0, (size_t)(f->panel - n) * sizeof(float));
  }
}

static void store_h(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t at, int64_t n)
{
  for (int32_t k = 0; k < f->atoms; k++) memcpy(f->h + k * f->frames + at, c->h + k * f->ld, (size_t)n * sizeof(float));
}

static void load_v(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t at, int64_t n)
{
  for (int64_t i = 0; i < f->bins; i++) memcpy(c->plane + i * f->ld, f->v + i * f->frames + at, (size_t)n * sizeof(float));
}

/* plane = W H */
static void reconstruct(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t n)
{
  aus_packed_times(tiles(f), &f->w_rows, round_up(n, tiles(f)->nr), c->h, f->ld, NULL, 0, c->plane, f->ld);
}

/* A and B of the panel; true: B is 1 everywhere. */
static bool factors(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t at, int64_t n)
{
  int kind = AUS_NMF_ONES;
  reconstruct(f, c, n);
  for (int64_t i = 0; i < f->bins; i++) {
    float *l = c->plane + i * f->ld;
    kind = aus_beta_factors(f->ctx, f->config->beta, n, v_row(f, c, i, at, n), l, l, c->power ? c->power + i * f->ld : NULL);
  }
  return kind == AUS_NMF_ONES;
}

/* Where the panel after [at, at + n) lies in V, to be fetched: NULL when there is none. */
static const float *next_panel(const aus_nmf_fitting *f, int64_t at, int64_t n)
{
  return at + n + f->panel <= f->frames ? f->v + at + n : NULL;
}

/* Step 1. */
static void update_h(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t at, int64_t n)
{
  const struct aus_nmf_kernels *k = &f->ctx->kernels->nmf;
  const int64_t ld = f->ld, wide = round_up(n, tiles(f)->nr);
  const float *next = next_panel(f, at, n);
  bool ones = false;
  if (aus_nmf_euclidean(f)) load_v(f, c, at, n);
  else ones = factors(f, c, at, n);
  aus_packed_times(tiles(f), &f->w_columns, wide, c->plane, ld, next, f->frames, c->num, ld);
  if (aus_nmf_euclidean(f)) aus_packed_times(tiles(f), &f->gram, wide, c->h, ld, NULL, 0, c->den, ld);
  else if (!ones) aus_packed_times(tiles(f), &f->w_columns, wide, c->power, ld, NULL, 0, c->den, ld);
  for (int64_t i = 0; i < f->atoms; i++)
    if (ones) k->update_by(n, f->w_sum[i] + f->mu[i], EPS, c->num + i * ld, c->h + i * ld);
    else k->update(n, f->mu[i], EPS, c->num + i * ld, c->den + i * ld, c->h + i * ld);
}

/* Steps 2 and 3. */
static void gather_w(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t at, int64_t n, bool first)
{
  const int64_t F = f->bins, K = f->atoms, ld = f->ld;
  const bool ones = aus_nmf_euclidean(f) || factors(f, c, at, n);
  tiles(f)->pack_b(1, K, n, c->h, ld, c->ht);
  aus_rows_times(tiles(f), F, K, n, c->plane, ld, c->ht, !first, c->N, K);
  if (aus_nmf_euclidean(f)) aus_rows_times(tiles(f), K, K, n, c->h, ld, c->ht, !first, c->P, K);
  else if (!ones) aus_rows_times(tiles(f), F, K, n, c->power, ld, c->ht, !first, c->P, K);
  else
    for (int64_t i = 0; i < K; i++) c->P[i] = (first ? 0.0f : c->P[i]) + (float)f->ctx->kernels->vec.sum(n, c->h + i * ld);
}

void aus_nmf_panel_update(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t at, int64_t n, bool first)
{
  load_h(f, c, at, n);
  update_h(f, c, at, n);
  if (f->learn_w) gather_w(f, c, at, n, first);
  store_h(f, c, at, n);
}

void aus_nmf_panel_measure(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t at, int64_t n, bool first)
{
  if (first) c->divergence = c->penalty = 0.0;
  load_h(f, c, at, n);
  reconstruct(f, c, n);
  for (int64_t i = 0; i < f->bins; i++) c->divergence += aus_beta_divergence(f->config->beta, n, v_row(f, c, i, at, n), c->plane + i * f->ld);
  for (int64_t k = 0; k < f->atoms; k++) c->penalty += f->mu[k] * f->ctx->kernels->vec.sum(n, c->h + k * f->ld);
}
