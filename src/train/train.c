/* train.c - epochs: steps, validation, the log, checkpoints, stopping, and the best model at the end. */
#include "train/stems.h"

#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct session {
  aus_trainer t;
  char *checkpoint, *log, *model;    /* paths */
  double began, epoch_began, saved;  /* times */
  int64_t began_steps, epoch_began_step;
} session;

/* ---- files ------------------------------------------------------------------------------------------------ */

static aus_status write_file(aus_ctx *ctx, const char *path, const void *data, size_t size)
{
  aus_outfile *f;
  AUS_TRY(aus_outfile_open(ctx, path, 1, &f));
  const aus_status status = aus_outfile_write(f, data, size);
  if (status != AUS_OK) { aus_outfile_abort(f); return status; }
  return aus_outfile_commit(f);
}

/* The checkpoint first: the log is what it remembers. */
static aus_status save(session *s)
{
  AUS_TRY(aus_checkpoint_write(&s->t, s->checkpoint));
  s->saved = aus_now();
  return write_file(s->t.ctx, s->log, s->t.state.log ? s->t.state.log : "", s->t.state.log_size);
}

static aus_status append_log(aus_trainer *t, aus_json *j)
{
  AUS_TRY(aus_json_finish(j));
  char *longer = aus_strf(t->ctx, "%s%s", t->state.log ? t->state.log : "", j->text);
  if (!longer) return AUS_ENOMEM;
  aus_free(t->ctx, t->state.log);
  t->state.log = longer;
  t->state.log_size = strlen(longer);
  return AUS_OK;
}

static aus_status log_start(aus_trainer *t)
{
  aus_json j;
  int64_t numbers = 0;
  for (int32_t i = 0; i < t->n_params; i++) numbers += t->param[i].trained ? t->param[i].count : 0;
  aus_json_init(&j, t->ctx);
  aus_json_flat_object(&j, NULL);
  aus_json_string(&j, "schema", "auscult.train/1");
  aus_json_string(&j, "name", t->r->title);
  aus_json_string(&j, "version", aus_version());
  aus_json_string(&j, "isa", aus_ctx_isa(t->ctx));
  aus_json_string(&j, "recipe_sha256", t->r->sha256);
  aus_json_string(&j, "data_sha256", t->data.sha256);
  aus_json_integer(&j, "seed", (int64_t)t->seed);
  aus_json_integer(&j, "train_clips", t->epoch_items);
  aus_json_integer(&j, "valid_clips", t->data.valid.n);
  aus_json_integer(&j, "test_clips", t->data.test.n);
  aus_json_integer(&j, "parameters", numbers);
  aus_json_string(&j, "score", t->task->score_name(t));
  aus_json_close(&j);
  const aus_status status = append_log(t, &j);
  aus_json_free(&j);
  return status;
}

static aus_status log_epoch(aus_trainer *t, const aus_train_epoch *e)
{
  aus_json j;
  aus_json_init(&j, t->ctx);
  aus_json_flat_object(&j, NULL);
  aus_json_integer(&j, "epoch", e->epoch);
  aus_json_real(&j, "rate", e->rate);
  aus_json_real(&j, "train_loss", e->train_loss);
  aus_json_real(&j, "train_score", e->train_score);
  aus_json_real(&j, "valid_loss", e->valid_loss);
  aus_json_real(&j, "valid_score", e->valid_score);
  aus_json_bool(&j, "best", e->best);
  aus_json_real(&j, "seconds", round(e->seconds * 1e3) / 1e3);
  aus_json_real(&j, "items_per_second", round(e->items_per_second * 10) / 10);
  aus_json_close(&j);
  const aus_status status = append_log(t, &j);
  aus_json_free(&j);
  return status;
}

/* ---- an epoch --------------------------------------------------------------------------------------------------- */

static void report_step(const session *s)
{
  const aus_trainer *t = &s->t;
  if (!t->config->on_step) return;
  const double past = aus_now() - s->began;
  const int64_t done = t->state.steps - s->began_steps, left = t->epochs * t->epoch_steps - t->state.steps;
  const aus_train_progress p = { .epoch = t->state.epoch + 1, .epochs = t->epochs, .items = t->state.step * t->batch, .epoch_items = t->epoch_steps * t->batch,
                                 .loss = t->state.loss / (double)t->state.step, .items_per_second = past > 0 ? (double)(done * t->batch) / past : 0,
                                 .seconds_left = past > 0.5 ? past / (double)done * (double)left : -1 };
  t->config->on_step(t->config->user, &p);
}

