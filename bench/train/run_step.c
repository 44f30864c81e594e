/* run_step.c - times training steps of one .aus file: run_step FILE.aus THREADS STEPS RATE X.f32 SHAPE TARGET.f32 [PROFILE]
 *
 * A step is forward in training mode, the diff of 0.5 sum (y - target)^2 / mb, backward to all parameters, running moments,
 * and plain gradient descent: what bench_step.py has torch do. The first step warms up and is not timed. One JSON line: milliseconds,
 * and the loss of every step. With PROFILE, the time of each kind of op goes to stderr. */
#include <auscult/net.h>

#include "core/core.h"
#include "nn/walk.h"
#include "simd/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct trainer {
  aus_ctx *ctx;
  aus_bundle *bundle;
  aus_run *run;
  aus_walk *walk;
  int32_t n;      /* tensors */
  float **param;  /* [n] */
  int64_t *count;
  float rate;
} trainer;

static int fail(aus_ctx *ctx, const char *what)
{
  fprintf(stderr, "run_step: %s: %s\n", what, aus_ctx_error(ctx));
  exit(1);
}

static aus_dims parse_shape(const char *text)
{
  aus_dims d = {0};
  for (const char *p = text; *p && d.rank < 6; p += *p == ',') d.dim[d.rank++] = strtoll(p, (char **)&p, 10);
  return d;
}

/* A copy of every parameter of the graph, to train on. */
static void copy_params(trainer *t)
{
  const aus_graph *g = &t->bundle->graph;
  t->n = aus_bundle_tensors(t->bundle);
  t->param = calloc((size_t)t->n, sizeof *t->param);
  t->count = calloc((size_t)t->n, sizeof *t->count);
  for (int32_t v = 0; v < g->n_values; v++) {
    const int32_t i = g->value[v].tensor;
    aus_tensor_info info;
    if (g->value[v].kind != AUS_VALUE_PARAM || t->param[i]) continue;
    if (aus_bundle_tensor(t->bundle, i, &info) != AUS_OK) fail(t->ctx, "parameters");
    t->count[i] = 1;
    for (int32_t d = 0; d < info.rank; d++) t->count[i] *= info.dim[d];
    t->param[i] = malloc((size_t)t->count[i] * sizeof(float));
    memcpy(t->param[i], t->bundle->f32[i], (size_t)t->count[i] * sizeof(float));
  }
}

typedef struct update { const struct aus_vec_kernels *vec; float rate, *w; const float *d; } update;

static void descend_block(void *arg, int64_t begin, int64_t end, int worker)
{
  const update *u = arg;
  (void)worker;
  u->vec->axpy(end - begin, -u->rate, u->d + begin, u->w + begin);
}

static void descend(trainer *t)
{
  for (int32_t i = 0; i < t->n; i++) {
    const float *d = t->param[i] ? aus_walk_param_diff(t->walk, i) : NULL;
    update u = { &t->ctx->kernels->vec, t->rate, t->param[i], d };
    if (d) aus_parallel_for(t->ctx, t->count[i], 1 << 15, descend_block, &u);
  }
}

static void move_moments(trainer *t)
{
  aus_moments m;
  for (int32_t i = 0; aus_run_moments(t->run, i, &m); i++)
    for (int64_t c = 0; c < m.channels; c++) {
      t->param[m.mean_tensor][c] += 0.1f * (m.mean[c] - t->param[m.mean_tensor][c]);
      t->param[m.variance_tensor][c] += 0.1f * (m.variance[c] - t->param[m.variance_tensor][c]);
    }
}

static double one_step(trainer *t, const float *target)
{
  aus_dims d;
  double loss = 0;
  if (aus_run_forward(t->run) != AUS_OK) fail(t->ctx, "forward");
  const float *y = aus_run_output(t->run, 0, &d);
  float *seed = aus_walk_seed(t->walk, 0, NULL);
  for (int64_t i = 0; i < aus_shape_count(&d); i++) {
    const float off = y[i] - target[i];
    loss += 0.5 * (double)off * (double)off / (double)d.dim[0];
    seed[i] = off / (float)d.dim[0];
  }
  if (aus_walk_run(t->walk) != AUS_OK) fail(t->ctx, "backward");
  move_moments(t);
  descend(t);
  return loss;
}

/* ---- where the time goes ------------------------------------------------------------------------------------- */

typedef struct spent { const char *name; double there, back; } spent;
static spent table[64];
static double mark;

