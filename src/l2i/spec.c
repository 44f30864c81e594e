/* spec.c - what an interpreter is made to measure for: the classifier's hidden layers and its spectrogram. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "l2i/l2i.h"
#include "nn/run.h"

enum { FEWEST_ROWS = 4, AUTO_TAPS = 3 };

/* ---- the spectrogram --------------------------------------------------------------------------------- */

aus_status aus_l2i_spectrum_open(const aus_frontend *fe, int32_t n_fft, int32_t hop, aus_l2i_spectrum *out)
{
  *out = (aus_l2i_spectrum){ .fe = fe, .stft = fe->stft, .hop = fe->hop, .bins = fe->bins };
  if (fe->channels != 1) return aus_fail(fe->ctx, AUS_ENOTSUP, "the classifier hears %d stems; an interpreter explains mono sound", (int)fe->channels);
  if (!fe->patch) return aus_fail(fe->ctx, AUS_ENOTSUP, "the classifier takes sound of any length; an interpreter needs one with patches (patch_frames or patch_samples)");
  if (!fe->waveform) return AUS_OK;
  const aus_stft_config config = { n_fft, n_fft, hop, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  AUS_TRY(aus_stft_create(fe->ctx, &config, &out->stft));
  out->own = true;
  out->hop = hop;
  out->bins = aus_stft_bins(out->stft);
  return AUS_OK;
}

void aus_l2i_spectrum_close(aus_l2i_spectrum *s)
{
  if (s->own) aus_stft_destroy(s->stft);
  *s = (aus_l2i_spectrum){ 0 };
}

int64_t aus_l2i_patch_frames(const aus_l2i_spectrum *s) { return s->fe->waveform ? aus_stft_frames(s->stft, s->fe->patch) : s->fe->patch; }

int64_t aus_l2i_first_frame(const aus_l2i_spectrum *s, int64_t start) { return s->fe->waveform ? start / s->hop : start; }

float aus_l2i_gain(int64_t n, const float *x)
{
  float peak = 0;
  for (int64_t i = 0; i < n; i++) peak = fabsf(x[i]) > peak ? fabsf(x[i]) : peak;
  return peak > 0 ? 1 / peak : 1;
}

typedef struct turning { const float *p; float gain; int64_t have, frames; int32_t bins; float *y; } turning;

static void turn_bins(void *arg, int64_t begin, int64_t end, int worker)
{
  const turning *j = arg;
  (void)worker;
  for (int64_t b = begin; b < end; b++) {
    float *y = j->y + b * j->frames;
    for (int64_t t = 0; t < j->have; t++) y[t] = log1pf(j->gain * j->p[t * j->bins + b]);
    memset(y + j->have, 0, (size_t)(j->frames - j->have) * sizeof *y);
  }
}

aus_status aus_l2i_log_spectrum(const aus_l2i_spectrum *s, int64_t n, const float *x, float gain, int64_t first, int64_t frames, float *y)
{
  aus_ctx *ctx = s->fe->ctx;
  const int64_t left = aus_stft_frames(s->stft, n) - first, have = left < 0 ? 0 : left < frames ? left : frames;
  float *p = aus_alloc(ctx, (size_t)(have > 0 ? have : 1), (size_t)s->bins * sizeof *p);
  if (!p) return AUS_ENOMEM;
  turning j = { p, gain, have, frames, s->bins, y };
  const aus_status status = have > 0 ? aus_stft_power(s->stft, n, x, first, have, 1, p) : AUS_OK;
  if (status == AUS_OK) aus_parallel_for(ctx, s->bins, 1 + 16384 / frames, turn_bins, &j);
  aus_free(ctx, p);
  return status;
}

/* ---- hidden layers ------------------------------------------------------------------------------------- */

const char *aus_l2i_logits(const aus_bundle *b, bool *sigmoid)
{
  const aus_graph *g = &b->graph;
  *sigmoid = false;
  for (int32_t i = 0; i < g->n_nodes; i++) {
    const aus_node *n = &g->node[i];
    if (g->index[n->out] != g->output[0] || (n->op != AUS_OP_softmax && n->op != AUS_OP_sigmoid)) continue;
    *sigmoid = n->op == AUS_OP_sigmoid;
    return g->value[g->index[n->in]].name;
  }
  return g->value[g->output[0]].name;
}

/* A value of one patch as a tap; false: of a shape that Psi cannot take. */
static bool describe(const aus_frontend *fe, const char *name, const aus_dims *d, aus_l2i_tap *t)
{
  *t = (aus_l2i_tap){ .rank = d->rank };
  snprintf(t->name, sizeof t->name, "%s", name);
  if (strlen(name) >= sizeof t->name) return false;
  if (d->rank == 3) { t->c = d->dim[1]; t->freq = 1; t->time = d->dim[2]; return d->dim[0] == 1; }
  if (d->rank != 4 || d->dim[0] != 1) return false;
  t->turned = !fe->waveform && !fe->transposed; /* [c, time, bands]; a waveform's one row comes first */
  t->c = d->dim[1];
  t->freq = d->dim[t->turned ? 3 : 2];
  t->time = d->dim[t->turned ? 2 : 3];
  return true;
}

static aus_status named(aus_ctx *ctx, const aus_inside *in, const aus_run *run, const char *name, aus_l2i_tap *t)
{
  aus_dims d;
  char text[96];
  const int32_t slot = aus_run_find(run, name);
  if (slot < 0 || !aus_run_value(run, slot, &d)) return aus_fail(ctx, AUS_EINVAL, "the classifier has no layer '%.60s' (auscult model info --graph lists them)", name);
  if (describe(in->fe, name, &d, t)) return AUS_OK;
  return aus_fail(ctx, AUS_EINVAL, "layer '%.60s' is %s; an interpreter reads maps of one patch: [1, channels, rows, frames] or [1, channels, frames]", name, aus_shape_text(&d, text));
}

static bool same_size(const aus_l2i_tap *a, const aus_l2i_tap *b) { return a->freq == b->freq && a->time == b->time; }

/* The last ReLU of each size with at least FEWEST_ROWS rows, ordered as they come; the last three of them. */
static void choose(const aus_inside *in, const aus_run *run, aus_l2i_spec *s)
{
  s->n_taps = 0;
  for (int32_t i = 0; i < run->n_steps; i++) {
    const aus_step *step = &run->step[i];
    aus_l2i_tap t;
    aus_dims d;
    if (step->op->code != AUS_OP_relu || step->out_value[0] >= run->bundle->graph.n_values || !aus_run_value(run, step->out_value[0], &d)) continue;
    if (!describe(in->fe, run->bundle->graph.value[step->out_value[0]].name, &d, &t) || t.rank != 4 || t.freq < FEWEST_ROWS) continue;
    if (s->n_taps && same_size(&s->tap[s->n_taps - 1], &t)) s->n_taps--;
    if (s->n_taps == AUTO_TAPS) {
      memmove(s->tap, s->tap + 1, (AUTO_TAPS - 1) * sizeof *s->tap);
      s->n_taps--;
    }
    s->tap[s->n_taps++] = t;
  }
}

static aus_status taps_of(aus_ctx *ctx, const aus_inside *in, const aus_run *run, int32_t n_names, const char *const *names, aus_l2i_spec *s)
{
  if (n_names > AUS_L2I_TAPS) return aus_fail(ctx, AUS_EINVAL, "%d layers; an interpreter reads at most %d", (int)n_names, AUS_L2I_TAPS);
  for (s->n_taps = 0; s->n_taps < n_names; s->n_taps++) AUS_TRY(named(ctx, in, run, names[s->n_taps], &s->tap[s->n_taps]));
  if (n_names == 0) choose(in, run, s);
  return s->n_taps ? AUS_OK : aus_fail(ctx, AUS_EINVAL, "the classifier has no maps of %d rows behind a ReLU: name the layers to read (taps = ...)", FEWEST_ROWS);
}

aus_status aus_l2i_find_taps(aus_ctx *ctx, const aus_inside *in, int32_t n_names, const char *const *names, aus_l2i_spec *s)
{
  aus_run *run;
  const aus_dims dims = aus_frontend_dims(in->fe, 1, in->fe->patch);
  s->classes = in->targets;
  aus_l2i_logits(in->bundle, &s->sigmoid);
  AUS_TRY(aus_run_create_with(ctx, in->bundle, &dims, NULL, 0, AUS_RUN_KEEP, &run));
  const aus_status status = taps_of(ctx, in, run, n_names, names, s);
  aus_run_destroy(run);
  return status;
}

aus_status aus_l2i_ear_open(aus_ctx *ctx, const aus_inside *in, const aus_l2i_spec *s, aus_l2i_ear *ear)
{
  const char *taps[AUS_L2I_TAPS + 1];
  bool sigmoid;
  const aus_dims dims = aus_frontend_dims(in->fe, 1, in->fe->patch);
  for (int32_t i = 0; i < s->n_taps; i++) taps[i] = s->tap[i].name;
  taps[s->n_taps] = aus_l2i_logits(in->bundle, &sigmoid);
  *ear = (aus_l2i_ear){ .n_taps = s->n_taps, .logits = s->n_taps };
  return aus_run_create(ctx, in->bundle, &dims, taps, s->n_taps + 1, &ear->run);
}
