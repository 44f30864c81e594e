/* set_pages.c - pages of a set: one per song, whose snippets are a set of their own, and one of all of them. */
#include "cli/global.h"
#include "cli/input.h"
#include "cli/job.h"
#include "cli/wavs.h"

#include <string.h>

aus_status cli_set_document(cli_session *cs, const aus_set_analysis *a, bool settings, bool for_html, aus_json *j)
{
  aus_json_init(j, cs->ctx);
  j->for_html = for_html;
  cli_json_head(j, "auscult.global/1");
  aus_set_json(j, a);
  if (settings) {
    cli_json_settings(cs, j);
    aus_json_close(j);
  }
  cli_json_notes(cs, j);
  cli_json_run(cs, j);
  return aus_json_finish(j);
}

void cli_set_titles(const aus_set *set, char *title, size_t title_size, char *subtitle, size_t subtitle_size)
{
  const aus_json_node *m = aus_json_member(&set->first, set->first.node, "model");
  const char *name = aus_json_get_text(&set->first, m, "name", ""), *path = aus_json_get_text(&set->first, m, "path", aus_json_get_text(&set->first, m, "command", "the model"));
  const char *slash = strrchr(path, '/');
  char seconds[32];
  aus_format_real(seconds, set->n_pieces ? set->seconds / set->n_pieces : 0, 3);
  snprintf(title, title_size, "What %s relies on", *name ? name : slash && slash[1] ? slash + 1 : path);
  snprintf(subtitle, subtitle_size, "%d song%s, %d snippet%s of %s%s s, each taken apart and heard by the model again and again", set->n_songs, set->n_songs == 1 ? "" : "s",
           set->n_pieces, set->n_pieces == 1 ? "" : "s", set->n_pieces == 1 ? "" : "about ", seconds);
}

/* A set's page with its document inside. */
static aus_status write_page(const cli_set_pages *p, const aus_set *set, const char *title, const char *subtitle, const char *back, const char *path)
{
  aus_set_analysis a = {0};
  aus_json j = {0};
  aus_status status = aus_set_analyse(set, (int32_t)p->picks, (int32_t)p->features, &a);
  if (status == AUS_OK) status = cli_set_document(p->cs, &a, false, true, &j);
  if (status == AUS_OK) {
    const aus_set_page page = { .title = title, .subtitle = subtitle, .analysis = &a, .back = back, .back_name = back ? p->title : NULL,
                                .note = (const char *const *)p->cs->note, .n_notes = p->cs->n_notes, .json = j.text };
    status = aus_set_page_write(p->cs->ctx, &page, path, 1);
  }
  if (j.ctx) aus_json_free(&j);
  aus_set_analysis_free(&a);
  return status;
}

/* The snippets of one song, from their results; links of pages start in the songs' folder. */
static aus_status song_set(const cli_set_pages *p, const aus_set *all, int32_t song, aus_set *out)
{
  const char *slash = strrchr(p->page, '/');
  const size_t root = slash ? (size_t)(slash - p->page) + 1 : 0, folder = strlen(p->folder) - root + (p->folder[strlen(p->folder) - 1] != '/');
  for (int32_t i = 0; i < all->n_pieces; i++) {
    const aus_set_piece *q = &all->piece[i];
    if (q->song != song) continue;
    char path[CLI_PATH];
    snprintf(path, sizeof path, "%s%s%s", p->results ? p->results : "", p->results ? "/" : "", q->result);
    AUS_TRY(aus_set_add(out, path, q->result, q->page && strlen(q->page) > folder ? q->page + folder : NULL));
  }
  return AUS_OK;
}

static aus_status write_song(const cli_set_pages *p, aus_set *all, int32_t song)
{
  const char *slash = strrchr(p->page, '/'), *home = slash ? slash + 1 : p->page, *folder = slash ? p->folder + (slash - p->page) + 1 : p->folder;
  char id[88], path[CLI_PATH], link[CLI_PATH], back[CLI_PATH], subtitle[256];
  const size_t n = strlen(p->folder);
  const char *between = p->folder[n - 1] == '/' ? "" : "/";
  aus_set set;
  cli_safe_id(all->song[song].path, id);
  snprintf(path, sizeof path, "%s%s%s.html", p->folder, between, id);
  snprintf(link, sizeof link, "%s%s%s.html", folder, between, id);
  snprintf(back, sizeof back, "../%s", home);
  aus_set_begin(&set, p->cs->ctx);
  aus_status status = song_set(p, all, song, &set);
  if (status == AUS_OK) {
    snprintf(subtitle, sizeof subtitle, "%s: its %d snippet%s", p->title, set.n_pieces, set.n_pieces == 1 ? "" : "s");
    status = write_page(p, &set, all->song[song].name, subtitle, back, path);
  }
  if (status == AUS_OK) status = aus_set_song_page(all, song, link);
  aus_set_free(&set);
  return status;
}

int cli_set_write_pages(const cli_set_pages *p, aus_set *set)
{
  aus_status status = AUS_OK;
  for (int32_t i = 0; p->folder && i < set->n_songs && status == AUS_OK; i++) {
    status = write_song(p, set, i);
    if (status == AUS_OK) status = aus_progress(p->cs->ctx, "writing pages", i + 1, set->n_songs);
  }
  if (status == AUS_OK) status = write_page(p, set, p->title, p->subtitle, NULL, p->page);
  return status == AUS_OK ? CLI_DONE : cli_fail(p->cs, CLI_WRITING, status);
}
