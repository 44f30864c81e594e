/* fuzz_wav.c - the reader of sound, fed anything; what it accepts must survive being written and read again. */
#include "audio/decode.h"
#include "fuzz/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .threads = 1 };
  aus_ctx *ctx;
  aus_audio a, b;
  void *bytes;
  size_t n;
  if (size >= 12 && !aus_wav_magic(data, AUS_SOURCE_HEAD < size ? AUS_SOURCE_HEAD : (int32_t)size)) return 0; /* libsndfile's: it has its own */
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  if (aus_audio_read_memory(ctx, data, size, &a) == AUS_OK) {
    if (aus_wav_encode(ctx, &a, AUS_WAV_FLOAT32, &bytes, &n) == AUS_OK) {
      if (aus_audio_read_memory(ctx, bytes, n, &b) != AUS_OK || b.frames != a.frames || b.channels != a.channels) abort();
      aus_audio_free(ctx, &b);
      aus_free(ctx, bytes);
    }
    aus_audio_free(ctx, &a);
  }
  aus_ctx_destroy(ctx);
  return 0;
}
