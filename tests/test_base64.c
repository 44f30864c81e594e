/* test_base64.c - the vectors of RFC 4648, sec. 10, and text that is not base64. */
#include "test.h"

#include "core/base64.h"

static void the_vectors_of_the_rfc(void **state)
{
  (void)state;
  static const char *const plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
  static const char *const coded[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
  aus_ctx *ctx = test_ctx(1);
  for (int i = 0; i < 7; i++) {
    char text[16] = "";
    uint8_t *bytes;
    size_t n;
    aus_base64_encode(plain[i], strlen(plain[i]), text);
    assert_string_equal(text, coded[i]);
    assert_int_equal(AUS_BASE64_SIZE(strlen(plain[i])), strlen(coded[i]));
    assert_ok(ctx, aus_base64_decode(ctx, coded[i], &bytes, &n));
    assert_int_equal(n, strlen(plain[i]));
    assert_memory_equal(bytes, plain[i], n);
    aus_free(ctx, bytes);
  }
  aus_ctx_destroy(ctx);
}

static void what_is_not_base64_is_refused(void **state)
{
  (void)state;
  static const char *const bad[] = { "Z", "Zg", "Zg=", "Zh==", "Zm9=", "=g==", "Zg==Zg==", "Z===", "Zm 9", "Zm9-", "Z=g=" };
  aus_ctx *ctx = test_ctx(1);
  uint8_t *bytes;
  size_t n;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(aus_base64_decode(ctx, bad[i], &bytes, &n), AUS_EFORMAT);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(the_vectors_of_the_rfc), cmocka_unit_test(what_is_not_base64_is_refused) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
