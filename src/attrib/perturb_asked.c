/* perturb_asked.c - the arrays of a network, or of any function, as a field of cells.
 *
 * Cells are the numbers of one item; a mask is laid over all items of a batch at once and every item reads its own score, so
 * an item's answer does not depend on its company. Labels are items. */
#include "attrib/perturb_asked.h"

#include <stdlib.h>
#include <string.h>

perturb_place perturb_place_of(const perturb_asked *a, int32_t k)
{
  return (perturb_place){ k, a->q->a->offset[k], aus_question_per_item(a->q, k) };
}

static void lay_mask(const perturb_asked *a, const float *mask)
{
  const aus_attrib *net = a->q->a;
  const float *x = a->q->x;
  memcpy(a->block, x, (size_t)net->total * sizeof *x);
  for (int32_t k = 0; k < net->n_inputs; k++) {
    if (a->input >= 0 && k != a->input) continue;
    const perturb_place p = perturb_place_of(a, k);
    for (int32_t i = 0; i < net->items; i++)
      for (int64_t c = 0; c < p.per; c++) {
        const int64_t at = p.first + i * p.per + c;
        const float m = mask[c];
        if (m != 1.0f) a->block[at] = m == 0.0f ? a->base[at] : a->base[at] + m * (x[at] - a->base[at]);
      }
    mask += p.per;
  }
}

static aus_status score_masks(aus_field *f, int64_t n, const float *mask, double *y)
{
  const perturb_asked *a = f->user;
  for (int64_t r = 0; r < n; r++) {
    lay_mask(a, mask + r * f->cells);
    AUS_TRY(aus_question_scores(a->q, a->block, y + r * f->labels));
  }
  return AUS_OK;
}

/* A cell is constant when no item differs from its baseline there. */
static void find_constant(perturb_asked *a)
{
  const aus_attrib *net = a->q->a;
  uint8_t *to = a->constant;
  for (int32_t k = 0; k < net->n_inputs; k++) {
    if (a->input >= 0 && k != a->input) continue;
    const perturb_place p = perturb_place_of(a, k);
    for (int64_t c = 0; c < p.per; c++) {
      to[c] = 1;
      for (int32_t i = 0; i < net->items; i++) to[c] &= a->q->x[p.first + i * p.per + c] == a->base[p.first + i * p.per + c];
    }
    to += p.per;
  }
}

void perturb_close(perturb_asked *a)
{
  aus_free(a->q->ctx, a->base);
  aus_free(a->q->ctx, a->block);
  aus_free(a->q->ctx, a->constant);
}

/* The grid of an input: its shape without the axis of items. */
static void grid_of(const aus_question *q, int32_t k, aus_field *f)
{
  const aus_dims *d = &q->a->dims[k];
  const int32_t skip = d->rank > 1 && d->dim[0] == q->a->items;
  f->rank = d->rank - skip;
  for (int32_t i = 0; i < f->rank; i++) f->dim[i] = d->dim[i + skip];
  if (f->rank == 0) f->rank = 1, f->dim[0] = 1;
}

aus_status perturb_open(const aus_question *q, int32_t input, perturb_asked *a)
{
  *a = (perturb_asked){ .q = q, .input = input, .field = { .ctx = q->ctx, .labels = q->a->items, .score = score_masks, .user = a } };
  if (input >= 0) grid_of(q, input, &a->field);
  for (int32_t k = 0; k < q->a->n_inputs; k++)
    if (input < 0 || k == input) a->field.cells += aus_question_per_item(q, k);
  if (input < 0) {
    a->field.rank = 1;
    a->field.dim[0] = a->field.cells;
    if (q->a->n_inputs == 1) grid_of(q, 0, &a->field);
  }
  a->base = aus_question_block(q);
  a->block = aus_question_block(q);
  a->constant = aus_alloc(q->ctx, (size_t)a->field.cells, 1);
  if (!a->base || !a->block || !a->constant) return AUS_ENOMEM;
  aus_question_baseline(q, -1, a->base);
  find_constant(a);
  a->field.constant = a->constant;
  return AUS_OK;
}

/* value[items][cells] into the result's arrays. group: which value a cell has, NULL: its own. */
void perturb_put(const perturb_asked *a, const double *value, int64_t cells, const int32_t *group, aus_attribution *out)
{
  const aus_attrib *net = a->q->a;
  int64_t first = 0;
  for (int32_t k = 0; k < net->n_inputs; k++) {
    if (a->input >= 0 && k != a->input) continue;
    const int64_t per = aus_question_per_item(a->q, k);
    for (int32_t i = 0; i < net->items; i++)
      for (int64_t c = 0; c < per; c++) out->value[k][i * per + c] = (float)value[i * cells + (group ? group[first + c] : first + c)];
    first += per;
  }
}

/* f of the baselines, for those who compare with it. */
aus_status perturb_put_none(const perturb_asked *a, aus_attribution *out)
{
  return aus_question_scores(a->q, a->base, out->score_none);
}

/* ---- groups --------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Whatever numbers name the groups, group[cells] counts them from 0 in rising order; *n says how many. */
aus_status perturb_groups(const aus_question *q, int64_t cells, int32_t *group, int32_t *n)
{
  float *name = aus_alloc(q->ctx, 2 * (size_t)cells, sizeof *name), *sorted = name + cells;
  if (!name) return AUS_ENOMEM;
  int64_t at = 0, distinct = 0;
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < q->a->n_inputs && status == AUS_OK; k++) {
    const int64_t per = aus_question_per_item(q, k);
    if (!q->config->mask[k]) status = aus_fail(q->ctx, AUS_EINVAL, "input %d has no mask of feature groups: give one for every input, or none", k);
    else memcpy(name + at, q->config->mask[k], (size_t)per * sizeof *name);
    at += per;
  }
  if (status == AUS_OK) {
    memcpy(sorted, name, (size_t)cells * sizeof *name);
    qsort(sorted, (size_t)cells, sizeof *sorted, ascending);
    for (int64_t i = 0; i < cells; i++)
      if (i == 0 || sorted[i] != sorted[distinct - 1]) sorted[distinct++] = sorted[i];
    for (int64_t i = 0; i < cells; i++)
      group[i] = (int32_t)((const float *)bsearch(&name[i], sorted, (size_t)distinct, sizeof *sorted, ascending) - sorted);
  }
  *n = (int32_t)distinct;
  aus_free(q->ctx, name);
  return status;
}

/* A method over cells or groups: fills value[labels][cells of f]. */
