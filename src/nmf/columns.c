/* columns.c - the dictionary's side of an update [LeRoux15].
 *
 *   W <- W * (N + W diag(s_P)) / (P + W diag(s_N)),   s_X[k] = sum_f X[f,k] W[f,k]
 * then columns to norm one; with free columns (plain objective) the two correction terms are left out.
 * Columns are independent, so tasks take STRIP of them and walk down the bins. */
#include "nmf/fit.h"

#include "la/la.h"

#include <math.h>
#include <string.h>

static const float EPS = 1e-9f;

enum { STRIP = 16 };

/* The columns of one task: from .. from + n. */
typedef struct strip { int64_t from, n; float sN[STRIP], sP[STRIP]; double sum[2][STRIP]; bool frozen; } strip;

static bool frozen(const aus_nmf_fitting *f, int64_t k) { return f->config->frozen && f->config->frozen[k]; }

static strip strip_of(const aus_nmf_fitting *f, int64_t item)
{
  strip s = { .from = item * STRIP };
  s.n = f->atoms - s.from < STRIP ? f->atoms - s.from : STRIP;
  for (int64_t k = 0; k < s.n; k++) s.frozen = s.frozen || frozen(f, s.from + k);
  return s;
}

static int64_t strips(const aus_nmf_fitting *f) { return (f->atoms + STRIP - 1) / STRIP; }

/* Row i of P, in whichever form this divergence keeps it. */
static const float *p_row(const aus_nmf_fitting *f, int64_t i)
{
  const float *P = f->chunk[0].P;
  return aus_nmf_euclidean(f) ? f->wp + i * f->atoms : aus_nmf_kullback(f) ? P : P + i * f->atoms;
}

static void correlate(const aus_nmf_fitting *f, strip *s)
{
  for (int64_t i = 0; i < f->bins; i++) {
    const float *N = f->chunk[0].N + i * f->atoms + s->from, *P = p_row(f, i) + s->from, *w = f->w + i * f->atoms + s->from;
    for (int64_t k = 0; k < s->n; k++) {
      s->sum[0][k] += (double)N[k] * w[k];
      s->sum[1][k] += (double)P[k] * w[k];
    }
  }
  for (int64_t k = 0; k < s->n; k++) s->sN[k] = (float)s->sum[0][k], s->sP[k] = (float)s->sum[1][k];
}

/* Where every column learns, in place; otherwise those that do are put back beside the others. */
static void step(const aus_nmf_fitting *f, const strip *s)
{
  const aus_kernels *k = f->ctx->kernels;
  float num[STRIP], den[STRIP], kept[STRIP];
  for (int64_t i = 0; i < f->bins; i++) {
    float *w = f->w + i * f->atoms + s->from;
    memcpy(kept, w, (size_t)s->n * sizeof *w);
    k->vec.fma(s->n, w, s->sP, f->chunk[0].N + i * f->atoms + s->from, num);
    k->vec.fma(s->n, w, s->sN, p_row(f, i) + s->from, den);
    k->nmf.update(s->n, 0.0f, EPS, num, den, w);
    for (int64_t j = 0; s->frozen && j < s->n; j++)
      if (frozen(f, s->from + j)) w[j] = kept[j];
  }
}

static void to_norm_one(const aus_nmf_fitting *f, const strip *s)
{
  double square[STRIP] = { 0 };
  for (int64_t i = 0; i < f->bins; i++)
    for (int64_t k = 0; k < s->n; k++) square[k] += (double)f->w[i * f->atoms + s->from + k] * f->w[i * f->atoms + s->from + k];
  for (int64_t k = 0; k < s->n; k++) square[k] = !frozen(f, s->from + k) && square[k] > 0.0 ? 1.0 / sqrt(square[k]) : 1.0;
  for (int64_t i = 0; i < f->bins; i++)
    for (int64_t k = 0; k < s->n; k++) f->w[i * f->atoms + s->from + k] = (float)(f->w[i * f->atoms + s->from + k] * square[k]);
}

static void update_strips(void *arg, int64_t begin, int64_t end, int worker)
{
  aus_nmf_fitting *f = arg;
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    strip s = strip_of(f, item);
    if (f->config->unit_norm) correlate(f, &s);
    step(f, &s);
    if (f->config->unit_norm) to_norm_one(f, &s);
  }
}

static void normalise_strips(void *arg, int64_t begin, int64_t end, int worker)
{
  aus_nmf_fitting *f = arg;
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    const strip s = strip_of(f, item);
    to_norm_one(f, &s);
  }
}

void aus_nmf_normalise(aus_nmf_fitting *f) { aus_parallel_for(f->ctx, strips(f), 1, normalise_strips, f); }

/* P = W (H H'), H H' known down to its diagonal. */
static void complete_p(aus_nmf_fitting *f)
{
  const int64_t F = f->bins, K = f->atoms;
  float *gram = f->chunk[0].P;
  for (int64_t i = 1; i < K; i++)
    for (int64_t j = 0; j < i; j++) gram[i * K + j] = gram[j * K + i];
  aus_sgemm_in(f->ctx, false, false, F, K, K, 1.0f, f->w, K, gram, K, 0.0f, f->wp, K, f->scratch);
}

void aus_nmf_update_w(aus_nmf_fitting *f)
{
  if (aus_nmf_euclidean(f)) complete_p(f);
  aus_parallel_for(f->ctx, strips(f), 1, update_strips, f);
}

/* Items: panels of W, then panels of W'. */
static void pack_panels(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_nmf_fitting *f = arg;
  const struct aus_gemm_kernels *g = &f->ctx->kernels->gemm;
  const int64_t rows = aus_packed_panels(&f->w_rows);
  (void)worker;
  if (begin < rows) aus_packed_fill(g, false, f->w, f->atoms, begin, end < rows ? end : rows, &f->w_rows);
  if (end > rows) aus_packed_fill(g, true, f->w, f->atoms, begin > rows ? begin - rows : 0, end - rows, &f->w_columns);
}

void aus_nmf_prepare_w(aus_nmf_fitting *f)
{
  const int64_t F = f->bins, K = f->atoms;
  aus_parallel_for(f->ctx, aus_packed_panels(&f->w_rows) + aus_packed_panels(&f->w_columns), 4, pack_panels, f);
  if (aus_nmf_euclidean(f)) {
    aus_sgemm_in(f->ctx, true, false, K, K, F, 1.0f, f->w, K, f->w, K, 0.0f, f->wtw, K, f->scratch);
    aus_packed_fill(&f->ctx->kernels->gemm, false, f->wtw, K, 0, aus_packed_panels(&f->gram), &f->gram);
  } else if (aus_nmf_kullback(f)) {
    for (int64_t k = 0; k < K; k++) f->w_sum[k] = 0.0f;
    for (int64_t i = 0; i < F; i++) f->ctx->kernels->vec.add(K, f->w_sum, f->w + i * K, f->w_sum);
  }
}
