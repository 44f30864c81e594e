/* names.c - values of the graph by name, the value before a last softmax, targets as people write them. */
#include "attrib/attrib.h"
#include "attrib/names.h"

#include <stdlib.h>
#include <string.h>

/* ---- values ------------------------------------------------------------------------------------- */

int32_t aus_graph_value_named(const aus_graph *g, const char *name)
{
  for (int32_t v = 0; v < g->n_values; v++)
    if (g->value[v].kind != AUS_VALUE_PARAM && strcmp(g->value[v].name, name) == 0) return v;
  for (int32_t n = 0; n < g->n_nodes; n++)
    if (strcmp(g->node[n].name, name) == 0 && g->node[n].n_out > 0) return g->index[g->node[n].out];
  return -1;
}

int32_t aus_graph_writer(const aus_graph *g, int32_t value)
{
  for (int32_t n = 0; n < g->n_nodes; n++)
    for (int32_t k = 0; k < g->node[n].n_out; k++)
      if (g->index[g->node[n].out + k] == value) return n;
  return -1;
}

static int32_t operand(const aus_graph *g, int32_t node, int32_t i) { return i < g->node[node].n_in ? g->index[g->node[node].in + i] : AUS_NO_VALUE; }

int32_t aus_graph_logits(const aus_graph *g, int32_t value, int32_t *node)
{
  for (int32_t v = value, n; (n = aus_graph_writer(g, v)) >= 0; v = operand(g, n, 0)) {
    const int32_t op = g->node[n].op;
    *node = n;
    if (op == AUS_OP_softmax || op == AUS_OP_log_softmax || op == AUS_OP_sigmoid) return operand(g, n, 0);
    if (op != AUS_OP_identity && op != AUS_OP_reshape) break;
  }
  return value;
}

int32_t aus_graph_reads(const aus_graph *g, int32_t value)
{
  const int32_t n = aus_graph_writer(g, value);
  for (int32_t k = 0; n >= 0 && k < g->node[n].n_in; k++) {
    const int32_t v = operand(g, n, k);
    if (v != AUS_NO_VALUE && g->value[v].kind != AUS_VALUE_PARAM) return v;
  }
  return value;
}

/* How many letters must change, up to 255. */
static int distance(const char *a, const char *b)
{
  enum { MOST = 64 };
  unsigned char row[MOST + 1];
  const size_t n = strlen(a), m = strlen(b);
  if (n > MOST || m > MOST) return 255;
  for (size_t j = 0; j <= m; j++) row[j] = (unsigned char)j;
  for (size_t i = 1; i <= n; i++) {
    unsigned char corner = row[0];
    row[0] = (unsigned char)i;
    for (size_t j = 1; j <= m; j++) {
      const int swap = corner + (a[i - 1] != b[j - 1]), shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      corner = row[j];
      row[j] = (unsigned char)(swap < shorter ? swap : shorter);
    }
  }
  return row[m];
}

aus_status aus_attrib_no_value(const aus_attrib *a, const char *what, const char *name)
{
  enum { NEAR = 3 };
  const aus_graph *g = &a->bundle->graph;
  const char *best[NEAR] = { 0 };
  int at[NEAR];
  for (int32_t n = 0; n < g->n_nodes; n++) {
    const char *candidate = g->node[n].name;
    int d = strstr(candidate, name) || strstr(name, candidate) ? 0 : distance(name, candidate);
    for (int i = 0; i < NEAR; i++) /* keeps the nearest, the first of equals first */
      if (!best[i] || d < at[i]) {
        const char *c = best[i];
        const int e = at[i];
        best[i] = candidate, at[i] = d;
        if (!c) break;
        candidate = c, d = e;
      }
  }
  return aus_fail(a->ctx, AUS_EINVAL, "%s '%.60s': the network has no value or node of that name; near it: %.60s%s%.60s%s%.60s", what, name, best[0] ? best[0] : "(none)",
                  best[1] ? ", " : "", best[1] ? best[1] : "", best[2] ? ", " : "", best[2] ? best[2] : "");
}

/* ---- targets ------------------------------------------------------------------------------------ */

