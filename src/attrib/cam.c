/* cam.c - class activation maps at any layer A [mb, c, space], in one or two dimensions; g = dY/dA.
 *
 *   Grad-CAM    relu sum_c mean(g_c) A_c                                                   [Selvaraju17]
 *   Grad-CAM++  relu sum_c (sum a relu(g_c)) A_c, a = g^2 / (2 g^2 + (sum A_c) g^3)          [Chattopadhay18]
 *   LayerCAM    relu sum_c relu(g_c) A_c, per cell                                           [Jiang21]
 *   XGrad-CAM   relu sum_c (sum g_c A_c / sum A_c) A_c                                       [Fu20]
 *
 * The map has the layer's resolution, no other; it is enlarged only on request, and for guided Grad-CAM, which multiplies it with
 * guided backpropagation. */
#include "attrib/cam.h"
#include "attrib/relu.h"

#include <stdio.h>
#include <string.h>

aus_status aus_planes_of(const aus_question *q, aus_planes *p)
{
  aus_dims d;
  if (!aus_run_value(q->a->keep[0], q->layer, &d) || d.rank < 2 || d.dim[0] != q->a->items)
    return aus_fail(q->ctx, AUS_EINVAL, "layer '%s' has no axes [items, channels, ...]: %s needs them", q->config->layer, q->method->name);
  *p = (aus_planes){ d.dim[0], d.dim[1], 1, d.rank - 2, {0} };
  for (int32_t i = 2; i < d.rank; i++) p->cells *= p->dim[i - 2] = d.dim[i];
  return AUS_OK;
}

/* ---- the four rules: one channel's weight, or its map -------------------------------------------------------- */

typedef enum cam_kind { CAM_GRAD, CAM_PLUS, CAM_LAYER, CAM_X } cam_kind;

static double plus_weight(int64_t n, const float *a, const float *g)
{
  double total = 0, w = 0;
  for (int64_t i = 0; i < n; i++) total += (double)a[i];
  for (int64_t i = 0; i < n; i++) {
    const double d = g[i], below = 2 * d * d + total * d * d * d;
    if (d > 0 && below != 0) w += d * d / below * d;
  }
  return w;
}

static double channel_weight(cam_kind kind, int64_t n, const float *a, const float *g)
{
  double top = 0, bottom = 0;
  if (kind == CAM_PLUS) return plus_weight(n, a, g);
  for (int64_t i = 0; i < n; i++) {
    top += kind == CAM_X ? (double)g[i] * (double)a[i] : (double)g[i];
    bottom += kind == CAM_X ? (double)a[i] : 1;
  }
  return bottom != 0 ? top / bottom : 0;
}

static void add_channel(cam_kind kind, int64_t n, const float *a, const float *g, double *map)
{
  const double w = kind == CAM_LAYER ? 0 : channel_weight(kind, n, a, g);
  for (int64_t i = 0; i < n; i++) map[i] += (kind == CAM_LAYER ? (g[i] > 0 ? (double)g[i] : 0) : w) * (double)a[i];
}

static void make_map(const aus_question *q, cam_kind kind, const aus_planes *p, const float *a, const float *g, double *sum, float *map)
{
  const bool relu = q->config->relu >= 0;
  for (int64_t i = 0; i < p->items; i++) {
    memset(sum, 0, (size_t)p->cells * sizeof *sum);
    for (int64_t c = 0; c < p->channels; c++) {
      const int64_t at = (i * p->channels + c) * p->cells;
      add_channel(kind, p->cells, a + at, g + at, sum);
    }
    for (int64_t s = 0; s < p->cells; s++) map[i * p->cells + s] = (float)(relu && sum[s] < 0 ? 0 : sum[s]);
  }
}

