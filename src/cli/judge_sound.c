/* judge_sound.c - judging maps of sound: cells are tiles of its spectrogram.
 *
 * Methods give maps of different grids (bands of a front end, samples, tiles). All are summed over the same tiles, which are then hidden
 * in the sound itself, so that every method answers to the same questions. Sums are kept. A map over time alone is spread evenly over the tiles
 * of a moment: it says nothing of frequency, and is not helped to. */
#include "cli/judge.h"

#include "attrib/attrib.h"
#include "cli/arrays.h"

#include <math.h>
#include <string.h>

static bool read_grid(const char *text, int64_t *t, int64_t *f)
{
  char number[32];
  const char *x = strchr(text, 'x');
  if (!x || (size_t)(x - text) >= sizeof number) return false;
  snprintf(number, sizeof number, "%.*s", (int)(x - text), text);
  return cli_integer(number, 1, 10000, t) && cli_integer(x + 1, 1, 10000, f) && *t * *f <= 4096;
}

static int choose_grid(cli_judge *j)
{
  const double seconds = (double)j->sound.heard.frames / j->sound.heard.rate;
  j->rank = 2;
  j->dim[0] = (int64_t)fmin(fmax(round(4 * seconds), 8), 40);
  j->dim[1] = 12;
  if (j->cs->s->tiles && !read_grid(j->cs->s->tiles, &j->dim[0], &j->dim[1]))
    return cli_say(j->cs, CLI_BAD_USAGE, "--tiles %s: want TxF, e.g. 20x12, 4096 tiles at most", j->cs->s->tiles);
  j->cells = j->dim[0] * j->dim[1];
  return CLI_DONE;
}

static aus_status measure_tiles(cli_judge *j)
{
  const aus_components *c = &j->tiles[0];
  j->amplitude = aus_alloc(j->cs->ctx, (size_t)j->cells, sizeof *j->amplitude);
  if (!j->amplitude) return AUS_ENOMEM;
  for (int32_t i = 0; i < c->n; i++) {
    double energy = 0;
    for (int64_t t = 0; t < c->part[i].end - c->part[i].begin; t++) energy += (double)c->part[i].data[t] * c->part[i].data[t];
    j->amplitude[i] = (float)sqrt(energy);
  }
  return AUS_OK;
}

/* How much of the shorter of two stretches they share. */
static double overlap(double a0, double a1, double b0, double b1)
{
  const double shared = fmin(a1, b1) - fmax(a0, b0), shorter = fmin(a1 - a0, b1 - b0);
  return shorter <= 0 ? a0 <= b0 && b0 < a1 : fmax(shared, 0) / shorter;
}

/* A tile is inside when it shares a quarter with an event, in time and in frequency. */
static int mark_events(cli_judge *j)
{
  cli_event *event;
  int32_t n;
  char path[4096];
  cli_events_path(j->cs->s->events, j->path, path, sizeof path);
  int code = cli_read_events(j->cs, path, &event, &n);
  if (code == CLI_DONE && !(j->inside = aus_alloc_zero(j->cs->ctx, (size_t)j->cells, 1))) code = cli_fail(j->cs, CLI_WORKING, AUS_ENOMEM);
  int64_t marked = 0;
  for (int64_t i = 0; i < j->cells && code == CLI_DONE; i++) {
    const aus_place *p = &j->tiles[0].place[i];
    for (int32_t e = 0; e < n; e++)
      if (overlap(p->t0, p->t1, event[e].t0, event[e].t1) >= 0.25 && (event[e].f1 <= 0 || overlap(p->f0, p->f1, event[e].f0, event[e].f1) >= 0.25)) j->inside[i] = 1;
    marked += j->inside[i];
  }
  aus_free(j->cs->ctx, event);
  if (code == CLI_DONE && marked == 0) return cli_say(j->cs, CLI_BAD_INPUT, "%s: no event lies in the %.2f s that are judged", path, (double)j->sound.heard.frames / j->sound.heard.rate);
  if (code == CLI_DONE && marked == j->cells) return cli_say(j->cs, CLI_BAD_INPUT, "%s: the events cover everything; nothing can lie outside", path);
  return code;
}

