/* perturb_rise.c - RISE: random masks, weighted by what the model says under them [Petsiuk18].
 *
 * A mask is a coarse grid of coin tosses (on with probability p), enlarged bilinearly to a little more than the input and
 * cut out at a random place. With N masks M
 *
 *     value_i = 1 / (N p) sum f(x M) M_i              an estimate of E[f | cell i is on]
 *     centred: 1 / (N v_i) sum (f(x M) - mean f) (M_i - p),  v_i = Var(M_i): what cell i changes, signed
 *
 * E[M_i] = p at every cell, because interpolation and cutting are averages of tosses; v_i is measured. Every number is divided by N p: the
 * published batch code leaves that out, and its maps change with N. Leading axes (channels) share the mask of the last two. */
#include "attrib/perturb.h"

#include <math.h>
#include <string.h>

/* Along one axis: cell i lies between toss low[i] and low[i] + 1 of the grid, `part` of the way. */
typedef struct axis { int64_t length, grid; int32_t *low; float *part; } axis;

typedef struct masks {
  const aus_field *f;
  const perturb_rise_config *config;
  axis a[2];
  float *toss;
  int64_t plane;
} masks;

/* The grid enlarged to (g + 1) ceil(n / g) cells by bilinear interpolation of cell centres, cut out at `shift`. */
static void place(axis *a, int64_t shift, int64_t wide)
{
  for (int64_t i = 0; i < a->length; i++) {
    double at = ((double)(i + shift) + 0.5) * (double)a->grid / (double)wide - 0.5;
    at = fmin(fmax(at, 0), (double)(a->grid - 1));
    int64_t low = (int64_t)at;
    if (low > a->grid - 2) low = a->grid > 1 ? a->grid - 2 : 0;
    a->low[i] = (int32_t)low;
    a->part[i] = (float)(at - (double)low);
  }
}

static float between(float a, float b, float part) { return a + part * (b - a); }

static void make_mask(void *user, int64_t row, float *mask)
{
  masks *m = user;
  aus_rng rng;
  aus_rng_init(&rng, m->config->seed, (uint64_t)row);
  for (int d = 0; d < 2; d++) {
    axis *a = &m->a[d];
    const int64_t cell = (a->length + a->grid - 1) / a->grid;
    place(a, (int64_t)aus_rng_below(&rng, (uint64_t)cell), (a->grid + 1) * cell);
  }
  for (int64_t i = 0; i < m->a[0].grid * m->a[1].grid; i++) m->toss[i] = aus_rng_uniform(&rng) < m->config->p ? 1.0f : 0.0f;
  const int64_t g = m->a[1].grid, next = m->a[0].grid > 1 ? g : 0, right = g > 1;
  for (int64_t y = 0; y < m->a[0].length; y++)
    for (int64_t x = 0; x < m->a[1].length; x++) {
      const float *t = m->toss + m->a[0].low[y] * g + m->a[1].low[x];
      const float top = between(t[0], t[right], m->a[1].part[x]), bottom = between(t[next], t[next + right], m->a[1].part[x]);
      mask[y * m->a[1].length + x] = between(top, bottom, m->a[0].part[y]);
    }
  for (int64_t i = m->plane; i < m->f->cells; i += m->plane) memcpy(mask + i, mask, (size_t)m->plane * sizeof *mask);
}

static void masks_free(masks *m)
{
  aus_ctx *ctx = m->f->ctx;
  for (int d = 0; d < 2; d++) {
    aus_free(ctx, m->a[d].low);
    aus_free(ctx, m->a[d].part);
  }
  aus_free(ctx, m->toss);
}

