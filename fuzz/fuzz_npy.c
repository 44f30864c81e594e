/* fuzz_npy.c - the reader of .npy arrays. */
#include "format/npy.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  aus_npy a;
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  if (aus_npy_read_memory(ctx, data, size, &a) == AUS_OK) aus_free(ctx, a.data);
  aus_ctx_destroy(ctx);
  return 0;
}
