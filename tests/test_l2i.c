/* test_l2i.c - the interpreter's graph: shapes and sizes of [Parekh22], answers, loss and gradients against torch. */
#include "l2i_bench.h"
#include "l2i_case.h"

static void dictionary_to(float *w, int32_t bins, int32_t atoms)
{
  for (int32_t k = 0; k < atoms; k++) {
    double sum = 0;
    for (int32_t b = 0; b < bins; b++) sum += pow((double)noise((uint32_t)(b * atoms + k), 20), 4);
    for (int32_t b = 0; b < bins; b++) w[b * atoms + k] = (float)(pow((double)noise((uint32_t)(b * atoms + k), 20), 2) / sqrt(sum));
  }
}

static int64_t inputs_of(const aus_l2i_spec *s, int64_t mb, aus_dims *d)
{
  for (int32_t i = 0; i < s->n_taps; i++) {
    const aus_l2i_tap *t = &s->tap[i];
    d[i] = t->rank == 3 ? (aus_dims){ 3, { mb, t->c, t->time } } : (aus_dims){ 4, { mb, t->c, t->turned ? t->time : t->freq, t->turned ? t->freq : t->time } };
  }
  d[s->n_taps] = (aus_dims){ 3, { mb, s->bins, s->frames } };
  d[s->n_taps + 1] = (aus_dims){ 2, { mb, s->classes } };
  return s->n_taps + 2;
}

static void open_bench(bench *t, const aus_l2i_spec *s, int64_t mb, bool training)
{
  aus_dims d[AUS_L2I_TAPS + 2];
  inputs_of(s, mb, d);
  make_bench(t, !training ? aus_l2i_graph : s->method == AUS_L2I_FLINT ? aus_flint_training_graph : aus_l2i_training_graph, s, d, training ? "terms" : NULL);
}

/* ---- against torch ------------------------------------------------------------------------------------------ */

typedef struct golden { const double *parts, *logits, *z, *h, *target, *after; const golden_grad *grad; int32_t n_grad, h_frames; float loud; uint32_t salt; } golden; /* loud, salt: of the inputs; 0: 2, 10 */

static void fill_inputs(bench *t, const aus_l2i_spec *s, int64_t mb, const golden *g)
{
  for (int32_t i = 0; i < s->n_taps; i++) signal_to(aus_run_input(t->run, i), mb * s->tap[i].c * s->tap[i].freq * s->tap[i].time, (g->salt ? g->salt : 10) + (uint32_t)i, g->loud > 0 ? g->loud : 2, true);
  signal_to(aus_run_input(t->run, s->n_taps), mb * s->bins * s->frames, 21, 3, true);
  for (int64_t i = 0; i < mb * s->classes; i++) aus_run_input(t->run, s->n_taps + 1)[i] = (float)g->target[i];
  draw_params(t, g->n_grad, g->grad);
  if (s->method == AUS_L2I_ATOMS) dictionary_to(param_of(t, "dictionary.w")->value, s->bins, s->atoms);
}

/* The loss and its parts as means, after a forward. */
static double parts_of(const bench *t, const aus_l2i_spec *s, int64_t mb, float weight[3], double parts[4])
{
  const float *term = aus_run_output(t->run, 0, NULL);
  const double cells = (double)mb * s->bins * (double)s->frames, active = (double)mb * s->atoms * (double)s->frames;
  weight[0] = 0.5f;
  weight[1] = (float)(5 / cells);
  weight[2] = (float)(0.4 / active);
  parts[0] = (double)term[0];
  parts[1] = (double)term[1] / cells;
  parts[2] = (double)term[2] / active;
  return parts[3] = 0.5 * parts[0] + 5 * parts[1] + 0.4 * parts[2];
}