static bool whole(const char *text, size_t n, int64_t *value)
{
  char number[24], *end;
  if (n == 0 || n >= sizeof number) return false;
  memcpy(number, text, n);
  number[n] = '\0';
  if (strspn(number, "-0123456789") != n) return false;
  *value = strtoll(number, &end, 10);
  return *end == '\0';
}

/* "1:0:2" as a row-major index into the axes behind the items. */
static bool coordinates(const aus_question *q, const char *text, size_t n, int64_t *value)
{
  const int32_t first = q->a->items > 1 ? 1 : q->from_dims.rank > 0 && q->from_dims.dim[0] == 1 ? 1 : 0;
  int64_t index = 0, i;
  int32_t axis = first;
  for (const char *end = text + n; text < end; axis++) {
    const size_t m = (size_t)((const char *)(memchr(text, ':', (size_t)(end - text)) ? memchr(text, ':', (size_t)(end - text)) : end) - text);
    if (axis >= q->from_dims.rank || !whole(text, m, &i) || i < 0 || i >= q->from_dims.dim[axis]) return false;
    index = index * q->from_dims.dim[axis] + i;
    text += m + (text + m < end);
  }
  *value = index;
  return axis == q->from_dims.rank;
}

static int32_t label(const aus_question *q, const char *text, size_t n)
{
  const int32_t labels = q->a->bundle ? aus_meta_count(q->a->bundle, "labels") : 0;
  for (int32_t i = 0; i < labels; i++) {
    const char *name = aus_meta_string_at(q->a->bundle, "labels", i);
    if (name && strlen(name) == n && memcmp(name, text, n) == 0) return i;
  }
  return -1;
}

/* A name goes before an index. */
static aus_status one(const aus_question *q, const char *text, size_t n, int32_t *target)
{
  int64_t i = label(q, text, n);
  if (i < 0 && !whole(text, n, &i) && !(memchr(text, ':', n) && coordinates(q, text, n, &i))) i = INT64_MIN;
  if (i != INT64_MIN && i < 0 && i >= -q->per_item) i += q->per_item; /* from the end, as in Python */
  if (i < 0 || i >= q->per_item) {
    const int32_t labels = q->a->bundle ? aus_meta_count(q->a->bundle, "labels") : 0;
    return aus_fail(q->ctx, AUS_EINVAL, "target '%.*s': there is no such score; there are %lld per item, 0 to %lld%s", (int)(n < 60 ? n : 60), text,
                    (long long)q->per_item, (long long)q->per_item - 1, labels ? ", or a label of the network" : "");
  }
  *target = (int32_t)i;
  return AUS_OK;
}

static aus_status list(const aus_question *q, const char *text, int32_t *target)
{
  int32_t n = 0;
  for (const char *p = text; *p; n++) {
    const size_t m = strcspn(p, ",");
    if (n == q->a->items) return aus_fail(q->ctx, AUS_EINVAL, "target '%.60s': more targets than items (%d)", text, q->a->items);
    AUS_TRY(one(q, p, m, &target[n]));
    p += m + (p[m] == ',');
  }
  return n == q->a->items ? AUS_OK : aus_fail(q->ctx, AUS_EINVAL, "target '%.60s': %d targets for %d items", text, n, q->a->items);
}

aus_status aus_attrib_read_target(const aus_question *q, const char *text, const float *scores, int32_t *target)
{
  const int32_t items = q->a->items;
  if (!text || strcmp(text, "top1") == 0) {
    for (int32_t i = 0; i < items; i++) {
      const float *s = scores + i * q->per_item;
      target[i] = 0;
      for (int64_t k = 1; k < q->per_item; k++)
        if (s[k] > s[target[i]]) target[i] = (int32_t)k;
    }
    return AUS_OK;
  }
  if (strcmp(text, "sum") == 0) {
    for (int32_t i = 0; i < items; i++) target[i] = -1;
    return AUS_OK;
  }
  if (strchr(text, ',') && label(q, text, strlen(text)) < 0) return list(q, text, target);
  for (int32_t i = 0; i < items; i++) AUS_TRY(one(q, text, strlen(text), &target[i]));
  return AUS_OK;
}
