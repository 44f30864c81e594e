/* perturb_occlusion.c - slide a window over the input, replace what is under it [Zeiler14].
 *
 *     value_i = mean over the windows w that cover i of f(x) - f(x with w replaced)
 *
 * Along an axis of length n a window of length k at stride s stands at 0, s, 2s, ..., ceil((n - k) / s) s; the last one is cut
 * where the input ends, so every cell is covered unless the stride is longer than the window. Ablation is a window of one cell (or group). Neither
 * is complete: two cells that only work together each get all of the drop. */
#include "attrib/perturb.h"

#include <string.h>

static int64_t steps(int64_t length, int64_t window, int64_t stride) { return (length - window + stride - 1) / stride + 1; }

int64_t perturb_window_count(const aus_field *f, const perturb_windows *w)
{
  int64_t n = 1;
  for (int32_t d = 0; d < f->rank; d++) n *= steps(f->dim[d], w->window[d], w->stride[d]);
  return n;
}

typedef struct box { int64_t from[AUS_FIELD_RANK], to[AUS_FIELD_RANK]; } box;

static box window_at(const aus_field *f, const perturb_windows *w, int64_t number)
{
  box b;
  for (int32_t d = f->rank - 1; d >= 0; d--) {
    const int64_t n = steps(f->dim[d], w->window[d], w->stride[d]);
    b.from[d] = number % n * w->stride[d];
    b.to[d] = b.from[d] + w->window[d] < f->dim[d] ? b.from[d] + w->window[d] : f->dim[d];
    number /= n;
  }
  return b;
}

/* The next cell of a box in row-major order; at[] starts at from. */
static bool next_cell(const aus_field *f, const box *b, int64_t *at)
{
  for (int32_t d = f->rank - 1; d >= 0; d--) {
    if (++at[d] < b->to[d]) return true;
    at[d] = b->from[d];
  }
  return false;
}

static int64_t cell_at(const aus_field *f, const int64_t *at)
{
  int64_t i = 0;
  for (int32_t d = 0; d < f->rank; d++) i = i * f->dim[d] + at[d];
  return i;
}

static bool is_empty(const aus_field *f, const box *b)
{
  for (int32_t d = 0; d < f->rank; d++)
    if (b->from[d] >= b->to[d]) return true;
  return false;
}

struct slide { const aus_field *f; const perturb_windows *w; };

/* Row 0 is the whole input, row r the window r - 1. */
static void make_window(void *user, int64_t row, float *mask)
{
  const struct slide *s = user;
  const float inside = s->w->keep ? 1.0f : 0.0f;
  for (int64_t i = 0; i < s->f->cells; i++) mask[i] = row == 0 ? 1.0f : 1.0f - inside;
  if (row == 0) return;
  const box b = window_at(s->f, s->w, row - 1);
  if (is_empty(s->f, &b)) return;
  int64_t at[AUS_FIELD_RANK];
  memcpy(at, b.from, sizeof at);
  do mask[cell_at(s->f, at)] = inside;
  while (next_cell(s->f, &b, at));
}

/* Spreads each window's answer over its cells, then divides by how many windows a cell has. */
static void spread(const aus_field *f, const perturb_windows *w, int64_t n, const double *y, double *value, int64_t *cover)
{
  for (int64_t r = 0; r < n; r++) {
    const box b = window_at(f, w, r);
    if (is_empty(f, &b)) continue;
    int64_t at[AUS_FIELD_RANK];
    memcpy(at, b.from, sizeof at);
    do {
      const int64_t cell = cell_at(f, at);
      cover[cell]++;
      for (int32_t k = 0; k < f->labels; k++)
        value[k * f->cells + cell] += w->keep ? y[(r + 1) * f->labels + k] : y[k] - y[(r + 1) * f->labels + k];
    } while (next_cell(f, &b, at));
  }
  for (int64_t i = 0; i < f->labels * f->cells; i++)
    if (cover[i % f->cells] > 1) value[i] /= (double)cover[i % f->cells];
}

static aus_status check(const aus_field *f, const perturb_windows *w)
{
  for (int32_t d = 0; d < f->rank; d++) {
    if (w->window[d] < 1 || w->stride[d] < 1)
      return aus_fail(f->ctx, AUS_EINVAL, "occlusion windows and strides must be at least 1 (axis %d: %lld, %lld)", d, (long long)w->window[d], (long long)w->stride[d]);
    if (w->window[d] > f->dim[d])
      return aus_fail(f->ctx, AUS_EINVAL, "an occlusion window of %lld does not fit axis %d, which has %lld", (long long)w->window[d], d, (long long)f->dim[d]);
    if (w->stride[d] > w->window[d])
      return aus_fail(f->ctx, AUS_EINVAL, "a stride of %lld leaves gaps between windows of %lld: choose a stride of at most the window", (long long)w->stride[d], (long long)w->window[d]);
  }
  return AUS_OK;
}

aus_status perturb_occlusion(aus_field *f, const perturb_windows *w, double *value)
{
  AUS_TRY(check(f, w));
  const int64_t n = perturb_window_count(f, w);
  double *y = aus_alloc(f->ctx, (size_t)n + 1, (size_t)f->labels * sizeof *y);
  int64_t *cover = aus_alloc_zero(f->ctx, (size_t)f->cells, sizeof *cover);
  struct slide s = { f, w };
  aus_status status = y && cover ? aus_field_ask(f, "occluding", n + 1, make_window, &s, y) : AUS_ENOMEM;
  memset(value, 0, (size_t)(f->labels * f->cells) * sizeof *value);
  if (status == AUS_OK) spread(f, w, n, y, value, cover);
  aus_free(f->ctx, cover);
  aus_free(f->ctx, y);
  return status;
}

/* ---- ablation ------------------------------------------------------------------------------------ */

struct ablate { const aus_field *f; const int64_t *cell; };

static void make_ablated(void *user, int64_t row, float *mask)
{
  const struct ablate *a = user;
  for (int64_t i = 0; i < a->f->cells; i++) mask[i] = 1.0f;
  if (row > 0) mask[a->cell[row - 1]] = 0.0f;
}

aus_status perturb_ablation(aus_field *f, double *value)
{
  int64_t n = 0, *cell = aus_alloc(f->ctx, (size_t)f->cells, sizeof *cell);
  double *y = aus_alloc(f->ctx, (size_t)f->cells + 1, (size_t)f->labels * sizeof *y);
  for (int64_t i = 0; cell && i < f->cells; i++)
    if (!f->constant || !f->constant[i]) cell[n++] = i;
  struct ablate a = { f, cell };
  const aus_status status = y && cell ? aus_field_ask(f, "ablating", n + 1, make_ablated, &a, y) : AUS_ENOMEM;
  memset(value, 0, (size_t)(f->labels * f->cells) * sizeof *value);
  for (int64_t r = 0; r < n && status == AUS_OK; r++)
    for (int32_t k = 0; k < f->labels; k++) value[k * f->cells + cell[r]] = y[k] - y[(r + 1) * f->labels + k];
  aus_free(f->ctx, y);
  aus_free(f->ctx, cell);
  return status;
}