static int find_target(cli_judge *j)
{
  const char *text = j->cs->s->target;
  int64_t k;
  const int32_t n = j->info->n_targets;
  j->target = -1;
  for (int32_t i = 0; i < n && j->target < 0; i++)
    if (strcmp(j->info->targets[i], text) == 0) j->target = i;
  if (j->target < 0 && strcmp(text, "top1") == 0)
    for (int32_t i = 0; i < n; i++)
      if (j->target < 0 || j->scores[i] > j->scores[j->target]) j->target = i;
  if (j->target < 0 && cli_integer(text, 0, n - 1, &k)) j->target = (int32_t)k;
  if (j->target < 0) return cli_say(j->cs, CLI_BAD_USAGE, "--target %s: the model has no such target; it has %d, 0 %s to %d %s", text, n, j->info->targets[0], n - 1, j->info->targets[n - 1]);
  return CLI_DONE;
}

static aus_status make_tiles(cli_judge *j)
{
  static const aus_baseline baseline[2] = { AUS_BASELINE_ZERO, AUS_BASELINE_BINMEAN };
  for (int i = 0; i < 2; i++) {
    AUS_TRY(aus_components_tiles(j->cs->ctx, &j->sound.heard, (int32_t)j->dim[0], (int32_t)j->dim[1], baseline[i], 0, &j->tiles[i]));
    AUS_TRY(aus_field_components_make(j->cs->ctx, j->model, &j->tiles[i], 2, j->dim, &j->target, 1, &j->tile_field[i]));
    j->tile_field[i].logit = j->cs->s->scale != 0;
  }
  return measure_tiles(j);
}

aus_status cli_judge_open_sound(cli_judge *j, int *code)
{
  cli_session *cs = j->cs;
  *code = cli_open_model(cs, &j->model);
  if (*code != CLI_DONE) return AUS_OK;
  j->info = aus_model_describe(j->model);
  j->n_targets = j->info->n_targets;
  if (j->info->channels > 1) *code = cli_say(cs, CLI_INCAPABLE, "%s hears %d stems; explanations of mono sound are judged", j->info->name, j->info->channels);
  if (*code == CLI_DONE && cs->s->scale && j->info->score_kind == AUS_SCORE_REAL) *code = cli_say(cs, CLI_BAD_USAGE, "--scale logit: the scores of %s are no probabilities", j->info->name);
  if (*code == CLI_DONE) *code = cli_load_sound(cs, j->path, j->info->sample_rate, &j->sound);
  if (*code == CLI_DONE) *code = choose_grid(j);
  if (*code != CLI_DONE) return AUS_OK;
  j->scores = aus_alloc(cs->ctx, (size_t)j->n_targets, sizeof *j->scores);
  if (!j->scores) return AUS_ENOMEM;
  AUS_TRY(aus_model_predict(j->model, 1, j->sound.heard.frames, j->sound.heard.data, j->scores));
  *code = find_target(j);
  if (*code != CLI_DONE) return AUS_OK;
  AUS_TRY(make_tiles(j));
  if (cs->s->events) *code = mark_events(j);
  return AUS_OK;
}

aus_status cli_judge_hide_sound(cli_judge *j, aus_eval_fill fill, int64_t n, const float *mask, double *score)
{
  if (fill == AUS_EVAL_LINE) return aus_fail(j->cs->ctx, AUS_ENOTSUP, "a line between neighbours is for arrays; tiles are replaced by silence or local noise");
  aus_field *f = &j->tile_field[fill].field;
  f->calls += n;
  return f->score(f, n, mask, score);
}

/* ---- maps onto tiles ------------------------------------------------------------------------------------ */

