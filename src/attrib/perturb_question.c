/* perturb_question.c - perturbation as methods of attribution: the arrays of a network, or of any function.
 *
 * Cells are the numbers of one item; a mask is laid over all items of a batch at once and every item reads its own score, so
 * an item's answer does not depend on its company. Occlusion and RISE look at one input of the network at a time (the others stay as they are);
 * ablation and Shapley values play over the numbers of all inputs together, because groups may span inputs. */
#include "attrib/attrib.h"
#include "attrib/perturb.h"

#include <stdlib.h>
#include <string.h>

/* A field over the cells of one input, or of all (input -1). Labels are items. */
typedef struct asked {
  aus_field field;
  const aus_question *q;
  int32_t input;
  float *base, *block;     /* [total]: baselines of all items; what is asked about */
  uint8_t *constant;
} asked;

/* Cell c of the field: its input, and where its item 0 starts in a block. */
typedef struct place { int32_t input; int64_t first, per; } place;

static place next_place(const asked *a, int32_t k)
{
  return (place){ k, a->q->a->offset[k], aus_question_per_item(a->q, k) };
}

static void lay_mask(const asked *a, const float *mask)
{
  const aus_attrib *net = a->q->a;
  const float *x = a->q->x;
  memcpy(a->block, x, (size_t)net->total * sizeof *x);
  for (int32_t k = 0; k < net->n_inputs; k++) {
    if (a->input >= 0 && k != a->input) continue;
    const place p = next_place(a, k);
    for (int32_t i = 0; i < net->items; i++)
      for (int64_t c = 0; c < p.per; c++) {
        const int64_t at = p.first + i * p.per + c;
        const float m = mask[c];
        if (m != 1.0f) a->block[at] = m == 0.0f ? a->base[at] : a->base[at] + m * (x[at] - a->base[at]);
      }
    mask += p.per;
  }
}

static aus_status score_masks(aus_field *f, int64_t n, const float *mask, double *y)
{
  const asked *a = f->user;
  for (int64_t r = 0; r < n; r++) {
    lay_mask(a, mask + r * f->cells);
    AUS_TRY(aus_question_scores(a->q, a->block, y + r * f->labels));
  }
  return AUS_OK;
}

/* A cell is constant when no item differs from its baseline there. */
static void find_constant(asked *a)
{
  const aus_attrib *net = a->q->a;
  uint8_t *to = a->constant;
  for (int32_t k = 0; k < net->n_inputs; k++) {
    if (a->input >= 0 && k != a->input) continue;
    const place p = next_place(a, k);
    for (int64_t c = 0; c < p.per; c++) {
      to[c] = 1;
      for (int32_t i = 0; i < net->items; i++) to[c] &= a->q->x[p.first + i * p.per + c] == a->base[p.first + i * p.per + c];
    }
    to += p.per;
  }
}

static void close_field(asked *a)
{
  aus_free(a->q->ctx, a->base);
  aus_free(a->q->ctx, a->block);
  aus_free(a->q->ctx, a->constant);
}

/* The grid of an input: its shape without the axis of items. */
static void grid_of(const aus_question *q, int32_t k, aus_field *f)
{
  const aus_dims *d = &q->a->dims[k];
  const int32_t skip = d->rank > 1 && d->dim[0] == q->a->items;
  f->rank = d->rank - skip;
  for (int32_t i = 0; i < f->rank; i++) f->dim[i] = d->dim[i + skip];
  if (f->rank == 0) f->rank = 1, f->dim[0] = 1;
}

static aus_status open_field(const aus_question *q, int32_t input, asked *a)
{
  *a = (asked){ .q = q, .input = input, .field = { .ctx = q->ctx, .labels = q->a->items, .score = score_masks, .user = a } };
  if (input >= 0) grid_of(q, input, &a->field);
  for (int32_t k = 0; k < q->a->n_inputs; k++)
    if (input < 0 || k == input) a->field.cells += aus_question_per_item(q, k);
  if (input < 0) {
    a->field.rank = 1;
    a->field.dim[0] = a->field.cells;
    if (q->a->n_inputs == 1) grid_of(q, 0, &a->field);
  }
  a->base = aus_question_block(q);
  a->block = aus_question_block(q);
  a->constant = aus_alloc(q->ctx, (size_t)a->field.cells, 1);
  if (!a->base || !a->block || !a->constant) return AUS_ENOMEM;
  aus_question_baseline(q, -1, a->base);
  find_constant(a);
  a->field.constant = a->constant;
  return AUS_OK;
}

