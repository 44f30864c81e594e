/* linear.c - dst [..., n] = src [..., k] weights' [k, n] + bias. */
#include "nn/ops/common.h"

static aus_status shape(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape, *w = &call->in[1].shape;
  char ts[96], tw[96];
  if (s->rank < 1 || w->rank != 2 || s->dim[s->rank - 1] != w->dim[1])
    return aus_fail(call->ctx, AUS_EFORMAT, "an input of shape %s and weights of shape %s do not fit", aus_shape_text(s, ts), aus_shape_text(w, tw));
  if (call->in[2].shape.rank && aus_shape_count(&call->in[2].shape) != w->dim[0])
    return aus_fail(call->ctx, AUS_EFORMAT, "%lld biases for %lld outputs", (long long)aus_shape_count(&call->in[2].shape), (long long)w->dim[0]);
  call->out[0].shape = *s;
  call->out[0].shape.dim[s->rank - 1] = w->dim[0];
  return AUS_OK;
}

static float dot(const float *a, const float *b, int64_t n)
{
  float c[16] = {0}, sum = 0;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; k++) c[k] += a[i + k] * b[i + k];
  for (; i < n; i++) c[0] += a[i] * b[i];
  for (int k = 0; k < 16; k++) sum += c[k];
  return sum;
}

static void run_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_call *call = arg;
  const int64_t n = call->in[1].shape.dim[0], k = call->in[1].shape.dim[1];
  (void)worker;
  for (int64_t u = begin; u < end; u++) {
    const int64_t r = u / n, c = u % n;
    call->out[0].data[u] = dot(call->in[0].data + r * k, call->in[1].data + c * k, k) + (call->in[2].data ? call->in[2].data[c] : 0);
  }
}

static void forward(const aus_call *call)
{
  const int64_t k = call->in[1].shape.dim[1];
  aus_parallel_for(call->ctx, aus_shape_count(&call->out[0].shape), k < 65536 ? 65536 / k : 1, run_rows, (void *)(uintptr_t)call);
}

const aus_op_impl aus_op_impl_linear = { .shape = shape, .forward = forward };
