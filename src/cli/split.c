/* split.c - reads a sound, writes its stems: both in blocks, the files whole or not at all. */
#include "cli/split.h"

#include "audio/decode.h"

#include <math.h>
#include <string.h>

typedef struct job {
  cli_session *cs;
  cli_split *out;
  aus_separator *separator;
  aus_decoder decoder;
  aus_audio whole;      /* sound from a pipe, or of a length that its file does not know */
  aus_outfile **file;   /* [n] */
  float *frames;        /* interleaved */
  int64_t room;
  bool ended_early;
} job;

static aus_status make_room(job *j, int64_t count)
{
  if (count <= j->room) return AUS_OK;
  aus_free(j->cs->ctx, j->frames);
  j->room = count;
  j->frames = aus_alloc(j->cs->ctx, (size_t)count, (size_t)j->out->channels * sizeof *j->frames);
  return j->frames ? AUS_OK : AUS_ENOMEM;
}

/* ---- in ------------------------------------------------------------------------------------- */

static aus_status read_file(void *user, int64_t first, int64_t count, float *x)
{
  job *j = user;
  int64_t have = 0, got = 1;
  (void)first;
  AUS_TRY(make_room(j, count));
  for (; have < count && got > 0; have += got) AUS_TRY(j->decoder.read(&j->decoder, count - have, j->frames + have * j->out->channels, &got));
  if (have < count) { /* the file's own word on its length was wrong */
    j->ended_early = true;
    return aus_fail(j->cs->ctx, AUS_EFORMAT, "the sound ends before its stated length");
  }
  for (int32_t c = 0; c < j->out->channels; c++)
    for (int64_t t = 0; t < count; t++) x[c * count + t] = j->frames[t * j->out->channels + c];
  return AUS_OK;
}

static aus_status read_memory(void *user, int64_t first, int64_t count, float *x)
{
  const aus_audio *a = &((job *)user)->whole;
  for (int32_t c = 0; c < a->channels; c++) memcpy(x + c * count, a->data + c * a->frames + first, (size_t)count * sizeof *x);
  return AUS_OK;
}

/* ---- out ------------------------------------------------------------------------------------ */

/* 32-bit float, least significant byte first. */
static void encode(int64_t n, const float *x, unsigned char *to)
{
  for (int64_t i = 0; i < n; i++, to += 4) {
    uint32_t b;
    memcpy(&b, x + i, 4);
    for (int k = 0; k < 4; k++) to[k] = (unsigned char)(b >> 8 * k);
  }
}

static aus_status write_stems(void *user, int64_t first, int64_t count, int32_t n, const float *const *stem)
{
  job *j = user;
  const int32_t channels = j->out->channels;
  AUS_TRY(make_room(j, count));
  for (int32_t i = 0; i < n; i++) {
    double sum = 0;
    for (int32_t c = 0; c < channels; c++)
      for (int64_t t = 0; t < count; t++) {
        const float v = stem[i][c * count + t];
        if (!isfinite(v)) return aus_fail(j->cs->ctx, AUS_EINVAL, "%s: sample %lld is not a finite number", j->out->path[i], (long long)(first + t));
        sum += (double)v * v;
        j->frames[t * channels + c] = v;
      }
    j->out->square[i] += sum;
    encode(count * channels, j->frames, (unsigned char *)j->frames); /* in place: four bytes from four bytes */
    AUS_TRY(aus_outfile_write(j->file[i], j->frames, (size_t)(count * channels) * 4));
  }
  return AUS_OK;
}

static int open_outputs(job *j)
{
  cli_session *cs = j->cs;
  const aus_separator_info *info = aus_separator_describe(j->separator);
  cli_names *names = aus_alloc_zero(cs->ctx, 1, sizeof *names);
  cli_split *o = j->out;
  o->n = info->n_stems + !cs->s->no_residual;
  o->path = aus_alloc_zero(cs->ctx, (size_t)o->n, sizeof *o->path);
  o->square = aus_alloc_zero(cs->ctx, (size_t)o->n, sizeof *o->square);
  j->file = aus_alloc_zero(cs->ctx, (size_t)o->n, sizeof *j->file);
  int code = names && o->path && o->square && j->file ? cli_make_dir(cs, cs->s->out) : cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  for (int32_t i = 0; i < o->n && code == CLI_DONE; i++) {
    cli_wav_path(names, cs->s->out, i < info->n_stems ? info->stems[i] : "residual", o->path[i]);
    code = cli_check_free(cs, o->path[i]);
  }
  aus_free(cs->ctx, names);
  for (int32_t i = 0; i < o->n && code == CLI_DONE; i++) {
    unsigned char head[AUS_WAV_HEADER];
    cli_output_begins(cs, o->path[i]);
    aus_status status = aus_outfile_open(cs->ctx, o->path[i], cs->s->force, &j->file[i]);
    if (status == AUS_OK) status = aus_outfile_write(j->file[i], head, (size_t)aus_wav_header(head, o->channels, o->rate, AUS_WAV_FLOAT32, o->frames));
    if (status != AUS_OK) code = cli_fail(cs, CLI_WRITING, status);
  }
  return code;
}

