/* frontend.c - reads a front end's description, cuts inputs into patches, computes bands.
 *
 * The formulas are docs/format.md's; what they are made of is src/dsp's. A wrong front end gives
 * plausible and wrong answers, so an unknown word is an error, never a default. */
#include "model/frontend.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BANDS = 1 << 16, MOST_FFT = 1 << 20, FLOOR_FRAMES = 1024 };

/* ---- words --------------------------------------------------------------------------------------- */

/* The index of the value of a key in a list of words ended by NULL; fallback -1: the key must be there. */
static aus_status word(aus_ctx *ctx, const aus_bundle *b, const char *key, const char *const *words, int fallback, int *out)
{
  const char *s = aus_meta_string(b, key, NULL);
  *out = fallback;
  if (!s && fallback >= 0) return AUS_OK;
  for (int i = 0; s && words[i]; i++)
    if (strcmp(words[i], s) == 0) { *out = i; return AUS_OK; }
  if (!s) return aus_fail(ctx, AUS_EFORMAT, "the model's metadata lack %s", key);
  return aus_fail(ctx, AUS_ENOTSUP, "the model's %s is '%s', which this version does not know", key, s);
}

static aus_status integer(aus_ctx *ctx, const aus_bundle *b, const char *key, int64_t fallback, int64_t least, int64_t most, int64_t *out)
{
  *out = aus_meta_integer(b, key, fallback);
  if (*out >= least && *out <= most) return AUS_OK;
  return aus_fail(ctx, AUS_EFORMAT, "the model's %s is %lld; %lld to %lld makes sense", key, (long long)*out, (long long)least, (long long)most);
}

static const char *const layouts[] = { "time_mel", "mel_time", "time_mel_3d", "mel_time_3d", "waveform", "waveform_3d", NULL };
static const char *const windows[] = { "hann", "hann_symmetric", "hamming", "sqrt_hann", "rectangular", NULL };
static const char *const centers[] = { "none", "reflect", "zero", NULL };
static const char *const logs[] = { "none", "log10_1p", "db", "db_power2", "ln_offset", "ln_max", NULL };
static const char *const tails[] = { "drop", "pad", "overlap", NULL };
static const char *const shorts[] = { "zero", "repeat", NULL };
static const char *const scales[] = { "slaney", "htk", NULL };
static const char *const norms[] = { "none", "slaney", NULL };

/* ---- the spectral part --------------------------------------------------------------------------------- */

static aus_status make_stft(aus_frontend *fe, const aus_bundle *b)
{
  int64_t n_fft, win, hop;
  int window, center;
  AUS_TRY(integer(fe->ctx, b, "frontend.n_fft", 0, 1, MOST_FFT, &n_fft));
  AUS_TRY(integer(fe->ctx, b, "frontend.win_length", n_fft, 1, n_fft, &win));
  AUS_TRY(integer(fe->ctx, b, "frontend.hop", 0, 1, MOST_FFT, &hop));
  AUS_TRY(word(fe->ctx, b, "frontend.window", windows, 0, &window));
  AUS_TRY(word(fe->ctx, b, "frontend.center", centers, 1, &center));
  const aus_stft_config config = { (int32_t)n_fft, (int32_t)win, (int32_t)hop, (aus_window)window, (aus_center)center };
  aus_stft_config inner = config;
  inner.center = AUS_CENTER_NONE;
  AUS_TRY(aus_stft_create(fe->ctx, &config, &fe->stft));
  AUS_TRY(aus_stft_create(fe->ctx, &inner, &fe->segment));
  fe->n_fft = (int32_t)n_fft;
  fe->hop = (int32_t)hop;
  fe->pad = center == AUS_CENTER_NONE ? 0 : (int32_t)(n_fft / 2);
  fe->reflect = center == AUS_CENTER_REFLECT;
  fe->bins = aus_stft_bins(fe->stft);
  fe->power = aus_meta_real(b, "frontend.power", 2);
  if (fe->power != 1 && fe->power != 2) return aus_fail(fe->ctx, AUS_ENOTSUP, "the model's frontend.power is %g; 1 and 2 are known", fe->power);
  return AUS_OK;
}

