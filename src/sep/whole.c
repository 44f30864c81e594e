/* whole.c - a pass for methods that must hear all of a sound before they can say anything of its beginning. */
#include "sep/sep.h"

struct sep_pass { aus_separator *s; sep_input in; float *x; float **stem; bool done; };

static void release(aus_separator *s, sep_pass *p)
{
  for (int32_t i = 0; p->stem && i < s->info.n_stems; i++) aus_free(s->ctx, p->stem[i]);
  aus_free(s->ctx, p->stem);
  aus_free(s->ctx, p->x);
  aus_free(s->ctx, p);
}

static aus_status allocate(aus_separator *s, sep_pass *p)
{
  const size_t planes = (size_t)p->in.planes;
  p->x = aus_alloc(s->ctx, planes * (size_t)p->in.samples, sizeof(float));
  p->stem = aus_alloc_zero(s->ctx, (size_t)s->info.n_stems, sizeof *p->stem);
  if (!p->x || !p->stem) return AUS_ENOMEM;
  for (int32_t i = 0; i < s->info.n_stems; i++)
    if (!(p->stem[i] = aus_alloc(s->ctx, planes * (size_t)p->in.samples, sizeof(float)))) return AUS_ENOMEM;
  return AUS_OK;
}

aus_status sep_whole_begin(aus_separator *s, const sep_input *in, sep_pass **out)
{
  sep_pass *p = *out = AUS_NEW(s->ctx, sep_pass);
  if (!p) return AUS_ENOMEM;
  *p = (sep_pass){ .s = s, .in = *in };
  const aus_status status = allocate(s, p);
  if (status != AUS_OK) {
    release(s, p);
    *out = NULL;
  }
  return status;
}

aus_status sep_whole_next(sep_pass *p, sep_piece *piece)
{
  const sep_input *in = &p->in;
  for (int32_t c = 0; c < in->planes; c++) AUS_TRY(in->read(in->user, c, 0, in->samples, p->x + c * in->samples));
  AUS_TRY(p->s->ops.separate(p->s, in->rate, in->planes, in->samples, p->x, p->stem));
  *piece = (sep_piece){ 0, in->samples, in->samples, p->stem };
  return AUS_OK;
}

void sep_whole_end(sep_pass *p)
{
  if (p) release(p->s, p);
}
