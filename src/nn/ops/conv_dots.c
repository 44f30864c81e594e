/* conv_dots.c - the weights' diff of a convolution whose groups have a channel or two (depthwise).
 *
 *   diff[oc][ic][r][q] = sum over items of dot(diff_dst plane oc, src plane ic moved by (r, q))
 *
 * There are no channels to fill a tile with (conv_weights.c), but planes are long. Both are copied to the same row pitch, src
 * with its padding and diff_dst with zeros between its rows, so that a kernel position is one dot product over the whole
 * plane. A task has whole groups and adds items in order, in double. */
#include "nn/ops/conv.h"

#include <string.h>

typedef struct dots {
  const struct aus_kernels *kernels;
  const aus_conv *c;
  const int32_t *offset;
  const float *wide, *narrow;
  float *diff, *area;
  int64_t area_floats, image, spread; /* per worker; of a plane of src, of diff_dst */
} dots;


bool aus_conv_dots_suit(const aus_conv *c) { return c->ocg <= 2 && c->icg <= 2 && c->kh * c->kw <= 256 && c->kw * c->icg < 16; }

/* The description with a copy even where src would do, so that rows have one pitch. */
static dots plan(const aus_ctx *ctx, const aus_conv *c)
{
  dots j = { .kernels = ctx->kernels, .c = c };
  j.image = lines(c->plane);
  j.spread = lines((c->oh - 1) * c->walk_y + c->ow);
  j.area_floats = c->icg * j.image + c->ocg * j.spread + 4 * 256 * (int64_t)(sizeof(double) / sizeof(float));
  return j;
}

static int64_t table_floats(const aus_conv *c) { return lines(c->icg * c->kh * c->kw); }

size_t aus_conv_dots_scratch(const aus_ctx *ctx, const aus_conv *c)
{
  const dots j = plan(ctx, c);
  return (size_t)(table_floats(c) + ctx->threads * j.area_floats) * sizeof(float);
}

static void spread_plane(const aus_conv *c, const float *from, int64_t floats, float *to)
{
  memset(to, 0, (size_t)floats * sizeof *to);
  for (int64_t y = 0; y < c->oh; y++) memcpy(to + y * c->walk_y, from + y * c->ow, (size_t)c->ow * sizeof *to);
}

/* One item's part of group g. */
static void add_item(const dots *j, int64_t item, int64_t g, float *image, float *spread, double *sum)
{
  const aus_conv *c = j->c;
  const int64_t kernel = c->kh * c->kw, n = (c->oh - 1) * c->walk_y + c->ow, at = item * c->groups + g;
  for (int64_t i = 0; i < c->icg; i++) {
    const float *src = j->wide + (at * c->icg + i) * c->ih * c->iw;
    if (c->copied) aus_conv_copy_plane(j->kernels, c, src, image + i * c->plane);
    else memcpy(image + i * c->plane, src, (size_t)c->plane * sizeof *image);
  }
  for (int64_t o = 0; o < c->ocg; o++) spread_plane(c, j->narrow + (at * c->ocg + o) * c->oh * c->ow, j->spread, spread + o * j->spread);
  for (int64_t o = 0; o < c->ocg; o++)
    for (int64_t k = 0; k < c->icg * kernel; k++) sum[o * c->icg * kernel + k] += j->kernels->vec.dot(n, spread + o * j->spread, image + j->offset[k]);
}

static void run_groups(void *arg, int64_t begin, int64_t end, int worker)
{
  const dots *j = arg;
  const aus_conv *c = j->c;
  double *sum = (double *)(void *)(j->area + worker * j->area_floats);
  float *image = (float *)(void *)(sum + 4 * 256), *spread = image + c->icg * j->image;
  const int64_t n = c->ocg * c->icg * c->kh * c->kw;
  for (int64_t g = begin; g < end; g++) {
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t item = 0; item < c->mb; item++) add_item(j, item, g, image, spread, sum);
    for (int64_t k = 0; k < n; k++) j->diff[g * n + k] = (float)sum[k];
  }
}

void aus_conv_dots(aus_ctx *ctx, const aus_conv *c, const float *wide, const float *narrow, float *diff, void *scratch)
{
  dots j = plan(ctx, c);
  aus_conv_offsets(c, scratch);
  j.offset = scratch;
  j.area = (float *)scratch + table_floats(c);
  j.wide = wide;
  j.narrow = narrow;
  j.diff = diff;
  aus_parallel_for(ctx, c->groups, 1, run_groups, &j);
}
