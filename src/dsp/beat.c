/* beat.c - beats by dynamic programming [Ellis07], as librosa.beat.beat_track does it.
 *
 * Tempo: the autocorrelation of the onset strength in windows of 8 s, each scaled to 1 at lag 0, averaged over
 * time; the lag with the largest log(1 + 1e6 r) plus a log-normal prior around 120 bpm (one octave wide). Beats: with period p
 * and the strength smoothed, c[t], the best chain of beats ending at t scores
 *   C[t] = c[t] + max over lags p/2 .. 2p of C[t - lag] - 100 ln^2(lag / p),
 * and is followed backwards from the last peak of C worth half the median peak; faint beats at the ends are cut (librosa's
 * slice also drops the last beat that is not faint; here it stays).
 * Cost: a small FFT and 1.5 p additions a frame. */
#include "dsp/onset.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846, START_BPM = 120, MOST_BPM = 320, TIGHTNESS = 100;

/* ---- tempo --------------------------------------------------------------------------------------- */

/* The envelope continued by ramps to 0 over half a window on both sides (numpy's linear_ramp). */
static double ramped(const aus_onset_env *env, int64_t i, int64_t reach)
{
  const int64_t n = env->frames;
  if (i < 0) return env->strength[0] * (double)(reach + i) / (double)reach;
  if (i >= n) return env->strength[n - 1] * (double)(reach - (i - n + 1)) / (double)reach;
  return env->strength[i];
}

/* mean[lag] += r[lag] / max r of the window of `length` frames around frame t */
static void add_window(const aus_onset_env *env, const aus_fft *fft, int64_t t, int64_t length, float *row, float *re, float *im,
                       void *scratch, double *mean)
{
  const int64_t size = 2 * length;
  for (int64_t i = 0; i < length; i++) {
    const double hann = 0.5 - 0.5 * cos(2 * PI * (double)i / (double)length);
    row[i] = (float)(hann * ramped(env, t - length / 2 + i, length / 2));
  }
  memset(row + length, 0, (size_t)length * sizeof *row);
  aus_fft_forward(fft, row, re, im, scratch);
  for (int64_t k = 0; k <= size / 2; k++) {
    re[k] = re[k] * re[k] + im[k] * im[k];
    im[k] = 0;
  }
  aus_fft_inverse(fft, re, im, row, scratch);
  double most = 0;
  for (int64_t i = 0; i < length; i++) most = fabs(row[i]) > most ? fabs(row[i]) : most;
  for (int64_t i = 0; most > FLT_MIN && i < length; i++) mean[i] += row[i] / most;
}

static double best_tempo(const double *mean, int64_t length, int64_t frames, double fps)
{
  double best = -DBL_MAX, bpm = START_BPM;
  for (int64_t lag = 1; lag < length; lag++) {
    const double tempo = 60 * fps / (double)lag, octaves = log2(tempo / START_BPM), r = mean[lag] / (double)frames;
    if (tempo >= MOST_BPM) continue;
    const double score = log1p(1e6 * (r > 0 ? r : 0)) - 0.5 * octaves * octaves;
    if (score > best) {
      best = score;
      bpm = tempo;
    }
  }
  return bpm;
}

/* Very long signals are heard in at most 4096 windows, evenly placed. */
static aus_status find_tempo(aus_ctx *ctx, const aus_onset_env *env, double *bpm)
{
  const int64_t length = (int64_t)(8 * env->fps) & ~(int64_t)1, step = env->frames / 4096 + 1;
  aus_fft *fft = NULL;
  AUS_TRY(aus_fft_create(ctx, (int32_t)(2 * length), &fft));
  float *row = aus_alloc(ctx, (size_t)(2 * length), sizeof(float)), *re = aus_alloc(ctx, (size_t)length + 1, sizeof(float));
  float *im = aus_alloc(ctx, (size_t)length + 1, sizeof(float));
  void *scratch = aus_alloc(ctx, 1, aus_fft_scratch(fft));
  double *mean = aus_alloc_zero(ctx, (size_t)length, sizeof(double));
  const bool ok = row && re && im && scratch && mean;
  if (ok) {
    int64_t windows = 0;
    for (int64_t t = 0; t < env->frames; t += step, windows++)
      add_window(env, fft, t, length, row, re, im, scratch, mean);
    *bpm = best_tempo(mean, length, windows, env->fps);
  }
  void *block[5] = { row, re, im, scratch, mean };
  for (int i = 0; i < 5; i++) aus_free(ctx, block[i]);
  aus_fft_destroy(ctx, fft);
  return ok ? AUS_OK : AUS_ENOMEM;
}

