/* network.c - opens a separation network: what it hears, what it gives, in what shape (docs/format.md).
 *
 * Long sounds go through in patches. A network without memory gets patches that overlap (a quarter, or
 * separator.overlap) and are cross-faded; one with states (streaming networks: further inputs and outputs in pairs) gets
 * them one after the other, its states carried along. */
#include "sep/network.h"

#include <math.h>
#include <string.h>

enum { MOST_PATCH = 1 << 24 };

static aus_status pick(aus_ctx *ctx, const aus_bundle *b, const char *key, const char *const *words, const char *fallback, int *out)
{
  const char *s = aus_meta_string(b, key, fallback);
  if (!s) return aus_fail(ctx, AUS_EFORMAT, "the separator's metadata lack %s", key);
  for (*out = 0; words[*out]; ++*out)
    if (strcmp(words[*out], s) == 0) return AUS_OK;
  return aus_fail(ctx, AUS_ENOTSUP, "the separator's %s is '%s', which this version does not know", key, s);
}

/* ---- passes ------------------------------------------------------------------------------------ */

static int64_t elements(aus_dims d)
{
  int64_t n = 1;
  for (int32_t i = 0; i < d.rank; i++) n *= d.dim[i];
  return n;
}

aus_status sep_net_forward(sep_pass *pass)
{
  sep_net *n = pass->n;
  for (int32_t i = 1; i <= n->states; i++) {
    aus_dims dims;
    aus_run_output(n->run, i, &dims);
    memcpy(aus_run_input(n->run, i), pass->state[i - 1], (size_t)elements(dims) * sizeof(float));
  }
  AUS_TRY(aus_run_forward(n->run));
  for (int32_t i = 1; i <= n->states; i++) {
    aus_dims dims;
    const float *state = aus_run_output(n->run, i, &dims);
    memcpy(pass->state[i - 1], state, (size_t)elements(dims) * sizeof(float));
  }
  return AUS_OK;
}

float sep_net_fade(const sep_net *n, int64_t k, int64_t count, int64_t i)
{
  const int64_t overlap = n->patch - n->hop;
  if (k > 0 && i < overlap) return (float)(((double)i + 0.5) / (double)overlap);
  if (k + 1 < count && i >= n->hop) return (float)(1 - ((double)(i - n->hop) + 0.5) / (double)overlap);
  return 1;
}

int64_t sep_net_patches(const sep_net *n, int64_t length)
{
  return length <= n->patch ? 1 : (length - n->patch + n->hop - 1) / n->hop + 1;
}

/* ---- shapes --------------------------------------------------------------------------------------- */

/* Axes of the first input, -1 where a layout has none. */
typedef struct axes { const char *name; int rank, channel, time, bin, part; } axes;
static const axes known[] = {
  { "waveform", 2, -1, 1, -1, -1 },          { "waveform_3d", 3, 1, 2, -1, -1 },
  { "time_freq", 4, 1, 2, 3, -1 },           { "freq_time", 4, 1, 3, 2, -1 },
  { "time_freq_3d", 3, -1, 1, 2, -1 },       { "freq_time_3d", 3, -1, 2, 1, -1 },
  { "time_freq_complex", 4, -1, 1, 2, 3 },   { "freq_time_complex", 4, -1, 2, 1, 3 },
};

static aus_status find_layout(aus_ctx *ctx, const aus_bundle *b, const axes **out)
{
  const char *name = aus_meta_string(b, "frontend.layout", NULL);
  for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0) { *out = &known[i]; return AUS_OK; }
  return aus_fail(ctx, AUS_ENOTSUP, "the separator's frontend.layout is '%s', which this version does not know", name ? name : "missing");
}

