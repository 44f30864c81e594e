/* writer.c - a bundle as bytes (layout: docs/format.md).
 *
 * Each section grows in a buffer of its own in its final form; finish sorts the metadata, lays the sections
 * out on 64-byte bounds and sums them up. */
#include "format/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct buffer { unsigned char *p; size_t n, room; } buffer;

struct aus_builder {
  aus_ctx *ctx;
  aus_status status;
  buffer strs, meta, lists, tens, values, nodes, inputs, outputs, index, words, data;
  size_t n_tensors;
};

/* n more bytes at the end, cleared; NULL after a failure. */
static unsigned char *grow(aus_builder *b, buffer *buf, size_t n)
{
  size_t need;
  if (b->status != AUS_OK) return NULL;
  if (!aus_add_size(buf->n, n, &need)) { b->status = aus_fail(b->ctx, AUS_ELIMIT, "the bundle is too large"); return NULL; }
  if (need > buf->room) {
    size_t room = need < 256 ? 256 : need + need / 2;
    unsigned char *bigger = aus_alloc(b->ctx, room, 1);
    if (!bigger) { b->status = AUS_ENOMEM; return NULL; }
    if (buf->n) memcpy(bigger, buf->p, buf->n);
    aus_free(b->ctx, buf->p);
    buf->p = bigger;
    buf->room = room;
  }
  unsigned char *at = buf->p + buf->n;
  memset(at, 0, n);
  buf->n = need;
  return at;
}

static void append32(aus_builder *b, buffer *buf, uint32_t v)
{
  unsigned char *p = grow(b, buf, 4);
  if (p) aus_put32(p, v);
}

static void append64(aus_builder *b, buffer *buf, uint64_t v)
{
  unsigned char *p = grow(b, buf, 8);
  if (p) aus_put64(p, v);
}

static void align(aus_builder *b, buffer *buf, size_t bound) { if (buf->n % bound) grow(b, buf, bound - buf->n % bound); }

static uint32_t add_string(aus_builder *b, const char *s)
{
  if (b->strs.n == 0) grow(b, &b->strs, 1);
  if (!s || !*s) return 0;
  const size_t at = b->strs.n, n = strlen(s) + 1;
  unsigned char *p = grow(b, &b->strs, n);
  if (!p) return 0;
  if (at + n > UINT32_MAX) { b->status = aus_fail(b->ctx, AUS_ELIMIT, "the bundle's strings exceed 4 GiB"); return 0; }
  memcpy(p, s, n);
  return (uint32_t)at;
}

aus_status aus_builder_create(aus_ctx *ctx, aus_builder **out)
{
  *out = AUS_NEW(ctx, aus_builder);
  if (!*out) return AUS_ENOMEM;
  (*out)->ctx = ctx;
  return AUS_OK;
}

void aus_builder_destroy(aus_builder *b)
{
  if (!b) return;
  buffer *all[] = { &b->strs, &b->meta, &b->lists, &b->tens, &b->values, &b->nodes, &b->inputs, &b->outputs, &b->index, &b->words, &b->data };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) aus_free(b->ctx, all[i]->p);
  aus_free(b->ctx, b);
}

/* ---- tensors ------------------------------------------------------------------ */

static bool count_of(aus_builder *b, const char *name, int32_t rank, const int32_t *dim, size_t *count)
{
  *count = 1;
  bool ok = rank >= 0 && rank <= AUS_MAX_DIMS;
  for (int d = 0; ok && d < rank; d++) ok = dim[d] >= 1 && aus_mul_size(*count, (size_t)dim[d], count);
  if (!ok && b->status == AUS_OK) b->status = aus_fail(b->ctx, AUS_EINVAL, "tensor '%s': a shape of rank %d that a file cannot hold", name, (int)rank);
  return ok;
}

