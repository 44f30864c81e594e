/* init.c - where a factorisation starts: drawn, or from the singular vectors of V [Boutsidis08].
 *
 * V = sum sigma_j u_j v_j'. The first pair has no sign changes. Of each other pair the positive parts (u+, v+) or the negative ones
 * (u-, v-) are taken, whichever pair is larger in the product m of its norms:
 *   W_j = sqrt(sigma_j m) u_part / |u_part|,  H_j = sqrt(sigma_j m) v_part / |v_part|
 * nndsvd leaves zeros, which multiplicative updates never leave; nndsvda fills them with the mean of V. As
 * scikit-learn has it, for comparison. The singular vectors of the shorter side come from V V', so singular values below 3e-4 of the
 * first are not reliable; as a start they need not be. */
#include <math.h>
#include <string.h>

#include <auscult/nmf.h>

#include "core/core.h"
#include "la/la.h"

enum { COLUMNS = 1024 /* of V in one product */ };
static const float NOTHING = 1e-6f; /* scikit-learn's eps */

typedef struct job {
  aus_ctx *ctx;
  int64_t bins, frames, side;  /* side: the shorter of both */
  int32_t atoms;
  const float *v;
  double *gram, *value, *vector; /* [side][side], [side], [side][side] */
  float *product;                /* [side][side] */
  double *u, *t;                 /* [bins], [frames]: a pair */
} job;

static void add_product(job *j)
{
  for (int64_t i = 0; i < j->side * j->side; i++) j->gram[i] += (double)j->product[i];
}

/* gram = V V' or V' V, in blocks added in double. */
static aus_status correlate(job *j)
{
  const int64_t n = j->side, long_side = n == j->bins ? j->frames : j->bins;
  for (int64_t from = 0; from < long_side; from += COLUMNS) {
    const int64_t k = long_side - from < COLUMNS ? long_side - from : COLUMNS;
    const bool rows = n == j->bins;
    const float *block = rows ? j->v + from : j->v + from * j->frames;
    AUS_TRY(aus_sgemm(j->ctx, !rows, rows, n, n, k, 1, block, j->frames, block, j->frames, 0, j->product, n));
    add_product(j);
  }
  return AUS_OK;
}

/* The pair of singular vectors number i, of norm one. false: the rank of V is smaller. */
static bool pair(job *j, int32_t i)
{
  const bool rows = j->side == j->bins;
  const double sigma = sqrt(fmax(j->value[i], 0)), *known = j->vector + i * j->side;
  double *near = rows ? j->u : j->t, *far = rows ? j->t : j->u;
  if (!(sigma > 1e-7 * sqrt(fmax(j->value[0], 0)))) return false;
  memcpy(near, known, (size_t)j->side * sizeof *near);
  memset(far, 0, (size_t)(rows ? j->frames : j->bins) * sizeof *far);
  for (int64_t b = 0; b < j->bins; b++)
    for (int64_t t = 0; t < j->frames; t++) {
      const double v = (double)j->v[b * j->frames + t] / sigma;
      if (rows) j->t[t] += v * j->u[b]; else j->u[b] += v * j->t[t];
    }
  return true;
}

/* Norm of the part of x with this sign. */
static double part_norm(int64_t n, const double *x, double sign)
{
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += x[i] * sign > 0 ? x[i] * x[i] : 0;
  return sqrt(s);
}

static float part_of(double x, double sign, double scale)
{
  const double v = sign == 0 ? fabs(x) : fmax(x * sign, 0);
  const float y = (float)(v * scale);
  return y < NOTHING ? 0 : y;
}

static void write_pair(const job *j, int32_t k, double sign, double scale_u, double scale_t, float *w, float *h)
{
  for (int64_t b = 0; b < j->bins; b++) w[b * j->atoms + k] = part_of(j->u[b], sign, scale_u);
  for (int64_t t = 0; t < j->frames; t++) h[k * j->frames + t] = part_of(j->t[t], sign, scale_t);
}