static int64_t tile_at(const aus_components *c, double t, double hz)
{
  int64_t frame = llround(t / c->label_hop_s), bin = llround(hz / c->label_bin_hz);
  frame = frame < 0 ? 0 : frame >= c->label_frames ? c->label_frames - 1 : frame;
  bin = bin < 0 ? 0 : bin >= c->label_bins ? c->label_bins - 1 : bin;
  return c->label[frame * c->label_bins + bin];
}

static void pool(const cli_judge *j, const aus_map *m, float *value)
{
  const aus_components *c = &j->tiles[0];
  const int64_t per_moment = j->dim[1];
  for (int64_t t = 0; t < m->frames; t++)
    for (int32_t b = 0; b < m->bands; b++) {
      const float v = m->value[t * m->bands + b];
      const int64_t at = tile_at(c, (double)t * m->hop_s, m->hz ? m->hz[b] : 0);
      if (m->hz) { value[at] += v; continue; }
      for (int64_t f = 0; f < per_moment; f++) value[at / per_moment * per_moment + f] += v / (float)per_moment;
    }
}

static aus_status from_perturbation(cli_judge *j, aus_model *model, const aus_audio *x, const int32_t *target, int which, cli_answer *a)
{
  aus_perturb_config c;
  aus_components cells;
  aus_explanation e;
  aus_perturb_defaults(&c);
  c.method = (aus_perturb_method)which;
  c.n_time = (int32_t)j->dim[0];
  c.n_freq = (int32_t)j->dim[1];
  c.scale = (aus_scale)j->cs->s->scale;
  c.seed = (uint64_t)j->cs->s->seed;
  c.targets = target;
  c.n_targets = 1;
  if (j->cs->s->samples && !cli_integer(j->cs->s->samples, 1, 100000000, &c.samples)) return aus_fail(j->cs->ctx, AUS_EINVAL, "--samples %s: want a whole number from 1", j->cs->s->samples);
  AUS_TRY(aus_perturb_explain(j->cs->ctx, model, x, &c, &cells, &e));
  for (int64_t i = 0; i < j->cells; i++) a->value[i] = (float)e.target[0].weight[i].weight;
  a->score = e.target[0].score;
  a->score_none = e.target[0].score_none;
  a->complete = which >= AUS_PERTURB_PARTITION;
  a->calls = e.n_predicted;
  aus_explanation_free(&e);
  aus_components_free(&cells);
  return AUS_OK;
}

/* LIME on the tiles: weights of a local linear model. */
static aus_status from_slime(cli_judge *j, aus_model *model, const aus_audio *x, const int32_t *target, cli_answer *a)
{
  aus_lime_config c;
  aus_components cells;
  aus_explanation e;
  aus_lime_defaults(&c);
  c.bootstrap = c.stability_runs = 0;
  c.shapley = AUS_SHAPLEY_NONE;
  c.scale = (aus_scale)j->cs->s->scale;
  c.seed = (uint64_t)j->cs->s->seed;
  c.targets = target;
  c.n_targets = 1;
  c.kernel_width = 0.75 * sqrt((double)j->cells);
  c.distance = AUS_DISTANCE_EUCLIDEAN;
  c.surrogate = AUS_SURROGATE_RIDGE;
  c.samples = 4 * j->cells + 2;
  if (j->cs->s->samples && !cli_integer(j->cs->s->samples, 2, 100000000, &c.samples)) return aus_fail(j->cs->ctx, AUS_EINVAL, "--samples %s: want a whole number from 2", j->cs->s->samples);
  AUS_TRY(aus_components_tiles(j->cs->ctx, x, (int32_t)j->dim[0], (int32_t)j->dim[1], AUS_BASELINE_ZERO, 0, &cells));
  const aus_status status = aus_lime_explain(j->cs->ctx, model, &cells, &c, &e);
  for (int64_t i = 0; status == AUS_OK && i < j->cells; i++) a->value[i] = (float)e.target[0].weight[i].weight;
  if (status == AUS_OK) {
    a->calls = e.n_predicted;
    aus_explanation_free(&e);
  }
  aus_components_free(&cells);
  return status;
}

