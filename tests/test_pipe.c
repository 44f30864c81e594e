/* test_pipe.c - a model in another program: one that behaves, and every way not to. */
#define _DEFAULT_SOURCE
#include "oom.h"
#include "test.h"
#include "model/pipe.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *child(const char *mode)
{
  static char command[1024];
  snprintf(command, sizeof command, "%s %s %s", AUS_EMULATOR, PIPE_CHILD, mode);
  return command;
}

static void no_child_is_left(void)
{
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

static void a_program_is_a_model(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_model *m;
  assert_ok(ctx, aus_model_from_command(ctx, child("good"), 10, &m));
  const aus_model_info *info = aus_model_describe(m);
  assert_string_equal(info->name, "child");
  assert_int_equal(info->sample_rate, 8000);
  assert_int_equal(info->n_targets, 2);
  assert_string_equal(info->targets[1], "last");
  assert_int_equal(info->score_kind, AUS_SCORE_REAL);
  assert_int_equal(strlen(info->sha256), 64);
  float x[10][30], y[10][2]; /* ten inputs, four at a time */
  for (int i = 0; i < 300; i++) x[i / 30][i % 30] = (float)(i % 17) / 16;
  assert_ok(ctx, aus_model_predict(m, 10, 30, x[0], y[0]));
  for (int i = 0; i < 10; i++) {
    float sum = 0;
    for (int t = 0; t < 30; t++) sum += x[i][t] / 30;
    assert_near(y[i][0], sum, 0);
    assert_near(y[i][1], x[i][29], 0);
  }
  aus_spectrogram s;
  assert_int_equal(aus_model_spectrogram(m, 30, x[0], &s), AUS_ENOTSUP);
  aus_model_close(m);
  assert_ok(ctx, aus_model_from_command(ctx, child("stereo"), 10, &m));
  assert_string_equal(aus_model_describe(m)->channel_names[1], "right");
  assert_ok(ctx, aus_model_predict(m, 1, 15, x[0], y[0]));
  aus_model_close(m);
  assert_ok(ctx, aus_model_from_command(ctx, child("patch"), 10, &m));
  assert_ok(ctx, aus_model_predict(m, 1, 4, x[0], y[0])); /* padded to 8 with silence */
  assert_near(y[0][1], 0, 0);
  aus_model_close(m);
  aus_ctx_destroy(ctx);
  no_child_is_left();
}

static void bad_programs_are_refused(void **state)
{
  static const struct { const char *mode, *text; int at_start; double seconds; } cases[] = {
    { "magic", "does not speak the protocol", 1, 10 }, { "print", "it wrote 'Loading the mode'", 1, 10 },
    { "version", "version 9", 1, 10 }, { "batch", "batches of 0", 1, 10 }, { "extra", "1 bytes too many", 1, 10 },
    { "fewer", "ends inside a name", 1, 10 }, { "exit", "exit code 3", 1, 10 }, { "hang", "did not answer within 0.3 s", 1, 0.3 },
    { "stubborn", "did not answer within 0.3 s", 1, 0.3 }, { "silent", "ended with exit code 0", 1, 10 },
    { "nan", "not a number (input 0, target 1)", 0, 10 }, { "short", "ended with exit code 0", 0, 10 },
    { "huge", "announced a message of 18446744073709551615 bytes", 0, 10 }, { "small", "another shape", 0, 10 },
    { "type", "sent WHAT where SCOR is due", 0, 10 }, { "die", "killed by signal 11", 0, 10 },
    { "leave", "exit code 0", 0, 10 }, { "fail", "says: out of tea", 0, 10 }, { "deaf", "did not answer within 0.3 s", 0, 0.3 },
  };
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static float x[200000], y[2];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    aus_model *m;
    const double t0 = aus_now();
    aus_status status = aus_model_from_command(ctx, child(cases[i].mode), cases[i].seconds, &m);
    if (cases[i].at_start) {
      assert_null(m);
    } else {
      if (status != AUS_OK) fail_msg("%s: %s", cases[i].mode, aus_ctx_error(ctx));
      status = aus_model_predict(m, 1, 200000, x, y);
    }
    assert_int_equal(status, AUS_EPEER);
    if (!strstr(aus_ctx_error(ctx), cases[i].text)) fail_msg("%s: '%s' does not say '%s'", cases[i].mode, aus_ctx_error(ctx), cases[i].text);
    if (m) assert_int_equal(aus_model_predict(m, 1, 10, x, y), AUS_EPEER); /* gone for good, said at once */
    aus_model_close(m);
    no_child_is_left();
    assert_true(aus_now() - t0 < 5);
  }
  assert_int_equal(aus_model_from_command(ctx, "/nowhere/at/all 2>/dev/null", 10, &(aus_model *){ NULL }), AUS_EPEER);
  assert_non_null(strstr(aus_ctx_error(ctx), "did not find it"));
  assert_int_equal(aus_model_from_command(ctx, "", 10, &(aus_model *){ NULL }), AUS_EINVAL);
  assert_int_equal(aus_model_from_command(ctx, "true", NAN, &(aus_model *){ NULL }), AUS_EINVAL);
  aus_ctx_destroy(ctx);
}

