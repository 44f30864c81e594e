/* job_components.c - what can be switched on and off, from the settings. */
#include "cli/job.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TIMES = 1000 };

/* "4", "onsets", "beats", "0.5,1.25": times[MAX_TIMES] holds the points. */
static int read_segments(cli_session *cs, const char *text, aus_segments *out, double *times)
{
  int64_t n;
  *out = (aus_segments){ .kind = AUS_SEGMENTS_EQUAL, .n = 1, .crossfade_s = cs->s->crossfade };
  if (strcmp(text, "onsets") == 0) out->kind = AUS_SEGMENTS_ONSETS, out->n = 0;
  else if (strcmp(text, "beats") == 0) out->kind = AUS_SEGMENTS_BEATS, out->n = 0;
  else if (cli_integer(text, 1, 100000, &n)) out->n = (int32_t)n;
  else {
    out->kind = AUS_SEGMENTS_TIMES;
    out->times = times;
    out->n = 0;
    for (const char *p = text; *p;) {
      char number[64];
      const size_t length = strcspn(p, ",");
      snprintf(number, sizeof number, "%.*s", (int)length, p);
      if (length >= sizeof number || out->n == MAX_TIMES || !cli_real(number, 0, 1e9, &times[out->n]) ||
          (out->n > 0 && times[out->n] <= times[out->n - 1]))
        return cli_say(cs, CLI_BAD_USAGE, "--segments %s: want a number of segments, onsets, beats, or rising seconds T1,T2,...", text);
      out->n++;
      p += length + (p[length] == ',');
    }
    if (out->n == 0) return cli_say(cs, CLI_BAD_USAGE, "--segments: empty");
  }
  return CLI_DONE;
}

static bool read_tiles(const char *text, int32_t *t, int32_t *f)
{
  char number[32];
  int64_t a, b;
  const char *x = strchr(text, 'x');
  if (!x || (size_t)(x - text) >= sizeof number) return false;
  snprintf(number, sizeof number, "%.*s", (int)(x - text), text);
  if (!cli_integer(number, 1, 10000, &a) || !cli_integer(x + 1, 1, 10000, &b)) return false;
  *t = (int32_t)a;
  *f = (int32_t)b;
  return true;
}

