/* recurrent.c - shapes, packed weights and the walk over time of lstm, gru and rnn (see recurrent.h). */
#include "nn/ops/recurrent.h"
#include "la/la.h"

#include <string.h>

enum { CHUNK_ROWS = 512 }; /* steps x items whose input part is computed ahead: a good matrix product, and still in cache */

enum { IN_X = AUS_RECURRENT_X, IN_W = AUS_RECURRENT_W, IN_R = AUS_RECURRENT_R, IN_BIAS = AUS_RECURRENT_BIAS, IN_H0 = AUS_RECURRENT_H0, IN_C0 = AUS_RECURRENT_C0 };

typedef aus_recurrent layer;

static const aus_shape *shape_of(const aus_call *call, int i) { return i < call->n_in ? &call->in[i].shape : NULL; }
static const float *data_of(const aus_call *call, int i) { return i < call->n_in ? call->in[i].data : NULL; }
static bool has(const aus_call *call, int i) { return i < call->n_in && call->in[i].shape.rank > 0; }
static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }
static int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }

static aus_recurrent_kind kind_of(const aus_call *call)
{
  return call->op == AUS_OP_lstm ? aus_lstm_kind(call) : call->op == AUS_OP_gru ? aus_gru_kind(call) : aus_rnn_kind_of(call);
}

static bool is_shape(const aus_shape *s, int32_t rank, int64_t a, int64_t b, int64_t c)
{
  return s->rank == rank && s->dim[0] == a && s->dim[1] == b && (rank < 3 || s->dim[2] == c);
}

aus_status aus_recurrent_describe(const aus_call *call, layer *l)
{
  *l = (layer){ .call = call, .kind = kind_of(call), .kernels = call->ctx->kernels };
  const aus_shape *x = shape_of(call, IN_X);
  l->hidden = call->attr[0].i;
  l->direction = call->attr[1].i;
  l->batch_first = call->attr[call->op == AUS_OP_gru ? 3 : 2].i != 0;
  l->dirs = l->direction == 2 ? 2 : 1;
  if (x->rank != 3 || l->hidden < 1 || l->direction < 0 || l->direction > 2 || x->dim[2] < 1)
    return aus_fail(call->ctx, AUS_EFORMAT, "a recurrent layer needs an input of rank 3, hidden units and direction 0, 1 or 2");
  l->t = x->dim[l->batch_first ? 1 : 0];
  l->mb = x->dim[l->batch_first ? 0 : 1];
  l->in = x->dim[2];
  l->wide = l->kind.gates * l->hidden;
  if (l->hidden > 1 << 20 || l->in > 1 << 24 || l->mb > 1 << 24 || l->t > INT32_MAX)
    return aus_fail(call->ctx, AUS_ELIMIT, "a recurrent layer of %lld units on %lld inputs is too large", (long long)l->hidden, (long long)l->in);
  if (!is_shape(shape_of(call, IN_W), 3, l->dirs, l->wide, l->in) || !is_shape(shape_of(call, IN_R), 3, l->dirs, l->wide, l->hidden))
    return aus_fail(call->ctx, AUS_EFORMAT, "the weights of a recurrent layer of %lld units do not fit it", (long long)l->hidden);
  if (has(call, IN_BIAS) && !is_shape(shape_of(call, IN_BIAS), 2, l->dirs, 2 * l->wide, 0))
    return aus_fail(call->ctx, AUS_EFORMAT, "the bias of a recurrent layer must have shape [%lld, %lld]", (long long)l->dirs, (long long)(2 * l->wide));
  for (int i = IN_H0; i <= IN_C0; i++)
    if (has(call, i) && !is_shape(shape_of(call, i), 3, l->dirs, l->mb, l->hidden))
      return aus_fail(call->ctx, AUS_EFORMAT, "the initial state of a recurrent layer must have shape [%lld, %lld, %lld]", (long long)l->dirs,
                      (long long)l->mb, (long long)l->hidden);
  return AUS_OK;
}

aus_status aus_recurrent_shape(aus_call *call)
{
  layer l;
  AUS_TRY(aus_recurrent_describe(call, &l));
  if (l.batch_first) call->out[0].shape = (aus_shape){ 3, { l.mb, l.t, l.dirs * l.hidden } };
  else call->out[0].shape = (aus_shape){ 4, { l.t, l.dirs, l.mb, l.hidden } };
  for (int i = 1; i < call->n_out; i++) call->out[i].shape = (aus_shape){ 3, { l.dirs, l.mb, l.hidden } };
  return AUS_OK;
}

