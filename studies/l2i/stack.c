/* stack.c - dictionaries side by side: atoms for each class, learnt beside the same atoms for noise, become one dictionary.
 *
 *   stack OUT.npy COMMON.npy W.npy...      [bins, k] and [bins, k + n] each, whose first k columns are COMMON's: COMMON, then the n new ones of each W */
#include "core/core.h"
#include "format/npy.h"

#include <stdio.h>
#include <string.h>

typedef struct stacked { aus_ctx *ctx; int64_t bins, common, atoms; float *w; } stacked;

/* Columns from `first` on behind those that are there. */
static aus_status add(stacked *s, const char *path, const aus_npy *a, int64_t first)
{
  const int64_t more = a->dim[1] - first, now = s->atoms + more;
  if (a->rank != 2 || (s->bins && a->dim[0] != s->bins) || more < 1) return aus_fail(s->ctx, AUS_EFORMAT, "%s: not a dictionary with atoms beside the common ones", path);
  s->bins = a->dim[0];
  float *w = aus_alloc(s->ctx, (size_t)s->bins, (size_t)now * sizeof *w);
  if (!w) return AUS_ENOMEM;
  for (int64_t b = 0; b < s->bins; b++) {
    if (s->w) memcpy(w + b * now, s->w + b * s->atoms, (size_t)s->atoms * sizeof *w);
    memcpy(w + b * now + s->atoms, a->data + b * a->dim[1] + first, (size_t)more * sizeof *w);
  }
  aus_free(s->ctx, s->w);
  s->w = w;
  s->atoms = now;
  return AUS_OK;
}

static aus_status stack(stacked *s, int n, char **path)
{
  for (int i = 0; i < n; i++) {
    aus_npy a;
    AUS_TRY(aus_npy_read(s->ctx, path[i], &a));
    const aus_status status = add(s, path[i], &a, i ? s->common : 0);
    aus_free(s->ctx, a.data);
    AUS_TRY(status);
    if (i == 0) s->common = s->atoms;
  }
  return AUS_OK;
}

int main(int argc, char **argv)
{
  stacked s = { 0 };
  if (argc < 4) { fprintf(stderr, "usage: stack OUT.npy COMMON.npy W.npy...\n"); return 2; }
  if (aus_ctx_create(&s.ctx, &(aus_config){ .threads = 1 }) != AUS_OK) return 1;
  aus_status status = stack(&s, argc - 2, argv + 2);
  if (status == AUS_OK) status = aus_npy_write(s.ctx, argv[1], 2, (const int64_t[]){ s.bins, s.atoms }, s.w, 1);
  if (status != AUS_OK) fprintf(stderr, "stack: %s\n", aus_ctx_error(s.ctx));
  aus_free(s.ctx, s.w);
  aus_ctx_destroy(s.ctx);
  return status != AUS_OK;
}