int32_t aus_builder_tensor(aus_builder *b, const char *name, int32_t dtype, int32_t rank, const int32_t *dim, const void *data)
{
  size_t count;
  if (!count_of(b, name, rank, dim, &count)) return -1;
  const size_t width = dtype == AUS_F16 ? 2 : 4;
  align(b, &b->data, AUS_ALIGN);
  const size_t at = b->data.n;
  unsigned char *p = grow(b, &b->data, count * width);
  if (!p) return -1;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = 0;
    if (width == 2) { uint16_t h; memcpy(&h, (const char *)data + 2 * i, 2); aus_put16(p + 2 * i, h); continue; }
    if (dtype == AUS_F32) {
      const AUS_BINARY32 v = (AUS_BINARY32)((const float *)data)[i];
      memcpy(&bits, &v, 4);
    } else memcpy(&bits, (const char *)data + 4 * i, 4);
    aus_put32(p + 4 * i, bits);
  }
  const uint32_t crc = aus_crc32(0, p, count * width), key = add_string(b, name);
  unsigned char *e = grow(b, &b->tens, AUS_TENSOR_BYTES);
  if (!e) return -1;
  aus_put32(e, key);
  aus_put32(e + 4, (uint32_t)dtype);
  aus_put32(e + 8, (uint32_t)rank);
  for (int d = 0; d < AUS_MAX_DIMS; d++) aus_put32(e + 12 + 4 * d, d < rank ? (uint32_t)dim[d] : 1);
  aus_put32(e + 36, crc);
  aus_put64(e + 40, at); /* from the start of DATA; finish adds where that lies */
  aus_put64(e + 48, count * width);
  return (int32_t)b->n_tensors++;
}

/* ---- metadata ------------------------------------------------------------------ */

static void add_meta(aus_builder *b, const char *key, uint32_t type, uint32_t n, uint64_t value)
{
  const uint32_t name = add_string(b, key);
  unsigned char *e = grow(b, &b->meta, AUS_META_BYTES);
  if (!e) return;
  aus_put32(e, name);
  aus_put32(e + 4, type);
  aus_put32(e + 8, n);
  aus_put64(e + 16, value);
}

static uint64_t real_bits(double x) { uint64_t v; memcpy(&v, &x, 8); return v; }

void aus_builder_string(aus_builder *b, const char *key, const char *value) { add_meta(b, key, AUS_META_STRING, 1, add_string(b, value)); }
void aus_builder_integer(aus_builder *b, const char *key, int64_t value) { add_meta(b, key, AUS_META_INTEGER, 1, (uint64_t)value); }
void aus_builder_real(aus_builder *b, const char *key, double value) { add_meta(b, key, AUS_META_REAL, 1, real_bits(value)); }

/* Lists: the value is the offset in b->lists; finish adds the size of the entries before them. */
void aus_builder_strings(aus_builder *b, const char *key, int32_t n, const char *const *value)
{
  align(b, &b->lists, 8);
  add_meta(b, key, AUS_META_STRINGS, (uint32_t)n, b->lists.n);
  for (int32_t i = 0; i < n; i++) append32(b, &b->lists, add_string(b, value[i]));
}

void aus_builder_reals(aus_builder *b, const char *key, int32_t n, const double *value)
{
  align(b, &b->lists, 8);
  add_meta(b, key, AUS_META_REALS, (uint32_t)n, b->lists.n);
  for (int32_t i = 0; i < n; i++) append64(b, &b->lists, real_bits(value[i]));
}

void aus_builder_integers(aus_builder *b, const char *key, int32_t n, const int64_t *value)
{
  align(b, &b->lists, 8);
  add_meta(b, key, AUS_META_INTEGERS, (uint32_t)n, b->lists.n);
  for (int32_t i = 0; i < n; i++) append64(b, &b->lists, (uint64_t)value[i]);
}

/* ---- the graph ------------------------------------------------------------------- */

static int32_t add_value(aus_builder *b, const char *name, int32_t kind, int32_t tensor, int32_t rank, const int32_t *dim)
{
  const uint32_t key = add_string(b, name);
  const size_t i = b->values.n / AUS_VALUE_BYTES;
  unsigned char *e = grow(b, &b->values, AUS_VALUE_BYTES);
  if (!e) return -1;
  aus_put32(e, key);
  aus_put32(e + 4, (uint32_t)kind);
  aus_put32(e + 8, (uint32_t)tensor);
  aus_put32(e + 12, (uint32_t)rank);
  for (int d = 0; d < AUS_MAX_DIMS; d++) aus_put32(e + 16 + 4 * d, d < rank ? (uint32_t)dim[d] : 1);
  return (int32_t)i;
}