/* value[items][cells] into the result's arrays. group: which value a cell has, NULL: its own. */
static void put_values(const asked *a, const double *value, int64_t cells, const int32_t *group, aus_attribution *out)
{
  const aus_attrib *net = a->q->a;
  int64_t first = 0;
  for (int32_t k = 0; k < net->n_inputs; k++) {
    if (a->input >= 0 && k != a->input) continue;
    const int64_t per = aus_question_per_item(a->q, k);
    for (int32_t i = 0; i < net->items; i++)
      for (int64_t c = 0; c < per; c++) out->value[k][i * per + c] = (float)value[i * cells + (group ? group[first + c] : first + c)];
    first += per;
  }
}

/* f of the baselines, for those who compare with it. */
static aus_status put_score_none(const asked *a, aus_attribution *out)
{
  return aus_question_scores(a->q, a->base, out->score_none);
}

/* ---- windows ------------------------------------------------------------------------------------------ */

/* The k-th of a text's parts between commas, the last one for those beyond. */
static void part_of(const char *text, int32_t k, char part[128])
{
  size_t n = strcspn(text, ",");
  for (; k > 0 && text[n] == ','; k--, n = strcspn(text, ",")) text += n + 1;
  if (n > 127) n = 127;
  memcpy(part, text, n);
  part[n] = '\0';
}

/* "2x3": along the last axes; axes that it does not name keep what is there. */
static aus_status read_extent(aus_ctx *ctx, const char *what, const char *text, int32_t rank, int64_t *extent)
{
  int64_t number[AUS_FIELD_RANK];
  int32_t n = 0;
  for (const char *p = text; *p;) {
    char *end;
    const long long v = strtoll(p, &end, 10);
    if (end == p || v < 1 || n == AUS_FIELD_RANK || (*end && *end != 'x')) return aus_fail(ctx, AUS_EINVAL, "--%s %s: want numbers from 1 with x between them, e.g. 2x3", what, text);
    number[n++] = v;
    p = *end ? end + 1 : end;
  }
  if (n == 0 || n > rank) return aus_fail(ctx, AUS_EINVAL, "--%s %s: %d numbers; the input has %d axes", what, text, n, rank);
  for (int32_t d = 0; d < n; d++) extent[rank - n + d] = number[d];
  return AUS_OK;
}

/* Windows of one size ("2x3") for this input. Axes without a number: one step over all of it. */
static aus_status read_windows(const aus_question *q, const aus_field *f, int32_t input, const char *size, perturb_windows *w)
{
  char part[128];
  const aus_attrib_config *c = q->config;
  w->keep = c->keep != 0;
  for (int32_t d = 0; d < f->rank; d++) w->window[d] = f->dim[d], w->stride[d] = 1;
  AUS_TRY(read_extent(q->ctx, "window", size, f->rank, w->window));
  if (c->stride) {
    part_of(c->stride, input, part);
    AUS_TRY(read_extent(q->ctx, "stride", part, f->rank, w->stride));
  }
  return AUS_OK;
}

/* Sizes of a sweep stand between colons, "1:2:4"; the answer is the mean of their maps. */
static aus_status occlude_input(asked *a, int32_t input, double *value, double *one)
{
  char part[128];
  int32_t sizes = 0;
  const int64_t n = a->field.labels * a->field.cells;
  part_of(a->q->config->window ? a->q->config->window : "1", input, part);
  memset(value, 0, (size_t)n * sizeof *value);
  for (char *p = part, *end; p; p = end) {
    perturb_windows w;
    end = strchr(p, ':');
    if (end) *end++ = '\0';
    AUS_TRY(read_windows(a->q, &a->field, input, p, &w));
    AUS_TRY(perturb_occlusion(&a->field, &w, one));
    for (int64_t i = 0; i < n; i++) value[i] += one[i];
    sizes++;
  }
  for (int64_t i = 0; i < n; i++) value[i] /= sizes;
  return AUS_OK;
}

