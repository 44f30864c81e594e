/* measure_multi.c - several labels a sound: what classifier and interpreters say of the test mixtures, class by class, and faithfulness for every class that is said.
 *
 * `tabulate detection` makes the first into average precisions and F1, of each against the truth and of interpreters against the classifier [Parekh22, sec. 4.3]. */
#include <stdio.h>
#include <string.h>

#include "study.h"

const char multi_head[] = "fold\tpath\twho\ttruth\tlogits\n";

/* "dog,rooster" as 0 and 1 per class. */
static aus_status truth_of(study *s, const char *labels, char *bits)
{
  char text[512];
  snprintf(text, sizeof text, "%s", labels);
  memset(bits, '0', (size_t)s->j.classes);
  bits[s->j.classes] = 0;
  for (char *p = strtok(text, ","); p; p = strtok(NULL, ",")) {
    const int32_t c = judge_class(&s->j, p);
    if (c < 0) return aus_fail(s->ctx, AUS_EINVAL, "the classifier has no class %s", p);
    bits[c] = '1';
  }
  return AUS_OK;
}

static void put(study *s, const item *i, const char *who, const char *bits, const float *logits)
{
  fprintf(s->to, "%d\t%s\t%s\t%s", s->fold, i->path, who, bits);
  for (int32_t c = 0; c < s->j.classes; c++) fprintf(s->to, "%s%.6g", c ? "," : "\t", (double)logits[c]);
  fputc('\n', s->to);
}

static aus_status answers_of(study *s, item *i)
{
  char bits[STUDY_CLASSES + 1];
  AUS_TRY(truth_of(s, i->label, bits));
  put(s, i, "classifier", bits, i->h.logits);
  for (int32_t k = 0; k < s->n_interpreters; k++) {
    aus_reading r = { 0 };
    const aus_status status = aus_interpreter_read(s->it[k], s->j.samples, i->h.x, &r);
    if (status == AUS_OK) put(s, i, s->name[k], bits, r.logits);
    aus_reading_free(&r);
    AUS_TRY(status);
  }
  return AUS_OK;
}

/* Each class that the classifier says (sigmoid above one half) is a clip of its own. */
static aus_status faith_of_classes(study *s, item *i)
{
  char path[512];
  snprintf(path, sizeof path, "%s", i->path);
  for (int32_t c = 0; c < s->j.classes; c++) {
    if (!(i->h.logits[c] > 0)) continue;
    i->h.said = c;
    snprintf(i->path, sizeof i->path, "%.400s %.64s", path, aus_model_describe(s->j.model)->targets[c]);
    AUS_TRY(faith_of(s, i));
  }
  return AUS_OK;
}

aus_status multi(study *s, bool faith)
{
  char line[1024], path[1024], split[16];
  FILE *f = fopen(s->list, "r");
  if (!f) return aus_fail(s->ctx, AUS_EIO, "cannot open %s (made by make_mixes)", s->list);
  const char *slash = strrchr(s->list, '/');
  aus_status status = AUS_OK;
  int64_t n = 0, seen = 0;
  fputs(faith ? faith_head : multi_head, s->to);
  while (status == AUS_OK && n < s->limit && fgets(line, sizeof line, f)) {
    item i = { 0 };
    if (sscanf(line, "%511[^\t]\t%127[^\t]\t%15s", i.path, i.label, split) != 3 || strcmp(split, "test") != 0 || seen++ % s->every) continue;
    i.n = n++;
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash + 1 - s->list) : 0, s->list, i.path);
    status = judge_hear(&s->j, path, &i.h);
    if (status == AUS_OK) status = faith ? faith_of_classes(s, &i) : answers_of(s, &i);
    heard_free(&s->j, &i.h);
    fprintf(stderr, "\r%s %lld", s->what, (long long)n);
  }
  fclose(f);
  return status == AUS_OK && n == 0 ? aus_fail(s->ctx, AUS_EINVAL, "%s has no row of split test", s->list) : status;
}