/* ---- packed weights: per direction w for the matrix product, r for the steps -------------------------------- */

static int64_t packed_r_floats(const layer *l)
{
  const aus_recurrent_kind *k = &l->kind;
  int64_t n = padded(l->kernels->rnn.packed(l->hidden, k->first_gates));
  if (k->second >= 0) n += padded(l->kernels->rnn.packed(l->hidden, k->gates - k->first_gates));
  return n;
}

static void packed_sizes(layer *l)
{
  l->packed_w = round_up(aus_sgemm_packed_b_size(l->call->ctx, l->wide, l->in));
  l->packed_one = l->packed_w + (size_t)packed_r_floats(l) * sizeof(float);
}

static void pack(const layer *l, unsigned char *p)
{
  const aus_recurrent_kind *k = &l->kind;
  for (int64_t d = 0; d < l->dirs; d++, p += l->packed_one) {
    aus_sgemm_pack_b(l->call->ctx, true, l->wide, l->in, data_of(l->call, IN_W) + d * l->wide * l->in, l->in, p);
    float *r = (float *)(void *)(p + l->packed_w);
    const float *src = data_of(l->call, IN_R) + d * l->wide * l->hidden;
    l->kernels->rnn.pack(l->hidden, k->first_gates, src, r);
    if (k->second >= 0)
      l->kernels->rnn.pack(l->hidden, k->gates - k->first_gates, src + k->first_gates * l->hidden * l->hidden,
                           r + padded(l->kernels->rnn.packed(l->hidden, k->first_gates)));
  }
}

size_t aus_recurrent_prepared_size(const aus_call *call)
{
  layer l;
  if (!data_of(call, IN_W) || !data_of(call, IN_R) || aus_recurrent_describe(call, &l) != AUS_OK) return 0;
  packed_sizes(&l);
  return l.packed_one * (size_t)l.dirs;
}

void aus_recurrent_prepare(const aus_call *call, void *prepared)
{
  layer l;
  if (aus_recurrent_describe(call, &l) != AUS_OK) return;
  packed_sizes(&l);
  pack(&l, prepared);
}

/* ---- scratch -------------------------------------------------------------------------------------------------- */

/* per direction: h twice (old and new), c or z, r h */
static int64_t state_floats(const layer *l) { return 4 * padded(l->mb * l->hidden); }

static void plan(layer *l)
{
  packed_sizes(l);
  l->chunk = l->mb >= CHUNK_ROWS || l->mb < 1 ? 1 : CHUNK_ROWS / l->mb;
  if (l->chunk > l->t) l->chunk = l->t;
  if (l->chunk < 1) l->chunk = 1;
  const int64_t threads = l->call->ctx->threads;
  l->parts = (threads + l->dirs - 1) / l->dirs; /* results do not depend on it */
  if (l->parts > l->mb) l->parts = l->mb > 0 ? l->mb : 1;
}

static size_t place(layer *l, unsigned char *p)
{
  unsigned char *const start = p;
  const int64_t rows = l->chunk * (l->mb > 0 ? l->mb : 1);
  l->packed = l->call->prepared;
  if (!l->packed) { l->packed = p; p += l->packed_one * (size_t)l->dirs; }
  l->bias = (float *)(void *)p;
  p += (size_t)padded(l->dirs * l->wide) * sizeof(float);
  l->gather = (float *)(void *)p;
  if (l->batch_first && l->mb > 1) p += (size_t)padded(rows * l->in) * sizeof(float);
  l->ahead = (float *)(void *)p;
  p += (size_t)padded(l->dirs * rows * l->wide) * sizeof(float);
  l->state = (float *)(void *)p;
  p += (size_t)(l->dirs * state_floats(l)) * sizeof(float);
  l->gemm = p;
  p += aus_sgemm_scratch(l->call->ctx, rows, l->wide, l->in);
  return (size_t)(p - start);
}

size_t aus_recurrent_scratch_size(const aus_call *call)
{
  layer l;
  if (aus_recurrent_describe(call, &l) != AUS_OK) return SIZE_MAX;
  plan(&l);
  return place(&l, (unsigned char *)(uintptr_t)64); /* sizes only: nothing is touched */
}

/* ---- what is kept for the way back ------------------------------------------------------------------------------ */

int64_t aus_recurrent_kept(const layer *l) { return l->kind.first == AUS_RNN_LSTM || l->kind.first == AUS_RNN_GRU_LATE ? 4 : l->kind.gates == 3 ? 3 : 0; }

