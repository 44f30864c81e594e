/* deeplift_split.c - RevealCancel [Shrikumar17, sec. 3.5]: positive and negative parts of a change, and what each comes to.
 *
 * At a nonlinearity with reference r and a change D = D+ + D-:
 *
 *   dy+ = ((f(r + D+) - f(r)) + (f(r + D) - f(r + D-))) / 2,      m+ = m_y+ dy+ / D+
 *   dy- = ((f(r + D-) - f(r)) + (f(r + D) - f(r + D+))) / 2,      m- = m_y- dy- / D-
 *
 * D+ and D- are those of the linear layer before it, W+ dx+ + W- dx- and W- dx+ + W+ dx-: the two halves of the sum, not the parts
 * of what the sum comes to. Between the two, moves, added constants and batch norms hand the parts on. */
#include "attrib/deeplift.h"

#include <math.h>
#include <string.h>

static const float SMALL = 1e-7f;

static const aus_step *writer_of(const aus_run *run, int32_t value) { return run->slot[value].writer < 0 ? NULL : &run->step[run->slot[value].writer]; }

static bool constant(const aus_run *run, const aus_step *s, int32_t k)
{
  return k >= s->call.n_in || s->in_value[k] == AUS_NO_VALUE || run->slot[s->in_value[k]].constant;
}

static bool is_linear(const aus_run *run, const aus_step *s)
{
  const int32_t op = s->call.op;
  return (op == AUS_OP_conv || op == AUS_OP_conv_transpose || op == AUS_OP_linear || op == AUS_OP_matmul) && constant(run, s, 1) && !constant(run, s, 0);
}

/* Through what does not mix values, to the layer that made them. */
static bool hands_on(const aus_run *run, const aus_step *s)
{
  const int32_t op = s->call.op;
  return op == AUS_OP_batch_norm || op == AUS_OP_reshape || op == AUS_OP_transpose || op == AUS_OP_identity || (op == AUS_OP_add && constant(run, s, 1));
}

bool deeplift_reveals(const deeplift *d, const aus_run *run, const aus_step *step)
{
  if (d->mode == DEEPLIFT_REVEALCANCEL) return true;
  if (d->mode != DEEPLIFT_GENOMICS) return false;
  const aus_step *s = writer_of(run, step->in_value[0]);
  while (s && hands_on(run, s)) s = writer_of(run, s->in_value[0]);
  return s && (s->call.op == AUS_OP_linear || s->call.op == AUS_OP_matmul); /* Rescale behind convolutions */
}

/* ---- the two halves of a sum ---------------------------------------------------------------------------- */

/* Borrowed memory of one split: [data], [weights], scratch. */
typedef struct room { float *data, *weights; void *scratch; } room;

static void free_room(aus_ctx *ctx, room *r)
{
  aus_free(ctx, r->data);
  aus_free(ctx, r->weights);
  aus_free(ctx, r->scratch);
}

static aus_status make_room(aus_ctx *ctx, const deeplift_twin *t, const aus_step *s, room *r)
{
  *r = (room){ aus_alloc(ctx, (size_t)aus_shape_count(&t->in[0].shape), sizeof(float)), aus_alloc(ctx, (size_t)aus_shape_count(&t->in[1].shape), sizeof(float)), NULL };
  const size_t bytes = s->op->impl->scratch_size ? s->op->impl->scratch_size(&t->call) : 0;
  if (bytes) r->scratch = aus_alloc(ctx, bytes, 1);
  if (r->data && r->weights && (!bytes || r->scratch)) return AUS_OK;
  free_room(ctx, r);
  return AUS_ENOMEM;
}

static float part(float v, bool positive) { return (v > 0) == positive ? v : 0; }

