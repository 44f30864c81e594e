/* test_lrp_taggers.c - sums on real taggers and real audio. LRP: what starts at the score is found again at the input, in the
 * biases or at the stabilisers, to 1e-4 of what started, end to end and at every node. DeepLIFT and integrated gradients: contributions add up to
 * f(x) - f(baseline), to 1e-4 of it. Grad-CAM of the last convolution is positive, not nothing, and of the layer's own resolution.
 *
 * Needs ../shared/data (weights and songs of others, which the project does not carry) and python3 with h5py for the conversion; says
 * so and skips where they are missing. AUS_TAGGERS=FILE,FILE... asks for other networks (names below data/weights) and all presets;
 * AUS_LRP_REPORT=1 prints every node's books. */
#define _DEFAULT_SOURCE
#include "lrp_test.h"

#include <time.h>
#include <unistd.h>

#include <auscult/attrib.h>

#include "model/frontend.h"

static const char *shared(const char *name)
{
  static char path[4][4096];
  static int turn;
  const char *base = getenv("AUS_SHARED");
  char *p = path[turn++ & 3];
  snprintf(p, sizeof path[0], "%s/%s", base ? base : SHARED_DATA, name);
  return p;
}

/* false: not possible here. */
static bool convert(const char *weights, char path[256])
{
  char command[4096];
  if (access(shared(weights), R_OK) != 0) { print_message("%s is not there\n", shared(weights)); return false; }
  if (system("/usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null") != 0) { print_message("/usr/bin/python3 has no h5py\n"); return false; }
  snprintf(path, 256, "/tmp/aus-lrp-%ld.aus", (long)getpid());
  snprintf(command, sizeof command, "PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 %s '%s' -o %s --force -q", CONVERTER, shared(weights), path);
  if (system(command) != 0) { print_message("%s could not be converted\n", weights); return false; }
  return true;
}

/* One item where the first axis is free, else as many as the network says. */
static aus_dims dims_of(const aus_bundle *b, int64_t length, const aus_frontend *fe)
{
  aus_dims d = aus_graph_input_dims(b, 0);
  if (d.dim[0] == -1) d.dim[0] = 1;
  const int64_t shape[2] = { fe->transposed ? fe->bands : length, fe->transposed ? length : fe->bands };
  for (int32_t i = 1; i < d.rank; i++) {
    const int64_t asked = fe->waveform ? length : i >= d.rank - 2 ? shape[i - (d.rank - 2)] : fe->channels;
    if (d.dim[i] == -1) d.dim[i] = asked;
  }
  return d;
}

static void load_audio(lrp_net *n, aus_frontend *fe)
{
  void *bytes;
  size_t size;
  assert_ok(n->ctx, aus_file_read(n->ctx, shared("weights/golden/muddy.f32"), 1 << 28, &bytes, &size));
  int64_t samples = (int64_t)(size / 4);
  float *audio = bytes;
  if (fe->channels > 1) { /* stems: the same sound in each */
    float *wide = aus_alloc(n->ctx, size * (size_t)fe->channels, 1);
    for (int32_t c = 0; c < fe->channels; c++) memcpy(wide + c * samples, audio, size);
    aus_free(n->ctx, bytes);
    audio = wide;
  }
  const aus_patches p = aus_frontend_patches(fe, samples);
  const aus_dims d = dims_of(n->bundle, p.length, fe);
  float floor, *scratch = aus_alloc(n->ctx, (size_t)(p.length * fe->bands * fe->channels), sizeof *scratch);
  const int64_t each = aus_frontend_floats(fe, p.length);
  lrp_net_run(n, &d);
  assert_ok(n->ctx, aus_frontend_floor(fe, samples, audio, &floor));
  for (int64_t i = 0; i < d.dim[0]; i++)
    assert_ok(n->ctx, aus_frontend_patch(fe, samples, audio, aus_patch_start(fe, &p, i < p.count ? i : 0), p.length, floor, scratch, aus_run_input(n->run, 0) + i * each));
  aus_free(n->ctx, scratch);
  aus_free(n->ctx, audio);
}

/* The highest score of each item. */
static void choose(const lrp_net *n, int32_t *target, int64_t items)
{
  aus_dims d;
  const float *f = aus_run_value(n->run, aus_run_find(n->run, aus_lrp_from(n->lrp)), &d);
  const int64_t each = aus_shape_count(&d) / items;
  for (int64_t i = 0; i < items; i++) {
    target[i] = 0;
    for (int64_t k = 1; k < each; k++) if (f[i * each + k] > f[i * each + target[i]]) target[i] = (int32_t)k;
  }
}

static void balance(lrp_net *n, const char *preset)
{
  int32_t target[16];
  aus_dims d;
  char rules[100];
  aus_walk_config walk = { 0 };
  snprintf(rules, sizeof rules, "preset = %s", preset);
  lrp_net_drop_walk(n);
  assert_ok(n->ctx, aus_lrp_create(n->ctx, n->run, &(aus_lrp_config){ .rules = rules }, &n->lrp));
  aus_lrp_use(n->lrp, &walk);
  assert_ok(n->ctx, aus_walk_create(n->ctx, n->run, &walk, &n->walk));
  aus_walk_seed(n->walk, 0, &d);
  const int64_t items = d.rank > 1 ? d.dim[0] : 1;
  assert_true(items <= 16);
  choose(n, target, items);
  assert_ok(n->ctx, aus_lrp_seed(n->lrp, n->walk, AUS_LRP_LOGIT, target, NULL));
  const clock_t start = clock();
  assert_ok(n->ctx, aus_walk_run(n->walk));
  const aus_lrp_entry all = aus_lrp_balance(n->lrp, n->walk);
  print_message("  %-28s %6.3f s of CPU  came %10.4g  input %10.4g  bias %10.4g  stabiliser %10.4g  lost %.1e of it\n", preset, (double)(clock() - start) / CLOCKS_PER_SEC, all.out, all.in, all.bias, all.stabiliser, fabs(all.error) / all.size);
  if (getenv("AUS_LRP_REPORT")) {
    char *text = aus_lrp_report(n->lrp, n->walk);
    print_message("%s", text);
    aus_free(n->ctx, text);
  }
  assert_balanced(n, 1e-4);
}

