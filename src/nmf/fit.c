/* fit.c - sparse NMF by multiplicative updates [LeRoux15].
 *
 * One iteration reads V once. Frames are taken in panels of PANEL columns; for each panel, with
 * L = max(W H, eps), A = V L^(beta-2), B = L^(beta-1):
 *   1. H <- H * (W' A) / (W' B + mu)                     [LeRoux15, eq. H]
 *   2. L, A, B again with the new H
 *   3. N += A H',  P += B H'                              bins x atoms
 * and after the last panel
 *   4. W <- W * (N + W diag(s_P)) / (P + W diag(s_N)),   s_X[k] = sum_f X[f,k] W[f,k]
 *   5. columns of W to norm one
 * W H and the ratio live in one panel only. Panels belong to CHUNKS chunks, a function of the
 * number of frames alone, each with its own N and P; chunks are added in order, so threads do not
 * change a bit. Cost: 8 bins frames atoms flop an iteration.
 *
 * Euclidean needs no L: W'B = (W'W) H and P = W (H H'). */
#include <auscult/nmf.h>

#include "la/la.h"
#include "nmf/divergence.h"
#include "simd/kernels.h"

#include <math.h>
#include <string.h>

enum { PANEL = 128, CHUNKS = 8 };
static const float EPS = 1e-9f;

void aus_nmf_defaults(aus_nmf_config *c)
{
  *c = (aus_nmf_config){ .beta = 2.0, .unit_norm = 1, .max_iterations = 200, .tolerance = 1e-5, .seed = 1 };
}

/* Memory of one chunk, so that no two threads share any. */
struct chunk {
  float *v, *l, *b;      /* [bins][PANEL] */
  float *num, *den;      /* [atoms][PANEL] */
  float *h;              /* [atoms][PANEL] */
  float *N, *P;          /* [bins][atoms]; Euclidean: P is [atoms][atoms] = H H' */
  double divergence, penalty;
  void *gemm;
};

struct fit {
  aus_ctx *ctx;
  const aus_nmf_config *config;
  int64_t bins, frames;
  int32_t atoms;
  const float *v;
  float *w, *h;
  float *wtw;            /* [atoms][atoms], Euclidean */
  float *w_sum;          /* [atoms] column sums, Kullback-Leibler */
  float *mu;             /* [atoms] */
  float floor;           /* what zeros of V count as */
  bool learn_w;
  int chunks;
  struct chunk chunk[CHUNKS];
};

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

static void gemm(const struct fit *f, const struct chunk *c, bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                 const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *out, int64_t ldc)
{
  aus_sgemm_in(f->ctx, ta, tb, m, n, k, 1.0f, a, lda, b, ldb, beta, out, ldc, c->gemm);
}

static void load_panel(const struct fit *f, struct chunk *c, int64_t at, int64_t n)
{
  for (int64_t i = 0; i < f->bins; i++) {
    const float *src = f->v + i * f->frames + at;
    float *dst = c->v + i * n;
    for (int64_t t = 0; t < n; t++) dst[t] = src[t] > f->floor ? src[t] : f->floor;
  }
  for (int32_t k = 0; k < f->atoms; k++) memcpy(c->h + k * n, f->h + k * f->frames + at, (size_t)n * sizeof(float));
}

static void store_h(const struct fit *f, const struct chunk *c, int64_t at, int64_t n)
{
  for (int32_t k = 0; k < f->atoms; k++) memcpy(f->h + k * f->frames + at, c->h + k * n, (size_t)n * sizeof(float));
}

