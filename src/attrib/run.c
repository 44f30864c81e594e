/* run.c - one question from beginning to end: read it, hand it to its method, add up what comes back. */
#include "attrib/attrib.h"
#include "attrib/names.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the table -------------------------------------------------------------------------------------- */

#define AUS_METHOD(id, name) extern const aus_method aus_method_##id;
#include "attrib/methods.def"
#undef AUS_METHOD

static const aus_method *const methods[] = {
#define AUS_METHOD(id, name) &aus_method_##id,
#include "attrib/methods.def"
#undef AUS_METHOD
};

const aus_method *aus_method_at(int32_t i) { return i >= 0 && (size_t)i < sizeof methods / sizeof *methods ? methods[i] : NULL; }
const char *aus_attrib_method_name(int32_t i) { return aus_method_at(i) ? methods[i]->name : NULL; }
const char *aus_attrib_method_summary(int32_t i) { return aus_method_at(i) ? methods[i]->summary : NULL; }

const aus_method *aus_method_find(const char *name)
{
  for (int32_t i = 0; aus_method_at(i); i++)
    if (strcmp(methods[i]->name, name) == 0) return methods[i];
  return NULL;
}

void aus_attrib_defaults(aus_attrib_config *c) { *c = (aus_attrib_config){ .method = "gradient" }; }

/* ---- results ---------------------------------------------------------------------------------------- */

static void drop_arrays(aus_attribution *r)
{
  if (r->value) aus_free(r->ctx, r->value[0]); /* one block */
  aus_free(r->ctx, r->value);
  aus_free(r->ctx, r->name);
  aus_free(r->ctx, r->dims);
  r->value = NULL;
  r->name = NULL;
  r->dims = NULL;
}

void aus_attribution_free(aus_attribution *r)
{
  if (!r->ctx) return;
  drop_arrays(r);
  aus_free(r->ctx, r->account);
  aus_free(r->ctx, r->target);
  aus_free(r->ctx, r->score); /* score, score_none, sum, gap: one block */
  *r = (aus_attribution){0};
}

void aus_attribution_note(aus_attribution *out, const char *format, ...)
{
  va_list args;
  const size_t n = strlen(out->note);
  if (n + 3 > sizeof out->note) return;
  if (n) memcpy(out->note + n, "; ", 3);
  va_start(args, format);
  vsnprintf(out->note + n + (n ? 2 : 0), sizeof out->note - n - (n ? 2 : 0), format, args);
  va_end(args);
}

/* Takes block, of aus_question_size floats, or NULL. */
static aus_status make_arrays(const aus_question *q, aus_attribution *r, float *block)
{
  const aus_attrib *a = q->a;
  int64_t at = 0;
  r->n = q->layer < 0 ? a->n_inputs : 1;
  r->name = aus_alloc_zero(q->ctx, (size_t)r->n, sizeof *r->name);
  r->dims = aus_alloc(q->ctx, (size_t)r->n, sizeof *r->dims);
  r->value = aus_alloc_zero(q->ctx, (size_t)r->n, sizeof *r->value);
  if (r->value) r->value[0] = block;
  else aus_free(q->ctx, block);
  if (!r->name || !r->dims || !r->value || !block) return AUS_ENOMEM;
  for (int32_t k = 0; k < r->n; k++) {
    const int32_t v = q->layer >= 0 ? q->layer : a->bundle ? a->bundle->graph.input[k] : -1;
    if (v >= 0) snprintf(r->name[k], sizeof r->name[k], "%s", a->bundle->graph.value[v].name);
    else snprintf(r->name[k], sizeof r->name[k], "input%d", k);
    if (q->layer >= 0) aus_run_value(a->keep[0], q->layer, &r->dims[k]);
    else r->dims[k] = a->dims[k];
    r->value[k] = block + at;
    at += aus_shape_count(&r->dims[k]);
  }
  return AUS_OK;
}

aus_status aus_attribution_inputs(const aus_question *q, aus_attribution *out, float *block)
{
  drop_arrays(out);
  return make_arrays(q, out, block);
}

static aus_status make_numbers(const aus_question *q, aus_attribution *r)
{
  const size_t n = (size_t)q->a->items;
  r->items = q->a->items;
  r->target = aus_alloc(q->ctx, n, sizeof *r->target);
  r->score = aus_alloc(q->ctx, n, 4 * sizeof *r->score);
  if (!r->target || !r->score) return AUS_ENOMEM;
  for (size_t i = 0; i < 4 * n; i++) r->score[i] = NAN;
  r->score_none = r->score + n;
  r->sum = r->score + 2 * n;
  r->gap = r->score + 3 * n;
  return AUS_OK;
}

static void add_up(const aus_question *q, aus_attribution *r)
{
  for (int32_t i = 0; i < r->items; i++) {
    r->sum[i] = 0;
    for (int32_t k = 0; k < r->n; k++) {
      const int64_t count = aus_shape_count(&r->dims[k]), per = count / r->items;
      if (count % r->items) { r->sum[i] = NAN; break; }
      for (int64_t j = 0; j < per; j++) r->sum[i] += r->value[k][i * per + j];
    }
    /* (of groups, each feature shows its group's value: those do not add up) */
    if ((q->method->flags & AUS_METHOD_COMPLETE) && !q->config->no_inputs && !q->config->absolute && !q->config->mask) r->gap[i] = r->sum[i] - (r->score[i] - r->score_none[i]);
  }
}

