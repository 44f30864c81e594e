/* wavs.c - writes components and mixes. 32-bit float, never rescaled: parts still add up to the input. */
#include "cli/wavs.h"
#include "report/report.h"

#include <auscult/audio.h>
#include <stdlib.h>
#include <string.h>

void cli_wav_path(cli_names *names, const char *dir, const char *name, char path[CLI_PATH]) { cli_part_path(names, dir, name, "wav", path); }

void cli_part_path(cli_names *names, const char *dir, const char *name, const char *extension, char path[CLI_PATH])
{
  char safe[100];
  size_t n = 0;
  for (const char *p = name; *p && n + 12 < sizeof safe; p++) {
    const unsigned char c = (unsigned char)*p;
    const bool bad = c <= 0x20 || c == 0x7f || strchr("/\\:", c) || (strchr(".-", c) && n == 0);
    safe[n++] = bad ? '_' : (char)c;
  }
  if (n == 0) safe[n++] = '_';
  safe[n] = '\0';
  for (int again = 2, i = 0; i < names->n; i++)
    if (strcmp(names->name[i], safe) == 0) {
      snprintf(safe + n, sizeof safe - n, "-%d", again++);
      i = -1; /* look through all of them for the new name */
    }
  if (names->n < CLI_MAX_NAMES) memcpy(names->name[names->n++], safe, sizeof safe);
  snprintf(path, CLI_PATH, "%s/%s.%s", dir, safe, extension);
}

int cli_write_wav(cli_session *cs, const char *path, const aus_audio *audio)
{
  cli_output_begins(cs, path);
  const aus_status status = aus_audio_write_wav(cs->ctx, path, audio, AUS_WAV_FLOAT32, cs->s->force);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}

typedef struct writer {
  cli_session *cs;
  const aus_components *c;
  cli_names *names;
  uint8_t *keep;  /* [n] */
  float *planes;  /* [channels][samples] */
  bool dry;
} writer;

/* The channels of a model that hears stems are stems: their sum is the sound. */
static void to_mono(const writer *w)
{
  const size_t samples = (size_t)w->c->samples;
  for (int32_t k = 1; k < w->c->channels; k++)
    for (size_t t = 0; t < samples; t++) w->planes[t] += w->planes[(size_t)k * samples + t];
}

static int write_planes(writer *w, const char *name)
{
  char path[CLI_PATH];
  cli_wav_path(w->names, w->cs->s->out, name, path);
  if (w->dry) return cli_check_free(w->cs, path);
  to_mono(w);
  const aus_audio audio = { .data = w->planes, .frames = w->c->samples, .channels = 1, .rate = w->c->rate };
  return cli_write_wav(w->cs, path, &audio);
}

static void add_off(const writer *w)
{
  const size_t n = (size_t)w->c->samples * (size_t)w->c->channels;
  if (w->c->off)
    for (size_t i = 0; i < n; i++) w->planes[i] += w->c->off[i];
}

/* What the model hears when only the components in keep are on. */
static int write_mix(writer *w, const char *target, const char *kind)
{
  char name[160];
  snprintf(name, sizeof name, "mix_%.60s_%s", target, kind);
  if (!w->dry) {
    aus_components_render(w->c, w->keep, w->planes);
    add_off(w);
  }
  return write_planes(w, name);
}

static int write_target(writer *w, const aus_target_explanation *t, int32_t *order)
{
  const int32_t n = w->c->n;
  if (n < 1) return CLI_DONE;
  for (int32_t i = 0; i < n; i++) w->keep[i] = aus_component_value(&t->weight[i]) > 0;
  int code = write_mix(w, t->name, "positive");
  for (int32_t i = 0; i < n; i++) w->keep[i] = aus_component_value(&t->weight[i]) < 0;
  if (code == CLI_DONE) code = write_mix(w, t->name, "negative");
  aus_rank_components(t, n, order);
  memset(w->keep, 0, (size_t)n);
  int kept = 0;
  for (int32_t k = 0; k < n && kept < w->cs->s->mixes; k++)
    if (aus_component_value(&t->weight[order[k]]) > 0) {
      w->keep[order[k]] = 1;
      kept++;
    }
  char kind[32];
  snprintf(kind, sizeof kind, "top%d", (int)w->cs->s->mixes);
  return code == CLI_DONE ? write_mix(w, t->name, kind) : code;
}

static int write_components(writer *w)
{
  const aus_components *c = w->c;
  const size_t bytes = (size_t)c->samples * (size_t)c->channels * sizeof(float);
  if (!w->dry) memcpy(w->planes, c->whole, bytes);
  int code = write_planes(w, "input");
  if (c->off && code == CLI_DONE) {
    if (!w->dry) memcpy(w->planes, c->off, bytes);
    code = write_planes(w, "baseline");
  }
  for (int32_t i = 0; i < c->n && code == CLI_DONE; i++) {
    memset(w->keep, 0, (size_t)c->n);
    w->keep[i] = 1;
    if (!w->dry) aus_components_render(c, w->keep, w->planes);
    code = write_planes(w, c->name[i]);
  }
  return code;
}

int cli_write_parts(cli_session *cs, const aus_components *c, const aus_explanation *e, bool dry)
{
  writer w = { .cs = cs, .c = c, .dry = dry };
  int32_t *order = aus_alloc(cs->ctx, (size_t)c->n, sizeof *order);
  w.names = aus_alloc_zero(cs->ctx, 1, sizeof *w.names);
  w.keep = aus_alloc_zero(cs->ctx, (size_t)c->n, 1);
  w.planes = dry ? NULL : aus_alloc(cs->ctx, (size_t)c->samples * (size_t)c->channels, sizeof *w.planes);
  int code = order && w.names && w.keep && (dry || w.planes) ? CLI_DONE : cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  if (code == CLI_DONE && !dry) code = cli_make_dir(cs, cs->s->out);
  if (code == CLI_DONE) code = write_components(&w);
  for (int32_t i = 0; e && i < e->n_targets && code == CLI_DONE; i++) code = write_target(&w, &e->target[i], order);
  aus_free(cs->ctx, order);
  aus_free(cs->ctx, w.names);
  aus_free(cs->ctx, w.keep);
  aus_free(cs->ctx, w.planes);
  return code;
}