/* out = W[sign of weights] dx[sign of data] */
static void one_product(const aus_step *s, const aus_step *ref, deeplift_twin *t, const room *r, bool data, bool weights, float *out)
{
  const int64_t n = aus_shape_count(&t->in[0].shape), w = aus_shape_count(&t->in[1].shape);
  for (int64_t i = 0; i < n; i++) r->data[i] = part(s->call.in[0].data[i] - ref->call.in[0].data[i], data);
  for (int64_t i = 0; i < w; i++) r->weights[i] = part(s->call.in[1].data[i], weights);
  t->out[0].data = out;
  s->op->impl->forward(&t->call);
}

static aus_status split_linear(aus_ctx *ctx, const aus_step *s, const aus_step *ref, float *positive, float *negative)
{
  deeplift_twin t;
  room r;
  const int64_t n = aus_shape_count(&s->call.out[0].shape);
  deeplift_twin_of(&s->call, &t);
  t.call.saved = NULL;
  if (s->call.n_in > 2) t.in[2] = (aus_operand){0};
  AUS_TRY(make_room(ctx, &t, s, &r));
  float *more = aus_alloc(ctx, (size_t)n, sizeof *more);
  if (more) {
    t.in[0].data = r.data;
    t.in[1].data = r.weights;
    t.call.scratch = r.scratch;
    one_product(s, ref, &t, &r, true, true, positive);
    one_product(s, ref, &t, &r, false, false, more);
    for (int64_t i = 0; i < n; i++) positive[i] += more[i];
    one_product(s, ref, &t, &r, true, false, negative);
    one_product(s, ref, &t, &r, false, true, more);
    for (int64_t i = 0; i < n; i++) negative[i] += more[i];
  }
  const aus_status status = more ? AUS_OK : AUS_ENOMEM;
  aus_free(ctx, more);
  free_room(ctx, &r);
  return status;
}

/* ---- parts of a value -------------------------------------------------------------------------------------- */

static void by_sign(const aus_run *run, const aus_run *ref, int32_t v, float *positive, float *negative)
{
  const int64_t n = aus_shape_count(&run->slot[v].shape);
  for (int64_t i = 0; i < n; i++) {
    const float d = run->slot[v].data[i] - ref->slot[v].data[i];
    positive[i] = part(d, true);
    negative[i] = part(d, false);
  }
}

/* A move: the op itself, on each part. */
static void move_part(const aus_step *s, float *from, float *to)
{
  deeplift_twin t;
  deeplift_twin_of(&s->call, &t);
  t.in[0].data = from;
  t.out[0].data = to;
  t.call.saved = NULL;
  s->op->impl->forward(&t.call);
}

/* y = k x + c per channel: k times the parts, which change places where k < 0. */
static void scale_parts(const aus_step *s, float *from_p, float *from_n, float *positive, float *negative)
{
  const aus_shape *d = &s->call.out[0].shape;
  const int64_t space = aus_shape_count_range(d, 2, d->rank), n = aus_shape_count(d);
  for (int64_t i = 0; i < n; i++) {
    const int64_t c = i / space % d->dim[1];
    const float k = s->call.in[1].data[c] / sqrtf(s->call.in[4].data[c] + s->call.attr[0].f);
    positive[i] = k * (k > 0 ? from_p[i] : from_n[i]);
    negative[i] = k * (k > 0 ? from_n[i] : from_p[i]);
  }
}

static aus_status split_through(aus_ctx *ctx, const aus_run *run, const aus_run *ref, const aus_step *s, float *positive, float *negative)
{
  const size_t n = (size_t)aus_shape_count(&s->call.in[0].shape);
  float *p = aus_alloc(ctx, n, sizeof *p), *q = aus_alloc(ctx, n, sizeof *q);
  aus_status status = p && q ? deeplift_split_value(ctx, run, ref, s->in_value[0], p, q) : AUS_ENOMEM;
  if (status == AUS_OK && s->call.op == AUS_OP_batch_norm) scale_parts(s, p, q, positive, negative);
  else if (status == AUS_OK && (s->call.op == AUS_OP_add || s->call.op == AUS_OP_reshape || s->call.op == AUS_OP_identity)) {
    memcpy(positive, p, n * sizeof *p);
    memcpy(negative, q, n * sizeof *q);
  } else if (status == AUS_OK) {
    move_part(s, p, positive);
    move_part(s, q, negative);
  }
  aus_free(ctx, p);
  aus_free(ctx, q);
  return status;
}

