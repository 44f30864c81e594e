/* test_golden_musicnn.c - the published tagger on the published songs, against scores computed elsewhere.
 *
 * Needs ../shared/data (weights and songs of others, which the project does not carry) and python3 with h5py for the
 * conversion; says so and skips where they are missing. */
#define _DEFAULT_SOURCE
#include "test.h"
#include <auscult/audio.h>
#include <auscult/model.h>

#include <unistd.h>

static const char *shared(const char *name)
{
  static char path[4][1024];
  static int turn;
  const char *base = getenv("AUS_SHARED");
  char *p = path[turn++ & 3];
  snprintf(p, sizeof path[0], "%s/%s", base ? base : SHARED_DATA, name);
  return p;
}

/* Converts once per network; NULL when that cannot be done here. */
static const char *converted(const char *name)
{
  static char path[2][256];
  char *p = path[strcmp(name, "MTT_musicnn") == 0], command[4096];
  if (*p) return p;
  char h5[64];
  snprintf(h5, sizeof h5, "weights/musicnn/%s.h5", name);
  if (access(shared(h5), R_OK) != 0) { print_message("%s is not there\n", shared(h5)); return NULL; }
  if (system("/usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null") != 0) { print_message("/usr/bin/python3 has no h5py\n"); return NULL; }
  snprintf(p, sizeof path[0], "/tmp/aus-golden-%s-%ld.aus", name, (long)getpid());
  snprintf(command, sizeof command, "PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 %s '%s' -o %s --force -q", CONVERTER, shared(h5), p);
  if (system(command) != 0) fail_msg("the conversion failed: %s", command);
  return p;
}

static float *read_f32(aus_ctx *ctx, const char *path, int64_t *samples)
{
  void *bytes;
  size_t size;
  assert_ok(ctx, aus_file_read(ctx, path, 1 << 28, &bytes, &size));
  *samples = (int64_t)(size / 4);
  return bytes;
}

/* Lines of "index value". */
static void read_golden(const char *path, double *value)
{
  FILE *f = fopen(path, "r");
  int index, n = 0;
  double v;
  assert_non_null(f);
  while (fscanf(f, "%d %lf", &index, &v) == 2) {
    assert_in_range(index, 0, 49);
    value[index] = v;
    n++;
  }
  fclose(f);
  assert_int_equal(n, 50);
}

static void compare(const char *network, const char *song, const char *mp3)
{
  const char *file = converted(network);
  if (!file) skip();
  aus_ctx *ctx = test_ctx(2);
  aus_model *m;
  char golden[128], f32[64];
  int64_t samples;
  float scores[50], again[50];
  double want[50];
  snprintf(golden, sizeof golden, "weights/golden/%s.%s.meanprob.txt", network, song);
  snprintf(f32, sizeof f32, "weights/golden/%s.f32", song);
  assert_ok(ctx, aus_model_open(ctx, file, &m));
  const aus_model_info *info = aus_model_describe(m);
  assert_int_equal(info->n_targets, 50);
  float *x = read_f32(ctx, shared(f32), &samples);
  assert_ok(ctx, aus_model_predict(m, 1, samples, x, scores));
  read_golden(shared(golden), want);
  for (int k = 0; k < 50; k++) assert_near(scores[k], want[k], 1e-4);
  aus_free(ctx, x);
#ifdef AUS_HAVE_SNDFILE
  aus_audio a;
  assert_ok(ctx, aus_audio_read_mono(ctx, shared(mp3), NULL, info->sample_rate, &a));
  assert_ok(ctx, aus_model_predict(m, 1, a.frames, a.data, again));
  for (int k = 0; k < 50; k++) assert_near(again[k], want[k], 2e-3);
  aus_audio_free(ctx, &a);
#else
  (void)mp3;
  (void)again;
#endif
  aus_model_close(m);
  aus_ctx_destroy(ctx);
}

#define JORAM "audio/songs/joram-moments_of_clarity-08-solipsism-59-88.mp3"
#define MUDDY "audio/songs/TRWJAZW128F42760DD_test.mp3"

static void mtt_joram(void **state) { (void)state; compare("MTT_musicnn", "joram", JORAM); }
static void mtt_muddy(void **state) { (void)state; compare("MTT_musicnn", "muddy", MUDDY); }
static void msd_joram(void **state) { (void)state; compare("MSD_musicnn", "joram", JORAM); }
static void msd_muddy(void **state) { (void)state; compare("MSD_musicnn", "muddy", MUDDY); }

static void the_order_of_the_readme(void **state)
{
  static const char *const order[] = { "techno", "electronic", "synth", "fast", "beat", "drums", "no vocals", "no vocal", "dance", "ambient" };
  (void)state;
  const char *file = converted("MTT_musicnn");
  if (!file) skip();
  aus_ctx *ctx = test_ctx(1);
  aus_model *m;
  int64_t samples;
  float scores[50], *x = read_f32(ctx, shared("weights/golden/joram.f32"), &samples);
  assert_ok(ctx, aus_model_open(ctx, file, &m));
  assert_ok(ctx, aus_model_predict(m, 1, samples, x, scores));
  for (int i = 0; i < 10; i++) {
    int best = 0;
    for (int k = 1; k < 50; k++) best = scores[k] > scores[best] ? k : best;
    assert_string_equal(aus_model_describe(m)->targets[best], order[i]);
    scores[best] = -1;
  }
  aus_free(ctx, x);
  aus_model_close(m);
  aus_ctx_destroy(ctx);
}

static int forget(void **state)
{
  (void)state;
  char path[256];
  snprintf(path, sizeof path, "/tmp/aus-golden-MTT_musicnn-%ld.aus", (long)getpid());
  unlink(path);
  snprintf(path, sizeof path, "/tmp/aus-golden-MSD_musicnn-%ld.aus", (long)getpid());
  unlink(path);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_order_of_the_readme),
    cmocka_unit_test(mtt_joram),
    cmocka_unit_test(mtt_muddy),
    cmocka_unit_test(msd_joram),
    cmocka_unit_test(msd_muddy),
  };
  return cmocka_run_group_tests(tests, NULL, forget);
}
