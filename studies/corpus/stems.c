/* stems.c - from what was played to the files of an item: mono, coloured, 16 kHz, -23 LUFS each [ITU1770], one common gain so that the sum of all peaks at -1 dBFS or below. The mix is the sum
 * of the stems, whole numbers, so nothing is lost when they are added again. */
#include "studies/corpus/item.h"

#include "audio/decode.h"
#include "train/bells.h"

#include <auscult/dsp.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double TARGET_LUFS = -23, PEAK = 0.8912509381337456 /* -1 dBFS */, BELL_Q = 0.7;

/* y = x + g (low - high) / 2 about 1 kHz: decibels more below, less above. */
static void colour(double tilt, int64_t n, float *x)
{
  const double a = 1 - exp(-2 * 3.14159265358979323846 * 1000 / RENDER_RATE), up = pow(10, tilt / 20), down = pow(10, -tilt / 20);
  double low = 0;
  for (int64_t i = 0; i < n; i++) {
    low += a * ((double)x[i] - low);
    x[i] = (float)(up * low + down * ((double)x[i] - low));
  }
}

static aus_status make_stem(work *w, item *it, int f, int64_t samples, float *raw)
{
  const int64_t skip = PREROLL * RATE, n = (int64_t)(w->seconds * RATE);
  float *left = raw + 2 * f * samples, *right = left + samples, *low;
  for (int64_t i = 0; i < samples; i++) left[i] = 0.5f * (left[i] + right[i]);
  colour(it->tilt[f], samples, left);
  if (it->bell_db[f] != 0) aus_bell(it->bell_hz[f], it->bell_db[f], BELL_Q, RENDER_RATE, samples, left);
  const int64_t half = aus_resample_length(samples, RENDER_RATE, RATE);
  if (!(low = aus_alloc(w->ctx, (size_t)half, sizeof *low)) || !(it->stem[f] = aus_alloc(w->ctx, (size_t)n, sizeof(float)))) return AUS_ENOMEM;
  aus_status status = aus_resample(w->ctx, samples, left, RENDER_RATE, RATE, low);
  memcpy(it->stem[f], low + skip, (size_t)n * sizeof *low);
  aus_free(w->ctx, low);
  return status == AUS_OK ? aus_loudness(w->ctx, RATE, 1, NULL, n, it->stem[f], &it->lufs[f]) : status;
}

/* All at the same loudness, then one gain for the sum. A stem that is silent after all is not there. */
static void level(const work *w, item *it)
{
  const int64_t n = (int64_t)(w->seconds * RATE);
  double peak = 0;
  for (int f = 0; f < FAMILIES; f++) {
    it->has[f] = it->has[f] && it->lufs[f] > -60;
    const float g = it->has[f] ? (float)pow(10, (TARGET_LUFS - it->lufs[f]) / 20) : 0;
    for (int64_t i = 0; i < n; i++) it->stem[f][i] *= g;
  }
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int f = 0; f < FAMILIES; f++) sum += (double)it->stem[f][i];
    peak = fmax(peak, fabs(sum));
  }
  it->gain = peak > PEAK ? PEAK / peak : 1;
}

static aus_status write_stem(work *w, const item *it, int f, const char *folder)
{
  const int64_t n = (int64_t)(w->seconds * RATE);
  char path[2048];
  void *bytes;
  size_t size;
  aus_outfile *file;
  int32_t *x = aus_alloc(w->ctx, (size_t)n, sizeof *x);
  if (!x) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) x[i] = (int32_t)fmin(32767, fmax(-32768, rint(32768 * it->gain * (double)it->stem[f][i])));
  aus_status status = aus_flac_encode(w->ctx, RATE, 16, n, x, &bytes, &size);
  aus_free(w->ctx, x);
  if (status != AUS_OK) return status;
  snprintf(path, sizeof path, "%s/%s.flac", folder, family_name[f]);
  status = aus_outfile_open(w->ctx, path, 1, &file);
  if (status == AUS_OK) {
    status = aus_outfile_write(file, bytes, size);
    if (status == AUS_OK) status = aus_outfile_commit(file);
    else aus_outfile_abort(file);
  }
  aus_free(w->ctx, bytes);
  return status;
}

static aus_status write_notes(work *w, const item *it, const char *folder)
{
  char path[2048];
  aus_outfile *file;
  snprintf(path, sizeof path, "%s/notes.tsv", folder);
  AUS_TRY(aus_outfile_open(w->ctx, path, 1, &file));
  aus_status status = aus_outfile_printf(file, "onset\toffset\tpitch\tvelocity\tfamily\n");
  for (int64_t i = 0; i < it->notes && status == AUS_OK; i++) {
    const aus_midi_note *n = &it->note[i];
    const int f = family_of(it, n);
    if (f < 0 || !it->has[f] || n->offset <= it->start || n->onset >= it->start + w->seconds) continue;
    status = aus_outfile_printf(file, "%.4f\t%.4f\t%d\t%d\t%s\n", fmax(0, n->onset - it->start), fmin(w->seconds, n->offset - it->start), n->pitch, n->velocity, family_name[f]);
  }
  if (status == AUS_OK) return aus_outfile_commit(file);
  aus_outfile_abort(file);
  return status;
}

static aus_status write_row(work *w, const item *it, const char *folder, int64_t number)
{
  char path[2048];
  aus_outfile *file;
  snprintf(path, sizeof path, "%s/item.tsv", folder);
  AUS_TRY(aus_outfile_open(w->ctx, path, 1, &file));
  const char *name = strrchr(it->of->path, '/');
  aus_status status = aus_outfile_printf(file, "%s/%05" PRId64 "\t%s\t%s\t%s\t%.1f\t%.2f\t%.6f", it->of->split, number, it->of->split, name ? name + 1 : it->of->path,
                                         it->of->source, it->start, it->cents, it->gain);
  for (int f = 0; f < FAMILIES && status == AUS_OK; f++) {
    if (!it->has[f]) status = aus_outfile_printf(file, "\t");
    else status = aus_outfile_printf(file, "\t%s:%d:%.2f:%.0f:%.2f:%.3f", fonts[it->font[f]].name, it->program[f], it->tilt[f], it->bell_hz[f], it->bell_db[f], it->lufs[f]);
    const variation *v = &it->varied[f];
    if (it->has[f] && w->vary && status == AUS_OK)
      status = aus_outfile_printf(file, ":%d:%.0f:%.0f:%.0f:%.0f:%.0f:%.0f:%.2f", v->body, v->cutoff, v->ring, v->attack, v->decay, v->release, v->sustain, v->force);
  }
  if (status == AUS_OK) status = aus_outfile_printf(file, "\n");
  if (status == AUS_OK) return aus_outfile_commit(file);
  aus_outfile_abort(file);
  return status;
}

aus_status stems_make(work *w, item *it, int64_t samples, float *raw)
{
  for (int f = 0; f < FAMILIES; f++) AUS_TRY(make_stem(w, it, f, samples, raw));
  level(w, it);
  return AUS_OK;
}

aus_status stems_write(work *w, const item *it, const char *folder, int64_t number)
{
  for (int f = 0; f < FAMILIES; f++)
    if (it->has[f]) AUS_TRY(write_stem(w, it, f, folder));
  AUS_TRY(write_notes(w, it, folder));
  return write_row(w, it, folder, number);
}
