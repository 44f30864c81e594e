/* evaluate.c - auscult evaluate: is the explanation true? */
#include "cli/commands.h"
#include "cli/judge.h"
#include "cli/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
  CLI_ROW_MODEL,
  CLI_ROW_MODEL_CMD,
  { "method", 0, CLI_TEXT, "NAME", "partitionshap", 0, 0, CLI_AT(judged), "whose explanation: a method of auscult explain, slime (tiles), random, or map" },
  { "map", 0, CLI_TEXT, "FILE.npy", NULL, 0, 0, CLI_AT(map), "judge this saved explanation (frames, or frames by bands; for arrays: the input's shape)" },
  CLI_ROWS_JUDGE,
  CLI_ROW_RANGE,
  CLI_ROW_JSON,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

static void print_number(double v)
{
  if (!isfinite(v)) printf(" %11s", "-");
  else if (v != 0 && (fabs(v) < 1e-3 || fabs(v) >= 1e6)) printf(" %11.2e", v);
  else printf(" %11.4f", v);
}

static void print_measures(const aus_evaluation *e)
{
  printf("%-26s %11s %11s %11s  %-8s %s\n", "measure", "value", "from", "to", "over", "better");
  for (int32_t i = 0; i < e->n; i++) {
    const aus_measure *m = &e->measure[i];
    const bool exact = strcmp(m->over, "exact") == 0;
    printf("%-26s", m->name);
    print_number(m->value);
    print_number(exact ? NAN : m->lo);
    print_number(exact ? NAN : m->hi);
    printf("  %-8s %s\n", m->over, m->better > 0 ? "higher" : m->better < 0 ? "lower" : "");
  }
}

void cli_json_measures(aus_json *j, const aus_evaluation *e)
{
  aus_json_array(j, "measures");
  for (int32_t i = 0; i < e->n; i++) {
    const aus_measure *m = &e->measure[i];
    aus_json_flat_object(j, NULL);
    aus_json_string(j, "name", m->name);
    aus_json_real(j, "value", m->value);
    aus_json_flat_array(j, "interval");
    aus_json_real(j, NULL, m->lo);
    aus_json_real(j, NULL, m->hi);
    aus_json_close(j);
    aus_json_string(j, "over", m->over);
    aus_json_integer(j, "better", m->better);
    aus_json_close(j);
  }
  aus_json_close(j);
}

static void json_curve(aus_json *j, const char *key, const aus_eval_curve *c)
{
  if (c->n == 0) return;
  aus_json_object(j, key);
  aus_json_flat_array(j, "fraction");
  for (int32_t k = 0; k < c->n; k++) aus_json_real(j, NULL, c->fraction[k]);
  aus_json_close(j);
  aus_json_flat_array(j, "score");
  for (int32_t k = 0; k < c->n; k++) aus_json_real(j, NULL, c->score[k]);
  aus_json_close(j);
  aus_json_close(j);
}

void cli_json_judged(cli_session *cs, const cli_judge *judge, aus_json *j)
{
  aus_json_string(j, "input", judge->path);
  aus_json_string(j, "model", cs->s->model ? cs->s->model : cs->s->model_cmd);
  if (judge->target >= 0) aus_json_integer(j, "target", judge->target);
  if (!judge->arrays) aus_json_string(j, "target_name", judge->info->targets[judge->target]);
  aus_json_flat_array(j, "cells");
  for (int32_t d = 0; d < judge->rank; d++) aus_json_integer(j, NULL, judge->dim[d]);
  aus_json_close(j);
}

void cli_json_answer(aus_json *j, const cli_answer *a)
{
  aus_json_string(j, "method", a->method);
  aus_json_real(j, "seconds", a->seconds);
  if (a->calls > 0) aus_json_integer(j, "calls", a->calls);
  aus_json_real(j, "score", a->score);
  aus_json_real(j, "score_none", a->score_none);
}

void cli_describe_judged(const cli_judge *j)
{
  char line[512];
  if (j->arrays) {
    printf("%s: %lld numbers, target ", j->path, (long long)j->cells);
    j->target >= 0 ? printf("%d\n", j->target) : printf("sum of all\n");
    return;
  }
  cli_describe_sound(&j->sound, line, sizeof line);
  printf("%s\ntarget ", line);
  cli_put(j->info->targets[j->target]);
  printf(" (%.4f); judged on %lld x %lld tiles\n", (double)j->scores[j->target], (long long)j->dim[0], (long long)j->dim[1]);
}

