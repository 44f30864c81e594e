/* fuzz_json.c - the JSON reader. */
#include "core/json_read.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  aus_json_tree t;
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  if (aus_json_read(ctx, "fuzz", (const char *)data, size, &t) == AUS_OK) aus_json_tree_free(&t);
  aus_ctx_destroy(ctx);
  return 0;
}