/* The sum of contributions against zero: gap in parts of the difference of scores. */
static void adds_up(lrp_net *n, aus_attrib *a, const float *x, aus_attrib_config c)
{
  aus_attribution r;
  const clock_t start = clock();
  assert_ok(n->ctx, aus_attrib_run(a, &x, &c, &r));
  for (int32_t i = 0; i < r.items; i++) {
    const double whole = r.score[i] - r.score_none[i];
    if (i == 0 || fabs(r.gap[i]) > 1e-4 * fabs(whole))
      print_message("  %-10s %6.3f s of CPU  %lld steps  f(x) %9.5g  f(0) %9.5g  sum %9.5g  gap %.1e of it  %s\n", c.method, (double)(clock() - start) / CLOCKS_PER_SEC, (long long)r.steps, r.score[i],
                    r.score_none[i], r.sum[i], fabs(r.gap[i] / whole), r.note);
    assert_near(r.gap[i], 0, 1e-4 * fabs(whole));
  }
  aus_attribution_free(&r);
}

static const char *last_convolution(const aus_bundle *b)
{
  const aus_graph *g = &b->graph;
  for (int32_t i = g->n_nodes - 1; i >= 0; i--)
    if (g->node[i].op == AUS_OP_conv) return g->node[i].name;
  return NULL;
}

static void activation_map(lrp_net *n, aus_attrib *a, const float *x)
{
  aus_attribution r;
  const char *layer = last_convolution(n->bundle);
  if (!layer) return;
  assert_ok(n->ctx, aus_attrib_run(a, &x, &(aus_attrib_config){ .method = "gradcam", .layer = layer }, &r));
  const int64_t cells = aus_shape_count(&r.dims[0]);
  double sum = 0;
  for (int64_t i = 0; i < cells; i++) {
    assert_true(r.value[0][i] >= 0 && isfinite(r.value[0][i]));
    sum += (double)r.value[0][i];
  }
  print_message("  gradcam of %s: %lld cells, sum %.4g\n", layer, (long long)cells, sum);
  assert_true(sum > 0);
  aus_attribution_free(&r);
}

static void contributions(lrp_net *n, bool all)
{
  aus_dims dims;
  aus_attrib *a;
  const int32_t v = n->bundle->graph.input[0];
  const float *data = aus_run_value(n->run, v, &dims);
  float *x = aus_alloc(n->ctx, (size_t)aus_shape_count(&dims), sizeof *x);
  assert_non_null(x);
  memcpy(x, data, (size_t)aus_shape_count(&dims) * sizeof *x);
  assert_ok(n->ctx, aus_attrib_open(n->ctx, n->bundle, &dims, &a));
  adds_up(n, a, x, (aus_attrib_config){ .method = "deeplift" });
  adds_up(n, a, x, (aus_attrib_config){ .method = "ig", .quadrature = "secant", .steps = 4 });
  if (all) adds_up(n, a, x, (aus_attrib_config){ .method = "ig" }); /* as many pieces as it wants: minutes for a large tagger */
  activation_map(n, a, x);
  aus_attrib_close(a);
  aus_free(n->ctx, x);
}

static bool on_tagger(const char *weights)
{
  static const char *const presets[] = { "epsilon", "zennit:EpsilonPlusFlat", "lrp0", "gamma", "zplus", "zennit:EpsilonAlpha2Beta1", "zennit:EpsilonGammaBox", "innvestigate:presetA", "innvestigate:presetB", "toolbox:alpha2beta-1",
                                         "captum:epsilon1e-9", "arras:lstm-eps1e-3", "attnlrp", "cplrp" };
  char path[256];
  if (!convert(weights, path)) return false;
  lrp_net n = { .ctx = test_ctx(2) };
  aus_frontend *fe;
  assert_ok(n.ctx, aus_bundle_open(n.ctx, path, &n.bundle));
  assert_ok(n.ctx, aus_frontend_create(n.ctx, n.bundle, &fe));
  load_audio(&n, fe);
  const clock_t start = clock();
  assert_ok(n.ctx, aus_run_forward(n.run));
  print_message("%s: forward %.3f s of CPU\n", weights, (double)(clock() - start) / CLOCKS_PER_SEC);
  const size_t n_presets = getenv("AUS_TAGGERS") ? sizeof presets / sizeof *presets : 2;
  for (size_t i = 0; i < n_presets; i++) balance(&n, presets[i]);
  contributions(&n, getenv("AUS_TAGGERS_IG") != NULL);
  aus_frontend_destroy(fe);
  lrp_net_free(&n);
  unlink(path);
  return true;
}

static void taggers(void **state)
{
  (void)state;
  char list[1000], *word = list;
  const char *asked = getenv("AUS_TAGGERS");
  bool any = false;
  snprintf(list, sizeof list, "%s", asked ? asked : "musicnn/MTT_musicnn.h5");
  while (word) {
    char *end = strchr(word, ','), weights[1020];
    if (end) *end++ = 0;
    snprintf(weights, sizeof weights, "weights/%s", word);
    any |= on_tagger(weights);
    word = end;
  }
  if (!any) skip();
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(taggers) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
