/* lrp_start.c - the relevance that a walk starts with (attribution.md 1.1). */
#include "attrib/lrp_node.h"

#include <math.h>
#include <string.h>

/* -f_c times the softmax share of each of the others: what speaks against the target, as much as f_c speaks for it. */
static void contrast(int64_t n, const float *f, int32_t target, float *seed)
{
  double most = -INFINITY, sum = 0;
  for (int64_t k = 0; k < n; k++) if (k != target && (double)f[k] > most) most = f[k];
  for (int64_t k = 0; k < n; k++) if (k != target) sum += exp((double)f[k] - most);
  for (int64_t k = 0; k < n; k++) if (k != target) seed[k] = (float)(-(double)f[target] * exp((double)f[k] - most) / sum);
}

static aus_status check_target(aus_ctx *ctx, const char *what, int32_t target, int64_t n)
{
  if (target >= 0 && target < n) return AUS_OK;
  return aus_fail(ctx, AUS_EINVAL, "%s %d is out of range: relevance starts at one of %lld values, 0 to %lld", what, (int)target, (long long)n, (long long)n - 1);
}

static aus_status start_everywhere(aus_ctx *ctx, aus_lrp_start start, int64_t n, const float *f, float *seed)
{
  if (start == AUS_LRP_CONTRASTIVE || start == AUS_LRP_DIFFERENCE) return aus_fail(ctx, AUS_EINVAL, "a contrastive start and a difference need one target");
  for (int64_t k = 0; k < n; k++) seed[k] = start == AUS_LRP_ONE ? 1 : f[k];
  return AUS_OK;
}

aus_status aus_lrp_seed_item(aus_ctx *ctx, aus_lrp_start start, int64_t n, const float *f, int32_t target, int32_t other, float *seed)
{
  if (target == -1 || start == AUS_LRP_ALL) return start_everywhere(ctx, start, n, f, seed);
  AUS_TRY(check_target(ctx, "target", target, n));
  if (start == AUS_LRP_DIFFERENCE) AUS_TRY(check_target(ctx, "the other target", other, n));
  memset(seed, 0, (size_t)n * sizeof *seed);
  if (start == AUS_LRP_CONTRASTIVE) contrast(n, f, target, seed);
  if (start == AUS_LRP_DIFFERENCE) seed[other] = -f[other];
  seed[target] += start == AUS_LRP_ONE ? 1 : f[target];
  return AUS_OK;
}

aus_status aus_lrp_seed(aus_lrp *l, aus_walk *walk, aus_lrp_start start, const int32_t *target, const int32_t *other)
{
  aus_dims dims;
  float *seed = aus_walk_seed(walk, 0, &dims);
  const float *f = aus_run_value(l->run, l->from, NULL);
  const int64_t items = dims.rank > 1 ? dims.dim[0] : 1, each = aus_shape_count(&dims) / items;
  if (!seed || !f) return aus_fail(l->ctx, AUS_EINVAL, "the walk has no start");
  if ((start != AUS_LRP_ALL && !target) || (start == AUS_LRP_DIFFERENCE && !other)) return aus_fail(l->ctx, AUS_EINVAL, "relevance cannot start without a target");
  for (int64_t i = 0; i < items; i++)
    AUS_TRY(aus_lrp_seed_item(l->ctx, start, each, f + i * each, target ? target[i] : -1, other ? other[i] : -1, seed + i * each));
  return AUS_OK;
}

aus_lrp_start aus_lrp_rules_start(const aus_lrp *l, int32_t *other)
{
  *other = l->other;
  return l->start;
}