/* Fills in the free sizes of the first input: batch 1, one channel, the patch, all bins. */
static aus_status settle_shape(sep_net *n, const axes *a, aus_dims *d)
{
  aus_ctx *ctx = n->s->ctx;
  if (d->rank != a->rank) return aus_fail(ctx, AUS_EFORMAT, "layout %s has %d axes, the network's input %d", a->name, a->rank, d->rank);
  if (d->dim[0] < 0) d->dim[0] = 1;
  if (a->channel >= 0 && d->dim[a->channel] < 0) d->dim[a->channel] = 1;
  if (a->part >= 0 && d->dim[a->part] < 0) d->dim[a->part] = 2;
  if (a->bin >= 0 && d->dim[a->bin] < 0) d->dim[a->bin] = aus_stft_bins(n->stft);
  if (d->dim[a->time] < 0) d->dim[a->time] = n->patch;
  if (n->patch != d->dim[a->time] && n->patch > 0 && aus_graph_input_dims(n->bundle, 0).dim[a->time] >= 0)
    return aus_fail(ctx, AUS_EFORMAT, "the separator takes patches of %lld, its metadata say %lld", (long long)d->dim[a->time], (long long)n->patch);
  n->patch = d->dim[a->time];
  n->channels = a->channel >= 0 ? (int32_t)d->dim[a->channel] : 1;
  n->bins = a->bin >= 0 ? (int32_t)d->dim[a->bin] : 1;
  n->complex_in = a->part >= 0;
  if (d->dim[0] != 1 || n->channels < 1 || n->channels > 2 || (n->complex_in && d->dim[a->part] != 2) || n->patch < 1 || n->patch > MOST_PATCH)
    return aus_fail(ctx, AUS_ENOTSUP, "the separator's input is no patch of one sound of one or two channels");
  if (n->stft && n->bins > aus_stft_bins(n->stft))
    return aus_fail(ctx, AUS_EFORMAT, "the separator hears %d bins, its front end gives %d", n->bins, aus_stft_bins(n->stft));
  return AUS_OK;
}

static sep_layout strides(const axes *a, const aus_dims *d, int parts)
{
  int64_t stride[7], at = parts; /* parts: elements behind each place, when the output is complex and the input is not */
  for (int32_t i = d->rank - 1; i >= 0; i--) {
    stride[i] = at;
    at *= d->dim[i];
  }
  return (sep_layout){ .channel = a->channel >= 0 ? stride[a->channel] : 0, .time = stride[a->time],
                       .bin = a->bin >= 0 ? stride[a->bin] : 0, .part = a->part >= 0 ? stride[a->part] : 1 };
}

/* What the output holds per stem: as many reals as places, or twice (re, im last). */
static aus_status settle_output(sep_net *n, const axes *a, const aus_dims *in)
{
  aus_ctx *ctx = n->s->ctx;
  aus_dims out, places = *in;
  aus_run_output(n->run, 0, &out);
  if (a->part >= 0) places.rank--; /* re, im is the last axis of every complex layout */
  const int64_t each = elements(places), stems = n->s->info.n_stems, got = elements(out);
  n->complex_out = !n->waveform && got == 2 * each * stems;
  n->out_stem = n->complex_out ? 2 * each : each;
  if (n->gives == SEP_RATIO && (n->complex_out || n->complex_in))
    return aus_fail(ctx, AUS_ENOTSUP, "a separator whose magnitudes become masks hears and gives real numbers");
  if (got != n->out_stem * stems)
    return aus_fail(ctx, AUS_EFORMAT, "the separator's output has %lld numbers; %lld stems of %lld are expected", (long long)got,
                    (long long)stems, (long long)each);
  axes real = *a;
  real.part = -1;
  n->out_layout = strides(&real, &places, n->complex_out ? 2 : 1);
  return AUS_OK;
}

/* Inputs and outputs from the second on must pair up as states. */
static aus_status settle_states(sep_net *n, aus_dims *dims)
{
  aus_ctx *ctx = n->s->ctx;
  n->states = aus_graph_inputs(n->bundle) - 1;
  if (n->states > 15 || (n->states > 0 && aus_graph_outputs(n->bundle) - 1 != n->states))
    return aus_fail(ctx, AUS_ENOTSUP, "the separator has %d inputs and %d outputs, which do not pair up as states",
                    aus_graph_inputs(n->bundle), aus_graph_outputs(n->bundle));
  for (int32_t i = 1; i <= n->states; i++) {
    dims[i] = aus_graph_input_dims(n->bundle, i);
    for (int32_t k = 0; k < dims[i].rank; k++)
      if (dims[i].dim[k] < 1) return aus_fail(ctx, AUS_ENOTSUP, "the separator's state '%s' has no fixed size", aus_graph_input_name(n->bundle, i));
  }
  return AUS_OK;
}

