/* npy.c - reads and writes NumPy's .npy (NEP 1): magic, version, a header that is a Python dict
 * literal of exactly three keys, then the numbers.
 *
 * The header is parsed for what NumPy writes, not as Python: unknown keys are refused. Arrays in Fortran order (first
 * index fastest, what NumPy writes of a transposed array) are turned into row-major while they are read. */
#include "format/npy.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

typedef struct text { const char *p, *end; } text;

static void skip_blanks(text *t)
{
  while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\t')) t->p++;
}

static bool take(text *t, const char *token)
{
  skip_blanks(t);
  const size_t n = strlen(token);
  if ((size_t)(t->end - t->p) < n || memcmp(t->p, token, n) != 0) return false;
  t->p += n;
  return true;
}

/* '...' or "..." of at most size - 1 characters. */
static bool take_string(text *t, char *out, size_t size)
{
  skip_blanks(t);
  if (t->p == t->end || (*t->p != '\'' && *t->p != '"')) return false;
  const char quote = *t->p++;
  size_t n = 0;
  while (t->p < t->end && *t->p != quote && n + 1 < size) out[n++] = *t->p++;
  out[n] = '\0';
  return t->p < t->end && *t->p++ == quote;
}

static bool take_shape(text *t, aus_npy *a)
{
  if (!take(t, "(")) return false;
  for (a->rank = 0; !take(t, ")");) {
    if (a->rank == AUS_NPY_MAX_RANK) return false;
    int64_t d = 0;
    const char *first = t->p; /* take skipped the blanks */
    while (t->p < t->end && *t->p >= '0' && *t->p <= '9') {
      if (d > (INT64_MAX - 9) / 10) return false;
      d = 10 * d + (*t->p++ - '0');
    }
    if (t->p == first) return false;
    a->dim[a->rank++] = d;
    if (!take(t, ",") && !(take(t, ")") && (t->p--, true))) return false;
  }
  return true;
}

typedef struct header { char descr[16]; bool fortran, seen_descr, seen_order, seen_shape; } header;

static bool parse_header(text t, header *h, aus_npy *a)
{
  char key[24];
  if (!take(&t, "{")) return false;
  while (!take(&t, "}")) {
    if (!take_string(&t, key, sizeof key) || !take(&t, ":")) return false;
    if (strcmp(key, "descr") == 0) {
      if (!take_string(&t, h->descr, sizeof h->descr)) return false;
      h->seen_descr = true;
    } else if (strcmp(key, "fortran_order") == 0) {
      h->fortran = take(&t, "True");
      if (!h->fortran && !take(&t, "False")) return false;
      h->seen_order = true;
    } else if (strcmp(key, "shape") == 0) {
      if (!take_shape(&t, a)) return false;
      h->seen_shape = true;
    } else {
      return false;
    }
    take(&t, ",");
  }
  skip_blanks(&t);
  return t.p == t.end && h->seen_descr && h->seen_order && h->seen_shape;
}

/* float16 to float: exact. */
static float widen_half(uint16_t h)
{
  const uint32_t sign = (uint32_t)(h >> 15) << 31, e = h >> 10 & 31, m = h & 1023;
  uint32_t bits;
  if (e == 0) {
    const float v = (float)m * 0x1p-24f;
    return sign ? -v : v;
  }
  bits = e == 31 ? sign | 0x7f800000u | m << 13 : sign | (e + 112) << 23 | m << 13;
  AUS_BINARY32 v;
  memcpy(&v, &bits, 4);
  return v;
}

