/* arrays.c - `auscult explain X.npy -m NET.aus --method M`: a method of attribution on the bare network, for
 * networks that take no sound and for checking numbers against other libraries. */
#include "cli/arrays.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/job.h"
#include "cli/table.h"
#include "format/npy.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool cli_means_arrays(const cli_settings *s, int n, char **operand)
{
  for (int i = 0; i < n; i++) {
    const size_t length = strlen(operand[i]);
    if (length > 4 && strcmp(operand[i] + length - 4, ".npy") == 0) return true;
  }
  return n == 0 && s->input.n > 0;
}

const char *cli_method_name(const cli_settings *s, char word[32])
{
  return cli_choice_word(cli_find_option(s->command, "method"), s->method, word);
}

int cli_attrib_config(cli_session *cs, aus_attrib_config *c)
{
  const cli_settings *s = cs->s;
  aus_attrib_defaults(c);
  c->from = s->from ? s->from : s->scale ? "logits" : NULL;
  c->layer = s->layer;
  c->rules = s->rules;
  c->steps = s->steps;
  c->quadrature = s->quadrature;
  c->noise = s->noise;
  c->absolute = s->absolute;
  c->no_inputs = s->multipliers;
  c->relu = s->no_relu ? -1 : 0;
  c->layer_input = s->layer_input;
  c->upsample = s->interpolate != 0;
  c->interpolate = s->interpolate == 2 ? "linear" : s->interpolate == 1 ? "nearest" : NULL;
  c->seed = (uint64_t)s->seed;
  c->window = s->window;
  c->stride = s->stride;
  c->keep = s->keep;
  c->grid = s->grid;
  c->probability = s->probability;
  if (s->samples && !cli_integer(s->samples, 1, 100000000, &c->samples))
    return cli_say(cs, CLI_BAD_USAGE, "--samples %s: want a whole number from 1", s->samples);
  return CLI_DONE;
}

/* ---- results ----------------------------------------------------------------------------------------- */

/* FILE.npy, or FILE-NAME.npy where there are several arrays. */
static void save_path(const cli_arrays *a, int32_t k, char path[4096])
{
  const char *save = a->cs->s->save, *dot = strrchr(save, '.');
  const int stem = dot && strcmp(dot, ".npy") == 0 ? (int)(dot - save) : (int)strlen(save);
  if (a->result.n == 1) { snprintf(path, 4096, "%s", save); return; }
  char name[64];
  size_t n = 0;
  for (const char *p = a->result.name[k]; *p && n + 1 < sizeof name; p++) name[n++] = (unsigned char)*p <= 0x20 || strchr("/\\:", *p) ? '_' : *p;
  name[n] = '\0';
  snprintf(path, 4096, "%.*s-%s.npy", stem, save, name);
}

static int save(cli_arrays *a)
{
  char path[4096];
  int code = CLI_DONE;
  for (int32_t k = 0; k < a->result.n && code == CLI_DONE; k++) {
    save_path(a, k, path);
    code = cli_check_free(a->cs, path);
    if (code != CLI_DONE) return code;
    cli_output_begins(a->cs, path);
    const aus_status status = aus_npy_write(a->cs->ctx, path, a->result.dims[k].rank, a->result.dims[k].dim, a->result.value[k], a->cs->s->force);
    if (status != AUS_OK) code = cli_fail(a->cs, CLI_WRITING, status);
  }
  return code;
}

static void shape_text(const aus_dims *d, char text[96])
{
  size_t n = (size_t)snprintf(text, 96, "[");
  for (int32_t i = 0; i < d->rank && n < 80; i++) n += (size_t)snprintf(text + n, 96 - n, i ? ", %" PRId64 : "%" PRId64, d->dim[i]);
  snprintf(text + n, 96 - n, "]");
}

static void print_item(const aus_attribution *r, int32_t i)
{
  printf("item %d: ", i);
  if (r->target[i] < 0) printf("sum of all scores %.6g", r->score[i]);
  else printf("target %d, score %.6g", r->target[i], r->score[i]);
  if (isfinite(r->score_none[i])) printf(", of the baseline %.6g", r->score_none[i]);
  if (isfinite(r->sum[i])) printf(", sum %.6g", r->sum[i]);
  if (isfinite(r->gap[i])) printf(", gap %.3g", r->gap[i]);
  printf("\n");
}

