/* run_explain.c - times Listen to Interpret on one sound: run_explain [THREADS [REPEATS [PROFILE]]]
 *
 * The VGG-style classifier of [Kumar18] with its head, an interpreter of 100 atoms with the published layout, both with fresh parameters (what
 * they say does not matter here), and five seconds at 44.1 kHz. Per run, in milliseconds: the classifier's and the interpreter's reading of
 * the sound, then also the explanation with its five sounds, then also what the classifier says to each part and without it. The smallest and the
 * median of the runs, and the least processor time of all threads together, which a busy machine changes less. With PROFILE, the processor time of each kind of op of both networks goes to stderr. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../tests/l2i_case.h"
#include "nn/run.h"

static const char vgg[] =
  "[frontend]\nkind = mel\nrate = 44100\nn_fft = 1024\nhop = 512\nmels = 128\nmel_scale = slaney\nmel_norm = slaney\npower = 1\nlog = db\namin = 1e-10\ntop_db = 80\n"
  "layout = mel_time\npatch_frames = 431\n[network]\ninit kaiming_normal\n"
  "conv 16 3 pad=1\nbn\nrelu\nconv 16 3 pad=1\nbn\nrelu\nmaxpool 2\nconv 32 3 pad=1\nbn\nrelu\nconv 32 3 pad=1\nbn\nrelu\nmaxpool 2\n"
  "conv 64 3 pad=1\nbn\nrelu\nconv 64 3 pad=1\nbn\nrelu\nmaxpool 2\nconv 128 3 pad=1\nbn\nrelu\nconv 128 3 pad=1\nbn\nrelu name=out0\nmaxpool 2\n"
  "conv 256 3 pad=1\nbn\nrelu\nconv 256 3 pad=1\nbn\nrelu name=out1\nmaxpool 2\nconv 512 3 pad=1\nbn\nrelu name=out2\nmaxpool 2\nconv 1024 2\nbn\nrelu\n"
  "conv 256 1\nrelu\nglobal_max\nlinear classes\n";

enum { SAMPLES = 220500, RATE = 44100 };

static void must(aus_ctx *ctx, aus_status status, const char *what)
{
  if (status == AUS_OK) return;
  fprintf(stderr, "run_explain: %s: %s\n", what, aus_ctx_error(ctx));
  exit(1);
}

static int by_size(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Every step of a run by itself, ten times. */
static void profile(const char *name, aus_run *run)
{
  const char *op[64];
  double seconds[64] = { 0 }, all = 0;
  int n = 0;
  for (int r = 0; r < 10; r++)
    for (int i = 0; i < run->n_steps; i++) {
      aus_step *s = &run->step[i];
      if (s->state != AUS_STEP_RUNS) continue;
      const clock_t start = clock();
      s->op->impl->forward(&s->call);
      const double past = (double)(clock() - start) / CLOCKS_PER_SEC;
      const char *label = s->op->code == AUS_OP_conv ? run->bundle->graph.node[s->node].name : s->op->name;
      int k = 0;
      while (k < n && strcmp(op[k], label) != 0) k++;
      if (k == n && n < 64) op[n++] = label;
      if (k < 64) seconds[k] += past / 10;
      all += past / 10;
    }
  fprintf(stderr, "%s %.2f ms\n", name, 1e3 * all);
  for (int k = 0; k < n; k++) fprintf(stderr, "  %-22s %6.2f ms\n", op[k], 1e3 * seconds[k]);
}

typedef struct job { aus_ctx *ctx; aus_interpreter *it; aus_audio sound; } job;

static double once(const job *j, int what)
{
  const double start = aus_now();
  if (what == 0) {
    aus_reading r;
    must(j->ctx, aus_interpreter_read(j->it, j->sound.frames, j->sound.data, &r), "read");
    const double past = aus_now() - start;
    aus_reading_free(&r);
    return past;
  }
  aus_l2i_config c;
  aus_components parts;
  aus_explanation e;
  aus_l2i_defaults(&c);
  c.check = what == 2;
  must(j->ctx, aus_l2i_explain(j->it, &j->sound, &c, &parts, &e), "explain");
  const double past = aus_now() - start;
  aus_explanation_free(&e);
  aus_components_free(&parts);
  return past;
}

int main(int argc, char **argv)
{
  const aus_config config = { .threads = argc > 1 ? atoi(argv[1]) : 0 };
  const int repeats = argc > 2 ? atoi(argv[2]) : 9;
  static const char *const names[] = { "read", "explain", "explain_check" };
  job j = { 0 };
  void *model_bytes, *bytes;
  size_t model_size, size;
  aus_model *model;
  if (aus_ctx_create(&j.ctx, &config) != AUS_OK) return 1;
  must(j.ctx, case_classifier(j.ctx, vgg, "vgg", 10, 1, &model_bytes, &model_size), "classifier");
  must(j.ctx, aus_model_open_memory(j.ctx, model_bytes, model_size, &model), "classifier");
  must(j.ctx, case_interpreter(j.ctx, model, 100, false, NULL, &bytes, &size), "interpreter");
  must(j.ctx, aus_interpreter_open_memory(j.ctx, bytes, size, model, &j.it), "interpreter");
  float *x = calloc(SAMPLES, sizeof *x);
  for (int i = 0; x && i < SAMPLES; i++) x[i] = (float)(0.5 * sin(0.05 * i) * (i / 9000 % 2) + 0.1 * sin(1e-5 * i * i));
  j.sound = (aus_audio){ .data = x, .frames = SAMPLES, .channels = 1, .rate = RATE };
  if (argc > 3) {
    once(&j, 0);
    profile("classifier", j.it->ear.run);
    profile("interpreter", j.it->run);
  }
  printf("{ \"threads\": %d, \"isa\": \"%s\"", aus_ctx_threads(j.ctx), aus_ctx_isa(j.ctx));
  for (int what = 0; what < 3; what++) {
    double *ms = calloc((size_t)repeats, sizeof *ms), cpu = INFINITY;
    once(&j, what); /* warms up */
    for (int r = 0; r < repeats; r++) {
      const clock_t start = clock();
      ms[r] = 1e3 * once(&j, what);
      cpu = fmin(cpu, 1e3 * (double)(clock() - start) / CLOCKS_PER_SEC);
    }
    qsort(ms, (size_t)repeats, sizeof *ms, by_size);
    printf(", \"%s_ms\": { \"least\": %.2f, \"median\": %.2f, \"cpu\": %.2f }", names[what], ms[0], ms[repeats / 2], cpu);
    free(ms);
  }
  printf(" }\n");
  aus_interpreter_close(j.it);
  aus_model_close(model);
  aus_free(j.ctx, bytes);
  aus_free(j.ctx, model_bytes);
  aus_ctx_destroy(j.ctx);
  free(x);
  return 0;
}
