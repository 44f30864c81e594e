/* cache.c - the classifier is frozen, so what it computes for a clip is computed once.
 *
 *   header   "AUSTAPS1", 64 characters of the key's sha256, size and number of the records (u64 each, little-endian)
 *   record   taps one behind another (half or single precision), the scores (single), CRC-32 of both
 *
 * The key is over everything that the values depend on: the classifier, the clips, the layers, the precision, the instruction set. A step
 * reads a batch's records, which the system keeps in memory as long as it has some to spare. */
#include "l2i/cache.h"

#include <auscult/dsp.h>
#include <errno.h>
#include <string.h>

#include "nn/run.h"

enum { HEADER = 8 + 64 + 16 };
static const char magic[] = "AUSTAPS1";

static int64_t floats_of(const aus_l2i_tap *t) { return t->c * t->freq * t->time; }

/* ---- what belongs together ------------------------------------------------------------------------------ */

static void make_key(const aus_trainer *t, const aus_inside *in, const aus_l2i_spec *s, bool half, char hex[65])
{
  aus_sha256 sha;
  char line[256];
  aus_sha256_init(&sha);
  snprintf(line, sizeof line, "%s %s %d %s\n", aus_version(), aus_ctx_isa(t->ctx), half, aus_bundle_sha256(in->bundle));
  aus_sha256_add(&sha, line, strlen(line));
  aus_sha256_add(&sha, t->data.sha256, strlen(t->data.sha256));
  for (int32_t i = 0; i < s->n_taps; i++) aus_sha256_add(&sha, s->tap[i].name, strlen(s->tap[i].name) + 1);
  aus_sha256_hex(&sha, hex);
}

static void make_header(const aus_l2i_cache *c, int32_t clips, const char *key, unsigned char *h)
{
  memcpy(h, magic, 8);
  memcpy(h + 8, key, 64);
  const uint64_t size[2] = { c->record, (uint64_t)c->first[clips] };
  for (int k = 0; k < 2; k++)
    for (int b = 0; b < 8; b++) h[72 + 8 * k + b] = (unsigned char)(size[k] >> (8 * b));
}

