/* explain.c - an interpreter's reading as components and an explanation, like every other method's.
 *
 *   logit_c = sum_k theta_ck z_k              exact, for Theta has no bias: an atom's weight is its term
 *   map[t][f] = sum_k theta_ck when[t][k] w_kf / sum_f w_kf        the same logit spread over the spectrogram
 *
 * Components are the atoms that some target's answer rests on, the most relevant first, and "rest", which holds everything else,
 * so that all together are the sound itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "explain/build.h"
#include "l2i/l2i.h"
#include "la/la.h"

void aus_l2i_defaults(aus_l2i_config *c) { *c = (aus_l2i_config){ .tau = 0.2, .top = 5, .listening = AUS_LISTEN_LINEAR, .check = 1 }; }

typedef struct work {
  aus_interpreter *it;
  const aus_audio *sound;
  const aus_l2i_config *c;
  aus_reading reading;
  int32_t said, n_targets, n;   /* n: selected atoms */
  const int32_t *target;
  double *r;                    /* [targets][atoms] */
  double *most;                 /* [atoms] largest r over the targets */
  uint8_t *keep, *one;          /* [atoms] */
  int32_t *atom;                /* [n] */
} work;

/* ---- which atoms ---------------------------------------------------------------------------------------- */

static void choose_targets(work *w)
{
  const aus_reading *r = &w->reading;
  for (int32_t k = 1; k < r->targets; k++)
    if (r->heard_logits[k] > r->heard_logits[w->said]) w->said = k;
  w->target = w->c->targets ? w->c->targets : &w->said;
  w->n_targets = w->c->targets ? w->c->n_targets : 1;
}

static void choose_atoms(work *w)
{
  const int32_t atoms = w->reading.atoms;
  for (int32_t c = 0; c < w->n_targets; c++) {
    double *r = w->r + (int64_t)c * atoms;
    aus_l2i_importance(w->it, &w->reading, w->target[c], r);
    aus_l2i_select(atoms, r, w->c->tau, w->c->top, w->one);
    for (int32_t k = 0; k < atoms; k++) {
      if (!w->one[k]) continue;
      w->keep[k] = 1;
      w->most[k] = fmax(w->most[k], r[k]);
    }
  }
  for (int32_t k = 0; k < atoms; k++) { /* insertion: the most relevant first */
    if (!w->keep[k]) continue;
    int32_t at = w->n++;
    for (; at > 0 && w->most[w->atom[at - 1]] < w->most[k]; at--) w->atom[at] = w->atom[at - 1];
    w->atom[at] = k;
  }
}

static aus_status begin(work *w)
{
  aus_ctx *ctx = w->it->ctx;
  const aus_reading *r = &w->reading;
  const size_t atoms = (size_t)r->atoms;
  choose_targets(w);
  for (int32_t c = 0; c < w->n_targets; c++)
    if (w->target[c] < 0 || w->target[c] >= r->targets) return aus_fail(ctx, AUS_EINVAL, "there is no target %d; the classifier has %d", (int)w->target[c], (int)r->targets);
  w->r = aus_alloc_zero(ctx, (size_t)w->n_targets, atoms * sizeof *w->r);
  w->most = aus_alloc_zero(ctx, atoms, sizeof *w->most);
  w->keep = aus_alloc_zero(ctx, atoms, 1);
  w->one = aus_alloc_zero(ctx, atoms, 1);
  w->atom = aus_alloc_zero(ctx, atoms, sizeof *w->atom);
  if (!w->r || !w->most || !w->keep || !w->one || !w->atom) return AUS_ENOMEM;
  choose_atoms(w);
  if (w->n == 0) aus_note(ctx, AUS_LOG_NOTE, "no atom speaks for the target by more than tau %.3g: everything is the rest", w->c->tau);
  return AUS_OK;
}

static void end(work *w)
{
  aus_ctx *ctx = w->it->ctx;
  aus_free(ctx, w->r);
  aus_free(ctx, w->most);
  aus_free(ctx, w->keep);
  aus_free(ctx, w->one);
  aus_free(ctx, w->atom);
  aus_reading_free(&w->reading);
}

/* ---- components ------------------------------------------------------------------------------------------- */

/* The band that holds the middle eight tenths of an atom's energy. */
static void band_of(const work *w, int32_t atom, aus_place *p)
{
  const int32_t bins = w->reading.bins, k = w->reading.atoms;
  const double hz = 0.5 * w->sound->rate / (bins - 1);
  double all = 0, sum = 0;
  for (int32_t b = 0; b < bins; b++) all += (double)w->it->w[b * k + atom] * w->it->w[b * k + atom];
  p->f0 = 0;
  p->f1 = 0.5 * w->sound->rate;
  for (int32_t b = 0; b < bins; b++) {
    const double before = sum;
    sum += (double)w->it->w[b * k + atom] * w->it->w[b * k + atom];
    if (before <= 0.1 * all) p->f0 = b * hz;
    if (before < 0.9 * all) p->f1 = (b + 1) * hz;
  }
  if (p->f1 > 0.5 * w->sound->rate) p->f1 = 0.5 * w->sound->rate;
}

