/* fuzz_recipe.c - recipes of trainings, their networks, and manifests. The first byte chooses: even, the rest is a recipe, whose network is
 * built over a small image when the text is one; odd, a manifest. */
#include "fuzz/fuzz.h"
#include "train/network.h"
#include "train/table.h"
#include "train/template.h"

#include <stdlib.h>

enum { MOST_PARAMS = 20000 };

static void recipe(aus_ctx *ctx, const char *text, size_t size)
{
  aus_recipe *r;
  aus_builder *b;
  if (aus_recipe_parse(ctx, "fuzz.recipe", text, size, &r) != AUS_OK) {
    if (!*aus_ctx_error(ctx)) abort(); /* a refusal says why */
    return;
  }
  if (aus_builder_create(ctx, &b) == AUS_OK) {
    const aus_dims image = { 4, { 1, 1, 12, 10 } };
    void *bytes;
    size_t n;
    aus_bundle *bundle;
    if (aus_template_frontend(r, b) == AUS_OK && aus_network_build(r, &image, 3, 1, MOST_PARAMS, b) == AUS_OK && aus_builder_finish(b, &bytes, &n) == AUS_OK) {
      if (aus_bundle_open_memory(ctx, bytes, n, &bundle) == AUS_OK) aus_bundle_close(bundle);
      aus_free(ctx, bytes);
    }
    aus_builder_destroy(b);
  }
  aus_recipe_free(r);
}

static void manifest(aus_ctx *ctx, const char *text, size_t size)
{
  const char *condition[] = { "split=a,b", "label!=x" };
  const aus_words words = { 2, condition };
  aus_table t;
  if (aus_table_parse(ctx, "fuzz.tsv", text, size, &t) != AUS_OK) return;
  for (int32_t row = 0; row < t.rows; row++) aus_table_meets(&t, row, &words);
  aus_table_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  if (size == 0 || aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  if (data[0] % 2) manifest(ctx, (const char *)data + 1, size - 1);
  else recipe(ctx, (const char *)data + 1, size - 1);
  aus_ctx_destroy(ctx);
  return 0;
}