int32_t aus_builder_input(aus_builder *b, const char *name, int32_t rank, const int32_t *dim)
{
  const int32_t v = add_value(b, name, AUS_VALUE_INPUT, 0, rank, dim);
  append32(b, &b->inputs, (uint32_t)v);
  return v;
}

int32_t aus_builder_param(aus_builder *b, const char *name, int32_t rank, const int32_t *dim, const float *data)
{
  const int32_t tensor = aus_builder_tensor(b, name, AUS_F32, rank, dim, data);
  return tensor < 0 ? -1 : add_value(b, name, AUS_VALUE_PARAM, tensor, rank, dim);
}

int32_t aus_builder_node(aus_builder *b, int32_t op, const char *name, int32_t n_in, const int32_t *in, int32_t n_out,
                         int32_t n_attr, const aus_word *attr)
{
  if (n_attr > 65535 && b->status == AUS_OK) b->status = aus_fail(b->ctx, AUS_ELIMIT, "node '%s': %d attribute words, at most 65535", name, (int)n_attr);
  const size_t in_at = b->index.n / 4, attr_at = b->words.n / 4;
  for (int32_t i = 0; i < n_in; i++) append32(b, &b->index, (uint32_t)in[i]);
  int32_t first = -1;
  for (int32_t i = 0; i < n_out; i++) {
    char numbered[128];
    snprintf(numbered, sizeof numbered, i ? "%s.%d" : "%s", name, (int)i);
    const int32_t v = add_value(b, numbered, AUS_VALUE_ACTIVATION, 0, 0, NULL);
    append32(b, &b->index, (uint32_t)v);
    if (i == 0) first = v;
  }
  for (int32_t i = 0; i < n_attr; i++) append32(b, &b->words, (uint32_t)attr[i].i);
  const uint32_t key = add_string(b, name);
  unsigned char *e = grow(b, &b->nodes, AUS_NODE_BYTES);
  if (!e) return -1;
  aus_put32(e, (uint32_t)op);
  aus_put32(e + 4, key);
  aus_put32(e + 8, (uint32_t)in_at);
  aus_put32(e + 12, (uint32_t)n_in);
  aus_put32(e + 16, (uint32_t)(in_at + (size_t)n_in));
  aus_put32(e + 20, (uint32_t)n_out);
  aus_put32(e + 24, (uint32_t)attr_at);
  aus_put16(e + 28, (uint32_t)n_attr);
  return first;
}

void aus_builder_output(aus_builder *b, int32_t value) { append32(b, &b->outputs, (uint32_t)value); }

/* A parameter's dims are those of the tensor as it stands in this file. */
static void copy_value(aus_builder *b, const aus_value *v, const int32_t *tensor)
{
  if (v->kind != AUS_VALUE_PARAM) {
    add_value(b, v->name, v->kind, 0, v->rank, v->dim);
    return;
  }
  int32_t dim[AUS_MAX_DIMS];
  const unsigned char *e = b->tens.p + (size_t)tensor[v->tensor] * AUS_TENSOR_BYTES;
  if (b->status != AUS_OK) return;
  for (int d = 0; d < AUS_MAX_DIMS; d++) dim[d] = (int32_t)aus_get32(e + 12 + 4 * d);
  add_value(b, v->name, v->kind, tensor[v->tensor], (int32_t)aus_get32(e + 8), dim);
}

static void copy_node(aus_builder *b, const aus_node *n)
{
  const uint32_t key = add_string(b, n->name);
  unsigned char *e = grow(b, &b->nodes, AUS_NODE_BYTES);
  if (!e) return;
  const int32_t words[] = { n->op, (int32_t)key, n->in, n->n_in, n->out, n->n_out, n->attr };
  for (int i = 0; i < 7; i++) aus_put32(e + 4 * i, (uint32_t)words[i]);
  aus_put16(e + 28, (uint32_t)n->n_attr);
}

