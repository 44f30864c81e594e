/* masker.c - a mask that VIBI (vibi.c) or L-MAC (lmac.c) has learnt, for use: what it keeps of one sound's spectrogram.
 *
 *   vibi   X = log(1 + |STFT|) -> chunks, the k best of which are seen -> answer
 *   lmac   layers of the classifier -> mask -> f(mask |STFT|)
 *
 * Patches lie side by side as an interpreter's do (read.c): the mean where they overlap. */
#include <math.h>
#include <string.h>

#include "l2i/sounding.h"
#include "nn/run.h"

struct aus_masker {
  aus_ctx *ctx;
  aus_model *model;
  aus_inside in;
  aus_bundle *bundle;
  aus_l2i_spec spec;
  aus_l2i_spectrum spectrum;
  aus_run *run;                 /* of the file's graph, one patch */
  aus_l2i_ear ear;              /* lmac: the layers */
  aus_sounding f;               /* lmac: what the classifier says of the masked spectrogram */
  float *scratch, *size;        /* one patch; lmac: |X| of one */
  float *keep, *order;          /* [frames][bins] of a patch */
  aus_masker_info info;
};

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool is_vibi(const aus_masker *m) { return m->spec.method == AUS_L2I_VIBI; }
static int64_t cells(const aus_masker *m) { return m->spec.frames * m->spec.bins; }

static aus_status make_run(aus_masker *m)
{
  const aus_l2i_spec *s = &m->spec;
  const char *seen = "mask";
  aus_dims dims[AUS_L2I_TAPS], d;
  if (is_vibi(m)) {
    dims[0] = (aus_dims){ 3, { 1, s->bins, s->frames } };
    dims[1] = (aus_dims){ 2, { 1, s->rows * s->columns } };
  }
  for (int32_t i = 0; !is_vibi(m) && i < s->n_taps; i++) dims[i] = aus_l2i_tap_dims(&s->tap[i], 1);
  if (aus_graph_inputs(m->bundle) != (is_vibi(m) ? 2 : s->n_taps) || aus_graph_outputs(m->bundle) < (is_vibi(m) ? 2 : 1))
    return aus_fail(m->ctx, AUS_EFORMAT, "the graph of %s has not the inputs and outputs of its method", aus_meta_string(m->bundle, "name", "the file"));
  AUS_TRY(aus_run_create(m->ctx, m->bundle, dims, &seen, 1, &m->run));
  const int64_t want[3] = { is_vibi(m) ? s->classes : cells(m), is_vibi(m) ? s->rows * s->columns : cells(m), cells(m) };
  for (int i = 0; i < 3; i++) {
    if (i == 2) aus_run_tap(m->run, 0, &d);
    else aus_run_output(m->run, is_vibi(m) ? i : 0, &d);
    if (aus_shape_count(&d) != want[i]) return aus_fail(m->ctx, AUS_EFORMAT, "the graph of %s has not the sizes that it names", aus_meta_string(m->bundle, "name", "the file"));
  }
  return AUS_OK;
}

/* Trained numbers: the graph's parameters but for the fixed step from bands to bins. */
static int64_t count_parameters(const aus_bundle *b)
{
  int64_t n = 0;
  for (int32_t v = 0; v < b->graph.n_values; v++)
    if (b->graph.value[v].kind == AUS_VALUE_PARAM && strcmp(b->graph.value[v].name, "decoder.warp") != 0) n += b->tensor[b->graph.value[v].tensor].count;
  return n;
}

static void fill_info(aus_masker *m)
{
  const aus_bundle *b = m->bundle;
  const aus_l2i_spec *s = &m->spec;
  m->info = (aus_masker_info){ .name = aus_meta_string(b, "name", "mask"), .licence = aus_meta_string(b, "licence", ""), .source = aus_meta_string(b, "source", ""),
                               .sha256 = aus_bundle_sha256(b), .method = aus_meta_string(b, "kind", ""), .targets = s->classes, .bins = s->bins, .frames = s->frames,
                               .parameters = count_parameters(b), .rows = s->rows, .columns = s->columns, .picks = s->picks, .width = s->width };
}