static int commit(job *j)
{
  for (int32_t i = 0; i < j->out->n; i++) {
    const aus_status status = aus_outfile_commit(j->file[i]);
    j->file[i] = NULL;
    if (status != AUS_OK) return cli_fail(j->cs, CLI_WRITING, status);
  }
  return CLI_DONE;
}

static void close_job(job *j)
{
  aus_ctx *ctx = j->cs->ctx;
  for (int32_t i = 0; j->file && i < j->out->n; i++)
    if (j->file[i]) aus_outfile_abort(j->file[i]);
  aus_free(ctx, j->file);
  aus_free(ctx, j->frames);
  aus_audio_free(ctx, &j->whole);
  if (j->decoder.ctx) aus_decoder_close(&j->decoder);
  *j = (job){ .cs = j->cs, .out = j->out, .separator = j->separator };
}

/* ---- both ------------------------------------------------------------------------------------- */

static int separate(job *j, const aus_separator_io *io)
{
  cli_split *o = j->out;
  o->rate = io->rate;
  o->channels = io->channels;
  o->frames = io->frames;
  int code = open_outputs(j);
  if (code != CLI_DONE) return code;
  const aus_status status = aus_separator_stream(j->separator, io, !j->cs->s->no_residual);
  if (status != AUS_OK) return j->ended_early ? CLI_FAILED : cli_fail(j->cs, CLI_WORKING, status);
  return commit(j);
}

static int from_memory(job *j, const char *audio, const aus_audio_range *range)
{
  const aus_status status = aus_audio_read(j->cs->ctx, audio, range, &j->whole);
  if (status != AUS_OK) return cli_fail(j->cs, CLI_READING, status);
  const aus_separator_io io = { .rate = j->whole.rate, .channels = j->whole.channels, .frames = j->whole.frames, .read = read_memory, .write = write_stems, .user = j };
  return separate(j, &io);
}

/* CLI_DONE with *frames -1: the file does not know how long it is. */
static int open_file(job *j, const char *audio, const aus_audio_range *range, int64_t *frames)
{
  aus_status status = aus_decoder_open(j->cs->ctx, audio, true, &j->decoder);
  if (status == AUS_OK) status = aus_decoder_range(&j->decoder, range, frames);
  if (status == AUS_OK && *frames == 0) status = aus_fail(j->cs->ctx, AUS_EFORMAT, "%s: holds no sound (0 frames)", audio);
  return status == AUS_OK ? CLI_DONE : cli_fail(j->cs, CLI_READING, status);
}

int cli_split_run(cli_session *cs, const char *audio, aus_separator *separator, cli_split *out)
{
  const aus_audio_range range = { .offset = cs->s->offset, .duration = cs->s->duration };
  job j = { .cs = cs, .out = out, .separator = separator };
  int64_t frames = -1;
  bool early = false;
  *out = (cli_split){ 0 };
  int code = strcmp(audio, "-") == 0 ? CLI_DONE : open_file(&j, audio, &range, &frames);
  if (code == CLI_DONE && frames > 0) {
    const aus_separator_io io = { .rate = j.decoder.rate, .channels = j.decoder.channels, .frames = frames, .read = read_file, .write = write_stems, .user = &j };
    code = separate(&j, &io);
    early = j.ended_early;
  }
  if (early) {
    close_job(&j);
    cli_split_free(cs, out);
  }
  if (early || (code == CLI_DONE && frames <= 0)) code = from_memory(&j, audio, &range);
  close_job(&j);
  return code;
}

void cli_split_free(cli_session *cs, cli_split *s)
{
  aus_free(cs->ctx, s->path);
  aus_free(cs->ctx, s->square);
  *s = (cli_split){ 0 };
}
