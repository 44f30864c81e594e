/* judge_arrays.c - judging attributions of arrays: cells are the numbers of the input. One input, one item. */
#include "cli/judge.h"

#include "attrib/attrib.h"
#include "cli/arrays.h"

#include <math.h>
#include <string.h>

static int64_t count_of(const aus_dims *d)
{
  int64_t n = 1;
  for (int32_t i = 0; i < d->rank; i++) n *= d->dim[i];
  return n;
}

static int read_input(cli_judge *j)
{
  cli_session *cs = j->cs;
  if (aus_graph_inputs(j->bundle) != 1) return cli_say(cs, CLI_INCAPABLE, "the network has %d inputs; explanations of one input are judged", aus_graph_inputs(j->bundle));
  const aus_status status = aus_npy_read(cs->ctx, j->path, &j->x);
  if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  for (int64_t i = 0; i < j->x.count; i++)
    if (!isfinite(j->x.data[i])) return cli_say(cs, CLI_BAD_INPUT, "%s holds a value that is not a number at position %lld", j->path, (long long)i);
  const aus_dims want = aus_graph_input_dims(j->bundle, 0);
  const int32_t add = j->x.rank + 1 == want.rank; /* one item without its axis */
  j->dims.rank = j->x.rank + add;
  if (j->dims.rank != want.rank || j->dims.rank > 6) return cli_say(cs, CLI_BAD_INPUT, "%s: %d dimensions; the network's input has %d", j->path, j->x.rank, want.rank);
  j->dims.dim[0] = 1;
  for (int32_t d = 0; d < j->x.rank; d++) j->dims.dim[d + add] = j->x.dim[d];
  const int32_t skip = j->dims.rank > 1 && j->dims.dim[0] == 1;
  j->rank = j->dims.rank - skip;
  for (int32_t d = 0; d < j->rank; d++) j->dim[d] = j->dims.dim[d + skip];
  j->cells = count_of(&j->dims);
  return CLI_DONE;
}

/* f of n versions of the input, read where the last answer was. */
static aus_status score_arrays(void *user, int64_t n, const float *x, double *y)
{
  cli_judge *j = user;
  for (int64_t r = 0; r < n; r++) {
    memcpy(aus_run_input(j->run, 0), x + r * j->cells, (size_t)j->cells * sizeof *x);
    AUS_TRY(aus_run_forward(j->run));
    const float *s = aus_run_tap(j->run, 0, NULL);
    y[r] = 0;
    if (j->from_target >= 0) y[r] = s[j->from_target];
    for (int64_t k = 0; j->from_target < 0 && k < j->from_count; k++) y[r] += s[k];
  }
  return AUS_OK;
}

static aus_status make_fields(cli_judge *j)
{
  aus_ctx *ctx = j->cs->ctx;
  j->noise = aus_alloc(ctx, (size_t)j->cells, sizeof *j->noise);
  if (!j->noise) return AUS_ENOMEM;
  AUS_TRY(aus_field_array_make(ctx, j->rank, j->dim, j->x.data, NULL, AUS_FILL_BASELINE, 1, score_arrays, j, &j->field[AUS_EVAL_ZERO]));
  aus_local_noise(&j->field[AUS_EVAL_ZERO], 50, (uint64_t)j->cs->s->seed, j->noise);
  AUS_TRY(aus_field_array_make(ctx, j->rank, j->dim, j->x.data, j->noise, AUS_FILL_BASELINE, 1, score_arrays, j, &j->field[AUS_EVAL_NOISE]));
  return aus_field_array_make(ctx, j->rank, j->dim, j->x.data, NULL, AUS_FILL_INTERPOLATE, 1, score_arrays, j, &j->field[AUS_EVAL_LINE]);
}