static float number_at(const unsigned char *p, char kind, size_t size)
{
  int64_t i8 = 0; int32_t i4; int16_t i2; double d; AUS_BINARY32 f; uint16_t h;
  if (kind == 'f' && size == 4) { memcpy(&f, p, 4); return f; }
  if (kind == 'f' && size == 8) { memcpy(&d, p, 8); return (float)d; }
  if (kind == 'f') { memcpy(&h, p, 2); return widen_half(h); }
  if (size == 1) return kind == 'i' ? (float)(signed char)*p : (float)*p;
  if (size == 2) { memcpy(&i2, p, 2); return (float)i2; }
  if (size == 4) { memcpy(&i4, p, 4); return (float)i4; }
  memcpy(&i8, p, 8);
  return (float)i8;
}

/* Where and how the numbers lie in a file. */
typedef struct layout { const unsigned char *at; char kind; size_t item; bool fortran; } layout;

static bool as_they_lie(const layout *l, const aus_npy *a) { return !l->fortran && l->kind == 'f' && l->item == sizeof *a->data; }

/* Numbers from the file into rows. Fortran order: step[i] numbers lie between neighbours along dimension i. */
static void fill(const layout *l, aus_npy *out)
{
  int64_t at[AUS_NPY_MAX_RANK] = { 0 }, step[AUS_NPY_MAX_RANK], from = 0;
  if (as_they_lie(l, out)) { memcpy(out->data, l->at, (size_t)out->count * l->item); return; }
  for (int32_t d = 0; d < out->rank; d++) step[d] = d ? step[d - 1] * out->dim[d - 1] : 1;
  for (int64_t i = 0; i < out->count; i++) {
    out->data[i] = number_at(l->at + (size_t)from * l->item, l->kind, l->item);
    if (!l->fortran) { from++; continue; }
    for (int32_t d = out->rank - 1; d >= 0; d--) { /* the last index counts first */
      from += step[d];
      if (++at[d] < out->dim[d]) break;
      from -= step[d] * at[d];
      at[d] = 0;
    }
  }
}

/* Everything but the numbers. */
static aus_status parse(aus_ctx *ctx, const void *bytes, size_t size, aus_npy *out, layout *l)
{
  const unsigned char *b = bytes;
  *out = (aus_npy){0};
  if (size < 12 || memcmp(b, "\x93NUMPY", 6) != 0) return aus_fail(ctx, AUS_EFORMAT, "not a .npy array (its magic is missing)");
  const bool wide = b[6] > 1;
  if (b[6] < 1 || b[6] > 3) return aus_fail(ctx, AUS_ENOTSUP, ".npy version %d is not known; 1 to 3 are", b[6]);
  const size_t start = wide ? 12 : 10;
  const size_t length = (size_t)b[8] | (size_t)b[9] << 8 | (wide ? (size_t)b[10] << 16 | (size_t)b[11] << 24 : 0);
  if (length > size - start) return aus_fail(ctx, AUS_EFORMAT, ".npy header is truncated: it should have %zu bytes", length);
  header h = {0};
  const text t = { (const char *)b + start, (const char *)b + start + length };
  if (!parse_header(t, &h, out)) return aus_fail(ctx, AUS_EFORMAT, ".npy header is not what NumPy writes");
  const char kind = h.descr[1];
  const size_t item = h.descr[2] >= '0' && h.descr[2] <= '9' && !h.descr[3] ? (size_t)(h.descr[2] - '0') : 0;
  const bool float_ok = kind == 'f' && (item == 2 || item == 4 || item == 8);
  const bool whole_ok = (kind == 'i' && (item == 1 || item == 2 || item == 4 || item == 8)) || (strchr("ub", kind) && item == 1);
  if (!(h.descr[0] == '<' || (h.descr[0] == '|' && item == 1)) || !(float_ok || whole_ok))
    return aus_fail(ctx, AUS_ENOTSUP, ".npy holds numbers of type %s; use float32", h.descr);
  size_t count = 1, total;
  for (int i = 0; i < out->rank; i++)
    if ((uint64_t)out->dim[i] > SIZE_MAX || !aus_mul_size(count, (size_t)out->dim[i], &count)) return aus_fail(ctx, AUS_ELIMIT, ".npy shape is too large");
  if (!aus_mul_size(count, item, &total) || total != size - start - length)
    return aus_fail(ctx, AUS_EFORMAT, ".npy should hold %zu numbers of %zu bytes, and holds %zu bytes", count, item, size - start - length);
  out->count = (int64_t)count;
  *l = (layout){ b + start + length, kind, item, h.fortran && out->rank > 1 };
  return AUS_OK;
}

