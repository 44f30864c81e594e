/* lrp_start.c - the relevance that a walk starts with (attribution.md 1.1). */
#include "attrib/lrp_node.h"

#include <math.h>
#include <string.h>

typedef struct item { const float *f; float *seed; int64_t n; int32_t target, other; } item;

/* -f_c times the softmax share of each of the others: what speaks against the target, as much as f_c speaks for it. */
static void contrast(const item *it)
{
  double most = -INFINITY, sum = 0;
  for (int64_t k = 0; k < it->n; k++) if (k != it->target && (double)it->f[k] > most) most = it->f[k];
  for (int64_t k = 0; k < it->n; k++) if (k != it->target) sum += exp((double)it->f[k] - most);
  for (int64_t k = 0; k < it->n; k++) if (k != it->target) it->seed[k] = (float)(-(double)it->f[it->target] * exp((double)it->f[k] - most) / sum);
}

static void start_item(const item *it, aus_lrp_start start)
{
  const float f = start == AUS_LRP_ALL ? 0 : it->f[it->target];
  memset(it->seed, 0, (size_t)it->n * sizeof *it->seed);
  switch (start) {
  case AUS_LRP_ONE: it->seed[it->target] = 1; return;
  case AUS_LRP_CONTRASTIVE: contrast(it); it->seed[it->target] = f; return;
  case AUS_LRP_DIFFERENCE: it->seed[it->other] = -it->f[it->other]; it->seed[it->target] += f; return;
  case AUS_LRP_ALL: memcpy(it->seed, it->f, (size_t)it->n * sizeof *it->seed); return;
  default: it->seed[it->target] = f; return;
  }
}

static aus_status check_target(aus_ctx *ctx, const char *what, int32_t target, int64_t n)
{
  if (target >= 0 && target < n) return AUS_OK;
  return aus_fail(ctx, AUS_EINVAL, "%s %d is out of range: relevance starts at one of %lld values, 0 to %lld", what, (int)target, (long long)n, (long long)n - 1);
}

aus_status aus_lrp_seed(aus_lrp *l, aus_walk *walk, aus_lrp_start start, const int32_t *target, const int32_t *other)
{
  aus_dims dims;
  float *seed = aus_walk_seed(walk, 0, &dims);
  const float *f = aus_run_value(l->run, l->from, NULL);
  const int64_t items = dims.rank > 1 ? dims.dim[0] : 1, each = aus_shape_count(&dims) / items;
  if (!seed || !f) return aus_fail(l->ctx, AUS_EINVAL, "the walk has no start");
  if ((start != AUS_LRP_ALL && !target) || (start == AUS_LRP_DIFFERENCE && !other)) return aus_fail(l->ctx, AUS_EINVAL, "relevance cannot start without a target");
  for (int64_t i = 0; i < items; i++) {
    const item it = { f + i * each, seed + i * each, each, start == AUS_LRP_ALL ? 0 : target[i], start == AUS_LRP_DIFFERENCE ? other[i] : 0 };
    AUS_TRY(check_target(l->ctx, "target", it.target, each));
    AUS_TRY(check_target(l->ctx, "the other target", it.other, each));
    start_item(&it, start);
  }
  return AUS_OK;
}