static void start_atom(job *j, int32_t k, float *w, float *h)
{
  if (k >= j->side || !pair(j, k)) { /* beyond the rank: nothing to start from */
    memset(j->u, 0, (size_t)j->bins * sizeof *j->u);
    memset(j->t, 0, (size_t)j->frames * sizeof *j->t);
    write_pair(j, k, 0, 1, 1, w, h);
    return;
  }
  const double sigma = sqrt(j->value[k]);
  const double up = part_norm(j->bins, j->u, 1), un = part_norm(j->bins, j->u, -1), tp = part_norm(j->frames, j->t, 1), tn = part_norm(j->frames, j->t, -1);
  if (k == 0) write_pair(j, 0, 0, sqrt(sigma), sqrt(sigma), w, h);
  else if (up * tp > un * tn) write_pair(j, k, 1, sqrt(sigma * up * tp) / up, sqrt(sigma * up * tp) / tp, w, h);
  else write_pair(j, k, -1, sqrt(sigma * un * tn) / un, sqrt(sigma * un * tn) / tn, w, h);
}

static double mean_of(const job *j)
{
  double s = 0;
  for (int64_t i = 0; i < j->bins * j->frames; i++) s += (double)j->v[i];
  return s / (double)(j->bins * j->frames);
}

static void fill_zeros(int64_t n, float with, float *x)
{
  for (int64_t i = 0; i < n; i++) x[i] = x[i] == 0 ? with : x[i];
}

/* |N(0, 1)| sqrt(mean / K), scikit-learn's law; by our own numbers, so that threads and platforms agree. */
static void draw(const job *j, uint64_t seed, float *w, float *h)
{
  const double scale = sqrt(mean_of(j) / j->atoms);
  aus_rng rng;
  for (int64_t b = 0; b < j->bins; b++) {
    aus_rng_init(&rng, seed, (uint64_t)b);
    for (int32_t k = 0; k < j->atoms; k++) w[b * j->atoms + k] = (float)(scale * fabs(aus_rng_normal(&rng)));
  }
  for (int32_t k = 0; k < j->atoms; k++) {
    aus_rng_init(&rng, seed, ((uint64_t)1 << 40) + (uint64_t)k);
    for (int64_t t = 0; t < j->frames; t++) h[k * j->frames + t] = (float)(scale * fabs(aus_rng_normal(&rng)));
  }
}

static aus_status by_singular_vectors(job *j, float *w, float *h)
{
  const size_t n = (size_t)j->side;
  j->gram = aus_alloc_zero(j->ctx, 2 * n * n + n + (size_t)j->bins + (size_t)j->frames, sizeof *j->gram);
  j->product = aus_alloc(j->ctx, n * n, sizeof *j->product);
  if (!j->gram || !j->product) return AUS_ENOMEM;
  j->vector = j->gram + n * n;
  j->value = j->vector + n * n;
  j->u = j->value + n;
  j->t = j->u + j->bins;
  AUS_TRY(correlate(j));
  AUS_TRY(aus_eigen_symmetric(j->ctx, j->side, j->gram, j->value, j->vector));
  for (int32_t k = 0; k < j->atoms; k++) start_atom(j, k, w, h);
  return AUS_OK;
}

aus_status aus_nmf_start(aus_ctx *ctx, aus_nmf_init init, int32_t atoms, int64_t bins, int64_t frames, const float *v, uint64_t seed, float *w, float *h)
{
  if (atoms < 1 || bins < 1 || frames < 1) return aus_fail(ctx, AUS_EINVAL, "a start needs at least one bin, one frame and one atom");
  for (int64_t i = 0; i < bins * frames; i++)
    if (!(v[i] >= 0) || v[i] == INFINITY) return aus_fail(ctx, AUS_EINVAL, "NMF needs non-negative finite numbers; entry %lld is %g", (long long)i, (double)v[i]);
  job j = { .ctx = ctx, .bins = bins, .frames = frames, .side = bins < frames ? bins : frames, .atoms = atoms, .v = v };
  if (init == AUS_NMF_RANDOM) { draw(&j, seed, w, h); return AUS_OK; }
  const aus_status status = by_singular_vectors(&j, w, h);
  if (status == AUS_OK && init == AUS_NMF_NNDSVDA) {
    const float mean = (float)mean_of(&j);
    fill_zeros(bins * atoms, mean, w);
    fill_zeros(frames * atoms, mean, h);
  }
  aus_free(ctx, j.product);
  aus_free(ctx, j.gram);
  return status;
}
