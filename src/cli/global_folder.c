/* global_folder.c - the folder of auscult global: where a snippet's files lie, which are done, and that all of them are of one plan. */
#define _DEFAULT_SOURCE
#include "cli/exports.h"
#include "cli/global.h"
#include "cli/job.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cli_global_piece_id(const cli_global_run *g, const cli_piece *p, char id[112])
{
  snprintf(id, 112, "%s@%.3f", g->plan.song[p->song].id, p->t0);
}

void cli_global_path_in(const cli_global_run *g, char path[CLI_PATH], const char *folder, const char *id, const char *extension)
{
  snprintf(path, CLI_PATH, "%s/%s%s%s%s", g->outer->out, folder, *folder ? "/" : "", id, extension);
}

bool cli_global_is_done(const cli_global_run *g, const cli_piece *p)
{
  char id[112], path[CLI_PATH];
  struct stat result, song, page;
  cli_global_piece_id(g, p, id);
  cli_global_path_in(g, path, "results", id, ".json");
  if (g->outer->force || stat(path, &result) != 0) return false;
  if (stat(g->plan.song[p->song].path, &song) == 0 && song.st_mtime > result.st_mtime) return false;
  cli_global_path_in(g, path, "pages", id, ".html");
  return g->outer->pages != CLI_PAGES_SOUND || stat(path, &page) == 0;
}

/* ---- the folder belongs to one plan ------------------------------------------------------------------------ */

static aus_status plan_text(cli_global_run *g, aus_json *j)
{
  cli_session *cs = g->cs;
  aus_json_init(j, cs->ctx);
  cli_json_head(j, "auscult.plan/1");
  aus_json_string(j, "model", g->info->sha256 && *g->info->sha256 ? g->info->sha256 : g->outer->model_cmd);
  aus_json_real(j, "snippet", g->snippet);
  cs->s = &g->inner;
  cli_json_settings(cs, j);
  cs->s = g->outer;
  aus_json_close(j);
  aus_json_close(j);
  return aus_json_finish(j);
}

aus_status cli_global_write_whole(aus_ctx *ctx, const char *path, const char *text, size_t size)
{
  aus_outfile *f;
  AUS_TRY(aus_outfile_open(ctx, path, 1, &f));
  const aus_status status = aus_outfile_write(f, text, size);
  if (status != AUS_OK) { aus_outfile_abort(f); return status; }
  return aus_outfile_commit(f);
}

/* Results of other settings, and pages made of them, must not stay beside the new ones. */
static void sweep_folder(const cli_global_run *g, const char *folder, const char *ending)
{
  char path[CLI_PATH];
  cli_global_path_in(g, path, folder, "", "");
  DIR *d = opendir(path);
  for (const struct dirent *e; d && (e = readdir(d));) {
    const size_t n = strlen(e->d_name), k = strlen(ending);
    if (n <= k || strcmp(e->d_name + n - k, ending) != 0) continue;
    cli_global_path_in(g, path, folder, e->d_name, "");
    unlink(path);
  }
  if (d) closedir(d);
}

int cli_global_claim_folder(cli_global_run *g)
{
  cli_session *cs = g->cs;
  char path[CLI_PATH];
  void *was = NULL;
  size_t size = 0;
  aus_json j;
  aus_status status = plan_text(g, &j);
  cli_global_path_in(g, path, "", "plan", ".json"); /* its being there also says that the folder is ours */
  const bool there = access(path, F_OK) == 0;
  if (there && g->outer->force) {
    sweep_folder(g, "results", ".json");
    sweep_folder(g, "pages", ".html");
  }
  if (status == AUS_OK && there && !g->outer->force) status = aus_file_read(cs->ctx, path, 1 << 20, &was, &size);
  const bool other = was && (size != j.size || memcmp(was, j.text, size) != 0);
  if (status == AUS_OK && !other) status = cli_global_write_whole(cs->ctx, path, j.text, j.size);
  aus_free(cs->ctx, was);
  aus_json_free(&j);
  if (status != AUS_OK) return cli_fail(cs, CLI_WRITING, status);
  return other ? cli_say(cs, CLI_FAILED, "%s holds results of another model or of other settings: give another --out, or --force to explain everything again", g->outer->out) : CLI_DONE;
}

int cli_global_make_folders(cli_global_run *g)
{
  static const char *const folders[] = { "", "results", "pages" };
  for (int i = 0; i < 3; i++) {
    char path[CLI_PATH];
    if (i == 2 && g->outer->pages == CLI_PAGES_NONE) break;
    cli_global_path_in(g, path, folders[i], "", "");
    const size_t n = strlen(path);
    if (path[n - 1] == '/') path[n - 1] = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return cli_say(g->cs, CLI_FAILED, "cannot make the directory %s: %s", path, strerror(errno));
  }
  int code = g->outer->svg ? cli_make_dir(g->cs, g->outer->svg) : CLI_DONE; /* before hours of work, not after */
  if (code == CLI_DONE && g->outer->png) code = cli_make_dir(g->cs, g->outer->png);
  return code;
}
