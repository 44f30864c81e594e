/* fuzz_aus.c - the reader of .aus bundles; what it accepts is walked: metadata, tensors, the graph's rim. */
#include <auscult/bundle.h>
#include "core/core.h"
#include "fuzz/fuzz.h"

#include <string.h>

static void repair_checksums(unsigned char *p, size_t n);

/* Damage behind a checksum never gets past it, so half of the inputs have theirs repaired (byte 0 says which). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  aus_bundle *b;
  if (size < 1 || aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  const int repair = *data++ & 1;
  size--;
  unsigned char *copy = aus_alloc(ctx, size ? size : 1, 1);
  if (copy) {
    memcpy(copy, data, size);
    if (repair) repair_checksums(copy, size);
    if (aus_bundle_open_memory(ctx, copy, size, &b) == AUS_OK) {
      int32_t type;
      volatile size_t sum = 0;
      for (int32_t i = 0; aus_meta_key(b, i, &type); i++) sum += strlen(aus_meta_key(b, i, &type));
      for (int32_t i = 0; i < aus_bundle_tensors(b); i++) {
        aus_tensor_info info;
        if (aus_bundle_tensor(b, i, &info) == AUS_OK && info.count > 0) sum += (size_t)(aus_bundle_tensor_f32(b, i)[info.count - 1] > 0);
      }
      for (int32_t i = 0; i < aus_graph_inputs(b); i++) sum += strlen(aus_graph_input_name(b, i)) + (size_t)aus_graph_input_dims(b, i).rank;
      for (int32_t i = 0; i < aus_graph_outputs(b); i++) sum += strlen(aus_graph_output_name(b, i));
      aus_bundle_close(b);
    }
    aus_free(ctx, copy);
  }
  aus_ctx_destroy(ctx);
  return 0;
}

static uint32_t get32(const unsigned char *p) { return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }
static uint64_t get64(const unsigned char *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }
static void put32(unsigned char *p, uint32_t v) { for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> 8 * i); }

/* Sections, then their table, then the header (docs/format.md). */
static void repair_checksums(unsigned char *p, size_t n)
{
  if (n < 64) return;
  put32(p + 16, (uint32_t)n);
  put32(p + 20, 0);
  const uint64_t sections = get32(p + 24), table = get64(p + 32);
  if (sections <= 64 && table <= n && 32 * sections <= n - table) {
    for (uint64_t i = 0; i < sections; i++) {
      unsigned char *s = p + table + 32 * i;
      const uint64_t at = get64(s + 8), size = get64(s + 16);
      if (memcmp(s, "DATA", 4) != 0 && at <= n && size <= n - at) put32(s + 24, aus_crc32(0, p + at, (size_t)size));
    }
    put32(p + 40, aus_crc32(0, p + table, (size_t)(32 * sections)));
  }
  put32(p + 60, aus_crc32(0, p, 60));
}
