/* listening_score.c - what people answered in a listening test, unblinded by its key. */
#include "report/listening.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct answer { const char *who, *trial; int32_t method; double rating; } answer;

typedef struct tally { aus_ctx *ctx; const aus_table *key; aus_listening_score *score; int32_t methods, n; answer *answer; } tally;

static const char *cell(const aus_table *t, int32_t row, const char *column) { return t->cell[row * t->columns + aus_table_column(t, column)]; }

static aus_status need(aus_ctx *ctx, const aus_table *t, const char *const *columns)
{
  for (; *columns; columns++)
    if (aus_table_column(t, *columns) < 0) return aus_fail(ctx, AUS_EFORMAT, "%s has no column '%s'", t->path, *columns);
  return AUS_OK;
}

static int32_t method_named(tally *t, const char *name)
{
  for (int32_t m = 0; m < t->methods; m++)
    if (strcmp(t->score[m].method, name) == 0) return m;
  if (t->methods == AUS_LISTENING_METHODS) return -1;
  t->score[t->methods] = (aus_listening_score){ .method = name };
  return t->methods++;
}

/* The method behind a code; -1: the key does not know it. */
static int32_t unblind(tally *t, const char *trial, const char *code)
{
  for (int32_t r = 0; r < t->key->rows; r++)
    if (strcmp(cell(t->key, r, "trial"), trial) == 0 && strcmp(cell(t->key, r, "code"), code) == 0) return method_named(t, cell(t->key, r, "method"));
  return -1;
}

static aus_status take(tally *t, const aus_table *a, int32_t row)
{
  char *end;
  const char *text = cell(a, row, "rating");
  answer *to = &t->answer[t->n];
  *to = (answer){ cell(a, row, "participant"), cell(a, row, "trial"), unblind(t, cell(a, row, "trial"), cell(a, row, "code")), strtod(text, &end) };
  if (to->method < 0) return aus_fail(t->ctx, AUS_EFORMAT, "%s:%d: the key has no sound '%s' in trial %s", a->path, (int)a->line[row], cell(a, row, "code"), to->trial);
  if (end == text || *end || !(to->rating >= 0 && to->rating <= 100)) return aus_fail(t->ctx, AUS_EFORMAT, "%s:%d: a rating is 0 to 100, not '%s'", a->path, (int)a->line[row], text);
  for (int32_t i = 0; i < t->n; i++)
    if (t->answer[i].method == to->method && strcmp(t->answer[i].who, to->who) == 0 && strcmp(t->answer[i].trial, to->trial) == 0)
      return aus_fail(t->ctx, AUS_EFORMAT, "%s:%d: %s has rated this sound already", a->path, (int)a->line[row], to->who);
  t->n++;
  return AUS_OK;
}

/* Whether this answer is among the highest of its participant's trial: 1 / how many share that; *first: it is the trial's first answer. */
static double vote(const tally *t, const answer *a, bool *first)
{
  int32_t equals = 0;
  *first = true;
  for (const answer *b = t->answer; b < t->answer + t->n; b++) {
    if (strcmp(a->who, b->who) != 0 || strcmp(a->trial, b->trial) != 0) continue;
    if (b < a) *first = false;
    if (b->rating > a->rating) equals = INT32_MIN / 2;
    equals += b->rating == a->rating;
  }
  return equals > 0 ? 1.0 / equals : 0;
}

static void summarise(tally *t)
{
  double trials = 0, square[AUS_LISTENING_METHODS] = { 0 };
  for (const answer *a = t->answer; a < t->answer + t->n; a++) {
    bool first;
    aus_listening_score *s = &t->score[a->method];
    s->n++;
    s->mean += a->rating;
    square[a->method] += a->rating * a->rating;
    s->votes += vote(t, a, &first);
    trials += first;
  }
  for (int32_t m = 0; m < t->methods; m++) {
    aus_listening_score *s = &t->score[m];
    s->mean = s->n ? s->mean / s->n : NAN;
    s->sd = s->n > 1 ? sqrt(fmax(0, (square[m] - s->n * s->mean * s->mean) / (s->n - 1))) : NAN;
    s->votes /= trials > 0 ? trials : 1;
  }
}

aus_status aus_listening_tally(aus_ctx *ctx, const aus_table *key, int32_t n, const aus_table *answers, aus_listening_score *score, int32_t *methods)
{
  tally t = { .ctx = ctx, .key = key, .score = score };
  size_t rows = 1;
  for (int32_t i = 0; i < n; i++) rows += (size_t)answers[i].rows;
  t.answer = aus_alloc(ctx, rows, sizeof *t.answer);
  aus_status status = t.answer ? need(ctx, key, (const char *const[]){ "trial", "code", "method", NULL }) : AUS_ENOMEM;
  for (int32_t i = 0; status == AUS_OK && i < n; i++) {
    status = need(ctx, &answers[i], (const char *const[]){ "participant", "trial", "code", "rating", NULL });
    for (int32_t r = 0; status == AUS_OK && r < answers[i].rows; r++) status = take(&t, &answers[i], r);
  }
  if (status == AUS_OK) summarise(&t);
  *methods = t.methods;
  aus_free(ctx, t.answer);
  return status;
}
