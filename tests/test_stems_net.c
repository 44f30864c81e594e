/* test_stems_net.c - the networks of separators in training: OVA and Cerberus at their published sizes, Spleeter's U-Net node by node, what it learns, and how its magnitudes become masks. */
#define _DEFAULT_SOURCE
#include "stems_items.h"

#include "model/unet.h"
#include "sep/network.h"
#include "train/stems.h"

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
    write_unet(cases[k].front, 1, cases[k].network, cases[k].more);
    training_is_refused(cases[k].says);
  }
}

/* Shares of the magnitudes to the power that the file names; without a word, of the power; silence is shared out alike [spleeter.model.separation_exponent]. */
static void masks_are_shares(void **state)
{
  (void)state;
  static const float magnitude[3] = { 3, 1, 0 };
  static const float exponents[] = { 2, 1, 0.5f };
  static const double want[3][3] = { { 0.9, 0.1, 0 }, { 0.75, 0.25, 0 }, { 0.63397460, 0.36602540, 0 } };
  aus_ctx *ctx = test_ctx(1);
  for (int k = 0; k < 3; k++) {
    float answer[6] = { magnitude[0], 0, magnitude[1], 0, magnitude[2], 0 };
    const sep_frames f = { .ctx = ctx, .stems = 3, .channels = 1, .bins = 2, .frames = 1, .a_row = 2, .a_plane = 2, .exponent = exponents[k], .answer = answer };
    sep_ratio_masks(&f);
    for (int j = 0; j < 3; j++) assert_near(answer[2 * j], want[k][j], 1e-6);
    for (int j = 0; j < 3; j++) assert_near(answer[2 * j + 1], 1.0 / 3, 1e-6);
  }
  aus_ctx_destroy(ctx);
}

/* The recipe's exponent is the file's, and what makes no sense is refused. */
static void exponent_of_the_recipe(void **state)
{
  (void)state;
  static const char *const stems[] = { "low", "high" };
  aus_ctx *ctx = test_ctx(1);
  aus_recipe *r;
  aus_template t;
  aus_stems_shape shape;
  write_unet("", 1, "unet filters=2", "exponent = 1\n");
  assert_ok(ctx, aus_recipe_read(ctx, in_folder("tiny.recipe"), &r));
  assert_ok(ctx, aus_stems_template(r, &(aus_data){ .classes = 2, .label = (const char **)(uintptr_t)stems }, 7, &shape, &t));
  assert_true(aus_meta_real(t.bundle, "separator.exponent", 0) == 1);
  aus_template_free(&t);
  aus_recipe_free(r);
  write_unet("", 1, "unet filters=2", "exponent = 11\n");
  assert_int_equal(aus_recipe_read(ctx, in_folder("tiny.recipe"), &r), AUS_EFORMAT);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(published_sizes), cmocka_unit_test(unet_is_the_published_graph), cmocka_unit_test(unet_learns), cmocka_unit_test(bad_unets), cmocka_unit_test(masks_are_shares),
    cmocka_unit_test(exponent_of_the_recipe),
  };
  return cmocka_run_group_tests(tests, items_begin, drop_folder);
}
