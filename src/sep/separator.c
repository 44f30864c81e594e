/* separator.c - the separator noun: rates, channels and the residual, whatever the method.
 *
 * A method hears one channel (or a stereo pair) at its own rate. Here the sound is brought to that rate, the stems are brought
 * back and cut to the input's length, and what they leave over becomes the residual, so that for every method
 * stems + residual = input. A stem of a resampled separator holds nothing above its own band: that too is the
 * residual's. */
#include "sep/sep.h"

#include <math.h>
#include <string.h>

int32_t aus_separator_frame(int32_t rate)
{
  const double octaves = round(log2(2048.0 * rate / 22050.0));
  return 1 << (int)fmin(fmax(octaves, 6), 16);
}

void aus_separator_close(aus_separator *s)
{
  if (!s) return;
  if (s->ops.close) s->ops.close(s);
  aus_free(s->ctx, s);
}

const aus_separator_info *aus_separator_describe(const aus_separator *s) { return &s->info; }

/* One group of channels at the separator's rate. */
typedef struct group {
  int32_t rate;
  int64_t samples;   /* at that rate */
  float *x;          /* [together][samples], what the method hears */
  float **stem;      /* [n_stems] each [together][samples] */
} group;

static void group_free(aus_separator *s, group *g)
{
  for (int32_t i = 0; g->stem && i < s->info.n_stems; i++) aus_free(s->ctx, g->stem[i]);
  aus_free(s->ctx, g->stem);
  aus_free(s->ctx, g->x);
}

static aus_status group_alloc(aus_separator *s, const aus_audio *in, group *g)
{
  const size_t channels = (size_t)s->together;
  g->rate = s->info.rate ? s->info.rate : in->rate;
  g->samples = aus_resample_length(in->frames, in->rate, g->rate);
  g->x = aus_alloc(s->ctx, channels * (size_t)g->samples, sizeof(float));
  g->stem = aus_alloc_zero(s->ctx, (size_t)s->info.n_stems, sizeof *g->stem);
  if (!g->x || !g->stem) return AUS_ENOMEM;
  for (int32_t i = 0; i < s->info.n_stems; i++)
    if (!(g->stem[i] = aus_alloc(s->ctx, channels * (size_t)g->samples, sizeof(float)))) return AUS_ENOMEM;
  return AUS_OK;
}

/* Channel c of the input at the group's rate. */
static aus_status hear(aus_separator *s, const aus_audio *in, int32_t c, group *g, float *to)
{
  const float *x = in->data + c * in->frames;
  if (g->rate != in->rate) return aus_resample(s->ctx, in->frames, x, in->rate, g->rate, to);
  memcpy(to, x, (size_t)in->frames * sizeof *to);
  return AUS_OK;
}

/* y[frames] = a stem's plane back at the input's rate. */
static aus_status give_back(aus_separator *s, const aus_audio *in, const group *g, const float *plane, float *y)
{
  if (g->rate == in->rate) {
    memcpy(y, plane, (size_t)in->frames * sizeof *y);
    return AUS_OK;
  }
  const int64_t n = aus_resample_length(g->samples, g->rate, in->rate); /* >= frames */
  float *whole = aus_alloc(s->ctx, (size_t)n, sizeof *whole);
  if (!whole) return AUS_ENOMEM;
  const aus_status status = aus_resample(s->ctx, g->samples, plane, g->rate, in->rate, whole);
  if (status == AUS_OK) memcpy(y, whole, (size_t)(n < in->frames ? n : in->frames) * sizeof *y);
  aus_free(s->ctx, whole);
  return status;
}

/* Channel c alone. A stereo network hears it on both sides and answers with the mean of them. */
static aus_status one_channel(aus_separator *s, const aus_audio *in, int32_t c, group *g, aus_stems *out)
{
  AUS_TRY(hear(s, in, c, g, g->x));
  if (s->together == 2) memcpy(g->x + g->samples, g->x, (size_t)g->samples * sizeof(float));
  AUS_TRY(s->ops.separate(s, g->rate, s->together, g->samples, g->x, g->stem));
  for (int32_t i = 0; i < s->info.n_stems; i++) {
    float *plane = g->stem[i];
    for (int64_t t = 0; s->together == 2 && t < g->samples; t++) plane[t] = (plane[t] + plane[t + g->samples]) / 2;
    AUS_TRY(give_back(s, in, g, plane, out->stem[i].data + c * in->frames));
  }
  return AUS_OK;
}

static aus_status stereo(aus_separator *s, const aus_audio *in, group *g, aus_stems *out)
{
  for (int32_t c = 0; c < 2; c++) AUS_TRY(hear(s, in, c, g, g->x + c * g->samples));
  AUS_TRY(s->ops.separate(s, g->rate, 2, g->samples, g->x, g->stem));
  for (int32_t i = 0; i < s->info.n_stems; i++)
    for (int32_t c = 0; c < 2; c++)
      AUS_TRY(give_back(s, in, g, g->stem[i] + c * g->samples, out->stem[i].data + c * in->frames));
  return AUS_OK;
}

static aus_status separate(aus_separator *s, const aus_audio *in, aus_stems *out)
{
  group g = { 0 };
  aus_status status = group_alloc(s, in, &g);
  if (status == AUS_OK && s->together == 2 && in->channels == 2) status = stereo(s, in, &g, out);
  else
    for (int32_t c = 0; c < in->channels && status == AUS_OK; c++) status = one_channel(s, in, c, &g, out);
  group_free(s, &g);
  return status;
}

/* The last stem becomes in - sum of the others. */
static void fill_residual(const aus_audio *in, aus_stems *stems)
{
  const int64_t total = (int64_t)in->channels * in->frames;
  float *rest = stems->stem[stems->n - 1].data;
  for (int64_t t = 0; t < total; t++) {
    double sum = 0;
    for (int32_t i = 0; i + 1 < stems->n; i++) sum += stems->stem[i].data[t];
    rest[t] = (float)(in->data[t] - sum);
  }
}

aus_status aus_separator_run(aus_separator *s, const aus_audio *in, int residual, aus_stems *out)
{
  memset(out, 0, sizeof *out);
  if (in->frames < 1 || in->channels < 1 || in->rate < 1) return aus_fail(s->ctx, AUS_EINVAL, "there is no sound to separate");
  const int32_t n = s->info.n_stems + !!residual;
  const char **names = aus_alloc(s->ctx, (size_t)n, sizeof *names);
  if (!names) return AUS_ENOMEM;
  for (int32_t i = 0; i < s->info.n_stems; i++) names[i] = s->info.stems[i];
  if (residual) names[n - 1] = "residual";
  aus_status status = aus_stems_alloc(s->ctx, n, names, in, out);
  aus_free(s->ctx, names);
  if (status == AUS_OK) status = separate(s, in, out);
  if (status == AUS_OK && residual) fill_residual(in, out);
  if (status != AUS_OK) aus_stems_free(s->ctx, out);
  return status;
}
