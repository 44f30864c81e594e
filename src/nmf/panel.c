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
  float *block = aus_alloc_zero(f->ctx, plane * (two ? 2 : 1) + ld + 2 * side + turned + dict + p, sizeof(float));
  if (!block) return NULL;
  c->plane = block;
  c->power = two ? c->plane + plane : NULL;
  c->row = c->plane + (two ? 2 * plane : plane);
  c->num = c->row + ld;
  c->den = c->num + side;
  c->ht = c->den + side;
  c->P = c->ht + turned;
  c->N = c->P + p;
  return block;
}

static float *h_of(const aus_nmf_fitting *f, int64_t p) { return f->h + p * f->atoms * f->ld; }

static int64_t frames_of(const aus_nmf_fitting *f, int64_t p) { return f->frames - p * f->panel < f->panel ? f->frames - p * f->panel : f->panel; }

void aus_nmf_h_in(const aus_nmf_fitting *f, const float *h)
{
  for (int64_t p = 0; p < aus_nmf_panels(f); p++)
    for (int32_t k = 0; k < f->atoms; k++) memcpy(h_of(f, p) + k * f->ld, h + k * f->frames + p * f->panel, (size_t)frames_of(f, p) * sizeof *h);
}

void aus_nmf_h_out(const aus_nmf_fitting *f, float *h)
{
  for (int64_t p = 0; p < aus_nmf_panels(f); p++)
    for (int32_t k = 0; k < f->atoms; k++) memcpy(h + k * f->frames + p * f->panel, h_of(f, p) + k * f->ld, (size_t)frames_of(f, p) * sizeof *h);
}

/* Row i of the panel's V, its zeros raised. */
static const float *v_row(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t i, int64_t p)
{
  const float *v = f->v + i * f->frames + p * f->panel;
  if (f->floor == 0.0f) return v;
  f->ctx->kernels->vec.max_s(frames_of(f, p), v, f->floor, c->row);
  return c->row;
}

static void load_v(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t p)
{
  const size_t bytes = (size_t)frames_of(f, p) * sizeof(float);
  for (int64_t i = 0; i < f->bins; i++) memcpy(c->plane + i * f->ld, f->v + i * f->frames + p * f->panel, bytes);
}

/* Rows [begin, end) of panels of plane = W H, and where they start: */
static int64_t reconstruct(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t begin, int64_t end, int64_t p)
{
  const int64_t at = p * f->panel, n = frames_of(f, p);
  const int64_t row = begin * f->w_rows.h, most = f->bins - f->atoms, near = row < most ? row : most;
  const float *v = near >= 0 ? f->v + near * f->frames + at : NULL; /* these rows of V are wanted next */
  aus_packed_times(tiles(f), &f->w_rows, begin, end, round_up(n, tiles(f)->nr), h_of(f, p), f->ld, n == f->panel ? v : NULL, f->frames, c->plane, f->ld);
  return row;
}

/* A and B of the panel, as many rows at a time as stay near; true: B is 1 everywhere. */
static bool factors(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t p)
{
  int kind = AUS_NMF_ONES;
  const int64_t panels = aus_packed_panels(&f->w_rows), together = f->atoms > f->w_rows.h ? f->atoms / f->w_rows.h : 1;
  for (int64_t begin = 0; begin < panels; begin += together) {
    const int64_t end = begin + together < panels ? begin + together : panels, to = end * f->w_rows.h < f->bins ? end * f->w_rows.h : f->bins;
    for (int64_t i = reconstruct(f, c, begin, end, p); i < to; i++) {
      float *l = c->plane + i * f->ld;
      kind = aus_beta_factors(f->ctx, f->config->beta, frames_of(f, p), v_row(f, c, i, p), l, l, c->power ? c->power + i * f->ld : NULL);
    }
  }
  return kind == AUS_NMF_ONES;
}

static void times(const aus_nmf_fitting *f, const aus_packed *a, int64_t n, const float *b, const float *ahead, float *c)
{
  aus_packed_times(tiles(f), a, 0, aus_packed_panels(a), round_up(n, tiles(f)->nr), b, f->ld, ahead, f->frames, c, f->ld);
}

/* Step 1. */
static void update_h(const aus_nmf_fitting *f, const aus_nmf_chunk *c, int64_t p)
{
  const struct aus_nmf_kernels *k = &f->ctx->kernels->nmf;
  const int64_t n = frames_of(f, p), ld = f->ld;
  const bool euclid = aus_nmf_euclidean(f), more = euclid && (p + 2) * f->panel <= f->frames;
  float *h = h_of(f, p);
  bool ones = false;
  if (euclid) load_v(f, c, p);
  else ones = factors(f, c, p);
  times(f, &f->w_columns, n, c->plane, more ? f->v + (p + 1) * f->panel : NULL, c->num);
  if (euclid) times(f, &f->gram, n, h, NULL, c->den);
  else if (!ones) times(f, &f->w_columns, n, c->power, NULL, c->den);
  for (int64_t i = 0; i < f->atoms; i++)
    if (ones) k->update_by(n, f->w_sum[i] + f->mu[i], EPS, c->num + i * ld, h + i * ld);
    else k->update(n, f->mu[i], EPS, c->num + i * ld, c->den + i * ld, h + i * ld);
}

/* P += H H', the columns of one tile at a time, down to the diagonal; columns.c completes it. */
static void gather_gram(const aus_nmf_fitting *f, const aus_nmf_chunk *c, const float *h, int64_t n, bool first)
{
  const int64_t K = f->atoms, nr = tiles(f)->nr;
  for (int64_t j = 0; j < K; j += nr) {
    const int64_t to = j + nr < K ? j + nr : K;
    aus_rows_times(tiles(f), to, to - j, n, h, f->ld, c->ht + j * n, !first, c->P + j, K);
  }
}

/* Steps 2 and 3. */
static void gather_w(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t p, bool first)
{
  const int64_t F = f->bins, K = f->atoms, n = frames_of(f, p), ld = f->ld;
  const bool euclid = aus_nmf_euclidean(f), ones = euclid || factors(f, c, p);
  const float *h = h_of(f, p);
  tiles(f)->pack_b(1, K, n, h, ld, c->ht);
  aus_rows_times(tiles(f), F, K, n, c->plane, ld, c->ht, !first, c->N, K);
  if (euclid) gather_gram(f, c, h, n, first);
  else if (!ones) aus_rows_times(tiles(f), F, K, n, c->power, ld, c->ht, !first, c->P, K);
  else
    for (int64_t i = 0; i < K; i++) c->P[i] = (first ? 0.0f : c->P[i]) + (float)f->ctx->kernels->vec.sum(n, h + i * ld);
}

void aus_nmf_panel_update(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t p, bool first)
{
  update_h(f, c, p);
  if (f->learn_w) gather_w(f, c, p, first);
}

void aus_nmf_panel_measure(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t p, bool first)
{
  const int64_t n = frames_of(f, p);
  if (first) c->divergence = c->penalty = 0.0;
  reconstruct(f, c, 0, aus_packed_panels(&f->w_rows), p);
  for (int64_t i = 0; i < f->bins; i++) c->divergence += aus_beta_divergence(f->ctx, f->config->beta, n, v_row(f, c, i, p), c->plane + i * f->ld);
  for (int64_t k = 0; k < f->atoms; k++) c->penalty += f->mu[k] * f->ctx->kernels->vec.sum(n, h_of(f, p) + k * f->ld);
}