/* fb[bands][bins] from a tensor [bins, bands]; hz: the centre of mass of each. */
static aus_status bank_from_tensor(aus_frontend *fe, const aus_bundle *b, int32_t tensor, float **fb)
{
  aus_tensor_info info;
  AUS_TRY(aus_bundle_tensor(b, tensor, &info));
  if (info.rank != 2 || info.dim[0] != fe->bins || info.dim[1] > MOST_BANDS)
    return aus_fail(fe->ctx, AUS_EFORMAT, "the model's filterbank is not [%d, bands]", fe->bins);
  const float *t = aus_bundle_tensor_f32(b, tensor);
  fe->bands = (int32_t)info.dim[1];
  *fb = aus_alloc(fe->ctx, (size_t)fe->bands * (size_t)fe->bins, sizeof(float));
  fe->hz = aus_alloc(fe->ctx, (size_t)fe->bands, sizeof(float));
  if (!*fb || !fe->hz) return AUS_ENOMEM;
  for (int32_t m = 0; m < fe->bands; m++) {
    double sum = 0, moment = 0;
    for (int32_t k = 0; k < fe->bins; k++) {
      const float v = t[(size_t)k * (size_t)fe->bands + (size_t)m];
      (*fb)[(size_t)m * (size_t)fe->bins + (size_t)k] = v;
      sum += fabsf(v);
      moment += fabsf(v) * (double)k;
    }
    fe->hz[m] = (float)(sum > 0 ? moment / sum * fe->rate / fe->n_fft : 0);
  }
  return AUS_OK;
}

static aus_status bank_from_formula(aus_frontend *fe, const aus_bundle *b, float **fb)
{
  int64_t mels;
  int scale, norm;
  AUS_TRY(integer(fe->ctx, b, "frontend.mels", 0, 1, MOST_BANDS, &mels));
  AUS_TRY(word(fe->ctx, b, "frontend.mel_scale", scales, -1, &scale));
  AUS_TRY(word(fe->ctx, b, "frontend.mel_norm", norms, -1, &norm));
  const double fmin = aus_meta_real(b, "frontend.fmin", 0), fmax = aus_meta_real(b, "frontend.fmax", fe->rate / 2.0);
  fe->bands = (int32_t)mels;
  *fb = aus_alloc(fe->ctx, (size_t)fe->bands * (size_t)fe->bins, sizeof(float));
  fe->hz = aus_alloc(fe->ctx, (size_t)fe->bands, sizeof(float));
  if (!*fb || !fe->hz) return AUS_ENOMEM;
  AUS_TRY(aus_mel_filterbank(fe->ctx, fe->rate, fe->n_fft, fe->bands, fmin, fmax, (aus_mel_scale)scale, (aus_mel_norm)norm, *fb));
  aus_mel_centres(fe->bands, fmin, fmax, (aus_mel_scale)scale, fe->hz);
  return AUS_OK;
}

/* stft: each bin is its own band. */
static aus_status bank_of_bins(aus_frontend *fe, float **fb)
{
  fe->bands = fe->bins;
  *fb = aus_alloc_zero(fe->ctx, (size_t)fe->bins * (size_t)fe->bins, sizeof(float));
  fe->hz = aus_alloc(fe->ctx, (size_t)fe->bins, sizeof(float));
  if (!*fb || !fe->hz) return AUS_ENOMEM;
  for (int32_t k = 0; k < fe->bins; k++) {
    (*fb)[(size_t)k * (size_t)fe->bins + (size_t)k] = 1;
    fe->hz[k] = (float)((double)k * fe->rate / fe->n_fft);
  }
  return AUS_OK;
}