/* ---- beats ----------------------------------------------------------------------------------------- */

typedef struct tracker {
  int64_t frames, period;
  float *local;          /* c: strength / its deviation, smoothed over 1/32 of a period */
  float *score;          /* C */
  int32_t *back;         /* lag to the beat before, 0: none */
  float *sorted;
  double *weight, *penalty; /* [2 period + 1]: of a neighbour at distance d - period; of a lag */
} tracker;

static void fill_tables(tracker *t)
{
  const int64_t p = t->period;
  for (int64_t i = 0; i <= 2 * p; i++) {
    const double u = (double)(i - p) * 32 / (double)p, turn = i ? log((double)i / (double)p) : 0;
    t->weight[i] = exp(-0.5 * u * u);
    t->penalty[i] = TIGHTNESS * turn * turn;
  }
}

static void smooth(const aus_onset_env *env, tracker *t)
{
  double mean = 0, squares = 0;
  const int64_t n = t->frames, p = t->period;
  for (int64_t i = 0; i < n; i++) mean += env->strength[i];
  mean /= (double)n;
  for (int64_t i = 0; i < n; i++) squares += (env->strength[i] - mean) * (env->strength[i] - mean);
  const double deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : 0, scale = deviation > 0 ? 1 / deviation : 0;
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int64_t d = -p; d <= p; d++)
      if (i + d >= 0 && i + d < n) sum += t->weight[d + p] * env->strength[i + d];
    t->local[i] = (float)(sum * scale);
  }
}

static void chain(tracker *t)
{
  float loudest = 0;
  bool started = false;
  const int64_t half = lrint(0.5 * (double)t->period), nearest = half > 0 ? half : 1;
  for (int64_t i = 0; i < t->frames; i++) loudest = t->local[i] > loudest ? t->local[i] : loudest;
  for (int64_t i = 0; i < t->frames; i++) {
    double best = -DBL_MAX;
    int64_t lag_of_best = 0;
    for (int64_t lag = 2 * t->period; lag >= nearest; lag--) {
      const double value = (i >= lag ? t->score[i - lag] : 0) - t->penalty[lag];
      if (value > best) {
        best = value;
        lag_of_best = lag;
      }
    }
    t->score[i] = (float)(t->local[i] + best);
    t->back[i] = (int32_t)lag_of_best;
    if (!started && t->local[i] < 0.01f * loudest) t->back[i] = 0;
    else started = true;
    if (t->back[i] > i) t->back[i] = 0;
  }
}

