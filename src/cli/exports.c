/* exports.c - files for other tools, charts for papers. */
#include "cli/exports.h"
#include "cli/wavs.h"
#include "report/chart_set.h"
#include "report/export.h"

#include <string.h>

/* KIND=FILE; returns the kind, AUS_EXPORTS when it is none. */
static aus_export read_export(const char *text, const char **path)
{
  for (int k = 0; k < AUS_EXPORTS; k++) {
    const size_t n = strlen(aus_export_name[k]);
    if (strncmp(text, aus_export_name[k], n) != 0 || text[n] != '=' || !text[n + 1]) continue;
    *path = text + n + 1;
    return (aus_export)k;
  }
  return AUS_EXPORTS;
}

int cli_check_exports(cli_session *cs)
{
  int code = CLI_DONE;
  for (int i = 0; i < cs->s->exports.n && code == CLI_DONE; i++) {
    const char *path = NULL;
    if (read_export(cs->s->exports.item[i], &path) == AUS_EXPORTS)
      code = cli_say(cs, CLI_BAD_USAGE, "--export %s: want KIND=FILE with KIND audacity, raven, textgrid, sv, svl, jams, csv, tsv or npz", cs->s->exports.item[i]);
    else code = cli_check_free(cs, path);
  }
  return code;
}

/* bytes are the caller's. */
static int write_file(cli_session *cs, const char *path, const void *bytes, size_t size, bool replace)
{
  aus_outfile *f;
  cli_output_begins(cs, path);
  aus_status status = aus_outfile_open(cs->ctx, path, replace, &f);
  if (status == AUS_OK) {
    status = aus_outfile_write(f, bytes, size);
    if (status == AUS_OK) status = aus_outfile_commit(f);
    else aus_outfile_abort(f);
  }
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}

static int write_chart(cli_session *cs, const aus_report *r, cli_names *names, const char *dir, int32_t target, int32_t chart, bool png)
{
  char path[CLI_PATH], name[160];
  void *bytes;
  size_t size;
  const aus_status status = aus_chart_file(cs->ctx, r, target, chart, png, &bytes, &size);
  if (status != AUS_OK) return cli_fail(cs, CLI_WRITING, status);
  if (!bytes) return CLI_DONE;
  snprintf(name, sizeof name, "%.60s_%s", r->explanation->target[target].name, aus_chart_name[chart]);
  cli_part_path(names, dir, name, png ? "png" : "svg", path);
  const int code = write_file(cs, path, bytes, size, cs->s->force);
  aus_free(cs->ctx, bytes);
  return code;
}

static int write_charts(cli_session *cs, const aus_report *r, const char *dir, bool png)
{
  cli_names *names = aus_alloc_zero(cs->ctx, 1, sizeof *names);
  int code = names ? cli_make_dir(cs, dir) : cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  for (int32_t t = 0; t < r->explanation->n_targets; t++)
    for (int32_t k = 0; k < AUS_CHARTS && code == CLI_DONE; k++) code = write_chart(cs, r, names, dir, t, k, png);
  aus_free(cs->ctx, names);
  return code;
}

int cli_write_exports(cli_session *cs, const aus_report *r)
{
  int code = CLI_DONE;
  for (int i = 0; i < cs->s->exports.n && code == CLI_DONE; i++) {
    const char *path = NULL;
    const aus_export kind = read_export(cs->s->exports.item[i], &path);
    cli_output_begins(cs, path);
    const aus_status status = aus_export_write(cs->ctx, r, kind, path, cs->s->force);
    if (status != AUS_OK) code = cli_fail(cs, CLI_WRITING, status);
  }
  if (code == CLI_DONE && cs->s->svg) code = write_charts(cs, r, cs->s->svg, false);
  if (code == CLI_DONE && cs->s->png) code = write_charts(cs, r, cs->s->png, true);
  return code;
}

/* ---- a set ------------------------------------------------------------------------------------------- */

static int write_set_chart(cli_session *cs, const aus_set_analysis *a, cli_names *names, const char *dir, int32_t target, int32_t chart, bool png, bool replace)
{
  char path[CLI_PATH], name[200];
  void *bytes;
  size_t size;
  const aus_status status = aus_set_chart_file(cs->ctx, a, target, chart, png, name, &bytes, &size);
  if (status != AUS_OK) return cli_fail(cs, CLI_WRITING, status);
  if (!bytes) return CLI_DONE;
  cli_part_path(names, dir, name, png ? "png" : "svg", path);
  const int code = write_file(cs, path, bytes, size, replace);
  aus_free(cs->ctx, bytes);
  return code;
}

static int write_set_folder(cli_session *cs, const aus_set_analysis *a, const char *dir, bool png, bool replace)
{
  cli_names *names = aus_alloc_zero(cs->ctx, 1, sizeof *names);
  int code = names ? cli_make_dir(cs, dir) : cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  for (int32_t t = 0; t <= a->n && code == CLI_DONE; t++) /* the last turn is that of all answers together */
    for (int32_t k = 0; k < (t < a->n ? AUS_SET_CHARTS : 1) && code == CLI_DONE; k++) {
      code = write_set_chart(cs, a, names, dir, t, k, png, replace);
      aus_progress(cs->ctx, "drawing charts", (int64_t)AUS_SET_CHARTS * t + k + 1, (int64_t)AUS_SET_CHARTS * a->n + 1);
    }
  aus_free(cs->ctx, names);
  return code;
}

int cli_write_set_charts(cli_session *cs, const aus_set_analysis *a, bool replace)
{
  int code = CLI_DONE;
  if (cs->s->svg) code = write_set_folder(cs, a, cs->s->svg, false, replace);
  if (code == CLI_DONE && cs->s->png) code = write_set_folder(cs, a, cs->s->png, true, replace);
  return code;
}
