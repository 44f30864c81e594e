/* sections.c - the outer shell of a .aus file: header, section table, strings.
 *
 * Strict by design: every byte of the file is either covered by a checksum or must be zero, so that damage of
 * any one bit is found, and each number is compared with the room there is before it is used. */
#include "format/bundle.h"

#include <string.h>

typedef struct entry { char name[5]; uint32_t flags, crc; uint64_t at, size; } entry;

/* The commonest damages have texts of their own. */
static aus_status check_magic(aus_bundle *b)
{
  const unsigned char *p = b->bytes;
  if (b->size >= 4 && memcmp(p, aus_magic, 4) == 0 && b->size >= 8 && memcmp(p, aus_magic, 8) != 0)
    return aus_bad(b, 4, "line ends were changed: the file was copied in text mode; copy it in binary mode");
  if (b->size < 8 || memcmp(p, aus_magic, 8) != 0) return aus_bad(b, 0, "not an .aus file (wrong magic)");
  if (b->size < AUS_HEADER_BYTES) return aus_bad(b, b->size, "truncated: the header has 64 bytes");
  return AUS_OK;
}

static aus_status check_header(aus_bundle *b, uint32_t *n_sections)
{
  const unsigned char *p = b->bytes;
  AUS_TRY(check_magic(b));
  if (aus_get16(p + 8) != 1)
    return aus_fail(b->ctx, AUS_ENOTSUP, "byte 8: format version %u; this library reads version 1", (unsigned)aus_get16(p + 8));
  if (aus_get32(p + 60) != aus_crc32(0, p, 60)) return aus_bad(b, 60, "the header is damaged (CRC-32 differs)");
  if (aus_get32(p + 12) != 0x01020304u) return aus_bad(b, 12, "wrong byte order mark");
  const uint64_t size = aus_get64(p + 16);
  if (b->size < size) return aus_bad(b, b->size, "truncated: %llu bytes expected", (unsigned long long)size);
  if (b->size > size) return aus_bad(b, (size_t)size, "%llu bytes follow the end of the file", (unsigned long long)(b->size - size));
  *n_sections = aus_get32(p + 24);
  if (*n_sections > AUS_MAX_SECTIONS) return aus_bad(b, 24, "%u sections; at most 64 are allowed", (unsigned)*n_sections);
  if (aus_get32(p + 28) || !aus_all_zero(p + 44, 16)) return aus_bad(b, 28, "reserved bytes of the header are not zero");
  if (aus_get64(p + 32) != AUS_HEADER_BYTES) return aus_bad(b, 32, "the section table must start at byte 64");
  if (b->size - AUS_HEADER_BYTES < (size_t)*n_sections * AUS_SECTION_BYTES) return aus_bad(b, 24, "no room for %u sections", (unsigned)*n_sections);
  if (aus_get32(p + 40) != aus_crc32(0, p + AUS_HEADER_BYTES, (size_t)*n_sections * AUS_SECTION_BYTES))
    return aus_bad(b, 64, "the section table is damaged (CRC-32 differs)");
  return AUS_OK;
}

static aus_span *known_section(aus_bundle *b, const char *name)
{
  static const char names[][5] = { "STRS", "META", "TENS", "GRPH", "DATA" };
  aus_span *spans[] = { &b->strs, &b->meta, &b->tens, &b->grph, &b->data };
  for (int i = 0; i < 5; i++)
    if (strcmp(name, names[i]) == 0) return spans[i];
  return NULL;
}

/* Entry i; sections must be in order, apart, and separated by zeros only. *end: where the one before ends. */
static aus_status check_entry(aus_bundle *b, uint32_t i, size_t *end)
{
  const size_t at = AUS_HEADER_BYTES + (size_t)i * AUS_SECTION_BYTES;
  const unsigned char *p = b->bytes + at;
  entry e = { .flags = aus_get32(p + 4), .at = aus_get64(p + 8), .size = aus_get64(p + 16), .crc = aus_get32(p + 24) };
  for (int k = 0; k < 4; k++) e.name[k] = p[k] >= 32 && p[k] < 127 ? (char)p[k] : '?';
  if (e.flags > 1 || aus_get32(p + 28)) return aus_bad(b, at, "section %s: unknown flags or reserved bytes", e.name);
  if (e.at % AUS_ALIGN || e.at < *end || e.at > b->size || e.size > b->size - e.at)
    return aus_bad(b, at + 8, "section %s: offset %llu, size %llu do not fit the file", e.name, (unsigned long long)e.at, (unsigned long long)e.size);
  if (!aus_all_zero(b->bytes + *end, (size_t)e.at - *end)) return aus_bad(b, *end, "bytes before section %s are not zero", e.name);
  *end = (size_t)(e.at + e.size);
  aus_span *span = known_section(b, e.name);
  if (!span && (e.flags & 1))
    return aus_fail(b->ctx, AUS_ENOTSUP, "byte %zu: section %s is needed and not known to this version of the library", at, e.name);
  if (span && span->at) return aus_bad(b, at, "section %s appears twice", e.name);
  const bool is_data = span == &b->data;
  if (e.crc != (is_data ? 0 : aus_crc32(0, b->bytes + e.at, (size_t)e.size)))
    return aus_bad(b, (size_t)e.at, "section %s is damaged (CRC-32 differs)", e.name);
  if (span) *span = (aus_span){ (size_t)e.at, (size_t)e.size };
  return AUS_OK;
}

/* Length of the UTF-8 sequence at p, 0 when it is not one (overlong forms and surrogates included). */
static int utf8_length(const unsigned char *p, size_t room)
{
  if (p[0] < 0x80) return 1;
  const int n = p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
  if (n == 0 || (size_t)n > room) return 0;
  for (int i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90)) return 0;
  return n;
}

static aus_status check_strings(aus_bundle *b)
{
  const unsigned char *p = b->bytes + b->strs.at;
  const size_t n = b->strs.size;
  if (n == 0) return AUS_OK;
  if (n > UINT32_MAX || p[0] || p[n - 1]) return aus_bad(b, b->strs.at, "section STRS must begin and end with a zero byte");
  for (size_t i = 0; i < n;) {
    const int step = utf8_length(p + i, n - i);
    if (step == 0) return aus_bad(b, b->strs.at + i, "section STRS is not UTF-8");
    i += (size_t)step;
  }
  return AUS_OK;
}

const char *aus_string_at(const aus_bundle *b, uint32_t offset)
{
  if (offset == 0) return "";
  return offset < b->strs.size ? (const char *)b->bytes + b->strs.at + offset : NULL;
}

aus_status aus_read_sections(aus_bundle *b)
{
  uint32_t n = 0;
  AUS_TRY(check_header(b, &n));
  size_t end = AUS_HEADER_BYTES + (size_t)n * AUS_SECTION_BYTES;
  for (uint32_t i = 0; i < n; i++) AUS_TRY(check_entry(b, i, &end));
  if (!aus_all_zero(b->bytes + end, b->size - end)) return aus_bad(b, end, "bytes after the last section are not zero");
  return check_strings(b);
}