static aus_status rise_input(asked *a, aus_attribution *out, double *value)
{
  const aus_attrib_config *c = a->q->config;
  const perturb_rise_config config = { c->grid ? c->grid : 7, c->probability != 0 ? c->probability : 0.5, c->samples ? c->samples : 4000, false, c->seed };
  for (int32_t d = 0; a->input == 0 && d < a->field.rank; d++) {
    const int64_t length = a->field.dim[d];
    out->resolution.rank = a->field.rank;
    out->resolution.dim[d] = d < a->field.rank - 2 ? length : config.grid < length ? config.grid : length;
  }
  return perturb_rise(&a->field, &config, value, NULL);
}

/* One input after another. */
static aus_status input_by_input(const aus_question *q, aus_attribution *out, bool rise)
{
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < q->a->n_inputs && status == AUS_OK; k++) {
    asked a;
    status = open_field(q, k, &a);
    const size_t n = (size_t)a.field.labels * (size_t)a.field.cells;
    double *value = aus_alloc(q->ctx, 2 * n, sizeof *value);
    if (status == AUS_OK && !value) status = AUS_ENOMEM;
    if (status == AUS_OK) status = rise ? rise_input(&a, out, value) : occlude_input(&a, k, value, value + n);
    if (status == AUS_OK) put_values(&a, value, a.field.cells, NULL, out);
    if (status == AUS_OK && k == 0) status = put_score_none(&a, out);
    aus_free(q->ctx, value);
    close_field(&a);
  }
  return status;
}

static aus_status run_occlusion(const aus_question *q, aus_attribution *out) { return input_by_input(q, out, false); }
static aus_status run_rise(const aus_question *q, aus_attribution *out) { return input_by_input(q, out, true); }

/* ---- groups --------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Whatever numbers name the groups, group[cells] counts them from 0 in rising order; *n says how many. */
static aus_status number_groups(const aus_question *q, int64_t cells, int32_t *group, int32_t *n)
{
  float *name = aus_alloc(q->ctx, 2 * (size_t)cells, sizeof *name), *sorted = name + cells;
  if (!name) return AUS_ENOMEM;
  int64_t at = 0, distinct = 0;
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < q->a->n_inputs && status == AUS_OK; k++) {
    const int64_t per = aus_question_per_item(q, k);
    if (!q->config->mask[k]) status = aus_fail(q->ctx, AUS_EINVAL, "input %d has no mask of feature groups: give one for every input, or none", k);
    else memcpy(name + at, q->config->mask[k], (size_t)per * sizeof *name);
    at += per;
  }
  if (status == AUS_OK) {
    memcpy(sorted, name, (size_t)cells * sizeof *name);
    qsort(sorted, (size_t)cells, sizeof *sorted, ascending);
    for (int64_t i = 0; i < cells; i++)
      if (i == 0 || sorted[i] != sorted[distinct - 1]) sorted[distinct++] = sorted[i];
    for (int64_t i = 0; i < cells; i++)
      group[i] = (int32_t)((const float *)bsearch(&name[i], sorted, (size_t)distinct, sizeof *sorted, ascending) - sorted);
  }
  *n = (int32_t)distinct;
  aus_free(q->ctx, name);
  return status;
}

/* A method over cells or groups: fills value[labels][cells of f]. */
typedef aus_status (*over_fn)(const aus_question *q, aus_field *f, double *value);

static aus_status over_groups(const aus_question *q, asked *a, over_fn method, aus_attribution *out)
{
  aus_field_groups g = { .inner = NULL };
  int32_t n = 0, *group = aus_alloc(q->ctx, (size_t)a->field.cells, sizeof *group);
  double *value = aus_alloc(q->ctx, (size_t)(a->field.cells * a->field.labels), sizeof *value);
  aus_status status = group && value ? number_groups(q, a->field.cells, group, &n) : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_field_groups_make(q->ctx, &a->field, group, n, &g);
  if (status == AUS_OK) status = method(q, &g.field, value);
  if (status == AUS_OK) put_values(a, value, n, group, out);
  aus_field_groups_free(&g);
  aus_free(q->ctx, group);
  aus_free(q->ctx, value);
  return status;
}

