/* measure_faith.c - faithfulness against the threshold: how much of the class's logit goes when the atoms above tau are taken out [Parekh22, sec. 4.2].
 *
 * Beside it, for the same clip, atoms drawn by chance: as many of the others, and as many as make the same energy. */
#include <string.h>

#include "study.h"

const char faith_head[] = "fold\tclip\twho\ttau\tatoms\tlinear_logit\tlinear\tparity_logit\tparity\tcount_linear_logit\tcount_linear\tcount_parity_logit\tcount_parity\t"
                          "energy_linear_logit\tenergy_linear\n";

typedef struct part_energy { study *s; aus_interpreter *it; const aus_reading *r; float *mask; const heard *h; } part_energy;

/* Energy of the linear interpretation with weights per atom. */
static double energy_of(void *user, int64_t n, const float *weight)
{
  part_energy *p = user;
  const judge *j = &p->s->j;
  const float *w = aus_interpreter_describe(p->it)->dictionary;
  double sum = 0;
  for (int64_t t = 0; t < j->frames; t++)
    for (int32_t b = 0; b < j->bins; b++) {
      float share = 0;
      for (int64_t k = 0; k < n; k++) share += w[(int64_t)b * n + k] * weight[k] * p->r->h[k * p->r->frames + t];
      share /= p->r->made[t * j->bins + b] + 1e-12f;
      p->mask[t * j->bins + b] = share;
      sum += (double)(share * share * p->h->energy[t * j->bins + b]);
    }
  return sum;
}

/* FF of what remains when atoms with weights are taken out, in one way of listening. */
static aus_status lost(study *s, item *i, aus_interpreter *it, const aus_reading *r, const uint8_t *keep, aus_listening how, double *ff_logit, double *ff)
{
  float *rest = aus_alloc(s->ctx, (size_t)s->j.samples, sizeof *rest), logits[STUDY_CLASSES];
  aus_masked m;
  aus_status status = rest ? aus_l2i_without(it, r, keep, how, rest) : AUS_ENOMEM;
  if (status == AUS_OK) status = judge_logits(&s->j, 1, rest, logits);
  if (status == AUS_OK) status = aus_eval_masked(s->ctx, s->j.classes, i->h.logits, i->h.logits, logits, i->h.said, &m);
  aus_free(s->ctx, rest);
  if (status == AUS_OK) { *ff_logit = m.ff_logit; *ff = m.ff; }
  return status;
}

/* The same with random components of the same energy (linear listening: a mask). */
static aus_status lost_by_energy(study *s, item *i, part_energy *p, const uint8_t *keep, double *ff_logit, double *ff)
{
  const int32_t atoms = p->r->atoms;
  float weight[STUDY_ATOMS];
  aus_masked m;
  for (int32_t k = 0; k < atoms; k++) weight[k] = keep[k];
  const double energy = energy_of(p, atoms, weight);
  AUS_TRY(aus_eval_random_energy(s->ctx, atoms, energy, energy_of, p, s->seed + 31, (uint64_t)i->n, weight));
  energy_of(p, atoms, weight);
  AUS_TRY(judge_mask(s, i, p->mask, i->h.said, &m));
  *ff_logit = m.ff_logit;
  *ff = m.ff;
  return AUS_OK;
}

static aus_status faith_row(study *s, item *i, int32_t which, part_energy *p, const double *relevance, double tau)
{
  uint8_t keep[STUDY_ATOMS], random[STUDY_ATOMS];
  float weight[STUDY_ATOMS];
  double v[4][2], e[2];
  const int32_t atoms = p->r->atoms, chosen = aus_l2i_select(atoms, relevance, tau, 0, keep);
  AUS_TRY(aus_eval_random_count(s->ctx, atoms, keep, s->seed + 17, (uint64_t)i->n, weight));
  for (int32_t k = 0; k < atoms; k++) random[k] = weight[k] > 0;
  for (int how = 0; how < 2; how++) {
    AUS_TRY(lost(s, i, p->it, p->r, keep, (aus_listening)how, &v[how][0], &v[how][1]));
    AUS_TRY(lost(s, i, p->it, p->r, random, (aus_listening)how, &v[2 + how][0], &v[2 + how][1]));
  }
  AUS_TRY(lost_by_energy(s, i, p, keep, &e[0], &e[1]));
  fprintf(s->to, "%d\t%s\t%s\t%g\t%d", s->fold, i->path, s->name[which], tau, (int)chosen);
  for (int k = 0; k < 4; k++) fprintf(s->to, "\t%.6g\t%.6g", v[k][0], v[k][1]);
  fprintf(s->to, "\t%.6g\t%.6g\n", e[0], e[1]);
  return AUS_OK;
}

aus_status faith_of(study *s, item *i)
{
  static const double taus[5] = { 0.9, 0.7, 0.5, 0.3, 0.1 };
  float *mask = aus_alloc(s->ctx, (size_t)s->j.frames * (size_t)s->j.bins, sizeof *mask);
  double relevance[STUDY_ATOMS];
  aus_status status = mask ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    status = aus_interpreter_read(s->it[k], s->j.samples, i->h.x, &r);
    if (status == AUS_OK) aus_l2i_importance(s->it[k], &r, i->h.said, relevance);
    part_energy p = { s, s->it[k], &r, mask, &i->h };
    for (int t = 0; status == AUS_OK && t < 5; t++) status = faith_row(s, i, k, &p, relevance, taus[t]);
    aus_reading_free(&r);
  }
  aus_free(s->ctx, mask);
  return status;
}
