/* sources.c - stems from a folder or a separator, converted to what the model hears.
 *
 * Mixing to mono and resampling are linear, so converted stems add up to the converted input
 * just as the stems add up to the input. */
#include "cli/sources.h"

#include <string.h>

void cli_free_sources(cli_session *cs, cli_sources *s) { aus_stems_free(cs->ctx, &s->stems); }

/* Each stem becomes mono at the model's rate, and must then be as long as the input. */
static int convert(cli_session *cs, const cli_sound *sound, cli_sources *out)
{
  for (int32_t i = 0; i < out->stems.n; i++) {
    aus_audio *stem = &out->stems.stem[i], heard;
    const aus_status status = aus_audio_convert(cs->ctx, stem, sound->heard.rate, 1, &heard);
    if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
    aus_audio_free(cs->ctx, stem);
    *stem = heard;
    if (heard.frames != sound->heard.frames)
      return cli_say(cs, CLI_BAD_INPUT, "stem %s lasts %.4f s, the input %.4f s: stems must have the input's length", out->stems.name[i],
                     (double)heard.frames / heard.rate, (double)sound->heard.frames / sound->heard.rate);
  }
  return CLI_DONE;
}

static int load_folder(cli_session *cs, cli_sources *out)
{
  const aus_audio_range range = { .offset = cs->s->offset, .duration = cs->s->duration };
  const aus_status status = aus_stems_load(cs->ctx, cs->s->stems, &range, NULL, &out->stems);
  snprintf(out->kind, sizeof out->kind, "stems");
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_READING, status);
}

/* "nmf" or "nmf:ATOMS". */
static int open_nmf(cli_session *cs, const char *how, aus_separator **out)
{
  int64_t atoms = 8;
  if (how[3] && (how[3] != ':' || !cli_integer(how + 4, 1, AUS_SEPARATOR_MAX_ATOMS, &atoms)))
    return cli_say(cs, CLI_BAD_USAGE, "--separator %s: nmf, or nmf:ATOMS with 1 to %d atoms", how, AUS_SEPARATOR_MAX_ATOMS);
  const aus_status status = aus_separator_nmf(cs->ctx, (int32_t)atoms, (uint64_t)cs->s->seed, out);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_OPENING, status);
}

/* "oracle:MASK:DIR". */
static int open_oracle(cli_session *cs, const char *how, aus_separator **out)
{
  const aus_audio_range range = { .offset = cs->s->offset, .duration = cs->s->duration };
  char mask[16];
  const char *folder = strchr(how + 7, ':');
  if (!folder || folder[1] == '\0' || folder - how - 7 >= (int)sizeof mask)
    return cli_say(cs, CLI_BAD_USAGE, "--separator %s: oracle:MASK:DIR, with a mask ibm, irm, wiener or tpsf and the folder of the true stems", how);
  snprintf(mask, sizeof mask, "%.*s", (int)(folder - how - 7), how + 7);
  const aus_status status = aus_separator_oracle(cs->ctx, mask, folder + 1, &range, out);
  if (status == AUS_EINVAL) return cli_say(cs, CLI_BAD_USAGE, "--separator %s: %s", how, aus_ctx_error(cs->ctx));
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_READING, status);
}

int cli_open_separator(cli_session *cs, const char *how, aus_separator **out)
{
  *out = NULL;
  if (strcmp(how, "nmf") == 0 || strncmp(how, "nmf:", 4) == 0) return open_nmf(cs, how, out);
  if (strncmp(how, "oracle:", 7) == 0) return open_oracle(cs, how, out);
  const aus_status status = strcmp(how, "hpss") == 0 ? aus_separator_hpss(cs->ctx, NULL, out) : aus_separator_open(cs->ctx, how, out);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_OPENING, status);
}

/* hpss and nmf hear what the model hears; what has a rate of its own (networks, oracle masks) hears the file as it was read. */
static int separate(cli_session *cs, const cli_sound *sound, cli_sources *out)
{
  const char *how = cs->s->separator ? cs->s->separator : "hpss";
  aus_separator *separator = NULL;
  const int code = cli_open_separator(cs, how, &separator);
  if (code != CLI_DONE) return code;
  const aus_separator_info *info = aus_separator_describe(separator);
  snprintf(out->kind, sizeof out->kind, "%s", info->name);
  snprintf(out->sha256, sizeof out->sha256, "%s", info->sha256 ? info->sha256 : "");
  const bool own_rate = info->rate > 0;
  const aus_status status = aus_separator_run(separator, own_rate ? &sound->read : &sound->heard, 0, &out->stems);
  aus_separator_close(separator);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

int cli_find_sources(cli_session *cs, const cli_sound *sound, cli_sources *out)
{
  *out = (cli_sources){0};
  if (cs->s->stems && cs->s->separator) return cli_say(cs, CLI_BAD_USAGE, "give --stems or --separator, not both");
  int code = cs->s->stems ? load_folder(cs, out) : separate(cs, sound, out);
  if (code == CLI_DONE) code = convert(cs, sound, out);
  if (code != CLI_DONE) {
    cli_free_sources(cs, out);
    *out = (cli_sources){0};
  }
  return code;
}

int cli_sources_to_channels(cli_session *cs, const cli_sources *s, const aus_model_info *info, float **x)
{
  const size_t samples = s->stems.n ? (size_t)s->stems.stem[0].frames : 0;
  *x = aus_alloc_zero(cs->ctx, (size_t)info->channels, samples * sizeof **x);
  if (!*x) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  for (int32_t c = 0; c < info->channels; c++) {
    const char *wanted = info->channel_names ? info->channel_names[c] : NULL;
    int32_t i = 0;
    while (i < s->stems.n && wanted && strcmp(s->stems.name[i], wanted) != 0) i++;
    if (!wanted) i = c; /* a model that does not say: by order */
    if (i >= s->stems.n) {
      aus_free(cs->ctx, *x);
      *x = NULL;
      return cli_say(cs, CLI_BAD_INPUT, "%s wants a stem %s, and there is none (%s)", info->name, wanted ? wanted : "more", s->kind);
    }
    memcpy(*x + (size_t)c * samples, s->stems.stem[i].data, samples * sizeof **x);
  }
  return CLI_DONE;
}
