/* test_stems.c - training separators: the three losses and their gradients against torch (golden/stems.h), what a step hears, and a training
 * in seconds after which stems are found. */
#define _DEFAULT_SOURCE
#include "stems_items.h"

#include "golden/stems.h"
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

/* The mix is the sum of its stems, targets are within the mix, notes lie where the table has them; read from disk it is the same. */
static void a_step_hears_what_the_files_hold(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  float *kept = NULL;
  for (int cache = 0; cache < 2; cache++) {
    aus_recipe *r;
    aus_trainer t;
    const aus_train_config config = { .out = folder, .seed = 1 };
    write_recipe("high low", "", cache * 100, "[network]\nsequence\nlstm 4\n[separator]\nmix = low high extra\nnotes = yes\nembedding = 2\n");
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

/* With remix every stem is some item's to learn from, and not always the clip's own; bells change its colour; the middle of a clip, which validates, stays what it is. */
static void stems_are_lent_and_coloured(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_recipe *r;
  aus_trainer t;
  aus_mixer s;
  aus_stems_shape shape;
  aus_template unused;
  const aus_train_config config = { .out = folder, .seed = 1 };
  write_recipe("low high", "", 100, "[network]\nsequence\nlstm 4\n[separator]\nmask = softmax\n");
  assert_ok(ctx, aus_recipe_read(ctx, in_folder("tiny.recipe"), &r));
  assert_ok(ctx, aus_trainer_create(r, &config, &aus_task_stems, &t));
  assert_ok(ctx, aus_stems_template(r, &t.data, 1, &shape, &unused));
  aus_template_free(&unused);
  assert_ok(ctx, aus_stems_open(&t, &shape, &s));
  const size_t bytes = (size_t)s.samples * sizeof(float);
  float *plain = malloc(2 * bytes);
  double start;
  bool seen[ITEMS] = { false };
  r->gain_db = 0;
  r->remix = 1;
  for (int at = 0; at < 40; at++) {
    assert_ok(ctx, aus_stems_excerpt(&s, 1, false, 5, 2, at, &start));
    int lender = -1;
    for (int32_t i = 0; i < ITEMS && lender < 0; i++) { /* the low voice is silent between notes: look for what sounds */
      const int16_t *all = s.item[i].wave;
      for (int64_t from = 0; from + s.samples <= SAMPLES && lender < 0; from++) {
        int64_t same = 0;
        while (same < s.samples && fabsf(s.wave[same] - (float)all[from + same] / 32768) < 1e-6f) same++;
        if (same == s.samples) lender = i;
      }
    }
    assert_in_range(lender, 0, 8); /* nine to learn from, three to validate */
    seen[lender] = true;
  }
  int lenders = 0;
  for (int i = 0; i < ITEMS; i++) lenders += seen[i];
  assert_true(lenders >= 6);
  assert_ok(ctx, aus_stems_excerpt(&s, 1, true, 5, 2, 7, &start));
  memcpy(plain, s.wave, 2 * bytes);
  r->remix = 0;
  r->bells = 3;
  assert_ok(ctx, aus_stems_excerpt(&s, 1, true, 5, 2, 8, &start));
  assert_memory_equal(plain, s.wave, 2 * bytes);
  assert_ok(ctx, aus_stems_excerpt(&s, 1, false, 5, 2, 7, &start));
  memcpy(plain, s.wave, 2 * bytes);
  for (int64_t i = 0; i < s.samples; i++) assert_near(s.mix[i], s.wave[i] + s.wave[s.samples + i], 1e-6);
  assert_ok(ctx, aus_stems_excerpt(&s, 1, false, 5, 2, 7, &start));
  assert_memory_equal(plain, s.wave, 2 * bytes); /* a function of seed, epoch and place */
  r->bells = 0;
  assert_ok(ctx, aus_stems_excerpt(&s, 1, false, 5, 2, 7, &start));
  for (int j = 0; j < 2; j++) assert_memory_not_equal(plain + j * s.samples, s.wave + j * s.samples, bytes);
  free(plain);
  aus_stems_close(&s);
  aus_trainer_free(&t);
  aus_recipe_free(r);
  aus_ctx_destroy(ctx);
}

/* ---- trainings ----------------------------------------------------------------------------------------------- */

/* All three heads: the stems are found, by the separator that comes out of it too; same bits for two threads. */
static void it_learns_to_separate(void **state)
{
  (void)state;
  void *first = NULL;
  size_t size = 0, again;
  for (int threads = 1; threads <= 2; threads++) {
    aus_ctx *ctx = test_ctx(threads);
    aus_train_result result;
    write_recipe("low high", "", 100, "epochs = 12\n[network]\nbn\nsequence\nlstm 12 both=yes\n[separator]\nmask = softmax\nembedding = 3\nnotes = yes\n");
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_ok(ctx, aus_train(ctx, &config, &result));
    assert_string_equal(result.score_name, "si_sdr_gain");
    if (!(result.valid_score > 15)) fail_msg("a gain of %.2f dB after training", result.valid_score);
    void *bytes = read_bytes(ctx, in_folder("model.aus"), &again);
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
    write_recipe("low", "", 100, rest[k]);
    const aus_train_config config = { .recipe = in_folder("tiny.recipe"), .out = folder, .seed = 1, .replace = 1 };
    assert_ok(ctx, aus_train(ctx, &config, &result));
    if (!(result.valid_score > 3)) fail_msg("case %d: a gain of %.2f dB", k, result.valid_score);
    aus_ctx_destroy(ctx);
  }
}

static void bad_recipes(void **state)
{
  (void)state;
  static const struct { const char *labels, *augment, *rest, *says; } cases[] = {
    { "low high", "", "[network]\nsequence\nlstm 4\n[separator]\nmix = low\n", "'high' is not in the mix" },
    { "low nothing", "", "[network]\nsequence\nlstm 4\n[separator]\nmask = maybe\n", "none of sigmoid|softmax" },
    { "low high", "", "[network]\nsequence\nlstm 4\nlast\n[separator]\nmask = softmax\n", "the network ends in" },
    { "low high", "", "[network]\nconv 2 3 pad=1\n[separator]\nnotes = yes\n", "need a sequence" },
    { "low high", "", "[network]\nsequence\nlstm 4\n[separator]\nbins = 500\n", "bins = 500" },
    { "low high", "remix = 0.5\n", "[network]\nsequence\nlstm 4\n[separator]\nnotes = yes\n", "its notes are not known" },
    { "low high", "speed = 0.1\n", "[network]\nsequence\nlstm 4\n[separator]\nmask = softmax\n", "separators know start, gain_db, bells" },
    { "nothing", "", "[network]\nsequence\nlstm 4\n[separator]\nmask = sigmoid\n", "none of the stems is there" },
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    write_recipe(cases[k].labels, cases[k].augment, 100, cases[k].rest);
    training_is_refused(cases[k].says);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(losses_agree_with_torch), cmocka_unit_test(a_step_hears_what_the_files_hold), cmocka_unit_test(stems_are_lent_and_coloured), cmocka_unit_test(it_learns_to_separate),
    cmocka_unit_test(one_stem_and_maps), cmocka_unit_test(bad_recipes),
  };
  return cmocka_run_group_tests(tests, items_begin, drop_folder);
}
