/* fit.c - sparse NMF by multiplicative updates [LeRoux15].
 *
 * One iteration reads V once. Frames are taken in panels; for each panel H is updated with the present W, and the two
 * sums N and P over frames that W's update needs are added up with the new H (panel.c). After the last panel W follows
 * (columns.c). So the updates are those of the published order, H then W, and W H and the ratio V / W H live in one
 * panel only. Panels belong to CHUNKS chunks, a function of the number of frames alone, each with its own N and P;
 * chunks are added in order, so threads do not change a bit.
 *
 * Cost: 8 bins frames atoms flop an iteration; Euclidean (4 bins + 4 atoms) frames atoms. */
#include "nmf/fit.h"

#include "la/la.h"

#include <math.h>

enum { PANEL = 128 };

void aus_nmf_defaults(aus_nmf_config *c)
{
  *c = (aus_nmf_config){ .beta = 2.0, .unit_norm = 1, .max_iterations = 200, .tolerance = 1e-5, .seed = 1 };
}

typedef void (*panel_fn)(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t p, bool first);

static void each_panel(aus_nmf_fitting *f, int64_t begin, int64_t end, panel_fn fn)
{
  const int64_t panels = aus_nmf_panels(f);
  for (int64_t j = begin; j < end; j++) {
    const int64_t from = panels * j / f->chunks;
    for (int64_t p = from; p < panels * (j + 1) / f->chunks; p++) fn(f, &f->chunk[j], p, p == from);
  }
}

static void update_chunks(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  each_panel(arg, begin, end, aus_nmf_panel_update);
}

static void measure_chunks(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  each_panel(arg, begin, end, aus_nmf_panel_measure);
}

/* Items: numbers of N, then of P, AT_ONCE together. */
enum { AT_ONCE = 4096 };

static void add_range(void *arg, int64_t begin, int64_t end, int worker)
{
  aus_nmf_fitting *f = arg;
  const int64_t n = f->bins * f->atoms, p = aus_nmf_p_count(f), items = (n + AT_ONCE - 1) / AT_ONCE;
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    const int64_t at = (item < items ? item : item - items) * AT_ONCE, all = item < items ? n : p, left = all - at < AT_ONCE ? all - at : AT_ONCE;
    float *sum = (item < items ? f->chunk[0].N : f->chunk[0].P) + at;
    for (int j = 1; j < f->chunks; j++)
      f->ctx->kernels->vec.add(left, sum, (item < items ? f->chunk[j].N : f->chunk[j].P) + at, sum);
  }
}

static void add_chunks(aus_nmf_fitting *f)
{
  const int64_t n = f->bins * f->atoms, p = aus_nmf_p_count(f);
  aus_parallel_for(f->ctx, (n + AT_ONCE - 1) / AT_ONCE + (p + AT_ONCE - 1) / AT_ONCE, 1, add_range, f);
}

/* The objective of the present (W, H). */
static double measured(aus_nmf_fitting *f)
{
  double sum = 0.0;
  aus_nmf_prepare_w(f);
  aus_parallel_for(f->ctx, f->chunks, 1, measure_chunks, f);
  for (int j = 0; j < f->chunks; j++) sum += f->chunk[j].divergence + f->chunk[j].penalty;
  return sum;
}

static aus_status iterate(aus_nmf_fitting *f, aus_nmf_result *r)
{
  double last = r->start;
  for (int32_t it = 0; it < f->config->max_iterations; it++) {
    AUS_TRY(aus_progress(f->ctx, "NMF iterations", it, f->config->max_iterations));
    if (f->learn_w || it == 0) aus_nmf_prepare_w(f);
    aus_parallel_for(f->ctx, f->chunks, 1, update_chunks, f);
    if (f->learn_w) { add_chunks(f); aus_nmf_update_w(f); }
    r->iterations = it + 1;
    if (f->config->tolerance <= 0 || r->iterations % 10) continue;
    const double now = measured(f);
    if (fabs(last - now) < f->config->tolerance * fabs(now)) { r->converged = 1; break; }
    last = now;
  }
  r->objective = measured(f);
  return aus_progress(f->ctx, "NMF iterations", r->iterations, r->iterations);
}

static aus_status check(aus_nmf_fitting *f, const aus_nmf_config *c)
{
  if (f->bins < 1 || f->frames < 1 || c->atoms < 1 || c->max_iterations < 0 || !(c->mu >= 0))
    return aus_fail(f->ctx, AUS_EINVAL, "NMF needs at least one bin, one frame and one atom, and a sparsity weight of 0 or more");
  float least = INFINITY, most = 0.0f;
  bool positive = true;
  for (int64_t i = 0; i < f->bins * f->frames; i++) {
    const float x = f->v[i];
    if (!(x >= 0.0f) || x == INFINITY) return aus_fail(f->ctx, AUS_EINVAL, "NMF needs non-negative finite numbers; entry %lld is %g", (long long)i, (double)x);
    positive = positive && x > 0.0f;
    if (x > 0.0f && x < least) least = x;
    if (x > most) most = x;
  }
  if (!(most > 0.0f)) return aus_fail(f->ctx, AUS_EINVAL, "NMF of silence: every entry is zero");
  f->floor = c->beta == 2.0 || positive ? 0.0f : least;
  if (c->frozen && !c->warm_w) return aus_fail(f->ctx, AUS_EINVAL, "frozen atoms need a dictionary to start from (warm_w)");
  return AUS_OK;
}