static int by_value(const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static bool peak_at(const tracker *t, int64_t i)
{
  return i > 0 && t->score[i] > t->score[i - 1] && (i + 1 == t->frames || t->score[i] >= t->score[i + 1]);
}

static int64_t last_beat(tracker *t)
{
  int64_t peaks = 0;
  for (int64_t i = 0; i < t->frames; i++)
    if (peak_at(t, i)) t->sorted[peaks++] = t->score[i];
  if (!peaks) return -1;
  qsort(t->sorted, (size_t)peaks, sizeof(float), by_value);
  const double median = 0.5 * (t->sorted[(peaks - 1) / 2] + t->sorted[peaks / 2]);
  for (int64_t i = t->frames - 1; i >= 0; i--)
    if (peak_at(t, i) && 2 * t->score[i] > median) return i;
  return -1;
}

/* Beats [first, first + count) of frame[] that are not fainter than half the root mean square of the beats'
 * strength, smoothed over three (0.5, 1, 0.5). */
static void trim(const tracker *t, const int64_t *frame, int64_t *first, int64_t *count)
{
  double squares = 0;
  const int64_t n = *count;
  int64_t a = n, b = -1;
  for (int pass = 0; pass < 2; pass++)
    for (int64_t i = 0; i < n; i++) {
      const double before = i > 0 ? t->local[frame[i - 1]] : 0, after = i + 1 < n ? t->local[frame[i + 1]] : 0;
      const double s = 0.5 * before + t->local[frame[i]] + 0.5 * after;
      if (pass == 0) squares += s * s;
      else if (s > 0.5 * sqrt(squares / (double)n)) {
        a = i < a ? i : a;
        b = i;
      }
    }
  *first = b < 0 ? 0 : a;
  *count = b < 0 ? 0 : b - a + 1;
}

static aus_status follow(aus_ctx *ctx, tracker *t, const aus_onset_env *env, int32_t rate, int32_t max, double *times, int32_t *n)
{
  int64_t count = 0, first = 0;
  const int64_t last = last_beat(t);
  for (int64_t i = last; i >= 0; i = t->back[i] ? i - t->back[i] : -1) count++;
  if (!count) return AUS_OK;
  int64_t *frame = aus_alloc(ctx, (size_t)count, sizeof *frame), at = count;
  if (!frame) return AUS_ENOMEM;
  for (int64_t i = last; i >= 0; i = t->back[i] ? i - t->back[i] : -1) frame[--at] = i;
  trim(t, frame, &first, &count);
  for (int64_t i = first; i < first + count && *n < max; i++) times[(*n)++] = (double)frame[i] * env->hop / rate;
  aus_free(ctx, frame);
  return AUS_OK;
}

static aus_status track(aus_ctx *ctx, const aus_onset_env *env, int32_t rate, double bpm, int32_t max, double *times, int32_t *n)
{
  tracker t = { .frames = env->frames, .period = (int64_t)lrint(60 * env->fps / bpm) };
  if (t.period < 1) t.period = 1;
  t.local = aus_alloc(ctx, (size_t)t.frames, sizeof(float));
  t.score = aus_alloc(ctx, (size_t)t.frames, sizeof(float));
  t.sorted = aus_alloc(ctx, (size_t)t.frames, sizeof(float));
  t.back = aus_alloc(ctx, (size_t)t.frames, sizeof(int32_t));
  t.weight = aus_alloc(ctx, 2 * (size_t)t.period + 1, sizeof(double));
  t.penalty = aus_alloc(ctx, 2 * (size_t)t.period + 1, sizeof(double));
  aus_status status = AUS_ENOMEM;
  if (t.local && t.score && t.sorted && t.back && t.weight && t.penalty) {
    fill_tables(&t);
    smooth(env, &t);
    chain(&t);
    status = follow(ctx, &t, env, rate, max, times, n);
  }
  void *block[6] = { t.local, t.score, t.sorted, t.back, t.weight, t.penalty };
  for (int i = 0; i < 6; i++) aus_free(ctx, block[i]);
  return status;
}

aus_status aus_beats(aus_ctx *ctx, int32_t rate, int64_t samples, const float *x, int32_t max, double *times, int32_t *n,
                     double *bpm)
{
  *n = 0;
  *bpm = 0;
  aus_onset_env env;
  AUS_TRY(aus_onset_envelope(ctx, rate, samples, x, &env));
  float loudest = 0;
  for (int64_t i = 0; i < env.frames; i++) loudest = env.strength[i] > loudest ? env.strength[i] : loudest;
  aus_status status = AUS_OK;
  if (loudest > 0 && env.fps >= 4) { /* silence has no tempo */
    status = find_tempo(ctx, &env, bpm);
    if (status == AUS_OK) status = track(ctx, &env, rate, *bpm, max, times, n);
  }
  aus_free(ctx, env.strength);
  return status;
}
