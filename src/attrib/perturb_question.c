/* perturb_question.c - ablation and Shapley values as methods of attribution: over the numbers of all inputs together, because
 * groups may span inputs. */
#include "attrib/perturb_asked.h"

#include <string.h>

typedef aus_status (*over_fn)(const aus_question *q, aus_field *f, double *value);

static aus_status over_groups(const aus_question *q, perturb_asked *a, over_fn method, aus_attribution *out)
{
  aus_field_groups g = { .inner = NULL };
  int32_t n = 0, *group = aus_alloc(q->ctx, (size_t)a->field.cells, sizeof *group);
  double *value = aus_alloc(q->ctx, (size_t)(a->field.cells * a->field.labels), sizeof *value);
  aus_status status = group && value ? perturb_groups(q, a->field.cells, group, &n) : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_field_groups_make(q->ctx, &a->field, group, n, &g);
  if (status == AUS_OK) status = method(q, &g.field, value);
  if (status == AUS_OK) perturb_put(a, value, n, group, out);
  aus_field_groups_free(&g);
  aus_free(q->ctx, group);
  aus_free(q->ctx, value);
  return status;
}

static aus_status over_cells(const aus_question *q, perturb_asked *a, over_fn method, aus_attribution *out)
{
  double *value = aus_alloc(q->ctx, (size_t)(a->field.cells * a->field.labels), sizeof *value);
  const aus_status status = value ? method(q, &a->field, value) : AUS_ENOMEM;
  if (status == AUS_OK) perturb_put(a, value, a->field.cells, NULL, out);
  aus_free(q->ctx, value);
  return status;
}

static aus_status over(const aus_question *q, over_fn method, aus_attribution *out)
{
  perturb_asked a;
  aus_status status = perturb_open(q, -1, &a);
  if (status == AUS_OK) status = q->config->mask ? over_groups(q, &a, method, out) : over_cells(q, &a, method, out);
  if (status == AUS_OK) status = perturb_put_none(&a, out);
  perturb_close(&a);
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

const aus_method aus_method_ablation = { "ablation", "perturbation", "drop of the score without each feature or group", AUS_METHOD_BASELINE, run_ablation };
const aus_method aus_method_partitionshap = { "partitionshap", "perturbation", "Owen values along a tree of halves, or a given one", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_owen };
const aus_method aus_method_shapley = { "shapley", "perturbation", "exact Shapley values of at most 20 features or groups", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_shapley };
const aus_method aus_method_kernelshap = { "kernelshap", "perturbation", "Shapley values by weighted regression on random coalitions", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_kernel };
const aus_method aus_method_permutationshap = { "permutationshap", "perturbation", "Shapley values by random orders and their reverses", AUS_METHOD_BASELINE | AUS_METHOD_COMPLETE, run_permuted };
