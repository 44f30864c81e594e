/* json_read.c - a recursive descent over RFC 8259's grammar, one function per production.
 *
 * Strings are decoded in place in a copy of the text (an escape is never shorter than what it stands for), nodes
 * are appended to one growing block. Cost: linear. */
#include "core/json_read.h"
#include "core/json.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_NODES = 1 << 26 };

typedef struct reader { aus_json_tree *t; const char *name; char *at; int line, depth; aus_status status; } reader;

static aus_status bad(reader *r, const char *what)
{
  if (r->status == AUS_OK) r->status = aus_fail(r->t->ctx, AUS_EFORMAT, "%s: line %d: %s", r->name, r->line, what);
  return r->status;
}

static void skip_space(reader *r)
{
  for (; *r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'; r->at++) r->line += *r->at == '\n';
}

/* Index of a new node, -1 when there is no room for it. */
static int32_t add_node(reader *r, const char *key)
{
  aus_json_tree *t = r->t;
  if (t->n == t->room) {
    const int32_t room = t->room ? 2 * t->room : 256;
    aus_json_node *bigger = room > MAX_NODES ? NULL : aus_alloc(t->ctx, (size_t)room, sizeof *bigger);
    if (!bigger) { r->status = room > MAX_NODES ? aus_fail(t->ctx, AUS_ELIMIT, "%s: too many values", r->name) : AUS_ENOMEM; return -1; }
    if (t->n) memcpy(bigger, t->node, (size_t)t->n * sizeof *bigger);
    aus_free(t->ctx, t->node);
    t->node = bigger;
    t->room = room;
  }
  t->node[t->n] = (aus_json_node){ .key = key };
  return t->n++;
}

/* ---- strings ----------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int32_t four_hex(const char *s)
{
  int32_t v = 0;
  for (int i = 0; i < 4; i++) {
    const int d = hex_digit(s[i]); /* NUL is none, so reading stops at the end */
    if (d < 0) return -1;
    v = 16 * v + d;
  }
  return v;
}

static char *put_utf8(char *to, uint32_t c)
{
  if (c < 0x80) { *to++ = (char)c; return to; }
  if (c < 0x800) { *to++ = (char)(0xc0 | c >> 6); }
  else {
    if (c < 0x10000) { *to++ = (char)(0xe0 | c >> 12); }
    else { *to++ = (char)(0xf0 | c >> 18); *to++ = (char)(0x80 | (c >> 12 & 0x3f)); }
    *to++ = (char)(0x80 | (c >> 6 & 0x3f));
  }
  *to++ = (char)(0x80 | (c & 0x3f));
  return to;
}

/* \uXXXX, or two of them for a character beyond the first 65536; r->at is behind the u. */
static char *unicode_escape(reader *r, char *to)
{
  int32_t c = four_hex(r->at);
  if (c < 0) { bad(r, "\\u wants four hexadecimal digits"); return to; }
  r->at += 4;
  if (c >= 0xd800 && c < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u') {
    const int32_t low = four_hex(r->at + 2);
    if (low >= 0xdc00 && low < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
      r->at += 6;
    }
  }
  if (c == 0 || (c >= 0xd800 && c < 0xe000)) { bad(r, "an escape that stands for no character"); return to; }
  return put_utf8(to, (uint32_t)c);
}

/* A string whose opening quote has been read; NULL after an error. */
static const char *read_string(reader *r)
{
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  char *start = r->at, *to = r->at;
  while (r->status == AUS_OK && *r->at != '"') {
    const unsigned char c = (unsigned char)*r->at;
    if (c < 0x20) { bad(r, c ? "a control character inside a string" : "a string that does not end"); break; }
    if (c == '\\') {
      const char *known = r->at[1] ? strchr(from, r->at[1]) : NULL;
      if (known) { *to++ = into[known - from]; r->at += 2; }
      else if (r->at[1] == 'u') { r->at += 2; to = unicode_escape(r, to); }
      else bad(r, "an unknown escape");
      continue;
    }
    const size_t n = aus_utf8_length(r->at);
    if (n == 0) { bad(r, "text that is not UTF-8"); break; }
    memmove(to, r->at, n);
    to += n;
    r->at += n;
  }
  if (r->status != AUS_OK) return NULL;
  r->at++;
  *to = '\0';
  return start;
}

/* ---- numbers ------------------------------------------------------------------------------------- */

static char *digits(char *s)
{
  while (*s >= '0' && *s <= '9') s++;
  return s;
}

/* The end of a number by RFC 8259's grammar, NULL when it is none. */
static char *number_end(char *s)
{
  if (*s == '-') s++;
  if (*s == '0') s++;
  else if (*s >= '1' && *s <= '9') s = digits(s);
  else return NULL;
  if (*s == '.') {
    char *end = digits(s + 1);
    if (end == s + 1) return NULL;
    s = end;
  }
  if (*s == 'e' || *s == 'E') {
    s++;
    if (*s == '+' || *s == '-') s++;
    char *end = digits(s);
    if (end == s) return NULL;
    s = end;
  }
  return s;
}

/* strtod reads the locale's decimal point: a host that called setlocale gets it put in. */
static double to_double(const char *s, size_t n)
{
  char copy[128];
  const char *point = localeconv()->decimal_point;
  size_t m = 0;
  for (size_t i = 0; i < n && m + 8 < sizeof copy; i++) {
    if (s[i] != '.') { copy[m++] = s[i]; continue; }
    for (const char *p = point; *p && m + 8 < sizeof copy; p++) copy[m++] = *p;
  }
  copy[m] = '\0';
  return strtod(copy, NULL);
}

