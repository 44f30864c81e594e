/* measure_overlap.c - a source among others, and the source is known: how much nearer to it is the interpretation than the mixture was?
 *
 * SI-SDR, and SIR by projection on (target, interferer), of the mixture and of what is listened to; both are to be read as differences, so that an interpretation
 * that returns the input scores nothing. Linear and parity listening, as selected and at 20 and 40 % of the energy; masks (--mask) as they are, and their first bins up to 20
 * and 40 %. A mask is for what the classifier says of the mixture, whichever target is asked for: neither VIBI nor L-MAC can be asked about another. */
#include <auscult/eval.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study.h"

static double energy(int64_t n, const float *x)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
  return sum;
}

/* SI-SDR and SIR of y to the target. */
static aus_status score_source(study *s, const mixed *m, const float *y, double *si_sdr, double *sir)
{
  aus_bss b[2];
  const float *const reference[2] = { m->target, m->other }, *const estimate[2] = { y, m->other };
  *si_sdr = aus_eval_si_sdr(s->j.samples, y, m->target);
  AUS_TRY(aus_eval_bss(s->ctx, 1, 1, s->j.samples, 2, reference, estimate, b));
  *sir = b[0].sir;
  return AUS_OK;
}

aus_status overlap_row(study *s, mixed *m, const char *who, const char *how, const char *rule, const float *y, const float *rest)
{
  double before[2], after[2];
  float *two = aus_alloc(s->ctx, 2 * (size_t)s->j.samples, sizeof *two), logits[2 * STUDY_CLASSES];
  aus_masked k;
  if (!two) return AUS_ENOMEM;
  memcpy(two, y, (size_t)s->j.samples * sizeof *two);
  memcpy(two + s->j.samples, rest, (size_t)s->j.samples * sizeof *two);
  aus_status status = judge_logits(&s->j, 2, two, logits);
  aus_free(s->ctx, two);
  AUS_TRY(status);
  AUS_TRY(judge_masked(&s->j, m->i->h.logits, logits, logits + s->j.classes, m->class, &k));
  AUS_TRY(score_source(s, m, m->i->h.x, &before[0], &before[1]));
  AUS_TRY(score_source(s, m, y, &after[0], &after[1]));
  fprintf(s->to, "%d\t%s\t%s\t%s\t%g\t%s\t%s\t%s\t%.4f\t%.4f\t%.4f\t%.4f\t%.6g\t%.6g\t%.6g\n", s->fold, m->i->path, m->i->label, m->other_label, m->db, who, how, rule, before[0], after[0],
          before[1], after[1], energy(s->j.samples, y) / energy(s->j.samples, m->i->h.x), k.ff_logit, k.ff);
  return AUS_OK;
}

static int by_relevance(const void *a, const void *b)
{
  const double *x = *(const double *const *)a, *y = *(const double *const *)b;
  return (*x < *y) - (*x > *y);
}

/* Atoms by falling relevance until `share` of the energy is let through (or none are left). */
static aus_status keep_share(study *s, aus_interpreter *it, const aus_reading *r, const double *relevance, aus_listening how, double share, double whole, uint8_t *keep, float *y)
{
  const double *order[STUDY_ATOMS];
  int32_t few = 1, many = r->atoms;
  for (int32_t k = 0; k < r->atoms; k++) order[k] = relevance + k;
  qsort(order, (size_t)r->atoms, sizeof *order, by_relevance);
  while (few <= many) {
    const int32_t n = few == many ? few : (few + many) / 2;
    memset(keep, 0, (size_t)r->atoms);
    for (int32_t k = 0; k < n; k++) keep[order[k] - relevance] = 1;
    AUS_TRY(aus_l2i_listen(it, r, keep, how, y));
    if (few == many) break;
    if (energy(s->j.samples, y) < share * whole) few = n + 1;
    else many = n;
  }
  return AUS_OK;
}