static int64_t saved_states(const layer *l) { return padded((l->t + 1) * l->mb * l->hidden); }
static int64_t saved_floats(const layer *l) { return saved_states(l) * (l->kind.cell ? 2 : 1) + padded(l->t * l->mb * aus_recurrent_kept(l) * l->hidden); }

size_t aus_recurrent_saved_size(const aus_call *call)
{
  layer l;
  if (aus_recurrent_describe(call, &l) != AUS_OK) return SIZE_MAX;
  return (size_t)(saved_floats(&l) * l.dirs) * sizeof(float);
}

static float *saved(const layer *l, int64_t d, int64_t at) { return (float *)l->call->saved + d * saved_floats(l) + at; }

float *aus_recurrent_saved_h(const layer *l, int64_t d, int64_t steps)
{
  return saved(l, d, (aus_recurrent_backwards(l, d) ? l->t - steps : steps) * l->mb * l->hidden);
}

float *aus_recurrent_saved_c(const layer *l, int64_t d, int64_t steps) { return aus_recurrent_saved_h(l, d, steps) + saved_states(l); }

float *aus_recurrent_saved_gates(const layer *l, int64_t d, int64_t time)
{
  return saved(l, d, saved_states(l) * (l->kind.cell ? 2 : 1) + time * l->mb * aus_recurrent_kept(l) * l->hidden);
}

/* ---- forward ---------------------------------------------------------------------------------------------------- */

bool aus_recurrent_backwards(const layer *l, int64_t d) { return l->direction == 1 || d == 1; }

/* Both biases are added by the matrix product, but for the recurrent one of a late gate. */
static void sum_biases(const layer *l)
{
  const float *b = data_of(l->call, IN_BIAS);
  memset(l->bias, 0, (size_t)(l->dirs * l->wide) * sizeof(float));
  for (int64_t d = 0; b && d < l->dirs; d++)
    for (int64_t i = 0; i < l->wide; i++) {
      const float *one = b + d * 2 * l->wide;
      const bool late = l->kind.late_gate >= 0 && i / l->hidden == l->kind.late_gate;
      l->bias[d * l->wide + i] = late ? one[i] : one[i] + one[l->wide + i];
    }
}

static float *state_part(const layer *l, int64_t d, int which) { return l->state + d * state_floats(l) + which * padded(l->mb * l->hidden); }

/* The state after so many steps, and the cell: kept for ever, or in two places in turn and in one. */
static float *h_after(const layer *l, int64_t d, int64_t steps) { return l->call->saved ? aus_recurrent_saved_h(l, d, steps) : state_part(l, d, steps & 1); }
static float *c_after(const layer *l, int64_t d, int64_t steps) { return l->call->saved && l->kind.cell ? aus_recurrent_saved_c(l, d, steps) : state_part(l, d, 2); }

static void copy_or_zero(float *dst, const float *src, int64_t n)
{
  if (src) memcpy(dst, src, (size_t)n * sizeof *dst);
  else memset(dst, 0, (size_t)n * sizeof *dst);
}

static void start_state(const layer *l)
{
  const int64_t n = l->mb * l->hidden;
  const float *h0 = data_of(l->call, IN_H0), *c0 = l->kind.cell ? data_of(l->call, IN_C0) : NULL;
  for (int64_t d = 0; d < l->dirs; d++) {
    copy_or_zero(h_after(l, d, 0), h0 ? h0 + d * n : NULL, n);
    copy_or_zero(c_after(l, d, 0), c0 ? c0 + d * n : NULL, n);
  }
}

/* First step in time of the chunk at hand. */
static int64_t chunk_start(const layer *l, int64_t d) { return aus_recurrent_backwards(l, d) ? l->t - l->done - l->steps : l->done; }

/* ahead[d][step][item] = W x + b for the chunk; steps in the order of time. */
static void look_ahead(const layer *l, int64_t d)
{
  const int64_t t0 = chunk_start(l, d), rows = l->steps * l->mb;
  const float *x = data_of(l->call, IN_X), *a = x + t0 * l->mb * l->in;
  if (l->batch_first && l->mb > 1) {
    for (int64_t s = 0; s < l->steps; s++)
      for (int64_t b = 0; b < l->mb; b++)
        memcpy(l->gather + (s * l->mb + b) * l->in, x + (b * l->t + t0 + s) * l->in, (size_t)l->in * sizeof *x);
    a = l->gather;
  }
  aus_sgemm_run_packed_b(l->call->ctx, rows, l->wide, l->in, a, l->in, l->packed + (size_t)d * l->packed_one, l->bias + d * l->wide,
                         l->ahead + d * l->chunk * l->mb * l->wide, l->wide, l->gemm);
}

