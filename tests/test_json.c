/* test_json.c - the JSON writer: escapes, repair of text that is not UTF-8, numbers, nesting, no memory. */
#include "oom.h"
#include "test.h"

#include "core/json.h"

#include <locale.h>

static void text_is_escaped_and_repaired(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_json j;
  aus_json_init(&j, ctx);
  aus_json_flat_array(&j, NULL);
  aus_json_string(&j, NULL, "a\"b\\c\n\t\x01");
  aus_json_string(&j, NULL, "Gr\xc3\xbc\xc3\x9f" "e \xff\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82");
  aus_json_string(&j, NULL, "</script>&'");
  aus_json_string(&j, NULL, NULL);
  aus_json_close(&j);
  assert_ok(ctx, aus_json_finish(&j));
#define R "\xef\xbf\xbd"
  assert_string_equal(j.text, "[\"a\\\"b\\\\c\\n\\t\\u0001\", \"Gr\xc3\xbc\xc3\x9f" "e " R R R " " R R R " " R R R R " " R R "\", \"</script>&'\", null]\n");
  aus_json_free(&j);
  j.for_html = true;
  aus_json_string(&j, NULL, "</script>&'\xe2\x80\xa8");
  assert_ok(ctx, aus_json_finish(&j));
  assert_string_equal(j.text, "\"\\u003c/script\\u003e\\u0026\\u0027\\u2028\"\n");
  aus_json_free(&j);
  aus_ctx_destroy(ctx);
}

static void numbers_have_nine_digits_in_any_locale(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_json j;
  const char *had = setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* not installed everywhere: then this is the C locale */
  aus_json_init(&j, ctx);
  aus_json_flat_object(&j, NULL);
  aus_json_real(&j, "third", 1.0 / 3);
  aus_json_real(&j, "float", 0.1f);
  aus_json_real(&j, "tiny", -1.5e-300);
  aus_json_real(&j, "zero", -0.0);
  aus_json_real(&j, "nan", NAN);
  aus_json_real(&j, "infinite", -INFINITY);
  aus_json_integer(&j, "large", INT64_MIN);
  aus_json_bool(&j, "yes", true);
  aus_json_close(&j);
  assert_ok(ctx, aus_json_finish(&j));
  if (had) setlocale(LC_NUMERIC, "C");
  assert_string_equal(j.text, "{\"third\": 0.333333333, \"float\": 0.100000001, \"tiny\": -1.5e-300, \"zero\": 0, \"nan\": null, "
                              "\"infinite\": null, \"large\": -9223372036854775808, \"yes\": true}\n");
  aus_json_free(&j);
  aus_ctx_destroy(ctx);
}

static void nesting_indents_and_closes(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_json j;
  aus_json_init(&j, ctx);
  aus_json_object(&j, NULL);
  aus_json_array(&j, "empty");
  aus_json_close(&j);
  aus_json_array(&j, "rows");
  aus_json_flat_object(&j, NULL);
  aus_json_object(&j, "inner"); /* inside a flat one: flat too */
  aus_json_integer(&j, "x", 1);
  assert_ok(ctx, aus_json_finish(&j)); /* closes what is open */
  assert_string_equal(j.text, "{\n  \"empty\": [],\n  \"rows\": [\n    {\"inner\": {\"x\": 1}}\n  ]\n}\n");
  aus_json_free(&j);
  aus_ctx_destroy(ctx);
}

static aus_status four_thousand_numbers(aus_ctx *ctx, void *arg)
{
  (void)arg;
  aus_json j;
  aus_json_init(&j, ctx);
  aus_json_array(&j, NULL);
  for (int i = 0; i < 4000; i++) aus_json_integer(&j, NULL, i);
  const aus_status status = aus_json_finish(&j);
  aus_json_free(&j);
  return status;
}

static void no_memory_is_reported_once_at_the_end(void **state)
{
  (void)state;
  assert_true(oom_sweep("JSON", four_thousand_numbers, NULL) >= 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_is_escaped_and_repaired),
    cmocka_unit_test(numbers_have_nine_digits_in_any_locale),
    cmocka_unit_test(nesting_indents_and_closes),
    cmocka_unit_test(no_memory_is_reported_once_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
