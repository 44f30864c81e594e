/* nmf.c - a separator that learns the sound's own building blocks: sparse NMF of its spectrogram [LeRoux15].
 *
 *   V = |X|,  V ~ W H,  part k = X * (W_k H_k / W H),  so the parts add up to X
 *
 * Atoms that sound alike are merged, so credit is not shared out among twins. They are ordered by the frequency where
 * they are strongest and named atom1, atom2, ... from the lowest. A stereo sound is factored once, from the sum of
 * both sides' magnitudes, and each side keeps its own. The whole spectrogram and one part at a time are held: some 70 bytes a
 * sample. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <auscult/nmf.h>

#include "la/la.h"
#include "sep/sep.h"

static const double ALIKE = 0.95; /* cosine of atoms that count as one */
enum { ITERATIONS = 200 };

typedef struct nmf_state { int32_t atoms; uint64_t seed; char **name; } nmf_state;

/* One sound in the making. */
typedef struct job {
  aus_ctx *ctx;
  aus_stft *stft;
  int64_t samples, frames;
  int32_t bins, atoms, sides;   /* atoms: what is left after merging */
  float *re[2], *im[2];         /* [frames][bins] of each side */
  float *v, *w, *h;             /* [bins][frames], [bins][atoms], [atoms][frames] */
  float *model;                 /* [frames][bins] W H */
  float *part_re, *part_im;     /* [frames][bins] */
  int32_t *order;               /* atoms by frequency */
  int32_t atom, side;           /* the part that is made now */
} job;

static void job_free(job *j)
{
  aus_ctx *ctx = j->ctx;
  for (int c = 0; c < 2; c++) {
    aus_free(ctx, j->re[c]);
    aus_free(ctx, j->im[c]);
  }
  aus_free(ctx, j->v);
  aus_free(ctx, j->w);
  aus_free(ctx, j->h);
  aus_free(ctx, j->model);
  aus_free(ctx, j->part_re);
  aus_free(ctx, j->part_im);
  aus_free(ctx, j->order);
  aus_stft_destroy(j->stft);
}

static aus_status job_alloc(job *j, int32_t rate, int32_t atoms)
{
  const int32_t n_fft = aus_separator_frame(rate);
  const aus_stft_config config = { n_fft, n_fft, n_fft / 4, AUS_WINDOW_HANN, AUS_CENTER_REFLECT };
  AUS_TRY(aus_stft_create(j->ctx, &config, &j->stft));
  j->frames = aus_stft_frames(j->stft, j->samples);
  j->bins = aus_stft_bins(j->stft);
  j->atoms = atoms;
  const size_t cells = (size_t)j->frames * (size_t)j->bins, k = (size_t)atoms;
  for (int32_t c = 0; c < j->sides; c++) {
    j->re[c] = aus_alloc(j->ctx, cells, sizeof(float));
    j->im[c] = aus_alloc(j->ctx, cells, sizeof(float));
    if (!j->re[c] || !j->im[c]) return AUS_ENOMEM;
  }
  j->v = aus_alloc_zero(j->ctx, cells, sizeof(float));
  j->w = aus_alloc(j->ctx, (size_t)j->bins * k, sizeof(float));
  j->h = aus_alloc(j->ctx, (size_t)j->frames * k, sizeof(float));
  j->model = aus_alloc(j->ctx, cells, sizeof(float));
  j->part_re = aus_alloc(j->ctx, cells, sizeof(float));
  j->part_im = aus_alloc(j->ctx, cells, sizeof(float));
  j->order = aus_alloc(j->ctx, 2 * k, sizeof *j->order);
  return j->v && j->w && j->h && j->model && j->part_re && j->part_im && j->order ? AUS_OK : AUS_ENOMEM;
}

/* ---- V ------------------------------------------------------------------------------------------- */

static void add_magnitudes(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t b = begin; b < end; b++)
    for (int64_t t = 0; t < j->frames; t++) {
      const int64_t at = t * j->bins + b;
      j->v[b * j->frames + t] += sqrtf(j->re[j->side][at] * j->re[j->side][at] + j->im[j->side][at] * j->im[j->side][at]);
    }
}

static aus_status transform(job *j, const float *x)
{
  for (j->side = 0; j->side < j->sides; j->side++) {
    AUS_TRY(aus_stft_forward(j->stft, j->samples, x + j->side * j->samples, j->re[j->side], j->im[j->side]));
    aus_parallel_for(j->ctx, j->bins, 1 + 16384 / j->frames, add_magnitudes, j);
  }
  return AUS_OK;
}

static bool silent(const job *j)
{
  for (int64_t i = 0; i < j->frames * j->bins; i++)
    if (j->v[i] > 0) return false;
  return true;
}

/* ---- W and H ------------------------------------------------------------------------------------- */

static int32_t loudest_bin(const job *j, int32_t atom)
{
  int32_t best = 0;
  for (int32_t b = 1; b < j->bins; b++)
    if (j->w[b * j->atoms + atom] > j->w[best * j->atoms + atom]) best = b;
  return best;
}

/* By the loudest bin, then as they came: insertion, for there are few. */
static void sort_atoms(job *j)
{
  int32_t *bin = j->order + j->atoms;
  for (int32_t k = 0; k < j->atoms; k++) {
    const int32_t mine = loudest_bin(j, k);
    int32_t at = k;
    for (; at > 0 && bin[at - 1] > mine; at--) {
      bin[at] = bin[at - 1];
      j->order[at] = j->order[at - 1];
    }
    bin[at] = mine;
    j->order[at] = k;
  }
}

