/* tensors.c - named arrays: checked, and given out as float32.
 *
 * float32 on a little-endian machine is used where it lies; half precision, int32 and all types on a big-endian
 * machine are converted once into one block. Weights that are NaN or infinite are refused: no
 * training run that ended well has them, and they would make every answer NaN without a word. */
#include "format/bundle.h"

#include <math.h>
#include <string.h>

static bool little_endian(void)
{
  const uint32_t one = 1;
  unsigned char first;
  memcpy(&first, &one, 1);
  return first == 1;
}

static bool needs_copy(const aus_tensor_info *t) { return t->dtype != AUS_F32 || !little_endian() || sizeof(float) != 4; }

/* IEEE half to single: rebias the exponent; subnormal halves are m 2^-24. */
static float half_to_float(uint32_t h)
{
  const uint32_t sign = (h & 0x8000u) << 16, exponent = h >> 10 & 31, mantissa = h & 1023;
  if (exponent == 0) return (sign ? -1.0f : 1.0f) * (float)mantissa * 0x1p-24f;
  const uint32_t bits = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | mantissa << 13;
  AUS_BINARY32 x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static float element(const unsigned char *p, int32_t dtype, size_t i)
{
  if (dtype == AUS_F16) return half_to_float(aus_get16(p + 2 * i));
  const uint32_t bits = aus_get32(p + 4 * i);
  if (dtype == AUS_I32) return (float)(int32_t)bits;
  AUS_BINARY32 x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Shape and place of tensor i, *end where the one before ends: payloads lie in table order, apart, zeros between. */
static aus_status check_entry(aus_bundle *b, int32_t i, size_t *end)
{
  const size_t at = b->tens.at + 8 + (size_t)i * AUS_TENSOR_BYTES;
  const unsigned char *p = b->bytes + at;
  aus_tensor_info *t = &b->tensor[i];
  t->name = aus_string_at(b, aus_get32(p));
  t->dtype = (int32_t)aus_get32(p + 4);
  t->rank = (int32_t)aus_get32(p + 8);
  if (!t->name) return aus_bad(b, at, "tensor %d has no name", (int)i);
  if (t->dtype < AUS_F32 || t->dtype > AUS_I32) return aus_bad(b, at + 4, "tensor '%s': unknown type %d", t->name, (int)t->dtype);
  if (t->rank < 0 || t->rank > AUS_MAX_DIMS) return aus_bad(b, at + 8, "tensor '%s': rank %d, at most 6", t->name, (int)t->rank);
  size_t count = 1, bytes;
  for (int d = 0; d < AUS_MAX_DIMS; d++) {
    const uint32_t n = aus_get32(p + 12 + 4 * d);
    if (n < 1 || n > INT32_MAX || (d >= t->rank && n != 1)) return aus_bad(b, at + 12 + 4 * (size_t)d, "tensor '%s': dimension %d is %u", t->name, d, (unsigned)n);
    if (!aus_mul_size(count, n, &count)) return aus_bad(b, at + 12, "tensor '%s': its size overflows", t->name);
    t->dim[d] = n;
  }
  if (!aus_mul_size(count, t->dtype == AUS_F16 ? 2 : 4, &bytes) || count > INT64_MAX || aus_get64(p + 48) != bytes)
    return aus_bad(b, at + 48, "tensor '%s': %llu bytes do not match its shape", t->name, (unsigned long long)aus_get64(p + 48));
  const uint64_t from = aus_get64(p + 40);
  const size_t data_end = b->data.at + b->data.size;
  if (from % AUS_ALIGN || from < *end || from > data_end || bytes > data_end - from)
    return aus_bad(b, at + 40, "tensor '%s': offset %llu lies outside its place in DATA", t->name, (unsigned long long)from);
  if (!aus_all_zero(p + 56, 8)) return aus_bad(b, at + 56, "tensor '%s': reserved bytes are not zero", t->name);
  if (!aus_all_zero(b->bytes + *end, (size_t)from - *end)) return aus_bad(b, *end, "bytes before tensor '%s' are not zero", t->name);
  if (aus_crc32(0, b->bytes + from, bytes) != aus_get32(p + 36)) return aus_bad(b, (size_t)from, "tensor '%s' is damaged (CRC-32 differs)", t->name);
  t->count = (int64_t)count;
  t->bytes = bytes;
  *end = (size_t)from + bytes;
  return AUS_OK;
}

static aus_status check_finite(aus_bundle *b, const aus_tensor_info *t, size_t from)
{
  if (t->dtype == AUS_I32) return AUS_OK;
  const unsigned char *p = b->bytes + from;
  const size_t width = t->dtype == AUS_F16 ? 2 : 4;
  for (size_t i = 0; i < (size_t)t->count; i++) { /* exponent all ones */
    const bool bad = width == 2 ? (aus_get16(p + 2 * i) & 0x7c00u) == 0x7c00u : (aus_get32(p + 4 * i) & 0x7f800000u) == 0x7f800000u;
    if (bad) return aus_bad(b, from + width * i, "tensor '%s' holds a NaN or an infinity at element %zu", t->name, i);
  }
  return AUS_OK;
}

static size_t payload_at(const aus_bundle *b, int32_t i) { return (size_t)aus_get64(b->bytes + b->tens.at + 8 + (size_t)i * AUS_TENSOR_BYTES + 40); }

#ifdef AUS_DOUBLE
/* The double build (tests/double): a tensor NAME~low holds what float32 cut off from NAME. */
static void add_lows(aus_bundle *b)
{
  char name[256];
  for (int32_t i = 0; i < b->n_tensors; i++) {
    snprintf(name, sizeof name, "%s~low", b->tensor[i].name);
    for (int32_t j = 0; j < b->n_tensors; j++)
      for (int64_t k = 0; strcmp(b->tensor[j].name, name) == 0 && b->tensor[j].count == b->tensor[i].count && k < b->tensor[i].count; k++)
        ((float *)(uintptr_t)b->f32[i])[k] += b->f32[j][k];
  }
}
#endif

/* float32 views; converted ones, one after another on 64-byte bounds, in b->widened. */
static aus_status make_views(aus_bundle *b)
{
  size_t total = 0;
  for (int32_t i = 0; i < b->n_tensors; i++)
    if (needs_copy(&b->tensor[i]) && !aus_add_size(total, ((size_t)b->tensor[i].count + 15) / 16 * 16, &total))
      return aus_fail(b->ctx, AUS_ELIMIT, "the tensors are too large for this machine");
  if (total && !(b->widened = aus_alloc(b->ctx, total, sizeof(float)))) return AUS_ENOMEM;
  float *to = b->widened;
  for (int32_t i = 0; i < b->n_tensors; i++) {
    const aus_tensor_info *t = &b->tensor[i];
    const unsigned char *from = b->bytes + payload_at(b, i);
    if (!needs_copy(t)) { b->f32[i] = (const float *)(const void *)from; continue; }
    for (size_t k = 0; k < (size_t)t->count; k++) to[k] = element(from, t->dtype, k);
    b->f32[i] = to;
    to += ((size_t)t->count + 15) / 16 * 16;
  }
#ifdef AUS_DOUBLE
  add_lows(b);
#endif
  return AUS_OK;
}

aus_status aus_read_tensors(aus_bundle *b)
{
  size_t end = b->data.at;
  if (b->tens.size) {
    const unsigned char *p = b->bytes + b->tens.at;
    const uint32_t n = b->tens.size < 8 ? 0 : aus_get32(p);
    if (b->tens.size < 8 || aus_get32(p + 4) || n > INT32_MAX || (b->tens.size - 8) / AUS_TENSOR_BYTES != n || (b->tens.size - 8) % AUS_TENSOR_BYTES)
      return aus_bad(b, b->tens.at, "section TENS: its size does not match its %u entries", (unsigned)n);
    b->tensor = aus_alloc_zero(b->ctx, n, sizeof *b->tensor);
    b->f32 = aus_alloc_zero(b->ctx, n, sizeof *b->f32);
    if (!b->tensor || !b->f32) return AUS_ENOMEM;
    for (int32_t i = 0; i < (int32_t)n; i++) {
      AUS_TRY(check_entry(b, i, &end));
      AUS_TRY(check_finite(b, &b->tensor[i], payload_at(b, i)));
    }
    b->n_tensors = (int32_t)n;
  }
  if (!aus_all_zero(b->bytes + end, b->data.at + b->data.size - end)) return aus_bad(b, end, "bytes of DATA that belong to no tensor are not zero");
  return make_views(b);
}

int32_t aus_bundle_tensors(const aus_bundle *b) { return b->n_tensors; }

aus_status aus_bundle_tensor(const aus_bundle *b, int32_t i, aus_tensor_info *info)
{
  if (i < 0 || i >= b->n_tensors || !info) return AUS_EINVAL;
  *info = b->tensor[i];
  return AUS_OK;
}

int32_t aus_bundle_find_tensor(const aus_bundle *b, const char *name)
{
  for (int32_t i = 0; i < b->n_tensors; i++)
    if (strcmp(b->tensor[i].name, name) == 0) return i;
  return -1;
}

const float *aus_bundle_tensor_f32(const aus_bundle *b, int32_t i) { return i < 0 || i >= b->n_tensors ? NULL : b->f32[i]; }
