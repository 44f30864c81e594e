/* recurrent_back.c - lstm, gru and rnn back through time [Werbos90].
 *
 * With a_t the sums before the gates (W x_t + R h + b) and G = diff a, [t mb][gates hidden]:
 *
 *   step by step from the last: diff h_t -> G_t (simd/kern_rnn.h), diff h_(t-1) = G_t R + what the gates let pass;
 *   then at once: diff x = G W, diff W = G' x, diff R = G' h_(t-1), diff b = sum of the rows of G (both biases).
 *
 * The new-gate of gru has a product of its own: with linear_before_reset its recurrent sum has the diff r G_n, without
 * it the product sees r h; so the recurrent weights are taken in two parts, `early` gates and the last one, whose
 * diff (or r h) lies in `late`. States and gates were kept by forward. Directions and parts of the batch run on
 * different threads; each row is computed whole, and sums over time are sgemm's, so bits do not depend on threads. */
#include "nn/ops/recurrent.h"
#include "la/la.h"
#include "nn/ops/common.h"

#include <string.h>

enum { X = AUS_RECURRENT_X, W = AUS_RECURRENT_W, R = AUS_RECURRENT_R, BIAS = AUS_RECURRENT_BIAS, H0 = AUS_RECURRENT_H0, C0 = AUS_RECURRENT_C0 };

typedef struct way_back {
  aus_recurrent l;
  const aus_back *b;
  int64_t early, parts;         /* gates of the first product with R; parts of the batch */
  bool split, late_diff;        /* is there a second product; is `late` a diff, or r h? */
  float *diff;                  /* [dirs][t mb][wide] */
  float *late;                  /* [dirs][t mb][hidden] when split */
  float *h, *c;                 /* [dirs][mb hidden]: diffs of the state and the cell */
  float *r;                     /* [dirs] of packed_r floats: the early gates, then the last one */
  float *x, *diff_x;            /* [t mb][in] when x is batch first */
  void *gemm;
} way_back;

static int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }
static const aus_operand *operand(const way_back *w, int i) { return i < w->l.call->n_in ? &w->l.call->in[i] : NULL; }
static float *wanted(const way_back *w, int i) { return i < w->l.call->n_in ? w->b->diff_src[i] : NULL; }
static const float *diff_of(const way_back *w, int i) { return i < w->l.call->n_out ? w->b->diff_dst[i] : NULL; }
static int64_t rows_of(const way_back *w) { return w->l.t * w->l.mb; }
static bool turned(const way_back *w) { return w->l.batch_first && w->l.mb > 1; }

static aus_status describe(const aus_back *b, way_back *w)
{
  *w = (way_back){ .b = b };
  AUS_TRY(aus_recurrent_describe(b->call, &w->l));
  const aus_recurrent_kind *k = &w->l.kind;
  w->split = k->gates == 3;
  w->late_diff = k->late_gate >= 0;
  w->early = w->split ? 2 : k->gates;
  w->parts = (b->call->ctx->threads + w->l.dirs - 1) / w->l.dirs;
  if (w->parts > w->l.mb) w->parts = w->l.mb;
  return AUS_OK;
}

static int64_t panels(const way_back *w) { return (w->l.hidden + w->l.kernels->gemm.nr - 1) / w->l.kernels->gemm.nr * w->l.kernels->gemm.nr; }
static int64_t early_floats(const way_back *w) { return padded(panels(w) * w->early * w->l.hidden); }
static int64_t packed_r(const way_back *w) { return early_floats(w) + (w->split ? padded(panels(w) * w->l.hidden) : 0); }

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t gemm_scratch(const way_back *w)
{
  const aus_ctx *ctx = w->l.call->ctx;
  const int64_t rows = rows_of(w), wide = w->l.wide, in = w->l.in, h = w->l.hidden;
  size_t n = wanted(w, X) ? aus_sgemm_scratch(ctx, rows, in, wide) : 0;
  if (wanted(w, W)) n = larger(n, aus_sgemm_scratch(ctx, wide, in, rows));
  if (wanted(w, R)) n = larger(n, larger(aus_sgemm_scratch(ctx, w->early * h, h, rows), aus_sgemm_scratch(ctx, h, h, rows)));
  return n;
}