/* ---- reading the question ----------------------------------------------------------------------------- */

static aus_status find_method(aus_question *q)
{
  const char *name = q->config->method ? q->config->method : "gradient";
  q->method = aus_method_find(name);
  if (!q->method) {
    char list[200] = "";
    for (int32_t i = 0; aus_method_at(i) && strlen(list) + 24 < sizeof list; i++)
      snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "", methods[i]->name);
    return aus_fail(q->ctx, AUS_EINVAL, "method '%.40s' is not known; there are %s", name, list);
  }
  if ((q->method->flags & AUS_METHOD_WHITE_BOX) && !q->a->bundle)
    return aus_fail(q->ctx, AUS_ENOTSUP, "%s needs a network that can be walked backwards; a black box can be asked with occlusion, rise, ablation or partitionshap", name);
  return AUS_OK;
}

static aus_status find_from(aus_question *q)
{
  const char *from = q->config->from;
  const aus_graph *g = q->a->bundle ? &q->a->bundle->graph : NULL;
  int32_t node;
  q->from = -1;
  if (!g) {
    if (from && strcmp(from, "output") != 0) return aus_fail(q->ctx, AUS_ENOTSUP, "a black box has no '%s', only its output", from);
    return AUS_OK;
  }
  q->from = g->output[0];
  if (from ? strcmp(from, "logits") == 0 : (q->method->flags & AUS_METHOD_LOGITS) != 0) q->from = aus_graph_logits(g, q->from, &node);
  else if (from && strcmp(from, "output") != 0) q->from = aus_graph_value_named(g, from);
  if (q->from < 0) return aus_attrib_no_value(q->a, "from", from);
  if (aus_graph_writer(g, q->from) < 0) return aus_fail(q->ctx, AUS_EINVAL, "nothing computes '%s': a score cannot be read there", g->value[q->from].name);
  return AUS_OK;
}

static aus_status find_layer(aus_question *q)
{
  const char *name = q->config->layer;
  q->layer = -1;
  if (!name) return q->method->flags & AUS_METHOD_LAYER ? aus_fail(q->ctx, AUS_EINVAL, "%s reads a layer: say which (--layer NAME)", q->method->name) : AUS_OK;
  if (!(q->method->flags & (AUS_METHOD_LAYER | AUS_METHOD_ANY_LAYER))) return aus_fail(q->ctx, AUS_ENOTSUP, "%s attributes to the input only: it takes no layer", q->method->name);
  q->layer = aus_graph_value_named(&q->a->bundle->graph, name);
  if (q->layer < 0) return aus_attrib_no_value(q->a, "layer", name);
  if (q->config->layer_input) q->layer = aus_graph_reads(&q->a->bundle->graph, q->layer);
  return AUS_OK;
}

static aus_status check_numbers(const aus_question *q)
{
  const aus_attrib *a = q->a;
  for (int32_t k = 0; k < a->n_inputs; k++)
    for (int64_t i = 0; i < a->count[k]; i++)
      if (!isfinite(q->x[a->offset[k] + i]))
        return aus_fail(q->ctx, AUS_EINVAL, "input %d holds %s at position %lld: nothing can be explained about it", k, isnan(q->x[a->offset[k] + i]) ? "NaN" : "an infinity", (long long)i);
  return AUS_OK;
}

/* Baselines as rows of items: [n][input 0's item, input 1's item, ...]. */
static aus_status read_baselines(aus_question *q, float **rows)
{
  const aus_attrib *a = q->a;
  const aus_attrib_config *c = q->config;
  const int64_t row = a->total / a->items;
  q->n_baselines = c->baseline && c->n_baselines > 0 ? c->n_baselines : 1;
  if (q->n_baselines != 1 && q->n_baselines != a->items && !(q->method->flags & AUS_METHOD_BACKGROUND))
    return aus_fail(q->ctx, AUS_EINVAL, "%lld baselines for %d items: %s takes one, or one per item", (long long)q->n_baselines, a->items, q->method->name);
  *rows = aus_alloc_zero(q->ctx, (size_t)q->n_baselines, (size_t)row * sizeof **rows);
  if (!*rows) return AUS_ENOMEM;
  int64_t at = 0;
  for (int32_t k = 0; c->baseline && k < a->n_inputs; k++) {
    const int64_t per = a->count[k] / a->items;
    for (int64_t r = 0; c->baseline[k] && r < q->n_baselines; r++) memcpy(*rows + r * row + at, c->baseline[k] + r * per, (size_t)per * sizeof **rows);
    at += per;
  }
  q->baselines = *rows;
  for (int64_t i = 0; i < q->n_baselines * row; i++)
    if (!isfinite((*rows)[i])) return aus_fail(q->ctx, AUS_EINVAL, "the baseline holds a value that is not a number");
  return AUS_OK;
}