/* What the program started goes with it. */
static void grandchildren_go_too(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_model *m;
  assert_ok(ctx, aus_model_from_command(ctx, child("grandchild"), 10, &m));
  const double t0 = aus_now();
  aus_model_close(m);
  assert_true(aus_now() - t0 < 2);
  no_child_is_left();
  aus_ctx_destroy(ctx);
}

static void damaged_messages_never_crash(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_rng rng;
  aus_rng_init(&rng, 1, 0);
  for (int i = 0; i < 20000; i++) {
    const size_t n = (size_t)aus_rng_below(&rng, 80);
    unsigned char *p = malloc(n ? n : 1);
    for (size_t k = 0; k < n; k++) p[k] = (unsigned char)(aus_rng_below(&rng, 3) ? 0 : aus_rng_below(&rng, 256));
    for (size_t k = 0; k < 24 && k + 4 <= n; k += 4) p[k] = 1, p[k + 1] = p[k + 2] = p[k + 3] = 0;
    aus_pipe_desc d;
    if (aus_pipe_get_desc(ctx, p, n, &d) == AUS_OK) aus_free(ctx, d.strings);
    free(p);
  }
  aus_ctx_destroy(ctx);
}

/* A program started, asked for a batch and ended. */
static aus_status start_and_ask(aus_ctx *ctx, void *arg)
{
  static const float x[10 * 30];
  float y[10][2];
  aus_model *m;
  AUS_TRY(aus_model_from_command(ctx, child(arg), 10, &m));
  aus_status status = aus_model_predict(m, 3, 4, x, y[0]);
  if (status == AUS_OK) status = aus_model_predict(m, 10, 30, x, y[0]);
  aus_model_close(m);
  no_child_is_left();
  return status;
}

static void every_allocation_failing(void **state)
{
  (void)state;
  char good[] = "good", patch[] = "patch";
  assert_true(oom_sweep("a program", start_and_ask, good) > 4);
  assert_true(oom_sweep("a program that wants patches", start_and_ask, patch) > 5); /* short inputs are padded in a copy */
  no_child_is_left();
}

static void the_python_example_runs(void **state)
{
  (void)state;
  const char *python = system("/usr/bin/python3 -c 'import torch' 2>/dev/null") == 0 ? "/usr/bin/python3" : NULL;
  if (!python) { print_message("no torch for /usr/bin/python3: the example is not run\n"); skip(); }
  aus_ctx *ctx = test_ctx(1);
  aus_model *m;
  char command[1024];
  snprintf(command, sizeof command, "%s %s", python, PIPE_EXAMPLE);
  assert_ok(ctx, aus_model_from_command(ctx, command, 60, &m));
  assert_string_equal(aus_model_describe(m)->targets[0], "bass");
  static float x[2][16000], y[2][3];
  for (int t = 0; t < 16000; t++) { x[0][t] = (float)sin(6.2831853 * 100 * t / 16000); x[1][t] = (float)sin(6.2831853 * 6000 * t / 16000); }
  assert_ok(ctx, aus_model_predict(m, 2, 16000, x[0], y[0]));
  assert_true(y[0][0] > y[0][1] && y[0][0] > y[0][2]);
  assert_true(y[1][2] > y[1][0] && y[1][2] > y[1][1]);
  assert_ok(ctx, aus_model_predict(m, 1, 100, x[0], y[0])); /* padded to what it asks for */
  aus_model_close(m);
  aus_ctx_destroy(ctx);
  no_child_is_left();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_program_is_a_model),
    cmocka_unit_test(bad_programs_are_refused),
    cmocka_unit_test(grandchildren_go_too),
    cmocka_unit_test(damaged_messages_never_crash),
    cmocka_unit_test(every_allocation_failing),
    cmocka_unit_test(the_python_example_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