static aus_status count_records(aus_trainer *t, aus_l2i_cache *c)
{
  c->first = aus_alloc_zero(t->ctx, (size_t)t->data.n_clips + 1, sizeof *c->first);
  if (!c->first) return AUS_ENOMEM;
  for (int32_t i = 0; i < t->data.n_clips; i++) {
    const int64_t n = t->data.clip[i].samples, least = t->sampler.samples;
    c->first[i + 1] = c->first[i] + aus_frontend_patches(t->data.fe, n > least ? n : least).count;
  }
  return AUS_OK;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static unsigned char *put_floats(bool half, int64_t n, const float *x, unsigned char *to)
{
  if (!half) { memcpy(to, x, (size_t)n * sizeof *x); return to + (size_t)n * sizeof *x; }
  for (int64_t i = 0; i < n; i++, to += 2) {
    const uint16_t h = aus_half_from_float(x[i] > 65504 ? 65504 : x[i] < -65504 ? -65504 : x[i]);
    to[0] = (unsigned char)h;
    to[1] = (unsigned char)(h >> 8);
  }
  return to;
}

/* What the ear computed last, as a record. */
static void put_record(const aus_l2i_cache *c, const aus_l2i_ear *ear)
{
  aus_dims d;
  unsigned char *to = c->buffer;
  for (int32_t i = 0; i < c->n_taps; i++) {
    const float *x = aus_run_tap(ear->run, i, &d);
    to = put_floats(c->half, aus_shape_count(&d), x, to);
  }
  to = put_floats(false, c->classes, aus_run_output(ear->run, 0, NULL), to);
  aus_put32(to, aus_crc32(0, c->buffer, (size_t)(to - c->buffer)));
}

static aus_status write_clip(aus_trainer *t, aus_l2i_cache *c, const aus_l2i_ear *ear, int32_t clip, aus_outfile *f)
{
  float *y;
  int64_t n;
  bool mine;
  AUS_TRY(aus_patches_of(&t->sampler, clip, &y, &n, &mine));
  aus_status status = n == aus_l2i_cache_patches(c, clip) ? AUS_OK : AUS_EINVAL;
  for (int64_t i = 0; status == AUS_OK && i < n; i++) {
    memcpy(aus_run_input(ear->run, 0), y + i * t->sampler.floats, (size_t)t->sampler.floats * sizeof *y);
    status = aus_run_forward(ear->run);
    if (status != AUS_OK) break;
    put_record(c, ear);
    status = aus_outfile_write(f, c->buffer, c->record);
  }
  if (mine) aus_free(t->ctx, y);
  return status;
}

static aus_status write_all(aus_trainer *t, aus_l2i_cache *c, const aus_l2i_ear *ear, const unsigned char *header, aus_outfile *f)
{
  AUS_TRY(aus_outfile_write(f, header, HEADER));
  for (int32_t i = 0; i < t->data.n_clips; i++) {
    AUS_TRY(write_clip(t, c, ear, i, f));
    AUS_TRY(aus_progress(t->ctx, "listening with the classifier", i + 1, t->data.n_clips));
  }
  return AUS_OK;
}

static aus_status make_cache(aus_trainer *t, const aus_inside *in, const aus_l2i_spec *spec, aus_l2i_cache *c, const unsigned char *header)
{
  aus_outfile *f;
  aus_l2i_ear ear;
  AUS_TRY(aus_l2i_ear_open(t->ctx, in, spec, &ear));
  aus_status status = aus_outfile_open(t->ctx, c->path, 1, &f);
  if (status == AUS_OK) {
    status = write_all(t, c, &ear, header, f);
    if (status == AUS_OK) status = aus_outfile_commit(f);
    else aus_outfile_abort(f);
  }
  aus_run_destroy(ear.run);
  return status;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

/* Whether the file at path begins as it should and has all its records. */
static bool is_ours(aus_l2i_cache *c, int32_t clips, const unsigned char *header)
{
  unsigned char found[HEADER];
  c->file = fopen(c->path, "rb");
  if (!c->file) return false;
  const bool same = fread(found, 1, HEADER, c->file) == HEADER && memcmp(found, header, HEADER) == 0;
  if (same && fseeko(c->file, 0, SEEK_END) == 0 && ftello(c->file) == (off_t)(HEADER + c->record * (size_t)c->first[clips])) return true;
  fclose(c->file);
  c->file = NULL;
  return false;
}

aus_status aus_l2i_cache_open(aus_trainer *t, const aus_inside *in, const aus_l2i_spec *spec, const char *path, bool half, aus_l2i_cache *c)
{
  char key[65];
  unsigned char header[HEADER];
  *c = (aus_l2i_cache){ .ctx = t->ctx, .half = half, .n_taps = spec->n_taps, .classes = spec->classes };
  for (int32_t i = 0; i < spec->n_taps; i++) c->floats += floats_of(&spec->tap[i]);
  c->record = (size_t)c->floats * (half ? 2 : 4) + (size_t)spec->classes * 4 + 4;
  c->path = aus_strdup(t->ctx, path);
  c->buffer = aus_alloc(t->ctx, c->record, 1);
  if (!c->path || !c->buffer) return AUS_ENOMEM;
  AUS_TRY(count_records(t, c));
  make_key(t, in, spec, half, key);
  make_header(c, t->data.n_clips, key, header);
  if (is_ours(c, t->data.n_clips, header)) return AUS_OK;
  AUS_TRY(make_cache(t, in, spec, c, header));
  return is_ours(c, t->data.n_clips, header) ? AUS_OK : aus_fail(t->ctx, AUS_EIO, "cannot read %s: %s", path, strerror(errno));
}

void aus_l2i_cache_close(aus_l2i_cache *c)
{
  if (!c->ctx) return;
  if (c->file) fclose(c->file);
  aus_free(c->ctx, c->path);
  aus_free(c->ctx, c->first);
  aus_free(c->ctx, c->buffer);
  *c = (aus_l2i_cache){ 0 };
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static const unsigned char *get_floats(bool half, int64_t n, const unsigned char *from, float *x)
{
  if (!half) { memcpy(x, from, (size_t)n * sizeof *x); return from + (size_t)n * sizeof *x; }
  for (int64_t i = 0; i < n; i++, from += 2) x[i] = aus_half_to_float((uint16_t)aus_get16(from));
  return from;
}

aus_status aus_l2i_cache_read(aus_l2i_cache *c, const aus_l2i_spec *spec, int32_t clip, int64_t patch, float *const *tap, float *scores)
{
  const int64_t at = c->first[clip] + patch;
  if (fseeko(c->file, (off_t)(HEADER + c->record * (size_t)at), SEEK_SET) != 0 || fread(c->buffer, 1, c->record, c->file) != c->record)
    return aus_fail(c->ctx, AUS_EIO, "cannot read %s: %s", c->path, ferror(c->file) ? strerror(errno) : "it has become shorter");
  if (aus_get32(c->buffer + c->record - 4) != aus_crc32(0, c->buffer, c->record - 4))
    return aus_fail(c->ctx, AUS_EFORMAT, "%s is damaged (record %lld): remove it, it is made again", c->path, (long long)at);
  const unsigned char *from = c->buffer;
  for (int32_t i = 0; i < spec->n_taps; i++) from = get_floats(c->half, floats_of(&spec->tap[i]), from, tap[i]);
  get_floats(false, c->classes, from, scores);
  return AUS_OK;
}