void aus_builder_graph(aus_builder *b, const aus_bundle *from, const int32_t *tensor)
{
  const aus_graph *g = &from->graph;
  for (int32_t i = 0; i < g->n_values; i++) copy_value(b, &g->value[i], tensor);
  for (int32_t i = 0; i < g->n_nodes; i++) copy_node(b, &g->node[i]);
  for (int32_t i = 0; i < g->n_inputs; i++) append32(b, &b->inputs, (uint32_t)g->input[i]);
  for (int32_t i = 0; i < g->n_outputs; i++) append32(b, &b->outputs, (uint32_t)g->output[i]);
  for (int32_t i = 0; i < g->n_index; i++) append32(b, &b->index, (uint32_t)g->index[i]);
  for (int32_t i = 0; i < g->n_words; i++) append32(b, &b->words, (uint32_t)g->word[i].i);
}

void aus_builder_meta(aus_builder *b, const aus_bundle *from, const char *key)
{
  int32_t type = 0;
  const char *name;
  for (int32_t i = 0; (name = aus_meta_key(from, i, &type)) && strcmp(name, key) != 0;) i++;
  if (!name) return;
  if (type == AUS_META_STRING) aus_builder_string(b, key, aus_meta_string(from, key, ""));
  if (type == AUS_META_INTEGER) aus_builder_integer(b, key, aus_meta_integer(from, key, 0));
  if (type == AUS_META_REAL) aus_builder_real(b, key, aus_meta_real(from, key, 0));
  if (type < AUS_META_STRINGS) return;
  const int32_t n = aus_meta_count(from, key);
  align(b, &b->lists, 8);
  add_meta(b, key, (uint32_t)type, (uint32_t)n, b->lists.n);
  for (int32_t i = 0; i < n; i++) {
    if (type == AUS_META_STRINGS) append32(b, &b->lists, add_string(b, aus_meta_string_at(from, key, i)));
    else if (type == AUS_META_REALS) append64(b, &b->lists, real_bits(aus_meta_real_at(from, key, i)));
    else append64(b, &b->lists, (uint64_t)(int64_t)aus_meta_real_at(from, key, i)); /* exact up to 2^53 */
  }
}

/* ---- laying it out ----------------------------------------------------------------- */

/* Insertion sort by key: metadata has tens of entries, and strcmp of strings in a growing buffer needs
 * the context that qsort cannot pass. */
static void sort_meta(aus_builder *b)
{
  unsigned char e[AUS_META_BYTES];
  const char *strs = (const char *)b->strs.p;
  for (size_t i = 1; i < b->meta.n / AUS_META_BYTES; i++) {
    memcpy(e, b->meta.p + i * AUS_META_BYTES, AUS_META_BYTES);
    size_t k = i;
    for (; k > 0 && strcmp(strs + aus_get32(b->meta.p + (k - 1) * AUS_META_BYTES), strs + aus_get32(e)) > 0; k--)
      memcpy(b->meta.p + k * AUS_META_BYTES, b->meta.p + (k - 1) * AUS_META_BYTES, AUS_META_BYTES);
    memcpy(b->meta.p + k * AUS_META_BYTES, e, AUS_META_BYTES);
  }
}

static void append(aus_builder *b, buffer *to, const buffer *from)
{
  unsigned char *p = grow(b, to, from->n);
  if (p && from->n) memcpy(p, from->p, from->n);
}

static void make_meta(aus_builder *b, buffer *out)
{
  const size_t n = b->meta.n / AUS_META_BYTES, lists_at = 8 + b->meta.n; /* a multiple of 8 */
  sort_meta(b);
  append32(b, out, (uint32_t)n);
  append32(b, out, 0);
  append(b, out, &b->meta);
  for (size_t i = 0; b->status == AUS_OK && i < n; i++) {
    unsigned char *e = out->p + 8 + i * AUS_META_BYTES;
    if (aus_get32(e + 4) >= AUS_META_STRINGS) aus_put64(e + 16, aus_get64(e + 16) + lists_at);
  }
  append(b, out, &b->lists);
}

