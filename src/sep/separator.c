/* separator.c - the separator noun, and a sound in memory as the stream that it is made for (stream.c). */
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

/* ---- a sound in memory ----------------------------------------------------------------------------- */

typedef struct memory { const aus_audio *in; aus_stems *out; } memory;

static aus_status read_memory(void *user, int64_t first, int64_t count, float *x)
{
  const aus_audio *in = ((memory *)user)->in;
  for (int32_t c = 0; c < in->channels; c++) memcpy(x + c * count, in->data + c * in->frames + first, (size_t)count * sizeof *x);
  return AUS_OK;
}

static aus_status write_memory(void *user, int64_t first, int64_t count, int32_t n, const float *const *stem)
{
  const memory *m = user;
  for (int32_t i = 0; i < n; i++)
    for (int32_t c = 0; c < m->in->channels; c++)
      memcpy(m->out->stem[i].data + c * m->in->frames + first, stem[i] + c * count, (size_t)count * sizeof(float));
  return AUS_OK;
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
  memory m = { in, out };
  const aus_separator_io io = { .rate = in->rate, .channels = in->channels, .frames = in->frames, .read = read_memory, .write = write_memory, .user = &m };
  if (status == AUS_OK) status = aus_separator_stream(s, &io, residual);
  if (status != AUS_OK) aus_stems_free(s->ctx, out);
  return status;
}
