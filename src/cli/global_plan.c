/* global_plan.c - from a manifest to the snippets that are to be explained. */
#define _DEFAULT_SOURCE
#include "cli/global.h"

#include "audio/decode.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 1 << 28, MOST_SONGS = 1000000, MOST_PIECES = 10000000 };

void cli_plan_free(cli_plan *plan)
{
  aus_ctx *ctx = plan->ctx;
  if (!ctx) return;
  for (int32_t i = 0; i < plan->n_songs; i++) {
    aus_free(ctx, plan->song[i].path);
    aus_free(ctx, plan->song[i].stems);
    aus_free(ctx, plan->song[i].target);
  }
  for (int32_t i = 0; i < plan->n_unread; i++) {
    aus_free(ctx, plan->unread[i]);
    aus_free(ctx, plan->why[i]);
  }
  aus_free(ctx, plan->song);
  aus_free(ctx, plan->piece);
  aus_free(ctx, plan->unread);
  aus_free(ctx, plan->why);
  *plan = (cli_plan){0};
}

void cli_safe_id(const char *path, char id[88])
{
  const char *slash = strrchr(path, '/'), *name = slash && slash[1] ? slash + 1 : path, *dot = strrchr(name, '.');
  aus_sha256 s;
  char hex[65];
  size_t n = 0;
  for (const char *p = name; *p && (!dot || p < dot || dot == name) && n < 60; p++) {
    const char c = *p;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (n > 0 && (c == '-' || c == '.'));
    if (plain || n == 0 || id[n - 1] != '_') id[n++] = plain ? c : '_';
  }
  aus_sha256_init(&s);
  aus_sha256_add(&s, path, strlen(path));
  aus_sha256_hex(&s, hex);
  snprintf(id + n, 88 - n, "-%.6s", hex);
}

/* ---- manifests ------------------------------------------------------------------------------------ */

/* Relative paths start beside the manifest. */
static char *beside(aus_ctx *ctx, const char *manifest, const char *path)
{
  const char *slash = strrchr(manifest, '/');
  if (path[0] == '/' || !slash) return aus_strdup(ctx, path);
  return aus_strf(ctx, "%.*s/%s", (int)(slash - manifest), manifest, path);
}

static aus_status add_song(cli_plan *plan, cli_song song)
{
  const int32_t n = plan->n_songs;
  if (!song.path) return AUS_ENOMEM;
  if ((n & (n - 1)) == 0) { /* at powers of two the list doubles */
    cli_song *bigger = aus_alloc(plan->ctx, n ? 2 * (size_t)n : 1, sizeof *bigger);
    if (!bigger) return AUS_ENOMEM;
    if (n) memcpy(bigger, plan->song, (size_t)n * sizeof *bigger);
    aus_free(plan->ctx, plan->song);
    plan->song = bigger;
  }
  cli_safe_id(song.path, song.id);
  plan->song[plan->n_songs++] = song;
  return AUS_OK;
}

static aus_status finish_song(cli_plan *plan, cli_song song)
{
  const aus_status status = add_song(plan, song);
  if (status == AUS_OK) return status;
  aus_free(plan->ctx, song.path);
  aus_free(plan->ctx, song.stems);
  aus_free(plan->ctx, song.target);
  return status;
}

static aus_status read_object(cli_plan *plan, const char *name, int64_t line, const char *text, size_t size)
{
  aus_json_tree t = {0};
  aus_ctx *ctx = plan->ctx;
  aus_status status = aus_json_read(ctx, name, text, size, &t);
  if (status != AUS_OK) { aus_json_tree_free(&t); return status == AUS_ENOMEM ? status : aus_fail_prefix(ctx, status, "line %lld", (long long)line); }
  const char *path = aus_json_get_text(&t, t.node, "path", ""), *stems = aus_json_get_text(&t, t.node, "stems", NULL), *target = aus_json_get_text(&t, t.node, "target", NULL);
  const double offset = aus_json_get_real(&t, t.node, "offset", 0), duration = aus_json_get_real(&t, t.node, "duration", 0);
  if (!*path) status = aus_fail(ctx, AUS_EFORMAT, "%s: line %lld: no \"path\"", name, (long long)line);
  else if (!(offset >= 0 && offset <= 1e9 && duration >= 0 && duration <= 1e9)) status = aus_fail(ctx, AUS_EFORMAT, "%s: line %lld: offset and duration are seconds from 0 to 1e9", name, (long long)line);
  cli_song song = { .offset = offset, .duration = duration };
  if (status == AUS_OK) {
    song.path = beside(ctx, name, path);
    song.stems = stems ? beside(ctx, name, stems) : NULL;
    song.target = target ? aus_strdup(ctx, target) : NULL;
    const bool room = song.path && (song.stems || !stems) && (song.target || !target);
    if (!room) { aus_free(ctx, song.path); song.path = NULL; }
    status = finish_song(plan, song);
  }
  aus_json_tree_free(&t);
  return status;
}

