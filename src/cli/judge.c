/* judge.c - a subject for the measures: what hides cells, explains again, makes the network random, takes another target. */
#include "cli/judge.h"

#include "attrib/attrib.h"

#include <math.h>
#include <string.h>

/* Not methods of attribution, but judged beside them. */
static const char *const others[] = { "random", "map", "slime" };

int cli_judge_known(cli_session *cs, const char *method)
{
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(method, others[i]) == 0) return CLI_DONE;
  if (aus_method_find(method)) return CLI_DONE;
  return cli_say(cs, CLI_BAD_USAGE, "method %s is not known; auscult explain --help lists them, and there are random, slime (sound) and map (--map FILE.npy)", method);
}

int cli_judge_config(cli_session *cs, aus_eval_config *c)
{
  const cli_settings *s = cs->s;
  aus_eval_defaults(c);
  c->metrics = s->metrics;
  c->steps = (int32_t)s->curve_steps;
  c->draws = (int32_t)s->draws;
  c->seeds = (int32_t)s->repeats;
  c->perturbed = (int32_t)s->near;
  c->radius = s->radius;
  c->subset = s->subset;
  c->fill = (aus_eval_fill)s->fill;
  c->seed = (uint64_t)s->seed;
  return CLI_DONE;
}

static bool is_array(const char *path)
{
  const size_t n = strlen(path);
  return n > 4 && strcmp(path + n - 4, ".npy") == 0;
}

int cli_judge_open(cli_session *cs, const char *path, cli_judge *j)
{
  *j = (cli_judge){ .cs = cs, .path = path, .arrays = is_array(path) };
  int code = CLI_DONE;
  if (cs->s->model) {
    const aus_status status = aus_file_read(cs->ctx, cs->s->model, (size_t)1 << 40, &j->file, &j->file_size);
    if (status != AUS_OK) return cli_fail(cs, CLI_OPENING, status);
  }
  const aus_status status = j->arrays ? cli_judge_open_arrays(j, &code) : cli_judge_open_sound(j, &code);
  return code != CLI_DONE ? code : status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

void cli_judge_close(cli_judge *j)
{
  aus_ctx *ctx = j->cs->ctx;
  for (int i = 0; i < 2; i++) aus_components_free(&j->tiles[i]);
  for (int i = 0; i < AUS_EVAL_FILLS; i++) aus_field_array_free(&j->field[i]);
  cli_free_sound(j->cs, &j->sound);
  aus_run_destroy(j->run);
  aus_bundle_close(j->bundle);
  aus_model_close(j->model);
  aus_free(ctx, j->scores);
  aus_free(ctx, j->x.data);
  aus_free(ctx, j->noise);
  aus_free(ctx, j->amplitude);
  aus_free(ctx, j->inside);
  aus_free(ctx, j->file);
}

void cli_answer_free(cli_judge *j, cli_answer *a)
{
  aus_free(j->cs->ctx, a->value);
  a->value = NULL;
}

/* ---- asking ---------------------------------------------------------------------------------------- */

static void random_map(const cli_judge *j, uint64_t item, float *value)
{
  aus_rng rng;
  aus_rng_init(&rng, (uint64_t)j->cs->s->seed, (uint64_t)1 << 40 | item);
  for (int64_t i = 0; i < j->cells; i++) value[i] = (float)aus_rng_normal(&rng);
}

/* Another network, another signal, another target: whatever is NULL or -1 stays. */
static aus_status ask(cli_judge *j, const void *bytes, const float *signal, int32_t target, uint64_t item, const char *method, cli_answer *a)
{
  a->score = a->score_none = NAN;
  snprintf(a->method, sizeof a->method, "%s", method);
  if (strcmp(method, "random") == 0) { random_map(j, item, a->value); return AUS_OK; }
  if (strcmp(method, "map") == 0) return cli_judge_read_map(j, j->cs->s->map, a->value);
  if (target < 0) target = j->target;
  if (j->arrays) {
    aus_bundle *b = NULL;
    if (bytes) AUS_TRY(aus_bundle_open_memory(j->cs->ctx, bytes, j->file_size, &b));
    const aus_status status = cli_judge_array(j, b ? b : j->bundle, signal, target, method, a);
    aus_bundle_close(b);
    return status;
  }
  aus_model *m = NULL;
  if (bytes) AUS_TRY(aus_model_open_memory(j->cs->ctx, bytes, j->file_size, &m));
  const aus_status status = cli_judge_sound(j, m ? m : j->model, signal, target, method, a);
  aus_model_close(m);
  return status;
}

int cli_judge_ask(cli_judge *j, const char *method, cli_answer *a)
{
  cli_session *cs = j->cs;
  *a = (cli_answer){ .value = aus_alloc_zero(cs->ctx, (size_t)j->cells, sizeof(float)) };
  if (!a->value) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  const double start = aus_now();
  const aus_status status = ask(j, NULL, NULL, -1, 0, method, a);
  a->seconds = aus_now() - start;
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, strcmp(method, "map") == 0 && cs->s->map ? CLI_READING : CLI_WORKING, status);
}

