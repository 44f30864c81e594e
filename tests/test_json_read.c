/* test_json_read.c - the JSON reader takes what RFC 8259 allows, refuses the rest with the line, and gives back what our
 * writer wrote. */
#include "test.h"

#include "core/json.h"
#include "core/json_read.h"

#include <locale.h>

static aus_status parse(aus_ctx *ctx, const char *text, aus_json_tree *t) { return aus_json_read(ctx, "x.json", text, strlen(text), t); }

static void values_come_back(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_json_tree t;
  const char *had = setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* not installed everywhere: then this is the C locale */
  assert_ok(ctx, parse(ctx, " {\"a\": [1, -2.5e-3, 0, 1E+2], \"b\": {\"c\": null, \"d\": true}, \"e\": \"x\\n\\u00e9\\ud83d\\ude00\\/\\\"\", \"f\": []}\n", &t));
  if (had) setlocale(LC_NUMERIC, "C");
  const aus_json_node *root = t.node, *a = aus_json_member(&t, root, "a");
  assert_int_equal(root->n, 4);
  assert_int_equal(a->n, 4);
  static const double want[] = { 1, -2.5e-3, 0, 100 };
  for (int i = 0; i < 4; i++) assert_near(aus_json_element(&t, a, i)->number, want[i], 0);
  assert_null(aus_json_element(&t, a, 4));
  assert_int_equal(aus_json_member(&t, aus_json_member(&t, root, "b"), "c")->kind, AUS_JSON_NULL);
  assert_near(aus_json_get_real(&t, aus_json_member(&t, root, "b"), "d", 7), 1, 0);
  assert_near(aus_json_get_real(&t, root, "e", 7), 7, 0);
  assert_string_equal(aus_json_get_text(&t, root, "e", ""), "x\n\xc3\xa9\xf0\x9f\x98\x80/\"");
  assert_int_equal(aus_json_member(&t, root, "f")->n, 0);
  assert_null(aus_json_member(&t, root, "g"));
  assert_null(aus_json_member(&t, a, "g"));
  assert_null(aus_json_first(&t, aus_json_member(&t, root, "f")));
  aus_json_tree_free(&t);
  aus_ctx_destroy(ctx);
}

static void what_is_not_json_is_refused(void **state)
{
  (void)state;
  static const char *const wrong[] = {
    "", " ", "{", "[", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "nul", "tru", "01", "1.", ".5", "+1", "-", "1e", "1e+", "NaN", "Infinity",
    "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\x01\"", "\"\xff\"", "\"\xc0\xaf\"", "1 1", "[1]]", "{} x", "'a'",
    "[\"a\nb\"]", "// x\n1", "0x10", "--1",
  };
  aus_ctx *ctx = test_ctx(1);
  aus_json_tree t;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const aus_status got = parse(ctx, wrong[i], &t);
    if (got != AUS_EFORMAT) fail_msg("'%s' gave %s", wrong[i], aus_strerror(got));
  }
  assert_int_equal(aus_json_read(ctx, "x.json", "[1\0]", 4, &t), AUS_EFORMAT);
  assert_int_equal(parse(ctx, "{\"a\": 1,\n\"b\": oops}", &t), AUS_EFORMAT);
  assert_string_equal(aus_ctx_error(ctx), "x.json: line 2: not a value");
  char deep[200];
  memset(deep, '[', 100);
  memset(deep + 100, ']', 99);
  deep[199] = '\0';
  assert_int_equal(parse(ctx, deep, &t), AUS_ELIMIT);
  aus_ctx_destroy(ctx);
}

static void our_own_writing_comes_back(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  aus_json j;
  aus_json_tree t;
  aus_rng r;
  aus_rng_init(&r, 5, 0);
  for (int html = 0; html < 2; html++) {
    aus_json_init(&j, ctx);
    j.for_html = html;
    aus_json_object(&j, NULL);
    aus_json_string(&j, "text", "</script>&'\xe2\x80\xa8 \"\\ \x02 \xf0\x9f\x98\x80");
    aus_json_flat_array(&j, "reals");
    double want[200];
    for (int i = 0; i < 200; i++) aus_json_real(&j, NULL, want[i] = ldexp(aus_rng_normal(&r), (int)(aus_rng_u32(&r) % 200) - 100));
    aus_json_close(&j);
    aus_json_close(&j);
    assert_ok(ctx, aus_json_finish(&j));
    assert_ok(ctx, aus_json_read(ctx, "own", j.text, j.size, &t));
    assert_string_equal(aus_json_get_text(&t, t.node, "text", ""), "</script>&'\xe2\x80\xa8 \"\\ \x02 \xf0\x9f\x98\x80");
    for (int i = 0; i < 200; i++) assert_near(aus_json_element(&t, aus_json_member(&t, t.node, "reals"), i)->number, want[i], 1e-8 * fabs(want[i]));
    aus_json_tree_free(&t);
    aus_json_free(&j);
  }
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(values_come_back), cmocka_unit_test(what_is_not_json_is_refused), cmocka_unit_test(our_own_writing_comes_back) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