/* Step 1 on a panel of n frames. */
static void update_h(const struct fit *f, struct chunk *c, int64_t n)
{
  const int64_t F = f->bins, K = f->atoms;
  const struct aus_nmf_kernels *k = &f->ctx->kernels->nmf;
  if (f->config->beta == 2.0) {
    gemm(f, c, true, false, K, n, F, f->w, K, c->v, n, 0, c->num, n);
    gemm(f, c, false, false, K, n, K, f->wtw, K, c->h, n, 0, c->den, n);
    for (int64_t i = 0; i < K; i++) k->update(n, f->mu[i], EPS, c->num + i * n, c->den + i * n, c->h + i * n);
    return;
  }
  gemm(f, c, false, false, F, n, K, f->w, K, c->h, n, 0, c->l, n);
  const int kind = aus_beta_factors(f->ctx, f->config->beta, F * n, c->v, c->l, c->l, c->b);
  gemm(f, c, true, false, K, n, F, f->w, K, c->l, n, 0, c->num, n);
  if (kind == AUS_NMF_ARRAY) gemm(f, c, true, false, K, n, F, f->w, K, c->b, n, 0, c->den, n);
  for (int64_t i = 0; i < K; i++)
    if (kind == AUS_NMF_ONES) k->update_by(n, f->w_sum[i] + f->mu[i], EPS, c->num + i * n, c->h + i * n);
    else k->update(n, f->mu[i], EPS, c->num + i * n, c->den + i * n, c->h + i * n);
}

static void add_objective(const struct fit *f, struct chunk *c, int64_t n)
{
  c->divergence += aus_beta_divergence(f->config->beta, f->bins * n, c->v, c->l);
  for (int64_t i = 0; i < f->atoms; i++) {
    double sum = 0.0;
    for (int64_t t = 0; t < n; t++) sum += c->h[i * n + t];
    c->penalty += f->mu[i] * sum;
  }
}

/* Steps 2 and 3. */
static void gather_w(const struct fit *f, struct chunk *c, int64_t n)
{
  const int64_t F = f->bins, K = f->atoms;
  if (f->config->beta == 2.0) {
    gemm(f, c, false, true, F, K, n, c->v, n, c->h, n, 1, c->N, K);
    gemm(f, c, false, true, K, K, n, c->h, n, c->h, n, 1, c->P, K);
    return;
  }
  gemm(f, c, false, false, F, n, K, f->w, K, c->h, n, 0, c->l, n);
  const int kind = aus_beta_factors(f->ctx, f->config->beta, F * n, c->v, c->l, c->l, c->b);
  gemm(f, c, false, true, F, K, n, c->l, n, c->h, n, 1, c->N, K);
  if (kind == AUS_NMF_ARRAY) { gemm(f, c, false, true, F, K, n, c->b, n, c->h, n, 1, c->P, K); return; }
  for (int64_t i = 0; i < K; i++) { /* Kullback-Leibler: every row of P is the row sums of H */
    float sum = 0.0f;
    for (int64_t t = 0; t < n; t++) sum += c->h[i * n + t];
    c->P[i] += sum;
  }
}

/* Elements of P: [bins][atoms], [atoms][atoms] or [atoms]. */
static int64_t p_count(const struct fit *f)
{
  return f->config->beta == 2.0 ? (int64_t)f->atoms * f->atoms : f->config->beta == 1.0 ? f->atoms : f->bins * f->atoms;
}

static void run_chunks(void *arg, int64_t begin, int64_t end, int worker)
{
  struct fit *f = arg;
  (void)worker;
  for (int64_t j = begin; j < end; j++) {
    struct chunk *c = &f->chunk[j];
    c->divergence = c->penalty = 0.0;
    if (f->learn_w) {
      memset(c->N, 0, (size_t)(f->bins * f->atoms) * sizeof(float));
      memset(c->P, 0, (size_t)p_count(f) * sizeof(float));
    }
    const int64_t panels = (f->frames + PANEL - 1) / PANEL;
    for (int64_t p = panels * j / f->chunks; p < panels * (j + 1) / f->chunks; p++) {
      const int64_t at = p * PANEL, n = f->frames - at < PANEL ? f->frames - at : PANEL;
      load_panel(f, c, at, n);
      update_h(f, c, n);
      if (f->learn_w) gather_w(f, c, n);
      store_h(f, c, at, n);
    }
  }
}

