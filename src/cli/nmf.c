/* nmf.c - auscult nmf: a sound's spectrogram, or any non-negative array, as atoms and when they sound. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"
#include "format/npy.h"
#include "sep/sep.h"

#include <auscult/audio.h>
#include <auscult/dsp.h>
#include <auscult/nmf.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { INIT_UNIFORM }; /* the others are aus_nmf_init + 1 */

static const cli_option options[] = {
  { "atoms", 'k', CLI_INTEGER, "K", "0", 0, 4096, CLI_AT(nmf.atoms), "how many to learn; 0: 8, or none beside a --dictionary" },
  { "beta", 0, CLI_REAL, "B", "1", -4, 4, CLI_AT(nmf.beta), "the divergence: 2 Euclidean, 1 Kullback-Leibler, 0 Itakura-Saito, or any between" },
  { "mu", 0, CLI_REAL, "MU", "0", 0, 1e9, CLI_AT(nmf.mu), "sparsity: weight of the sum of all activations" },
  { "plain", 0, CLI_FLAG, "", NULL, 0, 0, CLI_AT(nmf.plain), "columns of any norm, scikit-learn's objective; without it, norm one inside the objective" },
  { "init", 0, CLI_CHOICE, "uniform|random|nndsvd|nndsvda", "uniform", 0, 0, CLI_AT(nmf.init), "where it starts: drawn (0 to 1, or scikit-learn's law), or from singular vectors" },
  { "iterations", 0, CLI_INTEGER, "N", "200", 0, 1000000, CLI_AT(nmf.iterations), "at most so many" },
  { "tolerance", 0, CLI_REAL, "T", "1e-5", 0, 1, CLI_AT(nmf.tolerance), "stop when ten iterations change the objective by less, relatively; 0: never" },
  { "dictionary", 0, CLI_TEXT, "W.npy", NULL, 0, 0, CLI_AT(nmf.dictionary), "atoms that are known: [bins, atoms]; they stay as they are" },
  { "merge", 0, CLI_REAL, "COSINE", "1", 0, 1, CLI_AT(nmf.merge), "join atoms more alike than this; 1: none" },
  { "seed", 0, CLI_INTEGER, "S", "1", 0, 1e15, CLI_AT(seed), "for what is drawn; the same seed gives the same bits, whatever the threads" },
  { "scale", 0, CLI_CHOICE, "magnitude|power|log1p", "magnitude", 0, 0, CLI_AT(nmf.scale), "of the spectrogram; log1p is log(1 + magnitude), as Listen to Interpret has it" },
  { "n-fft", 0, CLI_INTEGER, "N", "0", 0, 1 << 20, CLI_AT(nmf.n_fft), "samples in a frame; 0: the power of two nearest to 93 ms" },
  { "hop", 0, CLI_INTEGER, "N", "0", 0, 1 << 20, CLI_AT(nmf.hop), "samples from frame to frame; 0: a quarter of a frame" },
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for W.npy [bins, atoms] and H.npy [atoms, frames]" },
  CLI_ROW_RANGE,
  CLI_ROW_JSON,
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

typedef struct job {
  cli_session *cs;
  const char *path;
  int64_t bins, frames;
  int32_t atoms, known;   /* all; the first ones are given */
  double hz;              /* of a bin; 0: not sound */
  float *v, *w, *h;
  aus_nmf_result result;
} job;

static bool is_npy(const char *path) { const size_t n = strlen(path); return n > 4 && strcmp(path + n - 4, ".npy") == 0; }

/* ---- V -------------------------------------------------------------------------------------------- */

static int read_array(job *j)
{
  aus_npy a;
  const aus_status status = aus_npy_read(j->cs->ctx, j->path, &a);
  if (status != AUS_OK) return cli_fail(j->cs, CLI_READING, status);
  j->v = a.data;
  if (a.rank != 2 || a.count == 0) return cli_say(j->cs, CLI_BAD_INPUT, "%s has %d dimensions and %" PRId64 " numbers; V is [bins, frames]", j->path, (int)a.rank, a.count);
  j->bins = a.dim[0];
  j->frames = a.dim[1];
  return CLI_DONE;
}

static float scaled(int scale, float power)
{
  if (scale == 1) return power;
  return scale == 0 ? sqrtf(power) : log1pf(sqrtf(power));
}

static aus_status spectrogram(job *j, const aus_audio *mono)
{
  const cli_settings *s = j->cs->s;
  const int32_t n_fft = s->nmf.n_fft ? (int32_t)s->nmf.n_fft : aus_separator_frame(mono->rate), hop = s->nmf.hop ? (int32_t)s->nmf.hop : n_fft / 4 > 0 ? n_fft / 4 : 1;
  const aus_stft_config config = { n_fft, n_fft, hop, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  aus_stft *stft;
  AUS_TRY(aus_stft_create(j->cs->ctx, &config, &stft));
  j->bins = aus_stft_bins(stft);
  j->frames = aus_stft_frames(stft, mono->frames);
  j->hz = (double)mono->rate / n_fft;
  float *p = aus_alloc(j->cs->ctx, (size_t)j->frames, (size_t)j->bins * sizeof *p);
  j->v = aus_alloc(j->cs->ctx, (size_t)j->frames, (size_t)j->bins * sizeof *p);
  aus_status status = p && j->v ? aus_stft_power(stft, mono->frames, mono->data, 0, j->frames, 2, p) : AUS_ENOMEM;
  for (int64_t t = 0; status == AUS_OK && t < j->frames; t++)
    for (int64_t b = 0; b < j->bins; b++) j->v[b * j->frames + t] = scaled(s->nmf.scale, p[t * j->bins + b]);
  aus_free(j->cs->ctx, p);
  aus_stft_destroy(stft);
  return status;
}

static int read_sound(job *j)
{
  const aus_audio_range range = { .offset = j->cs->s->offset, .duration = j->cs->s->duration };
  aus_audio in = {0}, mono = {0};
  aus_status status = aus_audio_read(j->cs->ctx, j->path, &range, &in);
  if (status != AUS_OK) return cli_fail(j->cs, CLI_READING, status);
  if (in.channels > 1) cli_remark(j->cs, "%d channels are averaged to one", (int)in.channels);
  status = aus_audio_convert(j->cs->ctx, &in, in.rate, 1, &mono);
  if (status == AUS_OK) status = spectrogram(j, &mono);
  aus_audio_free(j->cs->ctx, &mono);
  aus_audio_free(j->cs->ctx, &in);
  return status == AUS_OK ? CLI_DONE : cli_fail(j->cs, CLI_WORKING, status);
}

/* ---- W and H ---------------------------------------------------------------------------------------- */

/* The dictionary's columns first, then room for those to learn. */
static int place_dictionary(job *j, const aus_npy *d)
{
  if (d->rank != 2 || d->dim[0] != j->bins || d->dim[1] < 1 || d->dim[1] > 4096)
    return cli_say(j->cs, CLI_BAD_INPUT, "%s is not [%" PRId64 ", atoms]: a dictionary has one row per bin", j->cs->s->nmf.dictionary, j->bins);
  j->known = (int32_t)d->dim[1];
  for (int64_t i = 0; i < d->count; i++)
    if (!(d->data[i] >= 0) || d->data[i] == INFINITY) return cli_say(j->cs, CLI_BAD_INPUT, "%s: number %" PRId64 " is %g; atoms are not negative", j->cs->s->nmf.dictionary, i, (double)d->data[i]);
  return CLI_DONE;
}

/* W: what is given, then columns drawn from (0, 1). */
static void start_w(job *j, const float *given)
{
  for (int64_t b = 0; b < j->bins; b++) {
    aus_rng rng;
    aus_rng_init(&rng, (uint64_t)j->cs->s->seed, (uint64_t)b);
    for (int32_t k = 0; k < j->atoms; k++) j->w[b * j->atoms + k] = k < j->known ? given[b * j->known + k] : (float)aus_rng_uniform(&rng);
  }
}

static int make_room(job *j)
{
  const cli_settings *s = j->cs->s;
  aus_npy d = {0};
  int code = CLI_DONE;
  if (s->nmf.dictionary) {
    const aus_status status = aus_npy_read(j->cs->ctx, s->nmf.dictionary, &d);
    code = status == AUS_OK ? place_dictionary(j, &d) : cli_fail(j->cs, CLI_READING, status);
  }
  j->atoms = j->known + (int32_t)(s->nmf.atoms || j->known ? s->nmf.atoms : 8);
  j->w = aus_alloc(j->cs->ctx, (size_t)j->bins, (size_t)j->atoms * sizeof(float));
  j->h = aus_alloc(j->cs->ctx, (size_t)j->frames, (size_t)j->atoms * sizeof(float));
  if (code == CLI_DONE && (!j->w || !j->h)) code = cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE && j->known) start_w(j, d.data);
  aus_free(j->cs->ctx, d.data);
  return code;
}

static aus_status fit(job *j)
{
  const cli_settings *s = j->cs->s;
  aus_ctx *ctx = j->cs->ctx;
  aus_nmf_config config;
  aus_nmf_defaults(&config);
  config.atoms = j->atoms;
  config.beta = s->nmf.beta;
  config.mu = s->nmf.mu;
  config.unit_norm = !s->nmf.plain;
  config.max_iterations = (int32_t)s->nmf.iterations;
  config.tolerance = s->nmf.tolerance;
  config.seed = (uint64_t)s->seed;
  if (j->known == j->atoms) return aus_nmf_project(ctx, &config, j->bins, j->frames, j->v, j->w, j->h, &j->result);
  uint8_t *frozen = aus_alloc_zero(ctx, (size_t)j->atoms, 1);
  if (!frozen) return AUS_ENOMEM;
  memset(frozen, 1, (size_t)j->known);
  if (j->known) config.frozen = frozen, config.warm_w = 1;
  aus_status status = AUS_OK;
  if (s->nmf.init != INIT_UNIFORM && !j->known) {
    status = aus_nmf_start(ctx, (aus_nmf_init)(s->nmf.init - 1), j->atoms, j->bins, j->frames, j->v, config.seed, j->w, j->h);
    config.warm_w = config.warm_h = 1;
  }
  if (status == AUS_OK) status = aus_nmf_fit(ctx, &config, j->bins, j->frames, j->v, j->w, j->h, &j->result);
  aus_free(ctx, frozen);
  return status;
}

static aus_status merge(job *j)
{
  if (j->cs->s->nmf.merge >= 1) return AUS_OK;
  int32_t *group = aus_alloc(j->cs->ctx, (size_t)j->atoms, sizeof *group);
  if (!group) return AUS_ENOMEM;
  const aus_status status = aus_nmf_merge(j->cs->ctx, j->cs->s->nmf.merge, j->bins, j->frames, &j->atoms, j->w, j->h, group);
  aus_free(j->cs->ctx, group);
  return status;
}

/* ---- telling ------------------------------------------------------------------------------------------- */

typedef struct atom { double peak_hz, share, active; } atom; /* share of the sum of W H; part of the frames above a tenth of its loudest */

static atom describe(const job *j, int32_t k, double total)
{
  atom a = {0};
  double column = 0, row = 0;
  float top = 0, loud = 0;
  int64_t peak = 0, on = 0;
  for (int64_t b = 0; b < j->bins; b++) {
    const float w = j->w[b * j->atoms + k];
    column += (double)w;
    if (w > top) top = w, peak = b;
  }
  for (int64_t t = 0; t < j->frames; t++) row += (double)j->h[k * j->frames + t], loud = fmaxf(loud, j->h[k * j->frames + t]);
  for (int64_t t = 0; t < j->frames; t++) on += j->h[k * j->frames + t] > 0.1f * loud;
  a.peak_hz = (double)peak * (j->hz > 0 ? j->hz : 1);
  a.share = total > 0 ? column * row / total : 0;
  a.active = (double)on / (double)j->frames;
  return a;
}

static double total_of(const job *j)
{
  double total = 0;
  for (int32_t k = 0; k < j->atoms; k++) {
    double column = 0, row = 0;
    for (int64_t b = 0; b < j->bins; b++) column += (double)j->w[b * j->atoms + k];
    for (int64_t t = 0; t < j->frames; t++) row += (double)j->h[k * j->frames + t];
    total += column * row;
  }
  return total;
}

static int print_table(const job *j)
{
  const double total = total_of(j);
  printf("V [%" PRId64 ", %" PRId64 "], %d atoms, objective %.6g after %d iterations (%.6g before)%s\n", j->bins, j->frames, (int)j->atoms, j->result.objective,
         (int)j->result.iterations, j->result.start, j->result.converged ? ", converged" : "");
  printf("%6s %12s %9s %9s\n", "atom", j->hz > 0 ? "peak Hz" : "peak row", "share", "sounds");
  for (int32_t k = 0; k < j->atoms; k++) {
    const atom a = describe(j, k, total);
    printf("%6d %12.1f %8.1f%% %8.1f%%%s\n", (int)k + 1, a.peak_hz, 100 * a.share, 100 * a.active, k < j->known ? "  given" : "");
  }
  return CLI_DONE;
}

static void put_atoms(const job *j, aus_json *o)
{
  const double total = total_of(j);
  aus_json_array(o, "atoms");
  for (int32_t k = 0; k < j->atoms; k++) {
    const atom a = describe(j, k, total);
    aus_json_flat_object(o, NULL);
    aus_json_real(o, j->hz > 0 ? "peak_hz" : "peak_row", a.peak_hz);
    aus_json_real(o, "share", a.share);
    aus_json_real(o, "sounds", a.active);
    aus_json_bool(o, "given", k < j->known);
    aus_json_close(o);
  }
  aus_json_close(o);
}

static int print_json(const job *j)
{
  aus_json o;
  aus_json_init(&o, j->cs->ctx);
  aus_json_object(&o, NULL);
  aus_json_string(&o, "schema", "auscult.nmf/1");
  aus_json_integer(&o, "bins", j->bins);
  aus_json_integer(&o, "frames", j->frames);
  aus_json_real(&o, "beta", j->cs->s->nmf.beta);
  aus_json_real(&o, "mu", j->cs->s->nmf.mu);
  aus_json_integer(&o, "seed", j->cs->s->seed);
  aus_json_integer(&o, "iterations", j->result.iterations);
  aus_json_bool(&o, "converged", j->result.converged);
  aus_json_real(&o, "objective_start", j->result.start);
  aus_json_real(&o, "objective", j->result.objective);
  put_atoms(j, &o);
  aus_json_close(&o);
  const int code = cli_print_json(j->cs, &o);
  aus_json_free(&o);
  return code;
}

static int write_array(job *j, const char *name, int64_t rows, int64_t columns, const float *data)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", j->cs->s->out, name);
  cli_output_begins(j->cs, path);
  const aus_status status = aus_npy_write(j->cs->ctx, path, 2, (const int64_t[]){ rows, columns }, data, j->cs->s->force);
  return status == AUS_OK ? CLI_DONE : cli_fail(j->cs, CLI_WRITING, status);
}

