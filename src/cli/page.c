/* page.c - a page and its sound.
 *
 * Browsers open a page of any size, but above some tens of megabytes they take long and much memory; then
 * the sound goes to files in a folder beside the page, and the page says so. A page opened from a file may
 * play such files but not read them, so less can be done with them (src/report/web/desk.js). */
#include "cli/page.h"
#include "cli/wavs.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST_MB = 25 }; /* of sound inside a page, before base64 */

typedef struct beside { cli_names *names; char **link, *folder; } beside;

/* PAGE.html -> PAGE-sound */
static char *folder_of(aus_ctx *ctx, const char *page)
{
  const char *slash = strrchr(page, '/'), *dot = strrchr(page, '.');
  const size_t stem = dot && (!slash || dot > slash + 1) && dot != page ? (size_t)(dot - page) : strlen(page);
  return aus_strf(ctx, "%.*s-sound", (int)stem, page);
}

static const char *track_name(const aus_report *r, const aus_track *t)
{
  return t->component == AUS_TRACK_BASELINE ? "baseline" : t->component == AUS_TRACK_INPUT ? "input" : r->components->name[t->component];
}

/* A relative link: everything that means something in a URL is escaped. */
static char *link_to(aus_ctx *ctx, const char *folder, const char *path)
{
  const char *slash = strrchr(folder, '/'), *from = slash ? path + (slash - folder) + 1 : path;
  char *link = aus_alloc(ctx, 3 * strlen(from) + 3, 1), *to = link;
  if (!link) return NULL;
  to += sprintf(to, "./");
  for (; *from; from++) {
    const unsigned char c = (unsigned char)*from;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/._-", c);
    to += sprintf(to, plain ? "%c" : "%%%02X", c);
  }
  return link;
}

static int write_track(cli_session *cs, const aus_report *r, beside *b, int32_t i)
{
  const aus_track *t = &r->tracks->track[i];
  char path[CLI_PATH];
  aus_outfile *f;
  cli_part_path(b->names, b->folder, track_name(r, t), r->tracks->flac ? "flac" : "wav", path);
  b->link[i] = link_to(cs->ctx, b->folder, path);
  if (!b->link[i]) return cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  cli_output_begins(cs, path);
  aus_status status = aus_outfile_open(cs->ctx, path, cs->s->force, &f);
  if (status != AUS_OK) return cli_fail(cs, CLI_WRITING, status);
  status = aus_outfile_write(f, t->bytes, t->size);
  if (status == AUS_OK) status = aus_outfile_commit(f);
  else aus_outfile_abort(f);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}

static int write_beside(cli_session *cs, const aus_report *r, const char *page, beside *b)
{
  b->folder = folder_of(cs->ctx, page);
  b->names = aus_alloc_zero(cs->ctx, 1, sizeof *b->names);
  b->link = aus_alloc_zero(cs->ctx, (size_t)r->tracks->n, sizeof *b->link);
  if (!b->folder || !b->names || !b->link) return cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  int code = cli_make_dir(cs, b->folder);
  for (int32_t i = 0; i < r->tracks->n && code == CLI_DONE; i++) code = write_track(cs, r, b, i);
  return code;
}

static void free_beside(aus_ctx *ctx, beside *b, int32_t n)
{
  for (int32_t i = 0; b->link && i < n; i++) aus_free(ctx, b->link[i]);
  aus_free(ctx, b->link);
  aus_free(ctx, b->names);
  aus_free(ctx, b->folder);
}

/* Tracks for the page; whole ones when they go to a folder, where players know no offsets. */
static aus_status make_tracks(cli_session *cs, const aus_report *r, bool folder, aus_tracks *t)
{
  static const aus_track_format format[] = { AUS_TRACKS_BEST, AUS_TRACKS_WAV, AUS_TRACKS_FLAC, AUS_TRACKS_BEST };
  AUS_TRY(aus_tracks_make(cs->ctx, r->components, cs->s->report_bits ? 24 : 16, folder, t));
  return aus_tracks_encode(t, format[cs->s->report_audio]);
}

int cli_write_page(cli_session *cs, aus_report *report, const char *path)
{
  aus_tracks tracks = {0};
  beside b = {0};
  if (!report->components->whole) { /* a saved result without its folder */
    cli_output_begins(cs, path);
    const aus_status written = aus_report_write(cs->ctx, report, path, cs->s->force);
    return written == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, written);
  }
  const int wish = cs->s->report_audio;
  bool folder = wish == CLI_AUDIO_FOLDER;
  aus_status status = make_tracks(cs, report, folder, &tracks);
  if (status == AUS_OK && wish == CLI_AUDIO_AUTO && tracks.size > (size_t)LARGEST_MB * 1000000) {
    cli_remark(cs, "the sound of the parts, %.0f MB, lies beside the page (--report-audio flac keeps it inside; --offset and --duration explain a part)", (double)tracks.size / 1e6);
    aus_tracks_free(&tracks);
    folder = true;
    status = make_tracks(cs, report, true, &tracks);
  }
  report->tracks = &tracks;
  int code = status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
  if (code == CLI_DONE && folder) code = write_beside(cs, report, path, &b);
  if (code == CLI_DONE) {
    const char *slash = b.folder ? strrchr(b.folder, '/') : NULL;
    report->track_file = (const char *const *)b.link;
    report->sound_folder = slash ? slash + 1 : b.folder;
    cli_output_begins(cs, path);
    status = aus_report_write(cs->ctx, report, path, cs->s->force);
    if (status != AUS_OK) code = cli_fail(cs, CLI_WRITING, status);
  }
  free_beside(cs->ctx, &b, tracks.n);
  aus_tracks_free(&tracks);
  return code;
}