/* What the H step needs of W. */
static void prepare_w(struct fit *f)
{
  const int64_t F = f->bins, K = f->atoms;
  if (f->config->beta == 2.0) gemm(f, &f->chunk[0], true, false, K, K, F, f->w, K, f->w, K, 0, f->wtw, K);
  for (int64_t k = 0; k < K; k++) f->w_sum[k] = 0.0f;
  for (int64_t i = 0; i < F; i++)
    for (int64_t k = 0; k < K; k++) f->w_sum[k] += f->w[i * K + k];
}

static void add_chunks(struct fit *f)
{
  for (int j = 1; j < f->chunks; j++) {
    f->ctx->kernels->vec.add(f->bins * f->atoms, f->chunk[0].N, f->chunk[j].N, f->chunk[0].N);
    f->ctx->kernels->vec.add(p_count(f), f->chunk[0].P, f->chunk[j].P, f->chunk[0].P);
  }
}

/* P[i][k] in whichever form this divergence keeps it; wp = W (H H') for Euclidean. */
static float p_at(const struct fit *f, const float *wp, int64_t i, int64_t k)
{
  const struct chunk *c = &f->chunk[0];
  return f->config->beta == 2.0 ? wp[i * f->atoms + k] : f->config->beta == 1.0 ? c->P[k] : c->P[i * f->atoms + k];
}

/* Step 5. */
static void normalise_columns(struct fit *f)
{
  for (int64_t k = 0; k < f->atoms; k++) {
    if (f->config->frozen && f->config->frozen[k]) continue;
    double sum = 0.0;
    for (int64_t i = 0; i < f->bins; i++) sum += (double)f->w[i * f->atoms + k] * f->w[i * f->atoms + k];
    const double norm = sqrt(sum);
    if (!(norm > 0.0)) continue;
    for (int64_t i = 0; i < f->bins; i++) f->w[i * f->atoms + k] = (float)(f->w[i * f->atoms + k] / norm);
  }
}

/* Step 4; with free columns (plain objective) the two correction terms are left out. */
static void update_w(struct fit *f, float *wp)
{
  const int64_t F = f->bins, K = f->atoms;
  struct chunk *c = &f->chunk[0];
  if (f->config->beta == 2.0) gemm(f, c, false, false, F, K, K, f->w, K, c->P, K, 0, wp, K);
  for (int64_t k = 0; k < K; k++) {
    if (f->config->frozen && f->config->frozen[k]) continue;
    double sN = 0.0, sP = 0.0;
    for (int64_t i = 0; i < F && f->config->unit_norm; i++) {
      sN += (double)c->N[i * K + k] * f->w[i * K + k];
      sP += (double)p_at(f, wp, i, k) * f->w[i * K + k];
    }
    for (int64_t i = 0; i < F; i++) {
      const double w = f->w[i * K + k], num = c->N[i * K + k] + w * sP, den = p_at(f, wp, i, k) + w * sN;
      const double next = w * num / (den > 1e-9 ? den : 1e-9);
      f->w[i * K + k] = next > 1e-30 ? (float)next : 1e-30f;
    }
  }
  if (f->config->unit_norm) normalise_columns(f);
}

static double objective_of(const struct fit *f)
{
  double sum = 0.0;
  for (int j = 0; j < f->chunks; j++) sum += f->chunk[j].divergence + f->chunk[j].penalty;
  return sum;
}

/* The objective of the present (W, H) without an update. */
static void measure(void *arg, int64_t begin, int64_t end, int worker)
{
  struct fit *f = arg;
  (void)worker;
  for (int64_t j = begin; j < end; j++) {
    struct chunk *c = &f->chunk[j];
    const int64_t panels = (f->frames + PANEL - 1) / PANEL;
    c->divergence = c->penalty = 0.0;
    for (int64_t p = panels * j / f->chunks; p < panels * (j + 1) / f->chunks; p++) {
      const int64_t at = p * PANEL, n = f->frames - at < PANEL ? f->frames - at : PANEL;
      load_panel(f, c, at, n);
      gemm(f, c, false, false, f->bins, n, f->atoms, f->w, f->atoms, c->h, n, 0, c->l, n);
      add_objective(f, c, n);
    }
  }
}