static aus_status read_line(cli_plan *plan, const char *name, int64_t line, const char *text, size_t size)
{
  while (size > 0 && (text[size - 1] == '\r' || text[size - 1] == ' ' || text[size - 1] == '\t')) size--;
  while (size > 0 && (*text == ' ' || *text == '\t')) { text++; size--; }
  if (size == 0 || *text == '#') return AUS_OK;
  if (plan->n_songs == MOST_SONGS) return aus_fail(plan->ctx, AUS_ELIMIT, "%s: more than %d songs", name, MOST_SONGS);
  if (*text == '{') return read_object(plan, name, line, text, size);
  for (size_t i = 0; i < size; i++)
    if ((unsigned char)text[i] < 0x20) return aus_fail(plan->ctx, AUS_EFORMAT, "%s: line %lld is no path: a manifest is text with one path or JSON object a line", name, (long long)line);
  char *path = aus_strf(plan->ctx, "%.*s", (int)size, text), *from_here = path ? beside(plan->ctx, name, path) : NULL;
  aus_free(plan->ctx, path);
  return finish_song(plan, (cli_song){ .path = from_here });
}

aus_status cli_plan_read(aus_ctx *ctx, const char *name, const char *text, size_t size, cli_plan *plan)
{
  *plan = (cli_plan){ .ctx = ctx };
  int64_t line = 1;
  for (size_t at = 0; at < size; line++) {
    const char *end = memchr(text + at, '\n', size - at);
    const size_t n = end ? (size_t)(end - text) - at : size - at;
    if (n > 65536) return aus_fail(ctx, AUS_EFORMAT, "%s: line %lld is longer than 65536 bytes: is this a manifest?", name, (long long)line);
    AUS_TRY(read_line(plan, name, line, text + at, n));
    at += n + 1;
  }
  return plan->n_songs ? AUS_OK : aus_fail(ctx, AUS_EFORMAT, "%s: no songs in it", name);
}

/* ---- folders ------------------------------------------------------------------------------------------ */

static int is_sound(const struct dirent *e)
{
  static const char *const endings[] = { ".wav", ".flac", ".ogg", ".mp3", ".opus", ".aif", ".aiff", ".WAV", ".FLAC", ".OGG", ".MP3" };
  const size_t n = strlen(e->d_name);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const size_t k = strlen(endings[i]);
    if (n > k && strcmp(e->d_name + n - k, endings[i]) == 0) return 1;
  }
  return 0;
}

static aus_status read_folder(cli_plan *plan, const char *folder)
{
  struct dirent **entry = NULL;
  const int n = scandir(folder, &entry, is_sound, alphasort);
  aus_status status = n < 0 ? aus_fail(plan->ctx, AUS_EIO, "cannot read the folder %s", folder) : n == 0 ? aus_fail(plan->ctx, AUS_EFORMAT, "%s: no sound files in it", folder) : AUS_OK;
  for (int i = 0; i < n; i++) {
    if (status == AUS_OK) status = finish_song(plan, (cli_song){ .path = aus_strf(plan->ctx, "%s/%s", folder, entry[i]->d_name) });
    free(entry[i]);
  }
  free(entry);
  return status;
}

aus_status cli_plan_open(aus_ctx *ctx, const char *path, cli_plan *plan)
{
  struct stat st;
  void *text = NULL;
  size_t size = 0;
  *plan = (cli_plan){ .ctx = ctx };
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return read_folder(plan, path);
  AUS_TRY(aus_file_read(ctx, path, MOST_BYTES, &text, &size));
  const aus_status status = cli_plan_read(ctx, path, text, size, plan);
  aus_free(ctx, text);
  return status;
}

