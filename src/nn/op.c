/* op.c - the table of all ops, made from ops.def. An op that is listed there and has no file does not link. */
#include "nn/op.h"

#include <string.h>

static const aus_op table[] = {
#define AUS_OP(code, name, in, out, attr) { code, #name, in, out, attr, &aus_op_impl_##name },
#include "nn/ops.def"
#undef AUS_OP
};

enum { N_OPS = sizeof table / sizeof *table };

const aus_op *aus_op_by_code(int32_t code)
{
  for (int i = 0; i < N_OPS; i++)
    if (table[i].code == code) return &table[i];
  return NULL;
}

const aus_op *aus_op_by_name(const char *name)
{
  for (int i = 0; i < N_OPS; i++)
    if (strcmp(table[i].name, name) == 0) return &table[i];
  return NULL;
}

/* Words of a list: "src weights bias?", "src...", "i:axis i*:indices". */
static const char *next_word(const char *p, size_t *n)
{
  while (*p == ' ') p++;
  *n = strcspn(p, " ");
  return p;
}

aus_arity aus_op_arity(const char *list)
{
  aus_arity a = {0};
  size_t n;
  for (const char *p = next_word(list, &n); n; p = next_word(p + n, &n)) {
    if (n > 2 && p[0] == 'i' && p[1] == '*') { a.repeats = true; continue; }
    if (n > 3 && memcmp(p + n - 3, "...", 3) == 0) a.repeats = true;
    a.named++;
    if (p[n - 1] != '?') a.required = a.named;
  }
  return a;
}

bool aus_op_optional(const char *list, int32_t i)
{
  size_t n;
  for (const char *p = next_word(list, &n); n; p = next_word(p + n, &n))
    if (i-- == 0) return p[n - 1] == '?';
  return false;
}