/* What every answer is judged by: one value of the graph, whatever the method reads. */
static aus_status open_run(cli_judge *j)
{
  aus_attrib *a = NULL;
  aus_attribution r = { 0 };
  aus_attrib_config c;
  const float *x = j->x.data;
  aus_attrib_defaults(&c);
  c.method = "ablation"; /* any: only where the score is read is wanted; the batch of one makes it cheap */
  c.target = j->cs->s->target;
  c.from = j->cs->s->from ? j->cs->s->from : j->cs->s->scale ? "logits" : NULL;
  float *groups = aus_alloc_zero(j->cs->ctx, (size_t)j->cells, sizeof *groups);
  const float *mask = groups;
  c.mask = &mask; /* one group: one question */
  aus_status status = groups ? aus_attrib_open(j->cs->ctx, j->bundle, &j->dims, &a) : AUS_ENOMEM;
  if (status == AUS_OK && aus_attrib_items(a) != 1) status = aus_fail(j->cs->ctx, AUS_EINVAL, "%s holds %d items; one is judged at a time", j->path, aus_attrib_items(a));
  if (status == AUS_OK) status = aus_attrib_run(a, &x, &c, &r);
  if (status == AUS_OK) {
    const char *tap = r.from;
    j->from_target = r.target[0];
    status = aus_run_create(j->cs->ctx, j->bundle, &j->dims, &tap, 1, &j->run);
  }
  aus_attribution_free(&r);
  aus_attrib_close(a);
  aus_free(j->cs->ctx, groups);
  return status;
}

aus_status cli_judge_open_arrays(cli_judge *j, int *code)
{
  cli_session *cs = j->cs;
  if (!cs->s->model) {
    *code = cli_say(cs, cs->s->model_cmd ? CLI_INCAPABLE : CLI_BAD_USAGE, cs->s->model_cmd ? "arrays go into a network (-m NET.aus)" : "no model: give -m MODEL.aus");
    return AUS_OK;
  }
  if (cs->s->events) { *code = cli_say(cs, CLI_BAD_USAGE, "--events belongs to sound: arrays have no seconds"); return AUS_OK; }
  const aus_status status = aus_bundle_open_memory(cs->ctx, j->file, j->file_size, &j->bundle);
  if (status != AUS_OK) { *code = cli_fail(cs, CLI_OPENING, status); return AUS_OK; }
  *code = read_input(j);
  if (*code != CLI_DONE) return AUS_OK;
  AUS_TRY(open_run(j));
  aus_dims d;
  aus_run_tap(j->run, 0, &d);
  j->from_count = count_of(&d);
  j->n_targets = j->from_target < 0 ? 1 : (int32_t)j->from_count;
  j->target = j->from_target;
  return make_fields(j);
}

aus_status cli_judge_hide_array(cli_judge *j, aus_eval_fill fill, int64_t n, const float *mask, double *score)
{
  aus_field *f = &j->field[fill].field;
  f->calls += n;
  return f->score(f, n, mask, score);
}

aus_status cli_judge_array(cli_judge *j, aus_bundle *bundle, const float *signal, int32_t target, const char *method, cli_answer *a)
{
  static const char *const gradients[] = { "gradient", "smoothgrad", "guided", "deconv" };
  aus_attrib *attrib = NULL;
  aus_attribution r = { 0 };
  aus_attrib_config c;
  char index[16] = "sum";
  const float *x = signal ? signal : j->x.data;
  if (strcmp(method, "slime") == 0) return aus_fail(j->cs->ctx, AUS_ENOTSUP, "slime explains sound; for arrays there are kernelshap and ablation");
  if (cli_attrib_config(j->cs, &c) != CLI_DONE) return AUS_EINVAL;
  if (target >= 0) snprintf(index, sizeof index, "%d", target);
  c.method = method;
  c.target = index;
  c.upsample = 1;
  aus_status status = aus_attrib_open(j->cs->ctx, bundle, &j->dims, &attrib);
  if (status == AUS_OK) status = aus_attrib_run(attrib, &x, &c, &r);
  if (status == AUS_OK && count_of(&r.dims[0]) != j->cells) status = aus_fail(j->cs->ctx, AUS_ENOTSUP, "%s does not give a number per number of the input", method);
  if (status == AUS_OK) {
    memcpy(a->value, r.value[0], (size_t)j->cells * sizeof *a->value);
    a->score = r.score[0];
    a->score_none = r.score_none[0];
    a->calls = r.evaluations + r.walks;
    a->complete = (aus_method_find(method)->flags & AUS_METHOD_COMPLETE) != 0;
    for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++) a->per_unit = a->per_unit || strcmp(method, gradients[i]) == 0;
  }
  aus_attribution_free(&r);
  aus_attrib_close(attrib);
  return status;
}