/* ---- snippets ------------------------------------------------------------------------------------------- */

/* Seconds in the file, from its head where that can be relied on, else by reading it all. */
static aus_status length_of(aus_ctx *ctx, const char *path, double *seconds)
{
  aus_decoder d;
  AUS_TRY(aus_decoder_open(ctx, path, true, &d));
  const int64_t frames = d.frames < 0 && d.likely > 0 ? d.likely : d.frames;
  *seconds = frames > 0 && d.rate > 0 ? (double)frames / d.rate : 0;
  aus_decoder_close(&d);
  if (frames >= 0) return frames ? AUS_OK : aus_fail(ctx, AUS_EFORMAT, "%s: no sound in it", path);
  aus_audio a;
  AUS_TRY(aus_audio_read_mono(ctx, path, NULL, 0, &a));
  *seconds = (double)a.frames / a.rate;
  aus_audio_free(ctx, &a);
  return AUS_OK;
}

static aus_status add_piece(cli_plan *plan, cli_piece piece)
{
  const int32_t n = plan->n_pieces;
  if (n == MOST_PIECES) return aus_fail(plan->ctx, AUS_ELIMIT, "more than %d snippets", MOST_PIECES);
  if ((n & (n - 1)) == 0) {
    cli_piece *bigger = aus_alloc(plan->ctx, n ? 2 * (size_t)n : 1, sizeof *bigger);
    if (!bigger) return AUS_ENOMEM;
    if (n) memcpy(bigger, plan->piece, (size_t)n * sizeof *bigger);
    aus_free(plan->ctx, plan->piece);
    plan->piece = bigger;
  }
  plan->piece[plan->n_pieces++] = piece;
  return AUS_OK;
}

static aus_status note_unread(cli_plan *plan, int32_t song)
{
  plan->unread[plan->n_unread] = aus_strdup(plan->ctx, plan->song[song].path);
  plan->why[plan->n_unread] = aus_strdup(plan->ctx, aus_ctx_error(plan->ctx));
  return plan->unread[plan->n_unread] && plan->why[plan->n_unread++] ? AUS_OK : AUS_ENOMEM;
}

static aus_status cut_song(cli_plan *plan, int32_t i, double seconds, int64_t most)
{
  const cli_song *s = &plan->song[i];
  double length = 0;
  const aus_status status = length_of(plan->ctx, s->path, &length);
  if (status == AUS_ENOMEM) return status;
  if (status != AUS_OK) return note_unread(plan, i);
  const double end = s->duration > 0 ? fmin(length, s->offset + s->duration) : length, span = end - s->offset;
  if (!(span > 0)) {
    aus_fail(plan->ctx, AUS_EFORMAT, "%s lasts %.2f s: nothing is left from %.2f s on", s->path, length, s->offset);
    return note_unread(plan, i);
  }
  if (seconds <= 0 || span < seconds * 1.0000001) return add_piece(plan, (cli_piece){ i, s->offset, seconds <= 0 && s->duration <= 0 ? 0 : fmin(span, seconds > 0 ? seconds : span) });
  const int64_t all = (int64_t)floor(span / seconds + 1e-6), n = most > 0 && most < all ? most : all;
  for (int64_t k = 0; k < n; k++) {
    const int64_t at = n < all ? (2 * k + 1) * all / (2 * n) : k;
    AUS_TRY(add_piece(plan, (cli_piece){ i, s->offset + (double)at * seconds, seconds }));
  }
  return AUS_OK;
}

aus_status cli_plan_cut(cli_plan *plan, double seconds, int64_t most)
{
  plan->unread = aus_alloc_zero(plan->ctx, (size_t)plan->n_songs + 1, sizeof *plan->unread);
  plan->why = aus_alloc_zero(plan->ctx, (size_t)plan->n_songs + 1, sizeof *plan->why);
  if (!plan->unread || !plan->why) return AUS_ENOMEM;
  for (int32_t i = 0; i < plan->n_songs; i++) AUS_TRY(cut_song(plan, i, seconds, most));
  return AUS_OK;
}