static aus_status build(aus_masker *m)
{
  AUS_TRY(aus_model_inside(m->model, &m->in));
  AUS_TRY(aus_l2i_read_spec(m->bundle, &m->spec));
  if (!is_vibi(m) && m->spec.method != AUS_L2I_LMAC) return aus_fail(m->ctx, AUS_EINVAL, "%s holds no mask (auscult l2i train with method = vibi or lmac makes one)", aus_meta_string(m->bundle, "name", "the file"));
  AUS_TRY(aus_l2i_spectrum_open(m->in.fe, (int32_t)aus_meta_integer(m->bundle, "l2i.n_fft", 1024), (int32_t)aus_meta_integer(m->bundle, "l2i.hop", 512), &m->spectrum));
  AUS_TRY(aus_l2i_check(m->ctx, m->bundle, &m->in, &m->spec));
  if (m->spec.bins != m->spectrum.bins || m->spec.frames != aus_l2i_patch_frames(&m->spectrum) || (!is_vibi(m) && m->spec.bands != m->in.fe->bands))
    return aus_fail(m->ctx, AUS_EINVAL, "the mask is for %d bins and %lld frames, the classifier's spectrogram has %d and %lld", (int)m->spec.bins, (long long)m->spec.frames,
                    (int)m->spectrum.bins, (long long)aus_l2i_patch_frames(&m->spectrum));
  AUS_TRY(make_run(m));
  m->scratch = aus_alloc(m->ctx, (size_t)aus_frontend_floats(m->in.fe, m->in.fe->patch), sizeof *m->scratch);
  m->size = aus_alloc(m->ctx, 3 * (size_t)cells(m), sizeof *m->size);
  if (!m->scratch || !m->size) return AUS_ENOMEM;
  m->keep = m->size + cells(m);
  m->order = m->keep + cells(m);
  fill_info(m);
  if (is_vibi(m)) return AUS_OK;
  AUS_TRY(aus_l2i_ear_open(m->ctx, &m->in, &m->spec, &m->ear));
  return aus_sounding_open(m->ctx, &m->in, 1, false, &m->f);
}

/* Takes the bundle, also when it fails. */
static aus_status open_bundle(aus_ctx *ctx, aus_bundle *bundle, aus_model *model, aus_masker **out)
{
  aus_masker *m = AUS_NEW(ctx, aus_masker);
  if (!m) { aus_bundle_close(bundle); return AUS_ENOMEM; }
  *m = (aus_masker){ .ctx = ctx, .model = model, .bundle = bundle };
  const aus_status status = build(m);
  if (status != AUS_OK) { aus_masker_close(m); return status; }
  *out = m;
  return AUS_OK;
}

aus_status aus_masker_open(aus_ctx *ctx, const char *path, aus_model *model, aus_masker **out)
{
  aus_bundle *bundle;
  *out = NULL;
  AUS_TRY(aus_bundle_open(ctx, path, &bundle));
  return open_bundle(ctx, bundle, model, out);
}

aus_status aus_masker_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_model *model, aus_masker **out)
{
  aus_bundle *bundle;
  *out = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, bytes, size, &bundle));
  return open_bundle(ctx, bundle, model, out);
}

void aus_masker_close(aus_masker *m)
{
  if (!m) return;
  aus_sounding_close(&m->f);
  aus_run_destroy(m->ear.run);
  aus_run_destroy(m->run);
  if (m->spectrum.fe) aus_l2i_spectrum_close(&m->spectrum);
  aus_free(m->ctx, m->scratch);
  aus_free(m->ctx, m->size);
  aus_bundle_close(m->bundle);
  aus_free(m->ctx, m);
}

const aus_masker_info *aus_masker_describe(const aus_masker *m) { return &m->info; }

/* ---- a patch ------------------------------------------------------------------------------------------- */

typedef struct sound { const float *x; int64_t samples; float gain, floor; aus_patches p; } sound;

/* Which of n chunks of an axis place i of `of` lies in: the engine's nearest neighbour (aus_l2i_nearest). */
static int64_t chunk_of(int64_t i, int64_t n, int64_t of)
{
  const int64_t at = (int64_t)floor((double)i / ((double)of / (double)n));
  return at < n ? at : n - 1;
}

static aus_status vibi_patch(aus_masker *m, const sound *y, int64_t start)
{
  const aus_l2i_spec *s = &m->spec;
  double top = -INFINITY, sum = 0;
  AUS_TRY(aus_l2i_log_spectrum(&m->spectrum, y->samples, y->x, y->gain, aus_l2i_first_frame(&m->spectrum, start), s->frames, aus_run_input(m->run, 0)));
  AUS_TRY(aus_run_forward(m->run));
  const float *chunk = aus_run_output(m->run, 1, NULL);
  aus_vibi_pick(s, chunk, aus_run_input(m->run, 1));
  AUS_TRY(aus_run_forward(m->run));
  const int32_t d = s->rows * s->columns;
  for (int32_t i = 0; i < d; i++) top = fmax(top, (double)chunk[i]);
  for (int32_t i = 0; i < d; i++) sum += exp((double)chunk[i] - top);
  const float *seen = aus_run_tap(m->run, 0, NULL);
  for (int64_t t = 0; t < s->frames; t++)
    for (int32_t b = 0; b < s->bins; b++) {
      const int64_t c = chunk_of(b, s->rows, s->bins) * s->columns + chunk_of(t, s->columns, s->frames);
      m->keep[t * s->bins + b] = seen[b * s->frames + t];
      m->order[t * s->bins + b] = (float)(exp((double)chunk[c] - top) / sum);
    }
  return AUS_OK;
}

