/* test_listening.c - a listening test's page says nothing of its methods, its key says all, and answers are counted by hand. */
#include "test.h"

#include <auscult/audio.h>
#include <unistd.h>

#include "report/listening.h"

static void write_tone(aus_ctx *ctx, const char *path, double level)
{
  float x[400];
  for (int i = 0; i < 400; i++) x[i] = (float)(level * sin(0.3 * i));
  assert_ok(ctx, aus_audio_write_wav(ctx, path, &(aus_audio){ .data = x, .frames = 400, .channels = 1, .rate = 8000 }, AUS_WAV_PCM16, 1));
}

static char *text_of(const char *path)
{
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  char *text = calloc(1, 1 << 20);
  assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
  fclose(f);
  return text;
}

static const char trials[] = "class\tinput\tthe-linear-one\tthe-parity-one\tthe-random-one\n"
                             "dog <i>\tlt-in.wav\tlt-a.wav\tlt-b.wav\tlt-c.wav\nrooster\tlt-in.wav\tlt-c.wav\tlt-b.wav\tlt-a.wav\n";

static void make(aus_ctx *ctx, uint64_t seed)
{
  aus_table t;
  write_tone(ctx, "lt-in.wav", 0.5);
  write_tone(ctx, "lt-a.wav", 0.4);
  write_tone(ctx, "lt-b.wav", 0.001);
  write_tone(ctx, "lt-c.wav", 0);
  assert_ok(ctx, aus_table_parse(ctx, "trials.tsv", trials, strlen(trials), &t));
  assert_ok(ctx, aus_listening_write(ctx, &(aus_listening_test){ &t, "", "Dogs & <roosters>", seed, 0 }, "lt.html", "lt.key.tsv", 1));
  aus_table_free(&t);
}

static void a_page_is_blind(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_table key;
  make(ctx, 1);
  char *page = text_of("lt.html"), *first = text_of("lt.key.tsv");
  assert_null(strstr(page, "-one"));          /* no method's name, no file's name */
  assert_null(strstr(page, "lt-a"));
  assert_non_null(strstr(page, "dog &lt;i&gt;"));
  assert_null(strstr(page, "<roosters>"));
  assert_null(strstr(page, "http://"));
  assert_ok(ctx, aus_table_read(ctx, "lt.key.tsv", &key));
  assert_int_equal(key.rows, 6);
  for (int32_t r = 0; r < 6; r++) {
    char code[40];
    snprintf(code, sizeof code, "data-code=\"%s\"", key.cell[r * key.columns + aus_table_column(&key, "code")]);
    assert_non_null(strstr(page, code));
    assert_null(strstr(strstr(page, code) + 1, code)); /* once */
  }
  aus_table_free(&key);
  make(ctx, 1);
  char *again = text_of("lt.key.tsv");
  assert_string_equal(first, again);
  make(ctx, 2);
  char *other = text_of("lt.key.tsv");
  assert_string_not_equal(first, other);
  free(page); free(first); free(again); free(other);
  aus_ctx_destroy(ctx);
}

static aus_status tally(aus_ctx *ctx, const char *answers, aus_listening_score *score, int32_t *n)
{
  static const char key_text[] = "trial\tclass\tcode\tmethod\n1\tdog\tAA\tlinear\n1\tdog\tBB\tparity\n2\tcat\tCC\tparity\n2\tcat\tDD\tlinear\n";
  static aus_table key; /* scores borrow its names */
  aus_table a;
  if (!key.text) assert_ok(ctx, aus_table_parse(ctx, "key.tsv", key_text, strlen(key_text), &key));
  assert_ok(ctx, aus_table_parse(ctx, "answers.tsv", answers, strlen(answers), &a));
  const aus_status status = aus_listening_tally(ctx, &key, 1, &a, score, n);
  aus_table_free(&a);
  if (status == AUS_OK) { aus_table_free(&key); key = (aus_table){ 0 }; }
  return status;
}

/* linear: 80, 40, 60 (mean 60, sd 20), votes 1 + 1/2 + 0 of 3 trials; parity: 20, 40, 90. */
static void answers_are_counted(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_listening_score s[AUS_LISTENING_METHODS];
  int32_t n;
#define HEAD "participant\ttrial\tcode\trating\n"
  assert_int_equal(tally(ctx, HEAD "x\t1\tEE\t80\n", s, &n), AUS_EFORMAT);
  assert_non_null(strstr(aus_ctx_error(ctx), "EE"));
  assert_int_equal(tally(ctx, HEAD "x\t1\tAA\t101\n", s, &n), AUS_EFORMAT);
  assert_int_equal(tally(ctx, HEAD "x\t1\tAA\tgood\n", s, &n), AUS_EFORMAT);
  assert_int_equal(tally(ctx, HEAD "x\t1\tAA\t10\nx\t1\tAA\t11\n", s, &n), AUS_EFORMAT);
  assert_int_equal(tally(ctx, "who\ttrial\tcode\trating\nx\t1\tAA\t10\n", s, &n), AUS_EFORMAT);
  assert_ok(ctx, tally(ctx, HEAD "x\t1\tAA\t80\nx\t1\tBB\t20\nx\t2\tCC\t40\nx\t2\tDD\t40\ny\t1\tAA\t60\ny\t1\tBB\t90\n", s, &n));
  assert_int_equal(n, 2);
  const double mean[2] = { 60, 50 }, sd[2] = { 20, sqrt(1300) }, votes[2] = { 0.5, 0.5 };
  for (int m = 0; m < 2; m++) {
    assert_int_equal(s[m].n, 3);
    assert_near(s[m].mean, mean[m], 1e-9);
    assert_near(s[m].sd, sd[m], 1e-9);
    assert_near(s[m].votes, votes[m], 1e-9);
  }
  aus_ctx_destroy(ctx);
}

static void bad_tables_are_refused(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  static const char *const bad[] = { "input\tlinear\na.wav\tb.wav\n", "input\tclass\na.wav\tdog\n", "input\tclass\tlinear\nlt-none.wav\tdog\tlt-none.wav\n" };
  for (int i = 0; i < 3; i++) {
    aus_table t;
    assert_ok(ctx, aus_table_parse(ctx, "trials.tsv", bad[i], strlen(bad[i]), &t));
    assert_int_not_equal(aus_listening_write(ctx, &(aus_listening_test){ &t, "", "x", 1, 0 }, "lt-bad.html", "lt-bad.key.tsv", 1), AUS_OK);
    assert_int_not_equal(access("lt-bad.html", F_OK), 0); /* nothing half-written */
    assert_int_not_equal(access("lt-bad.key.tsv", F_OK), 0);
    aus_table_free(&t);
  }
  aus_ctx_destroy(ctx);
}

static int clean(void **state)
{
  static const char *const files[] = { "lt-in.wav", "lt-a.wav", "lt-b.wav", "lt-c.wav", "lt.html", "lt.key.tsv" };
  (void)state;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(a_page_is_blind), cmocka_unit_test(answers_are_counted), cmocka_unit_test(bad_tables_are_refused) };
  return cmocka_run_group_tests(tests, NULL, clean);
}