static aus_status overlap_rules(study *s, mixed *m, int32_t which, const aus_reading *r, const double *relevance, float *y, float *rest)
{
  static const char *const hows[2] = { "linear", "parity" };
  uint8_t keep[STUDY_ATOMS];
  const double whole = energy(s->j.samples, m->i->h.x);
  for (int how = 0; how < 2; how++)
    for (int rule = 0; rule < 3; rule++) { /* as selected for overlaps (top 5, r > 0.35), then at 20 and 40 % of the energy */
      if (rule == 0) {
        aus_l2i_select(r->atoms, relevance, 0.35, 5, keep);
        AUS_TRY(aus_l2i_listen(s->it[which], r, keep, (aus_listening)how, y));
      } else {
        AUS_TRY(keep_share(s, s->it[which], r, relevance, (aus_listening)how, rule == 1 ? 0.2 : 0.4, whole, keep, y));
      }
      AUS_TRY(aus_l2i_without(s->it[which], r, keep, (aus_listening)how, rest));
      AUS_TRY(overlap_row(s, m, s->name[which], hows[how], rule == 0 ? "selected" : rule == 1 ? "20%" : "40%", y, rest));
    }
  return AUS_OK;
}

/* mask X against the rest. */
static aus_status overlap_mask(study *s, mixed *m, const char *who, const char *rule, const float *mask, float *y, float *rest)
{
  AUS_TRY(judge_part(&s->j, &m->i->h, mask, y));
  for (int64_t t = 0; t < s->j.samples; t++) rest[t] = m->i->h.x[t] - y[t];
  return overlap_row(s, m, who, "linear", rule, y, rest);
}

static aus_status overlap_masker(study *s, mixed *m, int32_t which, float *y, float *rest)
{
  const int64_t cells = s->j.frames * s->j.bins;
  aus_mask k = { 0 };
  float *mask = aus_alloc(s->ctx, (size_t)cells, sizeof *mask);
  aus_status status = mask ? aus_masker_read(s->masker[which], s->j.samples, m->i->h.x, &k) : AUS_ENOMEM;
  if (status == AUS_OK) status = overlap_mask(s, m, s->mask_name[which], "selected", k.mask, y, rest);
  for (int rule = 0; status == AUS_OK && rule < 2; rule++) {
    status = aus_eval_keep_energy(s->ctx, cells, k.order, m->i->h.energy, rule ? 0.4 : 0.2, mask);
    if (status == AUS_OK) status = overlap_mask(s, m, s->mask_name[which], rule ? "40%" : "20%", mask, y, rest);
  }
  aus_mask_free(&k);
  aus_free(s->ctx, mask);
  return status;
}

aus_status overlap_ideal(study *s, const mixed *m, float *mask)
{
  heard a = { 0 }, b = { 0 };
  aus_status status = judge_take(&s->j, m->target, &a);
  if (status == AUS_OK) status = judge_take(&s->j, m->other, &b);
  for (int64_t k = 0; status == AUS_OK && k < s->j.frames * s->j.bins; k++) mask[k] = sqrtf(a.energy[k]) / (sqrtf(a.energy[k]) + sqrtf(b.energy[k]) + 1e-12f);
  heard_free(&s->j, &a);
  heard_free(&s->j, &b);
  return status;
}

/* The input as its own interpretation (which must gain nothing), the loudest bins up to 20 and 40 %, and the best there is: the ideal ratio mask. */
static aus_status overlap_anchors(study *s, mixed *m, float *y, float *rest)
{
  const int64_t cells = s->j.frames * s->j.bins;
  float *mask = aus_alloc(s->ctx, (size_t)cells, sizeof *mask);
  memset(rest, 0, (size_t)s->j.samples * sizeof *rest);
  aus_status status = mask ? overlap_row(s, m, "input", "linear", "100%", m->i->h.x, rest) : AUS_ENOMEM;
  for (int k = 0; status == AUS_OK && k < 2; k++) {
    status = aus_eval_keep_energy(s->ctx, cells, m->i->h.energy, m->i->h.energy, k ? 0.4 : 0.2, mask);
    if (status == AUS_OK) status = overlap_mask(s, m, "loudest", k ? "40%" : "20%", mask, y, rest);
  }
  if (status == AUS_OK) status = overlap_ideal(s, m, mask);
  if (status == AUS_OK) status = overlap_mask(s, m, "oracle", "ratio", mask, y, rest);
  aus_free(s->ctx, mask);
  return status;
}

