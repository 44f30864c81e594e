/* stems.c - named sounds that belong together: a folder of them, and their memory.
 *
 * The oracle case of [Haunschmid20]: the true stems of a mix, one file each; a file's name without its suffix is
 * the stem's. Names are sorted by their bytes, so the order is the same on every machine. A file that
 * is a sound by its suffix must be readable: a stem that silently went missing would move into the residual
 * and change the explanation. */
#define _DEFAULT_SOURCE
#include "sep/sep.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

void aus_stems_free(aus_ctx *ctx, aus_stems *stems)
{
  for (int32_t i = 0; i < stems->n; i++) {
    if (stems->stem) aus_audio_free(ctx, &stems->stem[i]);
    if (stems->name) aus_free(ctx, stems->name[i]);
  }
  aus_free(ctx, stems->stem);
  aus_free(ctx, stems->name);
  memset(stems, 0, sizeof *stems);
}

/* n stems of zeros, shaped like `like`. */
aus_status aus_stems_alloc(aus_ctx *ctx, int32_t n, const char *const *name, const aus_audio *like, aus_stems *out)
{
  memset(out, 0, sizeof *out);
  out->stem = aus_alloc_zero(ctx, (size_t)n, sizeof *out->stem);
  out->name = aus_alloc_zero(ctx, (size_t)n, sizeof *out->name);
  bool ok = out->stem && out->name;
  out->n = n;
  for (int32_t i = 0; ok && i < n; i++) {
    aus_audio *a = &out->stem[i];
    a->frames = like->frames;
    a->channels = like->channels;
    a->rate = like->rate;
    a->data = aus_alloc_zero(ctx, (size_t)like->channels * (size_t)like->frames, sizeof *a->data);
    out->name[i] = aus_strdup(ctx, name[i]);
    ok = a->data && out->name[i];
  }
  if (!ok) aus_stems_free(ctx, out);
  return ok ? AUS_OK : AUS_ENOMEM;
}

/* ---- a folder -------------------------------------------------------------------------------- */

typedef struct names { char **name; int32_t n, room; } names;

static bool is_sound(const char *name)
{
  static const char *const suffix[] = { ".wav", ".flac", ".ogg", ".oga", ".mp3", ".opus", ".aif", ".aiff", ".aifc",
                                        ".w64", ".rf64", ".au", ".caf" };
  const char *dot = strrchr(name, '.');
  if (!dot || dot == name) return false;
  for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
    if (strcasecmp(dot, suffix[i]) == 0) return true;
  return false;
}

static aus_status add_name(aus_ctx *ctx, names *list, const char *name)
{
  if (list->n == list->room) {
    if (list->room >= 4096) return aus_fail(ctx, AUS_ELIMIT, "more than 4096 stems in one folder");
    const int32_t room = list->room ? 2 * list->room : 16;
    char **more = aus_alloc_zero(ctx, (size_t)room, sizeof *more);
    if (!more) return AUS_ENOMEM;
    if (list->n) memcpy(more, list->name, (size_t)list->n * sizeof *more);
    aus_free(ctx, list->name);
    list->name = more;
    list->room = room;
  }
  list->name[list->n] = aus_strdup(ctx, name);
  return list->name[list->n] ? (list->n++, AUS_OK) : AUS_ENOMEM;
}

