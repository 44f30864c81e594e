/* batch_norm.c - batch normalisation [Ioffe15], at inference and while training, and the way back through both.
 *
 *   x^ = (src - mean) / sqrt(variance + epsilon),  dst = scale x^ + shift
 *
 * At inference the moments are operands: one scale and shift per channel, made once (and mostly gone before it runs: see
 * fuse.c). While training they are those of the batch, over items and space; `saved` keeps mean, 1/sqrt(variance +
 * epsilon) and the unbiased variance for the way back and for the running moments (run.h: aus_run_moments).
 *
 *   diff_shift = sum d,  diff_scale = sum d x^,  with d = diff_dst and sums over one channel of n values
 *   inference: diff_src = scale d / sigma, diff_mean = -scale sum d / sigma, diff_variance = -scale sum d x^ / (2 sigma^2)
 *   training:  diff_src = scale / sigma (d - sum d / n - x^ sum d x^ / n), nothing to the operands' moments */
#include "nn/ops/common.h"
#include "nn/run.h"

#include <math.h>
#include <string.h>

static int64_t channels_of(const aus_shape *s) { return s->rank > 1 ? s->dim[1] : 1; }

static aus_status shape(aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  if (s->rank < 2) return aus_fail(call->ctx, AUS_EFORMAT, "needs an array of rank 2 or more");
  for (int32_t k = 1; k < 5; k++)
    if (aus_shape_count(&call->in[k].shape) != channels_of(s))
      return aus_fail(call->ctx, AUS_EFORMAT, "input %d has %lld values where %lld are needed", (int)k, (long long)aus_shape_count(&call->in[k].shape), (long long)channels_of(s));
  if (call->training && aus_shape_count(s) == channels_of(s))
    return aus_fail(call->ctx, AUS_EINVAL, "one value per channel has no variance to train on; use a larger batch");
  return aus_op_same_shape(call);
}

/* Moments of the batch when nothing is saved; else scale[c] then shift[c], made again at each forward when the moments
 * are not constants. */
static size_t scratch_size(const aus_call *call)
{
  const size_t c = sizeof(float) * (size_t)channels_of(&call->in[0].shape);
  return call->training ? 3 * c : call->prepared ? 0 : 2 * c;
}

static size_t saved_size(const aus_call *call) { return call->training ? 3 * sizeof(float) * (size_t)channels_of(&call->in[0].shape) : 0; }

static size_t prepared_size(const aus_call *call)
{
  for (int32_t k = 1; k < 5; k++)
    if (!call->in[k].data || call->training) return 0;
  return 2 * sizeof(float) * (size_t)channels_of(&call->in[0].shape);
}

static void prepare(const aus_call *call, void *prepared)
{
  const int64_t c = channels_of(&call->in[0].shape);
  aus_batch_norm_affine(call, c, prepared, (float *)prepared + c);
}

/* ---- forward ----------------------------------------------------------------------------------------------- */

typedef struct affine { const struct aus_vec_kernels *vec; const float *src, *scale, *shift; float *dst; int64_t channels, space; } affine;

static void affine_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const affine *j = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) {
    const float scale = j->scale[r % j->channels], shift = j->shift[r % j->channels];
    j->vec->affine(j->space, j->src + r * j->space, scale, shift, j->dst + r * j->space);
  }
}

static int64_t grain_for(int64_t n) { return n < AUS_BLOCK ? AUS_BLOCK / n : 1; }

static void forward_inference(const aus_call *call)
{
  const aus_shape *s = &call->in[0].shape;
  const int64_t c = channels_of(s);
  const float *scale = call->prepared ? call->prepared : call->scratch;
  if (!call->prepared) aus_batch_norm_affine(call, c, call->scratch, (float *)call->scratch + c);
  affine j = { &call->ctx->kernels->vec, call->in[0].data, scale, scale + c, call->out[0].data, c, aus_shape_count_range(s, 2, s->rank) };
  aus_parallel_for(call->ctx, aus_shape_count(s) / j.space, grain_for(j.space), affine_rows, &j);
}

typedef struct channels { const aus_call *call; const struct aus_vec_kernels *vec; int64_t mb, c, space; float *saved; } channels;

static channels channels_job(const aus_call *call, void *saved)
{
  const aus_shape *s = &call->in[0].shape;
  return (channels){ call, &call->ctx->kernels->vec, s->dim[0], channels_of(s), aus_shape_count_range(s, 2, s->rank), saved };
}