static aus_status overlap_of(study *s, mixed *m)
{
  float *y = aus_alloc(s->ctx, 2 * (size_t)s->j.samples, sizeof *y), *rest = y ? y + s->j.samples : NULL;
  double relevance[STUDY_ATOMS];
  aus_status status = y ? overlap_anchors(s, m, y, rest) : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    status = aus_interpreter_read(s->it[k], s->j.samples, m->i->h.x, &r);
    if (status == AUS_OK) aus_l2i_importance(s->it[k], &r, m->class, relevance);
    if (status == AUS_OK) status = overlap_rules(s, m, k, &r, relevance, y, rest);
    aus_reading_free(&r);
  }
  for (int32_t k = 0; status == AUS_OK && k < s->n_maskers; k++) status = overlap_masker(s, m, k, y, rest);
  aus_free(s->ctx, y);
  return status;
}

/* A row of overlap.tsv or noise.tsv: paths beside the list; the target's clip in the folder of clips. */
static aus_status overlap_line(study *s, const char *line, int64_t n)
{
  char mix[256], target[64], target_clip[256], other[64] = "noise", other_clip[256], path[1024];
  item i = { .n = n };
  heard t = { 0 };
  double db = 0, gain;
  if (sscanf(line, "%255[^\t]\t%63[^\t]\t%255[^\t]\t%63[^\t]\t%255[^\t]\t%lf\t%lf", mix, target, target_clip, other, other_clip, &db, &gain) != 7) {
    if (sscanf(line, "%255[^\t]\t%63[^\t]\t%255[^\t]\t%lf", mix, target, target_clip, &gain) != 4) return aus_fail(s->ctx, AUS_EFORMAT, "not a row of a list of mixtures: %s", line);
    strcpy(other, "noise");
  }
  const char *slash = strrchr(s->list, '/');
  snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - s->list) : 0, s->list, mix);
  snprintf(i.path, sizeof i.path, "%s", mix);
  snprintf(i.label, sizeof i.label, "%s", target);
  aus_status status = judge_hear(&s->j, path, &i.h);
  snprintf(path, sizeof path, "%s/%s", s->clips, target_clip);
  if (status == AUS_OK) status = judge_hear(&s->j, path, &t);
  float *rest = aus_alloc(s->ctx, (size_t)s->j.samples, sizeof *rest);
  if (!rest) status = AUS_ENOMEM;
  for (int64_t k = 0; status == AUS_OK && k < s->j.samples; k++) rest[k] = i.h.x[k] - t.x[k];
  mixed m = { &i, t.x, rest, other, db, judge_class(&s->j, target) };
  if (status == AUS_OK) status = m.class < 0 ? aus_fail(s->ctx, AUS_EINVAL, "the classifier has no class %s", target) : strcmp(s->what, "listening") == 0 ? listening_of(s, &m) : overlap_of(s, &m);
  heard_free(&s->j, &i.h);
  heard_free(&s->j, &t);
  aus_free(s->ctx, rest);
  return status;
}

aus_status overlaps(study *s)
{
  char line[1024];
  FILE *f = fopen(s->list, "r");
  if (!f) return aus_fail(s->ctx, AUS_EIO, "cannot open %s (made by make_mixes)", s->list);
  aus_status status = fgets(line, sizeof line, f) ? AUS_OK : aus_fail(s->ctx, AUS_EFORMAT, "%s is empty", s->list);
  fputs("fold\tpath\ttarget\tother\tdb\twho\thow\trule\tsi_sdr_mix\tsi_sdr\tsir_mix\tsir\tkept\tff_logit\tff\n", s->to);
  char clip[256], last[256] = "";
  int64_t clips = -1;
  for (int64_t n = 0; status == AUS_OK && n < s->limit && fgets(line, sizeof line, f); n++) {
    /* rows of one target's clip follow each other */
    if (sscanf(line, "%*[^\t]\t%*[^\t]\t%255[^\t]", clip) == 1 && strcmp(clip, last) != 0) { strcpy(last, clip); clips++; }
    if (clips % s->every) continue;
    status = overlap_line(s, line, n);
    fprintf(stderr, "\roverlap %lld", (long long)n + 1);
  }
  fclose(f);
  return status;
}