static float *take(unsigned char **p, int64_t floats)
{
  float *at = (float *)(void *)*p;
  *p += (size_t)padded(floats) * sizeof(float);
  return at;
}

static size_t place(way_back *w, unsigned char *p)
{
  unsigned char *const start = p;
  const int64_t rows = rows_of(w), dirs = w->l.dirs, state = padded(w->l.mb * w->l.hidden);
  w->diff = take(&p, dirs * rows * w->l.wide);
  w->late = take(&p, w->split ? dirs * rows * w->l.hidden : 0);
  w->h = take(&p, dirs * state);
  w->c = take(&p, w->l.kind.cell ? dirs * state : 0);
  w->r = take(&p, dirs * packed_r(w));
  w->x = take(&p, turned(w) && wanted(w, W) ? rows * w->l.in : 0);
  w->diff_x = take(&p, turned(w) && wanted(w, X) ? rows * w->l.in : 0);
  w->gemm = p;
  p += gemm_scratch(w);
  return (size_t)(p - start);
}

size_t aus_recurrent_back_scratch(const aus_back *b)
{
  way_back w;
  if (describe(b, &w) != AUS_OK) return SIZE_MAX;
  return place(&w, (unsigned char *)(uintptr_t)64); /* sizes only: nothing is touched */
}

/* ---- through time -------------------------------------------------------------------------------------------- */

static void copy_or_zero(float *dst, const float *src, int64_t n)
{
  if (src) memcpy(dst, src, (size_t)n * sizeof *dst);
  else memset(dst, 0, (size_t)n * sizeof *dst);
}

static float *state_of(const way_back *w, float *all, int64_t d) { return all + d * padded(w->l.mb * w->l.hidden); }

static void start(const way_back *w)
{
  const int64_t n = w->l.mb * w->l.hidden, h = w->l.hidden;
  for (int64_t d = 0; d < w->l.dirs; d++) {
    const float *last_h = diff_of(w, 1), *last_c = w->l.kind.cell ? diff_of(w, 2) : NULL, *r = operand(w, R)->data + d * w->l.wide * h;
    float *packed = w->r + d * packed_r(w);
    copy_or_zero(state_of(w, w->h, d), last_h ? last_h + d * n : NULL, n);
    if (w->l.kind.cell) copy_or_zero(state_of(w, w->c, d), last_c ? last_c + d * n : NULL, n);
    w->l.kernels->gemm.pack_b(0, h, w->early * h, r, h, packed);
    if (w->split) w->l.kernels->gemm.pack_b(0, h, h, r + w->early * h * h, h, packed + early_floats(w));
  }
}

/* h[m][hidden] = beta h + a[m][k] R */
static void product(const way_back *w, int64_t m, int64_t k, const float *a, int64_t lda, const float *packed, float beta, float *h)
{
  const struct aus_gemm_kernels *g = &w->l.kernels->gemm;
  const int64_t tiles = (m + g->mr - 1) / g->mr, tall = (m + tiles - 1) / tiles; /* 16 rows are 8 + 8 */
  const struct aus_gemm_block block = { .m = m, .n = w->l.hidden, .k = k, .a = a, .a_step = tall * lda, .lda = lda, .h = (int32_t)tall, .b = packed,
                                        .b_step = g->nr * k, .ldb = g->nr, .c = h, .ldc = w->l.hidden, .alpha = 1, .beta = beta };
  g->block(&block);
}