enum { MOST_PRINTED = 32, MOST_VALUES = 65536 };

static void print_array(cli_arrays *a, int32_t k)
{
  char shape[96], path[4096];
  const aus_attribution *r = &a->result;
  int64_t n = 1;
  for (int32_t d = 0; d < r->dims[k].rank; d++) n *= r->dims[k].dim[d];
  shape_text(&r->dims[k], shape);
  cli_put(r->name[k]);
  printf(" %s:", shape);
  for (int64_t i = 0; i < n && i < MOST_PRINTED; i++) printf(" %.6g", (double)r->value[k][i]);
  printf(n > MOST_PRINTED ? " ...\n" : "\n");
  if (a->cs->s->save) {
    save_path(a, k, path);
    printf("  in %s\n", path);
  }
}

static void print_books(const aus_attribution *r)
{
  if (r->n_accounts) printf("%-24s %-12s %-14s %12s %12s %10s %10s %10s %9s\n", "node", "op", "rule", "in", "handed on", "bias", "stabiliser", "other", "error");
  for (int32_t i = 0; i < r->n_accounts; i++) {
    const aus_account *a = &r->account[i];
    printf("%-24.24s %-12s %-14s %12.6g %12.6g %10.3g %10.3g %10.3g %9.1e\n", a->node, a->op, a->rule, a->out, a->in, a->bias, a->stabiliser, a->other + a->state, a->error);
  }
}