/* A model with a channel per stem: source c is stem c in its own channel and silence in the others. */
static int components_of_channels(cli_job *job, const float *x, const aus_segments *segments)
{
  cli_session *cs = job->cs;
  const int32_t n = job->info->channels;
  const size_t samples = (size_t)job->sound.heard.frames;
  float *planes = aus_alloc_zero(cs->ctx, (size_t)n * (size_t)n, samples * sizeof *planes);
  aus_audio *stem = aus_alloc_zero(cs->ctx, (size_t)n, sizeof *stem);
  char **name = aus_alloc_zero(cs->ctx, (size_t)n, sizeof *name);
  aus_status status = planes && stem && name ? AUS_OK : AUS_ENOMEM;
  const aus_audio input = { .data = (float *)x, .frames = (int64_t)samples, .channels = n, .rate = job->sound.heard.rate };
  for (int32_t c = 0; c < n && status == AUS_OK; c++) {
    stem[c] = input;
    stem[c].data = planes + (size_t)c * (size_t)n * samples;
    memcpy(stem[c].data + (size_t)c * samples, x + (size_t)c * samples, samples * sizeof *x);
    name[c] = aus_strf(cs->ctx, "%s", job->info->channel_names ? job->info->channel_names[c] : job->sources.stems.name[c]);
    if (!name[c]) status = AUS_ENOMEM;
  }
  if (status == AUS_OK) status = aus_components_stems(cs->ctx, &input, stem, (const char *const *)name, n, 0, segments, &job->components);
  for (int32_t c = 0; name && c < n; c++) aus_free(cs->ctx, name[c]);
  aus_free(cs->ctx, name);
  aus_free(cs->ctx, stem);
  aus_free(cs->ctx, planes);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

/* Stems as channels: only sources and time can be switched, because tiles are made of one channel. */
static int many_channels(cli_job *job, const aus_segments *segments)
{
  cli_session *cs = job->cs;
  float *x = NULL;
  const int method = cs->s->method;
  if (method == CLI_METHOD_SLIME || method == CLI_METHOD_SUPERPIXEL)
    return cli_say(cs, CLI_INCAPABLE, "%s hears %d stems; tiles and superpixels need a model that hears the mix", job->info->name, job->info->channels);
  if (!cs->s->stems && !cs->s->separator)
    return cli_say(cs, CLI_BAD_USAGE, "%s takes %d stems: give --stems DIR, or --separator FILE.aus", job->info->name, job->info->channels);
  int code = cli_find_sources(cs, &job->sound, &job->sources);
  if (code == CLI_DONE) code = cli_sources_to_channels(cs, &job->sources, job->info, &x);
  if (code != CLI_DONE) return code;
  if (method == CLI_METHOD_TIME) {
    const aus_audio input = { .data = x, .frames = job->sound.heard.frames, .channels = job->info->channels, .rate = job->sound.heard.rate };
    const aus_status status = aus_components_time(cs->ctx, &input, segments, &job->components);
    if (status != AUS_OK) code = cli_fail(cs, CLI_WORKING, status);
  } else {
    code = components_of_channels(job, x, segments);
  }
  aus_free(cs->ctx, x);
  return code;
}

static int sources_components(cli_job *job, const aus_segments *segments)
{
  cli_session *cs = job->cs;
  const int code = cli_find_sources(cs, &job->sound, &job->sources);
  if (code != CLI_DONE) return code;
  const aus_stems *stems = &job->sources.stems;
  const aus_status status = aus_components_stems(cs->ctx, &job->sound.heard, stems->stem, (const char *const *)stems->name, stems->n,
                                                 cs->s->no_residual ? AUS_RESIDUAL_FOLD : AUS_RESIDUAL_COMPONENT, segments, &job->components);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

int cli_job_components(cli_job *job)
{
  cli_session *cs = job->cs;
  const cli_settings *s = cs->s;
  const double start = aus_now();
  double times[MAX_TIMES];
  aus_segments segments;
  int32_t n_time = 0, n_freq = 0;
  if ((s->stems || s->separator) && s->method != CLI_METHOD_AUDIOLIME && job->info->channels == 1)
    return cli_say(cs, CLI_BAD_USAGE, "--stems and --separator belong to --method audiolime");
  int code = read_segments(cs, s->segments ? s->segments : s->method == CLI_METHOD_TIME ? "10" : "1", &segments, times);
  if (code == CLI_DONE && !read_tiles(s->tiles, &n_time, &n_freq)) code = cli_say(cs, CLI_BAD_USAGE, "--tiles %s: want TxF, e.g. 4x3", s->tiles);
  if (code != CLI_DONE) return code;
  const aus_audio *x = &job->sound.heard;
  aus_status status = AUS_OK;
  if (job->info->channels > 1) code = many_channels(job, &segments);
  else if (s->method == CLI_METHOD_AUDIOLIME) code = sources_components(job, &segments);
  else if (s->method == CLI_METHOD_TIME) status = aus_components_time(cs->ctx, x, &segments, &job->components);
  else if (s->method == CLI_METHOD_SLIME)
    status = aus_components_tiles(cs->ctx, x, n_time, n_freq, (aus_baseline)s->fill, (uint64_t)s->seed, &job->components);
  else
    status = aus_components_superpixels(cs->ctx, x, (aus_superpixel)s->superpixel, (int32_t)s->superpixels, (aus_baseline)s->fill,
                                        (uint64_t)s->seed, &job->components);
  if (status != AUS_OK) code = cli_fail(cs, CLI_WORKING, status);
  job->seconds_components = aus_now() - start;
  return code;
}
