/* test_stems.c - training separators: the three losses and their gradients against torch (golden/stems.h), what a step hears, and a training
 * in seconds after which stems are found. */
#include "test.h"

#include <auscult/sep.h>
#include <auscult/train.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden/stems.h"
#include "model/unet.h"
#include "train/stems.h"

/* ---- losses ----------------------------------------------------------------------------------------------- */

enum { T = 5, B = 7, J = 3, D = 4, P = 88, N = T * B, HEADS = J * N + N * D + T * J * P };

static double lcg(uint64_t *s)
{
  *s = *s * 6364136223846793005u + 1442695040888963407u;
  return (double)(*s >> 40) / 16777216;
}

static void losses_agree_with_torch(void **state)
{
  (void)state;
  static float level[N], target[J * N], heads[HEADS], diff[HEADS];
  static uint8_t loudest[N], notes[T * J * P];
  const aus_stems_shape shape = { J, T, B, D, P };
  uint64_t s = 1;
  for (int i = 0; i < N; i++) {
    const double u = lcg(&s);
    level[i] = (float)(3 * (u * u));
  }
  s = 2;
  for (int i = 0; i < J * N; i++) target[i] = (float)((double)(float)lcg(&s) * level[i % N]);
  s = 3;
  for (int i = 0; i < N; i++) loudest[i] = (uint8_t)fmin(floor(lcg(&s) * (J + 1)), J);
  s = 4;
  for (int i = 0; i < T * J * P; i++) notes[i] = lcg(&s) > 0.9;
  s = 5;
  for (int i = 0; i < J * N; i++) heads[i] = (float)lcg(&s);
  s = 6;
  for (int i = 0; i < N * D; i++) heads[J * N + i] = (float)((lcg(&s) - 0.5) * 2);
  s = 7;
  for (int i = 0; i < T * J * P; i++) heads[J * N + N * D + i] = (float)((lcg(&s) - 0.5) * 6);
  assert_int_equal(aus_stems_numbers(&shape), HEADS);
  for (int squared = 0; squared < 2; squared++) {
    const aus_stems_weights w = { squared, 0.7, 0.2, 0.5 };
    const aus_stems_truth t = { level, target, loudest, notes };
    const double *want = squared ? want_mse : want_l1, *grad = squared ? diff_mse : diff_l1;
    double part[3];
    assert_near(aus_stems_loss(&shape, &w, &t, heads, 1, diff, part), want[0], 1e-6);
    for (int k = 0; k < 3; k++) assert_near(part[k], want[k + 1], 1e-6);
    for (int i = 0; i < HEADS; i++) assert_near(diff[i], grad[i], 1e-6);
  }
  memset(level, 0, sizeof level); /* silence: nothing to learn from masks and clusters, and no NaN */
  const aus_stems_weights w = { false, 1, 1, 0 };
  assert_true(isfinite(aus_stems_loss(&shape, &w, &(aus_stems_truth){ level, target, loudest, notes }, heads, 1, diff, NULL)));
  for (int i = 0; i < J * N + N * D; i++) assert_true(diff[i] == 0);
}

/* ---- items -------------------------------------------------------------------------------------------------- */

enum { RATE = 8000, SAMPLES = 8000, ITEMS = 12 };
static char folder[64];

static const char *in_folder(const char *name)
{
  static char path[4][160];
  static int k;
  k = (k + 1) % 4;
  snprintf(path[k], sizeof path[k], "%s/%s", folder, name);
  return path[k];
}

