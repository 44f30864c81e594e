/* rows.c - several items for a network that takes one at a time.
 *
 * Exporters often write the batch of the example into the file: every input [1, ...], shapes inside counting on it. More items than
 * that are explained one after another by the same network, and their answers laid one behind another: the same numbers as if the
 * batch were free, since items are independent of each other. */
#include "attrib/attrib.h"

#include <math.h>
#include <string.h>

bool aus_rows_needed(const aus_bundle *bundle, const aus_dims *dims, int32_t *rows)
{
  const int32_t n = aus_graph_inputs(bundle);
  *rows = 0;
  for (int32_t k = 0; k < n; k++) {
    const aus_dims own = aus_graph_input_dims(bundle, k);
    if (own.rank < 2 || own.dim[0] != 1 || dims[k].rank != own.rank || dims[k].dim[0] < 2 || dims[k].dim[0] > INT32_MAX) return false;
    if (k && dims[k].dim[0] != *rows) return false;
    *rows = (int32_t)dims[k].dim[0];
  }
  return n > 0;
}

aus_status aus_rows_open(aus_attrib *a, const aus_dims *dims)
{
  aus_dims *one = aus_alloc(a->ctx, (size_t)a->n_inputs, sizeof *one);
  if (!one) return AUS_ENOMEM;
  for (int32_t k = 0; k < a->n_inputs; k++) {
    one[k] = dims[k];
    one[k].dim[0] = 1;
  }
  const aus_status status = aus_attrib_open(a->ctx, a->bundle, one, &a->one);
  aus_free(a->ctx, one);
  return status;
}

/* ---- the question of one item ------------------------------------------------------------------------------- */

/* Token r of a list with as many tokens as items; anything else is meant for each. */
static const char *target_of(const char *text, int32_t rows, int32_t r, char word[256])
{
  int32_t commas = 0;
  for (const char *p = text; p && *p; p++) commas += *p == ',';
  if (!text || commas + 1 != rows) return text;
  for (; r > 0; r--) text = strchr(text, ',') + 1;
  const size_t n = strcspn(text, ",");
  if (n > 255) return text;
  memcpy(word, text, n);
  word[n] = '\0';
  return word;
}

static bool background(const char *method)
{
  const aus_method *m = aus_method_find(method ? method : "gradient");
  return m && m->flags & AUS_METHOD_BACKGROUND;
}

static aus_status ask(const aus_attrib *a, const float *const *x, const aus_attrib_config *config, int32_t r, const float **in, const float **base, aus_attribution *out)
{
  char word[256];
  aus_attrib_config c = *config;
  c.target = target_of(config->target, a->items, r, word);
  const bool own = config->baseline && config->n_baselines == a->items && !background(config->method);
  for (int32_t k = 0; k < a->n_inputs; k++) {
    const int64_t per = a->count[k] / a->items;
    in[k] = x[k] + r * per;
    base[k] = config->baseline && config->baseline[k] ? config->baseline[k] + (own ? r * per : 0) : NULL;
  }
  if (config->baseline) c.baseline = base;
  if (own) c.n_baselines = 1;
  return aus_attrib_run(a->one, in, &c, out);
}

/* ---- the answers together ------------------------------------------------------------------------------------- */

static aus_status make(const aus_attrib *a, const aus_attribution *first, aus_attribution *out)
{
  const size_t items = (size_t)a->items, n = (size_t)first->n;
  int64_t total = 0;
  *out = *first;
  out->items = a->items;
  out->evaluations = out->walks = 0;
  out->name = aus_alloc(a->ctx, n, sizeof *out->name);
  out->dims = aus_alloc(a->ctx, n, sizeof *out->dims);
  out->value = aus_alloc_zero(a->ctx, n, sizeof *out->value);
  out->target = aus_alloc(a->ctx, items, sizeof *out->target);
  out->score = aus_alloc(a->ctx, items, 4 * sizeof *out->score);
  out->account = first->n_accounts ? aus_alloc_zero(a->ctx, (size_t)first->n_accounts, sizeof *out->account) : NULL;
  if (!out->name || !out->dims || !out->value || !out->target || !out->score || (first->n_accounts && !out->account)) return AUS_ENOMEM;
  out->score_none = out->score + items, out->sum = out->score + 2 * items, out->gap = out->score + 3 * items;
  for (int32_t k = 0; k < first->n; k++) {
    memcpy(out->name[k], first->name[k], sizeof *out->name);
    out->dims[k] = first->dims[k];
    if (first->dims[k].rank < 1 || first->dims[k].dim[0] != 1)
      return aus_fail(a->ctx, AUS_ENOTSUP, "'%s' has no first axis of one item, so that the answers of %d items cannot be joined; ask about one item at a time", first->name[k], a->items);
    out->dims[k].dim[0] = a->items;
    total += aus_shape_count(&out->dims[k]);
  }
  float *block = aus_alloc(a->ctx, (size_t)total, sizeof *block);
  if (!block) return AUS_ENOMEM;
  for (int32_t k = 0; k < first->n; k++) {
    out->value[k] = block;
    block += aus_shape_count(&out->dims[k]);
  }
  return AUS_OK;
}

static aus_status put(const aus_attribution *from, int32_t r, aus_attribution *out)
{
  for (int32_t k = 0; k < out->n; k++) {
    const int64_t per = aus_shape_count(&out->dims[k]) / out->items;
    memcpy(out->value[k] + r * per, from->value[k], (size_t)per * sizeof(float));
  }
  out->target[r] = from->target[0];
  out->score[r] = from->score[0], out->score_none[r] = from->score_none[0], out->sum[r] = from->sum[0], out->gap[r] = from->gap[0];
  out->evaluations += from->evaluations, out->walks += from->walks;
  if (from->steps > out->steps) out->steps = from->steps;
  for (int32_t i = 0; i < out->n_accounts && from->n_accounts == out->n_accounts; i++) {
    aus_account *to = &out->account[i];
    const aus_account *one = &from->account[i];
    memcpy(to->node, one->node, sizeof to->node), memcpy(to->op, one->op, sizeof to->op), memcpy(to->rule, one->rule, sizeof to->rule);
    to->out += one->out, to->in += one->in, to->bias += one->bias, to->stabiliser += one->stabiliser;
    to->state += one->state, to->other += one->other, to->error += one->error, to->size += one->size;
  }
  return AUS_OK;
}

static aus_status all(const aus_attrib *a, const float *const *x, const aus_attrib_config *config, const float **in, aus_attribution *out)
{
  aus_status status = AUS_OK;
  for (int32_t r = 0; r < a->items && status == AUS_OK; r++) {
    aus_attribution one;
    AUS_TRY(ask(a, x, config, r, in, in + a->n_inputs, &one));
    if (r == 0) status = make(a, &one, out);
    if (status == AUS_OK) status = put(&one, r, out);
    aus_attribution_free(&one);
    if (status == AUS_OK) status = aus_progress(a->ctx, "items", r + 1, a->items);
  }
  if (status == AUS_OK) aus_attribution_note(out, "the network takes one item at a time: %d in turn", a->items);
  return status;
}

aus_status aus_rows_run(const aus_attrib *a, const float *const *x, const aus_attrib_config *config, aus_attribution *out)
{
  const float **in = aus_alloc(a->ctx, (size_t)a->n_inputs, 2 * sizeof *in);
  *out = (aus_attribution){ .ctx = a->ctx };
  const aus_status status = in ? all(a, x, config, in, out) : AUS_ENOMEM;
  if (status != AUS_OK) aus_attribution_free(out);
  aus_free(a->ctx, in);
  return status;
}
