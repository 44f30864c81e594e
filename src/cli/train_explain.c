/* train_explain.c - gradient x input [Shrikumar16] of some clips at some epochs, by the reverse walk.
 *
 * relevance = x * d logit_label / d x, of the clip's first patch, from the logits on (softmax would hide what the others do). */
#include "cli/train_explain.h"

#include "format/npy.h"
#include "model/frontend.h"
#include "nn/walk.h"
#include "report/png.h"

#include <auscult/audio.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct job {
  aus_ctx *ctx;
  aus_bundle *bundle;
  aus_frontend *fe;
  aus_run *run;
  aus_walk *walk;
  float *scratch, *wave;
} job;

/* What softmax or sigmoid at the end reads, else the output. */
static const char *logits_of(const aus_bundle *b)
{
  const aus_graph *g = &b->graph;
  for (int32_t i = 0; i < g->n_nodes; i++)
    if (g->index[g->node[i].out] == g->output[0] && (g->node[i].op == AUS_OP_softmax || g->node[i].op == AUS_OP_sigmoid)) return g->value[g->index[g->node[i].in]].name;
  return g->value[g->output[0]].name;
}

static aus_status open_job(job *j, const void *model, size_t size)
{
  AUS_TRY(aus_bundle_open_memory(j->ctx, model, size, &j->bundle));
  AUS_TRY(aus_frontend_create(j->ctx, j->bundle, &j->fe));
  const aus_dims dims = aus_frontend_dims(j->fe, 1, j->fe->patch);
  AUS_TRY(aus_run_create_with(j->ctx, j->bundle, &dims, NULL, 0, AUS_RUN_KEEP, &j->run));
  AUS_TRY(aus_walk_create(j->ctx, j->run, &(aus_walk_config){ .from = logits_of(j->bundle) }, &j->walk));
  j->scratch = aus_alloc(j->ctx, (size_t)aus_frontend_floats(j->fe, j->fe->patch), sizeof(float));
  j->wave = aus_alloc(j->ctx, (size_t)j->fe->least_samples, sizeof(float));
  return j->scratch && j->wave ? AUS_OK : AUS_ENOMEM;
}

static void close_job(job *j)
{
  aus_walk_destroy(j->walk);
  aus_run_destroy(j->run);
  aus_frontend_destroy(j->fe);
  aus_bundle_close(j->bundle);
  aus_free(j->ctx, j->scratch);
  aus_free(j->ctx, j->wave);
}

static aus_status load_patch(job *j, const aus_train_clip *c)
{
  const aus_audio_range range = { c->start, c->duration };
  aus_audio a;
  float floor;
  AUS_TRY(aus_audio_read_mono(j->ctx, c->path, &range, j->fe->rate, &a));
  const int64_t n = j->fe->least_samples;
  if (a.frames < n) aus_pad_short(a.frames, a.data, j->fe->repeat, n, j->wave);
  else memcpy(j->wave, a.data, (size_t)n * sizeof(float));
  aus_audio_free(j->ctx, &a);
  AUS_TRY(aus_frontend_floor(j->fe, n, j->wave, &floor));
  return aus_frontend_patch(j->fe, n, j->wave, 0, j->fe->patch, floor, j->scratch, aus_run_input(j->run, 0));
}

/* Red for, blue against, white for nothing. */
static void palette_signed(uint8_t p[256 * 3])
{
  for (int i = 0; i < 256; i++) {
    const double v = (i - 128) / 128.0, fade = 1 - fabs(v);
    p[3 * i] = (uint8_t)(255 * (v > 0 ? 1 : fade));
    p[3 * i + 1] = (uint8_t)(255 * fade);
    p[3 * i + 2] = (uint8_t)(255 * (v < 0 ? 1 : fade));
  }
}