static void make_graph(aus_builder *b, buffer *out)
{
  const buffer *part[6] = { &b->values, &b->nodes, &b->inputs, &b->outputs, &b->index, &b->words };
  const size_t width[6] = { AUS_VALUE_BYTES, AUS_NODE_BYTES, 4, 4, 4, 4 };
  for (int i = 0; i < 8; i++) append32(b, out, i < 6 ? (uint32_t)(part[i]->n / width[i]) : 0);
  for (int i = 0; i < 6; i++) append(b, out, part[i]);
}

static void make_tensors(aus_builder *b, buffer *out)
{
  append32(b, out, (uint32_t)b->n_tensors);
  append32(b, out, 0);
  append(b, out, &b->tens);
}

/* Copies one section to the end of file; returns where it lies. */
static size_t place(aus_builder *b, buffer *file, int index, const char *name, const buffer *body)
{
  align(b, file, AUS_ALIGN);
  const size_t at = file->n;
  append(b, file, body);
  if (b->status != AUS_OK) return at;
  unsigned char *e = file->p + AUS_HEADER_BYTES + index * AUS_SECTION_BYTES;
  memcpy(e, name, 4);
  aus_put32(e + 4, 1);
  aus_put64(e + 8, at);
  aus_put64(e + 16, body->n);
  return at;
}

static void seal(buffer *file, int n_sections)
{
  for (int i = 0; i < n_sections; i++) {
    unsigned char *e = file->p + AUS_HEADER_BYTES + i * AUS_SECTION_BYTES;
    if (memcmp(e, "DATA", 4) != 0) aus_put32(e + 24, aus_crc32(0, file->p + aus_get64(e + 8), (size_t)aus_get64(e + 16)));
  }
  unsigned char *h = file->p;
  memcpy(h, aus_magic, 8);
  aus_put16(h + 8, 1);
  aus_put32(h + 12, 0x01020304u);
  aus_put64(h + 16, file->n);
  aus_put32(h + 24, (uint32_t)n_sections);
  aus_put64(h + 32, AUS_HEADER_BYTES);
  aus_put32(h + 40, aus_crc32(0, h + AUS_HEADER_BYTES, (size_t)n_sections * AUS_SECTION_BYTES));
  aus_put32(h + 60, aus_crc32(0, h, 60));
}

static void lay_out(aus_builder *b, buffer *file, const buffer *meta, const buffer *tens, const buffer *grph)
{
  grow(b, file, AUS_HEADER_BYTES + 5 * AUS_SECTION_BYTES);
  place(b, file, 0, "STRS", &b->strs);
  place(b, file, 1, "META", meta);
  const size_t tens_at = place(b, file, 2, "TENS", tens);
  place(b, file, 3, "GRPH", grph);
  const size_t data_at = place(b, file, 4, "DATA", &b->data);
  if (b->status != AUS_OK) return;
  for (size_t i = 0; i < b->n_tensors; i++) {
    unsigned char *e = file->p + tens_at + 8 + i * AUS_TENSOR_BYTES;
    aus_put64(e + 40, aus_get64(e + 40) + data_at);
  }
  seal(file, 5);
}

aus_status aus_builder_finish(aus_builder *b, void **bytes, size_t *size)
{
  buffer meta = {0}, tens = {0}, grph = {0}, file = {0};
  *bytes = NULL;
  add_string(b, "");
  make_meta(b, &meta);
  make_tensors(b, &tens);
  make_graph(b, &grph);
  lay_out(b, &file, &meta, &tens, &grph);
  aus_free(b->ctx, meta.p);
  aus_free(b->ctx, tens.p);
  aus_free(b->ctx, grph.p);
  if (b->status != AUS_OK) { aus_free(b->ctx, file.p); return b->status; }
  *bytes = file.p;
  *size = file.n;
  return AUS_OK;
}

aus_status aus_builder_write(aus_builder *b, const char *path, int replace)
{
  void *bytes;
  size_t size;
  aus_outfile *f;
  AUS_TRY(aus_builder_finish(b, &bytes, &size));
  aus_status status = aus_outfile_open(b->ctx, path, replace, &f);
  if (status == AUS_OK) {
    status = aus_outfile_write(f, bytes, size);
    if (status == AUS_OK) status = aus_outfile_commit(f); else aus_outfile_abort(f);
  }
  aus_free(b->ctx, bytes);
  return status;
}
