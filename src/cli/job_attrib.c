/* job_attrib.c - a method of attribution on sound: the map, what of it is printed, saved and written as sound. */
#include "cli/arrays.h"
#include "cli/job.h"
#include "cli/table.h"
#include "cli/wavs.h"
#include "format/npy.h"

#include <auscult/attrib.h>
#include <auscult/perturb.h>
#include <math.h>
#include <string.h>

/* Scores and --target need something to switch: the whole sound. */
static int find_targets(cli_job *job)
{
  const aus_segments whole = { .kind = AUS_SEGMENTS_EQUAL, .n = 1, .crossfade_s = 0.01 };
  const aus_status status = aus_components_time(job->cs->ctx, &job->sound.heard, &whole, &job->components);
  int code = status == AUS_OK ? cli_job_targets(job) : cli_fail(job->cs, CLI_WORKING, status);
  aus_components_free(&job->components);
  return code;
}

static int check(cli_job *job)
{
  cli_session *cs = job->cs;
  char word[32];
  if (cs->s->stems || cs->s->separator) return cli_say(cs, CLI_BAD_USAGE, "--stems and --separator belong to --method audiolime");
  if (job->info->channels > 1) return cli_say(cs, CLI_INCAPABLE, "%s hears %d stems; %s explains mono sound", job->info->name, job->info->channels, cli_method_name(cs->s, word));
  return CLI_DONE;
}