/* ---- the subject -------------------------------------------------------------------------------------- */

static aus_status hide(void *user, aus_eval_fill fill, int64_t n, const float *mask, double *score)
{
  cli_judge *j = user;
  return j->arrays ? cli_judge_hide_array(j, fill, n, mask, score) : cli_judge_hide_sound(j, fill, n, mask, score);
}

static aus_status explain_again(void *user, const float *signal, float *value)
{
  cli_judge *j = user;
  cli_answer a = { .value = value };
  return ask(j, NULL, signal, -1, 100000 + (uint64_t)j->again++, j->judged->method, &a);
}

/* Draws for the random baseline: each question is another random map. */
static aus_status explain_random(void *user, int32_t layer, int cascading, uint64_t draw, float *value)
{
  cli_judge *j = user;
  cli_answer a = { .value = value };
  void *bytes;
  AUS_TRY(aus_eval_randomise(j->cs->ctx, j->file, j->file_size, layer, cascading, (uint64_t)j->cs->s->seed + draw, &bytes));
  const aus_status status = ask(j, bytes, NULL, -1, 1 + (uint64_t)(2 * layer + cascading), j->judged->method, &a);
  aus_eval_randomise_free(j->cs->ctx, bytes);
  return status;
}

static aus_status explain_other(void *user, uint64_t draw, float *value)
{
  cli_judge *j = user;
  cli_answer a = { .value = value };
  aus_rng rng;
  aus_rng_init(&rng, (uint64_t)j->cs->s->seed, (uint64_t)2 << 40 | draw);
  int32_t target = (int32_t)aus_rng_below(&rng, (uint64_t)j->n_targets - 1);
  if (target >= j->target) target++;
  return ask(j, NULL, NULL, target, 1000 + draw, j->judged->method, &a);
}

static int32_t layers_of(const cli_judge *j)
{
  aus_bundle *b = NULL;
  if (!j->file || aus_bundle_open_memory(j->cs->ctx, j->file, j->file_size, &b) != AUS_OK) return 0;
  const int32_t n = aus_eval_layers(b);
  aus_bundle_close(b);
  return n;
}

int cli_judge_score(cli_judge *j, cli_answer *a, const aus_eval_config *config, aus_evaluation *out)
{
  const bool saved = strcmp(a->method, "map") == 0;
  aus_eval_subject s = { .rank = j->rank, .cells = j->cells, .value = a->value, .amplitude = j->amplitude, .per_unit = a->per_unit, .score = a->score,
                         .score_none = a->score_none, .complete = a->complete && isfinite(a->score_none), .inside = j->inside, .hide = hide, .user = j };
  memcpy(s.dim, j->dim, sizeof s.dim);
  if (j->arrays) s.input = j->x.data;
  else s.signal = j->sound.heard.data, s.samples = j->sound.heard.frames;
  if (!saved) {
    s.explain = explain_again;
    s.layers = layers_of(j);
    if (s.layers > 0) s.random = explain_random;
    if (j->n_targets > 1) s.other = explain_other;
  }
  j->judged = a;
  const aus_status status = aus_eval_run(j->cs->ctx, &s, config, out);
  if (status == AUS_EINVAL || status == AUS_ENOTSUP) return cli_fail(j->cs, CLI_WORKING, status);
  return status == AUS_OK ? CLI_DONE : cli_fail(j->cs, CLI_WORKING, status);
}
