/* table.c - reads manifests and picks rows by conditions on their columns.
 *
 * Strict: every row has as many cells as there are columns, names are unique, nothing is quoted. */
#include "train/table.h"

#include <string.h>

enum { MOST_BYTES = 1 << 28, MOST_COLUMNS = 256 };

static int32_t count_lines(const char *text)
{
  int32_t n = 0;
  for (const char *p = text; *p; n++) {
    p += strcspn(p, "\n");
    if (*p) p++;
  }
  return n;
}

/* Cuts one line at its tabs into cell[columns]; returns how many there are. */
static int32_t cut(char *line, int32_t most, const char **cell)
{
  int32_t n = 0;
  for (char *p = line; p; n++) {
    char *tab = strchr(p, '\t');
    if (tab) *tab++ = '\0';
    if (n < most) cell[n] = p;
    p = tab;
  }
  return n;
}

static aus_status read_names(aus_table *t, char *line)
{
  const char *name[MOST_COLUMNS];
  t->columns = cut(line, MOST_COLUMNS, name);
  if (t->columns > MOST_COLUMNS) return aus_fail(t->ctx, AUS_EFORMAT, "%s:1: more than %d columns", t->path, MOST_COLUMNS);
  t->name = aus_alloc(t->ctx, (size_t)t->columns, sizeof *t->name);
  if (!t->name) return AUS_ENOMEM;
  memcpy(t->name, name, (size_t)t->columns * sizeof *name);
  for (int32_t i = 0; i < t->columns; i++)
    if (aus_table_column(t, name[i]) != i) return aus_fail(t->ctx, AUS_EFORMAT, "%s:1: the column '%.40s' stands twice", t->path, name[i]);
  return AUS_OK;
}

static aus_status read_rows(aus_table *t, char *text, int32_t lines)
{
  t->cell = aus_alloc(t->ctx, (size_t)lines, (size_t)t->columns * sizeof *t->cell);
  t->line = aus_alloc(t->ctx, (size_t)lines, sizeof *t->line);
  if (!t->cell || !t->line) return AUS_ENOMEM;
  int32_t number = 1;
  for (char *p = text, *next; p && *p; p = next) {
    next = strchr(p, '\n');
    if (next) *next++ = '\0';
    number++;
    size_t n = strlen(p);
    if (n && p[n - 1] == '\r') p[--n] = '\0';
    if (n == 0 || *p == '#') continue;
    const int32_t cells = cut(p, t->columns, t->cell + (size_t)t->rows * (size_t)t->columns);
    if (cells != t->columns) return aus_fail(t->ctx, AUS_EFORMAT, "%s:%d: %d cells, the first line names %d", t->path, (int)number, (int)cells, (int)t->columns);
    t->line[t->rows++] = number;
  }
  return AUS_OK;
}

static aus_status parse(aus_table *t, const char *text, size_t size)
{
  t->text = aus_alloc(t->ctx, size + 1, 1);
  if (!t->text) return AUS_ENOMEM;
  memcpy(t->text, text, size);
  t->text[size] = '\0';
  if (strlen(t->text) != size) return aus_fail(t->ctx, AUS_EFORMAT, "%s: a NUL byte; a manifest is plain text", t->path);
  const int32_t lines = count_lines(t->text);
  char *rest = strchr(t->text, '\n');
  if (rest) *rest++ = '\0';
  size_t n = strlen(t->text);
  if (n && t->text[n - 1] == '\r') t->text[n - 1] = '\0';
  AUS_TRY(read_names(t, t->text));
  return read_rows(t, rest, lines);
}

aus_status aus_table_parse(aus_ctx *ctx, const char *path, const char *text, size_t size, aus_table *t)
{
  *t = (aus_table){ .ctx = ctx, .path = aus_strdup(ctx, path) };
  const aus_status status = t->path ? parse(t, text, size) : AUS_ENOMEM;
  if (status != AUS_OK) aus_table_free(t);
  return status;
}

aus_status aus_table_read(aus_ctx *ctx, const char *path, aus_table *t)
{
  void *data;
  size_t size;
  *t = (aus_table){ .ctx = ctx };
  AUS_TRY(aus_file_read(ctx, path, MOST_BYTES, &data, &size));
  const aus_status status = aus_table_parse(ctx, path, data, size, t);
  aus_free(ctx, data);
  return status;
}

void aus_table_free(aus_table *t)
{
  aus_free(t->ctx, t->path);
  aus_free(t->ctx, t->text);
  aus_free(t->ctx, t->name);
  aus_free(t->ctx, t->cell);
  aus_free(t->ctx, t->line);
  *t = (aus_table){ .ctx = t->ctx };
}

int32_t aus_table_column(const aus_table *t, const char *name)
{
  for (int32_t i = 0; i < t->columns; i++)
    if (strcmp(t->name[i], name) == 0) return i;
  return -1;
}

/* ---- conditions ---------------------------------------------------------------------------------- */

/* The column of "COLUMN=..." or "COLUMN!=..."; *list where its values begin. -1: no such column, -2: no condition. */
static int32_t column_of(const aus_table *t, const char *condition, const char **list, bool *not)
{
  const char *equals = strchr(condition, '=');
  if (!equals || equals == condition) return -2;
  *list = equals + 1;
  *not = equals[-1] == '!';
  const size_t n = (size_t)(equals - condition) - *not;
  for (int32_t i = 0; i < t->columns; i++)
    if (strlen(t->name[i]) == n && memcmp(t->name[i], condition, n) == 0) return i;
  return -1;
}

aus_status aus_table_check(const aus_table *t, const aus_recipe *r, int32_t line, const aus_words *conditions)
{
  const char *list;
  bool not;
  for (int32_t i = 0; i < conditions->n; i++) {
    const int32_t c = column_of(t, conditions->word[i], &list, &not);
    if (c == -2) return aus_recipe_fail(r, line, "'%.40s' is no condition; want COLUMN=VALUE,... or COLUMN!=VALUE,...", conditions->word[i]);
    if (c == -1) return aus_recipe_fail(r, line, "'%.40s': the manifest has no such column; the nearest is '%s'", conditions->word[i],
                                        aus_word_nearest(conditions->word[i], t->columns, t->name));
  }
  return AUS_OK;
}

static bool in_list(const char *list, const char *value)
{
  const size_t n = strlen(value);
  for (const char *p = list;; p++) {
    const size_t m = strcspn(p, ",");
    if (m == n && memcmp(p, value, n) == 0) return true;
    p += m;
    if (!*p) return false;
  }
}

bool aus_table_meets(const aus_table *t, int32_t row, const aus_words *conditions)
{
  for (int32_t i = 0; i < conditions->n; i++) {
    const char *list;
    bool not;
    const int32_t c = column_of(t, conditions->word[i], &list, &not);
    if (c < 0 || in_list(list, t->cell[(size_t)row * (size_t)t->columns + (size_t)c]) == not) return false;
  }
  return true;
}