static aus_status make_bank(aus_frontend *fe, const aus_bundle *b, bool mel)
{
  const char *name = aus_meta_string(b, "frontend.filterbank", NULL);
  const int32_t tensor = name ? aus_bundle_find_tensor(b, name) : -1;
  if (name && tensor < 0) return aus_fail(fe->ctx, AUS_EFORMAT, "the model names a filterbank '%s' that it does not hold", name);
  float *fb = NULL;
  aus_status status = tensor >= 0 ? bank_from_tensor(fe, b, tensor, &fb) : mel ? bank_from_formula(fe, b, &fb) : bank_of_bins(fe, &fb);
  if (status == AUS_OK) status = aus_bank_create(fe->ctx, fe->bands, fe->bins, fb, &fe->bank);
  aus_free(fe->ctx, fb);
  return status;
}

static aus_status read_log(aus_frontend *fe, const aus_bundle *b)
{
  int kind;
  AUS_TRY(word(fe->ctx, b, "frontend.log", logs, 0, &kind));
  fe->log = (aus_log_config){ .kind = (aus_log_kind)kind, .scale = aus_meta_real(b, "frontend.log_scale", 1),
                              .amin = aus_meta_real(b, "frontend.amin", 1e-10), .offset = aus_meta_real(b, "frontend.offset", 1e-6),
                              .half = aus_meta_integer(b, "frontend.half", 0) != 0 };
  fe->top_db = aus_meta_real(b, "frontend.top_db", 0);
  if (fe->log.scale > 0 && fe->log.amin > 0 && fe->log.offset > 0 && isfinite(fe->log.scale) && isfinite(fe->top_db)) return AUS_OK;
  return aus_fail(fe->ctx, AUS_EFORMAT, "the model's logarithm makes no sense (scale %g, amin %g, offset %g)", fe->log.scale, fe->log.amin, fe->log.offset);
}

/* ---- all of it ------------------------------------------------------------------------------------------- */

static aus_status read_patches(aus_frontend *fe, const aus_bundle *b)
{
  int tail, padding;
  int64_t samples;
  const char *key = fe->waveform ? "frontend.patch_samples" : "frontend.patch_frames";
  AUS_TRY(integer(fe->ctx, b, key, 0, 0, INT32_MAX, &fe->patch));
  AUS_TRY(integer(fe->ctx, b, "frontend.patch_hop_frames", fe->patch, fe->patch ? 1 : 0, INT32_MAX, &fe->patch_hop));
  AUS_TRY(integer(fe->ctx, b, "frontend.patch_samples", 0, 0, INT32_MAX, &samples));
  AUS_TRY(word(fe->ctx, b, "frontend.tail", tails, 0, &tail));
  AUS_TRY(word(fe->ctx, b, "frontend.short", shorts, 0, &padding));
  fe->tail = (aus_tail)tail;
  fe->repeat = padding == 1;
  /* the fewest samples that give a whole patch: frames - 1 hops, and what the first frame needs */
  const int64_t frames = fe->patch ? fe->patch : 1;
  int64_t least = fe->waveform ? frames : (frames - 1) * fe->hop + (fe->n_fft - 2 * fe->pad > 0 ? fe->n_fft - 2 * fe->pad : 0);
  if (least < 1) least = 1;
  fe->least_samples = samples > least ? samples : least;
  return AUS_OK;
}

static aus_status fill(aus_frontend *fe, const aus_bundle *b)
{
  const char *kind = aus_meta_string(b, "frontend", "none");
  const bool mel = strcmp(kind, "mel") == 0;
  int64_t rate;
  int layout;
  fe->waveform = strcmp(kind, "waveform") == 0;
  if (!mel && !fe->waveform && strcmp(kind, "stft") != 0)
    return aus_fail(fe->ctx, AUS_ENOTSUP, "the network has the front end '%s': it does not take sound (`auscult model run` can run it)", kind);
  AUS_TRY(integer(fe->ctx, b, "frontend.rate", 0, 1, 1 << 24, &rate));
  AUS_TRY(word(fe->ctx, b, "frontend.layout", layouts, fe->waveform ? 4 : 0, &layout));
  if ((layout >= 4) != fe->waveform) return aus_fail(fe->ctx, AUS_EFORMAT, "the layout '%s' does not go with the front end '%s'", layouts[layout], kind);
  fe->rate = (int32_t)rate;
  fe->transposed = layout == 1 || layout == 3;
  fe->rank = (const int32_t[]){ 4, 4, 3, 3, 2, 3 }[layout];
  const int32_t stems = aus_meta_count(b, "frontend.stems");
  fe->channels = stems > 0 ? stems : 1;
  if (fe->channels > 1 && layout >= 2 && layout != 5)
    return aus_fail(fe->ctx, AUS_EFORMAT, "the layout '%s' has no place for %d stems", layouts[layout], stems);
  fe->bands = 1;
  if (!fe->waveform) {
    AUS_TRY(make_stft(fe, b));
    AUS_TRY(make_bank(fe, b, mel));
    AUS_TRY(read_log(fe, b));
  }
  return read_patches(fe, b);
}

