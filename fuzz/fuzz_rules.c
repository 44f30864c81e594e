/* fuzz_rules.c - rules files of LRP: the parser, and what a small network makes of what it lets through. */
#include "attrib/lrp.h"
#include "format/writer.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

/* conv, batch norm, ReLU, max pool, linear, softmax */
static aus_run *network(aus_ctx *ctx, void **bytes, aus_bundle **bundle)
{
  static const float w[12] = { 1, -1, 0.5f, 2, 1, -0.5f, 1, 2, 3, 4, 5, 6 }, one[2] = { 1, 1 };
  const int32_t dim[3] = { 1, 1, 6 }, cw[3] = { 2, 1, 3 }, two = 2, fw[2] = { 2, 4 };
  const aus_word conv[9] = { { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 1 }, { .i = 0 }, { .i = 0 }, { .i = 0 }, { .i = 0 }, { .i = 1 } }, pool[11] = { { .i = 1 }, { .i = 2 }, { .i = 1 }, { .i = 2 } };
  const aus_word flat[2] = { { .i = 0 }, { .i = -1 } }, eps = { .f = 1e-3f }, axis = { .i = -1 };
  aus_builder *b;
  aus_run *run = NULL;
  size_t size;
  if (aus_builder_create(ctx, &b) != AUS_OK) return NULL;
  int32_t v = aus_builder_input(b, "x", 3, dim), ids[5] = { v, aus_builder_param(b, "w", 3, cw, w) };
  ids[0] = aus_builder_node(b, AUS_OP_conv, "conv1", 2, ids, 1, 9, conv);
  for (int i = 1; i < 5; i++) ids[i] = aus_builder_param(b, (const char *const[]){ "", "g", "b", "m", "v" }[i], 1, &two, one);
  v = aus_builder_node(b, AUS_OP_batch_norm, "bn1", 5, ids, 1, 1, &eps);
  v = aus_builder_node(b, AUS_OP_relu, "relu1", 1, &v, 1, 0, NULL);
  v = aus_builder_node(b, AUS_OP_max_pool, "pool1", 1, &v, 1, 11, pool);
  ids[0] = aus_builder_node(b, AUS_OP_reshape, "flat", 1, &v, 1, 2, flat);
  ids[1] = aus_builder_param(b, "fw", 2, fw, w);
  v = aus_builder_node(b, AUS_OP_linear, "fc", 2, ids, 1, 0, NULL);
  aus_builder_output(b, aus_builder_node(b, AUS_OP_softmax, "softmax", 1, &v, 1, 1, &axis));
  if (aus_builder_finish(b, bytes, &size) == AUS_OK && aus_bundle_open_memory(ctx, *bytes, size, bundle) == AUS_OK)
    (void)aus_run_create_with(ctx, *bundle, NULL, NULL, 0, AUS_RUN_KEEP, &run);
  aus_builder_destroy(b);
  return run;
}

/* Rules that are accepted must give a walk that runs. */
static void explain(aus_ctx *ctx, aus_run *run, const char *rules)
{
  aus_lrp *lrp;
  aus_walk *walk;
  aus_walk_config config = { 0 };
  const int32_t target = 1;
  if (aus_lrp_create(ctx, run, &(aus_lrp_config){ .rules = rules }, &lrp) != AUS_OK) return;
  aus_lrp_use(lrp, &config);
  if (aus_walk_create(ctx, run, &config, &walk) != AUS_OK) abort();
  if (aus_lrp_seed(lrp, walk, AUS_LRP_LOGIT, &target, NULL) != AUS_OK || aus_walk_run(walk) != AUS_OK) abort();
  aus_walk_destroy(walk);
  aus_lrp_destroy(lrp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  aus_bundle *bundle = NULL;
  void *bytes = NULL;
  char *text = malloc(size + 1);
  if (!text || aus_ctx_create(&ctx, &config) != AUS_OK) { free(text); return 0; }
  if (size) memcpy(text, data, size);
  text[size] = 0;
  if (aus_lrp_rules_check(ctx, "fuzz", text) == AUS_OK) {
    aus_run *run = network(ctx, &bytes, &bundle);
    if (!run) abort();
    for (int i = 0; i < 6; i++) aus_run_input(run, 0)[i] = (float)(i - 2);
    if (aus_run_forward(run) == AUS_OK) explain(ctx, run, text);
    aus_run_destroy(run);
  }
  aus_bundle_close(bundle);
  aus_free(ctx, bytes);
  aus_ctx_destroy(ctx);
  free(text);
  return 0;
}