static void check_case(const aus_l2i_spec *s, int64_t mb, const golden *g)
{
  bench t = { .ctx = test_ctx(2) };
  float weight[3];
  double parts[4];
  open_bench(&t, s, mb, true);
  fill_inputs(&t, s, mb, g);
  assert_ok(t.ctx, aus_run_forward(t.run));
  parts_of(&t, s, mb, weight, parts);
  for (int i = 0; i < 4; i++) assert_near(parts[i], g->parts[i], 1e-5 * g->parts[i]);
  near_all("logits", mb * s->classes, g->logits, aus_run_output(t.run, 1, NULL), 1e-5);
  near_all("z", mb * s->atoms, g->z, aus_run_value(t.run, aus_run_find(t.run, "z"), NULL), 1e-5);
  const float *h = aus_run_value(t.run, aus_run_find(t.run, "psi.atoms2.relu"), NULL);
  const int64_t step = s->frames / 7 > 1 ? s->frames / 7 : 1;
  float few[5 * 16];
  for (int32_t k = 0; k < 5; k++)
    for (int32_t i = 0; i < g->h_frames; i++) few[k * g->h_frames + i] = h[k * s->frames + i * step];
  near_all("H", 5 * g->h_frames, g->h, few, 1e-5);
  memcpy(aus_walk_seed(t.walk, 0, NULL), weight, sizeof weight);
  assert_ok(t.ctx, aus_walk_run(t.walk));
  check_gradients(&t, g->n_grad, g->grad);
  const aus_optimiser_config adam = { .kind = AUS_ADAM, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8 };
  aus_optimiser_step(t.ctx, &adam, 2e-4, 1, 0, t.n_params, t.param);
  assert_ok(t.ctx, aus_run_forward(t.run));
  assert_near(parts_of(&t, s, mb, weight, parts), g->after[0], 1e-4 * g->after[0]);
  close_bench(&t);
  aus_ctx_destroy(t.ctx);
}

#define GOLDEN(name) &(golden) { golden_##name##_parts, golden_##name##_logits, golden_##name##_z, golden_##name##_h, golden_##name##_target, golden_##name##_after, \
                                 golden_##name##_grad, COUNT(golden_##name##_grad), COUNT(golden_##name##_h) / 5, 0, 0 }
#define VGG_TAPS { { "out0", 4, 128, 16, 53, false }, { "out1", 4, 256, 8, 26, false }, { "out2", 4, 512, 4, 13, false } }

static void published_layout(void **state)
{
  (void)state;
  check_case(&(aus_l2i_spec){ .n_taps = 3, .tap = VGG_TAPS, .vgg = true, .atoms = 100, .classes = 10, .bins = 513, .frames = 431 }, 2, GOLDEN(vgg));
}

static void max_pooling_bce(void **state)
{
  (void)state;
  check_case(&(aus_l2i_spec){ .n_taps = 3, .tap = VGG_TAPS, .vgg = true, .atoms = 20, .classes = 8, .bins = 65, .frames = 431, .max_pooling = true, .sigmoid = true }, 1, GOLDEN(max));
}

static void general_rule(void **state)
{
  (void)state;
  check_case(&(aus_l2i_spec){ .n_taps = 3, .tap = { { "a", 4, 6, 10, 90, false }, { "b", 4, 8, 5, 22, false }, { "c", 3, 12, 1, 40, false } }, .atoms = 12, .classes = 4, .bins = 33, .frames = 70 },
             2, GOLDEN(general));
  check_case(&(aus_l2i_spec){ .n_taps = 2, .tap = { { "a", 3, 5, 1, 30, false }, { "b", 4, 7, 1, 15, false } }, .atoms = 8, .classes = 3, .bins = 17, .frames = 40, .max_pooling = true }, 2, GOLDEN(rows1));
}

