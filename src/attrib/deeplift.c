/* deeplift.c - DeepLIFT [Shrikumar17] and DeepSHAP [Lundberg17]: contributions against a reference, in one way back.
 *
 *   C_i = m_i (x_i - r_i),   sum C_i = f(x) - f(r)
 *
 * Multipliers m come from one walk with the rules of deeplift_rules.c; DeepSHAP is their mean over a background set. The score
 * is read before a last softmax or sigmoid; before a softmax, the mean over the classes is taken from the target (only
 * differences of logits mean anything, and only those of one item: captum's mean goes over the batch too). */
#include "attrib/deeplift.h"
#include "attrib/names.h"

#include <stdio.h>
#include <string.h>

/* ---- rules as text ------------------------------------------------------------------------------------- */

static aus_status read_rule(aus_ctx *ctx, deeplift *d, const char *word, size_t n)
{
  static const struct { const char *name; deeplift_mode mode; } modes[] = {
    { "rescale", DEEPLIFT_RESCALE }, { "revealcancel", DEEPLIFT_REVEALCANCEL }, { "genomics", DEEPLIFT_GENOMICS }, { "gradient", DEEPLIFT_GRADIENT }
  };
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
    if (strlen(modes[i].name) == n && memcmp(modes[i].name, word, n) == 0) { d->mode = modes[i].mode; return AUS_OK; }
  if (n == 16 && memcmp(word, "maxpool=gradient", n) == 0) d->max_gradient = true;
  else if (n != 13 || memcmp(word, "maxpool=cross", n) != 0)
    return aus_fail(ctx, AUS_EINVAL, "rules '%.*s': DeepLIFT has rescale, revealcancel, genomics, gradient, maxpool=cross and maxpool=gradient", (int)(n < 60 ? n : 60), word);
  return AUS_OK;
}

static aus_status read_rules(aus_ctx *ctx, deeplift *d, const char *text)
{
  for (const char *p = text ? text : ""; *p;) {
    const size_t n = strcspn(p, ", ");
    if (n) AUS_TRY(read_rule(ctx, d, p, n));
    p += n + (p[n] != '\0');
  }
  d->lanes = d->mode == DEEPLIFT_REVEALCANCEL || d->mode == DEEPLIFT_GENOMICS ? 2 : 1;
  return AUS_OK;
}

/* ---- the start -------------------------------------------------------------------------------------------- */

typedef struct lifting {
  const aus_question *q;
  deeplift d;
  aus_walk *walk;
  aus_run *run, *ref;
  int32_t axis;         /* of the classes at `from` when the mean over them is taken off; -1 */
  float *base, *value, *other; /* [max of total, size] */
  double *sum, *score;  /* [size], [items] */
} lifting;

/* The classes of a softmax that was left out. */
static int32_t class_axis(const aus_question *q)
{
  const aus_graph *g = &q->a->bundle->graph;
  int32_t node;
  if (q->config->from || aus_graph_logits(g, g->output[0], &node) != q->from || q->from == g->output[0]) return -1;
  if (g->node[node].op == AUS_OP_sigmoid) return -1;
  const int32_t axis = g->node[node].n_attr ? g->word[g->node[node].attr].i : -1;
  return axis < 0 ? axis + q->from_dims.rank : axis;
}

typedef struct class_row { int64_t n, step, first; } class_row; /* the classes beside the target */

static class_row classes_of(const lifting *f, int32_t item)
{
  const aus_dims *d = &f->q->from_dims;
  const int64_t inner = aus_shape_count_range(d, f->axis + 1, d->rank), n = d->dim[f->axis], t = f->q->target[item];
  return (class_row){ n, inner, t / (n * inner) * (n * inner) + t % inner };
}

static double item_score(const lifting *f, const aus_run *run, int32_t item, double score)
{
  if (f->axis < 0 || f->q->target[item] < 0) return score;
  const float *s = aus_run_value(run, f->q->from, NULL) + item * f->q->per_item;
  const class_row c = classes_of(f, item);
  double mean = 0;
  for (int64_t k = 0; k < c.n; k++) mean += (double)s[c.first + k * c.step] / (double)c.n;
  return score - mean;
}

static void seed(lifting *f)
{
  float *s;
  aus_question_seed(f->q, f->walk, NULL);
  for (int32_t l = 0; f->axis >= 0 && (s = aus_walk_seed(f->walk, l, NULL)) != NULL; l++)
    for (int32_t i = 0; i < f->q->a->items; i++) {
      if (f->q->target[i] < 0) continue;
      const class_row c = classes_of(f, i);
      for (int64_t k = 0; k < c.n; k++) s[i * f->q->per_item + c.first + k * c.step] -= (float)(1.0 / (double)c.n);
    }
}

/* ---- one reference ------------------------------------------------------------------------------------------ */

/* The lane that goes with the way a number changed. */
static double multiplier(const lifting *f, int64_t i, double change)
{
  const double up = f->value[i], down = f->d.lanes > 1 ? (double)f->other[i] : up;
  return change > 0 ? up : change < 0 ? down : 0.5 * (up + down);
}

