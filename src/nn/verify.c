/* verify.c - does a bundle compute here what it computed where it came from?
 *
 * A converter stores an input of the graph and the output that an independent implementation gave for it.
 * "It loads" does not show a wrong padding or a swapped axis; this does. */
#include <auscult/net.h>

#include "core/core.h"

#include <math.h>
#include <string.h>

enum { MAX_INPUTS = 16 };

/* Name of the i-th golden tensor of a kind: a list golden.inputs, or the one golden.input. */
static const char *golden_name(const aus_bundle *b, const char *list, const char *one, int32_t i)
{
  if (aus_meta_count(b, list) > 0) return i < aus_meta_count(b, list) ? aus_meta_string_at(b, list, i) : NULL;
  return i == 0 ? aus_meta_string(b, one, NULL) : NULL;
}

static aus_status golden_tensor(aus_ctx *ctx, const aus_bundle *b, const char *name, int32_t *index, aus_tensor_info *info)
{
  *index = name ? aus_bundle_find_tensor(b, name) : -1;
  if (*index < 0) return aus_fail(ctx, AUS_EFORMAT, "the golden tensor %s is not in the file", name ? name : "(unnamed)");
  return aus_bundle_tensor(b, *index, info);
}

static aus_status load_inputs(aus_ctx *ctx, const aus_bundle *b, int32_t *tensor, aus_dims *dims)
{
  const int32_t n = aus_graph_inputs(b);
  if (!golden_name(b, "golden.inputs", "golden.input", 0) || !golden_name(b, "golden.outputs", "golden.output", 0))
    return aus_fail(ctx, AUS_ENOTSUP, "the file carries no golden vector, so there is nothing to verify it by");
  if (n > MAX_INPUTS) return aus_fail(ctx, AUS_ELIMIT, "the graph has %d inputs; at most %d can be verified", n, MAX_INPUTS);
  for (int32_t i = 0; i < n; i++) {
    aus_tensor_info info;
    AUS_TRY(golden_tensor(ctx, b, golden_name(b, "golden.inputs", "golden.input", i), &tensor[i], &info));
    dims[i].rank = info.rank;
    memcpy(dims[i].dim, info.dim, sizeof dims[i].dim);
  }
  return AUS_OK;
}

/* Largest |a - b|; a number that is not finite counts as infinitely far. */
static double farthest(int64_t n, const float *a, const float *b)
{
  double worst = 0;
  for (int64_t i = 0; i < n; i++) {
    const double d = fabs((double)a[i] - (double)b[i]);
    if (!(d <= worst)) worst = isfinite(d) ? d : INFINITY;
  }
  return worst;
}

static aus_status compare(aus_ctx *ctx, const aus_bundle *b, const aus_run *run, double *worst)
{
  *worst = 0;
  for (int32_t i = 0; i < aus_graph_outputs(b); i++) {
    const char *name = golden_name(b, "golden.outputs", "golden.output", i);
    if (!name && i > 0) break; /* only the first output has one */
    aus_tensor_info info;
    aus_dims dims;
    int32_t tensor;
    AUS_TRY(golden_tensor(ctx, b, name, &tensor, &info));
    const float *y = aus_run_output(run, i, &dims);
    int64_t count = 1;
    for (int32_t d = 0; d < dims.rank; d++) count *= dims.dim[d];
    if (count != info.count)
      return aus_fail(ctx, AUS_EFORMAT, "output %d has %lld numbers, its golden vector %lld", i, (long long)count, (long long)info.count);
    *worst = fmax(*worst, farthest(count, y, aus_bundle_tensor_f32(b, tensor)));
  }
  return AUS_OK;
}

aus_status aus_net_verify(aus_ctx *ctx, aus_bundle *bundle, double *worst, double *tolerance)
{
  int32_t tensor[MAX_INPUTS];
  aus_dims dims[MAX_INPUTS];
  aus_run *run;
  *worst = INFINITY;
  *tolerance = aus_meta_real(bundle, "golden.tolerance", 1e-4);
  AUS_TRY(load_inputs(ctx, bundle, tensor, dims));
  AUS_TRY(aus_run_create(ctx, bundle, dims, NULL, 0, &run));
  for (int32_t i = 0; i < aus_graph_inputs(bundle); i++) {
    aus_tensor_info info;
    aus_bundle_tensor(bundle, tensor[i], &info);
    memcpy(aus_run_input(run, i), aus_bundle_tensor_f32(bundle, tensor[i]), (size_t)info.count * sizeof(float));
  }
  aus_status status = aus_run_forward(run);
  if (status == AUS_OK) status = compare(ctx, bundle, run, worst);
  aus_run_destroy(run);
  return status;
}