static aus_status check_states(sep_net *n, const aus_dims *in)
{
  for (int32_t i = 1; i <= n->states; i++) {
    aus_dims out;
    aus_run_output(n->run, i, &out);
    if (elements(out) != elements(in[i]))
      return aus_fail(n->s->ctx, AUS_EFORMAT, "the separator's state '%s' changes its size", aus_graph_input_name(n->bundle, i));
  }
  return AUS_OK;
}

/* ---- metadata --------------------------------------------------------------------------------------- */

static aus_status read_stft(sep_net *n)
{
  static const char *const windows[] = { "hann", "hann_symmetric", "hamming", "sqrt_hann", "rectangular", NULL };
  static const char *const centers[] = { "none", "reflect", "zero", "lead", NULL };
  enum { LEAD = 3 };
  static const char *const logs[] = { "none", "log10_1p", "db", "db_power2", "ln_offset", "ln_max", NULL };
  const aus_bundle *b = n->bundle;
  aus_ctx *ctx = n->s->ctx;
  int window = 0, center = 0, log = 0;
  AUS_TRY(pick(ctx, b, "frontend.window", windows, "hann", &window));
  AUS_TRY(pick(ctx, b, "frontend.center", centers, "reflect", &center));
  AUS_TRY(pick(ctx, b, "frontend.log", logs, "none", &log));
  const int64_t n_fft = aus_meta_integer(b, "frontend.n_fft", 0), win = aus_meta_integer(b, "frontend.win_length", n_fft);
  const int64_t hop = aus_meta_integer(b, "frontend.hop", 0);
  if (n_fft < 2 || n_fft > 1 << 20 || win < 1 || win > n_fft || hop < 1 || hop > n_fft)
    return aus_fail(ctx, AUS_EFORMAT, "the separator's frames make no sense: n_fft %lld, win_length %lld, hop %lld", (long long)n_fft,
                    (long long)win, (long long)hop);
  if (center == AUS_CENTER_NONE)
    return aus_fail(ctx, AUS_ENOTSUP, "a separator whose frames are not centred cannot give back the ends of a sound");
  n->power = aus_meta_real(b, "frontend.power", 1);
  n->log = (aus_log_config){ .kind = (aus_log_kind)log, .scale = aus_meta_real(b, "frontend.log_scale", 1),
                             .amin = aus_meta_real(b, "frontend.amin", 1e-10), .offset = aus_meta_real(b, "frontend.offset", 1e-6) };
  if ((n->power != 1 && n->power != 2) || !(n->log.scale > 0 && n->log.amin > 0 && n->log.offset > 0))
    return aus_fail(ctx, AUS_EFORMAT, "the separator's frontend.power or logarithm makes no sense");
  if (center == LEAD) n->lead = n_fft;
  const aus_stft_config config = { (int32_t)n_fft, (int32_t)win, (int32_t)hop, (aus_window)window, center == LEAD ? AUS_CENTER_NONE : (aus_center)center };
  n->config = config;
  return aus_stft_create(ctx, &config, &n->stft);
}

/* Tiles of the inverse begin where patches do, so that a sound cut on the grid of the patches gives the same bits. */
static aus_status align_tiles(sep_net *n)
{
  const int64_t overlap = (n->config.n_fft + n->config.hop - 1) / n->config.hop;
  int64_t hops = n->hop < 64 ? n->hop : 64;
  while (n->hop % hops) hops--;
  if (hops < overlap) return AUS_OK; /* a network that hears frame by frame: any place will do */
  aus_stft_destroy(n->stft);
  n->stft = NULL;
  return aus_stft_create_tiled(n->s->ctx, &n->config, hops, &n->stft);
}

static aus_status read_stems(sep_net *n)
{
  aus_ctx *ctx = n->s->ctx;
  const int32_t count = aus_meta_count(n->bundle, "labels");
  if (count < 1 || count > 64) return aus_fail(ctx, AUS_EFORMAT, "the separator names %d stems: 1 to 64 are expected as its labels", count);
  n->stems = aus_alloc(ctx, (size_t)count, sizeof *n->stems);
  if (!n->stems) return AUS_ENOMEM;
  for (int32_t i = 0; i < count; i++) n->stems[i] = aus_meta_string_at(n->bundle, "labels", i);
  n->s->info.n_stems = count;
  n->s->info.stems = n->stems;
  return AUS_OK;
}