aus_status aus_frontend_create(aus_ctx *ctx, const aus_bundle *bundle, aus_frontend **out)
{
  *out = NULL;
  aus_frontend *fe = AUS_NEW(ctx, aus_frontend);
  if (!fe) return AUS_ENOMEM;
  fe->ctx = ctx;
  const aus_status status = fill(fe, bundle);
  if (status != AUS_OK) { aus_frontend_destroy(fe); return status; }
  *out = fe;
  return AUS_OK;
}

void aus_frontend_destroy(aus_frontend *fe)
{
  if (!fe) return;
  aus_stft_destroy(fe->stft);
  aus_stft_destroy(fe->segment);
  aus_bank_destroy(fe->ctx, fe->bank);
  aus_free(fe->ctx, fe->hz);
  aus_free(fe->ctx, fe);
}

void aus_frontend_describe(const aus_frontend *fe, char *to, size_t size)
{
  char patch[32] = "";
  if (fe->patch) snprintf(patch, sizeof patch, " x %lld", (long long)fe->patch);
  if (fe->waveform) snprintf(to, size, "waveform, %g kHz%s%s", fe->rate / 1e3, fe->patch ? ", samples" : "", fe->patch ? patch + 2 : "");
  else snprintf(to, size, "%s%s %d%s, %g kHz, n_fft %d, hop %d", fe->log.kind ? "log-" : "", fe->bands == fe->bins ? "spectrum" : "mel", fe->bands,
                patch, fe->rate / 1e3, fe->n_fft, fe->hop);
}

void aus_frontend_unit(const aus_frontend *fe, char to[32])
{
  const char *p = fe->power == 2 ? "power" : "magnitude";
  char s[96];
  switch (fe->log.kind) {
  case AUS_LOG10_1P: snprintf(s, sizeof s, "log10(1 + %.6g %s)", fe->log.scale, p); break;
  case AUS_LOG_DB: snprintf(s, sizeof s, "10 log10 %s", p); break;
  case AUS_LOG_DB_POWER2: snprintf(s, sizeof s, "20 log10 %s", p); break;
  case AUS_LOG_LN_OFFSET: snprintf(s, sizeof s, "ln(%s + %.3g)", p, fe->log.offset); break;
  case AUS_LOG_LN_MAX: snprintf(s, sizeof s, "ln %s", p); break;
  default: snprintf(s, sizeof s, "%s", p);
  }
  s[31] = '\0';
  memcpy(to, s, 32);
}

/* ---- patches ----------------------------------------------------------------------------------------------- */

aus_patches aus_frontend_patches(const aus_frontend *fe, int64_t samples)
{
  aus_patches p = { .samples = samples, .frames = fe->waveform ? samples : aus_stft_frames(fe->stft, samples), .count = 1 };
  p.length = fe->patch ? fe->patch : p.frames;
  const int64_t over = p.frames - p.length;
  if (over > 0) p.count += fe->tail == AUS_TAIL_DROP ? over / fe->patch_hop : (over + fe->patch_hop - 1) / fe->patch_hop;
  return p;
}

int64_t aus_patch_start(const aus_frontend *fe, const aus_patches *p, int64_t i)
{
  const int64_t start = i * fe->patch_hop, last = p->frames - p->length;
  return fe->tail == AUS_TAIL_OVERLAP && start > last && last > 0 ? last : start;
}