/* From the first to the last frame where it is louder than a tenth of its loudest. */
static void time_of(const work *w, int32_t atom, aus_place *p)
{
  const aus_reading *r = &w->reading;
  const float *h = r->h + (int64_t)atom * r->frames;
  const double hop = (double)w->it->spectrum.hop / w->sound->rate, whole = (double)w->sound->frames / w->sound->rate;
  float top = 0;
  int64_t first = -1, last = 0;
  for (int64_t t = 0; t < r->frames; t++) top = fmaxf(top, h[t]);
  for (int64_t t = 0; t < r->frames; t++) {
    if (!(h[t] > 0.1f * top)) continue;
    if (first < 0) first = t;
    last = t;
  }
  p->t0 = first < 0 ? 0 : fmin((double)first * hop, whole);
  p->t1 = first < 0 ? whole : fmin((double)(last + 1) * hop, whole);
}

static aus_status add_atom(work *w, aus_components *c, int32_t i)
{
  aus_ctx *ctx = w->it->ctx;
  float *y = aus_components_add(c, i, 0, c->samples);
  c->name[i] = aus_strf(ctx, "atom %d", (int)w->atom[i] + 1);
  if (!y || !c->name[i]) return AUS_ENOMEM;
  c->place[i].source = -1;
  band_of(w, w->atom[i], &c->place[i]);
  time_of(w, w->atom[i], &c->place[i]);
  memset(w->one, 0, (size_t)w->reading.atoms);
  w->one[w->atom[i]] = 1;
  return aus_l2i_listen(w->it, &w->reading, w->one, w->c->listening, y);
}

static aus_status make_components(work *w, aus_components *c)
{
  AUS_TRY(aus_components_begin(w->it->ctx, w->sound, w->n + 1, "atoms of a dictionary", "silence", c));
  for (int32_t i = 0; i < w->n; i++) AUS_TRY(add_atom(w, c, i));
  float *rest = aus_components_add(c, w->n, 0, c->samples);
  c->name[w->n] = aus_strdup(w->it->ctx, "rest");
  if (!rest || !c->name[w->n]) return AUS_ENOMEM;
  c->place[w->n] = (aus_place){ .source = -1, .t1 = (double)c->samples / c->rate, .f1 = 0.5 * c->rate };
  for (int64_t t = 0; t < c->samples; t++) {
    double sum = 0;
    for (int32_t i = 0; i < w->n; i++) sum += (double)c->part[i].data[t];
    rest[t] = (float)((double)w->sound->data[t] - sum);
  }
  return AUS_OK;
}

/* ---- the explanation ---------------------------------------------------------------------------------------- */

/* The interpreter's logit over the spectrogram: [frames][bins]. */
static aus_status make_map(const work *w, int32_t target, aus_map *m)
{
  const aus_reading *r = &w->reading;
  const int32_t atoms = r->atoms, bins = r->bins;
  aus_ctx *ctx = r->ctx;
  float *share = aus_alloc(ctx, (size_t)bins * (size_t)atoms, sizeof *share);
  m->value = aus_alloc(ctx, (size_t)r->frames, (size_t)bins * sizeof *m->value);
  m->hz = aus_alloc(ctx, (size_t)bins, sizeof *m->hz);
  aus_status status = share && m->value && m->hz ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < atoms; k++) {
    double sum = 0;
    for (int32_t b = 0; b < bins; b++) sum += (double)w->it->w[b * atoms + k];
    for (int32_t b = 0; b < bins; b++) share[b * atoms + k] = (float)(sum > 0 ? (double)w->it->theta[(int64_t)target * atoms + k] * (double)w->it->w[b * atoms + k] / sum : 0);
  }
  if (status == AUS_OK) status = aus_sgemm(ctx, false, true, r->frames, bins, atoms, 1, r->when, atoms, share, atoms, 0, m->value, bins);
  aus_free(ctx, share);
  if (status != AUS_OK) return status;
  const int64_t heard = aus_stft_frames(w->it->spectrum.stft, r->samples); /* what the sound was continued by is not shown */
  m->frames = heard > 0 && heard < r->frames ? heard : r->frames;
  m->bands = bins;
  m->hop_s = m->cell_s = (double)w->it->spectrum.hop / w->sound->rate;
  m->cell_hz = 0.5 * w->sound->rate / (bins - 1);
  for (int32_t b = 0; b < bins; b++) m->hz[b] = (float)(b * m->cell_hz);
  snprintf(m->domain, sizeof m->domain, "bins");
  return AUS_OK;
}

/* Entropy of |w|, base n. */
static double spread_of(int32_t n, const aus_weight *weight)
{
  double all = 0, h = 0;
  for (int32_t i = 0; i < n; i++) all += fabs(weight[i].weight);
  for (int32_t i = 0; all > 0 && i < n; i++) {
    const double p = fabs(weight[i].weight) / all;
    if (p > 0) h -= p * log(p);
  }
  return all > 0 && n > 1 ? h / log(n) : NAN;
}

