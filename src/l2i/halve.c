/* halve.c - the same file with its large tensors in half precision, for weights that are carried along are to be small; and with words or tensors replaced. */
#include <auscult/dsp.h>
#include <string.h>

#include "l2i/l2i.h"

enum { SMALL = 1024 }; /* numbers of a tensor that stays as it is */

static bool is_large(const aus_tensor_info *t) { return t->dtype == AUS_F32 && t->count >= SMALL && strncmp(t->name, "golden", 6) != 0; }

static aus_status copy_tensor(aus_ctx *ctx, const aus_bundle *from, const aus_l2i_change *change, int32_t i, aus_builder *b, int32_t *at)
{
  const aus_tensor_info *t = &from->tensor[i];
  const float *x = aus_bundle_tensor_f32(from, i);
  for (int32_t k = 0; k < change->n_tensors; k++)
    if (strcmp(change->tensor[k], t->name) == 0) x = change->data[k];
  int32_t dim[AUS_MAX_DIMS];
  for (int32_t d = 0; d < t->rank; d++) dim[d] = (int32_t)t->dim[d];
  if (t->dtype != AUS_F16 && !(change->halve && is_large(t))) { *at = aus_builder_tensor(b, t->name, AUS_F32, t->rank, dim, x); return AUS_OK; }
  uint16_t *half = aus_alloc(ctx, (size_t)t->count, sizeof *half);
  if (!half) return AUS_ENOMEM;
  for (int64_t k = 0; k < t->count; k++) half[k] = aus_half_from_float(x[k]);
  *at = aus_builder_tensor(b, t->name, AUS_F16, t->rank, dim, half);
  aus_free(ctx, half);
  return AUS_OK;
}

static void copy_meta(const aus_bundle *from, const aus_l2i_change *change, aus_builder *b)
{
  const char *key;
  for (int32_t i = 0; (key = aus_meta_key(from, i, NULL)) != NULL; i++) {
    int32_t k = 0;
    while (k < change->n_words && strcmp(change->key[k], key) != 0) k++;
    if (k == change->n_words) aus_builder_meta(b, from, key);
  }
  for (int32_t k = 0; k < change->n_words; k++) aus_builder_string(b, change->key[k], change->word[k]);
}

aus_status aus_l2i_rewrite(aus_ctx *ctx, const aus_bundle *from, const aus_l2i_change *change, void **bytes, size_t *size)
{
  aus_builder *b;
  int32_t *at = aus_alloc(ctx, (size_t)from->n_tensors, sizeof *at);
  aus_status status = at ? aus_builder_create(ctx, &b) : AUS_ENOMEM;
  if (status != AUS_OK) { aus_free(ctx, at); return status; }
  copy_meta(from, change, b);
  for (int32_t i = 0; status == AUS_OK && i < from->n_tensors; i++) status = copy_tensor(ctx, from, change, i, b, &at[i]);
  if (status == AUS_OK) {
    aus_builder_graph(b, from, at);
    status = aus_builder_finish(b, bytes, size);
  }
  aus_builder_destroy(b);
  aus_free(ctx, at);
  return status;
}

aus_status aus_l2i_halve(aus_ctx *ctx, void **bytes, size_t *size)
{
  aus_bundle *from;
  void *smaller = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, *bytes, *size, &from));
  const aus_status status = aus_l2i_rewrite(ctx, from, &(aus_l2i_change){ .halve = true }, &smaller, size);
  aus_bundle_close(from);
  if (status != AUS_OK) return status;
  aus_free(ctx, *bytes);
  *bytes = smaller;
  return AUS_OK;
}

void aus_l2i_round_params(int32_t n, const aus_param *param)
{
  for (int32_t i = 0; i < n; i++)
    if (param[i].count >= SMALL) aus_half_round(param[i].count, param[i].value);
}