static aus_status read_meta(sep_net *n)
{
  static const char *const gives[] = { "mask", "wave", "spectrum", "ratio", NULL };
  static const char *const extend[] = { "zeros", "average", NULL }, *const refine[] = { "none", "wiener", NULL };
  static const char *const frontends[] = { "waveform", "stft", NULL };
  aus_ctx *ctx = n->s->ctx;
  const aus_bundle *b = n->bundle;
  if (strcmp(aus_meta_string(b, "kind", ""), "separator") != 0)
    return aus_fail(ctx, AUS_ENOTSUP, "this file holds a %s, not a separator", aus_meta_string(b, "kind", "network"));
  int what = 0, front = 0, average = 0, wiener = 0;
  AUS_TRY(pick(ctx, b, "separator.gives", gives, NULL, &what));
  AUS_TRY(pick(ctx, b, "frontend", frontends, NULL, &front));
  AUS_TRY(pick(ctx, b, "separator.extend", extend, "zeros", &average));
  AUS_TRY(pick(ctx, b, "separator.refine", refine, "none", &wiener));
  n->gives = (sep_gives)what;
  n->average = average && n->gives == SEP_RATIO;
  n->wiener = wiener && n->gives == SEP_RATIO;
  n->exponent = (float)aus_meta_real(b, "separator.exponent", 2);
  if (!(n->exponent > 0 && n->exponent <= 10)) return aus_fail(ctx, AUS_EFORMAT, "the separator's separator.exponent makes no sense: above 0, at most 10");
  n->waveform = front == 0;
  if (n->waveform != (n->gives == SEP_WAVE))
    return aus_fail(ctx, AUS_ENOTSUP, "a separator with front end '%s' that gives a %s is not known here", frontends[front], gives[what]);
  const int64_t rate = aus_meta_integer(b, "frontend.rate", 0);
  if (rate < 1 || rate > 10000000) return aus_fail(ctx, AUS_EFORMAT, "the separator's frontend.rate is %lld", (long long)rate);
  n->s->info.rate = (int32_t)rate;
  AUS_TRY(read_stems(n));
  if (!n->waveform) AUS_TRY(read_stft(n));
  n->patch = aus_meta_integer(b, n->waveform ? "frontend.patch_samples" : "frontend.patch_frames", 0);
  if (n->patch < 0 || n->patch > MOST_PATCH) return aus_fail(ctx, AUS_EFORMAT, "the separator's patch of %lld makes no sense", (long long)n->patch);
  return AUS_OK;
}

static aus_status prepare(sep_net *n)
{
  aus_ctx *ctx = n->s->ctx;
  const axes *a = NULL;
  aus_dims dims[16] = { 0 };
  AUS_TRY(read_meta(n));
  AUS_TRY(find_layout(ctx, n->bundle, &a));
  if (n->waveform != (a->bin < 0)) return aus_fail(ctx, AUS_EFORMAT, "the separator's layout %s does not fit its front end", a->name);
  if (aus_graph_inputs(n->bundle) < 1 || aus_graph_outputs(n->bundle) < 1) return aus_fail(ctx, AUS_EFORMAT, "the separator has no input or no output");
  dims[0] = aus_graph_input_dims(n->bundle, 0);
  if (n->patch == 0 && dims[0].rank > a->time && dims[0].dim[a->time] < 0) n->patch = n->waveform ? 10 * (int64_t)n->s->info.rate : 512;
  AUS_TRY(settle_shape(n, a, &dims[0]));
  AUS_TRY(settle_states(n, dims));
  AUS_TRY(aus_run_create(ctx, n->bundle, dims, NULL, 0, &n->run));
  n->layout = strides(a, &dims[0], 1);
  AUS_TRY(settle_output(n, a, &dims[0]));
  AUS_TRY(check_states(n, dims));
  const double overlap = n->states ? 0 : aus_meta_real(n->bundle, "separator.overlap", 0.25);
  if (!(overlap >= 0 && overlap <= 0.5)) return aus_fail(ctx, AUS_EFORMAT, "the separator's overlap is %g: 0 to 0.5 makes sense", overlap);
  n->hop = n->patch - (int64_t)(overlap * (double)n->patch);
  n->s->together = n->channels;
  return n->waveform ? AUS_OK : align_tiles(n);
}

