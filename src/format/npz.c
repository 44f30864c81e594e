/* npz.c - a ZIP of stored members NAME.npy [PKWARE, APPNOTE 6.3.x, sections 4.3.7, 4.3.12, 4.3.16].
 *
 * Nothing is compressed (numpy.savez does not either), so the sizes and the CRC are known before a member is written, and
 * the file is written in one pass: members, then the directory that lists them. Times are the first that ZIP
 * knows, 1980, so that the same arrays give the same bytes. */
#include "format/npz.h"
#include "core/json.h"
#include "format/npy.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 64, NAME = 40 };

typedef struct member { char name[NAME]; uint32_t crc, size, at; } member;
struct aus_npz { aus_ctx *ctx; aus_outfile *f; int n; uint64_t at; member m[MOST]; };

aus_status aus_npz_open(aus_ctx *ctx, const char *path, int replace, aus_npz **out)
{
  aus_npz *z = aus_alloc_zero(ctx, 1, sizeof *z);
  if (!z) return AUS_ENOMEM;
  z->ctx = ctx;
  const aus_status status = aus_outfile_open(ctx, path, replace, &z->f);
  if (status != AUS_OK) { aus_free(ctx, z); return status; }
  *out = z;
  return AUS_OK;
}

void aus_npz_abort(aus_npz *z)
{
  aus_outfile_abort(z->f);
  aus_free(z->ctx, z);
}

static aus_status put(aus_npz *z, const void *data, size_t n)
{
  z->at += n;
  return aus_outfile_write(z->f, data, n);
}

static uint8_t *le(uint8_t *to, uint32_t v, int bytes)
{
  for (int b = 0; b < bytes; b++) *to++ = (uint8_t)(v >> 8 * b);
  return to;
}

/* What the member's own header and the directory say alike: version 2.0, no flags, stored, 1 January 1980. */
static uint8_t *common(uint8_t *to, const member *m)
{
  to = le(to, 20, 2);
  to = le(to, 0, 2);
  to = le(to, 0, 2);
  to = le(to, 0, 2);
  to = le(to, 0x21, 2);
  to = le(to, m->crc, 4);
  to = le(to, m->size, 4);
  to = le(to, m->size, 4);
  to = le(to, (uint32_t)strlen(m->name), 2);
  return le(to, 0, 2);
}

static aus_status put_member(aus_npz *z, const member *m)
{
  uint8_t head[64], *end = common(le(head, 0x04034b50, 4), m);
  AUS_TRY(put(z, head, (size_t)(end - head)));
  return put(z, m->name, strlen(m->name));
}

static aus_status put_entry(aus_npz *z, const member *m)
{
  uint8_t head[64], *end = common(le(le(head, 0x02014b50, 4), 20, 2), m);
  for (int i = 0; i < 3; i++) end = le(end, 0, 2); /* comment, disk, inner attributes */
  end = le(le(end, 0, 4), m->at, 4);
  AUS_TRY(put(z, head, (size_t)(end - head)));
  return put(z, m->name, strlen(m->name));
}

static aus_status put_directory(aus_npz *z)
{
  const uint64_t start = z->at;
  uint8_t end[32], *p = le(end, 0x06054b50, 4);
  for (int i = 0; i < z->n; i++) AUS_TRY(put_entry(z, &z->m[i]));
  p = le(le(p, 0, 2), 0, 2);
  p = le(le(p, (uint32_t)z->n, 2), (uint32_t)z->n, 2);
  p = le(le(p, (uint32_t)(z->at - start), 4), (uint32_t)start, 4);
  p = le(p, 0, 2);
  return put(z, end, (size_t)(p - end));
}

aus_status aus_npz_commit(aus_npz *z)
{
  aus_status status = put_directory(z);
  if (status == AUS_OK) status = aus_outfile_commit(z->f);
  else aus_outfile_abort(z->f);
  aus_free(z->ctx, z);
  return status;
}

aus_status aus_npz_add(aus_npz *z, const char *name, const char *descr, size_t item, int32_t rank, const int64_t *dim, const void *data)
{
  uint8_t head[AUS_NPY_HEADER];
  const int32_t n = aus_npy_header(head, descr, rank, dim);
  uint64_t size = item;
  for (int32_t i = 0; i < rank; i++) {
    if (dim[i] < 0 || (dim[i] > 0 && size > UINT32_MAX / (uint64_t)dim[i])) size = UINT32_MAX;
    else size *= (uint64_t)dim[i];
  }
  if (n == 0 || z->n == MOST || z->at + size + AUS_NPY_HEADER + MOST * (NAME + 64) > UINT32_MAX)
    return aus_fail(z->ctx, AUS_ELIMIT, "%s: too large for a .npz (4 GB, %d arrays)", name, MOST);
  member *m = &z->m[z->n++];
  snprintf(m->name, sizeof m->name, "%.30s.npy", name);
  m->at = (uint32_t)z->at;
  m->size = (uint32_t)n + (uint32_t)size;
  m->crc = aus_crc32(aus_crc32(0, head, (size_t)n), data, (size_t)size);
  AUS_TRY(put_member(z, m));
  AUS_TRY(put(z, head, (size_t)n));
  return put(z, data, (size_t)size);
}

aus_status aus_npz_add_f32(aus_npz *z, const char *name, int32_t rank, const int64_t *dim, const float *data)
{
  return aus_npz_add(z, name, "<f4", sizeof *data, rank, dim, data);
}

aus_status aus_npz_add_f64(aus_npz *z, const char *name, int32_t rank, const int64_t *dim, const double *data)
{
  return aus_npz_add(z, name, "<f8", sizeof *data, rank, dim, data);
}

/* One character of UTF-8 and how many bytes it took. */
static uint32_t decode(const char *s, size_t *n)
{
  const unsigned char *u = (const unsigned char *)s;
  static const uint8_t first[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
  *n = aus_utf8_length(s);
  if (*n == 0) { *n = 1; return 0xfffd; }
  uint32_t c = u[0] & first[*n];
  for (size_t i = 1; i < *n; i++) c = c << 6 | (u[i] & 0x3f);
  return c;
}

aus_status aus_npz_add_texts(aus_npz *z, const char *name, int64_t n, const char *const *text)
{
  size_t longest = 1, taken;
  for (int64_t i = 0; i < n; i++) {
    size_t long_ = 0;
    for (const char *s = text[i]; *s; s += taken, long_++) decode(s, &taken);
    longest = long_ > longest ? long_ : longest;
  }
  uint32_t *all = aus_alloc_zero(z->ctx, (size_t)n * longest + 1, sizeof *all);
  if (!all) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) {
    uint32_t *to = all + (size_t)i * longest;
    for (const char *s = text[i]; *s; s += taken) *to++ = decode(s, &taken);
  }
  char descr[24];
  snprintf(descr, sizeof descr, "<U%zu", longest);
  const aus_status status = aus_npz_add(z, name, descr, longest * sizeof *all, 1, &n, all);
  aus_free(z->ctx, all);
  return status;
}
