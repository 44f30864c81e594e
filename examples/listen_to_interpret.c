/* listen_to_interpret.c - a classifier of sounds explained by sounds (docs/l2i.md), with the networks that the project carries.
 *
 *   listen_to_interpret [WEIGHTS [OUT.wav]]         WEIGHTS: the folder with esc10.aus and esc10-why.aus
 *
 * Rain (noise) in which a tone of 2 kHz beeps, made here, is rain to the classifier. Which atoms say so? What they let through is heard, and the rest: together they are the input. */
#include <auscult/audio.h>
#include <auscult/l2i.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 44100, SAMPLES = 5 * RATE };

/* Uniform noise by a linear congruence; a beep a second. */
static void make(float *x)
{
  uint32_t state = 1;
  for (int i = 0; i < SAMPLES; i++) {
    state = state * 1664525u + 1013904223u;
    const float rain = 0.5f * ((float)(state >> 8) / 8388608.0f - 1);
    const double t = (double)i / RATE, in = t - floor(t);
    x[i] = rain + (in < 0.1 ? 0.3f * (float)sin(2 * 3.141592653589793 * 2000 * t) : 0);
  }
}

static double distance(const float *a, const float *b, const float *sum)
{
  double most = 0;
  for (int i = 0; i < SAMPLES; i++) most = fmax(most, fabs((double)a[i] + (double)b[i] - (double)sum[i]));
  return most;
}

static void print(const aus_interpreter_info *info, const aus_explanation *e)
{
  const aus_target_explanation *t = &e->target[0];
  printf("%s: %s %.4f; the interpreter's logit %+.3f:\n", info->name, t->name, t->score, t->local_prediction);
  for (int32_t k = 0; k < e->n_components; k++)
    printf("  %-9s %+.3f  %5.0f to %5.0f Hz   alone %.4f  without %.4f\n", e->component[k], t->weight[k].weight, e->place[k].f0, e->place[k].f1, t->weight[k].alone, t->weight[k].without);
}

/* The atoms above tau as one sound, and what remains. */
static aus_status listen(aus_interpreter *it, const float *x, const aus_l2i_config *c, float *y, float *rest)
{
  aus_reading r = { 0 };
  double relevance[4096];
  uint8_t keep[4096];
  aus_status status = aus_interpreter_read(it, SAMPLES, x, &r);
  if (status == AUS_OK && r.atoms <= 4096) {
    int32_t said = 0;
    for (int32_t k = 1; k < r.targets; k++)
      if (r.heard_logits[k] > r.heard_logits[said]) said = k;
    aus_l2i_importance(it, &r, said, relevance);
    aus_l2i_select(r.atoms, relevance, c->tau, c->top, keep);
    status = aus_l2i_listen(it, &r, keep, c->listening, y);
    if (status == AUS_OK) status = aus_l2i_without(it, &r, keep, c->listening, rest);
  }
  aus_reading_free(&r);
  return status;
}

static aus_status run(aus_ctx *ctx, const char *weights, const char *out, int *wrong)
{
  char path[2][4096];
  float *x = malloc(3 * SAMPLES * sizeof *x), *y = x + SAMPLES, *rest = x + 2 * SAMPLES;
  aus_model *model = NULL;
  aus_interpreter *it = NULL;
  aus_components parts = { 0 };
  aus_explanation e = { 0 };
  aus_l2i_config config;
  aus_l2i_defaults(&config);
  snprintf(path[0], sizeof path[0], "%s/esc10.aus", weights);
  snprintf(path[1], sizeof path[1], "%s/esc10-why.aus", weights);
  if (!x) return AUS_ENOMEM;
  make(x);
  const aus_audio sound = { .data = x, .frames = SAMPLES, .channels = 1, .rate = RATE };
  aus_status status = aus_model_open(ctx, path[0], &model);
  if (status == AUS_OK) status = aus_interpreter_open(ctx, path[1], model, &it);
  if (status == AUS_OK) status = aus_l2i_explain(it, &sound, &config, &parts, &e);
  if (status == AUS_OK) status = listen(it, x, &config, y, rest);
  if (status == AUS_OK) {
    print(aus_interpreter_describe(it), &e);
    float score[64] = { 0 };
    const double gap = distance(y, rest, x);
    status = aus_interpreter_hear(it, SAMPLES, y, NULL, score);
    const double alone = (double)score[e.target[0].target];
    printf("interpretation + rest - input: %.1e at most; the classifier says %s to the interpretation alone: %.4f\n", gap, e.target[0].name, alone);
    *wrong = strcmp(e.target[0].name, "rain") != 0 || gap > 1e-5 || e.n_components < 2 || alone < 0.5;
  }
  if (status == AUS_OK && out) status = aus_audio_write_wav(ctx, out, &(aus_audio){ .data = y, .frames = SAMPLES, .channels = 1, .rate = RATE }, AUS_WAV_PCM16, 1);
  aus_explanation_free(&e);
  aus_components_free(&parts);
  aus_interpreter_close(it);
  aus_model_close(model);
  free(x);
  return status;
}

int main(int argc, char **argv)
{
  const char *source = getenv("srcdir");
  char weights[4000];
  int wrong = 1;
  aus_ctx *ctx;
  snprintf(weights, sizeof weights, "%s/weights", source ? source : ".");
  if (aus_ctx_create(&ctx, NULL) != AUS_OK) return 1;
  const aus_status status = run(ctx, argc > 1 ? argv[1] : weights, argc > 2 ? argv[2] : NULL, &wrong);
  if (status != AUS_OK) fprintf(stderr, "%s\n", aus_ctx_error(ctx));
  else if (wrong) fprintf(stderr, "not what was expected\n");
  aus_ctx_destroy(ctx);
  return status != AUS_OK || wrong;
}
