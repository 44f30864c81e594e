/* input.c - opens the model, reads sound, converts it to what the model hears. */
#include "cli/input.h"

#include <math.h>
#include <string.h>

int cli_open_model(cli_session *cs, aus_model **model)
{
  const cli_settings *s = cs->s;
  *model = NULL;
  if (!s->model == !s->model_cmd) {
    return cli_say(cs, CLI_BAD_USAGE, s->model ? "give --model or --model-cmd, not both"
                                               : "no model: give -m MODEL.aus or --model-cmd 'PROGRAM ARGS'");
  }
  const aus_status status = s->model ? aus_model_open(cs->ctx, s->model, model)
                                     : aus_model_from_command(cs->ctx, s->model_cmd, s->timeout, model);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_OPENING, status);
}

/* A network takes apart what the file holds: all its channels, at its rate. */
static aus_status load_whole(cli_session *cs, const aus_audio_range *range, int32_t rate, cli_sound *sound)
{
  AUS_TRY(aus_audio_read(cs->ctx, sound->path, range, &sound->read));
  return aus_audio_convert(cs->ctx, &sound->read, rate ? rate : sound->read.rate, 1, &sound->heard);
}

/* All others hear what the model hears: piece by piece, so that hours of many channels need no more memory than that. */
static aus_status load_heard(cli_session *cs, const aus_audio_range *range, int32_t rate, cli_sound *sound)
{
  AUS_TRY(aus_audio_read_mono(cs->ctx, sound->path, range, rate, &sound->heard));
  sound->read = sound->heard;
  sound->read.data = NULL;
  sound->read.rate = sound->heard.file_rate;
  sound->read.channels = sound->heard.file_channels;
  sound->read.frames = sound->heard.file_frames;
  return AUS_OK;
}

int cli_load_sound(cli_session *cs, const char *path, int32_t rate, cli_sound *sound)
{
  const aus_audio_range range = { .offset = cs->s->offset, .duration = cs->s->duration };
  const bool whole = cs->s->separator && strcmp(cs->s->separator, "hpss") != 0;
  *sound = (cli_sound){ .path = path };
  const aus_status status = (whole ? load_whole : load_heard)(cs, &range, rate, sound);
  if (status == AUS_OK) return CLI_DONE;
  cli_free_sound(cs, sound);
  return cli_fail(cs, CLI_READING, status);
}

void cli_free_sound(cli_session *cs, cli_sound *sound)
{
  aus_audio_free(cs->ctx, &sound->read);
  aus_audio_free(cs->ctx, &sound->heard);
}

void cli_describe_sound(const cli_sound *s, char *line, size_t size)
{
  const aus_audio *r = &s->read;
  char channels[32];
  snprintf(channels, sizeof channels, r->channels == 1 ? "mono" : r->channels == 2 ? "stereo" : "%d channels", r->channels);
  snprintf(line, size, "%s: %.2f s, %d Hz %s (%s); heard as %d Hz mono", strcmp(s->path, "-") == 0 ? "standard input" : s->path,
           (double)r->frames / r->rate, r->rate, channels, r->decoder, s->heard.rate);
}

void cli_remark_short(cli_session *cs, const cli_sound *sound, const aus_model_info *info)
{
  if (info->patch_samples <= 0 || sound->heard.frames >= info->patch_samples) return;
  cli_remark(cs, "%s has %lld samples at %d Hz, the model works on %lld: the clip is %s, as the model's metadata says",
             sound->path, (long long)sound->heard.frames, info->sample_rate, (long long)info->patch_samples,
             info->short_input && strcmp(info->short_input, "repeat") == 0 ? "repeated" : "padded with silence");
}

void cli_json_head(aus_json *j, const char *schema)
{
  aus_json_object(j, NULL);
  aus_json_string(j, "schema", schema);
  aus_json_flat_object(j, "program");
  aus_json_string(j, "name", "auscult");
  aus_json_string(j, "version", aus_version());
  aus_json_string(j, "isa", aus_ctx_isa(j->ctx));
  aus_json_close(j);
}

void cli_json_sound(cli_session *cs, aus_json *j, const char *key, const cli_sound *s)
{
  aus_json_object(j, key);
  aus_json_string(j, "path", s->path);
  aus_json_string(j, "sha256", s->read.sha256);
  aus_json_string(j, "decoder", s->read.decoder);
  aus_json_integer(j, "rate", s->read.rate);
  aus_json_integer(j, "channels", s->read.channels);
  aus_json_integer(j, "frames", s->read.frames);
  aus_json_real(j, "offset", cs->s->offset);
  aus_json_real(j, "duration", (double)s->read.frames / s->read.rate);
  aus_json_integer(j, "heard_rate", s->heard.rate);
  aus_json_integer(j, "heard_samples", s->heard.frames);
  aus_json_close(j);
}

void cli_json_model(cli_session *cs, aus_json *j, const aus_model_info *info)
{
  static const char *const kinds[] = { "sigmoid", "softmax", "real" };
  aus_json_object(j, "model");
  aus_json_string(j, "name", info->name);
  aus_json_string(j, cs->s->model ? "path" : "command", cs->s->model ? cs->s->model : cs->s->model_cmd);
  aus_json_string(j, "sha256", info->sha256);
  aus_json_integer(j, "rate", info->sample_rate);
  aus_json_integer(j, "channels", info->channels);
  aus_json_integer(j, "targets", info->n_targets);
  aus_json_string(j, "score", kinds[info->score_kind]);
  aus_json_integer(j, "patch_samples", info->patch_samples);
  aus_json_string(j, "short_input", info->short_input);
  aus_json_string(j, "front_end", info->front_end);
  aus_json_string(j, "licence", info->licence);
  aus_json_string(j, "source", info->source);
  aus_json_close(j);
}

void cli_json_notes(cli_session *cs, aus_json *j)
{
  aus_json_array(j, "notes");
  for (int i = 0; i < cs->n_notes; i++) aus_json_string(j, NULL, cs->note[i]);
  aus_json_close(j);
}

void cli_json_run(cli_session *cs, aus_json *j)
{
  aus_json_object(j, "run");
  aus_json_integer(j, "threads", aus_ctx_threads(cs->ctx));
  aus_json_real(j, "seconds", round((aus_now() - cs->start) * 1e3) / 1e3);
  aus_json_flat_array(j, "command");
  for (int i = 0; i < cs->s->argc; i++) aus_json_string(j, NULL, cs->s->argv[i]);
  aus_json_close(j);
  aus_json_close(j);
}
