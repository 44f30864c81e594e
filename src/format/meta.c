/* meta.c - typed key/value metadata, checked once and then read where it lies.
 *
 * Keys are sorted, so a look-up is a binary search. */
#include "format/bundle.h"

#include <math.h>
#include <string.h>

typedef struct item { const char *key; uint32_t type, n; uint64_t value; } item;

static double real_of(uint64_t bits)
{
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static const unsigned char *meta_bytes(const aus_bundle *b) { return b->bytes + b->meta.at; }

static item item_at(const aus_bundle *b, int32_t i)
{
  const unsigned char *p = meta_bytes(b) + 8 + (size_t)i * AUS_META_BYTES;
  return (item){ aus_string_at(b, aus_get32(p)), aus_get32(p + 4), aus_get32(p + 8), aus_get64(p + 16) };
}

static aus_status check_list(aus_bundle *b, size_t at, const item *m)
{
  const size_t width = m->type == AUS_META_STRINGS ? 4 : 8;
  if (m->value > b->meta.size || m->value % width || m->n > (b->meta.size - m->value) / width)
    return aus_bad(b, at, "metadata '%s': a list of %u entries does not fit the section", m->key, (unsigned)m->n);
  const unsigned char *p = meta_bytes(b) + m->value;
  for (uint32_t i = 0; i < m->n; i++) {
    if (m->type == AUS_META_STRINGS && !aus_string_at(b, aus_get32(p + 4 * (size_t)i)))
      return aus_bad(b, at, "metadata '%s': entry %u is no string", m->key, (unsigned)i);
    if (m->type == AUS_META_REALS && !isfinite(real_of(aus_get64(p + 8 * (size_t)i))))
      return aus_bad(b, at, "metadata '%s': entry %u is not finite", m->key, (unsigned)i);
  }
  return AUS_OK;
}

static aus_status check_item(aus_bundle *b, int32_t i, const char *before)
{
  const size_t at = b->meta.at + 8 + (size_t)i * AUS_META_BYTES;
  const item m = item_at(b, i);
  if (!m.key || !*m.key) return aus_bad(b, at, "metadata entry %d has no key", (int)i);
  if (before && strcmp(before, m.key) >= 0) return aus_bad(b, at, "metadata key '%s' is not in order", m.key);
  if (aus_get32(b->bytes + at + 12)) return aus_bad(b, at + 12, "metadata '%s': reserved bytes are not zero", m.key);
  if (m.type < AUS_META_STRING || m.type > AUS_META_INTEGERS) return aus_bad(b, at + 4, "metadata '%s': unknown type %u", m.key, (unsigned)m.type);
  if (m.type >= AUS_META_STRINGS) return check_list(b, at, &m);
  if (m.n != 1) return aus_bad(b, at + 8, "metadata '%s': a single value must have count 1", m.key);
  if (m.type == AUS_META_STRING && (m.value > UINT32_MAX || !aus_string_at(b, (uint32_t)m.value)))
    return aus_bad(b, at + 16, "metadata '%s' is no string", m.key);
  if (m.type == AUS_META_REAL && !isfinite(real_of(m.value))) return aus_bad(b, at + 16, "metadata '%s' is not finite", m.key);
  return AUS_OK;
}

aus_status aus_read_meta(aus_bundle *b)
{
  if (b->meta.size == 0) return AUS_OK;
  const unsigned char *p = meta_bytes(b);
  if (b->meta.size < 8 || aus_get32(p + 4)) return aus_bad(b, b->meta.at, "section META has no valid head");
  const uint32_t n = aus_get32(p);
  if (n > (b->meta.size - 8) / AUS_META_BYTES) return aus_bad(b, b->meta.at, "section META has no room for %u entries", (unsigned)n);
  const char *before = NULL;
  for (int32_t i = 0; i < (int32_t)n; i++) {
    AUS_TRY(check_item(b, i, before));
    before = item_at(b, i).key;
  }
  b->n_meta = (int32_t)n;
  return AUS_OK;
}

static bool find(const aus_bundle *b, const char *key, item *m)
{
  int32_t lo = 0, hi = b->n_meta;
  while (lo < hi) {
    const int32_t mid = lo + (hi - lo) / 2;
    *m = item_at(b, mid);
    const int order = strcmp(m->key, key);
    if (order == 0) return true;
    if (order < 0) lo = mid + 1; else hi = mid;
  }
  return false;
}

const char *aus_meta_string(const aus_bundle *b, const char *key, const char *fallback)
{
  item m;
  return find(b, key, &m) && m.type == AUS_META_STRING ? aus_string_at(b, (uint32_t)m.value) : fallback;
}

int64_t aus_meta_integer(const aus_bundle *b, const char *key, int64_t fallback)
{
  item m;
  return find(b, key, &m) && m.type == AUS_META_INTEGER ? (int64_t)m.value : fallback;
}

double aus_meta_real(const aus_bundle *b, const char *key, double fallback)
{
  item m;
  if (!find(b, key, &m)) return fallback;
  return m.type == AUS_META_REAL ? real_of(m.value) : m.type == AUS_META_INTEGER ? (double)(int64_t)m.value : fallback;
}

int32_t aus_meta_count(const aus_bundle *b, const char *key)
{
  item m;
  return find(b, key, &m) && m.type >= AUS_META_STRINGS ? (int32_t)m.n : 0;
}

const char *aus_meta_string_at(const aus_bundle *b, const char *key, int32_t i)
{
  item m;
  if (!find(b, key, &m) || m.type != AUS_META_STRINGS || i < 0 || (uint32_t)i >= m.n) return NULL;
  return aus_string_at(b, aus_get32(meta_bytes(b) + m.value + 4 * (size_t)i));
}

double aus_meta_real_at(const aus_bundle *b, const char *key, int32_t i)
{
  item m;
  if (!find(b, key, &m) || m.type < AUS_META_REALS || i < 0 || (uint32_t)i >= m.n) return 0;
  const uint64_t v = aus_get64(meta_bytes(b) + m.value + 8 * (size_t)i);
  return m.type == AUS_META_REALS ? real_of(v) : (double)(int64_t)v;
}

const char *aus_meta_key(const aus_bundle *b, int32_t i, int32_t *type)
{
  if (i < 0 || i >= b->n_meta) return NULL;
  const item m = item_at(b, i);
  if (type) *type = (int32_t)m.type;
  return m.key;
}