static void read_number(reader *r, int32_t node)
{
  char *end = number_end(r->at);
  if (!end) { bad(r, "not a value"); return; }
  if (end - r->at > 100) { bad(r, "a number of more than 100 characters"); return; }
  r->t->node[node].kind = AUS_JSON_NUMBER;
  r->t->node[node].number = to_double(r->at, (size_t)(end - r->at));
  r->at = end;
}

/* ---- values ---------------------------------------------------------------------------------------- */

static void read_value(reader *r, const char *key);

/* Takes c when it comes next. */
static bool take(reader *r, char c)
{
  skip_space(r);
  if (*r->at != c) return false;
  r->at++;
  return true;
}

static void read_member(reader *r, bool object)
{
  const char *key = NULL;
  if (object) {
    if (!take(r, '"')) { bad(r, "a member's name is missing"); return; }
    key = read_string(r);
    if (r->status == AUS_OK && !take(r, ':')) bad(r, "':' is missing after a member's name");
  }
  if (r->status == AUS_OK) read_value(r, key);
}

static void read_container(reader *r, int32_t node, bool object)
{
  const char close = object ? '}' : ']';
  int32_t n = 0;
  if (++r->depth > MAX_DEPTH) { r->status = aus_fail(r->t->ctx, AUS_ELIMIT, "%s: line %d: nested too deeply", r->name, r->line); return; }
  if (!take(r, close)) {
    do {
      read_member(r, object);
      n++;
    } while (r->status == AUS_OK && take(r, ','));
    if (r->status == AUS_OK && !take(r, close)) bad(r, object ? "',' or '}' is missing" : "',' or ']' is missing");
  }
  r->depth--;
  r->t->node[node].kind = object ? AUS_JSON_OBJECT : AUS_JSON_ARRAY;
  r->t->node[node].n = n;
}

static void read_word(reader *r, int32_t node)
{
  static const struct { const char *word; aus_json_kind kind; double number; } words[] = {
    { "null", AUS_JSON_NULL, 0 }, { "true", AUS_JSON_BOOL, 1 }, { "false", AUS_JSON_BOOL, 0 },
  };
  for (size_t i = 0; i < 3; i++) {
    const size_t n = strlen(words[i].word);
    if (strncmp(r->at, words[i].word, n) != 0) continue;
    r->t->node[node].kind = words[i].kind;
    r->t->node[node].number = words[i].number;
    r->at += n;
    return;
  }
  read_number(r, node);
}

static void read_value(reader *r, const char *key)
{
  const int32_t node = add_node(r, key);
  if (node < 0) return;
  skip_space(r);
  const char c = *r->at;
  if (c == '{' || c == '[') { r->at++; read_container(r, node, c == '{'); }
  else if (c == '"') {
    r->at++;
    r->t->node[node].text = read_string(r);
    r->t->node[node].kind = AUS_JSON_STRING;
  } else read_word(r, node);
  r->t->node[node].after = r->t->n;
}

aus_status aus_json_read(aus_ctx *ctx, const char *name, const char *text, size_t size, aus_json_tree *tree)
{
  *tree = (aus_json_tree){ .ctx = ctx };
  tree->text = aus_alloc(ctx, size + 1, 1);
  if (!tree->text) return AUS_ENOMEM;
  memcpy(tree->text, text, size);
  tree->text[size] = '\0';
  reader r = { .t = tree, .name = name, .at = tree->text, .line = 1 };
  read_value(&r, NULL);
  skip_space(&r);
  if (r.status == AUS_OK && r.at != tree->text + size) bad(&r, *r.at ? "something follows the value" : "a NUL byte");
  if (r.status != AUS_OK) aus_json_tree_free(tree);
  return r.status;
}

void aus_json_tree_free(aus_json_tree *tree)
{
  if (!tree->ctx) return;
  aus_free(tree->ctx, tree->node);
  aus_free(tree->ctx, tree->text);
  *tree = (aus_json_tree){0};
}

/* ---- looking up -------------------------------------------------------------------------------------- */

const aus_json_node *aus_json_first(const aus_json_tree *tree, const aus_json_node *of)
{
  (void)tree;
  return of && (of->kind == AUS_JSON_OBJECT || of->kind == AUS_JSON_ARRAY) && of->n > 0 ? of + 1 : NULL;
}

/* The caller counts: the last of a container is followed by what comes after that. */
const aus_json_node *aus_json_next(const aus_json_tree *tree, const aus_json_node *node)
{
  return node->after < tree->n ? tree->node + node->after : NULL;
}

const aus_json_node *aus_json_member(const aus_json_tree *tree, const aus_json_node *of, const char *key)
{
  if (!of || of->kind != AUS_JSON_OBJECT) return NULL;
  const aus_json_node *m = aus_json_first(tree, of);
  for (int32_t i = 0; i < of->n; i++, m = aus_json_next(tree, m))
    if (strcmp(m->key, key) == 0) return m;
  return NULL;
}

const aus_json_node *aus_json_element(const aus_json_tree *tree, const aus_json_node *of, int32_t i)
{
  if (!of || of->kind != AUS_JSON_ARRAY || i < 0 || i >= of->n) return NULL;
  const aus_json_node *m = aus_json_first(tree, of);
  while (i-- > 0) m = aus_json_next(tree, m);
  return m;
}

double aus_json_get_real(const aus_json_tree *tree, const aus_json_node *of, const char *key, double otherwise)
{
  const aus_json_node *m = aus_json_member(tree, of, key);
  return m && (m->kind == AUS_JSON_NUMBER || m->kind == AUS_JSON_BOOL) ? m->number : otherwise;
}

const char *aus_json_get_text(const aus_json_tree *tree, const aus_json_node *of, const char *key, const char *otherwise)
{
  const aus_json_node *m = aus_json_member(tree, of, key);
  return m && m->kind == AUS_JSON_STRING ? m->text : otherwise;
}