static aus_status over_cells(const aus_question *q, asked *a, over_fn method, aus_attribution *out)
{
  double *value = aus_alloc(q->ctx, (size_t)(a->field.cells * a->field.labels), sizeof *value);
  const aus_status status = value ? method(q, &a->field, value) : AUS_ENOMEM;
  if (status == AUS_OK) put_values(a, value, a->field.cells, NULL, out);
  aus_free(q->ctx, value);
  return status;
}

static aus_status over(const aus_question *q, over_fn method, aus_attribution *out)
{
  asked a;
  aus_status status = open_field(q, -1, &a);
  if (status == AUS_OK) status = q->config->mask ? over_groups(q, &a, method, out) : over_cells(q, &a, method, out);
  if (status == AUS_OK) status = put_score_none(&a, out);
  close_field(&a);
  return status;
}

static aus_status ablate(const aus_question *q, aus_field *f, double *value)
{
  (void)q;
  return perturb_ablation(f, value);
}
static aus_status shapley(const aus_question *q, aus_field *f, perturb_shapley_way way, double *value)
{
  const perturb_shapley_config config = { way, q->config->samples, q->config->seed };
  return perturb_shapley(f, &config, value, NULL);
}
static aus_status exact(const aus_question *q, aus_field *f, double *value) { return shapley(q, f, PERTURB_EXACT, value); }
static aus_status kernel(const aus_question *q, aus_field *f, double *value) { return shapley(q, f, PERTURB_KERNEL, value); }
static aus_status permuted(const aus_question *q, aus_field *f, double *value) { return shapley(q, f, PERTURB_PERMUTATION, value); }

static aus_status tree_of(const aus_question *q, aus_field *f, perturb_tree *tree)
{
  const aus_attrib_config *c = q->config;
  if (!c->tree) return perturb_tree_of_grid(f, tree);
  if (c->n_tree != f->cells - 1)
    return aus_fail(q->ctx, AUS_EINVAL, "the tree has %lld joins; %lld features need %lld", (long long)c->n_tree, (long long)f->cells, (long long)f->cells - 1);
  int32_t (*join)[2] = aus_alloc(q->ctx, (size_t)f->cells, sizeof *join);
  if (!join) return AUS_ENOMEM;
  for (int64_t i = 0; i < c->n_tree; i++)
    for (int s = 0; s < 2; s++) join[i][s] = c->tree[2 * i + s] >= 0 && c->tree[2 * i + s] < 2e9f ? (int32_t)c->tree[2 * i + s] : -1;
  const aus_status status = perturb_tree_of_joins(q->ctx, (int32_t)f->cells, (const int32_t (*)[2])join, tree);
  aus_free(q->ctx, join);
  return status;
}

static aus_status owen(const aus_question *q, aus_field *f, double *value)
{
  perturb_tree tree = { 0 };
  const perturb_owen_config config = { q->config->samples ? q->config->samples : 500, -1 };
  aus_status status = tree_of(q, f, &tree);
  if (status == AUS_OK) status = perturb_owen(f, &tree, &config, value);
  perturb_tree_free(q->ctx, &tree);
  return status;
}

static aus_status run_ablation(const aus_question *q, aus_attribution *out) { return over(q, ablate, out); }
static aus_status run_shapley(const aus_question *q, aus_attribution *out) { return over(q, exact, out); }
static aus_status run_kernel(const aus_question *q, aus_attribution *out) { return over(q, kernel, out); }
static aus_status run_permuted(const aus_question *q, aus_attribution *out) { return over(q, permuted, out); }
static aus_status run_owen(const aus_question *q, aus_attribution *out) { return over(q, owen, out); }

/* ---- permutation of a feature over the items ------------------------------------------------------------------ */