/* The planes of one channel while they are near: their moments, then their values. */
static void train_channel(const channels *j, int64_t c)
{
  const aus_call *call = j->call;
  const double n = (double)(j->mb * j->space);
  double sum = 0, square = 0;
  for (int64_t i = 0; i < j->mb; i++) sum += j->vec->sum(j->space, call->in[0].data + (i * j->c + c) * j->space);
  const float mean = (float)(sum / n);
  for (int64_t i = 0; i < j->mb; i++) square += j->vec->sum_square(j->space, call->in[0].data + (i * j->c + c) * j->space, mean);
  const double off = sum / n - (double)mean, about = square / n - off * off, variance = about > 0 || isnan(about) ? about : 0;
  const double inverse = 1 / sqrt(variance + (double)call->attr[0].f), scale = (double)call->in[1].data[c] * inverse;
  const float k = (float)scale, l = (float)((double)call->in[2].data[c] - (double)mean * scale);
  for (int64_t i = 0; i < j->mb; i++) j->vec->affine(j->space, call->in[0].data + (i * j->c + c) * j->space, k, l, call->out[0].data + (i * j->c + c) * j->space);
  j->saved[c] = mean;
  j->saved[j->c + c] = (float)inverse;
  j->saved[2 * j->c + c] = (float)(variance * n / (n - 1));
}

static void train_channels(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  for (int64_t c = begin; c < end; c++) train_channel(arg, c);
}

static void forward(const aus_call *call)
{
  if (!call->training) { forward_inference(call); return; }
  channels j = channels_job(call, call->saved ? call->saved : call->scratch);
  aus_parallel_for(call->ctx, j.c, grain_for(j.mb * j.space), train_channels, &j);
}

/* ---- the way back -------------------------------------------------------------------------------------------- */

enum { STRETCH = 1024 }; /* floats at a time, in the first cache */

typedef struct sums { double d, dx; } sums; /* of d and of d (src - mean) */

static sums channel_sums(const channels *j, const float *diff_dst, int64_t c, float mean)
{
  sums s = { 0, 0 };
  float x[STRETCH];
  for (int64_t i = 0; i < j->mb; i++) {
    const int64_t at = (i * j->c + c) * j->space;
    s.d += j->vec->sum(j->space, diff_dst + at);
    for (int64_t k = 0; k < j->space; k += STRETCH) {
      const int64_t n = j->space - k < STRETCH ? j->space - k : STRETCH;
      j->vec->add_s(n, j->call->in[0].data + at + k, -mean, x);
      s.dx += j->vec->dot(n, diff_dst + at + k, x);
    }
  }
  return s;
}

/* diff_src = factor (d + slope (src - mean) + level) */
static void channel_src(const channels *j, const aus_back *back, int64_t c, float mean, float factor, float slope, float level)
{
  for (int64_t i = 0; i < j->mb; i++) {
    const int64_t at = (i * j->c + c) * j->space;
    if (!j->call->training) { j->vec->mul_s(j->space, back->diff_dst[0] + at, factor, back->diff_src[0] + at); continue; }
    for (int64_t k = 0; k < j->space; k += STRETCH) {
      const int64_t n = j->space - k < STRETCH ? j->space - k : STRETCH;
      float *to = back->diff_src[0] + at + k;
      j->vec->add_s(n, j->call->in[0].data + at + k, -mean, to);
      j->vec->affine(n, to, slope, level, to);
      j->vec->add(n, to, back->diff_dst[0] + at + k, to);
      j->vec->mul_s(n, to, factor, to);
    }
  }
}

typedef struct back_job { channels j; const aus_back *back; } back_job;

static void back_channel(const back_job *b, int64_t c)
{
  const channels *j = &b->j;
  const aus_call *call = j->call;
  float *const *diff = b->back->diff_src;
  const bool training = call->training;
  const float mean = training ? j->saved[c] : call->in[3].data[c];
  const double inverse = training ? (double)j->saved[j->c + c] : 1 / sqrt((double)call->in[4].data[c] + (double)call->attr[0].f);
  const double scale = (double)call->in[1].data[c] * inverse, n = (double)(j->mb * j->space);
  sums s = { 0, 0 };
  if (training || diff[1] || diff[2] || diff[3] || diff[4]) s = channel_sums(j, b->back->diff_dst[0], c, mean);
  if (diff[0]) channel_src(j, b->back, c, mean, (float)scale, (float)(-s.dx * inverse * inverse / n), (float)(-s.d / n));
  if (diff[1]) diff[1][c] = (float)(s.dx * inverse);
  if (diff[2]) diff[2][c] = (float)s.d;
  if (diff[3]) diff[3][c] = training ? 0 : (float)(-scale * s.d);
  if (diff[4]) diff[4][c] = training ? 0 : (float)(-0.5 * scale * inverse * inverse * s.dx);
}

static void back_channels(void *arg, int64_t begin, int64_t end, int worker)
{
  (void)worker;
  for (int64_t c = begin; c < end; c++) back_channel(arg, c);
}

static void backward(const aus_back *back)
{
  back_job b = { channels_job(back->call, back->call->saved), back };
  aus_parallel_for(back->call->ctx, b.j.c, grain_for(b.j.mb * b.j.space), back_channels, &b);
}

const aus_op_impl aus_op_impl_batch_norm = { .shape = shape, .scratch_size = scratch_size, .prepared_size = prepared_size, .prepare = prepare, .forward = forward,
                                             .saved_size = saved_size, .backward = backward, .in_place = true };