static void write_text(const char *name, const char *text)
{
  FILE *f = fopen(in_folder(name), "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

/* A low voice and a high one, four notes each; every third item lacks a file of `extra`. */
static void make_items(aus_ctx *ctx)
{
  static const char *const stem[] = { "low", "high", "extra" };
  static const int pitch[2][4] = { { 48, 50, 52, 55 }, { 84, 86, 88, 91 } };
  char manifest[1024] = "path\tsplit\n", name[64];
  aus_rng rng;
  aus_rng_init(&rng, 3, 0);
  snprintf(folder, sizeof folder, "/tmp/aus-stems-train-XXXXXX");
  assert_non_null(mkdtemp(folder));
  for (int i = 0; i < ITEMS; i++) {
    char notes[1024] = "onset\toffset\tpitch\tvelocity\tfamily\n", line[64];
    snprintf(name, sizeof name, "item%02d", i);
    mkdir(in_folder(name), 0700);
    for (int j = 0; j < 3; j++) {
      float x[SAMPLES] = { 0 };
      for (int k = 0; j < 2 && k < 4; k++) {
        const int p = pitch[j][aus_rng_below(&rng, 4)], from = (int)aus_rng_below(&rng, 6000), to = from + 1000 + (int)aus_rng_below(&rng, 1000);
        for (int t = from; t < to; t++) x[t] += (float)(0.2 * sin(2 * M_PI * 440 * pow(2, (p - 69) / 12.0) * t / RATE));
        snprintf(line, sizeof line, "%.4f\t%.4f\t%d\t100\t%s\n", (double)from / RATE, (double)to / RATE, p, stem[j]);
        strcat(notes, line);
      }
      for (int t = 0; j == 2 && t < SAMPLES; t++) x[t] = (float)(0.02 * aus_rng_normal(&rng));
      if (j == 2 && i % 3 == 0) continue;
      snprintf(name, sizeof name, "item%02d/%s.wav", i, stem[j]);
      const aus_audio a = { .data = x, .frames = SAMPLES, .channels = 1, .rate = RATE };
      assert_ok(ctx, aus_audio_write_wav(ctx, in_folder(name), &a, AUS_WAV_PCM16, 1));
    }
    snprintf(name, sizeof name, "item%02d/notes.tsv", i);
    write_text(name, notes);
    snprintf(line, sizeof line, "item%02d\t%s\n", i, i < 9 ? "train" : "valid");
    strcat(manifest, line);
  }
  write_text("items.tsv", manifest);
}

static const char front[] = "[model]\nname = tiny\nlabels = %s\n[frontend]\nkind = stft\nrate = 8000\nn_fft = 256\nhop = 64\nlog = db\namin = 1e-8\nlayout = time_freq\npatch_frames = 32\n"
                            "[data]\nmanifest = items.tsv\nvalid = split=valid\n[augment]\ngain_db = 3\n[train]\nbatch = 3\nrate = 0.01\ncache_mb = %d\n%s";

static void write_recipe(const char *labels, int cache, const char *rest)
{
  char text[2048];
  snprintf(text, sizeof text, front, labels, cache, rest);
  write_text("tiny.recipe", text);
}

/* The mix is the sum of its stems, targets are within the mix, notes lie where the table has them; read from disk it is the same. */
static void a_step_hears_what_the_files_hold(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  make_items(ctx);
  float *kept = NULL;
  for (int cache = 0; cache < 2; cache++) {
    aus_recipe *r;
    aus_trainer t;
    const aus_train_config config = { .out = folder, .seed = 1 };
    write_recipe("high low", cache * 100, "[network]\nsequence\nlstm 4\n[separator]\nmix = low high extra\nnotes = yes\nembedding = 2\n");
    assert_ok(ctx, aus_recipe_read(ctx, in_folder("tiny.recipe"), &r));
    assert_ok(ctx, aus_trainer_create(r, &config, &aus_task_stems, &t));
    aus_stems_shape shape;
    aus_template other;
    assert_ok(ctx, aus_stems_template(r, &t.data, 1, &shape, &other));
    aus_template_free(&other);
    assert_int_equal(shape.stems, 2);
    assert_int_equal(shape.bins, 129);
    aus_mixer s;
    assert_ok(ctx, aus_stems_open(&t, &shape, &s));
    assert_int_equal(s.in_mix[0], 1); /* high is the second of the mix */
    assert_true((s.item[0].wave != NULL) == (cache > 0));
    const int64_t places = shape.frames * shape.bins;
    float *x = malloc((size_t)places * sizeof *x), *level = malloc((size_t)places * sizeof *x), *target = malloc(2 * (size_t)places * sizeof *x);
    uint8_t *loudest = malloc((size_t)places), *notes = malloc((size_t)(shape.frames * 2 * 88));
    double start;
    assert_ok(ctx, aus_stems_excerpt(&s, 1, false, 5, 2, 7, &start));
    for (int64_t i = 0; i < s.samples; i++) assert_near(s.mix[i], s.wave[i] + s.wave[s.samples + i] + s.wave[2 * s.samples + i], 1e-6);
    aus_stems_features(&s, x);
    aus_stems_targets(&s, 1, start, level, target, loudest, notes);
    for (int64_t i = 0; i < places; i++) {
      assert_near(x[i], 10 * log10(fmax(level[i], 1e-8)), 1e-3);
      assert_true(target[i] >= 0 && target[i] <= level[i] && loudest[i] <= 2);
    }
    for (int64_t f = 0; f < shape.frames; f++)
      for (int p = 0; p < 176; p++) {
        const double time = start + (double)f * 64 / RATE;
        bool on = false;
        for (int32_t k = 0; k < s.item[1].n_notes; k++) {
          const aus_stems_note *n = &s.item[1].note[k];
          on |= n->stem * 88 + n->pitch - 21 == p && time >= n->onset && time < n->offset;
        }
        assert_int_equal(notes[f * 176 + p], on);
      }
    if (cache) assert_memory_equal(kept, x, (size_t)places * sizeof *x);
    else kept = x;
    if (cache) free(x);
    free(level);
    free(target);
    free(loudest);
    free(notes);
    aus_stems_close(&s);
    aus_trainer_free(&t);
    aus_recipe_free(r);
  }
  free(kept);
  aus_ctx_destroy(ctx);
}

/* ---- trainings ----------------------------------------------------------------------------------------------- */

static void *read_model(aus_ctx *ctx, size_t *size)
{
  void *bytes;
  assert_ok(ctx, aus_file_read(ctx, in_folder("model.aus"), 1 << 26, &bytes, size));
  return bytes;
}

/* What was trained, opened as a separator: both stems of item10 gain so many dB over the mix, and all parts are the mix. */
static void trained_file_separates(aus_ctx *ctx, double gain)
{
  aus_separator *s;
  aus_audio low, high;
  aus_stems out;
  assert_ok(ctx, aus_separator_open(ctx, in_folder("model.aus"), &s));
  assert_ok(ctx, aus_audio_read(ctx, in_folder("item10/low.wav"), NULL, &low));
  assert_ok(ctx, aus_audio_read(ctx, in_folder("item10/high.wav"), NULL, &high));
  float mix[SAMPLES];
  for (int t = 0; t < SAMPLES; t++) mix[t] = low.data[t] + high.data[t];
  const aus_audio input = { .data = mix, .frames = SAMPLES, .channels = 1, .rate = RATE };
  assert_ok(ctx, aus_separator_run(s, &input, 1, &out));
  assert_string_equal(out.name[1], "high");
  assert_true(aus_si_sdr(SAMPLES, out.stem[0].data, low.data) - aus_si_sdr(SAMPLES, mix, low.data) > gain);
  assert_true(aus_si_sdr(SAMPLES, out.stem[1].data, high.data) - aus_si_sdr(SAMPLES, mix, high.data) > gain);
  for (int t = 0; t < SAMPLES; t++) assert_near(out.stem[0].data[t] + out.stem[1].data[t] + (out.n > 2 ? out.stem[2].data[t] : 0), mix[t], 1e-6);
  aus_stems_free(ctx, &out);
  aus_audio_free(ctx, &low);
  aus_audio_free(ctx, &high);
  aus_separator_close(s);
}

/* All three heads: the stems are found, by the separator that comes out of it too; same bits for two threads. */
static void it_learns_to_separate(void **state)
{
  (void)state;
  void *first = NULL;
  size_t size = 0, again;
  for (int threads = 1; threads <= 2; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    aus_train_result result;
    write_recipe("low high", 100, "epochs = 12\n[network]\nbn\nsequence\nlstm 12 both=yes\n[separator]\nmask = softmax\nembedding = 3\nnotes = yes\n");
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_ok(ctx, aus_train(ctx, &config, &result));
    assert_string_equal(result.score_name, "si_sdr_gain");
    if (!(result.valid_score > 15)) fail_msg("a gain of %.2f dB after training", result.valid_score);
    void *bytes = read_model(ctx, &again);
    if (threads == 1) {
      first = malloc(again);
      memcpy(first, bytes, size = again);
      trained_file_separates(ctx, 10);
    } else {
      assert_int_equal(size, again);
      assert_memory_equal(first, bytes, size);
    }
    aus_free(ctx, bytes);
    aus_ctx_destroy(ctx);
  }
  free(first);
}

/* One stem of three with a sigmoid, the rest staying in the residual; and maps from convolutions as masks. */
static void one_stem_and_maps(void **state)
{
  (void)state;
  static const char *const rest[] = {
    "epochs = 8\n[network]\ninstance_norm\nsequence\nlstm 8 both=yes\n[separator]\nmix = low high extra\ndistance = mse\n",
    "epochs = 12\n[network]\nbn\nconv 8 1x41 pad=0x20\nrelu\nconv 1 1x41 pad=0x20\n[separator]\nmix = low high extra\nbins = 64\ntarget = magnitude\n" };
  for (int k = 0; k < 2; k++) {
    aus_ctx *ctx = test_ctx(1);
    aus_train_result result;
    write_recipe("low", 100, rest[k]);
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_ok(ctx, aus_train(ctx, &config, &result));
    if (!(result.valid_score > 3)) fail_msg("case %d: a gain of %.2f dB", k, result.valid_score);
    aus_ctx_destroy(ctx);
  }
}

/* Cerberus and OVA at the published sizes: body, mask per source, embedding [audioLIME's networks]. */
static void published_sizes(void **state)
{
  (void)state;
  static const char *const five[] = { "piano", "guitar", "bass", "drums", "strings" };
  static const struct { const char *net, *more; int32_t stems; int n_fft; int64_t want; } cases[] = {
    { "cerberus", "mask = softmax\nembedding = 20\nnotes = yes\n", 5, 1024, 8450400 + 5 * 308313 + 6166260 + 5 * 88 * 601 + 4 + 1 }, /* + one channel's batch norm, 1e-8 */
    { "ova", "mask = sigmoid\n", 1, 512, 7836000 + 154457 } };
  for (int k = 0; k < 2; k++) {
    aus_ctx *ctx = test_ctx(1);
    char text[1024];
    aus_recipe *r;
    aus_template t;
    aus_stems_shape shape;
    snprintf(text, sizeof text, "[model]\nlabels = x\n[frontend]\nkind = stft\nrate = 16000\nn_fft = %d\nhop = %d\nlayout = time_freq\npatch_frames = 100\n[network]\nnet %s\n"
             "[separator]\n%s[data]\nmanifest = none.tsv\n", cases[k].n_fft, cases[k].n_fft / 4, cases[k].net, cases[k].more);
    assert_ok(ctx, aus_recipe_parse(ctx, "published.recipe", text, strlen(text), &r));
    const aus_data d = { .classes = cases[k].stems, .label = (const char **)(uintptr_t)five };
    assert_ok(ctx, aus_stems_template(r, &d, 1, &shape, &t));
    int64_t numbers = 0;
    for (int32_t i = 0; i < aus_bundle_tensors(t.bundle); i++) numbers += t.bundle->tensor[i].count;
    assert_int_equal(numbers, cases[k].want);
    aus_template_free(&t);
    aus_recipe_free(r);
    aus_ctx_destroy(ctx);
  }
}

/* ---- Spleeter's U-Net ------------------------------------------------------------------------------------------ */

static const char unet_front[] = "[model]\nname = tiny\nlabels = low high\n[frontend]\nkind = stft\nrate = 8000\nn_fft = 256\nhop = 64\n%slayout = time_freq\npatch_frames = 64\n[data]\nmanifest = items.tsv\n"
                                 "valid = split=valid\n[augment]\ngain_db = 3\n[train]\nbatch = 3\nrate = 0.003\nepochs = %d\n[network]\n%s\n[separator]\nbins = 128\ntarget = magnitude\n%s";

static void write_unet(const char *front_more, int epochs, const char *network, const char *more)
{
  char text[2048];
  snprintf(text, sizeof text, unet_front, front_more, epochs, network, more);
  write_text("tiny.recipe", text);
}

/* Node by node and number by number the separator of src/model/unet.c (which tests/convert holds against the converter's); behind it the loss's view of the masks. */
static void unet_is_the_published_graph(void **state)
{
  (void)state;
  static const char *const stems[] = { "low", "high" };
  for (int softmax = 0; softmax < 2; softmax++) {
    aus_ctx *ctx = test_ctx(1);
    aus_recipe *r;
    aus_template t;
    aus_stems_shape shape;
    aus_bundle *want;
    void *bytes;
    size_t size;
    write_unet("", 1, softmax ? "unet filters=2 elu=yes" : "net unet", softmax ? "mask = softmax\n" : "");
    assert_ok(ctx, aus_recipe_read(ctx, in_folder("tiny.recipe"), &r));
    const aus_data d = { .classes = 2, .label = (const char **)(uintptr_t)stems };
    assert_ok(ctx, aus_stems_template(r, &d, 7, &shape, &t));
    const aus_unet u = { .n = 2, .stem = stems, .channels = 1, .bins = 128, .filters = softmax ? 2 : 16, .elu = softmax, .softmax = softmax, .seed = 7 };
    assert_ok(ctx, aus_unet_separator(ctx, &u, &bytes, &size));
    assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &want));
    const aus_graph *a = &t.bundle->graph, *b = &want->graph;
    assert_int_equal(a->n_nodes, b->n_nodes + 2);
    for (int32_t i = 0; i < b->n_nodes; i++) {
      const aus_node *x = &a->node[i], *y = &b->node[i];
      assert_int_equal(x->op, y->op);
      assert_int_equal(x->n_in, y->n_in);
      assert_int_equal(x->n_attr, y->n_attr);
      assert_memory_equal(a->word + x->attr, b->word + y->attr, (size_t)x->n_attr * sizeof *a->word);
      assert_memory_equal(a->index + x->in, b->index + y->in, (size_t)x->n_in * sizeof *a->index);
    }
    assert_int_equal(aus_bundle_tensors(t.bundle), aus_bundle_tensors(want));
    assert_int_equal(aus_unet_parameters(&u), softmax ? aus_unet_parameters(&u) : 9826759 - 25 * 16 - 16 - 1); /* one channel where the published net has two */
    for (int32_t i = 0; i < aus_bundle_tensors(want); i++) {
      aus_tensor_info x, y;
      assert_ok(ctx, aus_bundle_tensor(t.bundle, i, &x));
      assert_ok(ctx, aus_bundle_tensor(want, i, &y));
      assert_string_equal(x.name, y.name);
      assert_int_equal(x.count, y.count);
      assert_memory_equal(aus_bundle_tensor_f32(t.bundle, i), aus_bundle_tensor_f32(want, i), (size_t)x.count * sizeof(float));
    }
    assert_string_equal(aus_meta_string(t.bundle, "separator.gives", ""), aus_meta_string(want, "separator.gives", "?"));
    aus_bundle_close(want);
    aus_free(ctx, bytes);
    aus_template_free(&t);
    aus_recipe_free(r);
    aus_ctx_destroy(ctx);
  }
}