/* FLINT: four terms, the answer, the attributes, and the gradient of every parameter. */
static void flint_as_torch(void **state)
{
  (void)state;
  enum { MB = 3 };
  const aus_l2i_spec s = { .n_taps = 3, .tap = VGG_TAPS, .vgg = true, .method = AUS_L2I_FLINT, .atoms = 24, .classes = 10, .bins = 65, .frames = 431 };
  const golden g = { .logits = golden_flint_logits, .target = golden_flint_target, .grad = golden_flint_grad, .n_grad = COUNT(golden_flint_grad), .loud = 100, .salt = 120 };
  bench t = { .ctx = test_ctx(2) };
  open_bench(&t, &s, MB, true);
  fill_inputs(&t, &s, MB, &g);
  assert_ok(t.ctx, aus_run_forward(t.run));
  const float *term = aus_run_output(t.run, 0, NULL);
  for (int i = 0; i < AUS_FLINT_TERMS; i++) assert_near(term[i], golden_flint_terms[i], 1e-5 * fabs(golden_flint_terms[i]) + 2e-6);
  near_all("logits", MB * s.classes, g.logits, aus_run_output(t.run, 1, NULL), 1e-5);
  near_all("attributes", MB * s.atoms, golden_flint_attributes, aus_run_value(t.run, aus_run_find(t.run, "attributes"), NULL), 1e-5);
  const float weight[AUS_FLINT_TERMS] = { 0.6f, (float)(2 / (MB * 65.0 * 431)), 0.2f, (float)(0.1 / (MB * 24.0)) };
  memcpy(aus_walk_seed(t.walk, 0, NULL), weight, sizeof weight);
  assert_ok(t.ctx, aus_walk_run(t.walk));
  check_gradients(&t, g.n_grad, g.grad);
  close_bench(&t);
  aus_ctx_destroy(t.ctx);
}

/* ---- shapes and counts of the published layout ---------------------------------------------------------------- */

typedef struct shape_of { const char *value; int64_t dim[3]; } shape_of; /* [1, dim...] */

static void check_shapes(int64_t frames, const int64_t time[3], const shape_of *want, int n)
{
  bench t = { .ctx = test_ctx(1) };
  aus_l2i_spec s = { .n_taps = 3, .tap = VGG_TAPS, .vgg = true, .atoms = 100, .classes = 50, .bins = 513, .frames = frames };
  for (int i = 0; i < 3; i++) s.tap[i].time = time[i];
  assert_true(aus_l2i_fits_vgg(3, s.tap));
  open_bench(&t, &s, 1, false);
  int64_t psi = 0, theta = 0;
  for (int32_t i = 0; i < t.n_params; i++) *(strncmp(t.param[i].name, "psi.", 4) == 0 ? &psi : &theta) += t.param[i].count;
  assert_int_equal(psi, 2866200);
  assert_int_equal(theta, 2 * (256 * 100 + 256) + 257 + 50 * 100);
  for (int i = 0; i < n; i++) {
    aus_dims d;
    const int32_t slot = aus_run_find(t.run, want[i].value);
    if (slot < 0) fail_msg("no value %s", want[i].value);
    aus_run_value(t.run, slot, &d);
    for (int32_t k = 1; k < d.rank; k++)
      if (d.dim[k] != want[i].dim[k - 1]) fail_msg("%s: dim %d is %d, wanted is %d", want[i].value, (int)k, (int)d.dim[k], (int)want[i].dim[k - 1]);
  }
  close_bench(&t);
  aus_ctx_destroy(t.ctx);
}

static void published_shapes(void **state)
{
  static const shape_of five[] = { { "psi.a.up", { 256, 8, 52 } }, { "psi.a.rows", { 256, 4, 52 } }, { "psi.b.relu", { 128, 4, 26 } }, { "psi.b.up2", { 128, 4, 52 } },
                                   { "psi.c.relu", { 128, 4, 52 } }, { "psi.all", { 512, 4, 52 } }, { "psi.up1", { 512, 4, 104 } }, { "psi.join.relu", { 256, 4, 104 } },
                                   { "psi.up2", { 256, 4, 208 } }, { "psi.rows.relu", { 256, 1, 208 } }, { "psi.frames", { 256, 431 } }, { "psi.atoms1.relu", { 100, 431 } },
                                   { "psi.atoms2.relu", { 100, 431 } }, { "attention", { 431, 1 } }, { "z", { 100 } }, { "theta", { 50 } } };
  static const shape_of ten[] = { { "psi.a.crop", { 256, 8, 52 } }, { "psi.a.up", { 256, 8, 104 } }, { "psi.b.up2", { 128, 4, 104 } }, { "psi.c.crop", { 128, 16, 104 } },
                                  { "psi.all", { 512, 4, 104 } }, { "psi.up2", { 256, 4, 416 } }, { "psi.frames", { 256, 862 } }, { "psi.atoms2.relu", { 100, 862 } } };
  (void)state;
  check_shapes(431, (const int64_t[]){ 53, 26, 13 }, five, COUNT(five));
  check_shapes(862, (const int64_t[]){ 107, 53, 26 }, ten, COUNT(ten));
}