aus_status deeplift_split_value(aus_ctx *ctx, const aus_run *run, const aus_run *ref, int32_t v, float *positive, float *negative)
{
  const aus_step *s = writer_of(run, v);
  if (s && is_linear(run, s)) return split_linear(ctx, s, &ref->step[s - run->step], positive, negative);
  if (s && hands_on(run, s) && aus_shape_count(&s->call.in[0].shape) == aus_shape_count(&s->call.out[0].shape))
    return split_through(ctx, run, ref, s, positive, negative);
  by_sign(run, ref, v, positive, negative);
  return AUS_OK;
}

/* ---- what the parts come to -------------------------------------------------------------------------------------- */

static float away_from_zero(float v, float sign) { return fabsf(v) < 0.5f * SMALL ? v + sign * SMALL : v; }

/* f(r + parts) into y. */
static void apply(const aus_step *s, const float *r, const float *d, int64_t n, float *x, float *y)
{
  deeplift_twin t;
  for (int64_t i = 0; i < n; i++) x[i] = r[i] + d[i];
  deeplift_twin_of(&s->call, &t);
  t.in[0].data = x;
  t.out[0].data = y;
  t.call.saved = NULL;
  s->op->impl->forward(&t.call);
}

static aus_status reveal_step(deeplift *d, const aus_run *run, const aus_run *ref, int32_t step)
{
  const aus_step *s = &run->step[step], *t = &ref->step[step];
  deeplift_parts *p = &d->parts[step];
  const int64_t n = aus_shape_count(&s->call.in[0].shape);
  p->positive = aus_alloc(d->ctx, (size_t)n, sizeof(float));
  p->negative = aus_alloc(d->ctx, (size_t)n, sizeof(float));
  float *x = aus_alloc(d->ctx, (size_t)n, 3 * sizeof *x), *up = x ? x + n : NULL, *down = x ? x + 2 * n : NULL;
  aus_status status = p->positive && p->negative && x ? deeplift_split_value(d->ctx, run, ref, s->in_value[0], p->positive, p->negative) : AUS_ENOMEM;
  if (status == AUS_OK) {
    for (int64_t i = 0; i < n; i++) {
      p->positive[i] = away_from_zero(p->positive[i], 1);
      p->negative[i] = away_from_zero(p->negative[i], -1);
    }
    const float *r = t->call.in[0].data, *y = s->call.out[0].data, *yr = t->call.out[0].data;
    apply(s, r, p->positive, n, x, up);
    apply(s, r, p->negative, n, x, down);
    for (int64_t i = 0; i < n; i++) {
      p->positive[i] = 0.5f * ((up[i] - yr[i]) + (y[i] - down[i])) / p->positive[i];
      p->negative[i] = 0.5f * ((down[i] - yr[i]) + (y[i] - up[i])) / p->negative[i];
    }
  }
  aus_free(d->ctx, x);
  return status;
}

aus_status deeplift_split(deeplift *d, const aus_run *run, const aus_run *ref)
{
  for (int32_t i = 0; i < run->n_steps; i++) {
    const aus_step *s = &run->step[i];
    if (s->call.op < AUS_OP_relu || s->call.op > AUS_OP_prelu || s->call.op == AUS_OP_neg || !deeplift_reveals(d, run, s)) continue;
    aus_free(d->ctx, d->parts[i].positive);
    aus_free(d->ctx, d->parts[i].negative);
    AUS_TRY(reveal_step(d, run, ref, i));
  }
  return AUS_OK;
}

void deeplift_free_parts(deeplift *d)
{
  for (int32_t i = 0; d->parts && i < d->n_steps; i++) {
    aus_free(d->ctx, d->parts[i].positive);
    aus_free(d->ctx, d->parts[i].negative);
  }
  aus_free(d->ctx, d->parts);
}
