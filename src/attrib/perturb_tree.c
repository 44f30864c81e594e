/* perturb_tree.c - a binary tree over the cells of a grid, or as given.
 *
 * Numbered as scipy's linkage: leaves first, then joins, each made of earlier nodes. The leaves of a node stand side by
 * side in `order`, so that a set of cells is a range. */
#include "attrib/perturb.h"

#include <string.h>

static aus_status room(aus_ctx *ctx, int64_t leaves, perturb_tree *t)
{
  memset(t, 0, sizeof *t);
  if (leaves < 1 || leaves > INT32_MAX / 4) return aus_fail(ctx, AUS_ELIMIT, "a tree over %lld cells", (long long)leaves);
  t->leaves = (int32_t)leaves;
  t->nodes = 2 * t->leaves - 1;
  t->child = aus_alloc(ctx, (size_t)leaves, sizeof *t->child);
  t->begin = aus_alloc_zero(ctx, (size_t)t->nodes, sizeof *t->begin);
  t->end = aus_alloc_zero(ctx, (size_t)t->nodes, sizeof *t->end);
  t->order = aus_alloc(ctx, (size_t)leaves, sizeof *t->order);
  return t->child && t->begin && t->end && t->order ? AUS_OK : AUS_ENOMEM;
}

void perturb_tree_free(aus_ctx *ctx, perturb_tree *t)
{
  aus_free(ctx, t->child);
  aus_free(ctx, t->begin);
  aus_free(ctx, t->end);
  aus_free(ctx, t->order);
  memset(t, 0, sizeof *t);
}

/* From child[]: `end` counts leaves from below, then places are dealt out from the root. */
static void place_leaves(perturb_tree *t)
{
  for (int32_t n = 0; n < t->nodes; n++) {
    const int32_t *c = n < t->leaves ? NULL : t->child[n - t->leaves];
    t->end[n] = c ? t->end[c[0]] + t->end[c[1]] : 1;
  }
  t->begin[t->nodes - 1] = 0;
  for (int32_t n = t->nodes - 1; n >= t->leaves; n--) {
    const int32_t *c = t->child[n - t->leaves];
    t->begin[c[0]] = t->begin[n];
    t->begin[c[1]] = t->begin[n] + t->end[c[0]];
    t->end[n] += t->begin[n];
  }
  for (int32_t n = 0; n < t->leaves; n++) {
    t->end[n] = t->begin[n] + 1;
    t->order[t->begin[n]] = n;
  }
}

aus_status perturb_tree_of_joins(aus_ctx *ctx, int32_t leaves, const int32_t (*join)[2], perturb_tree *t)
{
  AUS_TRY(room(ctx, leaves, t));
  for (int32_t i = 0; i < leaves - 1; i++)
    for (int side = 0; side < 2; side++) {
      const int32_t c = join[i][side];
      if (c < 0 || c >= leaves + i || t->begin[c]) {
        perturb_tree_free(ctx, t);
        return aus_fail(ctx, AUS_EINVAL, "join %d of the tree takes node %d, which %s", i, c, c < 0 || c >= leaves + i ? "does not exist yet" : "is taken already");
      }
      t->begin[c] = 1; /* taken */
      t->child[i][side] = c;
    }
  place_leaves(t);
  return AUS_OK;
}

typedef struct region { int64_t from[AUS_FIELD_RANK], to[AUS_FIELD_RANK]; } region;
typedef struct splitter { const aus_field *f; perturb_tree *t; int32_t next; } splitter;

/* The axis to halve: the longest of the last two, else the longest of the others; -1: one cell. */
static int32_t longest(const aus_field *f, const region *r)
{
  int32_t best = -1;
  for (int pass = 0; pass < 2 && best < 0; pass++) {
    const int32_t a = pass == 0 && f->rank > 2 ? f->rank - 2 : 0, b = pass == 0 ? f->rank : f->rank - 2;
    int64_t most = 1;
    for (int32_t d = a; d < b; d++)
      if (r->to[d] - r->from[d] > most) {
        most = r->to[d] - r->from[d];
        best = d;
      }
  }
  return best;
}

/* The node of a region; joins are numbered downwards from the root. As deep as the logarithm of the grid. */
static int32_t split(splitter *s, const region *r)
{
  const int32_t axis = longest(s->f, r);
  if (axis < 0) {
    int64_t cell = 0;
    for (int32_t d = 0; d < s->f->rank; d++) cell = cell * s->f->dim[d] + r->from[d];
    return (int32_t)cell;
  }
  const int32_t node = s->next--;
  region low = *r, high = *r;
  low.to[axis] = high.from[axis] = r->from[axis] + (r->to[axis] - r->from[axis]) / 2;
  const int32_t a = split(s, &low), b = split(s, &high);
  s->t->child[node - s->t->leaves][0] = a;
  s->t->child[node - s->t->leaves][1] = b;
  return node;
}

aus_status perturb_tree_of_grid(const aus_field *f, perturb_tree *t)
{
  AUS_TRY(room(f->ctx, f->cells, t));
  splitter s = { f, t, t->nodes - 1 };
  region all = { .from = { 0 } };
  memcpy(all.to, f->dim, sizeof all.to);
  split(&s, &all);
  place_leaves(t);
  return AUS_OK;
}
