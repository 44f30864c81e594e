/* l2i_bench.h - a training graph of src/l2i on its own, with the parameters of tests/golden/make_l2i.py: for tests against torch. */
#ifndef AUS_TEST_L2I_BENCH_H
#define AUS_TEST_L2I_BENCH_H

#include "test.h"

#include "l2i/graph.h"
#include "nn/walk.h"
#include "tests/golden/l2i.h"
#include "train/optimiser.h"

/* ---- the numbers of tests/golden/make_l2i.py ----------------------------------------------------------- */

static inline float noise(uint32_t j, uint32_t salt)
{
  uint32_t h = j * 2654435761u + salt * 0x9E3779B9u;
  h ^= h >> 16;
  h *= 0x45D9F3Bu;
  h ^= h >> 16;
  return (float)(h >> 8) / 8388608.0f - 1;
}

static inline void signal_to(float *x, int64_t n, uint32_t salt, float scale, bool positive)
{
  for (int64_t i = 0; i < n; i++) {
    x[i] = noise((uint32_t)i, salt) * scale;
    if (positive && x[i] < 0) x[i] = 0;
  }
}

/* ---- a training graph, as src/l2i makes it -------------------------------------------------------- */

typedef struct bench {
  aus_ctx *ctx;
  void *bytes;
  aus_bundle *bundle;
  aus_run *run;
  aus_walk *walk;
  aus_param param[64];
  float *by_tensor[64], *numbers[64];
  int32_t n_params;
} bench;

/* The run keeps its values; from: where the walk starts (NULL: there is none). */
static inline void make_bench(bench *t, void (*graph)(aus_l2i_net *, const aus_l2i_spec *), const aus_l2i_spec *s, const aus_dims *d, const char *from)
{
  aus_builder *b;
  size_t size;
  assert_ok(t->ctx, aus_builder_create(t->ctx, &b));
  aus_l2i_net n = { .ctx = t->ctx, .b = b, .seed = 3 };
  graph(&n, s);
  assert_ok(t->ctx, aus_builder_finish(b, &t->bytes, &size));
  aus_builder_destroy(b);
  assert_ok(t->ctx, aus_bundle_open_memory(t->ctx, t->bytes, size, &t->bundle));
  t->n_params = aus_bundle_tensors(t->bundle);
  for (int32_t i = 0; i < t->n_params; i++) {
    const aus_tensor_info *info = &t->bundle->tensor[i];
    t->numbers[i] = aus_alloc_zero(t->ctx, (size_t)info->count, 3 * sizeof(float));
    assert_non_null(t->numbers[i]);
    t->param[i] = (aus_param){ .name = info->name, .tensor = i, .rank = info->rank, .count = info->count, .trained = strcmp(info->name, "dictionary.w") != 0,
                               .value = t->numbers[i], .first = t->numbers[i] + info->count, .second = t->numbers[i] + 2 * info->count };
    memcpy(t->numbers[i], aus_bundle_tensor_f32(t->bundle, i), (size_t)info->count * sizeof(float));
    t->by_tensor[i] = t->numbers[i];
  }
  assert_ok(t->ctx, aus_run_create_on(t->ctx, t->bundle, d, NULL, 0, AUS_RUN_KEEP, t->by_tensor, &t->run));
  if (from) assert_ok(t->ctx, aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = from, .params = true }, &t->walk));
  for (int32_t i = 0; from && i < t->n_params; i++) t->param[i].diff = aus_walk_param_diff(t->walk, i);
}

static inline void close_bench(bench *t)
{
  aus_walk_destroy(t->walk);
  aus_run_destroy(t->run);
  for (int32_t i = 0; i < t->n_params; i++) aus_free(t->ctx, t->numbers[i]);
  aus_bundle_close(t->bundle);
  aus_free(t->ctx, t->bytes);
}

static inline aus_param *param_of(bench *t, const char *name)
{
  for (int32_t i = 0; i < t->n_params; i++)
    if (strcmp(t->param[i].name, name) == 0) return &t->param[i];
  fail_msg("no parameter %s", name);
  return NULL;
}

/* Parameters in the order in which torch asked for them: noise times 1 / sqrt(fan_in). */
static inline void draw_params(bench *t, int32_t n, const golden_grad *grad)
{
  for (int32_t i = 0; i < n; i++) {
    aus_param *p = param_of(t, grad[i].name);
    double fan_in = 1;
    const char *dot = strrchr(p->name, '.');
    char weight[80];
    snprintf(weight, sizeof weight, "%.*s.weight", (int)(dot - p->name), p->name);
    const aus_tensor_info *w = &t->bundle->tensor[param_of(t, weight)->tensor];
    for (int32_t d = 1; d < w->rank; d++) fan_in *= (double)w->dim[d];
    const float bound = (float)(1 / sqrt(fan_in));
    for (int64_t j = 0; j < p->count; j++) p->value[j] = noise((uint32_t)j, 100 + (uint32_t)i) * bound;
  }
}

static inline void near_all(const char *what, int64_t n, const double *want, const float *got, double tolerance)
{
  double size = 0;
  for (int64_t i = 0; i < n; i++) size = fmax(size, fabs(want[i]));
  for (int64_t i = 0; i < n; i++)
    if (!(fabs((double)got[i] - want[i]) <= tolerance * size)) fail_msg("%s[%d]: %.9g, torch has %.9g", what, (int)i, (double)got[i], want[i]);
}

static inline void check_gradients(bench *t, int32_t n, const golden_grad *grad)
{
  for (int32_t i = 0; i < n; i++) {
    const golden_grad *want = &grad[i];
    const aus_param *p = param_of(t, want->name);
    double norm = 0, along[2] = { 0, 0 };
    assert_non_null(p->diff);
    for (int64_t j = 0; j < p->count; j++) {
      norm += (double)p->diff[j] * p->diff[j];
      for (uint32_t k = 0; k < 2; k++) along[k] += (double)p->diff[j] * (double)noise((uint32_t)j, 7 + k);
    }
    norm = sqrt(norm);
    const double rounding = 1e-8; /* theta.w.bias and explainer.4.bias move all that softmax sees alike: their gradient is 0 */
    if (!(fabs(norm - want->norm) <= 1e-4 * want->norm + rounding)) fail_msg("%s: the gradient's length is %.9g, torch has %.9g", p->name, norm, want->norm);
    for (int k = 0; k < 2; k++) /* along a random direction: the direction agrees, not only the length */
      if (!(fabs(along[k] - want->along[k]) <= 1e-4 * fmax(want->norm, fabs(want->along[k])) + rounding)) fail_msg("%s: along %d: %.9g, torch has %.9g", p->name, k, along[k], want->along[k]);
  }
}

#define COUNT(x) ((int32_t)(sizeof(x) / sizeof *(x)))

#endif
