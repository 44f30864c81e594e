/* measure.c - the study's numbers, a row of text each.
 *
 *   measure masks    OPTIONS --methods A,B,...   what the classifier says of 10, 20 and 40 % of the energy, and of the rest
 *   measure fidelity OPTIONS                     does each interpreter say what the classifier says
 *   measure faith    OPTIONS                     logit lost as atoms above tau go, against chance of equal count and of equal energy
 *   measure overlap  OPTIONS --list FILE         two sources, or a source in noise: what interpretations let through
 *   measure listening OPTIONS --list FILE        the same mixtures: other masks from the same atoms
 *   measure multi    OPTIONS --list FILE         several labels a sound (10 s): what classifier and interpreters say of each class
 *   measure multi-faith OPTIONS --list FILE      as faith, for every class that the classifier says
 *   measure time     OPTIONS                     milliseconds for one explanation, the classifier included
 *
 * OPTIONS: --model FILE.aus --clips FOLDER --fold N --out FILE.tsv [--l2i NAME=FILE.aus]... [--mask NAME=FILE.aus]... [--limit N] [--every N] [--slime SAMPLES] [--seconds N (5)]
 *          [--seed S] [--threads N]
 *
 * A table that is there already is left alone, so an interrupted study goes on where it was. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study.h"

enum { SECOND = 44100 };

/* ---- fidelity ----------------------------------------------------------------------------------------------- */

static void fidelity_row(study *s, const item *i, const char *who, int32_t n, const float *logits)
{
  fprintf(s->to, "%d\t%s\t%s\t%d\t%d", s->fold, i->path, who, (int)i->label_class, (int)i->h.said);
  for (int32_t c = 0; c < n; c++) fprintf(s->to, "%s%.6g", c ? "," : "\t", (double)logits[c]);
  fputc('\n', s->to);
}

/* A row an interpreter or mask: what the classifier says, and the other's logits. L-MAC's are the classifier's own, of the masked spectrogram. */
static aus_status fidelity_of(study *s, item *i)
{
  for (int32_t k = 0; k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    aus_status status = aus_interpreter_read(s->it[k], s->j.samples, i->h.x, &r);
    if (status == AUS_OK) fidelity_row(s, i, s->name[k], r.targets, r.logits);
    aus_reading_free(&r);
    AUS_TRY(status);
  }
  for (int32_t k = 0; k < s->n_maskers; k++) {
    aus_mask m;
    AUS_TRY(aus_masker_read(s->masker[k], s->j.samples, i->h.x, &m));
    fidelity_row(s, i, s->mask_name[k], m.targets, m.logits);
    aus_mask_free(&m);
  }
  return AUS_OK;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static aus_status time_of(study *s, item *i)
{
  float *y = aus_alloc(s->ctx, (size_t)s->j.samples, sizeof *y);
  aus_status status = y ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    uint8_t keep[STUDY_ATOMS];
    double relevance[STUDY_ATOMS];
    const double start = aus_now();
    status = aus_interpreter_read(s->it[k], s->j.samples, i->h.x, &r);
    const double read = aus_now();
    if (status == AUS_OK) {
      aus_l2i_importance(s->it[k], &r, i->h.said, relevance);
      aus_l2i_select(r.atoms, relevance, 0.2, 5, keep);
      status = aus_l2i_listen(s->it[k], &r, keep, AUS_LISTEN_LINEAR, y);
    }
    fprintf(s->to, "%s\t%s\t%.2f\t%.2f\n", i->path, s->name[k], 1000 * (read - start), 1000 * (aus_now() - read));
    aus_reading_free(&r);
  }
  for (int32_t k = 0; status == AUS_OK && k < s->n_maskers; k++) {
    aus_mask m = { 0 };
    const double start = aus_now();
    status = aus_masker_read(s->masker[k], s->j.samples, i->h.x, &m);
    const double read = aus_now();
    if (status == AUS_OK) status = judge_part(&s->j, &i->h, m.mask, y);
    fprintf(s->to, "%s\t%s\t%.2f\t%.2f\n", i->path, s->mask_name[k], 1000 * (read - start), 1000 * (aus_now() - read));
    aus_mask_free(&m);
  }
  aus_free(s->ctx, y);
  return status;
}

/* ---- over clips ---------------------------------------------------------------------------------------------------- */

typedef aus_status (*item_fn)(study *s, item *i);

static aus_status over_clips(study *s, const char *head, item_fn each)
{
  char path[1024], line[1024];
  snprintf(path, sizeof path, "%s/clips.tsv", s->clips);
  FILE *f = fopen(path, "r");
  if (!f) return aus_fail(s->ctx, AUS_EIO, "cannot open %s (made by make_clips)", path);
  fputs(head, s->to);
  aus_status status = AUS_OK;
  int64_t n = 0, seen = 0;
  while (status == AUS_OK && n < s->limit && fgets(line, sizeof line, f)) {
    item i = { 0 };
    int fold;
    if (sscanf(line, "%511[^\t]\t%63[^\t]\t%d", i.path, i.label, &fold) != 3 || fold != s->fold) continue;
    if (seen++ % s->every) continue;
    i.n = n++;
    i.label_class = judge_class(&s->j, i.label);
    snprintf(path, sizeof path, "%s/%s", s->clips, i.path);
    status = judge_hear(&s->j, path, &i.h);
    if (status == AUS_OK) status = each(s, &i);
    heard_free(&s->j, &i.h);
    fprintf(stderr, "\r%s %lld", s->what, (long long)n);
  }
  fclose(f);
  return status == AUS_OK && n == 0 ? aus_fail(s->ctx, AUS_EINVAL, "no clip of fold %d in %s", s->fold, s->clips) : status;
}