/* The loss falls, and the file separates. */
static void unet_learns(void **state)
{
  (void)state;
  double loss[2];
  for (int k = 0; k < 2; k++) {
    aus_ctx *ctx = test_ctx(1);
    aus_train_result result;
    write_unet("", k ? 25 : 1, "unet filters=4", "");
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_ok(ctx, aus_train(ctx, &config, &result));
    loss[k] = result.valid_loss;
    if (k && !(result.valid_score > 5)) fail_msg("a gain of %.2f dB after training, loss %.3f from %.3f", result.valid_score, loss[1], loss[0]);
    aus_ctx_destroy(ctx);
  }
  if (!(loss[1] < 0.6 * loss[0])) fail_msg("loss %.3f, was %.3f", loss[1], loss[0]);
  aus_ctx *ctx = test_ctx(1);
  trained_file_separates(ctx, 5);
  aus_ctx_destroy(ctx);
}

static void bad_unets(void **state)
{
  (void)state;
  static const struct { const char *front, *network, *more, *says; } cases[] = {
    { "log = db\namin = 1e-8\n", "net unet", "", "hears magnitudes" },
    { "power = 2\n", "net unet", "", "hears magnitudes" },
    { "", "net unet", "notes = yes\n", "need a sequence" },
    { "", "unet filters=300", "", "filters" },
    { "", "maxpool 2\nnet unet", "", "multiples of 64" },
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    aus_ctx *ctx = test_ctx(1);
    aus_train_result result;
    write_unet(cases[k].front, 1, cases[k].network, cases[k].more);
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_int_equal(aus_train(ctx, &config, &result), AUS_EFORMAT);
    if (!strstr(aus_ctx_error(ctx), cases[k].says)) fail_msg("'%s' lacks '%s'", aus_ctx_error(ctx), cases[k].says);
    aus_ctx_destroy(ctx);
  }
}