static aus_status masks_make(const aus_field *f, const perturb_rise_config *config, masks *m)
{
  *m = (masks){ .f = f, .config = config };
  if (config->grid < 1 || config->grid > 1000000) return aus_fail(f->ctx, AUS_EINVAL, "a RISE grid of %lld cells; 7 is usual", (long long)config->grid);
  if (!(config->p > 0 && config->p < 1)) return aus_fail(f->ctx, AUS_EINVAL, "RISE's probability of staying must lie between 0 and 1, not %g", config->p);
  if (config->samples < 2) return aus_fail(f->ctx, AUS_EINVAL, "RISE needs at least 2 masks; 4000 are usual");
  for (int d = 0; d < 2; d++) {
    const int32_t at = f->rank - 2 + d;
    axis *a = &m->a[d];
    a->length = at < 0 ? 1 : f->dim[at];
    a->grid = config->grid < a->length ? config->grid : a->length;
    a->low = aus_alloc(f->ctx, (size_t)a->length, sizeof *a->low);
    a->part = aus_alloc(f->ctx, (size_t)a->length, sizeof *a->part);
    if (!a->low || !a->part) return AUS_ENOMEM;
  }
  m->plane = m->a[0].length * m->a[1].length;
  m->toss = aus_alloc(f->ctx, (size_t)(m->a[0].grid * m->a[1].grid), sizeof *m->toss);
  return m->toss ? AUS_OK : AUS_ENOMEM;
}

aus_status perturb_rise_mask(const aus_field *f, const perturb_rise_config *config, int64_t row, float *mask)
{
  masks m;
  const aus_status status = masks_make(f, config, &m);
  if (status == AUS_OK) make_mask(&m, row, mask);
  masks_free(&m);
  return status;
}

/* One pass over all masks: sums of f M (or of its centred form) and of squares, per label and cell. */
static void gather(masks *m, const double *y, const double *mean, float *mask, double *value, double *square, double *spread)
{
  const aus_field *f = m->f;
  const bool centred = m->config->centred;
  for (int64_t r = 0; r < m->config->samples; r++) {
    make_mask(m, r, mask);
    for (int32_t k = 0; k < f->labels; k++) {
      const double score = y[r * f->labels + k] - (centred ? mean[k] : 0);
      double *v = value + k * f->cells, *s = square ? square + k * f->cells : NULL;
      for (int64_t i = 0; i < f->cells; i++) {
        const double term = score * (centred ? mask[i] - m->config->p : (double)mask[i]);
        v[i] += term;
        if (s) s[i] += term * term;
      }
    }
    for (int64_t i = 0; centred && i < f->cells; i++) spread[i] += (mask[i] - m->config->p) * (mask[i] - m->config->p);
  }
}

/* Sums into estimates: divided by sum of M's expectation, or of its variance. */
static void finish(const masks *m, double *value, double *square, const double *spread)
{
  const aus_field *f = m->f;
  const double n = (double)m->config->samples;
  for (int64_t i = 0; i < f->labels * f->cells; i++) {
    const double unit = m->config->centred ? spread[i % f->cells] : n * m->config->p, mean = value[i] / n;
    if (square) square[i] = unit > 0 ? sqrt(fmax(square[i] / n - mean * mean, 0) * n) / unit : 0;
    value[i] = unit > 0 ? value[i] / unit : 0;
  }
}

aus_status perturb_rise(aus_field *f, const perturb_rise_config *config, double *value, double *se)
{
  masks m;
  aus_status status = masks_make(f, config, &m);
  double *y = aus_alloc(f->ctx, (size_t)config->samples, (size_t)f->labels * sizeof *y);
  double *mean = aus_alloc_zero(f->ctx, (size_t)f->labels + (size_t)f->cells, sizeof *mean);
  float *mask = aus_alloc(f->ctx, (size_t)f->cells, sizeof *mask);
  if (status == AUS_OK && (!y || !mean || !mask)) status = AUS_ENOMEM;
  if (status == AUS_OK) status = aus_field_ask(f, "masking", config->samples, make_mask, &m, y);
  if (status == AUS_OK) {
    for (int64_t i = 0; i < config->samples * f->labels; i++) mean[i % f->labels] += y[i] / (double)config->samples;
    memset(value, 0, (size_t)(f->labels * f->cells) * sizeof *value);
    if (se) memset(se, 0, (size_t)(f->labels * f->cells) * sizeof *se);
    gather(&m, y, mean, mask, value, se, mean + f->labels);
    finish(&m, value, se, mean + f->labels);
  }
  aus_free(f->ctx, mask);
  aus_free(f->ctx, mean);
  aus_free(f->ctx, y);
  masks_free(&m);
  return status;
}
