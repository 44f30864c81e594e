/* measure_faith.c - faithfulness against the threshold: how much of the class's logit goes when the atoms above tau are taken out [Parekh22, sec. 4.2].
 *
 * Beside it, for the same clip, atoms drawn by chance: as many of the others, and as many as make the same energy. */
#include <math.h>

#include "study.h"

const char faith_head[] = "fold\tclip\twho\ttau\tatoms\tlinear_logit\tlinear\tparity_logit\tparity\tcount_linear_logit\tcount_linear\tcount_parity_logit\tcount_parity\t"
                          "energy_linear_logit\tenergy_linear\n";

typedef struct part_energy { aus_interpreter *it; const aus_reading *r; } part_energy;

static double energy_of(void *user, int64_t n, const float *weight)
{
  const part_energy *p = user;
  double energy;
  (void)n;
  return aus_l2i_energy(p->it, p->r, weight, AUS_LISTEN_LINEAR, &energy) == AUS_OK ? energy : NAN;
}

/* FF of what remains when atoms with these weights are taken out: one row of weights or two, which are judged together. */
static aus_status lost(study *s, const item *i, const part_energy *p, int rows, const float *weight, aus_listening how, double (*v)[2])
{
  const int64_t n = s->j.samples;
  float *rest = aus_alloc(s->ctx, (size_t)rows * (size_t)n, sizeof *rest), logits[JUDGE_ROWS * STUDY_CLASSES];
  aus_masked m;
  aus_status status = rest ? AUS_OK : AUS_ENOMEM;
  for (int k = 0; status == AUS_OK && k < rows; k++) status = aus_l2i_listen_weighted(p->it, p->r, weight + k * p->r->atoms, how, 1, rest + k * n);
  if (status == AUS_OK) status = judge_logits(&s->j, rows, rest, logits);
  aus_free(s->ctx, rest);
  for (int k = 0; status == AUS_OK && k < rows; k++) {
    status = judge_masked(&s->j, i->h.logits, i->h.logits, logits + k * s->j.classes, i->h.said, &m);
    v[k][0] = m.ff_logit;
    v[k][1] = m.ff;
  }
  return status;
}

static aus_status faith_row(study *s, item *i, int32_t which, part_energy *p, const double *relevance, double tau)
{
  uint8_t keep[STUDY_ATOMS];
  float weight[2 * STUDY_ATOMS]; /* selected, by chance */
  double v[2][2][2], e[1][2];
  const int32_t atoms = p->r->atoms, chosen = aus_l2i_select(atoms, relevance, tau, 0, keep);
  for (int32_t k = 0; k < atoms; k++) weight[k] = keep[k];
  AUS_TRY(aus_eval_random_count(s->ctx, atoms, keep, s->seed + 17, (uint64_t)i->n, weight + atoms));
  for (int how = 0; how < 2; how++) AUS_TRY(lost(s, i, p, 2, weight, (aus_listening)how, v[how]));
  AUS_TRY(aus_eval_random_energy(s->ctx, atoms, energy_of(p, atoms, weight), energy_of, p, s->seed + 31, (uint64_t)i->n, weight + atoms));
  AUS_TRY(lost(s, i, p, 1, weight + atoms, AUS_LISTEN_LINEAR, e));
  fprintf(s->to, "%d\t%s\t%s\t%g\t%d", s->fold, i->path, s->name[which], tau, (int)chosen);
  for (int chance = 0; chance < 2; chance++)
    for (int how = 0; how < 2; how++) fprintf(s->to, "\t%.6g\t%.6g", v[how][chance][0], v[how][chance][1]);
  fprintf(s->to, "\t%.6g\t%.6g\n", e[0][0], e[0][1]);
  return AUS_OK;
}

aus_status faith_of(study *s, item *i)
{
  static const double taus[5] = { 0.9, 0.7, 0.5, 0.3, 0.1 };
  double relevance[STUDY_ATOMS];
  aus_status status = AUS_OK;
  for (int32_t k = 0; status == AUS_OK && k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    status = aus_interpreter_read(s->it[k], s->j.samples, i->h.x, &r);
    if (status == AUS_OK) aus_l2i_importance(s->it[k], &r, i->h.said, relevance);
    part_energy p = { s->it[k], &r };
    for (int t = 0; status == AUS_OK && t < 5; t++) status = faith_row(s, i, k, &p, relevance, taus[t]);
    aus_reading_free(&r);
  }
  return status;
}