static aus_status lmac_patch(aus_masker *m, const sound *y, int64_t start)
{
  const aus_l2i_spec *s = &m->spec;
  const aus_stft *stft = m->in.fe->stft;
  aus_dims d;
  AUS_TRY(aus_frontend_patch(m->in.fe, y->samples, y->x, start, y->p.length, y->floor, m->scratch, aus_run_input(m->ear.run, 0)));
  AUS_TRY(aus_run_forward(m->ear.run));
  for (int32_t k = 0; k < s->n_taps; k++) {
    const float *tap = aus_run_tap(m->ear.run, k, &d);
    memcpy(aus_run_input(m->run, k), tap, (size_t)aus_shape_count(&d) * sizeof *tap);
  }
  AUS_TRY(aus_run_forward(m->run));
  memcpy(m->keep, aus_run_output(m->run, 0, NULL), (size_t)cells(m) * sizeof *m->keep);
  memcpy(m->order, m->keep, (size_t)cells(m) * sizeof *m->keep);
  const int64_t left = aus_stft_frames(stft, y->samples) - start, have = left < s->frames ? left : s->frames;
  memset(m->size, 0, (size_t)cells(m) * sizeof *m->size);
  if (have > 0) AUS_TRY(aus_stft_power(stft, y->samples, y->x, start, have, 1, m->size));
  aus_sounding_set(&m->f, 0, m->size, m->keep, false);
  return aus_sounding_forward(&m->f);
}

/* ---- all of them ------------------------------------------------------------------------------------------ */

static aus_status lay_patches(aus_masker *m, const sound *y, aus_mask *out, int32_t *count)
{
  const int32_t bins = m->spec.bins;
  for (int64_t i = 0; i < y->p.count; i++) {
    const int64_t start = aus_patch_start(m->in.fe, &y->p, i), first = aus_l2i_first_frame(&m->spectrum, start);
    AUS_TRY(is_vibi(m) ? vibi_patch(m, y, start) : lmac_patch(m, y, start));
    const float *says = is_vibi(m) ? aus_run_output(m->run, 0, NULL) : aus_sounding_logits(&m->f);
    for (int32_t c = 0; c < out->targets; c++) out->logits[c] += says[c] / (float)y->p.count;
    for (int64_t t = 0; t < m->spec.frames && first + t < out->frames; t++) {
      count[first + t]++;
      for (int32_t b = 0; b < bins; b++) {
        out->mask[(first + t) * bins + b] += m->keep[t * bins + b];
        out->order[(first + t) * bins + b] += m->order[t * bins + b];
      }
    }
  }
  for (int64_t t = 0; t < out->frames; t++)
    for (int32_t b = 0; count[t] > 1 && b < bins; b++) {
      out->mask[t * bins + b] /= (float)count[t];
      out->order[t * bins + b] /= (float)count[t];
    }
  return AUS_OK;
}

static aus_status read_sound(aus_masker *m, int64_t n, const float *x, float gain, aus_mask *out)
{
  const aus_frontend *fe = m->in.fe;
  sound y = { .x = x, .samples = n, .gain = gain, .p = aus_frontend_patches(fe, n) };
  *out = (aus_mask){ .ctx = m->ctx, .frames = aus_stft_frames(m->spectrum.stft, n), .bins = m->spec.bins, .targets = m->spec.classes };
  const size_t all = (size_t)out->frames * (size_t)out->bins;
  AUS_TRY(aus_frontend_floor(fe, n, x, &y.floor));
  out->mask = aus_alloc_zero(m->ctx, all, sizeof(float));
  out->order = aus_alloc_zero(m->ctx, all, sizeof(float));
  out->logits = aus_alloc_zero(m->ctx, (size_t)out->targets, sizeof(float));
  int32_t *count = aus_alloc_zero(m->ctx, (size_t)out->frames, sizeof *count);
  const aus_status status = out->mask && out->order && out->logits && count ? lay_patches(m, &y, out, count) : AUS_ENOMEM;
  aus_free(m->ctx, count);
  return status;
}

aus_status aus_masker_read(aus_masker *m, int64_t samples, const float *x, aus_mask *out)
{
  const aus_frontend *fe = m->in.fe;
  const int64_t n = samples > fe->least_samples ? samples : fe->least_samples;
  float *longer = NULL;
  memset(out, 0, sizeof *out);
  if (samples < 1) return aus_fail(m->ctx, AUS_EINVAL, "the sound to mask has no samples");
  for (int64_t i = 0; i < samples; i++)
    if (!isfinite(x[i])) return aus_fail(m->ctx, AUS_EINVAL, "sample %lld of the sound is not a finite number", (long long)i);
  if (n > samples) {
    longer = aus_alloc(m->ctx, (size_t)n, sizeof *longer);
    if (!longer) return AUS_ENOMEM;
    aus_pad_short(samples, x, fe->repeat, n, longer);
  }
  const aus_status status = read_sound(m, n, longer ? longer : x, aus_l2i_gain(samples, x), out);
  aus_free(m->ctx, longer);
  if (status != AUS_OK) aus_mask_free(out);
  return status;
}

void aus_mask_free(aus_mask *mask)
{
  if (!mask->ctx) return;
  aus_free(mask->ctx, mask->mask);
  aus_free(mask->ctx, mask->order);
  aus_free(mask->ctx, mask->logits);
  *mask = (aus_mask){ 0 };
}
