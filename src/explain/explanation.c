/* explanation.c - the explanation noun: what every explainer hands out and every report reads. */
#include <auscult/explain.h>

#include "core/core.h"

#include <string.h>

void aus_explanation_free(aus_explanation *e)
{
  aus_ctx *ctx = e->ctx;
  if (!ctx) return;
  for (int32_t i = 0; e->component && i < e->n_components; i++) aus_free(ctx, e->component[i]);
  for (int32_t k = 0; e->target && k < e->n_targets; k++) {
    aus_free(ctx, e->target[k].name);
    aus_free(ctx, e->target[k].weight);
    aus_free(ctx, e->target[k].interaction);
    aus_free(ctx, e->target[k].map.value);
    aus_free(ctx, e->target[k].map.hz);
  }
  aus_free(ctx, e->component);
  aus_free(ctx, e->place);
  aus_free(ctx, e->target);
  aus_free(ctx, e->z);
  aus_free(ctx, e->y);
  memset(e, 0, sizeof *e);
}
