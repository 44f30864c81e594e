/* test_format.c - the .aus reader: what is valid opens; what is damaged anywhere gives a clear error. */
#include "oom.h"
#include "test.h"

#include "format/writer.h"

#include <unistd.h>

/* A small bundle with one of everything. */
static void *make_small(aus_ctx *ctx, size_t *size)
{
  aus_builder *b;
  assert_ok(ctx, aus_builder_create(ctx, &b));
  const int32_t in_dim[2] = { -1, 3 }, w_dim[2] = { 2, 3 }, half_dim[1] = { 5 }, int_dim[1] = { 2 };
  const float w[6] = { 1, 2, 3, 4, 5, 6 };
  const uint16_t half[5] = { 0x3c00, 0xc000, 0x0001, 0x8000, 0x7bff };
  const int32_t ints[2] = { -7, 1 << 20 };
  const char *labels[3] = { "guitar", "caf\xc3\xa9", "" };
  const double reals[2] = { 0.5, -3 };
  const int64_t whole[2] = { -1, INT64_C(1) << 40 };
  aus_builder_tensor(b, "half", AUS_F16, 1, half_dim, half);
  aus_builder_tensor(b, "ints", AUS_I32, 1, int_dim, ints);
  aus_builder_string(b, "name", "small");
  aus_builder_integer(b, "frontend.rate", 16000);
  aus_builder_real(b, "frontend.power", 2);
  aus_builder_strings(b, "labels", 3, labels);
  aus_builder_reals(b, "a.reals", 2, reals);
  aus_builder_integers(b, "z.integers", 2, whole);
  const int32_t x = aus_builder_input(b, "x", 2, in_dim), weights = aus_builder_param(b, "weights", 2, w_dim, w);
  const int32_t operands[2] = { x, weights };
  const int32_t y = aus_builder_node(b, 3, "y", 2, operands, 1, 0, NULL);
  const aus_word alpha = { .f = 0.25f };
  aus_builder_output(b, aus_builder_node(b, 31, "z", 1, &y, 1, 1, &alpha));
  void *bytes;
  assert_ok(ctx, aus_builder_finish(b, &bytes, size));
  aus_builder_destroy(b);
  return bytes;
}

static void check_small(const aus_bundle *b)
{
  assert_string_equal(aus_meta_string(b, "name", "?"), "small");
  assert_string_equal(aus_meta_string(b, "nothing", "?"), "?");
  assert_string_equal(aus_meta_string(b, "frontend.rate", "?"), "?"); /* of another type */
  assert_int_equal(aus_meta_integer(b, "frontend.rate", 0), 16000);
  assert_true(aus_meta_real(b, "frontend.power", 0) == 2 && aus_meta_real(b, "frontend.rate", 0) == 16000);
  assert_int_equal(aus_meta_count(b, "labels"), 3);
  assert_int_equal(aus_meta_count(b, "name"), 0);
  assert_string_equal(aus_meta_string_at(b, "labels", 1), "caf\xc3\xa9");
  assert_null(aus_meta_string_at(b, "labels", 3));
  assert_true(aus_meta_real_at(b, "a.reals", 1) == -3 && aus_meta_real_at(b, "z.integers", 1) == 0x1p40);
  int32_t type;
  assert_string_equal(aus_meta_key(b, 0, &type), "a.reals");
  assert_int_equal(type, AUS_META_REALS);
  assert_null(aus_meta_key(b, 6, NULL));
  assert_int_equal(aus_bundle_tensors(b), 3);
  const float *half = aus_bundle_tensor_f32(b, aus_bundle_find_tensor(b, "half"));
  assert_true(half[0] == 1 && half[1] == -2 && half[2] == 0x1p-24f && half[3] == 0 && signbit(half[3]) && half[4] == 65504);
  const float *ints = aus_bundle_tensor_f32(b, aus_bundle_find_tensor(b, "ints"));
  assert_true(ints[0] == -7 && ints[1] == 1 << 20);
  assert_int_equal(aus_bundle_find_tensor(b, "none"), -1);
  aus_tensor_info info;
  assert_int_equal(aus_bundle_tensor(b, 2, &info), AUS_OK);
  assert_string_equal(info.name, "weights");
  assert_true(info.rank == 2 && info.dim[0] == 2 && info.dim[1] == 3 && info.count == 6 && info.bytes == 24);
  assert_true(aus_bundle_tensor_f32(b, 2)[5] == 6);
  assert_int_equal(aus_graph_inputs(b), 1);
  assert_string_equal(aus_graph_input_name(b, 0), "x");
  assert_int_equal(aus_graph_input_dims(b, 0).dim[0], -1);
  assert_string_equal(aus_graph_output_name(b, 0), "z");
  assert_null(aus_graph_output_name(b, 1));
  assert_int_equal(b->graph.n_nodes, 2);
  assert_true(b->graph.word[b->graph.node[1].attr].f == 0.25f);
}

