/* upsample.c - a layer's map enlarged to the input. The true resolution is that of the layer; enlarging adds none. */
#include "attrib/cam.h"

#include <math.h>
#include <string.h>

bool aus_wants_linear(const aus_question *q, bool fallback)
{
  return q->config->interpolate ? strcmp(q->config->interpolate, "linear") == 0 : fallback;
}

/* Where output i of n lies among m cells: cell *a and, *w of the way, its neighbour *b. */
static void cell_of(int64_t i, int64_t n, int64_t m, bool linear, int64_t *a, int64_t *b, double *w)
{
  *w = 0;
  *a = *b = i * m / n;
  if (!linear) return;
  double at = ((double)i + 0.5) * (double)m / (double)n - 0.5;
  if (at < 0) at = 0;
  *a = (int64_t)at;
  *b = *a + 1 < m ? *a + 1 : *a;
  *w = at - (double)*a;
}

/* One axis: from[outer][m][inner] -> to[outer][n][inner]. */
static void stretch_axis(int64_t outer, int64_t m, int64_t n, int64_t inner, bool linear, const float *from, float *to)
{
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < n; i++) {
      int64_t a, b;
      double w;
      cell_of(i, n, m, linear, &a, &b, &w);
      const float *fa = from + (o * m + a) * inner, *fb = from + (o * m + b) * inner;
      float *t = to + (o * n + i) * inner;
      for (int64_t k = 0; k < inner; k++) t[k] = w > 0 ? (float)((1 - w) * (double)fa[k] + w * (double)fb[k]) : fa[k];
    }
}

/* A layer that runs along one axis only, which is not the input's last: the other axes repeat it. */
static aus_status along_axis(const aus_question *q, const aus_planes *p, const float *map, const aus_dims *dims, int32_t skip, int32_t axis, bool linear, float *to)
{
  const int64_t n = dims->dim[axis], inner = aus_shape_count_range(dims, axis + 1, dims->rank), outer = aus_shape_count_range(dims, skip, axis);
  float *line = aus_alloc(q->ctx, (size_t)n, sizeof *line);
  if (!line) return AUS_ENOMEM;
  stretch_axis(1, p->dim[0], n, 1, linear, map, line);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = 0; k < inner; k++) to[(o * n + i) * inner + k] = line[i];
  aus_free(q->ctx, line);
  return AUS_OK;
}

aus_status aus_upsample(const aus_question *q, const aus_planes *p, const float *map, const aus_dims *dims, int32_t skip, bool linear, float *to)
{
  const int32_t first = dims->rank - p->rank;
  if (first < skip) return aus_fail(q->ctx, AUS_EINVAL, "the layer has %d axes of space, the input only %d: its map cannot be laid over the input", p->rank, dims->rank - skip);
  if (p->rank == 1 && q->config->time_axis >= skip && q->config->time_axis < dims->rank - 1 && q->config->time_axis > 0)
    return along_axis(q, p, map, dims, skip, q->config->time_axis, linear, to);
  int64_t total = 1, copies = 1, inner = 1, room = 1;
  for (int32_t d = skip; d < dims->rank; d++) total *= dims->dim[d];
  for (int32_t d = skip; d < first; d++) copies *= dims->dim[d];
  for (int32_t d = 0; d < p->rank; d++) room *= p->dim[d] > dims->dim[first + d] ? p->dim[d] : dims->dim[first + d];
  float *a = aus_alloc(q->ctx, (size_t)room, sizeof *a), *b = aus_alloc(q->ctx, (size_t)room, sizeof *b);
  const aus_status status = a && b ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    memcpy(a, map, (size_t)p->cells * sizeof *a);
    for (int32_t d = p->rank - 1; d >= 0; d--) { /* axes behind d are enlarged already */
      int64_t outer = 1;
      for (int32_t e = 0; e < d; e++) outer *= p->dim[e];
      stretch_axis(outer, p->dim[d], dims->dim[first + d], inner, linear, a, b);
      inner *= dims->dim[first + d];
      float *swap = a;
      a = b;
      b = swap;
    }
    for (int64_t c = 0; c < copies; c++) memcpy(to + c * (total / copies), a, (size_t)(total / copies) * sizeof *to);
  }
  aus_free(q->ctx, a);
  aus_free(q->ctx, b);
  return status;
}