static aus_status factor(job *j, uint64_t seed)
{
  aus_nmf_config config;
  aus_nmf_defaults(&config);
  config.atoms = j->atoms;
  config.beta = 1;
  config.seed = seed;
  config.max_iterations = ITERATIONS;
  AUS_TRY(aus_nmf_fit(j->ctx, &config, j->bins, j->frames, j->v, j->w, j->h, NULL));
  AUS_TRY(aus_nmf_merge(j->ctx, ALIKE, j->bins, j->frames, &j->atoms, j->w, j->h, j->order));
  sort_atoms(j);
  return aus_sgemm(j->ctx, true, true, j->frames, j->bins, j->atoms, 1, j->h, j->frames, j->w, j->atoms, 0, j->model, j->bins);
}

/* ---- the parts ------------------------------------------------------------------------------------ */

static void mask_frames(void *arg, int64_t begin, int64_t end, int worker)
{
  const job *j = arg;
  (void)worker;
  for (int64_t t = begin; t < end; t++) {
    const float h = j->h[j->atom * j->frames + t];
    for (int32_t b = 0; b < j->bins; b++) {
      const int64_t at = t * j->bins + b;
      const float m = j->model[at] > 0 ? h * j->w[b * j->atoms + j->atom] / j->model[at] : 1.0f / (float)j->atoms;
      j->part_re[at] = m * j->re[j->side][at];
      j->part_im[at] = m * j->im[j->side][at];
    }
  }
}

/* The parts; atoms that were merged away are silent. */
static aus_status make_parts(job *j, int32_t wanted, float *const *stem)
{
  for (int32_t k = 0; k < wanted; k++)
    for (j->side = 0; j->side < j->sides; j->side++) {
      float *to = stem[k] + j->side * j->samples;
      memset(to, 0, (size_t)j->samples * sizeof *to);
      if (k >= j->atoms) continue;
      j->atom = j->order[k];
      aus_parallel_for(j->ctx, j->frames, 1 + 16384 / j->bins, mask_frames, j);
      AUS_TRY(aus_stft_inverse(j->stft, j->samples, j->part_re, j->part_im, to));
      AUS_TRY(aus_progress(j->ctx, "separating", k + 1, wanted));
    }
  return AUS_OK;
}

static aus_status run(job *j, const nmf_state *state, int32_t rate, const float *x, float *const *stem)
{
  AUS_TRY(job_alloc(j, rate, state->atoms));
  AUS_TRY(transform(j, x));
  if (silent(j)) j->atoms = 0;
  else AUS_TRY(factor(j, state->seed));
  return make_parts(j, state->atoms, stem);
}

static aus_status nmf_separate(aus_separator *s, int32_t rate, int32_t channels, int64_t samples, const float *x, float *const *stem)
{
  const nmf_state *state = s->state;
  const bool twice = channels == 2 && memcmp(x, x + samples, (size_t)samples * sizeof *x) == 0; /* mono, heard on both sides */
  job j = { .ctx = s->ctx, .samples = samples, .sides = twice ? 1 : channels };
  const aus_status status = run(&j, state, rate, x, stem);
  for (int32_t k = 0; twice && status == AUS_OK && k < state->atoms; k++) memcpy(stem[k] + samples, stem[k], (size_t)samples * sizeof *x);
  job_free(&j);
  return status;
}

/* ---- opening and closing ------------------------------------------------------------------------------ */

static void state_free(aus_ctx *ctx, nmf_state *state)
{
  if (!state) return;
  for (int32_t k = 0; state->name && k < state->atoms; k++) aus_free(ctx, state->name[k]);
  aus_free(ctx, state->name);
  aus_free(ctx, state);
}

static void nmf_close(aus_separator *s) { state_free(s->ctx, s->state); }

static aus_status name_atoms(aus_ctx *ctx, nmf_state *state)
{
  state->name = aus_alloc_zero(ctx, (size_t)state->atoms, sizeof *state->name);
  for (int32_t k = 0; state->name && k < state->atoms; k++) {
    char name[24];
    snprintf(name, sizeof name, "atom%d", (int)k + 1);
    if (!(state->name[k] = aus_strdup(ctx, name))) return AUS_ENOMEM;
  }
  return state->name ? AUS_OK : AUS_ENOMEM;
}

aus_status aus_separator_nmf(aus_ctx *ctx, int32_t atoms, uint64_t seed, aus_separator **out)
{
  *out = NULL;
  if (atoms < 1 || atoms > AUS_SEPARATOR_MAX_ATOMS) return aus_fail(ctx, AUS_EINVAL, "%d atoms: 1 to %d make sense", (int)atoms, AUS_SEPARATOR_MAX_ATOMS);
  aus_separator *s = AUS_NEW(ctx, aus_separator);
  nmf_state *state = AUS_NEW(ctx, nmf_state);
  aus_status status = s && state ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    *state = (nmf_state){ .atoms = atoms, .seed = seed };
    status = name_atoms(ctx, state);
  }
  if (status != AUS_OK) {
    state_free(ctx, state);
    aus_free(ctx, s);
    return status;
  }
  *s = (aus_separator){ .ctx = ctx, .ops = { sep_whole_begin, sep_whole_next, sep_whole_end, nmf_separate, nmf_close }, .together = 2, .state = state,
                        .info = { .name = "nmf", .n_stems = atoms, .stems = (const char *const *)state->name, .licence = "", .source = "", .sha256 = "" } };
  *out = s;
  return AUS_OK;
}