/* order[n]: a random order that is not the one from 0. */
static void shuffle(uint64_t seed, uint64_t draw, int32_t n, int32_t *order)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, draw);
  for (bool same = true; same;) {
    for (int32_t i = 0; i < n; i++) {
      const int32_t j = (int32_t)aus_rng_below(&rng, (uint64_t)i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    for (int32_t i = 0; i < n; i++) same = same && order[i] == i;
  }
}

/* Every item takes group g of another item. */
static void exchange(const asked *a, const int32_t *group, int32_t g, const int32_t *order)
{
  const aus_attrib *net = a->q->a;
  int64_t first = 0;
  memcpy(a->block, a->q->x, (size_t)net->total * sizeof(float));
  for (int32_t k = 0; k < net->n_inputs; k++) {
    const place p = next_place(a, k);
    for (int64_t c = 0; c < p.per; c++)
      for (int32_t i = 0; (group ? group[first + c] : first + c) == g && i < net->items; i++)
        a->block[p.first + i * p.per + c] = a->q->x[p.first + order[i] * p.per + c];
    first += p.per;
  }
}

static aus_status exchange_all(asked *a, const int32_t *group, int32_t n, double *value)
{
  const aus_question *q = a->q;
  const int32_t items = q->a->items, draws = q->config->samples ? (int32_t)q->config->samples : 10;
  int32_t *order = aus_alloc(q->ctx, (size_t)items, sizeof *order);
  double *y = aus_alloc(q->ctx, 2 * (size_t)items, sizeof *y);
  aus_status status = order && y ? aus_question_scores(q, q->x, y + items) : AUS_ENOMEM;
  for (int32_t g = 0; g < n && status == AUS_OK; g++)
    for (int32_t d = 0; d < draws && status == AUS_OK; d++) {
      shuffle(q->config->seed, (uint64_t)d, items, order);
      exchange(a, group, g, order);
      status = aus_question_scores(q, a->block, y);
      for (int32_t i = 0; i < items; i++) value[(int64_t)i * n + g] += (y[items + i] - y[i]) / draws;
    }
  aus_free(q->ctx, order);
  aus_free(q->ctx, y);
  return status;
}

static aus_status run_featurepermutation(const aus_question *q, aus_attribution *out)
{
  asked a;
  if (q->a->items < 2) return aus_fail(q->ctx, AUS_EINVAL, "featurepermutation exchanges features between items: give a batch of two or more");
  aus_status status = open_field(q, -1, &a);
  int32_t n = (int32_t)a.field.cells, *group = aus_alloc(q->ctx, (size_t)a.field.cells, sizeof *group);
  double *value = aus_alloc_zero(q->ctx, (size_t)(a.field.cells * a.field.labels), sizeof *value);
  if (status == AUS_OK && (!group || !value)) status = AUS_ENOMEM;
  if (status == AUS_OK && q->config->mask) status = number_groups(q, a.field.cells, group, &n);
  if (status == AUS_OK) status = exchange_all(&a, q->config->mask ? group : NULL, n, value);
  if (status == AUS_OK) put_values(&a, value, n, q->config->mask ? group : NULL, out);
  aus_free(q->ctx, group);
  aus_free(q->ctx, value);
  close_field(&a);
  return status;
}

/* ---- rows of methods.def ---------------------------------------------------------------------------------------- */

const aus_method aus_method_occlusion = { "occlusion", "perturbation", "drop of the score as a window hides parts", AUS_METHOD_BASELINE, run_occlusion };
const aus_method aus_method_ablation = { "ablation", "perturbation", "drop of the score without each feature or group", AUS_METHOD_BASELINE, run_ablation };
const aus_method aus_method_featurepermutation = { "featurepermutation", "perturbation", "drop of the score with a feature taken from another item of the batch", 0, run_featurepermutation };
const aus_method aus_method_rise = { "rise", "perturbation", "mean score over random masks that leave a number on", AUS_METHOD_BASELINE, run_rise };
const aus_method aus_method_partitionshap = { "partitionshap", "perturbation", "Owen values along a tree of halves, or a given one", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_owen };
const aus_method aus_method_shapley = { "shapley", "perturbation", "exact Shapley values of at most 20 features or groups", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_shapley };
const aus_method aus_method_kernelshap = { "kernelshap", "perturbation", "Shapley values by weighted regression on random coalitions", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_kernel };
const aus_method aus_method_permutationshap = { "permutationshap", "perturbation", "Shapley values by random orders and their reverses", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_permuted };
