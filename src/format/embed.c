/* embed.c - a bundle as C source, for programs that carry their weights (firmware: the array stays in flash,
 * aus_bundle_open_memory reads it where it lies). C11 has no #embed. About 3.6 bytes of source per byte. */
#include "format/writer.h"

#include <string.h>

static bool is_identifier(const char *s)
{
  if (!*s || (*s >= '0' && *s <= '9')) return false;
  for (; *s; s++)
    if (!(*s == '_' || (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z'))) return false;
  return true;
}

/* 24 numbers a line, formatted by hand: printf would take seconds for a large network. */
static aus_status write_bytes(aus_outfile *f, const unsigned char *p, size_t size)
{
  char line[24 * 4 + 1];
  for (size_t i = 0; i < size; i += 24) {
    size_t n = 0;
    for (size_t k = i; k < i + 24 && k < size; k++) {
      const unsigned v = p[k];
      if (v >= 100) line[n++] = (char)('0' + v / 100);
      if (v >= 10) line[n++] = (char)('0' + v / 10 % 10);
      line[n++] = (char)('0' + v % 10);
      line[n++] = ',';
    }
    line[n++] = '\n';
    AUS_TRY(aus_outfile_write(f, line, n));
  }
  return AUS_OK;
}

static aus_status write_source(aus_outfile *f, const aus_bundle *b, const char *symbol)
{
  AUS_TRY(aus_outfile_printf(f, "/* An Auscult bundle: aus_bundle_open_memory(ctx, %s, %s_size, &bundle). SHA-256 %s */\n", symbol, symbol, aus_bundle_sha256(b)));
  AUS_TRY(aus_outfile_printf(f, "#include <stddef.h>\nextern const unsigned char %s[];\nextern const size_t %s_size;\n", symbol, symbol));
  AUS_TRY(aus_outfile_printf(f, "const size_t %s_size = %zu;\n_Alignas(64) const unsigned char %s[%zu] = {\n", symbol, b->size, symbol, b->size));
  AUS_TRY(write_bytes(f, b->bytes, b->size));
  return aus_outfile_printf(f, "};\n");
}

aus_status aus_embed_write(aus_ctx *ctx, const char *path, const char *symbol, const char *c_path, int replace)
{
  if (!is_identifier(symbol)) return aus_fail(ctx, AUS_EINVAL, "'%s' is not a C identifier", symbol);
  aus_bundle *b;
  AUS_TRY(aus_bundle_open(ctx, path, &b));
  aus_outfile *f;
  aus_status status = aus_outfile_open(ctx, c_path, replace, &f);
  if (status == AUS_OK) {
    status = write_source(f, b, symbol);
    if (status == AUS_OK) status = aus_outfile_commit(f); else aus_outfile_abort(f);
  }
  aus_bundle_close(b);
  return status;
}