/* ---- the noun ------------------------------------------------------------------------------------------ */

static void net_end(sep_pass *pass)
{
  if (!pass) return;
  for (int32_t i = 0; pass->state && i < pass->n->states; i++) aus_free(pass->ctx, pass->state[i]);
  aus_free(pass->ctx, pass->state);
  pass->end(pass);
  aus_free(pass->ctx, pass);
}

static aus_status make_states(sep_pass *pass)
{
  const sep_net *n = pass->n;
  if (!n->states) return AUS_OK;
  if (!(pass->state = aus_alloc_zero(pass->ctx, (size_t)n->states, sizeof *pass->state))) return AUS_ENOMEM;
  for (int32_t i = 0; i < n->states; i++) {
    aus_dims dims;
    aus_run_output(n->run, i + 1, &dims);
    if (!(pass->state[i] = aus_alloc_zero(pass->ctx, (size_t)elements(dims), sizeof(float)))) return AUS_ENOMEM;
  }
  return AUS_OK;
}

static aus_status net_begin(aus_separator *s, const sep_input *in, sep_pass **out)
{
  sep_net *n = s->state;
  aus_status status = n->waveform ? sep_net_waves(s->ctx, n, in, out) : sep_net_spectra(s->ctx, n, in, out);
  if (status == AUS_OK) status = make_states(*out);
  if (status != AUS_OK) {
    net_end(*out);
    *out = NULL;
  }
  return status;
}

static aus_status net_next(sep_pass *pass, sep_piece *piece) { return pass->next(pass, piece); }

static void net_close(aus_separator *s)
{
  sep_net *n = s->state;
  aus_run_destroy(n->run);
  aus_stft_destroy(n->stft);
  aus_free(s->ctx, n->stems);
  aus_bundle_close(n->bundle);
  aus_free(s->ctx, n);
}

static aus_status open_bundle(aus_ctx *ctx, aus_bundle *bundle, aus_separator **out)
{
  aus_separator *s = AUS_NEW(ctx, aus_separator);
  sep_net *n = AUS_NEW(ctx, sep_net);
  if (!s || !n) {
    aus_free(ctx, s);
    aus_free(ctx, n);
    aus_bundle_close(bundle);
    return AUS_ENOMEM;
  }
  *n = (sep_net){ .s = s, .bundle = bundle };
  *s = (aus_separator){ .ctx = ctx, .ops = { .begin = net_begin, .next = net_next, .end = net_end, .close = net_close }, .together = 1, .state = n,
                        .info = { .name = aus_meta_string(bundle, "name", "network"), .licence = aus_meta_string(bundle, "licence", ""),
                                  .source = aus_meta_string(bundle, "source", ""), .sha256 = aus_bundle_sha256(bundle) } };
  const aus_status status = prepare(n);
  if (status == AUS_OK) *out = s;
  else aus_separator_close(s);
  return status;
}

aus_status aus_separator_open(aus_ctx *ctx, const char *path, aus_separator **out)
{
  *out = NULL;
  aus_bundle *bundle = NULL;
  AUS_TRY(aus_bundle_open(ctx, path, &bundle));
  return open_bundle(ctx, bundle, out);
}

aus_status aus_separator_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_separator **out)
{
  *out = NULL;
  aus_bundle *bundle = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, bytes, size, &bundle));
  return open_bundle(ctx, bundle, out);
}

aus_status aus_separator_wiener(aus_separator *s, int on)
{
  sep_net *n = s->ops.begin == net_begin ? s->state : NULL;
  if (!n || n->gives != SEP_RATIO)
    return aus_fail(s->ctx, AUS_ENOTSUP, "%s gives no magnitudes that a Wiener filter could start from", s->info.name);
  n->wiener = on != 0;
  return AUS_OK;
}