/* One input from beginning to end. */
static int evaluate_one(cli_session *cs, const char *path, aus_json *json, aus_evaluation *out)
{
  cli_judge j;
  cli_answer a = { .value = NULL };
  aus_eval_config config;
  int code = cli_judge_config(cs, &config);
  if (code == CLI_DONE) code = cli_judge_open(cs, path, &j);
  else return code;
  if (code == CLI_DONE) code = cli_judge_ask(&j, cs->s->judged, &a);
  if (code == CLI_DONE) code = cli_judge_score(&j, &a, &config, out);
  if (code == CLI_DONE && cs->s->json) {
    aus_json_object(json, NULL);
    cli_json_judged(cs, &j, json);
    cli_json_answer(json, &a);
    cli_json_measures(json, out);
    json_curve(json, "deletion", &out->deletion);
    json_curve(json, "insertion", &out->insertion);
    aus_json_close(json);
  } else if (code == CLI_DONE) {
    cli_describe_judged(&j);
    printf("%s in %.2f s", a.method, a.seconds);
    if (a.calls > 0) printf(", %lld calls of the model", (long long)a.calls);
    printf("\n");
    print_measures(out);
  }
  cli_answer_free(&j, &a);
  cli_judge_close(&j);
  return code;
}

static int merge(cli_session *cs, int n, const aus_evaluation *each, aus_json *json)
{
  aus_evaluation *all = AUS_NEW(cs->ctx, aus_evaluation);
  const aus_status status = all ? aus_eval_merge(cs->ctx, n, each, (uint64_t)cs->s->seed, all) : AUS_ENOMEM;
  if (status == AUS_OK && cs->s->json) {
    aus_json_object(json, "mean");
    cli_json_measures(json, all);
    aus_json_close(json);
  } else if (status == AUS_OK) {
    printf("\nmean of %d inputs\n", n);
    print_measures(all);
  }
  aus_free(cs->ctx, all);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

static int evaluate_all(cli_session *cs, int n, char **operand, aus_json *json)
{
  aus_evaluation *each = aus_alloc_zero(cs->ctx, (size_t)n, sizeof *each);
  int code = each ? cli_judge_known(cs, cs->s->judged) : cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  if (cs->s->json) {
    cli_json_head(json, "auscult.evaluation/1");
    aus_json_array(json, "inputs");
  }
  for (int i = 0; i < n && code == CLI_DONE; i++) {
    if (i > 0 && !cs->s->json) printf("\n");
    code = evaluate_one(cs, operand[i], json, &each[i]);
  }
  if (cs->s->json) aus_json_close(json);
  if (code == CLI_DONE && n > 1) code = merge(cs, n, each, json);
  aus_free(cs->ctx, each);
  if (code != CLI_DONE || !cs->s->json) return code;
  cli_json_notes(cs, json);
  cli_json_run(cs, json);
  return cli_print_json(cs, json);
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  aus_json json;
  aus_json_init(&json, cs.ctx);
  code = evaluate_all(&cs, n, operand, &json);
  aus_json_free(&json);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_evaluate = {
  .name = "evaluate",
  .operands = "AUDIO|X.npy... -m MODEL.aus|--model-cmd CMD [OPTION...]",
  .summary = "is the explanation true? Measures of faithfulness, robustness and place",
  .about =
    "Explains the input by one method (or takes a saved explanation) and measures the explanation: does hiding what it\n"
    "points to bring the score down (deletion, insertion, aopc, flipping, faithfulness, infidelity)? Does it stay when the\n"
    "input moves a little (max_sensitivity)? Is it concentrated (sparseness, entropy, effective)? Does it add up\n"
    "(completeness)? Does it lie where events are (--events: pointing, mass, rank, time_auc)? Does it depend on the network\n"
    "(mprt) and on the target (other_target)? Without --metrics: all that apply. Several inputs: means with intervals over\n"
    "inputs. Formulas and pitfalls: docs/evaluate.md.",
  .examples = "# everything about one explanation\nauscult evaluate song.wav -m tagger.aus --method partitionshap\n"
              "# does it find labelled events?\nauscult evaluate song.wav -m tagger.aus --method occlusion --events labels.txt --metrics pointing,mass,time_auc\n"
              "# a network on an array\nauscult evaluate x.npy -m net.aus --method ig --metrics deletion,insertion,infidelity\n",
  .options = options, .min_operands = 1, .max_operands = 1000, .run = run
};
