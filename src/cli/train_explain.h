/* train_explain.h - what a network that is being trained looks at. */
#ifndef AUS_CLI_TRAIN_EXPLAIN_H
#define AUS_CLI_TRAIN_EXPLAIN_H

#include <auscult/train.h>

typedef struct cli_explain_epoch { aus_ctx *ctx; const char *out; } cli_explain_epoch;

/* OUT/explain/epochNNNN-CLIP.npy: gradient x input of each clip's own label in the network's layout, and .png: the same as a
 * picture, red for, blue against, low bands and the start at the lower left. */
aus_status cli_train_explain(const cli_explain_epoch *e, int64_t epoch, const void *model, size_t size, int32_t n, const aus_train_clip *clips);

#endif