static spent *spent_on(const char *name)
{
  int i = 0;
  while (table[i].name && strcmp(table[i].name, name)) i++;
  table[i].name = name;
  return &table[i];
}

static void observe(void *user, const aus_visit *v)
{
  (void)user;
  const double now = aus_now();
  spent_on(v->step->op->name)->back += now - mark;
  if (getenv("STEP_NODES")) {
    char text[96];
    fprintf(stderr, "%-24s %-14s %-24s back %8.2f ms\n", v->name, v->step->op->name, aus_shape_text(&v->call->out[0].shape, text), (now - mark) * 1e3);
  }
  mark = aus_now();
}

static void profile(trainer *t, const float *target)
{
  for (int32_t i = 0; i < t->run->n_steps; i++) {
    const aus_step *s = &t->run->step[i];
    if (s->state != AUS_STEP_RUNS) continue;
    const double start = aus_now();
    s->op->impl->forward(&s->call);
    spent_on(s->op->name)->there += aus_now() - start;
  }
  mark = aus_now();
  aus_walk_run(t->walk);
  const double start = aus_now();
  descend(t);
  spent_on("(descent)")->there += aus_now() - start;
  for (int i = 0; table[i].name; i++) fprintf(stderr, "%-18s forward %8.2f ms  backward %8.2f ms\n", table[i].name, table[i].there * 1e3, table[i].back * 1e3);
  (void)target;
}

int main(int argc, char **argv)
{
  if (argc < 8) return fprintf(stderr, "usage: run_step FILE.aus THREADS STEPS RATE X.f32 SHAPE TARGET.f32 [PROFILE]\n"), 2;
  const aus_config config = { .threads = atoi(argv[2]) };
  const int steps = atoi(argv[3]);
  trainer t = { .rate = strtof(argv[4], NULL) };
  void *x, *target;
  size_t bytes;
  if (aus_ctx_create(&t.ctx, &config) != AUS_OK) return 1;
  const aus_dims in = parse_shape(argv[6]);
  if (aus_bundle_open(t.ctx, argv[1], &t.bundle) != AUS_OK) fail(t.ctx, argv[1]);
  copy_params(&t);
  if (aus_run_create_on(t.ctx, t.bundle, &in, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, t.param, &t.run) != AUS_OK) fail(t.ctx, argv[1]);
  const char *own = t.bundle->graph.value[t.bundle->graph.output[0]].name; /* parameters only: nobody asks for the input's diff */
  const aus_walk_config way = { .params = true, .to = &own, .n_to = 1, .observe = argc > 8 ? observe : NULL };
  if (aus_walk_create(t.ctx, t.run, &way, &t.walk) != AUS_OK) fail(t.ctx, "walk");
  if (aus_file_read(t.ctx, argv[5], SIZE_MAX / 4, &x, &bytes) != AUS_OK) fail(t.ctx, argv[5]);
  memcpy(aus_run_input(t.run, 0), x, bytes);
  if (aus_file_read(t.ctx, argv[7], SIZE_MAX / 4, &target, &bytes) != AUS_OK) fail(t.ctx, argv[7]);
  double *loss = calloc((size_t)steps + 1, sizeof *loss);
  printf("{\"ms\": [");
  for (int i = 0; i <= steps; i++) {
    const double start = aus_now();
    loss[i] = one_step(&t, target);
    if (i) printf("%s%.4f", i > 1 ? ", " : "", (aus_now() - start) * 1e3);
  }
  printf("], \"loss\": [");
  for (int i = 0; i <= steps; i++) printf("%s%.9g", i ? ", " : "", loss[i]);
  printf("], \"isa\": \"%s\", \"run_mib\": %.1f, \"walk_mib\": %.1f}\n", aus_ctx_isa(t.ctx), (double)aus_run_bytes(t.run) / 1048576.0,
         (double)aus_walk_bytes(t.walk) / 1048576.0);
  if (argc > 8) { memset(table, 0, sizeof table); profile(&t, target); }
  aus_walk_destroy(t.walk);
  aus_run_destroy(t.run);
  aus_bundle_close(t.bundle);
  aus_free(t.ctx, x);
  aus_free(t.ctx, target);
  aus_ctx_destroy(t.ctx);
  for (int32_t i = 0; i < t.n; i++) free(t.param[i]);
  free(t.param);
  free(t.count);
  free(loss);
  return 0;
}
