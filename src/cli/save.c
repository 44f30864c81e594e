/* save.c - the folder of --out is a whole result: sound, arrays, and the JSON that names them (src/report/saved.c reads it). */
#include "cli/save.h"
#include "cli/wavs.h"
#include "format/npy.h"

#include <string.h>

/* The names that cli_write_parts or cli_job_write_map gives, in its order. */
static void put_sounds(const cli_job *job, aus_json *j, cli_names *names)
{
  const aus_components *c = &job->components;
  char path[CLI_PATH], prefix[CLI_PREFIX], name[160];
  prefix[0] = '\0';
  if (cli_job_has_map(job)) cli_job_prefix(job, 0, prefix);
  cli_wav_path(names, "", "input", path);
  aus_json_string(j, "input", path + 1);
  if (c->off) {
    cli_wav_path(names, "", "baseline", path);
    aus_json_string(j, "baseline", path + 1);
  } else {
    aus_json_string(j, "baseline", NULL);
  }
  aus_json_array(j, "components");
  for (int32_t i = 0; i < c->n; i++) {
    snprintf(name, sizeof name, "%s%.*s", prefix, (int)(sizeof name - CLI_PREFIX), c->name[i]);
    cli_wav_path(names, "", name, path);
    aus_json_string(j, NULL, path + 1);
  }
  aus_json_close(j);
}

static void put_hz(aus_json *j, int32_t n, const float *hz)
{
  aus_json_flat_array(j, "hz");
  for (int32_t b = 0; b < n; b++) aus_json_real(j, NULL, hz[b]);
  aus_json_close(j);
}

static void put_map(aus_json *j, const aus_map *m, int32_t i)
{
  char name[32];
  if (m->frames < 1) { aus_json_string(j, NULL, NULL); return; }
  snprintf(name, sizeof name, "map-%d.npy", i);
  aus_json_object(j, NULL);
  aus_json_string(j, "file", name);
  aus_json_real(j, "hop_seconds", m->hop_s);
  aus_json_real(j, "cell_seconds", m->cell_s);
  aus_json_real(j, "cell_hz", m->cell_hz);
  aus_json_string(j, "domain", m->domain);
  if (m->hz) put_hz(j, m->bands, m->hz);
  aus_json_close(j);
}

static bool have_maps(const aus_explanation *e)
{
  for (int32_t i = 0; i < e->n_targets; i++)
    if (e->target[i].map.frames > 0) return true;
  return false;
}

void cli_json_files(const cli_job *job, aus_json *j, const char *folder)
{
  const aus_components *c = &job->components;
  const aus_spectrogram *s = &job->spectrogram;
  cli_names *names = aus_alloc_zero(j->ctx, 1, sizeof *names);
  if (!names) { j->failed = true; return; }
  aus_json_object(j, "files");
  aus_json_string(j, "folder", folder);
  put_sounds(job, j, names);
  if (s->frames > 0) {
    aus_json_object(j, "spectrogram");
    aus_json_string(j, "file", "spectrogram.npy");
    aus_json_real(j, "hop_seconds", s->hop_seconds);
    aus_json_string(j, "unit", s->unit);
    aus_json_string(j, "of", job->spectrogram_ours ? "input" : "model");
    put_hz(j, s->bands, s->hz);
    aus_json_close(j);
  }
  if (c->label) {
    aus_json_object(j, "labels");
    aus_json_string(j, "file", "labels.npy");
    aus_json_real(j, "hop_seconds", c->label_hop_s);
    aus_json_real(j, "bin_hz", c->label_bin_hz);
    aus_json_close(j);
  }
  if (have_maps(&job->explanation)) {
    aus_json_array(j, "maps");
    for (int32_t i = 0; i < job->explanation.n_targets; i++) put_map(j, &job->explanation.target[i].map, i);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_free(j->ctx, names);
}

static int write_array(cli_session *cs, const char *name, int64_t rows, int64_t columns, const float *x)
{
  char path[CLI_PATH];
  const int64_t dim[2] = { rows, columns };
  snprintf(path, sizeof path, "%s/%s", cs->s->out, name);
  cli_output_begins(cs, path);
  const aus_status status = aus_npy_write(cs->ctx, path, 2, dim, x, cs->s->force);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}

static int write_labels(cli_session *cs, const aus_components *c)
{
  const int64_t n = (int64_t)c->label_frames * c->label_bins;
  float *x = aus_alloc(cs->ctx, (size_t)n, sizeof *x);
  if (!x) return cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  for (int64_t i = 0; i < n; i++) x[i] = (float)c->label[i];
  const int code = write_array(cs, "labels.npy", c->label_frames, c->label_bins, x);
  aus_free(cs->ctx, x);
  return code;
}

/* As on stdout, but the folder is where the file is. */
static aus_status write_json(cli_job *job)
{
  cli_session *cs = job->cs;
  char path[CLI_PATH];
  aus_json json;
  aus_outfile *f;
  cli_settings here = *cs->s;
  const cli_settings *was = cs->s;
  here.out = ".";
  cs->s = &here;
  aus_status status = cli_job_json(job, false, &json);
  cs->s = was;
  snprintf(path, sizeof path, "%s/result.json", cs->s->out);
  cli_output_begins(cs, path);
  if (status == AUS_OK) status = aus_outfile_open(cs->ctx, path, cs->s->force, &f);
  if (status == AUS_OK) {
    status = aus_outfile_write(f, json.text, json.size);
    if (status == AUS_OK) status = aus_outfile_commit(f);
    else aus_outfile_abort(f);
  }
  aus_json_free(&json);
  return status;
}

int cli_save(cli_job *job)
{
  cli_session *cs = job->cs;
  const aus_spectrogram *s = &job->spectrogram;
  int code = s->frames > 0 ? write_array(cs, "spectrogram.npy", s->bands, s->frames, s->image) : CLI_DONE;
  if (code == CLI_DONE && job->components.label) code = write_labels(cs, &job->components);
  for (int32_t i = 0; i < job->explanation.n_targets && code == CLI_DONE; i++) {
    const aus_map *m = &job->explanation.target[i].map;
    char name[32];
    snprintf(name, sizeof name, "map-%d.npy", i);
    if (m->frames > 0) code = write_array(cs, name, m->frames, m->bands, m->value);
  }
  if (code != CLI_DONE) return code;
  const aus_status status = write_json(job);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}
