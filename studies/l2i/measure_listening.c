/* measure_listening.c - is there a better mask, from the same atoms, than their share of W H?
 *
 * For mixtures of two known sources (overlap.tsv), the same selection as in measure_overlap (five atoms, r > 0.35) heard in several ways; a_k = w_k h_k:
 *
 *   linear       sum_kept a / sum a                          what `auscult l2i explain` does
 *   parity       the authors' program
 *   wiener       sum_kept a^2 / sum a^2                      shares of power
 *   sharp        m^2 / (m^2 + (1 - m)^2), m linear           between kept and rest
 *   expm1        e^p - 1 over (e^p - 1) + (e^r - 1), p and r the sums of kept and rest: back from the logarithm before the share
 *   relevance    sum max(r_k, 0) a / sum a                   all atoms, by how much each matters, instead of five
 *   theta        sum t_k a / sum a, t_k = max(theta_ck, 0) / sum_c' max(theta_c'k, 0): how much an atom is this class's own
 *   best         sum b_k a / sum a, b in [0, 1] nearest to the ideal ratio mask, weighted by energy: no way of choosing atoms can do better with these activations
 *   ideal        the ideal ratio mask
 *
 * All of them add up to the input with their rest, but for parity. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study.h"

enum { LINEAR, PARITY, WIENER, SHARP, EXPM1, RELEVANCE, THETA, BEST, IDEAL, WAYS };
static const char *const way_name[WAYS] = { "linear", "parity", "wiener", "sharp", "expm1", "relevance", "theta", "best", "ideal" };

typedef struct ways {
  study *s;
  mixed *m;
  aus_interpreter *it;
  const aus_reading *r;
  const double *relevance;
  uint8_t keep[STUDY_ATOMS];
  float weight[STUDY_ATOMS];
  float *mask, *ideal, *a;   /* [frames][bins], [frames][bins], [atoms] */
} ways;

/* Weights of atoms in [0, 1] that bring the mask nearest to the ideal one: multiplicative steps of non-negative least squares, every third frame. */
static aus_status nearest(ways *w)
{
  const aus_reading *r = w->r;
  const int32_t n = r->atoms;
  const float *dictionary = aus_interpreter_describe(w->it)->dictionary;
  double *gram = aus_alloc_zero(w->s->ctx, (size_t)n * (size_t)n, sizeof *gram), *wanted = aus_alloc_zero(w->s->ctx, (size_t)n, sizeof *wanted);
  if (!gram || !wanted) { aus_free(w->s->ctx, gram); aus_free(w->s->ctx, wanted); return AUS_ENOMEM; }
  for (int64_t t = 0; t < r->frames; t += 6)
    for (int32_t b = t % 12 ? 1 : 0; b < r->bins; b += 2) {
      const int64_t at = t * r->bins + b;
      const double made = (double)r->made[at] + 1e-9, e = (double)w->m->i->h.energy[at] / (made * made);
      for (int32_t k = 0; k < n; k++) w->a[k] = dictionary[(int64_t)b * n + k] * r->h[k * r->frames + t];
      for (int32_t k = 0; k < n; k++) {
        if (!(w->a[k] > 0)) continue;
        const double v = e * (double)w->a[k];
        wanted[k] += v * (double)w->ideal[at] * made;
        for (int32_t l = 0; l < n; l++) gram[k * n + l] += v * (double)w->a[l];
      }
    }
  for (int32_t k = 0; k < n; k++) w->weight[k] = 0.5f;
  for (int step = 0; step < 300; step++)
    for (int32_t k = 0; k < n; k++) {
      double sum = 1e-30;
      for (int32_t l = 0; l < n; l++) sum += gram[k * n + l] * (double)w->weight[l];
      w->weight[k] = (float)fmin(1, (double)w->weight[k] * wanted[k] / sum);
    }
  aus_free(w->s->ctx, gram);
  aus_free(w->s->ctx, wanted);
  return AUS_OK;
}