/* The shape of the score, and which number of it is meant. */
static aus_status read_target(aus_question *q, aus_attribution *out)
{
  aus_attrib *a = q->a;
  q->from_dims = (aus_dims){ 2, { a->items, a->fn_targets } };
  q->per_item = a->fn_targets;
  q->target = out->target;
  for (int32_t i = 0; i < a->items; i++) out->target[i] = -1;
  const bool top = !q->config->target || strcmp(q->config->target, "top1") == 0;
  double *ignored = aus_alloc(q->ctx, (size_t)a->items, sizeof *ignored);
  float *scores = NULL;
  if (!ignored) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  if (a->bundle) {
    q->per_item = 0; /* scores are read once the run has said how many there are */
    status = aus_question_scores(q, q->x, ignored);
    const float *s = status == AUS_OK ? aus_run_value(a->plain, q->from, &q->from_dims) : NULL;
    const int64_t n = s ? aus_shape_count(&q->from_dims) : 0;
    if (s && n % a->items) status = aus_fail(q->ctx, AUS_EINVAL, "the score at '%s' has %lld numbers, which %d items do not share evenly", a->bundle->graph.value[q->from].name, (long long)n, a->items);
    q->per_item = n / a->items;
    if (status == AUS_OK && s) status = aus_attrib_read_target(q, q->config->target, s, out->target);
  } else {
    if (top) scores = aus_alloc(q->ctx, (size_t)a->items, (size_t)a->fn_targets * sizeof *scores);
    const float **in = aus_alloc(q->ctx, (size_t)a->n_inputs, sizeof *in);
    for (int32_t k = 0; in && k < a->n_inputs; k++) in[k] = q->x + a->offset[k];
    if (!in || (top && !scores)) status = AUS_ENOMEM;
    else if (top && a->fn(a->user, in, scores) != 0) status = aus_fail(q->ctx, AUS_EPEER, "the function that scores failed");
    if (status == AUS_OK) status = aus_attrib_read_target(q, q->config->target, scores, out->target);
    aus_free(q->ctx, in);
  }
  aus_free(q->ctx, scores);
  aus_free(q->ctx, ignored);
  return status;
}

static void say_from(const aus_question *q, aus_attribution *r)
{
  const aus_graph *g = q->a->bundle ? &q->a->bundle->graph : NULL;
  snprintf(r->from, sizeof r->from, "%s", g ? g->value[q->from].name : "output");
  if (g && !q->config->from && q->from != g->output[0]) aus_attribution_note(r, "the score is read at %s, before the last %s", r->from,
    g->output[0] >= 0 ? "softmax or sigmoid" : "");
}

static aus_status answer(aus_question *q, aus_attribution *out)
{
  aus_run *run;
  AUS_TRY(make_numbers(q, out));
  AUS_TRY(read_target(q, out));
  if (q->layer >= 0) AUS_TRY(aus_question_keep(q, 0, &run));
  if (q->layer >= 0 && !aus_run_value(run, q->layer, NULL)) return aus_fail(q->ctx, AUS_EINVAL, "layer '%s' is not computed in this network", q->config->layer);
  AUS_TRY(make_arrays(q, out, aus_alloc_zero(q->ctx, (size_t)aus_question_size(q), sizeof(float))));
  say_from(q, out);
  AUS_TRY(aus_question_scores(q, q->x, out->score));
  AUS_TRY(q->method->run(q, out));
  for (int32_t k = 0; q->config->absolute && k < out->n; k++)
    for (int64_t i = 0; i < aus_shape_count(&out->dims[k]); i++) out->value[k][i] = fabsf(out->value[k][i]);
  add_up(q, out);
  out->evaluations = q->a->evaluations;
  out->walks = q->a->walks;
  return AUS_OK;
}

static aus_status ask(aus_question *q, aus_attribution *out, float **rows)
{
  AUS_TRY(find_method(q));
  snprintf(out->method, sizeof out->method, "%s", q->method->name);
  AUS_TRY(find_from(q));
  AUS_TRY(find_layer(q));
  AUS_TRY(check_numbers(q));
  AUS_TRY(read_baselines(q, rows));
  return answer(q, out);
}

aus_status aus_attrib_run(aus_attrib *a, const float *const *x, const aus_attrib_config *config, aus_attribution *out)
{
  if (a->one) return aus_rows_run(a, x, config, out);
  float *block = aus_alloc(a->ctx, (size_t)a->total, sizeof *block), *rows = NULL;
  *out = (aus_attribution){ .ctx = a->ctx };
  if (!block) return AUS_ENOMEM;
  for (int32_t k = 0; k < a->n_inputs; k++) memcpy(block + a->offset[k], x[k], (size_t)a->count[k] * sizeof *block);
  aus_question q = { .a = a, .ctx = a->ctx, .config = config, .x = block };
  a->evaluations = a->walks = 0;
  const aus_status status = ask(&q, out, &rows);
  if (status != AUS_OK) aus_attribution_free(out);
  aus_free(a->ctx, rows);
  aus_free(a->ctx, block);
  return status;
}
