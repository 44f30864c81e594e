/* field.c - asking about masks in chunks; groups of cells. */
#include "explain/field.h"

#include <string.h>

enum { CHUNK_BYTES = 1 << 23 };

aus_status aus_field_ask(aus_field *f, const char *phase, int64_t n, aus_mask_fn make, void *user, double *y)
{
  int64_t most = CHUNK_BYTES / (int64_t)sizeof(float) / (f->cells ? f->cells : 1);
  most = most < 1 ? 1 : most > n ? n : most;
  float *mask = aus_alloc(f->ctx, (size_t)(most > 0 ? most : 1), (size_t)f->cells * sizeof *mask);
  if (!mask) return AUS_ENOMEM;
  aus_status status = AUS_OK;
  for (int64_t i = 0; i < n && status == AUS_OK; i += most) {
    const int64_t k = n - i < most ? n - i : most;
    for (int64_t r = 0; r < k; r++) make(user, i + r, mask + r * f->cells);
    status = f->score(f, k, mask, y + i * f->labels);
    f->calls += k;
    if (status == AUS_OK && phase) status = aus_progress(f->ctx, phase, i + k, n);
  }
  aus_free(f->ctx, mask);
  return status;
}

struct ends { const aus_field *f; float first; };

static void make_end(void *user, int64_t row, float *mask)
{
  const struct ends *e = user;
  for (int64_t c = 0; c < e->f->cells; c++) mask[c] = row == 0 ? e->first : 0.0f;
}

aus_status aus_field_ends(aus_field *f, double *input, double *baseline)
{
  struct ends e = { f, input ? 1.0f : 0.0f };
  double *y = aus_alloc(f->ctx, 2 * (size_t)f->labels, sizeof *y);
  if (!y) return AUS_ENOMEM;
  const int64_t n = (input != NULL) + (baseline != NULL);
  const aus_status status = aus_field_ask(f, NULL, n, make_end, &e, y);
  if (status == AUS_OK && input) memcpy(input, y, (size_t)f->labels * sizeof *y);
  if (status == AUS_OK && baseline) memcpy(baseline, y + (n - 1) * f->labels, (size_t)f->labels * sizeof *y);
  aus_free(f->ctx, y);
  return status;
}

/* ---- groups ------------------------------------------------------------------------------------ */

static aus_status score_groups(aus_field *f, int64_t n, const float *mask, double *y)
{
  const aus_field_groups *g = f->user;
  aus_field *inner = g->inner;
  float *wide = aus_alloc(f->ctx, (size_t)n, (size_t)inner->cells * sizeof *wide);
  if (!wide) return AUS_ENOMEM;
  for (int64_t r = 0; r < n; r++)
    for (int64_t c = 0; c < inner->cells; c++) wide[r * inner->cells + c] = mask[r * f->cells + g->group[c]];
  const aus_status status = inner->score(inner, n, wide, y);
  inner->calls += n;
  aus_free(f->ctx, wide);
  return status;
}

aus_status aus_field_groups_make(aus_ctx *ctx, aus_field *inner, const int32_t *group, int32_t n, aus_field_groups *out)
{
  memset(out, 0, sizeof *out);
  if (n < 1) return aus_fail(ctx, AUS_EINVAL, "no feature groups");
  uint8_t *constant = aus_alloc(ctx, (size_t)n, 1);
  if (!constant) return AUS_ENOMEM;
  memset(constant, 2, (size_t)n); /* 2: not met yet */
  for (int64_t c = 0; c < inner->cells; c++) {
    const int32_t g = group[c];
    if (g < 0 || g >= n) {
      aus_free(ctx, constant);
      return aus_fail(ctx, AUS_EINVAL, "feature group %d is not one of 0 to %d", g, n - 1);
    }
    const uint8_t same = inner->constant ? inner->constant[c] : 0;
    constant[g] = constant[g] == 2 ? same : constant[g] & same;
  }
  for (int32_t g = 0; g < n; g++)
    if (constant[g] == 2) {
      aus_free(ctx, constant);
      return aus_fail(ctx, AUS_EINVAL, "feature groups must be numbered without gaps from 0: there is no %d below %d", g, n - 1);
    }
  *out = (aus_field_groups){ .inner = inner, .group = group, .constant = constant };
  out->field = (aus_field){ .ctx = ctx, .rank = 1, .dim = { n }, .cells = n, .labels = inner->labels, .constant = constant,
                            .score = score_groups, .user = out };
  return AUS_OK;
}

void aus_field_groups_free(aus_field_groups *f)
{
  if (f->field.ctx) aus_free(f->field.ctx, f->constant);
  memset(f, 0, sizeof *f);
}