static void free_names(aus_ctx *ctx, names *list)
{
  for (int32_t i = 0; i < list->n; i++) aus_free(ctx, list->name[i]);
  aus_free(ctx, list->name);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static aus_status is_folder(aus_ctx *ctx, const char *folder, const char *name, bool *yes)
{
  struct stat about;
  char *path = aus_strf(ctx, "%s/%s", folder, name);
  if (!path) return AUS_ENOMEM;
  *yes = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
  aus_free(ctx, path);
  return AUS_OK;
}

static aus_status list_sounds(aus_ctx *ctx, const char *folder, names *list)
{
  DIR *dir = opendir(folder);
  if (!dir) return aus_fail(ctx, AUS_EIO, "cannot open the folder %s: %s", folder, strerror(errno));
  aus_status status = AUS_OK;
  const struct dirent *entry;
  while (status == AUS_OK && (entry = readdir(dir))) {
    const char *name = entry->d_name;
    if (name[0] == '.') continue;
    const bool sound = is_sound(name);
    bool inner = false;
    if (sound) status = is_folder(ctx, folder, name, &inner);
    if (status != AUS_OK) break;
    if (sound && !inner) status = add_name(ctx, list, name);
    else aus_note(ctx, AUS_LOG_NOTE, "%s/%s is no sound by its name: passed over", folder, name);
  }
  closedir(dir);
  if (status == AUS_OK && list->n == 0)
    return aus_fail(ctx, AUS_EFORMAT, "no stem in %s: put one sound file per source there (drums.wav, bass.flac, ...)", folder);
  if (list->n) qsort(list->name, (size_t)list->n, sizeof *list->name, by_name);
  return status;
}

static aus_status check_like(aus_ctx *ctx, const char *path, const aus_audio *stem, const aus_audio *like)
{
  if (stem->rate != like->rate)
    return aus_fail(ctx, AUS_EFORMAT, "the stem %s has %d Hz, the others %d Hz", path, stem->rate, like->rate);
  if (stem->channels != like->channels)
    return aus_fail(ctx, AUS_EFORMAT, "the stem %s has %d channels, the others %d", path, stem->channels, like->channels);
  if (stem->frames != like->frames)
    return aus_fail(ctx, AUS_EFORMAT, "the stem %s has %lld samples, the others %lld: stems must be equally long", path,
                    (long long)stem->frames, (long long)like->frames);
  return AUS_OK;
}

static aus_status load_one(aus_ctx *ctx, const char *folder, const char *file, const aus_audio_range *range,
                           const aus_audio *like, aus_stems *out)
{
  const int32_t i = out->n++; /* counted first: freed with the rest whatever happens */
  const size_t length = (size_t)(strrchr(file, '.') - file);
  char *path = aus_strf(ctx, "%s/%s", folder, file);
  out->name[i] = aus_strf(ctx, "%.*s", (int)length, file);
  aus_status status = path && out->name[i] ? aus_audio_read(ctx, path, range, &out->stem[i]) : AUS_ENOMEM;
  if (status != AUS_OK && status != AUS_ENOMEM) status = aus_fail_prefix(ctx, status, "stem %s", file);
  for (int32_t k = 0; k < i && status == AUS_OK; k++)
    if (strcmp(out->name[k], out->name[i]) == 0)
      status = aus_fail(ctx, AUS_EFORMAT, "two stems in %s have the name %s", folder, out->name[i]);
  if (status == AUS_OK && !like && i > 0) like = &out->stem[0];
  if (status == AUS_OK && like) status = check_like(ctx, path, &out->stem[i], like);
  aus_free(ctx, path);
  return status;
}

aus_status aus_stems_load(aus_ctx *ctx, const char *folder, const aus_audio_range *range, const aus_audio *like, aus_stems *out)
{
  memset(out, 0, sizeof *out);
  names list = { 0 };
  aus_status status = list_sounds(ctx, folder, &list);
  if (status == AUS_OK) {
    out->stem = aus_alloc_zero(ctx, (size_t)list.n, sizeof *out->stem);
    out->name = aus_alloc_zero(ctx, (size_t)list.n, sizeof *out->name);
    if (!out->stem || !out->name) status = AUS_ENOMEM;
  }
  for (int32_t i = 0; i < list.n && status == AUS_OK; i++) status = load_one(ctx, folder, list.name[i], range, like, out);
  free_names(ctx, &list);
  if (status != AUS_OK) aus_stems_free(ctx, out);
  return status;
}