int64_t aus_frontend_floats(const aus_frontend *fe, int64_t length) { return fe->channels * length * fe->bands; }

aus_dims aus_frontend_dims(const aus_frontend *fe, int64_t mb, int64_t length)
{
  const int64_t a = fe->transposed ? fe->bands : length, b = fe->transposed ? length : fe->bands;
  if (fe->waveform) return fe->rank == 2 ? (aus_dims){ 2, { mb, length } } : (aus_dims){ 3, { mb, fe->channels, length } };
  return fe->rank == 3 ? (aus_dims){ 3, { mb, a, b } } : (aus_dims){ 4, { mb, fe->channels, a, b } };
}

/* ---- bands -------------------------------------------------------------------------------------------------- */

/* y[length][bands] of which the first `valid` frames are there: silence after them, the floor under all; turned into
 * turned[bands][length] when the network wants that. */
void aus_frontend_finish(const aus_frontend *fe, int64_t valid, int64_t length, float floor, float *y, float *turned)
{
  const int64_t n = length * fe->bands, have = valid * fe->bands;
  memset(y + have, 0, (size_t)(n - have) * sizeof *y);
  aus_log_apply(fe->ctx, &fe->log, n - have, y + have);
  if (floor > -INFINITY)
    for (int64_t i = 0; i < n; i++) y[i] = y[i] < floor ? floor : y[i];
  for (int32_t m = 0; turned && m < fe->bands; m++)
    for (int64_t t = 0; t < length; t++) turned[m * length + t] = y[t * fe->bands + m];
}

/* Frames [first, first + valid) as they come from the logarithm. */
static aus_status bands(const aus_frontend *fe, int64_t samples, const float *x, int64_t first, int64_t valid, float *y)
{
  return aus_stft_bands(fe->stft, samples, x, first, valid, fe->power, fe->bank, &fe->log, y);
}

static float largest(int64_t n, const float *y, float so_far)
{
  for (int64_t i = 0; i < n; i++) so_far = y[i] > so_far ? y[i] : so_far;
  return so_far;
}

aus_status aus_frontend_floor(const aus_frontend *fe, int64_t samples, const float *x, float *floor)
{
  *floor = -INFINITY;
  if (fe->waveform || fe->top_db <= 0) return AUS_OK;
  const int64_t frames = aus_stft_frames(fe->stft, samples), step = frames < FLOOR_FRAMES ? frames : FLOOR_FRAMES;
  float *y = aus_alloc(fe->ctx, (size_t)(step * fe->bands), sizeof *y), top = -INFINITY;
  aus_status status = y ? AUS_OK : AUS_ENOMEM;
  for (int32_t c = 0; status == AUS_OK && c < fe->channels; c++)
    for (int64_t t = 0; status == AUS_OK && t < frames; t += step) {
      const int64_t n = frames - t < step ? frames - t : step;
      status = bands(fe, samples, x + c * samples, t, n, y);
      if (status == AUS_OK) top = largest(n * fe->bands, y, top);
    }
  aus_free(fe->ctx, y);
  *floor = (float)(top - fe->top_db);
  return status;
}

aus_status aus_frontend_patch(const aus_frontend *fe, int64_t samples, const float *x, int64_t first, int64_t length,
                              float floor, float *scratch, float *y)
{
  const int64_t left = (fe->waveform ? samples : aus_stft_frames(fe->stft, samples)) - first, valid = left < length ? left : length;
  for (int32_t c = 0; c < fe->channels; c++) {
    const float *xc = x + c * samples;
    float *yc = y + c * length * fe->bands, *to = fe->transposed ? scratch : yc;
    if (fe->waveform) {
      memcpy(yc, xc + first, (size_t)valid * sizeof *yc);
      memset(yc + valid, 0, (size_t)(length - valid) * sizeof *yc);
      continue;
    }
    AUS_TRY(bands(fe, samples, xc, first, valid, to));
    aus_frontend_finish(fe, valid, length, floor, to, fe->transposed ? yc : NULL);
  }
  return AUS_OK;
}
