/* dictionary.c - W: from a file, or learnt from the clips that train by sparse NMF [LeRoux15] of X = log(1 + |STFT|).
 *
 * What is learnt is written to OUT/dictionary.npy, [bins][atoms]; a training that goes on reads it from there. */
#include "l2i/dictionary.h"

#include <auscult/nmf.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "format/npy.h"

/* ---- from a file ---------------------------------------------------------------------------------------- */

/* Columns of length one, as the decoder takes them; a column that is all zero is no atom. */
static aus_status normalise(aus_ctx *ctx, const char *path, int64_t bins, int64_t atoms, float *w)
{
  for (int64_t k = 0; k < atoms; k++) {
    double sum = 0;
    for (int64_t b = 0; b < bins; b++) {
      float *v = &w[b * atoms + k];
      if (!isfinite(*v) || *v < 0) return aus_fail(ctx, AUS_EFORMAT, "%s: atom %lld holds %g; a dictionary is not negative", path, (long long)k, (double)*v);
      sum += (double)*v * *v;
    }
    if (!(sum > 0)) return aus_fail(ctx, AUS_EFORMAT, "%s: atom %lld is all zero", path, (long long)k);
    for (int64_t b = 0; b < bins; b++) w[b * atoms + k] = (float)((double)w[b * atoms + k] / sqrt(sum));
  }
  return AUS_OK;
}

static aus_status from_file(aus_ctx *ctx, const char *path, int32_t bins, int32_t *atoms, float **w)
{
  aus_npy a;
  AUS_TRY(aus_npy_read(ctx, path, &a));
  aus_status status = AUS_OK;
  if (a.rank != 2 || a.dim[0] != bins || a.dim[1] < 1 || a.dim[1] > 4096)
    status = aus_fail(ctx, AUS_EFORMAT, "%s is %lld x %lld; the classifier's spectrogram has %d bins, so a dictionary is %d x atoms", path, (long long)a.dim[0],
                      a.rank > 1 ? (long long)a.dim[1] : 0LL, (int)bins, (int)bins);
  if (status == AUS_OK) status = normalise(ctx, path, bins, a.dim[1], a.data);
  if (status != AUS_OK) { aus_free(ctx, a.data); return status; }
  *atoms = (int32_t)a.dim[1];
  *w = a.data;
  return AUS_OK;
}

/* ---- learnt ----------------------------------------------------------------------------------------------- */

typedef struct gathering { const aus_data *d; const aus_l2i_spectrum *s; int64_t all, wanted, seen, taken; float *v; } gathering;

static int64_t frames_of(const gathering *g, const aus_clip *c) { return aus_stft_frames(g->s->stft, c->samples); }

/* Frames spread evenly over all clips: the next one is taken when `seen` reaches its share. */
static aus_status gather_clip(gathering *g, const aus_clip *c)
{
  float *x;
  bool mine;
  const int64_t frames = frames_of(g, c);
  AUS_TRY(aus_data_hear(g->d, c, &x, &mine));
  float *y = aus_alloc(g->d->ctx, (size_t)frames + 1, (size_t)g->s->bins * sizeof *y);
  aus_status status = y ? aus_l2i_log_spectrum(g->s, c->samples, x, aus_l2i_gain(c->samples, x), 0, frames, y) : AUS_ENOMEM;
  for (int64_t t = 0; status == AUS_OK && t < frames; t++, g->seen++) {
    if (g->taken == g->wanted || g->seen < g->taken * g->all / g->wanted) continue;
    for (int32_t b = 0; b < g->s->bins; b++) g->v[b * g->wanted + g->taken] = y[b * frames + t];
    g->taken++;
  }
  aus_free(g->d->ctx, y);
  if (mine) aus_free(g->d->ctx, x);
  return status;
}

static aus_status gather(gathering *g)
{
  for (int32_t s = 0; s < g->d->r->n_sets; s++)
    for (int32_t i = 0; i < g->d->train[s].n; i++) {
      AUS_TRY(gather_clip(g, &g->d->clip[g->d->train[s].item[i]]));
      AUS_TRY(aus_progress(g->d->ctx, "gathering spectra", i + 1, g->d->train[s].n));
    }
  return AUS_OK;
}

static aus_status learn(const aus_trainer *t, const aus_l2i_spectrum *s, float *w)
{
  const aus_recipe_interpreter *r = &t->r->interpreter;
  gathering g = { .d = &t->data, .s = s };
  for (int32_t k = 0; k < t->r->n_sets; k++)
    for (int32_t i = 0; i < t->data.train[k].n; i++) g.all += frames_of(&g, &t->data.clip[t->data.train[k].item[i]]);
  g.wanted = r->dictionary_frames < g.all ? r->dictionary_frames : g.all;
  if (g.wanted < 1) return aus_fail(t->ctx, AUS_EFORMAT, "the clips are too short for one frame of the spectrogram");
  g.v = aus_alloc_zero(t->ctx, (size_t)g.wanted, (size_t)s->bins * sizeof *g.v);
  float *h = aus_alloc(t->ctx, (size_t)g.wanted, (size_t)r->atoms * sizeof *h);
  aus_status status = g.v && h ? gather(&g) : AUS_ENOMEM;
  aus_nmf_config c;
  aus_nmf_defaults(&c);
  c.atoms = (int32_t)r->atoms;
  c.beta = r->dictionary_beta;
  c.mu = r->dictionary_sparsity;
  c.max_iterations = (int32_t)r->dictionary_iterations;
  c.seed = t->seed + 1;
  if (status == AUS_OK) status = aus_nmf_fit(t->ctx, &c, s->bins, g.wanted, g.v, w, h, NULL);
  aus_free(t->ctx, h);
  aus_free(t->ctx, g.v);
  return status;
}

static aus_status learn_and_keep(const aus_trainer *t, const aus_l2i_spectrum *s, const char *path, int32_t *atoms, float **w)
{
  *atoms = (int32_t)t->r->interpreter.atoms;
  const int64_t dim[2] = { s->bins, *atoms };
  *w = aus_alloc(t->ctx, (size_t)s->bins, (size_t)*atoms * sizeof **w);
  aus_status status = *w ? learn(t, s, *w) : AUS_ENOMEM;
  if (status == AUS_OK) status = normalise(t->ctx, "the dictionary learnt", s->bins, *atoms, *w);
  if (status == AUS_OK) status = aus_npy_write(t->ctx, path, 2, dim, *w, 1);
  if (status != AUS_OK) { aus_free(t->ctx, *w); *w = NULL; }
  return status;
}

aus_status aus_l2i_dictionary(const aus_trainer *t, const aus_l2i_spectrum *s, int32_t *atoms, float **w)
{
  const aus_recipe_interpreter *r = &t->r->interpreter;
  char *path = r->dictionary ? aus_recipe_path(t->r, r->dictionary) : aus_strf(t->ctx, "%s/dictionary.npy", t->config->out);
  if (!path) return AUS_ENOMEM;
  const bool there = r->dictionary || (t->config->resume && access(path, R_OK) == 0);
  const aus_status status = there ? from_file(t->ctx, path, s->bins, atoms, w) : learn_and_keep(t, s, path, atoms, w);
  aus_free(t->ctx, path);
  return status;
}
