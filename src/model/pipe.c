/* pipe.c - the messages of the pipe protocol: nothing here reads or writes.
 *
 * Every length is compared with what it must be before anything is believed; this file
 * is what fuzz/fuzz_pipe.c feeds. */
#include "model/pipe.h"

#include <math.h>
#include <string.h>

static const char magic[4] = { 'A', 'U', 'S', 'P' };

static void put(unsigned char *p, uint64_t v, int bytes)
{
  for (int i = 0; i < bytes; i++) p[i] = (unsigned char)(v >> 8 * i);
}

static uint32_t get32(const unsigned char *p)
{
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const unsigned char *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }

void aus_pipe_put_head(unsigned char to[AUS_PIPE_HEAD], const char *type, uint64_t length)
{
  memcpy(to, magic, 4);
  memcpy(to + 4, type, 4);
  put(to + 8, length, 8);
}

/* What a stranger wrote, fit to be printed. */
static void printable(const unsigned char *p, size_t n, char *to)
{
  for (size_t i = 0; i < n; i++) to[i] = p[i] >= 32 && p[i] < 127 ? (char)p[i] : '.';
  to[n] = '\0';
}

aus_status aus_pipe_get_head(aus_ctx *ctx, const unsigned char from[AUS_PIPE_HEAD], aus_pipe_head *head)
{
  char text[AUS_PIPE_HEAD + 1];
  if (memcmp(from, magic, 4) != 0) {
    printable(from, AUS_PIPE_HEAD, text);
    return aus_fail(ctx, AUS_EPEER, "the model program does not speak the protocol: it wrote '%s' (its prints must go to standard error)", text);
  }
  printable(from + 4, 4, text);
  memcpy(head->type, text, 5);
  head->length = get64(from + 8);
  return AUS_OK;
}

void aus_pipe_put_hello(unsigned char to[8])
{
  put(to, AUS_PIPE_VERSION, 4);
  put(to + 4, 0, 4);
}

void aus_pipe_put_predict(unsigned char to[AUS_PIPE_PRED], int64_t n, int32_t channels, int64_t samples)
{
  put(to, (uint64_t)n, 4);
  put(to + 4, (uint64_t)channels, 4);
  put(to + 8, (uint64_t)samples, 8);
}

/* ---- the description --------------------------------------------------------------------------- */

static aus_status check_numbers(aus_ctx *ctx, const uint32_t v[8], uint64_t patch)
{
  if (v[0] != AUS_PIPE_VERSION) return aus_fail(ctx, AUS_EPEER, "the model program speaks version %u of the protocol, we speak %d", v[0], AUS_PIPE_VERSION);
  if (v[1] < 1 || v[1] > 1 << 24) return aus_fail(ctx, AUS_EPEER, "the model program asks for a sample rate of %u Hz", v[1]);
  if (v[2] < 1 || v[2] > 1024) return aus_fail(ctx, AUS_EPEER, "the model program asks for %u channels", v[2]);
  if (v[3] < 1 || v[3] > AUS_PIPE_MAX_TARGETS) return aus_fail(ctx, AUS_EPEER, "the model program says it has %u targets (1 to %d)", v[3], AUS_PIPE_MAX_TARGETS);
  if (v[4] > AUS_SCORE_REAL) return aus_fail(ctx, AUS_EPEER, "the model program gives scores of unknown kind %u", v[4]);
  if (v[5] < 1 || v[5] > AUS_PIPE_MAX_BATCH) return aus_fail(ctx, AUS_EPEER, "the model program takes batches of %u (1 to %d)", v[5], AUS_PIPE_MAX_BATCH);
  if (v[6] > 1 || v[7]) return aus_fail(ctx, AUS_EPEER, "the model program sends flags we do not know");
  if (patch > INT32_MAX) return aus_fail(ctx, AUS_EPEER, "the model program takes %llu samples at a time", (unsigned long long)patch);
  return AUS_OK;
}