static int check_outputs(job *j)
{
  static const char *const names[] = { "W.npy", "H.npy" };
  int code = j->cs->s->out ? cli_make_dir(j->cs, j->cs->s->out) : CLI_DONE;
  for (int i = 0; j->cs->s->out && code == CLI_DONE && i < 2; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", j->cs->s->out, names[i]);
    code = cli_check_free(j->cs, path);
  }
  return code;
}

static int work(job *j)
{
  int code = check_outputs(j);
  if (code == CLI_DONE) code = is_npy(j->path) ? read_array(j) : read_sound(j);
  if (code == CLI_DONE) code = make_room(j);
  if (code != CLI_DONE) return code;
  aus_status status = fit(j);
  if (status == AUS_OK) status = merge(j);
  if (status == AUS_EINVAL) return cli_fail(j->cs, CLI_READING, status); /* negative numbers, silence: the input's */
  if (status != AUS_OK) return cli_fail(j->cs, CLI_WORKING, status);
  if (j->cs->s->out) code = write_array(j, "W.npy", j->bins, j->atoms, j->w);
  if (j->cs->s->out && code == CLI_DONE) code = write_array(j, "H.npy", j->atoms, j->frames, j->h);
  if (code == CLI_DONE) code = j->cs->s->json ? print_json(j) : print_table(j);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  job j = { .cs = &cs, .path = operand[0] };
  code = work(&j);
  aus_free(cs.ctx, j.v);
  aus_free(cs.ctx, j.w);
  aus_free(cs.ctx, j.h);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_nmf = {
  .name = "nmf", .operands = "AUDIO|V.npy [OPTION...]", .summary = "a spectrogram as atoms and when they sound (sparse NMF)",
  .about = "Factors the spectrogram of AUDIO, or a non-negative array [bins, frames], into a dictionary W and activations H\n"
           "by multiplicative updates: sparse NMF with columns of norm one inside the objective, or plain NMF as\n"
           "scikit-learn has it. A known dictionary can be kept, and more atoms learned beside it.\n"
           "To listen to the atoms: auscult separate AUDIO --separator nmf:K --out DIR.",
  .examples = "# eight atoms of a song, and what each is\nauscult nmf song.wav --out atoms\n"
              "# when do known atoms sound in another file?\nauscult nmf other.wav --dictionary atoms/W.npy --out when\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