/* ---- the classifier of [Kumar18] and what is found in it ----------------------------------------------------------- */

static const char vgg[] =
  "[frontend]\nkind = mel\nrate = 44100\nn_fft = 1024\nhop = 512\nmels = 128\nmel_scale = slaney\nmel_norm = slaney\npower = 1\nlog = db\namin = 1e-10\ntop_db = 80\n"
  "layout = time_mel\npatch_frames = %d\n[network]\n"
  "conv 16 3 pad=1\nbn\nrelu\nconv 16 3 pad=1\nbn\nrelu\nmaxpool 2 name=l3\nconv 32 3 pad=1\nbn\nrelu\nconv 32 3 pad=1\nbn\nrelu\nmaxpool 2 name=l6\n"
  "conv 64 3 pad=1\nbn\nrelu\nconv 64 3 pad=1\nbn\nrelu\nmaxpool 2 name=l9\nconv 128 3 pad=1\nbn\nrelu\nconv 128 3 pad=1\nbn\nrelu name=out0\nmaxpool 2 name=l12\n"
  "conv 256 3 pad=1\nbn\nrelu\nconv 256 3 pad=1\nbn\nrelu name=out1\nmaxpool 2 name=l15\nconv 512 3 pad=1\nbn\nrelu name=out2\nmaxpool 2 name=l17\nconv 1024 2\nbn\nrelu name=out3\n"
  "conv 256 1\nrelu\nglobal_max\ndropout 0.2\nlinear classes\n";

/* Channels, time and mel of each, for 5 and 10 seconds. */
static void classifier_shapes(void **state)
{
  static const struct { const char *name; int64_t c, time[2], mel; } want[] = {
    { "l3", 16, { 215, 431 }, 64 }, { "l6", 32, { 107, 215 }, 32 }, { "l9", 64, { 53, 107 }, 16 }, { "out0", 128, { 53, 107 }, 16 }, { "l12", 128, { 26, 53 }, 8 },
    { "out1", 256, { 26, 53 }, 8 }, { "l15", 256, { 13, 26 }, 4 }, { "out2", 512, { 13, 26 }, 4 }, { "l17", 512, { 6, 13 }, 2 }, { "out3", 1024, { 5, 12 }, 1 } };
  (void)state;
  for (int length = 0; length < 2; length++) {
    aus_ctx *ctx = test_ctx(1);
    char text[3000];
    void *bytes;
    size_t size;
    aus_model *model;
    aus_inside in;
    aus_run *run;
    aus_l2i_spec s = { 0 };
    snprintf(text, sizeof text, vgg, length ? 862 : 431);
    assert_ok(ctx, case_classifier(ctx, text, "vgg", 50, 1, &bytes, &size));
    assert_ok(ctx, aus_model_open_memory(ctx, bytes, size, &model));
    assert_ok(ctx, aus_model_inside(model, &in));
    const aus_dims dims = aus_frontend_dims(in.fe, 1, in.fe->patch);
    assert_ok(ctx, aus_run_create_with(ctx, in.bundle, &dims, NULL, 0, AUS_RUN_KEEP, &run));
    for (int i = 0; i < COUNT(want); i++) {
      aus_dims d;
      assert_non_null(aus_run_value(run, aus_run_find(run, want[i].name), &d));
      if (d.dim[1] != want[i].c || d.dim[2] != want[i].time[length] || d.dim[3] != want[i].mel) fail_msg("%s is %d x %d x %d", want[i].name, (int)d.dim[1], (int)d.dim[2], (int)d.dim[3]);
    }
    aus_run_destroy(run);
    assert_ok(ctx, aus_l2i_find_taps(ctx, &in, 0, NULL, &s)); /* the rule finds the paper's three layers */
    assert_int_equal(s.n_taps, 3);
    for (int i = 0; i < 3; i++) {
      char name[16];
      snprintf(name, sizeof name, "out%d", i);
      assert_string_equal(s.tap[i].name, name);
      assert_true(s.tap[i].turned);
    }
    assert_true(aus_l2i_fits_vgg(3, s.tap));
    aus_model_close(model);
    aus_free(ctx, bytes);
    aus_ctx_destroy(ctx);
  }
}