/* Takes the string at *at; it is moved down over its own length so that a NUL fits after it. */
static aus_status take_string(aus_ctx *ctx, unsigned char *p, size_t size, size_t *at, const char **out)
{
  if (size - *at < 4) return aus_fail(ctx, AUS_EPEER, "the model program's description ends too early");
  const uint32_t n = get32(p + *at);
  if (n > size - *at - 4) return aus_fail(ctx, AUS_EPEER, "the model program's description ends inside a name");
  char *s = (char *)p + *at;
  memmove(s, s + 4, n);
  s[n] = '\0';
  if (memchr(s, '\0', n)) return aus_fail(ctx, AUS_EPEER, "the model program's description has a zero byte in a name");
  for (uint32_t i = 0; i < n; i++)
    if ((unsigned char)s[i] < 32) s[i] = ' '; /* names end up on terminals */
  *out = s;
  *at += 4 + (size_t)n;
  return AUS_OK;
}

static aus_status take_strings(aus_ctx *ctx, unsigned char *p, size_t size, size_t n, const char **strings)
{
  size_t at = 40;
  for (size_t i = 0; i < n; i++) AUS_TRY(take_string(ctx, p, size, &at, strings + i));
  if (at != size) return aus_fail(ctx, AUS_EPEER, "the model program's description has %zu bytes too many", size - at);
  return AUS_OK;
}

aus_status aus_pipe_get_desc(aus_ctx *ctx, unsigned char *payload, size_t size, aus_pipe_desc *out)
{
  uint32_t v[8];
  *out = (aus_pipe_desc){0};
  if (size < 40) return aus_fail(ctx, AUS_EPEER, "the model program's description has %zu bytes, 40 are the least", size);
  for (int i = 0; i < 8; i++) v[i] = get32(payload + 4 * i);
  const uint64_t patch = get64(payload + 32);
  AUS_TRY(check_numbers(ctx, v, patch));
  const size_t n = 1 + (size_t)v[3] + (v[2] > 1 ? v[2] : 0);
  if (n > (size - 40) / 4) return aus_fail(ctx, AUS_EPEER, "the model program's description is too short for %zu names", n);
  const char **strings = aus_alloc_zero(ctx, n, sizeof *strings);
  if (!strings) return AUS_ENOMEM;
  const aus_status status = take_strings(ctx, payload, size, n, strings);
  if (status != AUS_OK) { aus_free(ctx, strings); return status; }
  out->strings = strings;
  out->max_batch = v[5];
  out->info = (aus_model_info){
    .name = strings[0], .sample_rate = (int32_t)v[1], .channels = (int32_t)v[2], .n_targets = (int32_t)v[3],
    .targets = strings + 1, .channel_names = v[2] > 1 ? strings + 1 + v[3] : NULL, .score_kind = (aus_score_kind)v[4],
    .patch_samples = (int64_t)patch, .short_input = v[6] ? "repeat" : "zero",
  };
  return AUS_OK;
}

/* ---- floats --------------------------------------------------------------------------------------- */

static bool little_endian(void)
{
  const uint32_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 1;
}

void aus_pipe_put_floats(unsigned char *to, const float *x, int64_t n)
{
  if (little_endian()) { memcpy(to, x, (size_t)n * 4); return; }
  for (int64_t i = 0; i < n; i++) {
    uint32_t b;
    memcpy(&b, x + i, 4);
    put(to + 4 * i, b, 4);
  }
}

void aus_pipe_get_floats(const unsigned char *from, int64_t n, float *x)
{
  for (int64_t i = 0; i < n; i++) {
    const uint32_t b = get32(from + 4 * i);
    memcpy(x + i, &b, 4);
  }
}

aus_status aus_pipe_get_scores(aus_ctx *ctx, const unsigned char *payload, size_t size, int64_t n, int32_t targets, float *scores)
{
  if (size != 8 + (size_t)n * (size_t)targets * 4 || get32(payload) != (uint64_t)n || get32(payload + 4) != (uint32_t)targets)
    return aus_fail(ctx, AUS_EPEER, "the model program answered with scores of another shape (%zu bytes for %lld x %d)", size, (long long)n, targets);
  aus_pipe_get_floats(payload + 8, n * targets, scores);
  for (int64_t i = 0; i < n * targets; i++)
    if (!isfinite(scores[i])) return aus_fail(ctx, AUS_EPEER, "the model program gave a score that is not a number (input %lld, target %lld)",
                                              (long long)(i / targets), (long long)(i % targets));
  return AUS_OK;
}
