/* fuzz_pipe.c - what a model program may write, fed to the functions that read it. Byte 0 chooses the message. */
#include "fuzz/fuzz.h"
#include "model/pipe.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  float scores[6];
  if (size < 1 || aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  const unsigned char which = *data++;
  size--;
  if (which % 3 == 0) {
    aus_pipe_head head;
    if (size >= AUS_PIPE_HEAD && aus_pipe_get_head(ctx, data, &head) == AUS_OK && strlen(head.type) > 4) abort();
  } else if (which % 3 == 1) {
    aus_pipe_desc desc;
    unsigned char *copy = malloc(size ? size : 1);
    if (!copy) abort();
    memcpy(copy, data, size);
    if (aus_pipe_get_desc(ctx, copy, size, &desc) == AUS_OK) {
      for (int32_t i = 0; i < desc.info.n_targets; i++)
        if (strlen(desc.info.targets[i]) > size) abort();
      aus_free(ctx, desc.strings);
    }
    free(copy);
  } else {
    aus_pipe_get_scores(ctx, data, size, 2, 3, scores);
  }
  aus_ctx_destroy(ctx);
  return 0;
}