static void valid_bundle_opens_from_memory_and_file(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  size_t size;
  unsigned char *bytes = make_small(ctx, &size);
  aus_bundle *b;
  assert_ok(ctx, aus_bundle_open_memory(ctx, bytes, size, &b));
  check_small(b);
  assert_ptr_equal(b->bytes, bytes); /* aligned: nothing is copied */
  assert_int_equal(aus_bundle_bytes(b), size);
  aus_sha256 s;
  char hex[65];
  aus_sha256_init(&s);
  aus_sha256_add(&s, bytes, size);
  aus_sha256_hex(&s, hex);
  assert_string_equal(aus_bundle_sha256(b), hex);
  aus_bundle_close(b);

  unsigned char *odd = malloc(size + 1); /* any alignment is accepted */
  memcpy(odd + 1, bytes, size);
  assert_ok(ctx, aus_bundle_open_memory(ctx, odd + 1, size, &b));
  memset(odd, 0xff, size + 1);
  check_small(b);
  aus_bundle_close(b);
  free(odd);

  FILE *f = fopen("test_format.aus", "wb");
  assert_int_equal(fwrite(bytes, 1, size, f), size);
  fclose(f);
  assert_ok(ctx, aus_bundle_open(ctx, "test_format.aus", &b));
  check_small(b);
  aus_bundle_close(b);
  unlink("test_format.aus");
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

/* Opens bytes that must be refused; the text must say where. */
static void refused(aus_ctx *ctx, const void *bytes, size_t size, const char *what)
{
  aus_bundle *b = NULL;
  ctx->error[0] = 0;
  const aus_status status = aus_bundle_open_memory(ctx, bytes, size, &b);
  if (status != AUS_EFORMAT && status != AUS_ENOTSUP) fail_msg("%s: status %d", what, status);
  assert_null(b);
  if (!strstr(ctx->error, "byte ")) fail_msg("%s: '%s' does not say where", what, ctx->error);
}

static void truncated_at_every_byte(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  size_t size;
  unsigned char *bytes = make_small(ctx, &size);
  for (size_t n = 0; n < size; n++) {
    unsigned char *part = malloc(n + 1); /* malloc, so that a sanitizer sees a read past the end */
    memcpy(part, bytes, n);
    refused(ctx, part, n, "truncated");
    if (n >= 64) assert_non_null(strstr(ctx->error, "truncated"));
    free(part);
  }
  unsigned char *longer = calloc(size + 64, 1);
  memcpy(longer, bytes, size);
  refused(ctx, longer, size + 1, "longer");
  free(longer);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

/* Every bit of the file is covered: no single flip goes unnoticed. */
static void every_bit_flip_is_found(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  size_t size;
  unsigned char *bytes = make_small(ctx, &size);
  for (size_t i = 0; i < 8 * size; i++) {
    bytes[i / 8] ^= (unsigned char)(1 << i % 8);
    refused(ctx, bytes, size, "bit flip");
    bytes[i / 8] ^= (unsigned char)(1 << i % 8);
  }
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

/* Recomputes the checksums, as somebody who means harm would. */
static void reseal(unsigned char *p, size_t size)
{
  const uint32_t n = aus_get32(p + 24);
  for (uint32_t i = 0; i < n && 64 + 32 * (size_t)(i + 1) <= size; i++) {
    unsigned char *e = p + 64 + 32 * (size_t)i;
    const uint64_t at = aus_get64(e + 8), bytes = aus_get64(e + 16);
    if (memcmp(e, "DATA", 4) != 0 && at <= size && bytes <= size - at) aus_put32(e + 24, aus_crc32(0, p + at, (size_t)bytes));
    if (memcmp(e, "TENS", 4) != 0 || at > size || bytes > size - at) continue;
    for (uint64_t k = at + 8; k + 64 <= at + bytes; k += 64) {
      const uint64_t from = aus_get64(p + k + 40), payload = aus_get64(p + k + 48);
      if (from <= size && payload <= size - from) aus_put32(p + k + 36, aus_crc32(0, p + from, (size_t)payload));
    }
    aus_put32(e + 24, aus_crc32(0, p + at, (size_t)bytes));
  }
  if (n <= 64 && 64 + 32 * (size_t)n <= size) aus_put32(p + 40, aus_crc32(0, p + 64, 32 * (size_t)n));
  aus_put32(p + 60, aus_crc32(0, p, 60));
}

/* Every 32-bit word set to every hostile number, checksums mended: no crash, and what opens can be walked. */
static void every_field_made_hostile(void **state)
{
  (void)state;
  static const uint32_t hostile[] = { 0, 1, 2, 7, 0x7f, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000u, 0xfffffffeu, 0xffffffffu, 0x7fc00000, 0x7f800000 };
  aus_ctx *ctx = test_ctx(1);
  size_t size;
  unsigned char *bytes = make_small(ctx, &size), *bad = aus_alloc(ctx, size, 1);
  int opened = 0, refusals = 0;
  for (size_t i = 8; i + 4 <= size; i += 4)
    for (size_t k = 0; k < sizeof hostile / sizeof *hostile; k++) {
      memcpy(bad, bytes, size);
      aus_put32(bad + i, hostile[k]);
      reseal(bad, size);
      aus_bundle *b = NULL;
      ctx->error[0] = 0;
      const aus_status status = aus_bundle_open_memory(ctx, bad, size, &b);
      if (status == AUS_OK) {
        opened++;
        for (int32_t t = 0; t < aus_bundle_tensors(b); t++) assert_non_null(aus_bundle_tensor_f32(b, t));
        int32_t type;
        for (int32_t m = 0; aus_meta_key(b, m, &type); m++) (void)aus_meta_string(b, aus_meta_key(b, m, &type), "");
        aus_bundle_close(b);
      } else {
        refusals++;
        if (!*ctx->error) fail_msg("word %zu = %x: no text", i, (unsigned)hostile[k]);
      }
    }
  assert_true(refusals > opened); /* those that open: names, payloads, reals, attributes */
  aus_free(ctx, bad);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

/* Writes v at the place, mends the checksums, and expects a text that contains says. */
static void hostile(size_t at, size_t width, uint64_t v, size_t also, uint64_t v2, const char *says)
{
  aus_ctx *ctx = test_ctx(1);
  size_t size;
  unsigned char *p = make_small(ctx, &size);
  if (width == 8) aus_put64(p + at, v); else aus_put32(p + at, (uint32_t)v);
  if (also) aus_put32(p + also, (uint32_t)v2);
  reseal(p, size);
  refused(ctx, p, size, says);
  if (!strstr(ctx->error, says)) fail_msg("expected '%s', got '%s'", says, ctx->error);
  aus_free(ctx, p);
  aus_ctx_destroy(ctx);
}

static size_t section_at(const char *name)
{
  aus_ctx *ctx = test_ctx(1);
  size_t size, at = 0;
  unsigned char *p = make_small(ctx, &size);
  for (size_t e = 64; e < 64 + 5 * 32; e += 32)
    if (memcmp(p + e, name, 4) == 0) at = (size_t)aus_get64(p + e + 8);
  aus_free(ctx, p);
  aus_ctx_destroy(ctx);
  return at;
}

static void texts_name_the_damage(void **state)
{
  (void)state;
  const size_t meta = section_at("META"), tens = section_at("TENS"), grph = section_at("GRPH");
  hostile(0, 4, 0x46464952, 0, 0, "not an .aus file");
  hostile(4, 4, 0x0a1a0a0a, 0, 0, "text mode");
  hostile(8, 4, 2, 0, 0, "version 2");
  hostile(12, 4, 0x04030201, 0, 0, "byte order");
  hostile(24, 4, 65, 0, 0, "at most 64");
  hostile(64, 4, 0x58585858, 0, 0, "is needed and not known");
  hostile(64 + 8, 8, UINT64_MAX - 63, 0, 0, "do not fit");
  hostile(64 + 16, 8, UINT64_MAX, 0, 0, "do not fit");
  hostile(64 + 32, 4, 0x53525453, 0, 0, "twice");
  hostile(meta, 4, 0x0fffffff, 0, 0, "no room for");
  hostile(meta + 8 + 4, 4, 9, 0, 0, "unknown type");
  hostile(meta + 8 + 8, 4, 0x10000000, 0, 0, "does not fit");
  hostile(meta + 8, 4, 0, 0, 0, "no key");
  hostile(tens, 4, 0x3ffffff, 0, 0, "does not match its 67108863 entries");
  hostile(tens + 8 + 4, 4, 4, 0, 0, "unknown type 4");
  hostile(tens + 8 + 8, 4, 7, 0, 0, "rank 7");
  hostile(tens + 8 + 12, 4, 0, 0, 0, "dimension 0 is 0");
  hostile(tens + 8 + 48, 8, UINT64_MAX, 0, 0, "do not match its shape");
  hostile(tens + 8 + 64 + 40, 8, 0, 0, 0, "lies outside");
  hostile(grph, 4, 0x7fffffff, 0, 0, "where its counts need");
  hostile(grph, 4, 0x80000000u, 0, 0, "too large");
  hostile(grph + 32 + 4, 4, 3, 0, 0, "unknown kind");
  hostile(grph + 32 + 12, 4, 7, 0, 0, "rank 7");
  hostile(grph + 32 + 16, 4, 0xfffffffeu, 0, 0, "dimension 0 is -2");
  hostile(grph + 32 + 40 + 8, 4, 3, 0, 0, "there is no tensor 3");
  hostile(grph + 32 + 40 + 8, 4, 0, 0, 0, "its shape is not that of tensor 'half'");
  hostile(grph + 32 + 160 + 8, 4, 0xffffffffu, 0, 0, "outside the pools");
  const size_t lists = grph + 32 + 4 * 40 + 2 * 32; /* input 0, output 3, pool x w y y z */
  hostile(lists, 4, 1, 0, 0, "not an input");
  hostile(lists + 4, 4, 9, 0, 0, "no value 9");
  hostile(lists + 8, 4, 3, 0, 0, "before it is written");
  hostile(lists + 8 + 8, 4, 0, 0, 0, "written already");
}

static void nan_in_weights_is_refused(void **state)
{
  (void)state;
  const size_t data = section_at("DATA");
  hostile(data, 4, 0x7c00, 0, 0, "NaN or an infinity at element 0");      /* half */
  hostile(data + 128 + 4, 4, 0x7fc00000, 0, 0, "NaN or an infinity at element 1");
  hostile(data + 128 + 8, 4, 0xff800000u, 0, 0, "NaN or an infinity at element 2");
}

typedef struct bundle_bytes { char *p; size_t size; } bundle_bytes;

static aus_status open_and_close(aus_ctx *ctx, void *arg)
{
  const bundle_bytes *small = arg;
  aus_bundle *b = NULL;
  const aus_status status = aus_bundle_open_memory(ctx, small->p, small->size, &b);
  if (status == AUS_OK) aus_bundle_close(b);
  return status;
}

static void every_allocation_failing(void **state)
{
  (void)state;
  aus_ctx *maker = test_ctx(1);
  bundle_bytes small;
  small.p = make_small(maker, &small.size);
  assert_true(oom_sweep("opening a bundle", open_and_close, &small) > 5);
  aus_free(maker, small.p);
  aus_ctx_destroy(maker);
}

static void embedded_source_holds_the_bytes(void **state)
{
  (void)state;
  aus_ctx *ctx = test_ctx(1);
  size_t size;
  unsigned char *bytes = make_small(ctx, &size);
  FILE *f = fopen("test_embed.aus", "wb");
  assert_int_equal(fwrite(bytes, 1, size, f), size);
  fclose(f);
  assert_int_equal(aus_embed_write(ctx, "test_embed.aus", "7up", "test_embed.c", 1), AUS_EINVAL);
  assert_ok(ctx, aus_embed_write(ctx, "test_embed.aus", "small", "test_embed.c", 1));
  assert_int_equal(aus_embed_write(ctx, "test_embed.aus", "small", "test_embed.c", 0), AUS_EEXIST);
  f = fopen("test_embed.c", "r");
  char line[512];
  size_t n = 0;
  bool in_array = false, saw_symbol = false;
  while (fgets(line, sizeof line, f)) {
    if (strstr(line, "const unsigned char small[") && strchr(line, '{')) { in_array = saw_symbol = true; continue; }
    if (line[0] == '}') in_array = false;
    for (char *p = line; in_array && *p && *p != '\n'; n++) {
      assert_true(n < size);
      assert_int_equal(strtol(p, &p, 10), bytes[n]);
      assert_int_equal(*p++, ',');
    }
  }
  fclose(f);
  assert_true(saw_symbol);
  assert_int_equal(n, size);
  unlink("test_embed.aus");
  unlink("test_embed.c");
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(valid_bundle_opens_from_memory_and_file),
    cmocka_unit_test(truncated_at_every_byte),
    cmocka_unit_test(every_bit_flip_is_found),
    cmocka_unit_test(every_field_made_hostile),
    cmocka_unit_test(texts_name_the_damage),
    cmocka_unit_test(nan_in_weights_is_refused),
    cmocka_unit_test(every_allocation_failing),
    cmocka_unit_test(embedded_source_holds_the_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