static void weigh(ways *w, int way)
{
  const aus_interpreter_info *info = aus_interpreter_describe(w->it);
  for (int32_t k = 0; k < info->atoms; k++) {
    double all = 0;
    for (int32_t c = 0; c < info->targets; c++) all += fmax(0, (double)info->theta[(int64_t)c * info->atoms + k]);
    const double own = fmax(0, (double)info->theta[(int64_t)w->m->class * info->atoms + k]);
    w->weight[k] = way == RELEVANCE ? (float)fmax(0, w->relevance[k]) : way == THETA ? (float)(all > 0 ? own / all : 0) : w->keep[k];
  }
}

static void make_mask(ways *w, int way)
{
  const aus_reading *r = w->r;
  const float *dictionary = aus_interpreter_describe(w->it)->dictionary;
  for (int64_t t = 0; t < r->frames; t++)
    for (int32_t b = 0; b < r->bins; b++) {
      double kept = 0, all = 1e-12;
      for (int32_t k = 0; k < r->atoms; k++) {
        const double a = (double)dictionary[(int64_t)b * r->atoms + k] * (double)r->h[k * r->frames + t], v = way == WIENER ? a * a : a;
        kept += (double)w->weight[k] * v;
        all += v;
      }
      const double m = kept / all, p = expm1(kept), q = expm1(all - kept);
      w->mask[t * r->bins + b] = (float)(way == SHARP ? m * m / (m * m + (1 - m) * (1 - m)) : way == EXPM1 ? p / (p + q + 1e-12) : m);
    }
}

static aus_status hear_way(ways *w, int way, float *y, float *rest)
{
  if (way == PARITY) {
    AUS_TRY(aus_l2i_listen(w->it, w->r, w->keep, AUS_LISTEN_PARITY, y));
    return aus_l2i_without(w->it, w->r, w->keep, AUS_LISTEN_PARITY, rest);
  }
  if (way == BEST) AUS_TRY(nearest(w));
  else weigh(w, way);
  if (way != IDEAL) make_mask(w, way);
  AUS_TRY(judge_part(&w->s->j, &w->m->i->h, way == IDEAL ? w->ideal : w->mask, y));
  for (int64_t t = 0; t < w->s->j.samples; t++) rest[t] = w->m->i->h.x[t] - y[t];
  return AUS_OK;
}

static aus_status all_ways(ways *w, const char *who, float *y, float *rest)
{
  aus_l2i_select(w->r->atoms, w->relevance, 0.35, 5, w->keep);
  for (int way = 0; way < WAYS; way++) {
    AUS_TRY(hear_way(w, way, y, rest));
    AUS_TRY(overlap_row(w->s, w->m, who, way_name[way], "selected", y, rest));
  }
  return AUS_OK;
}

aus_status listening_of(study *s, mixed *m)
{
  const size_t cells = (size_t)s->j.frames * (size_t)s->j.bins;
  float *y = aus_alloc(s->ctx, 2 * (size_t)s->j.samples + 2 * cells + STUDY_ATOMS, sizeof *y);
  double relevance[STUDY_ATOMS];
  if (!y) return AUS_ENOMEM;
  float *mask = y + 2 * s->j.samples;
  aus_status status = overlap_ideal(s, m, mask + cells);
  for (int32_t k = 0; status == AUS_OK && k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    ways w = { .s = s, .m = m, .it = s->it[k], .r = &r, .relevance = relevance, .mask = mask, .ideal = mask + cells, .a = mask + 2 * cells };
    status = aus_interpreter_read(s->it[k], s->j.samples, m->i->h.x, &r);
    if (status == AUS_OK) aus_l2i_importance(s->it[k], &r, m->class, relevance);
    if (status == AUS_OK) status = all_ways(&w, s->name[k], y, y + s->j.samples);
    aus_reading_free(&r);
  }
  aus_free(s->ctx, y);
  return status;
}