static void bad_recipes(void **state)
{
  (void)state;
  static const struct { const char *labels, *rest, *says; } cases[] = {
    { "low high", "[network]\nsequence\nlstm 4\n[separator]\nmix = low\n", "'high' is not in the mix" },
    { "low nothing", "[network]\nsequence\nlstm 4\n[separator]\nmask = maybe\n", "none of sigmoid|softmax" },
    { "low high", "[network]\nsequence\nlstm 4\nlast\n[separator]\nmask = softmax\n", "the network ends in" },
    { "low high", "[network]\nconv 2 3 pad=1\n[separator]\nnotes = yes\n", "need a sequence" },
    { "low high", "[network]\nsequence\nlstm 4\n[separator]\nbins = 500\n", "bins = 500" },
    { "nothing", "[network]\nsequence\nlstm 4\n[separator]\nmask = sigmoid\n", "none of the stems is there" },
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    aus_ctx *ctx = test_ctx(1);
    aus_train_result result;
    write_recipe(cases[k].labels, 100, cases[k].rest);
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_int_equal(aus_train(ctx, &config, &result), AUS_EFORMAT);
    if (!strstr(aus_ctx_error(ctx), cases[k].says)) fail_msg("'%s' lacks '%s'", aus_ctx_error(ctx), cases[k].says);
    aus_ctx_destroy(ctx);
  }
  char command[100];
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  assert_int_equal(system(command), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(losses_agree_with_torch), cmocka_unit_test(a_step_hears_what_the_files_hold), cmocka_unit_test(it_learns_to_separate),
    cmocka_unit_test(one_stem_and_maps), cmocka_unit_test(published_sizes), cmocka_unit_test(unet_is_the_published_graph), cmocka_unit_test(unet_learns), cmocka_unit_test(bad_unets), cmocka_unit_test(bad_recipes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