aus_status aus_npy_read_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_npy *out)
{
  layout l;
  AUS_TRY(parse(ctx, bytes, size, out, &l));
  out->data = aus_alloc(ctx, out->count ? (size_t)out->count : 1, sizeof *out->data);
  if (!out->data) return AUS_ENOMEM;
  fill(&l, out);
  return AUS_OK;
}

/* Numbers that need no change move to the front of the file's own memory: a large array is held once. */
static aus_status take_over(aus_ctx *ctx, void *bytes, size_t size, aus_npy *out)
{
  layout l;
  aus_status status = parse(ctx, bytes, size, out, &l);
  if (status == AUS_OK && as_they_lie(&l, out)) {
    memmove(bytes, l.at, (size_t)out->count * l.item);
    out->data = bytes;
    return AUS_OK;
  }
  if (status == AUS_OK) status = aus_npy_read_memory(ctx, bytes, size, out);
  aus_free(ctx, bytes);
  return status;
}

aus_status aus_npy_read(aus_ctx *ctx, const char *path, aus_npy *out)
{
  void *bytes;
  size_t size;
  *out = (aus_npy){0};
  AUS_TRY(aus_file_read(ctx, path, (size_t)1 << 34, &bytes, &size));
  const aus_status status = take_over(ctx, bytes, size, out);
  return status == AUS_OK ? status : aus_fail_prefix(ctx, status, "%s", path);
}

int32_t aus_npy_header(uint8_t head[AUS_NPY_HEADER], const char *descr, int32_t rank, const int64_t *dim)
{
  static const char magic[] = "\x93NUMPY\x01";
  char *dict = (char *)head + 10;
  const size_t room = AUS_NPY_HEADER - 10 - 80; /* for the end and the filling */
  memcpy(head, magic, sizeof magic); /* with the minor version 0 */
  size_t n = (size_t)snprintf(dict, room, "{'descr': '%.16s', 'fortran_order': False, 'shape': (", descr);
  for (int32_t i = 0; i < rank; i++) {
    n += (size_t)snprintf(dict + n, room - n, i + 1 < rank ? "%lld, " : rank == 1 ? "%lld," : "%lld", (long long)dim[i]);
    if (n > room - 30) return 0;
  }
  n += (size_t)snprintf(dict + n, room - n, "), }");
  while ((10 + n + 1) % 64) dict[n++] = ' ';
  dict[n++] = '\n';
  head[8] = (uint8_t)(n & 255);
  head[9] = (uint8_t)(n >> 8);
  return (int32_t)(10 + n);
}

aus_status aus_npy_write(aus_ctx *ctx, const char *path, int32_t rank, const int64_t *dim, const float *data, int replace)
{
  uint8_t head[AUS_NPY_HEADER];
  size_t count = 1;
  const int32_t n = aus_npy_header(head, sizeof *data == 8 ? "<f8" : "<f4", rank, dim);
  if (n == 0) return aus_fail(ctx, AUS_ELIMIT, "%s: too many dimensions for a .npy", path);
  for (int32_t i = 0; i < rank; i++) count *= (size_t)dim[i];
  aus_outfile *f;
  AUS_TRY(aus_outfile_open(ctx, path, replace, &f));
  aus_status status = aus_outfile_write(f, head, (size_t)n);
  if (status == AUS_OK) status = aus_outfile_write(f, data, count * sizeof *data);
  if (status != AUS_OK) { aus_outfile_abort(f); return status; }
  return aus_outfile_commit(f);
}
