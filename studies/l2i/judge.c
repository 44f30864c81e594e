/* judge.c - the classifier of the study: logits of sounds, spectrograms of clips, masked clips. */
#include "judge.h"

#include <string.h>

#include "l2i/l2i.h"

aus_status judge_open(aus_ctx *ctx, const char *model, int64_t samples, judge *j)
{
  *j = (judge){ .ctx = ctx, .samples = samples };
  AUS_TRY(aus_model_open(ctx, model, &j->model));
  AUS_TRY(aus_bundle_open(ctx, model, &j->bundle));
  AUS_TRY(aus_frontend_create(ctx, j->bundle, &j->fe));
  j->classes = aus_model_describe(j->model)->n_targets;
  j->stft = j->fe->stft;
  j->bins = j->fe->bins;
  j->frames = aus_stft_frames(j->stft, samples);
  if (j->fe->waveform || j->frames != j->fe->patch)
    return aus_fail(ctx, AUS_EINVAL, "%s hears %lld frames, a clip has %lld", model, (long long)j->fe->patch, (long long)j->frames);
  const char *logits = aus_l2i_logits(j->bundle, &j->sigmoid);
  j->scratch = aus_alloc(ctx, (size_t)aus_frontend_floats(j->fe, j->fe->patch), sizeof *j->scratch);
  if (!j->scratch) return AUS_ENOMEM;
  for (int rows = 1; rows <= JUDGE_ROWS; rows++) {
    const aus_dims dims = aus_frontend_dims(j->fe, rows, j->fe->patch);
    AUS_TRY(aus_run_create(ctx, j->bundle, &dims, &logits, 1, &j->run[rows - 1]));
  }
  return AUS_OK;
}

void judge_close(judge *j)
{
  for (int rows = 0; rows < JUDGE_ROWS; rows++) aus_run_destroy(j->run[rows]);
  aus_free(j->ctx, j->scratch);
  aus_frontend_destroy(j->fe);
  aus_bundle_close(j->bundle);
  aus_model_close(j->model);
}

int32_t judge_class(const judge *j, const char *label)
{
  const aus_model_info *info = aus_model_describe(j->model);
  for (int32_t c = 0; c < info->n_targets; c++)
    if (strcmp(info->targets[c], label) == 0) return c;
  return -1;
}

aus_status judge_logits(judge *j, int64_t n, const float *x, float *logits)
{
  const int64_t floats = aus_frontend_floats(j->fe, j->fe->patch);
  aus_run *run = j->run[n - 1];
  float *to = aus_run_input(run, 0), floor;
  for (int64_t i = 0; i < n; i++) {
    AUS_TRY(aus_frontend_floor(j->fe, j->samples, x + i * j->samples, &floor));
    AUS_TRY(aus_frontend_patch(j->fe, j->samples, x + i * j->samples, 0, j->fe->patch, floor, j->scratch, to + i * floats));
  }
  AUS_TRY(aus_run_forward(run));
  memcpy(logits, aus_run_tap(run, 0, NULL), (size_t)n * (size_t)j->classes * sizeof *logits);
  return AUS_OK;
}

aus_status judge_masked(const judge *j, const float *logits, const float *in, const float *out, int32_t c, aus_masked *m)
{
  if (!j->sigmoid) return aus_eval_masked(j->ctx, j->classes, logits, in, out, c, m);
  return aus_eval_masked(j->ctx, 2, (const float[]){ 0, logits[c] }, (const float[]){ 0, in[c] }, (const float[]){ 0, out[c] }, 1, m);
}

aus_status judge_take(judge *j, const float *x, heard *h)
{
  const size_t cells = (size_t)j->frames * (size_t)j->bins;
  *h = (heard){ .x = aus_alloc(j->ctx, (size_t)j->samples, sizeof(float)), .re = aus_alloc(j->ctx, cells, sizeof(float)), .im = aus_alloc(j->ctx, cells, sizeof(float)),
                .energy = aus_alloc(j->ctx, cells, sizeof(float)), .logits = aus_alloc(j->ctx, (size_t)j->classes, sizeof(float)) };
  if (!h->x || !h->re || !h->im || !h->energy || !h->logits) return AUS_ENOMEM;
  memcpy(h->x, x, (size_t)j->samples * sizeof *x);
  AUS_TRY(aus_stft_forward(j->stft, j->samples, x, h->re, h->im));
  for (size_t i = 0; i < cells; i++) {
    h->energy[i] = h->re[i] * h->re[i] + h->im[i] * h->im[i];
    h->total += (double)h->energy[i];
  }
  AUS_TRY(judge_logits(j, 1, x, h->logits));
  for (int32_t c = 0; c < j->classes; c++)
    if (h->logits[c] > h->logits[h->said]) h->said = c;
  return AUS_OK;
}

aus_status judge_hear(judge *j, const char *path, heard *h)
{
  aus_audio a;
  *h = (heard){ 0 };
  AUS_TRY(aus_audio_read_mono(j->ctx, path, NULL, j->fe->rate, &a));
  float *x = aus_alloc_zero(j->ctx, (size_t)j->samples, sizeof *x);
  if (x) memcpy(x, a.data, (size_t)(a.frames < j->samples ? a.frames : j->samples) * sizeof *x);
  const aus_status status = x ? judge_take(j, x, h) : AUS_ENOMEM;
  aus_free(j->ctx, x);
  aus_audio_free(j->ctx, &a);
  return status;
}

void heard_free(const judge *j, heard *h)
{
  aus_free(j->ctx, h->x);
  aus_free(j->ctx, h->re);
  aus_free(j->ctx, h->im);
  aus_free(j->ctx, h->energy);
  aus_free(j->ctx, h->logits);
  *h = (heard){ 0 };
}

aus_status judge_part(const judge *j, const heard *h, const float *mask, float *y)
{
  const int64_t cells = j->frames * j->bins;
  float *re = aus_alloc(j->ctx, (size_t)cells, sizeof *re), *im = aus_alloc(j->ctx, (size_t)cells, sizeof *im);
  aus_status status = re && im ? AUS_OK : AUS_ENOMEM;
  for (int64_t i = 0; status == AUS_OK && i < cells; i++) {
    re[i] = mask[i] * h->re[i];
    im[i] = mask[i] * h->im[i];
  }
  if (status == AUS_OK) status = aus_stft_inverse(j->stft, j->samples, re, im, y);
  aus_free(j->ctx, re);
  aus_free(j->ctx, im);
  return status;
}