/* diff h += diff y */
static void add_output(const way_back *w, int64_t d, int64_t time, int64_t b0, int64_t b1, float *h)
{
  const aus_recurrent *l = &w->l;
  const float *y = diff_of(w, 0);
  for (int64_t b = b0; y && b < b1; b++) {
    const float *at = l->batch_first ? y + ((b * l->t + time) * l->dirs + d) * l->hidden : y + ((time * l->dirs + d) * l->mb + b) * l->hidden;
    l->kernels->vec.add(l->hidden, h + b * l->hidden, at, h + b * l->hidden);
  }
}

/* Step `number` of items [b0, b1), undone. */
static void step_back(const way_back *w, int64_t d, int64_t number, int64_t b0, int64_t b1)
{
  const aus_recurrent *l = &w->l;
  const int64_t n = l->hidden, at = b0 * n, rows = b1 - b0, kept = aus_recurrent_kept(l);
  const int64_t time = aus_recurrent_backwards(l, d) ? l->t - 1 - number : number, row = (d * l->t + time) * l->mb + b0;
  const float *r = w->r + d * packed_r(w);
  float *h = state_of(w, w->h, d) + at, *diff = w->diff + row * l->wide, *late = w->split ? w->late + row * n : NULL;
  const bool plain = l->kind.gates == 1;
  struct aus_rnn_back s = { .kind = w->split && !w->late_diff ? AUS_RNN_GRU_NEW : l->kind.first, .rows = rows, .hidden = n,
                            .h = aus_recurrent_saved_h(l, d, plain ? number + 1 : number) + at, .diff_h = h, .diff = diff, .diff_stride = l->wide, .late = late };
  if (kept) { s.gates = aus_recurrent_saved_gates(l, d, time) + at * kept; s.gates_stride = kept * n; }
  if (l->kind.cell) {
    s.c_old = aus_recurrent_saved_c(l, d, number) + at;
    s.c = aus_recurrent_saved_c(l, d, number + 1) + at;
    s.diff_c = state_of(w, w->c, d) + at;
  }
  add_output(w, d, time, b0, b1, state_of(w, w->h, d));
  l->kernels->rnn.back(&s);
  if (s.kind == AUS_RNN_GRU_NEW) {
    product(w, rows, n, diff + 2 * n, l->wide, r + early_floats(w), 0, late);
    s.kind = AUS_RNN_GRU_GATES;
    l->kernels->rnn.back(&s);
  }
  product(w, rows, w->early * n, diff, l->wide, r, w->split ? 1 : 0, h);
  if (w->late_diff) product(w, rows, n, late, n, r + early_floats(w), 1, h);
}

static void through_time(void *arg, int64_t begin, int64_t end, int worker)
{
  const way_back *w = arg;
  (void)worker;
  for (int64_t task = begin; task < end; task++) {
    const int64_t d = task / w->parts, part = task % w->parts;
    for (int64_t number = w->l.t - 1; number >= 0; number--) step_back(w, d, number, part * w->l.mb / w->parts, (part + 1) * w->l.mb / w->parts);
  }
}

/* ---- at once ---------------------------------------------------------------------------------------------------- */

/* rows [b][t] to [t][b], or back */
typedef struct turn { const float *src; float *dst; int64_t slow, fast, n; } turn;

static void turn_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const turn *j = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) memcpy(j->dst + i * j->n, j->src + (i % j->fast * j->slow + i / j->fast) * j->n, (size_t)j->n * sizeof(float));
}

static void turn_over(const way_back *w, const float *src, int64_t slow, int64_t fast, float *dst)
{
  turn j = { src, dst, slow, fast, w->l.in };
  aus_parallel_for(w->l.call->ctx, slow * fast, 64, turn_rows, &j);
}