/* ---- the resize of time, 208 -> 431, against its closed form ------------------------------------------------------ */

static void corners_on_corners(void **state)
{
  aus_ctx *ctx = test_ctx(1);
  aus_builder *b;
  void *bytes;
  size_t size;
  aus_bundle *bundle;
  aus_run *run;
  (void)state;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  aus_l2i_net n = { .ctx = ctx, .b = b };
  const int32_t x = aus_builder_input(b, "x", 3, (const int32_t[]){ 1, 1, 208 });
  aus_builder_output(b, aus_l2i_resize(&n, "y", x, 0, 431));
  assert_ok(ctx, aus_builder_finish(b, &bytes, &size));
  aus_builder_destroy(b);
  assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &bundle));
  assert_ok(ctx, aus_run_create(ctx, bundle, &(aus_dims){ 3, { 1, 1, 208 } }, NULL, 0, &run));
  float *in = aus_run_input(run, 0), kept[208];
  signal_to(in, 208, 5, 1, false);
  memcpy(kept, in, sizeof kept);
  assert_ok(ctx, aus_run_forward(run));
  const float *y = aus_run_output(run, 0, NULL);
  for (int o = 0; o < 431; o++) {
    const double at = o * 207.0 / 430.0;
    const int i = (int)at, next = i < 207 ? i + 1 : i;
    assert_near(y[o], (double)kept[i] + (at - i) * ((double)kept[next] - (double)kept[i]), 1e-6);
  }
  aus_run_destroy(run);
  aus_bundle_close(bundle);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

/* Fresh weights are torch's: U(+-1/sqrt(fan_in)). */
static void fresh_parameters(void **state)
{
  bench t = { .ctx = test_ctx(1) };
  (void)state;
  open_bench(&t, &(aus_l2i_spec){ .n_taps = 3, .tap = VGG_TAPS, .vgg = true, .atoms = 100, .classes = 10, .bins = 513, .frames = 431 }, 1, false);
  const aus_param *p = param_of(&t, "psi.join.weight");
  const double bound = 1 / sqrt(512.0 * 9);
  double sum = 0, square = 0, most = 0;
  for (int64_t i = 0; i < p->count; i++) {
    sum += (double)p->value[i];
    square += (double)p->value[i] * (double)p->value[i];
    most = fmax(most, fabs((double)p->value[i]));
  }
  assert_near(sum / (double)p->count, 0, bound / 300);
  assert_near(square / (double)p->count, bound * bound / 3, bound * bound / 300);
  assert_true(most <= bound && most > 0.999 * bound);
  close_bench(&t);
  aus_ctx_destroy(t.ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(published_shapes), cmocka_unit_test(classifier_shapes), cmocka_unit_test(corners_on_corners), cmocka_unit_test(fresh_parameters),
    cmocka_unit_test(published_layout), cmocka_unit_test(max_pooling_bce), cmocka_unit_test(general_rule), cmocka_unit_test(flint_as_torch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