/* W and H uniform in (0, 1); columns of W to norm one, rows of H by the old norms [LeRoux15, code]. */
static void start(aus_nmf_fitting *f, float *h)
{
  const aus_nmf_config *c = f->config;
  aus_rng rng;
  for (int64_t i = 0; !c->warm_w && i < f->bins; i++) {
    aus_rng_init(&rng, c->seed, (uint64_t)i);
    for (int32_t k = 0; k < f->atoms; k++) f->w[i * f->atoms + k] = (float)(aus_rng_uniform(&rng) + 1e-7);
  }
  for (int32_t k = 0; !c->warm_h && k < f->atoms; k++) {
    aus_rng_init(&rng, c->seed, (uint64_t)(1u << 30) + (uint64_t)k);
    for (int64_t t = 0; t < f->frames; t++) h[k * f->frames + t] = (float)(aus_rng_uniform(&rng) + 1e-7);
  }
  for (int64_t k = 0; c->unit_norm && f->learn_w && k < f->atoms; k++) {
    double sum = 0.0;
    if (c->frozen && c->frozen[k]) continue;
    for (int64_t i = 0; i < f->bins; i++) sum += (double)f->w[i * f->atoms + k] * f->w[i * f->atoms + k];
    const float norm = (float)sqrt(sum);
    for (int64_t t = 0; norm > 0 && t < f->frames; t++) h[k * f->frames + t] *= norm;
  }
  if (c->unit_norm && f->learn_w) aus_nmf_normalise(f);
  aus_nmf_h_in(f, h);
}

static aus_status allocate(aus_nmf_fitting *f)
{
  aus_ctx *ctx = f->ctx;
  const struct aus_gemm_kernels *g = &ctx->kernels->gemm;
  const size_t F = (size_t)f->bins, K = (size_t)f->atoms;
  const size_t rows = aus_packed_plan(g, f->bins, f->atoms, &f->w_rows), columns = aus_packed_plan(g, f->atoms, f->bins, &f->w_columns);
  const size_t gram = aus_packed_plan(g, f->atoms, f->atoms, &f->gram), euclid = aus_nmf_euclidean(f) ? 1 : 0;
  f->w_rows.a = aus_alloc(ctx, rows, sizeof(float));
  f->w_columns.a = aus_alloc(ctx, columns, sizeof(float));
  f->gram.a = aus_alloc(ctx, euclid * gram + 1, sizeof(float));
  f->wtw = aus_alloc(ctx, euclid * K * K + 1, sizeof(float));
  f->wp = aus_alloc(ctx, euclid * F * K + 1, sizeof(float));
  f->scratch = aus_alloc(ctx, euclid * (aus_sgemm_scratch(ctx, f->atoms, f->atoms, f->bins) + aus_sgemm_scratch(ctx, f->bins, f->atoms, f->atoms)) + 1, 1);
  f->w_sum = aus_alloc(ctx, K, sizeof(float));
  f->mu = aus_alloc(ctx, K, sizeof(float));
  f->h = aus_alloc_zero(ctx, (size_t)aus_nmf_panels(f) * K, (size_t)f->ld * sizeof(float));
  if (!f->w_rows.a || !f->w_columns.a || !f->gram.a || !f->wtw || !f->wp || !f->scratch || !f->w_sum || !f->mu || !f->h) return AUS_ENOMEM;
  for (int j = 0; j < f->chunks; j++)
    if (!aus_nmf_chunk_alloc(f, &f->chunk[j])) return AUS_ENOMEM;
  for (size_t k = 0; k < K; k++) f->mu[k] = (float)(f->config->mu_atom ? f->config->mu_atom[k] : f->config->mu);
  return AUS_OK;
}

static void release(aus_nmf_fitting *f)
{
  void *const own[] = { f->w_rows.a, f->w_columns.a, f->gram.a, f->wtw, f->wp, f->scratch, f->w_sum, f->mu, f->h };
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) aus_free(f->ctx, own[i]);
  for (int j = 0; j < f->chunks; j++) aus_free(f->ctx, f->chunk[j].plane);
}

static aus_status run(aus_ctx *ctx, const aus_nmf_config *config, int64_t bins, int64_t frames, const float *v, float *w,
                      float *h, bool learn_w, aus_nmf_result *result)
{
  aus_nmf_fitting f = { .ctx = ctx, .config = config, .bins = bins, .frames = frames, .atoms = config->atoms, .v = v, .w = w, .learn_w = learn_w };
  aus_nmf_result r = {0};
  AUS_TRY(check(&f, config));
  f.panel = PANEL / ctx->kernels->gemm.nr * ctx->kernels->gemm.nr;
  f.ld = (f.panel + 15) / 16 * 16 + 16; /* an odd number of cache lines, so that rows do not share sets of L1 */
  const int64_t panels = aus_nmf_panels(&f);
  f.chunks = panels < AUS_NMF_CHUNKS ? (int)panels : AUS_NMF_CHUNKS;
  aus_status status = allocate(&f);
  if (status == AUS_OK) {
    start(&f, h);
    r.start = measured(&f);
    status = iterate(&f, &r);
    aus_nmf_h_out(&f, h);
  }
  release(&f);
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