static void back_to_x(const way_back *w)
{
  const aus_recurrent *l = &w->l;
  const int64_t rows = rows_of(w);
  float *x = turned(w) ? w->diff_x : wanted(w, X);
  for (int64_t d = 0; d < l->dirs; d++)
    aus_sgemm_in(l->call->ctx, false, false, rows, l->in, l->wide, 1, w->diff + d * rows * l->wide, l->wide, operand(w, W)->data + d * l->wide * l->in, l->in,
                 d ? 1 : 0, x, l->in, w->gemm);
  if (turned(w)) turn_over(w, x, l->mb, l->t, wanted(w, X));
}

static void back_to_w(const way_back *w)
{
  const aus_recurrent *l = &w->l;
  const int64_t rows = rows_of(w);
  const float *x = operand(w, X)->data;
  if (turned(w)) turn_over(w, x, l->t, l->mb, w->x);
  for (int64_t d = 0; d < l->dirs; d++)
    aus_sgemm_in(l->call->ctx, true, false, l->wide, l->in, rows, 1, w->diff + d * rows * l->wide, l->wide, turned(w) ? w->x : x, l->in, 0,
                 wanted(w, W) + d * l->wide * l->in, l->in, w->gemm);
}

static void back_to_r(const way_back *w)
{
  const aus_recurrent *l = &w->l;
  const int64_t rows = rows_of(w), n = l->hidden;
  aus_ctx *ctx = l->call->ctx;
  for (int64_t d = 0; d < l->dirs; d++) {
    const float *diff = w->diff + d * rows * l->wide, *late = w->late + d * rows * n;
    const float *h = aus_recurrent_saved_h(l, d, aus_recurrent_backwards(l, d) ? l->t - 1 : 0); /* the states before all steps, in the order of time */
    float *r = wanted(w, R) + d * l->wide * n;
    aus_sgemm_in(ctx, true, false, w->early * n, n, rows, 1, diff, l->wide, h, n, 0, r, n, w->gemm);
    if (!w->split) continue;
    if (w->late_diff) aus_sgemm_in(ctx, true, false, n, n, rows, 1, late, n, h, n, 0, r + 2 * n * n, n, w->gemm);
    else aus_sgemm_in(ctx, true, false, n, n, rows, 1, diff + 2 * n, l->wide, late, n, 0, r + 2 * n * n, n, w->gemm);
  }
}

static void back_to_bias(const way_back *w)
{
  const aus_recurrent *l = &w->l;
  const int64_t rows = rows_of(w);
  for (int64_t d = 0; d < l->dirs; d++) {
    float *bias = wanted(w, BIAS) + d * 2 * l->wide;
    aus_op_sum_rows(l->call->ctx, rows, l->wide, w->diff + d * rows * l->wide, bias);
    memcpy(bias + l->wide, bias, (size_t)l->wide * sizeof *bias);
    if (w->late_diff) aus_op_sum_rows(l->call->ctx, rows, l->hidden, w->late + d * rows * l->hidden, bias + l->wide + 2 * l->hidden);
  }
}

static void back_to_start(const way_back *w)
{
  const int64_t n = w->l.mb * w->l.hidden;
  for (int64_t d = 0; d < w->l.dirs; d++) {
    if (wanted(w, H0)) memcpy(wanted(w, H0) + d * n, state_of(w, w->h, d), (size_t)n * sizeof(float));
    if (wanted(w, C0) && w->l.kind.cell) memcpy(wanted(w, C0) + d * n, state_of(w, w->c, d), (size_t)n * sizeof(float));
  }
}

void aus_recurrent_backward(const aus_back *b)
{
  way_back w;
  if (describe(b, &w) != AUS_OK) return;
  place(&w, b->scratch);
  start(&w);
  aus_parallel_for(b->call->ctx, w.l.dirs * w.parts, 1, through_time, &w);
  if (wanted(&w, X)) back_to_x(&w);
  if (wanted(&w, W)) back_to_w(&w);
  if (wanted(&w, R)) back_to_r(&w);
  if (wanted(&w, BIAS)) back_to_bias(&w);
  back_to_start(&w);
}