static double measured(struct fit *f)
{
  aus_parallel_for(f->ctx, f->chunks, 1, measure, f);
  return objective_of(f);
}

static aus_status iterate(struct fit *f, float *wp, aus_nmf_result *r)
{
  double last = r->start;
  for (int32_t it = 0; it < f->config->max_iterations; it++) {
    AUS_TRY(aus_progress(f->ctx, "NMF iterations", it, f->config->max_iterations));
    prepare_w(f);
    aus_parallel_for(f->ctx, f->chunks, 1, run_chunks, f);
    if (f->learn_w) { add_chunks(f); update_w(f, wp); }
    r->iterations = it + 1;
    if (f->config->tolerance <= 0 || r->iterations % 10) continue;
    const double now = measured(f);
    if (fabs(last - now) < f->config->tolerance * fabs(now)) { r->converged = 1; break; }
    last = now;
  }
  r->objective = measured(f);
  return aus_progress(f->ctx, "NMF iterations", r->iterations, r->iterations);
}

static aus_status check(struct fit *f, const aus_nmf_config *c)
{
  if (f->bins < 1 || f->frames < 1 || c->atoms < 1 || c->max_iterations < 0 || !(c->mu >= 0))
    return aus_fail(f->ctx, AUS_EINVAL, "NMF needs at least one bin, one frame and one atom, and a sparsity weight of 0 or more");
  float least = INFINITY, most = 0.0f;
  for (int64_t i = 0; i < f->bins * f->frames; i++) {
    const float x = f->v[i];
    if (!(x >= 0.0f) || x == INFINITY) return aus_fail(f->ctx, AUS_EINVAL, "NMF needs non-negative finite numbers; entry %lld is %g", (long long)i, (double)x);
    if (x > 0.0f && x < least) least = x;
    if (x > most) most = x;
  }
  if (!(most > 0.0f)) return aus_fail(f->ctx, AUS_EINVAL, "NMF of silence: every entry is zero");
  f->floor = c->beta == 2.0 ? 0.0f : least;
  if (c->frozen && !c->warm_w) return aus_fail(f->ctx, AUS_EINVAL, "frozen atoms need a dictionary to start from (warm_w)");
  return AUS_OK;
}

/* W and H uniform in (0, 1); columns of W to norm one, rows of H by the old norms [LeRoux15, code]. */
static void start(struct fit *f)
{
  const aus_nmf_config *c = f->config;
  aus_rng rng;
  for (int64_t i = 0; !c->warm_w && i < f->bins; i++) {
    aus_rng_init(&rng, c->seed, (uint64_t)i);
    for (int32_t k = 0; k < f->atoms; k++) f->w[i * f->atoms + k] = (float)(aus_rng_uniform(&rng) + 1e-7);
  }
  for (int32_t k = 0; !c->warm_h && k < f->atoms; k++) {
    aus_rng_init(&rng, c->seed, (uint64_t)(1u << 30) + (uint64_t)k);
    for (int64_t t = 0; t < f->frames; t++) f->h[k * f->frames + t] = (float)(aus_rng_uniform(&rng) + 1e-7);
  }
  for (int64_t k = 0; c->unit_norm && f->learn_w && k < f->atoms; k++) {
    double sum = 0.0;
    if (c->frozen && c->frozen[k]) continue;
    for (int64_t i = 0; i < f->bins; i++) sum += (double)f->w[i * f->atoms + k] * f->w[i * f->atoms + k];
    const float norm = (float)sqrt(sum);
    for (int64_t t = 0; norm > 0 && t < f->frames; t++) f->h[k * f->frames + t] *= norm;
  }
  if (c->unit_norm && f->learn_w) normalise_columns(f);
}