static aus_status explain_target(const work *w, int32_t i, aus_target_explanation *t)
{
  const aus_reading *r = &w->reading;
  const int32_t c = w->target[i], n = w->n + 1;
  const float *theta = w->it->theta + (int64_t)c * r->atoms;
  t->target = c;
  t->name = aus_strdup(r->ctx, aus_model_describe(w->it->model)->targets[c]);
  t->weight = aus_alloc_zero(r->ctx, (size_t)n, sizeof *t->weight);
  if (!t->name || !t->weight) return AUS_ENOMEM;
  t->score = t->raw_score = (double)r->heard[c];
  t->local_prediction = (double)r->logits[c]; /* what the weights, and the map, add up to */
  t->score_none = t->r2 = t->stability = t->vsi = t->csi = t->additivity_gap = NAN;
  double rest = (double)r->logits[c];
  for (int32_t k = 0; k < n; k++) {
    const double v = k < w->n ? (double)r->z[w->atom[k]] * (double)theta[w->atom[k]] : rest;
    t->weight[k] = (aus_weight){ .weight = v, .lo = v, .hi = v, .shapley = NAN, .shapley_se = NAN, .banzhaf = NAN, .alone = NAN, .without = NAN };
    rest -= v;
  }
  t->complexity = spread_of(n, t->weight);
  return make_map(w, c, &t->map);
}

static aus_status start(const work *w, const aus_components *c, aus_explanation *e)
{
  aus_ctx *ctx = w->it->ctx;
  *e = (aus_explanation){ .ctx = ctx, .n_components = c->n, .n_targets = w->n_targets, .exhaustive = 1, .n_predicted = 1 };
  snprintf(e->method, sizeof e->method, "%s", w->c->listening == AUS_LISTEN_PARITY ? "l2i (parity)" : "l2i");
  snprintf(e->interval, sizeof e->interval, "exact");
  aus_lime_defaults(&e->config);
  e->component = aus_alloc_zero(ctx, (size_t)c->n, sizeof *e->component);
  e->place = aus_alloc_zero(ctx, (size_t)c->n, sizeof *e->place);
  e->target = aus_alloc_zero(ctx, (size_t)w->n_targets, sizeof *e->target);
  if (!e->component || !e->place || !e->target) return AUS_ENOMEM;
  for (int32_t i = 0; i < c->n; i++) {
    e->place[i] = c->place[i];
    if (!(e->component[i] = aus_strdup(ctx, c->name[i]))) return AUS_ENOMEM;
  }
  return AUS_OK;
}

/* What the classifier really says to each part alone, and to the sound without it. */
static aus_status answers(const work *w, const aus_components *c, aus_explanation *e)
{
  const int32_t n = c->n, rows = 2 * n, targets = w->reading.targets;
  const aus_mixes mixes = aus_components_mixes(c);
  uint8_t *z = aus_alloc_zero(e->ctx, (size_t)rows, (size_t)n);
  float *y = aus_alloc(e->ctx, (size_t)rows, (size_t)targets * sizeof *y);
  aus_status status = z && y ? AUS_OK : AUS_ENOMEM;
  for (int32_t i = 0; status == AUS_OK && i < n; i++) {
    z[i * n + i] = 1;
    memset(z + (n + i) * n, 1, (size_t)n);
    z[(n + i) * n + i] = 0;
  }
  if (status == AUS_OK) status = aus_model_predict_mixes(w->it->model, &mixes, rows, z, y);
  for (int32_t k = 0; status == AUS_OK && k < e->n_targets; k++)
    for (int32_t i = 0; i < n; i++) {
      e->target[k].weight[i].alone = (double)y[(int64_t)i * targets + e->target[k].target];
      e->target[k].weight[i].without = (double)y[(int64_t)(n + i) * targets + e->target[k].target];
    }
  e->n_predicted += rows;
  aus_free(e->ctx, z);
  aus_free(e->ctx, y);
  return status;
}

static aus_status explain(work *w, aus_components *components, aus_explanation *out)
{
  const int32_t rate = aus_model_describe(w->it->model)->sample_rate;
  if (w->sound->channels != 1 || w->sound->rate != rate) return aus_fail(w->it->ctx, AUS_EINVAL, "an interpreter takes mono sound of %d Hz", (int)rate);
  AUS_TRY(aus_interpreter_read(w->it, w->sound->frames, w->sound->data, &w->reading));
  AUS_TRY(begin(w));
  AUS_TRY(make_components(w, components));
  AUS_TRY(start(w, components, out));
  for (int32_t i = 0; i < w->n_targets; i++) AUS_TRY(explain_target(w, i, &out->target[i]));
  return w->c->check ? answers(w, components, out) : AUS_OK;
}

aus_status aus_l2i_explain(aus_interpreter *it, const aus_audio *sound, const aus_l2i_config *config, aus_components *components, aus_explanation *out)
{
  aus_l2i_config own;
  work w = { .it = it, .sound = sound, .c = config };
  memset(out, 0, sizeof *out);
  memset(components, 0, sizeof *components);
  if (!config) { aus_l2i_defaults(&own); w.c = &own; }
  const aus_status status = explain(&w, components, out);
  end(&w);
  if (status != AUS_OK) {
    aus_explanation_free(out);
    aus_components_free(components);
  }
  return status;
}