/* Whatever goes through the network gives a map of its front end's bands. */
static aus_status from_network(cli_judge *j, aus_model *model, const aus_audio *x, const int32_t *target, const char *method, cli_answer *a)
{
  aus_sound_config c = { .domain = AUS_DOMAIN_BANDS, .targets = target, .n_targets = 1 };
  aus_components parts;
  aus_explanation e;
  if (cli_attrib_config(j->cs, &c.attrib) != CLI_DONE) return AUS_EINVAL;
  c.attrib.method = method;
  AUS_TRY(aus_sound_attribute(j->cs->ctx, model, x, &c, &parts, &e));
  pool(j, &e.target[0].map, a->value);
  a->score = e.target[0].score;
  a->score_none = e.target[0].score_none;
  a->complete = (aus_method_find(method)->flags & AUS_METHOD_COMPLETE) != 0;
  a->calls = e.n_predicted;
  aus_explanation_free(&e);
  aus_components_free(&parts);
  return AUS_OK;
}

aus_status cli_judge_sound(cli_judge *j, aus_model *model, const float *signal, int32_t target, const char *method, cli_answer *a)
{
  static const char *const asking[] = { "occlusion", "ablation", "rise", "partitionshap", "shapley", "kernelshap", "permutationshap" };
  aus_audio x = j->sound.heard;
  if (signal) x.data = (float *)(uintptr_t)signal;
  if (strcmp(method, "slime") == 0) return from_slime(j, model, &x, &target, a);
  for (int i = 0; i < 7; i++)
    if (strcmp(method, asking[i]) == 0) return from_perturbation(j, model, &x, &target, i, a);
  return from_network(j, model, &x, &target, method, a);
}

/* ---- saved maps -------------------------------------------------------------------------------------------- */

/* [frames][bands] over the whole sound: bands of the model's own spectrogram when there are as many, else evenly up to half the rate. */
static aus_status read_sound_map(cli_judge *j, const aus_npy *x, float *value)
{
  aus_spectrogram s = { .image = NULL };
  const int64_t bands = x->rank == 2 ? x->dim[1] : 1;
  if (x->rank < 1 || x->rank > 2 || x->dim[0] < 1 || bands > INT32_MAX) return aus_fail(j->cs->ctx, AUS_EFORMAT, "want a map of frames, or of frames by bands");
  aus_map m = { .frames = x->dim[0], .bands = (int32_t)bands, .value = x->data };
  m.hop_s = (double)j->sound.heard.frames / j->sound.heard.rate / (double)m.frames;
  float *even = aus_alloc(j->cs->ctx, (size_t)bands, sizeof *even);
  if (!even) return AUS_ENOMEM;
  for (int64_t b = 0; b < bands; b++) even[b] = (float)((double)b + 0.5) * (float)j->sound.heard.rate / 2 / (float)bands;
  const bool own = bands > 1 && aus_model_spectrogram(j->model, j->sound.heard.frames, j->sound.heard.data, &s) == AUS_OK && s.bands == bands;
  m.hz = bands == 1 ? NULL : own ? s.hz : even;
  pool(j, &m, value);
  aus_model_spectrogram_free(j->model, &s);
  aus_free(j->cs->ctx, even);
  return AUS_OK;
}

aus_status cli_judge_read_map(cli_judge *j, const char *path, float *value)
{
  aus_npy x = { .data = NULL };
  if (!path) return aus_fail(j->cs->ctx, AUS_EINVAL, "method map judges a saved explanation: give --map FILE.npy");
  AUS_TRY(aus_npy_read(j->cs->ctx, path, &x));
  aus_status status = AUS_OK;
  if (!j->arrays) status = read_sound_map(j, &x, value);
  else if (x.count != j->cells) status = aus_fail(j->cs->ctx, AUS_EFORMAT, "%s holds %lld numbers, the input %lld", path, (long long)x.count, (long long)j->cells);
  else memcpy(value, x.data, (size_t)j->cells * sizeof *value);
  aus_free(j->cs->ctx, x.data);
  return status;
}