static aus_status allocate(struct fit *f, float **wp)
{
  aus_ctx *ctx = f->ctx;
  const int64_t F = f->bins, K = f->atoms;
  const size_t plane = (size_t)F * PANEL, side = (size_t)K * PANEL, dict = (size_t)F * (size_t)K, square = (size_t)K * (size_t)K;
  const int64_t side_max = max64(PANEL, max64(F, K));
  const size_t scratch = aus_sgemm_scratch(ctx, side_max, max64(PANEL, K), side_max);
  const size_t p = (size_t)p_count(f);
  f->wtw = aus_alloc(ctx, square, sizeof(float));
  f->w_sum = aus_alloc(ctx, (size_t)K, sizeof(float));
  f->mu = aus_alloc(ctx, (size_t)K, sizeof(float));
  *wp = aus_alloc(ctx, dict, sizeof(float));
  if (!f->wtw || !f->w_sum || !f->mu || !*wp) return AUS_ENOMEM;
  for (int j = 0; j < f->chunks; j++) {
    struct chunk *c = &f->chunk[j];
    float *block = aus_alloc(ctx, 3 * plane + 3 * side + dict + p, sizeof(float));
    c->gemm = aus_alloc(ctx, scratch + 1, 1);
    c->v = block;
    if (!block || !c->gemm) return AUS_ENOMEM;
    c->l = block + plane; c->b = c->l + plane;
    c->num = c->b + plane; c->den = c->num + side; c->h = c->den + side;
    c->N = c->h + side; c->P = c->N + dict;
  }
  for (int64_t k = 0; k < K; k++) f->mu[k] = (float)(f->config->mu_atom ? f->config->mu_atom[k] : f->config->mu);
  return AUS_OK;
}

static void release(struct fit *f, float *wp)
{
  for (int j = 0; j < f->chunks; j++) { aus_free(f->ctx, f->chunk[j].v); aus_free(f->ctx, f->chunk[j].gemm); }
  aus_free(f->ctx, f->wtw); aus_free(f->ctx, f->w_sum); aus_free(f->ctx, f->mu); aus_free(f->ctx, wp);
}

static aus_status run(aus_ctx *ctx, const aus_nmf_config *config, int64_t bins, int64_t frames, const float *v, float *w,
                      float *h, bool learn_w, aus_nmf_result *result)
{
  struct fit f = { .ctx = ctx, .config = config, .bins = bins, .frames = frames, .atoms = config->atoms, .v = v, .w = w, .h = h, .learn_w = learn_w };
  aus_nmf_result r = {0};
  float *wp = NULL;
  AUS_TRY(check(&f, config));
  const int64_t panels = (frames + PANEL - 1) / PANEL;
  f.chunks = panels < CHUNKS ? (int)panels : CHUNKS;
  aus_status status = allocate(&f, &wp);
  if (status == AUS_OK) {
    start(&f);
    r.start = measured(&f);
    status = iterate(&f, wp, &r);
  }
  release(&f, wp);
  if (result && status == AUS_OK) *result = r;
  return status;
}

aus_status aus_nmf_fit(aus_ctx *ctx, const aus_nmf_config *config, int64_t bins, int64_t frames, const float *v, float *w,
                       float *h, aus_nmf_result *result)
{
  return run(ctx, config, bins, frames, v, w, h, true, result);
}

aus_status aus_nmf_project(aus_ctx *ctx, const aus_nmf_config *config, int64_t bins, int64_t frames, const float *v,
                           const float *w, float *h, aus_nmf_result *result)
{
  aus_nmf_config fixed = *config;
  fixed.warm_w = 1;
  return run(ctx, &fixed, bins, frames, v, (float *)w, h, false, result); /* learn_w false: w is only read */
}