static aus_status measure(study *s)
{
  AUS_TRY(judge_open(s->ctx, s->model, s->seconds * SECOND, &s->j));
  if (s->j.classes > STUDY_CLASSES) return aus_fail(s->ctx, AUS_ELIMIT, "%d classes; the study knows at most %d", (int)s->j.classes, STUDY_CLASSES);
  for (int32_t k = 0; k < s->n_interpreters; k++) AUS_TRY(aus_interpreter_open(s->ctx, s->file[k], s->j.model, &s->it[k]));
  for (int32_t k = 0; k < s->n_maskers; k++) AUS_TRY(aus_masker_open(s->ctx, s->mask_file[k], s->j.model, &s->masker[k]));
  if (strcmp(s->what, "masks") == 0)
    return over_clips(s, masks_head, masks_of);
  if (strcmp(s->what, "fidelity") == 0) return over_clips(s, "fold\tclip\twho\tlabel\tclassifier\tlogits\n", fidelity_of);
  if (strcmp(s->what, "faith") == 0)
    return over_clips(s, faith_head, faith_of);
  if (strcmp(s->what, "time") == 0) return over_clips(s, "clip\twho\tread_ms\tlisten_ms\n", time_of);
  if ((strcmp(s->what, "overlap") == 0 || strcmp(s->what, "listening") == 0) && s->list) return overlaps(s);
  if (strncmp(s->what, "multi", 5) == 0 && s->list) return multi(s, strcmp(s->what, "multi-faith") == 0);
  return aus_fail(s->ctx, AUS_EINVAL, "measure masks, fidelity, faith, time; with --list overlap, listening, multi, multi-faith");
}

/* ---- options --------------------------------------------------------------------------------------------------------- */

static int option(study *s, const char *key, char *value)
{
  if (strcmp(key, "--model") == 0) s->model = value;
  else if (strcmp(key, "--clips") == 0) s->clips = value;
  else if (strcmp(key, "--out") == 0) s->out = value;
  else if (strcmp(key, "--list") == 0) s->list = value;
  else if (strcmp(key, "--fold") == 0) s->fold = atoi(value);
  else if (strcmp(key, "--threads") == 0) s->threads = atoi(value);
  else if (strcmp(key, "--limit") == 0) s->limit = atoll(value);
  else if (strcmp(key, "--every") == 0) s->every = atoll(value) > 0 ? atoll(value) : 1;
  else if (strcmp(key, "--slime") == 0) s->slime = atoll(value);
  else if (strcmp(key, "--seconds") == 0) s->seconds = atoll(value);
  else if (strcmp(key, "--seed") == 0) s->seed = strtoull(value, NULL, 10);
  else if (strcmp(key, "--methods") == 0) {
    snprintf(s->methods, sizeof s->methods, "%s", value);
    for (char *m = strtok(s->methods, ","); m && s->n_methods < STUDY_METHODS; m = strtok(NULL, ",")) s->method[s->n_methods++] = m;
  } else if (strcmp(key, "--l2i") == 0 && strchr(value, '=') && s->n_interpreters < STUDY_INTERPRETERS) {
    char *file = strchr(value, '=');
    *file++ = 0;
    s->name[s->n_interpreters] = value;
    s->file[s->n_interpreters++] = file;
  } else if (strcmp(key, "--mask") == 0 && strchr(value, '=') && s->n_maskers < STUDY_INTERPRETERS) {
    char *file = strchr(value, '=');
    *file++ = 0;
    s->mask_name[s->n_maskers] = value;
    s->mask_file[s->n_maskers++] = file;
  } else return 0;
  return 1;
}

/* The table appears whole or not at all. */
static aus_status run(study *s)
{
  char part[1024];
  snprintf(part, sizeof part, "%s.part", s->out);
  s->to = fopen(part, "w");
  if (!s->to) return aus_fail(s->ctx, AUS_EIO, "cannot write %s", part);
  aus_status status = measure(s);
  if (fclose(s->to) != 0 && status == AUS_OK) status = aus_fail(s->ctx, AUS_EIO, "cannot write %s", part);
  if (status == AUS_OK && rename(part, s->out) != 0) status = aus_fail(s->ctx, AUS_EIO, "cannot write %s", s->out);
  fputc('\n', stderr);
  return status;
}

int main(int argc, char **argv)
{
  static study s = { .limit = INT64_MAX, .every = 1, .slime = 2000, .fold = 1, .seconds = 5, .threads = 1, .seed = 1 };
  s.what = argc > 1 ? argv[1] : "";
  int good = argc > 1;
  for (int a = 2; good && a < argc; a += 2) good = a + 1 < argc && option(&s, argv[a], argv[a + 1]);
  if (!good || !s.model || !s.clips || !s.out) {
    fprintf(stderr, "usage: measure masks|fidelity|faith|overlap|listening|multi|multi-faith|time --model M.aus --clips FOLDER --fold N --out FILE.tsv ... (see measure.c)\n");
    return 2;
  }
  if (access(s.out, F_OK) == 0) return 0;
  if (aus_ctx_create(&s.ctx, &(aus_config){ .threads = s.threads }) != AUS_OK) return 1;
  const aus_status status = run(&s);
  if (status != AUS_OK) fprintf(stderr, "measure: %s\n", aus_ctx_error(s.ctx));
  for (int32_t k = 0; k < s.n_interpreters; k++) aus_interpreter_close(s.it[k]);
  for (int32_t k = 0; k < s.n_maskers; k++) aus_masker_close(s.masker[k]);
  judge_close(&s.j);
  aus_ctx_destroy(s.ctx);
  return status != AUS_OK;
}