static int attribute(cli_job *job)
{
  cli_session *cs = job->cs;
  char word[32];
  aus_sound_config c = { .domain = (aus_domain)cs->s->domain, .baseline = cs->s->baseline.n ? cs->s->baseline.item : NULL, .n_baselines = cs->s->baseline.n };
  int code = cli_attrib_config(cs, &c.attrib);
  if (code == CLI_DONE) code = cli_job_write_map(job, true);
  if (code != CLI_DONE) return code;
  c.attrib.method = cli_method_name(cs->s, word);
  c.targets = job->target;
  c.n_targets = job->n_targets;
  const double start = aus_now();
  const aus_status status = aus_sound_attribute(cs->ctx, job->model, &job->sound.heard, &c, &job->components, &job->explanation);
  job->seconds_explaining = aus_now() - start;
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

/* ---- hiding parts of the sound: for any model -------------------------------------------------------------------------- */

static bool perturbs(const char *method, aus_perturb_method *out)
{
  static const char *const names[] = { "occlusion", "ablation", "rise", "partitionshap", "shapley", "kernelshap", "permutationshap" };
  for (int i = 0; i < 7; i++)
    if (strcmp(names[i], method) == 0) { *out = (aus_perturb_method)i; return true; }
  return false;
}

/* "TxF" or one number for both. */
static bool read_size(const char *text, int32_t size[2])
{
  char number[32];
  int64_t v;
  const char *x = strchr(text, 'x');
  snprintf(number, sizeof number, "%.*s", x ? (int)(x - text) : (int)strlen(text), text);
  if (!cli_integer(number, 1, 100000, &v)) return false;
  size[0] = size[1] = (int32_t)v;
  if (!x) return true;
  if (!cli_integer(x + 1, 1, 100000, &v)) return false;
  size[1] = (int32_t)v;
  return true;
}

static int perturb_config(cli_job *job, aus_perturb_method method, aus_perturb_config *c)
{
  static const char *const words[] = { "zero", "min", "mean", "max", "noise", "shuffle", "binmean" };
  const cli_settings *s = job->cs->s;
  int32_t cells[2];
  int fill = 0;
  aus_perturb_defaults(c);
  c->method = method;
  while (s->baseline.n && fill < 7 && strcmp(words[fill], s->baseline.item[0]) != 0) fill++;
  if (fill == 7) return cli_say(job->cs, CLI_BAD_USAGE, "--baseline %s: want one of zero, min, mean, max, noise, shuffle, binmean", s->baseline.item[0]);
  c->baseline = (aus_baseline)fill;
  if (strcmp(s->tiles, "4x3") != 0) { /* without --tiles, as the length of the sound suggests */
    if (!read_size(s->tiles, cells)) return cli_say(job->cs, CLI_BAD_USAGE, "--tiles %s: want TxF, e.g. 20x8", s->tiles);
    c->n_time = cells[0];
    c->n_freq = cells[1];
  }
  if (s->window) {
    c->n_sizes = 1;
    if (!read_size(s->window, c->window[0]) || (s->stride && !read_size(s->stride, c->stride[0])))
      return cli_say(job->cs, CLI_BAD_USAGE, "--window and --stride: want TxF in cells, e.g. 4x2");
  }
  if (s->samples && !cli_integer(s->samples, 1, 100000000, &c->samples)) return cli_say(job->cs, CLI_BAD_USAGE, "--samples %s: want a whole number from 1", s->samples);
  c->scale = (aus_scale)s->scale;
  c->keep = s->keep;
  if (s->grid) c->grid = (int32_t)s->grid;
  if (s->probability > 0) c->probability = s->probability;
  c->seed = (uint64_t)s->seed;
  c->targets = job->target;
  c->n_targets = job->n_targets;
  return CLI_DONE;
}

static int perturb(cli_job *job, aus_perturb_method method)
{
  aus_perturb_config c;
  int code = perturb_config(job, method, &c);
  if (code != CLI_DONE) return code;
  const double start = aus_now();
  const aus_status status = aus_perturb_explain(job->cs->ctx, job->model, &job->sound.heard, &c, &job->components, &job->explanation);
  job->seconds_explaining = aus_now() - start;
  return status == AUS_OK ? CLI_DONE : cli_fail(job->cs, CLI_WORKING, status);
}

bool cli_job_has_map(const cli_job *job)
{
  return job->explanation.n_targets > 0 && job->explanation.target[0].map.frames > 0 && strcmp(job->explanation.target[0].map.domain, "tiles") != 0;
}

int cli_job_attribute(cli_job *job)
{
  char word[32];
  aus_perturb_method method;
  int code = check(job);
  if (code == CLI_DONE) code = find_targets(job);
  if (code != CLI_DONE) return code;
  return perturbs(cli_method_name(job->cs->s, word), &method) ? perturb(job, method) : attribute(job);
}

/* ---- files ----------------------------------------------------------------------------------------------- */

/* FILE.npy, or FILE-NAME.npy where there are several targets. */
static void map_path(const cli_job *job, int32_t k, char path[CLI_PATH])
{
  const char *save = job->cs->s->save, *dot = strrchr(save, '.');
  if (job->n_targets == 1) { snprintf(path, CLI_PATH, "%s", save); return; }
  const int stem = dot && strcmp(dot, ".npy") == 0 ? (int)(dot - save) : (int)strlen(save);
  size_t n = (size_t)snprintf(path, CLI_PATH - 8, "%.*s-", stem, save);
  for (const char *p = job->info->targets[job->target[k]]; *p && n + 6 < CLI_PATH; p++) path[n++] = (unsigned char)*p <= 0x20 || strchr("/\\:", *p) ? '_' : *p;
  snprintf(path + n, CLI_PATH - n, ".npy");
}

static int save_map(cli_job *job, int32_t k, bool dry)
{
  char path[CLI_PATH];
  map_path(job, k, path);
  if (dry) return cli_check_free(job->cs, path);
  const aus_map *m = &job->explanation.target[k].map;
  const int64_t dim[2] = { m->frames, m->bands };
  cli_output_begins(job->cs, path);
  const aus_status status = aus_npy_write(job->cs->ctx, path, m->bands > 1 ? 2 : 1, dim, m->value, job->cs->s->force);
  return status == AUS_OK ? CLI_DONE : cli_fail(job->cs, CLI_WRITING, status);
}

typedef struct listening { cli_job *job; cli_names *names; float *part, *rest; bool dry; } listening;

static int put_sound(listening *l, const char *name, const float *data)
{
  char path[CLI_PATH];
  cli_wav_path(l->names, l->job->cs->s->out, name, path);
  if (l->dry) return cli_check_free(l->job->cs, path);
  const aus_components *c = &l->job->components;
  const aus_audio audio = { .data = (float *)(uintptr_t)data, .frames = c->samples, .channels = 1, .rate = c->rate };
  return cli_write_wav(l->job->cs, path, &audio);
}

/* One part under this target's map; what is left of rest. */
static int put_part(listening *l, int32_t k, aus_map_kind kind, const char *name)
{
  const aus_components *c = &l->job->components;
  if (!l->dry) {
    const aus_audio whole = { .data = c->whole, .frames = c->samples, .channels = 1, .rate = c->rate };
    const aus_status status = aus_map_part(l->job->cs->ctx, l->job->model, &whole, &l->job->explanation.target[k].map, kind, l->job->cs->s->top_percent, l->part);
    if (status != AUS_OK) return cli_fail(l->job->cs, CLI_WRITING, status);
    for (int64_t i = 0; i < c->samples; i++) l->rest[i] -= l->part[i];
  }
  return put_sound(l, name, l->part);
}

static void from_whole(listening *l)
{
  if (!l->dry) memcpy(l->rest, l->job->components.whole, (size_t)l->job->components.samples * sizeof *l->rest);
}

static int put_signs(listening *l, int32_t k, const char *prefix)
{
  char name[160];
  from_whole(l);
  snprintf(name, sizeof name, "%spositive", prefix);
  int code = put_part(l, k, AUS_MAP_POSITIVE, name);
  snprintf(name, sizeof name, "%snegative", prefix);
  if (code == CLI_DONE) code = put_part(l, k, AUS_MAP_NEGATIVE, name);
  snprintf(name, sizeof name, "%srest", prefix);
  return code == CLI_DONE ? put_sound(l, name, l->rest) : code;
}

void cli_job_prefix(const cli_job *job, int32_t k, char prefix[CLI_PREFIX])
{
  if (job->n_targets > 1) snprintf(prefix, CLI_PREFIX, "%.70s_", job->info->targets[job->target[k]]);
  else prefix[0] = '\0';
}

static int put_target(listening *l, int32_t k)
{
  const aus_components *c = &l->job->components;
  char prefix[CLI_PREFIX], name[160];
  cli_job_prefix(l->job, k, prefix);
  int code = CLI_DONE;
  for (int32_t i = 0; k == 0 && i < c->n && code == CLI_DONE; i++) { /* as they were shown to the model, bit by bit */
    snprintf(name, sizeof name, "%s%s", prefix, c->name[i]);
    code = put_sound(l, name, c->part[i].data);
  }
  if (k > 0 || l->dry) code = put_signs(l, k, prefix);
  from_whole(l);
  snprintf(name, sizeof name, "%stop%g", prefix, l->job->cs->s->top_percent);
  if (code == CLI_DONE) code = put_part(l, k, AUS_MAP_TOP, name);
  snprintf(name, sizeof name, "%swithout_top%g", prefix, l->job->cs->s->top_percent);
  return code == CLI_DONE ? put_sound(l, name, l->rest) : code;
}

static int write_sound(cli_job *job, bool dry)
{
  cli_session *cs = job->cs;
  const size_t n = dry ? 1 : (size_t)job->components.samples;
  listening l = { job, aus_alloc_zero(cs->ctx, 1, sizeof *l.names), aus_alloc(cs->ctx, n, sizeof *l.part), aus_alloc(cs->ctx, n, sizeof *l.rest), dry };
  int code = l.names && l.part && l.rest ? CLI_DONE : cli_fail(cs, CLI_WRITING, AUS_ENOMEM);
  if (code == CLI_DONE && !dry) code = cli_make_dir(cs, cs->s->out);
  if (code == CLI_DONE) code = put_sound(&l, "input", dry ? NULL : job->components.whole);
  for (int32_t k = 0; k < job->n_targets && code == CLI_DONE; k++) code = put_target(&l, k);
  aus_free(cs->ctx, l.rest);
  aus_free(cs->ctx, l.part);
  aus_free(cs->ctx, l.names);
  return code;
}

int cli_job_write_map(cli_job *job, bool dry)
{
  int code = CLI_DONE;
  for (int32_t k = 0; job->cs->s->save && k < job->n_targets && code == CLI_DONE; k++) code = save_map(job, k, dry);
  return code == CLI_DONE && job->cs->s->out && (dry || cli_job_has_map(job)) ? write_sound(job, dry) : code;
}

/* ---- what is printed ------------------------------------------------------------------------------------------ */

enum { MOMENTS = 48 };

static void print_time(const aus_map *m)
{
  double sum[MOMENTS] = { 0 };
  for (int64_t t = 0; t < m->frames; t++)
    for (int32_t b = 0; b < m->bands; b++) sum[t * MOMENTS / m->frames] += (double)m->value[t * m->bands + b];
  cli_spark(sum, MOMENTS, (double)m->frames * m->hop_s);
}

static void print_number(double v) { isfinite(v) ? printf(" %10.4f", v) : printf(" %10s", "-"); }

enum { MOST_PARTS = 8 };
/* The parts of the largest weights, in order; how many. */
static int32_t strongest(const aus_target_explanation *t, int32_t n, int32_t order[MOST_PARTS])
{
  int32_t m = 0;
  for (int32_t i = 0; i < n; i++) {
    int32_t at = m < MOST_PARTS ? m : MOST_PARTS - 1;
    if (m == MOST_PARTS && fabs(t->weight[i].weight) <= fabs(t->weight[order[at]].weight)) continue;
    for (; at > 0 && fabs(t->weight[i].weight) > fabs(t->weight[order[at - 1]].weight); at--) order[at] = order[at - 1];
    order[at] = i;
    if (m < MOST_PARTS) m++;
  }
  return m;
}

static void print_target(const cli_job *job, const aus_target_explanation *t)
{
  const aus_explanation *e = &job->explanation;
  const aus_map *m = &t->map;
  printf("\n");
  cli_put(t->name);
  printf("  %.4f", t->raw_score);
  if (isfinite(t->score) && fabs(t->score - t->raw_score) > 1e-5) printf("  (explained where it is %.4f)", t->score);
  printf("\n  sum of the map %+.6g", t->local_prediction);
  if (isfinite(t->score_none)) printf(", f(input) - f(baseline) = %+.6g", t->score - t->score_none);
  if (isfinite(t->additivity_gap)) printf(", gap %.1e of it", fabs(t->additivity_gap) / fmax(fabs(t->score - (isfinite(t->score_none) ? t->score_none : 0)), 1e-30));
  printf("\n");
  print_time(m);
  int32_t order[MOST_PARTS];
  const int32_t n = strongest(t, e->n_components, order);
  printf("  %-24s %10s %10s %10s\n", "part", "map's sum", "alone", "without");
  for (int32_t k = 0; k < n; k++) {
    const int32_t i = order[k];
    printf("  %-24s", e->component[i]);
    print_number(t->weight[i].weight);
    print_number(t->weight[i].alone);
    print_number(t->weight[i].without);
    printf("\n");
  }
}

int cli_job_print_map(const cli_job *job)
{
  const cli_settings *s = job->cs->s;
  const aus_map *m = &job->explanation.target[0].map;
  char line[512];
  cli_describe_sound(&job->sound, line, sizeof line);
  printf("%s\nmodel: ", line);
  cli_put(job->info->name && *job->info->name ? job->info->name : s->model);
  printf(", %d targets, %s\n", job->info->n_targets, job->info->front_end);
  printf("%s: a map of %lld x %d %s, one every %.4g s; one independent value covers %.4g s", job->explanation.method, (long long)m->frames, m->bands, m->domain, m->hop_s, m->cell_s);
  if (m->bands > 1) printf(" x %.4g Hz", m->cell_hz);
  printf("\n");
  for (int32_t k = 0; k < job->explanation.n_targets; k++) print_target(job, &job->explanation.target[k]);
  if (s->save) printf("\nmap: %s\n", s->save);
  if (s->out) printf("%ssound: %s/\n", s->save ? "" : "\n", s->out);
  if (s->report) printf("report: %s\n", s->report);
  return cli_flush(job->cs);
}