static void put_output(const layer *l, int64_t d, int64_t t, int64_t b0, int64_t b1, const float *h)
{
  float *y = l->call->out[0].data;
  for (int64_t b = b0; y && b < b1; b++) {
    float *at = l->batch_first ? y + ((b * l->t + t) * l->dirs + d) * l->hidden : y + ((t * l->dirs + d) * l->mb + b) * l->hidden;
    memcpy(at, h + b * l->hidden, (size_t)l->hidden * sizeof *at);
  }
}

/* Step number `number` of items [b0, b1), at that time. */
static void step(const layer *l, int64_t d, int64_t number, int64_t time, const float *ahead, int64_t b0, int64_t b1)
{
  const aus_recurrent_kind *k = &l->kind;
  const int64_t n = l->hidden, at = b0 * n, kept = aus_recurrent_kept(l);
  const float *r = (const float *)(const void *)(l->packed + (size_t)d * l->packed_one + l->packed_w), *bias = data_of(l->call, IN_BIAS);
  const float *old = h_after(l, d, number);
  float *new = h_after(l, d, number + 1), *cell = c_after(l, d, number + 1);
  if (l->call->saved && k->cell) memcpy(cell + at, c_after(l, d, number) + at, (size_t)((b1 - b0) * n) * sizeof *cell);
  struct aus_rnn_step s = { .kind = k->first, .rows = b1 - b0, .hidden = n, .r = r, .x = ahead + b0 * l->wide, .x_stride = l->wide,
                            .h = old + at, .h_stride = n, .state = old + at, .cell = cell + at, .cell_stride = n, .out = new + at, .out_stride = n };
  if (l->call->saved && kept) {
    s.gates = aus_recurrent_saved_gates(l, d, time) + at * kept;
    s.gates_stride = kept * n;
  }
  if (k->late_gate >= 0 && bias) s.bias = bias + d * 2 * l->wide + l->wide + k->late_gate * n;
  if (k->second < 0) { l->kernels->rnn.step(&s); return; }
  s.out = state_part(l, d, 3) + at;
  l->kernels->rnn.step(&s);
  s.kind = k->second;
  s.h = s.out;
  s.r = r + padded(l->kernels->rnn.packed(n, k->first_gates));
  s.x += k->first_gates * n;
  s.out = new + at;
  l->kernels->rnn.step(&s);
}

static void walk(void *arg, int64_t begin, int64_t end, int worker)
{
  const layer *l = arg;
  (void)worker;
  for (int64_t task = begin; task < end; task++) {
    const int64_t d = task / l->parts, part = task % l->parts, b0 = part * l->mb / l->parts, b1 = (part + 1) * l->mb / l->parts;
    for (int64_t i = 0; i < l->steps; i++) {
      const int64_t s = aus_recurrent_backwards(l, d) ? l->steps - 1 - i : i, time = chunk_start(l, d) + s;
      step(l, d, l->done + i, time, l->ahead + (d * l->chunk + s) * l->mb * l->wide, b0, b1);
      put_output(l, d, time, b0, b1, h_after(l, d, l->done + i + 1));
    }
  }
}

static void put_last(const layer *l)
{
  const int64_t n = l->mb * l->hidden;
  for (int64_t d = 0; d < l->dirs; d++) {
    if (l->call->n_out > 1 && l->call->out[1].data) memcpy(l->call->out[1].data + d * n, h_after(l, d, l->t), (size_t)n * sizeof(float));
    if (l->kind.cell && l->call->n_out > 2 && l->call->out[2].data) memcpy(l->call->out[2].data + d * n, c_after(l, d, l->t), (size_t)n * sizeof(float));
  }
}

void aus_recurrent_forward(const aus_call *call)
{
  layer l;
  if (aus_recurrent_describe(call, &l) != AUS_OK) return;
  plan(&l);
  place(&l, call->scratch);
  if (!call->prepared) pack(&l, call->scratch);
  sum_biases(&l);
  start_state(&l);
  for (l.done = 0; l.done < l.t && l.mb > 0; l.done += l.steps) {
    l.steps = l.t - l.done < l.chunk ? l.t - l.done : l.chunk;
    for (int64_t d = 0; d < l.dirs; d++) look_ahead(&l, d);
    aus_parallel_for(call->ctx, l.dirs * l.parts, 1, walk, &l);
  }
  put_last(&l);
}
