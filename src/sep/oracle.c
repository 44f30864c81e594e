/* oracle.c - masks from true stems: how well could a mask do at all? The ceilings that separators are held against.
 *
 * With S_j the stems' spectra and X = sum_j S_j:
 *   ibm      1 where |S_j| is largest, 0 elsewhere           wiener   |S_j|^2 / sum |S|^2
 *   irm      |S_j| / sum |S|                                 tpsf     clip(|S_j| / |X| cos(angle S_j - angle X), 0, 1)  [Erdogan15]
 * on frames of about 32 ms, a quarter apart, square root of a Hann window: the setting of the published figures for Slakh. */
#include "sep/sep.h"

#include "dsp/spec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum kind { IBM, IRM, WIENER, TPSF } kind;

typedef struct oracle { kind kind; aus_stems truth; char name[24]; } oracle;

typedef struct job {
  aus_ctx *ctx;
  const oracle *o;
  aus_stft *stft;
  int64_t samples, values;
  float *mix_re, *mix_im;    /* [values] = [frames][bins] */
  float *re, *im, *sum;      /* one stem; over all stems: the largest |S|, or the sum of |S|^p */
  uint8_t *largest;          /* ibm: which */
} job;

static const float *plane_of(const oracle *o, int32_t stem, int32_t plane)
{
  const aus_audio *a = &o->truth.stem[stem];
  return a->data + (plane < a->channels ? plane : 0) * a->frames;
}

static float level(const job *j, int64_t i)
{
  const float p = j->re[i] * j->re[i] + j->im[i] * j->im[i];
  return j->o->kind == WIENER ? p : sqrtf(p);
}

static aus_status gather(job *j, int32_t plane)
{
  memset(j->sum, 0, (size_t)j->values * sizeof *j->sum);
  for (int32_t s = 0; s < j->o->truth.n; s++) {
    AUS_TRY(aus_stft_forward(j->stft, j->samples, plane_of(j->o, s, plane), j->re, j->im));
    for (int64_t i = 0; i < j->values; i++) {
      const float v = level(j, i);
      if (j->o->kind != IBM) j->sum[i] += v;
      else if (s == 0 || v > j->sum[i]) j->sum[i] = v, j->largest[i] = (uint8_t)s;
    }
  }
  return AUS_OK;
}

static float mask(const job *j, int32_t stem, int64_t i)
{
  if (j->o->kind == IBM) return j->largest[i] == stem;
  if (j->o->kind != TPSF) return j->sum[i] > 0 ? level(j, i) / j->sum[i] : 1.0f / (float)j->o->truth.n;
  const float x = j->mix_re[i] * j->mix_re[i] + j->mix_im[i] * j->mix_im[i]; /* |S| cos / |X| = Re(S conj X) / |X|^2 */
  const float m = x > 0 ? (j->re[i] * j->mix_re[i] + j->im[i] * j->mix_im[i]) / x : 0;
  return fminf(fmaxf(m, 0), 1);
}

static aus_status one_plane(job *j, int32_t plane, const float *x, float *const *stem)
{
  AUS_TRY(aus_stft_forward(j->stft, j->samples, x, j->mix_re, j->mix_im));
  AUS_TRY(gather(j, plane));
  for (int32_t s = 0; s < j->o->truth.n; s++) {
    AUS_TRY(aus_stft_forward(j->stft, j->samples, plane_of(j->o, s, plane), j->re, j->im));
    for (int64_t i = 0; i < j->values; i++) {
      const float m = mask(j, s, i);
      j->re[i] = m * j->mix_re[i];
      j->im[i] = m * j->mix_im[i];
    }
    AUS_TRY(aus_stft_inverse(j->stft, j->samples, j->re, j->im, stem[s] + plane * j->samples));
  }
  return AUS_OK;
}