static void add_contributions(lifting *f, double weight)
{
  const aus_question *q = f->q;
  const int64_t n = aus_question_size(q);
  int64_t at = 0;
  for (int32_t k = 0; k < (q->layer < 0 ? q->a->n_inputs : 1); k++) {
    const int32_t v = q->layer < 0 ? q->a->bundle->graph.input[k] : q->layer;
    const int64_t count = q->layer < 0 ? q->a->count[k] : n;
    const float *x = aus_run_value(f->run, v, NULL), *r = aus_run_value(f->ref, v, NULL);
    for (int64_t i = 0; i < count; i++, at++) {
      const double change = (double)x[i] - (double)r[i], m = multiplier(f, at, change);
      f->sum[at] += weight * (q->config->no_inputs ? m : m * change);
    }
  }
}

static aus_status against(lifting *f, int64_t row, double weight, double *score_none)
{
  const aus_question *q = f->q;
  aus_question_baseline(q, row, f->base);
  AUS_TRY(aus_question_forward(q, f->ref, f->base));
  aus_question_read(q, f->ref, f->score);
  for (int32_t i = 0; i < q->a->items; i++) score_none[i] += weight * item_score(f, f->ref, i, f->score[i]);
  if (f->d.lanes > 1) AUS_TRY(deeplift_split(&f->d, f->run, f->ref));
  seed(f);
  AUS_TRY(aus_walk_run(f->walk));
  q->a->walks++;
  aus_question_collect(q, f->walk, 0, f->value);
  if (f->d.lanes > 1) aus_question_collect(q, f->walk, 1, f->other);
  add_contributions(f, weight);
  return AUS_OK;
}

static aus_status all_references(lifting *f, bool background, aus_attribution *out)
{
  const aus_question *q = f->q;
  const int64_t rows = background ? q->n_baselines : 1;
  AUS_TRY(aus_question_forward(q, f->run, q->x));
  aus_question_read(q, f->run, out->score);
  for (int32_t i = 0; i < q->a->items; i++) {
    out->score[i] = item_score(f, f->run, i, out->score[i]);
    out->score_none[i] = 0;
  }
  for (int64_t r = 0; r < rows; r++) {
    AUS_TRY(against(f, background ? r : -1, 1.0 / (double)rows, out->score_none));
    if (rows > 1) AUS_TRY(aus_progress(q->ctx, "references", r + 1, rows));
  }
  for (int64_t i = 0; i < aus_question_size(q); i++) out->value[0][i] = (float)f->sum[i];
  out->steps = rows;
  if (f->axis >= 0) aus_attribution_note(out, "less the mean over the classes");
  return AUS_OK;
}

/* ---- the method --------------------------------------------------------------------------------------------------- */

static aus_status prepare(lifting *f)
{
  const aus_question *q = f->q;
  AUS_TRY(read_rules(q->ctx, &f->d, q->config->rules));
  AUS_TRY(aus_question_keep(q, 0, &f->run));
  AUS_TRY(aus_question_keep(q, 1, &f->ref));
  f->d.n_steps = f->run->n_steps;
  f->d.parts = aus_alloc_zero(q->ctx, (size_t)f->d.n_steps, sizeof *f->d.parts);
  const int64_t size = aus_question_size(q), n = size > q->a->total ? size : q->a->total;
  f->base = aus_alloc(q->ctx, (size_t)n, 3 * sizeof *f->base);
  f->sum = aus_alloc_zero(q->ctx, (size_t)n, sizeof *f->sum);
  f->score = aus_alloc(q->ctx, (size_t)q->a->items, sizeof *f->score);
  if (!f->d.parts || !f->base || !f->sum || !f->score) return AUS_ENOMEM;
  f->value = f->base + n;
  f->other = f->base + 2 * n;
  f->axis = class_axis(q);
  deeplift_make_rules(&f->d);
  AUS_TRY(aus_question_walk(q, (aus_walk_config){ .lanes = f->d.lanes, .ref = f->ref, .rule_of = deeplift_rule_of, .user = &f->d }, &f->walk));
  if (f->d.refused >= 0)
    return aus_fail(q->ctx, AUS_ENOTSUP, "node '%.60s' (%s): DeepLIFT has no rule for it; ig and gradientshap explain such a network", q->a->bundle->graph.node[f->d.refused].name, f->d.refused_op);
  return AUS_OK;
}

static aus_status run(const aus_question *q, bool background, aus_attribution *out)
{
  lifting f = { .q = q, .d = { .ctx = q->ctx, .refused = -1 } };
  aus_status status = prepare(&f);
  if (status == AUS_OK) status = all_references(&f, background, out);
  deeplift_free_parts(&f.d);
  aus_free(q->ctx, f.score);
  aus_free(q->ctx, f.sum);
  aus_free(q->ctx, f.base);
  aus_walk_destroy(f.walk);
  return status;
}

static aus_status lift(const aus_question *q, aus_attribution *out) { return run(q, false, out); }
static aus_status shap(const aus_question *q, aus_attribution *out) { return run(q, true, out); }

enum { FLAGS = AUS_METHOD_WHITE_BOX | AUS_METHOD_LOGITS | AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE | AUS_METHOD_ANY_LAYER };

const aus_method aus_method_deeplift = { "deeplift", "relevance", "contributions against a reference (Rescale, RevealCancel)", FLAGS, lift };
const aus_method aus_method_deepshap = { "deepshap", "relevance", "DeepLIFT averaged over a background set", FLAGS | AUS_METHOD_BACKGROUND, shap };