static aus_status steps_of_epoch(session *s)
{
  aus_trainer *t = &s->t;
  while (t->state.step < t->epoch_steps) {
    AUS_TRY(aus_trainer_step(t));
    report_step(s);
    if (t->config->stop && t->config->stop(t->config->user)) {
      AUS_TRY(save(s));
      return aus_fail(t->ctx, AUS_ECANCELED, "stopped in epoch %lld, after %lld of %lld steps: --resume goes on", (long long)t->state.epoch + 1,
                      (long long)t->state.step, (long long)t->epoch_steps);
    }
    if (t->r->checkpoint_minutes > 0 && aus_now() - s->saved > 60 * t->r->checkpoint_minutes) AUS_TRY(save(s));
  }
  return AUS_OK;
}

static aus_status explain(aus_trainer *t)
{
  const aus_train_config *c = t->config;
  if (!c->explain || c->explain_every <= 0 || t->state.epoch % c->explain_every != 0) return AUS_OK;
  const int32_t n = t->data.valid.n < t->r->explain ? t->data.valid.n : (int32_t)t->r->explain;
  aus_train_clip *clips = aus_alloc_zero(t->ctx, (size_t)n, sizeof *clips);
  void *bytes = NULL;
  size_t size;
  aus_status status = clips ? t->task->export(t, NULL, &bytes, &size) : AUS_ENOMEM;
  for (int32_t i = 0; status == AUS_OK && i < n; i++) { /* spread over the validation clips, the same ones each time */
    const aus_clip *from = &t->data.clip[t->data.valid.item[(int64_t)i * t->data.valid.n / n]];
    clips[i] = (aus_train_clip){ from->path, from->name, from->start, from->duration, 0 };
    for (int32_t k = 1; k < t->classes; k++)
      if (from->target[k] > from->target[clips[i].target]) clips[i].target = k;
  }
  if (status == AUS_OK) status = c->explain(c->user, t->state.epoch, bytes, size, n, clips);
  aus_free(t->ctx, bytes);
  aus_free(t->ctx, clips);
  return status;
}

static void keep_best(aus_trainer *t, const aus_train_epoch *e)
{
  t->state.best_loss = e->valid_loss;
  t->state.best_score = e->valid_score;
  t->state.best_train_loss = e->train_loss;
  for (int32_t i = 0; i < t->n_params; i++) memcpy(t->param[i].best, t->param[i].value, (size_t)t->param[i].count * sizeof(float));
}