/* A waveform is folded into columns of equal stretches of time: one row of their sums, 64 pixels high. */
static void pixels(const aus_frontend *fe, const float *r, int32_t width, int32_t height, uint8_t *pixel)
{
  float top = 0;
  const int64_t n = aus_frontend_floats(fe, fe->patch), per = fe->waveform ? fe->patch / width : 1;
  double sum = 0;
  for (int64_t i = 0; i < n; i++) { /* of columns for a waveform, of cells otherwise */
    sum += r[i];
    if ((i + 1) % per == 0) { top = fmaxf(top, (float)fabs(sum)); sum = 0; }
  }
  for (int32_t y = 0; y < height; y++)
    for (int32_t x = 0; x < width; x++) {
      double v = 0;
      const int64_t band = height - 1 - y;
      if (fe->waveform) for (int64_t i = 0; i < per; i++) v += r[x * per + i];
      else v = r[fe->transposed ? band * fe->patch + x : x * fe->bands + band];
      pixel[y * width + x] = (uint8_t)(128 + lrint(127 * (top > 0 ? v / (double)top : 0)));
    }
}

static aus_status write_picture(const job *j, const char *path, const float *r)
{
  uint8_t palette[256 * 3], *png;
  size_t size;
  const int32_t width = (int32_t)(j->fe->waveform ? (j->fe->patch < 800 ? j->fe->patch : 800) : j->fe->patch), height = j->fe->waveform ? 64 : j->fe->bands;
  uint8_t *pixel = aus_alloc(j->ctx, (size_t)width, (size_t)height);
  if (!pixel) return AUS_ENOMEM;
  pixels(j->fe, r, width, height, pixel);
  palette_signed(palette);
  aus_status status = aus_png_encode(j->ctx, width, height, pixel, palette, &png, &size);
  aus_free(j->ctx, pixel);
  if (status != AUS_OK) return status;
  aus_outfile *f;
  status = aus_outfile_open(j->ctx, path, 1, &f);
  if (status == AUS_OK) {
    status = aus_outfile_write(f, png, size);
    if (status == AUS_OK) status = aus_outfile_commit(f); else aus_outfile_abort(f);
  }
  aus_free(j->ctx, png);
  return status;
}

static aus_status explain_clip(job *j, const aus_train_clip *c, const char *folder, int64_t epoch)
{
  aus_dims dims;
  char name[128];
  AUS_TRY(load_patch(j, c));
  AUS_TRY(aus_run_forward(j->run));
  float *seed = aus_walk_seed(j->walk, 0, &dims);
  memset(seed, 0, (size_t)aus_shape_count(&dims) * sizeof *seed);
  seed[c->target] = 1;
  AUS_TRY(aus_walk_run(j->walk));
  float *x = aus_run_input(j->run, 0);
  const float *g = aus_walk_diff(j->walk, 0, 0, &dims);
  const int64_t n = aus_shape_count(&dims);
  for (int64_t i = 0; i < n; i++) x[i] = g ? x[i] * g[i] : 0;
  snprintf(name, sizeof name, "%s", c->name);
  for (char *p = name; *p; p++)
    if (*p == '/' || *p == '.' || (unsigned char)*p < 0x20) *p = '_';
  char *npy = aus_strf(j->ctx, "%s/epoch%04lld-%s.npy", folder, (long long)epoch, name), *png = aus_strf(j->ctx, "%s/epoch%04lld-%s.png", folder, (long long)epoch, name);
  aus_status status = npy && png ? aus_npy_write(j->ctx, npy, dims.rank, dims.dim, x, 1) : AUS_ENOMEM;
  if (status == AUS_OK) status = write_picture(j, png, x);
  aus_free(j->ctx, npy);
  aus_free(j->ctx, png);
  return status;
}

aus_status cli_train_explain(const cli_explain_epoch *e, int64_t epoch, const void *model, size_t size, int32_t n, const aus_train_clip *clips)
{
  char folder[4090];
  job j = { .ctx = e->ctx };
  snprintf(folder, sizeof folder, "%s/explain", e->out);
  if (mkdir(folder, 0777) != 0 && errno != EEXIST) return aus_fail(e->ctx, AUS_EIO, "cannot make the directory %s: %s", folder, strerror(errno));
  aus_status status = open_job(&j, model, size);
  for (int32_t i = 0; status == AUS_OK && i < n; i++) status = explain_clip(&j, &clips[i], folder, epoch);
  close_job(&j);
  return status;
}
