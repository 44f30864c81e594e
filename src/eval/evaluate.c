/* evaluate.c - which measures, in what order; means over several inputs. */
#include "eval/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void aus_eval_defaults(aus_eval_config *c)
{
  *c = (aus_eval_config){ .steps = 20, .draws = 100, .seeds = 5, .perturbed = 10, .radius = 0.02, .subset = 0.2 };
}

static const eval_row *row_at(int32_t i)
{
  const eval_row *r = eval_rows;
  while (i-- > 0 && r->name) r++;
  return r;
}

const char *aus_eval_name(int32_t i) { return i < 0 ? NULL : row_at(i)->name; }
const char *aus_eval_summary(int32_t i) { return i < 0 ? NULL : row_at(i)->summary; }

/* NULL when the subject has what a measure needs, else what is missing. */
static const char *missing(const aus_eval_subject *s, const eval_row *row)
{
  if (row->needs & EVAL_HIDE && !s->hide) return "a model that can be asked about inputs with parts replaced";
  if (row->needs & EVAL_EXPLAIN && (!s->explain || !(s->input || s->signal))) return "the method itself, to explain inputs near this one";
  if (row->needs & EVAL_RANDOM && !s->random) return "a network whose parameters can be made random";
  if (row->needs & EVAL_OTHER && !s->other) return "the method itself and a second target";
  if (row->needs & EVAL_INSIDE && !s->inside) return "events to compare with (--events LABELS.txt)";
  if (row->needs & EVAL_COMPLETE && !s->complete) return "a method that promises to add up";
  return NULL;
}

static bool named(const char *list, const char *name)
{
  const size_t n = strlen(name);
  for (const char *p = list; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ','))
    if (strcspn(p, ",") == n && memcmp(p, name, n) == 0) return true;
  return false;
}

static aus_status check_names(aus_ctx *ctx, const char *list)
{
  for (const char *p = list; *p;) {
    const size_t n = strcspn(p, ",");
    bool known = false;
    for (const eval_row *r = eval_rows; r->name && !known; r++) known = strlen(r->name) == n && memcmp(r->name, p, n) == 0;
    if (!known) return aus_fail(ctx, AUS_EINVAL, "there is no measure '%.*s': deletion, insertion, aopc, flipping, faithfulness, infidelity, max_sensitivity, sparseness, entropy, "
                                "effective, completeness, pointing, mass, rank, time_auc, band_auc, mprt, other_target", (int)(n < 40 ? n : 40), p);
    p += n + (p[n] == ',');
  }
  return AUS_OK;
}

static aus_status check(aus_ctx *ctx, const aus_eval_subject *s, const aus_eval_config *c)
{
  int64_t cells = 1;
  for (int32_t d = 0; d < s->rank && d < 6; d++) cells *= s->dim[d];
  if (s->cells < 1 || s->rank > 6 || cells != s->cells || !s->value) return aus_fail(ctx, AUS_EINVAL, "an explanation of %lld cells cannot be judged", (long long)s->cells);
  for (int64_t i = 0; i < s->cells; i++)
    if (!isfinite(s->value[i])) return aus_fail(ctx, AUS_EINVAL, "the explanation holds a value that is not a number (cell %lld)", (long long)i);
  if (c->steps < 1 || c->steps > 127 || c->draws < 2 || c->seeds < 1 || c->perturbed < 1)
    return aus_fail(ctx, AUS_EINVAL, "steps must be 1 to 127, draws at least 2, seeds and inputs at least 1");
  if (!(c->radius > 0) || !(c->subset > 0 && c->subset <= 1)) return aus_fail(ctx, AUS_EINVAL, "a radius must be above 0, a subset above 0 and at most 1");
  return AUS_OK;
}

aus_status aus_eval_run(aus_ctx *ctx, const aus_eval_subject *s, const aus_eval_config *config, aus_evaluation *out)
{
  memset(out, 0, sizeof *out);
  aus_eval_config own;
  aus_eval_defaults(&own);
  if (config) own = *config;
  AUS_TRY(check(ctx, s, &own));
  if (own.metrics) AUS_TRY(check_names(ctx, own.metrics));
  eval_work w = { ctx, s, &own, out };
  for (const eval_row *r = eval_rows; r->name; r++) {
    if (own.metrics && !named(own.metrics, r->name)) continue;
    const char *lack = missing(s, r);
    if (lack && own.metrics) return aus_fail(ctx, AUS_ENOTSUP, "the measure %s needs %s", r->name, lack);
    if (!lack) AUS_TRY(r->run(&w));
  }
  return AUS_OK;
}

static const aus_measure *find(const aus_evaluation *e, const char *name)
{
  for (int32_t i = 0; i < e->n; i++)
    if (strcmp(e->measure[i].name, name) == 0) return &e->measure[i];
  return NULL;
}

aus_status aus_eval_merge(aus_ctx *ctx, int32_t n, const aus_evaluation *e, uint64_t seed, aus_evaluation *out)
{
  memset(out, 0, sizeof *out);
  if (n < 1) return aus_fail(ctx, AUS_EINVAL, "no evaluations to merge");
  double *v = aus_alloc(ctx, (size_t)n, sizeof *v);
  if (!v) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < e[0].n && status == AUS_OK; k++) {
    const aus_measure *first = &e[0].measure[k];
    int32_t have = 0;
    for (int32_t i = 0; i < n; i++) {
      const aus_measure *m = find(&e[i], first->name);
      if (m && !isnan(m->value)) v[have++] = m->value;
    }
    if (have < n) continue;
    aus_measure *m = &out->measure[out->n++];
    *m = *first;
    if (n == 1) continue;
    status = aus_eval_mean(ctx, n, v, seed, &m->value, &m->lo, &m->hi);
    snprintf(m->over, sizeof m->over, "inputs");
  }
  aus_free(ctx, v);
  return status;
}