static void print_result(cli_arrays *a)
{
  const aus_attribution *r = &a->result;
  printf("%s of ", r->method);
  cli_put(r->from);
  printf("\n");
  for (int32_t i = 0; i < r->items; i++) print_item(r, i);
  for (int32_t k = 0; k < r->n; k++) print_array(a, k);
  print_books(r);
  if (r->note[0]) printf("note: %s\n", r->note);
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static void put_dims(aus_json *j, const char *key, const aus_dims *d)
{
  aus_json_flat_array(j, key);
  for (int32_t i = 0; i < d->rank; i++) aus_json_integer(j, NULL, d->dim[i]);
  aus_json_close(j);
}

static void put_item(aus_json *j, const aus_attribution *r, int32_t i)
{
  aus_json_flat_object(j, NULL);
  if (r->target[i] < 0) aus_json_string(j, "target", "sum");
  else aus_json_integer(j, "target", r->target[i]);
  aus_json_real(j, "score", r->score[i]);
  aus_json_real(j, "score_none", r->score_none[i]);
  aus_json_real(j, "sum", r->sum[i]);
  aus_json_real(j, "gap", r->gap[i]);
  aus_json_close(j);
}

static void put_array(cli_arrays *a, aus_json *j, int32_t k)
{
  const aus_attribution *r = &a->result;
  char path[4096];
  int64_t n = 1;
  for (int32_t d = 0; d < r->dims[k].rank; d++) n *= r->dims[k].dim[d];
  aus_json_object(j, NULL);
  aus_json_string(j, "name", r->name[k]);
  put_dims(j, "shape", &r->dims[k]);
  if (a->cs->s->save) save_path(a, k, path);
  aus_json_string(j, "saved", a->cs->s->save ? path : NULL);
  if (n <= MOST_VALUES) {
    aus_json_flat_array(j, "values");
    for (int64_t i = 0; i < n; i++) aus_json_real(j, NULL, (double)r->value[k][i]);
    aus_json_close(j);
  }
  aus_json_close(j);
}

static void put_account(aus_json *j, const aus_account *a)
{
  aus_json_flat_object(j, NULL);
  aus_json_string(j, "node", a->node);
  aus_json_string(j, "op", a->op);
  aus_json_string(j, "rule", a->rule);
  aus_json_real(j, "out", a->out);
  aus_json_real(j, "in", a->in);
  aus_json_real(j, "bias", a->bias);
  aus_json_real(j, "stabiliser", a->stabiliser);
  aus_json_real(j, "state", a->state);
  aus_json_real(j, "other", a->other);
  aus_json_real(j, "error", a->error);
  aus_json_real(j, "size", a->size);
  aus_json_close(j);
}

static int print_json(cli_arrays *a)
{
  const aus_attribution *r = &a->result;
  cli_session *cs = a->cs;
  aus_json j;
  aus_json_init(&j, cs->ctx);
  cli_json_head(&j, "auscult.attribution/1");
  aus_json_object(&j, "model");
  aus_json_string(&j, "name", aus_meta_string(a->bundle, "name", "network"));
  aus_json_string(&j, "path", cs->s->model);
  aus_json_string(&j, "sha256", aus_bundle_sha256(a->bundle));
  aus_json_close(&j);
  cli_json_settings(cs, &j);
  aus_json_close(&j);
  aus_json_string(&j, "method", r->method);
  aus_json_string(&j, "from", r->from);
  aus_json_integer(&j, "steps", r->steps);
  aus_json_integer(&j, "evaluations", r->evaluations);
  aus_json_integer(&j, "walks", r->walks);
  if (r->resolution.rank) put_dims(&j, "resolution", &r->resolution);
  aus_json_string(&j, "note", r->note);
  aus_json_array(&j, "items");
  for (int32_t i = 0; i < r->items; i++) put_item(&j, r, i);
  aus_json_close(&j);
  aus_json_array(&j, "arrays");
  for (int32_t k = 0; k < r->n; k++) put_array(a, &j, k);
  aus_json_close(&j);
  if (r->n_accounts) aus_json_array(&j, "accounts");
  for (int32_t i = 0; i < r->n_accounts; i++) put_account(&j, &r->account[i]);
  if (r->n_accounts) aus_json_close(&j);
  cli_json_notes(cs, &j);
  cli_json_run(cs, &j);
  const int code = cli_print_json(cs, &j);
  aus_json_free(&j);
  return code;
}

/* ---- the job ---------------------------------------------------------------------------------------------- */

static int check(cli_session *cs)
{
  const cli_settings *s = cs->s;
  char word[32];
  if (s->model_cmd) return cli_say(cs, CLI_INCAPABLE, "arrays go into a network (-m NET.aus): a program behind --model-cmd hears sound only");
  if (!s->model) return cli_say(cs, CLI_BAD_USAGE, "no model: give -m MODEL.aus");
  if (s->report || s->out) return cli_say(cs, CLI_BAD_USAGE, "--%s needs sound; arrays are written with --save FILE.npy", s->report ? "report" : "out");
  if (s->method < CLI_FIRST_ATTRIB)
    return cli_say(cs, CLI_BAD_USAGE, "--method %s takes sound apart; for arrays choose gradient, ig, lrp, ... (auscult explain --help)", cli_method_name(s, word));
  return CLI_DONE;
}

static int question(cli_arrays *a, int n, char **operand)
{
  cli_session *cs = a->cs;
  char word[32];
  aus_attrib_config config;
  aus_status status = aus_bundle_open(cs->ctx, cs->s->model, &a->bundle);
  if (status != AUS_OK) return cli_fail(cs, CLI_OPENING, status);
  int code = cli_attrib_config(cs, &config);
  if (code == CLI_DONE) code = cli_read_arrays(a, n, operand);
  if (code != CLI_DONE) return code;
  status = aus_attrib_open(cs->ctx, a->bundle, a->dims, &a->attrib);
  if (status != AUS_OK) return cli_fail(cs, status == AUS_EFORMAT ? CLI_READING : CLI_WORKING, status);
  code = cli_read_extras(a, aus_attrib_items(a->attrib));
  if (code != CLI_DONE) return code;
  config.method = cli_method_name(cs->s, word);
  config.target = cs->s->target;
  config.baseline = (const float *const *)a->baseline;
  config.n_baselines = a->n_baselines;
  config.mask = cs->s->mask.n ? (const float *const *)a->mask : NULL;
  config.tree = a->tree;
  config.n_tree = a->n_tree;
  status = aus_attrib_run(a->attrib, (const float *const *)a->x, &config, &a->result);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

int cli_explain_arrays(cli_session *cs, int n, char **operand)
{
  cli_arrays a = { .cs = cs };
  int code = check(cs);
  if (code == CLI_DONE && cs->s->save) code = cli_check_free(cs, cs->s->save);
  if (code == CLI_DONE) code = question(&a, n, operand);
  if (code == CLI_DONE && cs->s->save) code = save(&a);
  if (code == CLI_DONE && cs->s->json) code = print_json(&a);
  else if (code == CLI_DONE) {
    print_result(&a);
    code = cli_flush(cs);
  }
  cli_free_arrays(&a);
  return code;
}