static aus_status run(job *j, int32_t rate, int32_t planes, const float *x, float *const *stem)
{
  int32_t n_fft = 64;
  while (n_fft < 0.032 * rate) n_fft *= 2;
  const aus_stft_config c = { n_fft, n_fft, n_fft / 4, AUS_WINDOW_SQRT_HANN, AUS_CENTER_REFLECT };
  AUS_TRY(aus_stft_create(j->ctx, &c, &j->stft));
  j->values = aus_stft_frames(j->stft, j->samples) * aus_stft_bins(j->stft);
  float **block[] = { &j->mix_re, &j->mix_im, &j->re, &j->im, &j->sum };
  for (size_t i = 0; i < sizeof block / sizeof *block; i++)
    if (!(*block[i] = aus_alloc(j->ctx, (size_t)j->values, sizeof(float)))) return AUS_ENOMEM;
  if (!(j->largest = aus_alloc(j->ctx, (size_t)j->values, 1))) return AUS_ENOMEM;
  for (int32_t p = 0; p < planes; p++) AUS_TRY(one_plane(j, p, x + p * j->samples, stem));
  return AUS_OK;
}

static aus_status separate(aus_separator *s, int32_t rate, int32_t planes, int64_t samples, const float *x, float *const *stem)
{
  const oracle *o = s->state;
  job j = { .ctx = s->ctx, .o = o, .samples = samples };
  if (o->truth.stem[0].frames != samples)
    return aus_fail(s->ctx, AUS_EINVAL, "the true stems have %lld samples, the sound %lld: masks need the same sound", (long long)o->truth.stem[0].frames, (long long)samples);
  const aus_status status = run(&j, rate, planes, x, stem);
  void *mine[] = { j.mix_re, j.mix_im, j.re, j.im, j.sum, j.largest };
  for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) aus_free(s->ctx, mine[i]);
  aus_stft_destroy(j.stft);
  return status;
}

static void close_oracle(aus_separator *s)
{
  oracle *o = s->state;
  aus_stems_free(s->ctx, &o->truth);
  aus_free(s->ctx, o);
}

static bool find_kind(const char *mask, kind *out)
{
  static const char *const names[] = { "ibm", "irm", "wiener", "tpsf" };
  for (int i = 0; i < 4; i++)
    if (strcmp(mask, names[i]) == 0) { *out = (kind)i; return true; }
  return false;
}

aus_status aus_separator_oracle(aus_ctx *ctx, const char *mask, const char *folder, const aus_audio_range *range, aus_separator **out)
{
  kind k;
  *out = NULL;
  if (!find_kind(mask, &k)) return aus_fail(ctx, AUS_EINVAL, "no oracle mask '%.20s': ibm, irm, wiener or tpsf", mask);
  aus_separator *s = AUS_NEW(ctx, aus_separator);
  oracle *o = AUS_NEW(ctx, oracle);
  aus_status status = s && o ? aus_stems_load(ctx, folder, range, NULL, &o->truth) : AUS_ENOMEM;
  if (status == AUS_OK && (o->truth.stem[0].channels > 2 || o->truth.n > 255)) {
    status = aus_fail(ctx, AUS_ENOTSUP, "oracle masks take one or two channels and 255 stems at most");
    aus_stems_free(ctx, &o->truth);
  }
  if (status != AUS_OK) {
    aus_free(ctx, s);
    aus_free(ctx, o);
    return status;
  }
  o->kind = k;
  snprintf(o->name, sizeof o->name, "oracle:%s", mask);
  *s = (aus_separator){ .ctx = ctx, .ops = { sep_whole_begin, sep_whole_next, sep_whole_end, separate, close_oracle }, .together = 2, .state = o,
                        .info = { .name = o->name, .rate = o->truth.stem[0].rate, .n_stems = o->truth.n, .stems = (const char *const *)o->truth.name,
                                  .licence = "", .source = "", .sha256 = "" } };
  *out = s;
  return AUS_OK;
}
