/* open.c - a network or a function opened for attribution: sizes of its inputs, and which of them count items.
 *
 * An input's first axis counts items when the first output has one row per item: [mb, ...] -> [mb, ...]. Then every target is read
 * per row, and the gradient of the sum of all rows holds each row's own gradient, because rows do not see each other. */
#include "attrib/attrib.h"

#include <string.h>

static int64_t floats_of(const aus_dims *d)
{
  int64_t n = 1;
  for (int32_t i = 0; i < d->rank; i++) n *= d->dim[i];
  return n;
}

static aus_status lay_out(aus_attrib *a, const aus_dims *dims)
{
  const size_t n = (size_t)a->n_inputs;
  a->dims = aus_alloc(a->ctx, n, sizeof *a->dims);
  a->count = aus_alloc(a->ctx, n, sizeof *a->count);
  a->offset = aus_alloc(a->ctx, n, sizeof *a->offset);
  if (!a->dims || !a->count || !a->offset) return AUS_ENOMEM;
  for (int32_t k = 0; k < a->n_inputs; k++) {
    AUS_TRY(aus_shape_check(a->ctx, &dims[k]));
    a->dims[k] = dims[k];
    a->count[k] = floats_of(&dims[k]);
    a->offset[k] = a->total;
    a->total += a->count[k];
  }
  return AUS_OK;
}

/* Rows of the first output when all inputs have as many and hold more than a list of numbers. */
static int32_t count_items(const aus_attrib *a, const aus_dims *output)
{
  const int64_t rows = a->dims[0].rank > 1 ? a->dims[0].dim[0] : 1;
  if (output->rank < 1 || output->dim[0] != rows || rows > INT32_MAX) return 1;
  for (int32_t k = 0; k < a->n_inputs; k++)
    if (a->dims[k].rank < 1 || a->dims[k].dim[0] != rows) return 1;
  return (int32_t)rows;
}

static aus_status prepare(aus_attrib *a, const aus_dims *dims)
{
  aus_dims output;
  int32_t rows;
  AUS_TRY(lay_out(a, dims));
  if (aus_rows_needed(a->bundle, dims, &rows)) {
    a->items = rows;
    return aus_rows_open(a, dims);
  }
  AUS_TRY(aus_run_create(a->ctx, a->bundle, a->dims, NULL, 0, &a->plain));
  a->plain_from = a->bundle->graph.output[0];
  aus_run_output(a->plain, 0, &output);
  a->items = count_items(a, &output);
  return AUS_OK;
}

static aus_status start(aus_ctx *ctx, int32_t n_inputs, aus_attrib **out)
{
  *out = NULL;
  if (n_inputs < 1) return aus_fail(ctx, AUS_EINVAL, "nothing to attribute to: there is no input");
  *out = AUS_NEW(ctx, aus_attrib);
  if (!*out) return AUS_ENOMEM;
  **out = (aus_attrib){ .ctx = ctx, .n_inputs = n_inputs, .items = 1, .plain_from = -1 };
  return AUS_OK;
}

static aus_status finish(aus_status status, aus_attrib **out)
{
  if (status == AUS_OK) return AUS_OK;
  aus_attrib_close(*out);
  *out = NULL;
  return status;
}

aus_status aus_attrib_open(aus_ctx *ctx, aus_bundle *bundle, const aus_dims *dims, aus_attrib **out)
{
  AUS_TRY(start(ctx, aus_graph_inputs(bundle), out));
  (*out)->bundle = bundle;
  return finish(prepare(*out, dims), out);
}

aus_status aus_attrib_open_function(aus_ctx *ctx, int32_t n_inputs, const aus_dims *dims, int32_t items, int32_t n_targets,
                                    aus_scores_fn fn, void *user, aus_attrib **out)
{
  AUS_TRY(start(ctx, n_inputs, out));
  aus_attrib *a = *out;
  a->items = items;
  a->fn = fn;
  a->user = user;
  a->fn_targets = n_targets;
  aus_status status = items < 1 || n_targets < 1 || !fn ? aus_fail(ctx, AUS_EINVAL, "a function of %d items and %d targets", items, n_targets) : AUS_OK;
  if (status == AUS_OK) status = lay_out(a, dims);
  for (int32_t k = 0; status == AUS_OK && items > 1 && k < n_inputs; k++)
    if (dims[k].rank < 1 || dims[k].dim[0] != items) status = aus_fail(ctx, AUS_EINVAL, "input %d has no first axis of %d items", k, items);
  return finish(status, out);
}

void aus_attrib_close(aus_attrib *a)
{
  if (!a) return;
  aus_attrib_close(a->one);
  aus_run_destroy(a->plain);
  for (int i = 0; i < 2; i++) aus_run_destroy(a->keep[i]);
  aus_free(a->ctx, a->dims);
  aus_free(a->ctx, a->count);
  aus_free(a->ctx, a->offset);
  aus_free(a->ctx, a);
}

int32_t aus_attrib_items(const aus_attrib *a) { return a->items; }
