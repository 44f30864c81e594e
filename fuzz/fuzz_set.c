/* fuzz_set.c - a set of songs from outside. The first byte chooses: 0 the manifest of auscult global, 1 a saved result, which then
 * goes through the analysis and comes out as JSON. */
#include "cli/global.h"
#include "fuzz/fuzz.h"

static void result(aus_ctx *ctx, const char *text, size_t size)
{
  aus_set set;
  aus_set_analysis a = {0};
  aus_json j;
  aus_set_begin(&set, ctx);
  for (int i = 0; i < 2; i++) /* twice: names are found again, or nothing of a bad one stays */
    if (aus_set_add_text(&set, "fuzz", text, size, NULL, "p.html") != AUS_OK) break;
  if (set.n_rows > 0 && aus_set_analyse(&set, 2, 1, &a) == AUS_OK) {
    aus_json_init(&j, ctx);
    aus_json_object(&j, NULL);
    aus_set_json(&j, &a);
    aus_json_close(&j);
    aus_json_free(&j);
  }
  aus_set_analysis_free(&a);
  aus_set_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  if (size < 1 || aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  if (data[0] == 1) {
    result(ctx, (const char *)data + 1, size - 1);
  } else {
    cli_plan plan;
    cli_plan_read(ctx, "fuzz", (const char *)data + 1, size - 1, &plan);
    cli_plan_free(&plan);
  }
  aus_ctx_destroy(ctx);
  return 0;
}