static aus_status one_epoch(session *s)
{
  aus_trainer *t = &s->t;
  aus_train_state *at = &t->state;
  aus_train_epoch e = { .epoch = at->epoch + 1, .rate = aus_schedule_rate(&t->rate, &at->schedule, at->epoch, at->steps) };
  s->epoch_began = aus_now();
  s->epoch_began_step = at->step;
  AUS_TRY(steps_of_epoch(s));
  const double trained = aus_now() - s->epoch_began;
  e.train_loss = at->loss / (double)at->step;
  e.train_score = at->correct / (double)(at->step * t->batch);
  if (t->r->separator.line || t->r->loss == AUS_LOSS_MSE || t->r->loss == AUS_LOSS_L1 || t->r->loss == AUS_LOSS_BCE) e.train_score = NAN; /* has no sum over batches */
  e.items_per_second = (double)((at->step - s->epoch_began_step) * t->batch) / trained;
  AUS_TRY(t->task->evaluate(t, &t->data.valid, &e.valid_loss, &e.valid_score));
  e.best = aus_schedule_observe(&t->rate, &at->schedule, at->epoch, t->r->monitor_score ? -e.valid_score : e.valid_loss);
  if (e.best) keep_best(t, &e);
  e.seconds = aus_now() - s->epoch_began;
  at->epoch++;
  at->step = 0;
  at->loss = at->correct = 0;
  AUS_TRY(log_epoch(t, &e));
  AUS_TRY(save(s));
  if (t->config->on_epoch) t->config->on_epoch(t->config->user, &e);
  return explain(t);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static aus_status make_paths(session *s, aus_ctx *ctx, const char *out)
{
  s->checkpoint = aus_strf(ctx, "%s/checkpoint.aus", out);
  s->log = aus_strf(ctx, "%s/log.jsonl", out);
  s->model = aus_strf(ctx, "%s/model.aus", out);
  return s->checkpoint && s->log && s->model ? AUS_OK : AUS_ENOMEM;
}

static aus_status begin(session *s)
{
  aus_trainer *t = &s->t;
  const bool there = access(s->checkpoint, F_OK) == 0;
  if (t->config->resume && there) return aus_checkpoint_read(t, s->checkpoint);
  if (t->config->resume) aus_note(t->ctx, AUS_LOG_NOTE, "no checkpoint in %s yet: starting anew", t->config->out);
  return log_start(t);
}

static aus_status finish(session *s, aus_train_result *result)
{
  aus_trainer *t = &s->t;
  void *bytes;
  size_t size;
  *result = (aus_train_result){ .epochs = t->state.epoch, .best_epoch = t->state.schedule.best_epoch + 1, .valid_loss = t->state.best_loss, .valid_score = t->state.best_score };
  snprintf(result->score_name, sizeof result->score_name, "%s", t->task->score_name(t));
  if (result->best_epoch > 0)
    for (int32_t i = 0; i < t->n_params; i++) memcpy(t->param[i].value, t->param[i].best, (size_t)t->param[i].count * sizeof(float));
  AUS_TRY(t->task->evaluate(t, &t->data.test, &result->test_loss, &result->test_score));
  AUS_TRY(t->task->export(t, result, &bytes, &size));
  const aus_status status = write_file(t->ctx, s->model, bytes, size);
  aus_free(t->ctx, bytes);
  return status;
}

static aus_status train(session *s, aus_train_result *result)
{
  aus_trainer *t = &s->t;
  AUS_TRY(begin(s));
  s->began = s->saved = aus_now();
  s->began_steps = t->state.steps;
  while (t->state.epoch < t->epochs && !aus_schedule_stops(&t->rate, &t->state.schedule)) AUS_TRY(one_epoch(s));
  return finish(s, result);
}

static aus_status run(session *s, aus_ctx *ctx, const aus_train_config *c, const aus_recipe *r, const aus_task *task, aus_train_result *result)
{
  AUS_TRY(make_paths(s, ctx, c->out));
  if (!c->resume && !c->replace && access(s->checkpoint, F_OK) == 0)
    return aus_fail(ctx, AUS_EEXIST, "%s exists already (--resume goes on with it, --force starts anew)", s->checkpoint);
  AUS_TRY(aus_trainer_create(r, c, task, &s->t));
  return train(s, result);
}

aus_status aus_train_task(const aus_recipe *r, const aus_train_config *config, const aus_task *task, aus_train_result *result)
{
  session s = { 0 };
  aus_ctx *ctx = r->ctx;
  *result = (aus_train_result){ .valid_loss = NAN, .valid_score = NAN, .test_loss = NAN, .test_score = NAN };
  const aus_status status = run(&s, ctx, config, r, task, result);
  aus_trainer_free(&s.t);
  aus_free(ctx, s.checkpoint);
  aus_free(ctx, s.log);
  aus_free(ctx, s.model);
  return status;
}

aus_status aus_train(aus_ctx *ctx, const aus_train_config *config, aus_train_result *result)
{
  aus_recipe *r;
  AUS_TRY(aus_recipe_read(ctx, config->recipe, &r));
  const aus_status status = r->interpreter.line ? aus_recipe_fail(r, r->interpreter.line, "an interpreter is trained by `auscult l2i train`") :
                            r->separator.line && config->explain_every > 0 ? aus_recipe_fail(r, r->separator.line, "what a separator does can be heard, not explained on the way: leave out --explain-every") :
                                                  aus_train_task(r, config, r->separator.line ? &aus_task_stems : &aus_task_labels, result);
  aus_recipe_free(r);
  return status;
}
