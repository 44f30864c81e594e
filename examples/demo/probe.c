/* probe.c - a linear probe: sigmoid(W phi + b), where phi holds, for each of 40 mel bands of one second, the mean
 * and the maximum over time of the log-mel, and the mean of its change from frame to frame (what drums have and organs have not).
 *
 * W comes from ridge regression in closed form, W = (Phi' Phi + alpha I)^-1 Phi' Y, on seconds of sound that hold a random
 * choice of instruments; Y is +3 where an instrument plays and -3 where it does not, so that the sigmoid is near 1 and 0.
 * It is a toy, and honest: what it knows about sound is these 605 numbers. */
#include "demo/probe.h"
#include "format/writer.h"
#include "la/la.h"
#include "nn/op.h"

#include <auscult/dsp.h>
#include <math.h>
#include <string.h>

enum { BINS = N_FFT / 2 + 1 };
typedef struct front { aus_stft *stft; aus_bank *bank; float power[FRAMES * BINS], mel[FRAMES * MELS]; } front;

static aus_status front_open(aus_ctx *ctx, front *f)
{
  static float fb[MELS * BINS];
  const aus_stft_config config = { N_FFT, N_FFT, HOP, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  AUS_TRY(aus_stft_create(ctx, &config, &f->stft));
  AUS_TRY(aus_mel_filterbank(ctx, RATE, N_FFT, MELS, 0, RATE / 2.0, AUS_MEL_SLANEY, AUS_MEL_NORM_SLANEY, fb));
  return aus_bank_create(ctx, MELS, BINS, fb, &f->bank);
}

static void front_close(aus_ctx *ctx, front *f)
{
  aus_stft_destroy(f->stft);
  aus_bank_destroy(ctx, f->bank);
}

/* x[PATCH] -> f->mel[FRAMES][MELS] */
static aus_status front_run(aus_ctx *ctx, front *f, const float *x)
{
  const aus_log_config log = { .kind = AUS_LOG10_1P, .scale = 10000 };
  AUS_TRY(aus_stft_power(f->stft, PATCH, x, 0, FRAMES, 2, f->power));
  aus_bank_apply(ctx, f->bank, FRAMES, f->power, f->mel);
  aus_log_apply(ctx, &log, FRAMES * MELS, f->mel);
  return AUS_OK;
}

static void features(const float *mel, double *phi)
{
  for (int m = 0; m < MELS; m++) {
    double mean = 0, most = mel[m], change = 0;
    for (int t = 0; t < FRAMES; t++) {
      mean += mel[t * MELS + m];
      most = fmax(most, mel[t * MELS + m]);
      if (t) change += fabs((double)mel[t * MELS + m] - mel[(t - 1) * MELS + m]);
    }
    phi[m] = mean / FRAMES;
    phi[MELS + m] = most;
    phi[2 * MELS + m] = change / (FRAMES - 1);
  }
}

/* A second in which each instrument plays, or not, with even odds; loudness and notes by chance. */
static void random_second(aus_rng *rng, float *x, bool *plays)
{
  static const int low[INSTRUMENTS] = { 28, 72, 0, 48, 48 }, high[INSTRUMENTS] = { 48, 96, 0, 76, 76 }; /* MIDI keys */
  memset(x, 0, PATCH * sizeof *x);
  for (int i = 0; i < INSTRUMENTS; i++) {
    plays[i] = aus_rng_uniform(rng) < 0.5;
    if (!plays[i]) continue;
    const double gain = 0.5 * pow(10, -aus_rng_uniform(rng) * 16 / 20);
    const int notes = i == ORGAN ? 3 : 2 + (int)aus_rng_below(rng, 4);
    for (int k = 0; k < notes; k++) {
      const int64_t at = i == ORGAN ? 0 : (int64_t)(aus_rng_uniform(rng) * 0.8 * PATCH);
      const double key = low[i] + (double)aus_rng_below(rng, (uint64_t)(high[i] - low[i] + 1));
      synth_note(i, x, PATCH, at, RATE, i == DRUMS ? (double)aus_rng_below(rng, 3) : key_to_hz(key), 0.2 + aus_rng_uniform(rng), gain, rng);
    }
  }
}

/* Features and labels of all examples: phi[n][FEATURES], y[n][INSTRUMENTS]; the last patch is kept. */
static aus_status make_examples(aus_ctx *ctx, int n, uint64_t seed, double *phi, double *y, float *patch)
{
  static float x[PATCH];
  static front f;
  aus_rng rng;
  bool plays[INSTRUMENTS];
  aus_status status = front_open(ctx, &f);
  for (int e = 0; e < n && status == AUS_OK; e++) {
    aus_rng_init(&rng, seed, (uint64_t)e);
    random_second(&rng, x, plays);
    status = front_run(ctx, &f, x);
    features(f.mel, phi + (size_t)e * FEATURES);
    for (int i = 0; i < INSTRUMENTS; i++) y[e * INSTRUMENTS + i] = plays[i] ? 3 : -3;
  }
  memcpy(patch, f.mel, sizeof f.mel);
  front_close(ctx, &f);
  return status;
}

/* Ridge on centred, scaled features; then scale and centre are folded into weight and bias. */
static aus_status solve(aus_ctx *ctx, int n, const double *phi, const double *y, double alpha, probe *out)
{
  enum { P = FEATURES, L = INSTRUMENTS };
  static double gram[P * P], right[P * L], mean[P], scale[P], middle[L];
  for (int j = 0; j < P; j++) {
    double sum = 0, square = 0;
    for (int e = 0; e < n; e++) sum += phi[e * P + j], square += phi[e * P + j] * phi[e * P + j];
    mean[j] = sum / n;
    scale[j] = 1 / sqrt(fmax(1e-12, square / n - mean[j] * mean[j]));
  }
  for (int l = 0; l < L; l++) {
    middle[l] = 0;
    for (int e = 0; e < n; e++) middle[l] += y[e * L + l] / n;
  }
  memset(gram, 0, sizeof gram);
  memset(right, 0, sizeof right);
  for (int e = 0; e < n; e++)
    for (int j = 0; j < P; j++) {
      const double a = (phi[e * P + j] - mean[j]) * scale[j];
      for (int k = 0; k <= j; k++) gram[j * P + k] += a * (phi[e * P + k] - mean[k]) * scale[k];
      for (int l = 0; l < L; l++) right[j * L + l] += a * (y[e * L + l] - middle[l]);
    }
  for (int j = 0; j < P; j++) gram[j * P + j] += alpha;
  AUS_TRY(aus_cholesky(ctx, P, gram));
  aus_cholesky_solve(P, L, gram, right);
  for (int l = 0; l < L; l++) {
    double bias = middle[l];
    for (int j = 0; j < P; j++) {
      out->weight[l][j] = (float)(right[j * L + l] * scale[j]);
      bias -= right[j * L + l] * scale[j] * mean[j];
    }
    out->bias[l] = (float)bias;
  }
  return AUS_OK;
}

/* W phi + b, in double */
static void judge(const probe *p, const double *phi, double *logit)
{
  for (int l = 0; l < INSTRUMENTS; l++) {
    logit[l] = p->bias[l];
    for (int j = 0; j < FEATURES; j++) logit[l] += (double)p->weight[l][j] * phi[j];
  }
}

aus_status probe_fit(aus_ctx *ctx, int examples, uint64_t seed, probe *out)
{
  const int held = examples / 4, n = examples + held;
  double *phi = aus_alloc(ctx, (size_t)n * FEATURES, sizeof *phi), *y = aus_alloc(ctx, (size_t)n * INSTRUMENTS, sizeof *y);
  aus_status status = phi && y ? make_examples(ctx, n, seed, phi, y, out->patch) : AUS_ENOMEM;
  if (status == AUS_OK) status = solve(ctx, examples, phi, y, 10, out);
  for (int l = 0; l < INSTRUMENTS; l++) out->right[l] = 0;
  for (int e = examples; e < n && status == AUS_OK; e++) {
    double logit[INSTRUMENTS];
    judge(out, phi + (size_t)e * FEATURES, logit);
    for (int l = 0; l < INSTRUMENTS; l++) out->right[l] += (logit[l] > 0) == (y[e * INSTRUMENTS + l] > 0);
  }
  for (int l = 0; l < INSTRUMENTS; l++) out->right[l] /= held;
  aus_free(ctx, phi);
  aus_free(ctx, y);
  return status;
}

/* ---- the file ---------------------------------------------------------------------------- */

static int32_t node(aus_builder *b, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_attr, const int32_t *attr)
{
  aus_word word[16];
  for (int32_t i = 0; i < n_attr; i++) word[i].i = attr[i];
  return aus_builder_node(b, op, name, n_in, in, 1, n_attr, word);
}

#define NODE(op, name, in, ...) node(b, op, name, (int32_t)(sizeof(in) / sizeof *(in)), in, (int32_t)(sizeof((int32_t[]){ __VA_ARGS__ }) / 4), (int32_t[]){ __VA_ARGS__ })

/* log-mel [mb, 1, t, m] -> scores [mb, labels]; attributes in the order of src/nn/ops.def */
static void write_graph(aus_builder *b, const probe *p)
{
  enum { TIME = 1 << 2, TO_END = INT32_MAX };
  const int32_t x = aus_builder_input(b, "logmel", 4, (int32_t[]){ -1, 1, FRAMES, MELS });
  const int32_t w = aus_builder_param(b, "weights", 2, (int32_t[]){ INSTRUMENTS, FEATURES }, &p->weight[0][0]);
  const int32_t bias = aus_builder_param(b, "bias", 1, (int32_t[]){ INSTRUMENTS }, p->bias);
  const int32_t src[] = { x };
  const int32_t mean = NODE(AUS_OP_reduce_mean, "mean", src, TIME, 1);
  const int32_t most = NODE(AUS_OP_reduce_max, "max", src, TIME, 1);
  const int32_t later = NODE(AUS_OP_slice, "later", src, 0, TO_END, 1, 0, TO_END, 1, 1, TO_END, 1, 0, TO_END, 1);
  const int32_t earlier = NODE(AUS_OP_slice, "earlier", src, 0, TO_END, 1, 0, TO_END, 1, 0, -1, 1, 0, TO_END, 1);
  const int32_t pair[] = { later, earlier };
  const int32_t difference[] = { node(b, AUS_OP_sub, "difference", 2, pair, 0, NULL) };
  const int32_t size[] = { node(b, AUS_OP_abs, "size", 1, difference, 0, NULL) };
  const int32_t change = NODE(AUS_OP_reduce_mean, "change", size, TIME, 1);
  const int32_t three[] = { mean, most, change };
  const int32_t joined[] = { NODE(AUS_OP_concat, "joined", three, 3) };
  const int32_t flat = NODE(AUS_OP_reshape, "features", joined, 0, FEATURES);
  const int32_t linear[] = { node(b, AUS_OP_linear, "logits", 3, (int32_t[]){ flat, w, bias }, 0, NULL) };
  aus_builder_output(b, node(b, AUS_OP_sigmoid, "scores", 1, linear, 0, NULL));
}

static void write_front_end(aus_builder *b)
{
  aus_builder_string(b, "frontend", "mel");
  aus_builder_integer(b, "frontend.rate", RATE);
  aus_builder_integer(b, "frontend.n_fft", N_FFT);
  aus_builder_integer(b, "frontend.win_length", N_FFT);
  aus_builder_integer(b, "frontend.hop", HOP);
  aus_builder_string(b, "frontend.window", "hann");
  aus_builder_string(b, "frontend.center", "reflect");
  aus_builder_real(b, "frontend.power", 2);
  aus_builder_integer(b, "frontend.mels", MELS);
  aus_builder_real(b, "frontend.fmin", 0);
  aus_builder_real(b, "frontend.fmax", RATE / 2.0);
  aus_builder_string(b, "frontend.mel_scale", "slaney");
  aus_builder_string(b, "frontend.mel_norm", "slaney");
  aus_builder_string(b, "frontend.log", "log10_1p");
  aus_builder_real(b, "frontend.log_scale", 10000);
  aus_builder_string(b, "frontend.layout", "time_mel");
  aus_builder_integer(b, "frontend.patch_frames", FRAMES);
  aus_builder_string(b, "frontend.short", "repeat");
  aus_builder_string(b, "frontend.tail", "overlap");
}

/* The golden output is computed here in double, without the graph. */
static void write_golden(aus_builder *b, const probe *p)
{
  double phi[FEATURES], logit[INSTRUMENTS];
  float score[INSTRUMENTS];
  features(p->patch, phi);
  judge(p, phi, logit);
  for (int l = 0; l < INSTRUMENTS; l++) score[l] = (float)(1 / (1 + exp(-logit[l])));
  aus_builder_tensor(b, "golden.input", AUS_F32, 4, (int32_t[]){ 1, 1, FRAMES, MELS }, p->patch);
  aus_builder_tensor(b, "golden.output", AUS_F32, 2, (int32_t[]){ 1, INSTRUMENTS }, score);
  aus_builder_string(b, "golden.input", "golden.input");
  aus_builder_string(b, "golden.output", "golden.output");
  aus_builder_real(b, "golden.tolerance", 1e-4);
  aus_builder_string(b, "golden.source", "double precision, without the graph");
}

aus_status probe_write(aus_ctx *ctx, const probe *p, const char *path, int replace)
{
  aus_builder *b;
  AUS_TRY(aus_builder_create(ctx, &b));
  aus_builder_string(b, "name", "demo probe");
  aus_builder_string(b, "kind", "classifier");
  aus_builder_string(b, "score", "sigmoid");
  aus_builder_string(b, "licence", "MIT, as the project");
  aus_builder_string(b, "source", "examples/make_demo.c: ridge regression on synthesised instruments");
  aus_builder_strings(b, "labels", INSTRUMENTS, instrument_name);
  write_front_end(b);
  write_graph(b, p);
  write_golden(b, p);
  const aus_status status = aus_builder_write(b, path, replace);
  aus_builder_destroy(b);
  return status;
}