/* map[items][cells], owned by the caller. */
static aus_status cam_of(const aus_question *q, cam_kind kind, aus_planes *p, float **map)
{
  aus_walk *walk;
  *map = NULL;
  AUS_TRY(aus_planes_of(q, p));
  AUS_TRY(aus_question_walk(q, (aus_walk_config){0}, &walk));
  const int64_t n = aus_question_size(q);
  float *g = aus_alloc(q->ctx, (size_t)n, sizeof *g);
  double *sum = aus_alloc(q->ctx, (size_t)p->cells, sizeof *sum);
  *map = aus_alloc(q->ctx, (size_t)(p->items * p->cells), sizeof **map);
  aus_status status = g && sum && *map ? aus_question_gradient(q, walk, q->x, g, NULL) : AUS_ENOMEM;
  if (status == AUS_OK) make_map(q, kind, p, aus_run_value(q->a->keep[0], q->layer, NULL), g, sum, *map);
  aus_free(q->ctx, sum);
  aus_free(q->ctx, g);
  aus_walk_destroy(walk);
  return status;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* One array in place of what was made for the layer. */
static aus_status replace(const aus_question *q, const aus_dims *dims, const char *name, aus_attribution *out)
{
  float *block = aus_alloc_zero(q->ctx, (size_t)aus_shape_count(dims), sizeof *block);
  if (!block) return AUS_ENOMEM;
  aus_free(q->ctx, out->value[0]);
  out->value[0] = block;
  out->dims[0] = *dims;
  if (name) snprintf(out->name[0], sizeof out->name[0], "%s", name);
  return AUS_OK;
}

static aus_dims map_dims(const aus_planes *p)
{
  aus_dims d = { p->rank + 2, { p->items, 1 } };
  for (int32_t i = 0; i < p->rank; i++) d.dim[i + 2] = p->dim[i];
  return d;
}

static aus_status enlarge(const aus_question *q, const aus_planes *p, const float *map, int32_t input, bool linear, float *to)
{
  const aus_attrib *a = q->a;
  const int64_t per = aus_question_per_item(q, input);
  for (int64_t i = 0; i < p->items; i++) AUS_TRY(aus_upsample(q, p, map + i * p->cells, &a->dims[input], 1, linear, to + i * per));
  return AUS_OK;
}

aus_status aus_cam_put(const aus_question *q, const aus_planes *p, const float *map, aus_attribution *out)
{
  const aus_dims own = map_dims(p);
  out->resolution = own;
  if (q->config->upsample) {
    AUS_TRY(replace(q, &q->a->dims[0], q->a->bundle->graph.value[q->a->bundle->graph.input[0]].name, out));
    return enlarge(q, p, map, 0, aus_wants_linear(q, false), out->value[0]);
  }
  AUS_TRY(replace(q, &own, NULL, out));
  memcpy(out->value[0], map, (size_t)(p->items * p->cells) * sizeof *map);
  return AUS_OK;
}

static aus_status run(const aus_question *q, aus_attribution *out, cam_kind kind)
{
  aus_planes p;
  float *map;
  aus_status status = cam_of(q, kind, &p, &map);
  if (status == AUS_OK) status = aus_cam_put(q, &p, map, out);
  aus_free(q->ctx, map);
  return status;
}

/* Of every input: the map (its positive part) enlarged, times guided backpropagation. */
static aus_status guided_inputs(const aus_question *q, const aus_planes *p, const float *map, aus_attribution *out)
{
  const aus_attrib *a = q->a;
  aus_question inputs = *q;
  inputs.layer = -1;
  float *block = aus_question_block(q), *large = aus_question_block(q);
  aus_status status = block && large ? aus_question_guided(&inputs, block, out) : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < a->n_inputs; k++) status = enlarge(q, p, map, k, aus_wants_linear(q, false), large + a->offset[k]);
  for (int64_t i = 0; status == AUS_OK && i < a->total; i++) block[i] *= large[i];
  aus_free(q->ctx, large);
  if (status == AUS_OK) status = aus_attribution_inputs(&inputs, out, block);
  else aus_free(q->ctx, block);
  return status;
}

static aus_status guided(const aus_question *q, aus_attribution *out)
{
  aus_planes p;
  float *map;
  aus_status status = cam_of(q, CAM_GRAD, &p, &map);
  if (status == AUS_OK) {
    out->resolution = map_dims(&p);
    status = guided_inputs(q, &p, map, out);
  }
  aus_free(q->ctx, map);
  return status;
}

static aus_status gradcam(const aus_question *q, aus_attribution *out) { return run(q, out, CAM_GRAD); }
static aus_status plus(const aus_question *q, aus_attribution *out) { return run(q, out, CAM_PLUS); }
static aus_status layer(const aus_question *q, aus_attribution *out) { return run(q, out, CAM_LAYER); }
static aus_status xgrad(const aus_question *q, aus_attribution *out) { return run(q, out, CAM_X); }

const aus_method aus_method_gradcam = { "gradcam", "layer", "Grad-CAM: channels weighted by their mean gradient", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER, gradcam };
const aus_method aus_method_gradcampp = { "gradcam++", "layer", "Grad-CAM++", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER, plus };
const aus_method aus_method_layercam = { "layercam", "layer", "LayerCAM: every cell weighted by its own gradient", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER, layer };
const aus_method aus_method_xgradcam = { "xgradcam", "layer", "XGrad-CAM", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER, xgrad };
const aus_method aus_method_guidedgradcam = { "guidedgradcam", "layer", "Grad-CAM times guided backpropagation", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER, guided };
