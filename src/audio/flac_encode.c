/* flac_encode.c - one channel of whole numbers as a FLAC file in memory, through libsndfile.
 *
 * Lossless, so that parts written this way still add up to the last bit; about a third of a WAV's size. */
#include "audio/decode.h"

#ifdef AUS_HAVE_SNDFILE
#include <sndfile.h>
#include <string.h>

/* A file in memory that libsndfile writes and seeks in (the header is completed at the end). */
typedef struct memory { aus_ctx *ctx; uint8_t *bytes; size_t size, room, at; bool failed; } memory;

static sf_count_t memory_length(void *user) { return (sf_count_t)((memory *)user)->size; }
static sf_count_t memory_tell(void *user) { return (sf_count_t)((memory *)user)->at; }

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
  memory *m = user;
  const sf_count_t from = whence == SEEK_SET ? 0 : (sf_count_t)(whence == SEEK_CUR ? m->at : m->size), to = from + offset;
  if (to < 0 || to > (sf_count_t)m->size) return -1;
  m->at = (size_t)to;
  return to;
}

static sf_count_t memory_read(void *p, sf_count_t n, void *user)
{
  memory *m = user;
  const size_t left = m->size - m->at, have = (size_t)n < left ? (size_t)n : left;
  memcpy(p, m->bytes + m->at, have);
  m->at += have;
  return (sf_count_t)have;
}

static sf_count_t memory_write(const void *p, sf_count_t n, void *user)
{
  memory *m = user;
  if (m->at + (size_t)n > m->room) {
    const size_t room = 2 * (m->at + (size_t)n);
    uint8_t *bigger = aus_alloc(m->ctx, room, 1);
    if (!bigger) { m->failed = true; return 0; }
    if (m->size) memcpy(bigger, m->bytes, m->size);
    aus_free(m->ctx, m->bytes);
    m->bytes = bigger;
    m->room = room;
  }
  memcpy(m->bytes + m->at, p, (size_t)n);
  m->at += (size_t)n;
  if (m->at > m->size) m->size = m->at;
  return n;
}

static aus_status encode(aus_ctx *ctx, SNDFILE *f, int64_t n, const int32_t *x, int shift)
{
  enum { PIECE = 4096 };
  int piece[PIECE];
  double level = 0.8;
  sf_command(f, SFC_SET_COMPRESSION_LEVEL, &level, sizeof level);
  for (int64_t at = 0; at < n; at += PIECE) {
    const int64_t count = n - at < PIECE ? n - at : PIECE;
    for (int64_t i = 0; i < count; i++) piece[i] = (int)((uint32_t)x[at + i] << shift);
    if (sf_writef_int(f, piece, count) != count) return aus_fail(ctx, AUS_EIO, "cannot encode FLAC: %s", sf_strerror(f));
  }
  return AUS_OK;
}

aus_status aus_flac_encode(aus_ctx *ctx, int32_t rate, int bits, int64_t n, const int32_t *x, void **bytes, size_t *size)
{
  SF_VIRTUAL_IO io = { memory_length, memory_seek, memory_read, memory_write, memory_tell };
  SF_INFO info = { .samplerate = rate, .channels = 1, .format = SF_FORMAT_FLAC | (bits == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16) };
  memory m = { .ctx = ctx };
  if (!sf_format_check(&info)) return aus_fail(ctx, AUS_ENOTSUP, "FLAC of %d Hz and %d bits is not supported by %s", rate, bits, sf_version_string());
  SNDFILE *f = sf_open_virtual(&io, SFM_WRITE, &info, &m);
  aus_status status = f ? encode(ctx, f, n, x, 32 - bits) : aus_fail(ctx, AUS_ENOTSUP, "cannot write FLAC: %s", sf_strerror(NULL));
  if (f && sf_close(f) != 0 && status == AUS_OK) status = aus_fail(ctx, AUS_EIO, "cannot finish the FLAC");
  if (m.failed) status = aus_fail(ctx, AUS_ENOMEM, "out of memory: no room for sound as FLAC"); /* whatever libsndfile made of it */
  if (status != AUS_OK) { aus_free(ctx, m.bytes); return status; }
  *bytes = m.bytes;
  *size = m.size;
  return AUS_OK;
}

#else

aus_status aus_flac_encode(aus_ctx *ctx, int32_t rate, int bits, int64_t n, const int32_t *x, void **bytes, size_t *size)
{
  (void)rate; (void)bits; (void)n; (void)x; (void)bytes; (void)size;
  return aus_fail(ctx, AUS_ENOTSUP, "FLAC needs libsndfile, and this build has none");
}

#endif
