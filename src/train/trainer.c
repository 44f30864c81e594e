/* trainer.c - one step of training: samples, forward, loss, the way back, the optimiser.
 *
 * A batch is one run, the threads work inside its layers. Parameters lie in a block of their own that the training run and the
 * one for validation both read; moments of batch norm move by momentum after each step as in torch. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* ---- parameters ----------------------------------------------------------------------------------------- */

static bool starts_with_any(const char *name, const aus_words *prefixes)
{
  for (int32_t i = 0; i < prefixes->n; i++)
    if (strncmp(name, prefixes->word[i], strlen(prefixes->word[i])) == 0) return true;
  return false;
}

/* The running moments of a batch norm are not learnt by descent. */
static bool is_moment(const aus_graph *g, int32_t value)
{
  for (int32_t i = 0; i < g->n_nodes; i++)
    if (g->node[i].op == AUS_OP_batch_norm && (g->index[g->node[i].in + 3] == value || g->index[g->node[i].in + 4] == value)) return true;
  return false;
}

/* The offset of a `log` layer is a constant that happens to be an operand. */
static bool is_offset(const char *name)
{
  const size_t n = strlen(name);
  return n > 7 && strcmp(name + n - 7, ".offset") == 0;
}

static int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

static void describe_params(aus_trainer *t)
{
  const aus_graph *g = &t->net.bundle->graph;
  for (int32_t v = 0; v < g->n_values; v++) {
    if (g->value[v].kind != AUS_VALUE_PARAM) continue;
    const aus_tensor_info *info = &t->net.bundle->tensor[g->value[v].tensor];
    bool known = false;
    for (int32_t i = 0; i < t->n_params; i++) known |= t->param[i].tensor == g->value[v].tensor;
    if (known) continue;
    t->param[t->n_params++] = (aus_param){ .name = info->name, .tensor = g->value[v].tensor, .rank = info->rank, .count = info->count,
                                           .trained = !is_moment(g, v) && !is_offset(info->name) && !starts_with_any(info->name, &t->r->freeze) };
  }
}

/* Values, states and best values side by side in one block. */
static aus_status place_params(aus_trainer *t)
{
  const int arrays = 2 + aus_optimiser_states(t->r->descent.kind);
  int64_t all = 0;
  for (int32_t i = 0; i < t->n_params; i++) all += padded(t->param[i].count) * arrays;
  t->numbers = aus_alloc_zero(t->ctx, (size_t)all, sizeof(float));
  t->by_tensor = aus_alloc_zero(t->ctx, (size_t)aus_bundle_tensors(t->net.bundle), sizeof *t->by_tensor);
  if (!t->numbers || !t->by_tensor) return AUS_ENOMEM;
  float *at = t->numbers;
  for (int32_t i = 0; i < t->n_params; i++) {
    aus_param *p = &t->param[i];
    float **array[] = { &p->value, &p->best, &p->first, &p->second };
    for (int k = 0; k < arrays; k++, at += padded(p->count)) *array[k] = at;
    memcpy(p->value, aus_bundle_tensor_f32(t->net.bundle, p->tensor), (size_t)p->count * sizeof(float));
    memcpy(p->best, p->value, (size_t)p->count * sizeof(float));
    t->by_tensor[p->tensor] = p->value;
  }
  return AUS_OK;
}

/* A fresh network takes what fits by name and shape from the file that the recipe starts from. */
static aus_status take_init(aus_trainer *t)
{
  aus_bundle *from;
  if (!t->r->init || !t->r->network.n) return AUS_OK;
  char *path = aus_recipe_path(t->r, t->r->init);
  if (!path) return AUS_ENOMEM;
  const aus_status status = aus_bundle_open(t->ctx, path, &from);
  aus_free(t->ctx, path);
  if (status != AUS_OK) return status;
  int32_t taken = 0;
  for (int32_t i = 0; i < t->n_params; i++) {
    const int32_t k = aus_bundle_find_tensor(from, t->param[i].name);
    if (k < 0 || from->tensor[k].rank != t->param[i].rank || memcmp(from->tensor[k].dim, t->net.bundle->tensor[t->param[i].tensor].dim, sizeof from->tensor[k].dim) != 0) continue;
    memcpy(t->param[i].value, aus_bundle_tensor_f32(from, k), (size_t)t->param[i].count * sizeof(float));
    taken++;
  }
  aus_bundle_close(from);
  aus_note(t->ctx, AUS_LOG_NOTE, "%d of %d parameters start from %s", (int)taken, (int)t->n_params, t->r->init);
  return taken ? AUS_OK : aus_recipe_fail(t->r, 0, "no parameter of %s fits this network by name and shape", t->r->init);
}

static aus_status make_params(aus_trainer *t)
{
  t->param = aus_alloc_zero(t->ctx, (size_t)t->net.bundle->graph.n_values, sizeof *t->param);
  if (!t->param) return AUS_ENOMEM;
  describe_params(t);
  AUS_TRY(place_params(t));
  return take_init(t);
}

/* ---- runs -------------------------------------------------------------------------------------------------- */

static aus_status make_runs(aus_trainer *t)
{
  const char *logits;
  const aus_dims dims = aus_frontend_dims(t->net.fe, t->batch, t->net.fe->patch);
  AUS_TRY(aus_template_logits(t->ctx, t->net.bundle, t->r->loss, &logits));
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, &dims, NULL, 0, AUS_RUN_KEEP | AUS_RUN_TRAINING, t->by_tensor, &t->run));
  AUS_TRY(aus_run_create_on(t->ctx, t->net.bundle, &dims, &logits, 1, 0, t->by_tensor, &t->eval));
  t->logits = aus_run_find(t->run, logits);
  t->eval_logits = aus_run_find(t->eval, logits);
  aus_dims out;
  aus_run_value(t->run, t->logits, &out);
  if (out.rank != 2 || out.dim[0] != t->batch || out.dim[1] != t->classes)
    return aus_recipe_fail(t->r, 0, "the network gives %lld scores a clip, the labels are %lld", (long long)(aus_shape_count(&out) / t->batch), (long long)t->classes);
  return aus_walk_create(t->ctx, t->run, &(aus_walk_config){ .from = logits, .params = true, .observe = aus_trainer_observe, .user = t }, &t->walk);
}

static aus_status make_loss(aus_trainer *t)
{
  const aus_reals *given[2] = { &t->r->class_weights, &t->r->positive_weights };
  static const char *const key[2] = { "class_weights", "positive_weights" };
  t->loss = (aus_loss_config){ .kind = (aus_loss_kind)t->r->loss, .smoothing = t->r->smoothing };
  t->weights = aus_alloc(t->ctx, 2 * (size_t)t->classes, sizeof(float));
  if (!t->weights) return AUS_ENOMEM;
  for (int w = 0; w < 2; w++) {
    if (given[w]->n == 0) continue;
    if (given[w]->n != t->classes) return aus_recipe_fail(t->r, 0, "%s: %d numbers for %d labels", key[w], (int)given[w]->n, (int)t->classes);
    float *to = t->weights + w * t->classes;
    for (int32_t k = 0; k < t->classes; k++) to[k] = (float)given[w]->value[k];
    *(w ? &t->loss.positive : &t->loss.weight) = to;
  }
  return AUS_OK;
}

/* ---- making and taking apart ----------------------------------------------------------------------------------- */

static aus_status labels_network(aus_trainer *t)
{
  AUS_TRY(aus_template_create(t->r, &t->data, t->seed, &t->net));
  t->classes = t->data.classes;
  t->data.fe = t->net.fe;
  return aus_data_load(&t->data);
}

static aus_status labels_ready(aus_trainer *t)
{
  t->target = aus_alloc(t->ctx, (size_t)t->batch, (size_t)t->classes * sizeof(float));
  t->work = aus_alloc(t->ctx, 2 * (size_t)t->classes, sizeof(double));
  if (!t->target || !t->work) return AUS_ENOMEM;
  AUS_TRY(make_loss(t));
  return make_runs(t);
}

static aus_status build(aus_trainer *t)
{
  AUS_TRY(aus_data_open(t->r, &t->data));
  AUS_TRY(t->task->network(t));
  if (t->data.fe) AUS_TRY(aus_sampler_create(&t->data, &t->sampler)); /* stems have no front end of one sound */
  t->epoch_items = aus_data_epoch_items(&t->data);
  t->batch = t->r->batch;
  if (t->epoch_items < t->batch) return aus_recipe_fail(t->r, 0, "%lld clips to train on do not fill a batch of %lld", (long long)t->epoch_items, (long long)t->batch);
  t->epoch_steps = t->epoch_items / t->batch;
  t->floats = t->sampler.floats;
  t->order = aus_alloc(t->ctx, (size_t)t->epoch_items, sizeof *t->order);
  if (!t->order) return AUS_ENOMEM;
  AUS_TRY(make_params(t));
  AUS_TRY(t->task->ready(t));
  for (int32_t i = 0; i < t->n_params; i++) t->param[i].diff = aus_walk_param_diff(t->walk, t->param[i].tensor);
  return AUS_OK;
}

aus_status aus_trainer_create(const aus_recipe *r, const aus_train_config *config, const aus_task *task, aus_trainer *t)
{
  *t = (aus_trainer){ .ctx = r->ctx, .r = r, .config = config, .task = task, .ordered = -1, .seed = (uint64_t)(config->seed < 0 ? r->seed : config->seed),
                      .epochs = config->epochs > 0 ? config->epochs : r->epochs, .rate = r->rate };
  t->rate.epochs = t->epochs;
  aus_schedule_start(&t->state.schedule);
  t->state.best_loss = t->state.best_score = NAN;
  const aus_status status = build(t);
  if (status != AUS_OK) aus_trainer_free(t);
  return status;
}

void aus_trainer_free(aus_trainer *t)
{
  if (!t->ctx) return;
  if (t->task->close) t->task->close(t);
  aus_walk_destroy(t->walk);
  aus_run_destroy(t->run);
  aus_run_destroy(t->eval);
  aus_sampler_free(&t->sampler);
  aus_data_free(&t->data);
  aus_template_free(&t->net);
  aus_free(t->ctx, t->state.log);
  aus_free(t->ctx, t->param);
  aus_free(t->ctx, t->by_tensor);
  aus_free(t->ctx, t->numbers);
  aus_free(t->ctx, t->weights);
  aus_free(t->ctx, t->target);
  aus_free(t->ctx, t->work);
  aus_free(t->ctx, t->order);
  *t = (aus_trainer){ 0 };
}

/* ---- a step -------------------------------------------------------------------------------------------------------- */

static aus_status fill_batch(aus_trainer *t)
{
  const aus_train_state *s = &t->state;
  float *x = aus_run_input(t->run, 0);
  for (int64_t i = 0; i < t->batch; i++) {
    const int64_t at = s->step * t->batch + i;
    AUS_TRY(aus_sample(&t->sampler, t->order[at], t->seed, s->epoch, at, x + i * t->floats));
    memcpy(t->target + i * t->classes, t->data.clip[t->order[at]].target, (size_t)t->classes * sizeof(float));
  }
  aus_mixup(&t->data, t->seed, s->steps, t->batch, t->floats, x, t->target);
  return AUS_OK;
}

static int64_t largest(int64_t n, const float *x)
{
  int64_t at = 0;
  for (int64_t i = 1; i < n; i++)
    if (x[i] > x[at]) at = i;
  return at;
}

static int64_t count_correct(const aus_trainer *t, const float *x)
{
  int64_t n = 0;
  for (int64_t i = 0; i < t->batch; i++) n += largest(t->classes, x + i * t->classes) == largest(t->classes, t->target + i * t->classes);
  return n;
}

static void move_moments(aus_trainer *t)
{
  aus_moments m;
  const float k = (float)t->r->norm_momentum;
  for (int32_t i = 0; aus_run_moments(t->run, i, &m); i++) {
    const int32_t tensor[2] = { m.mean_tensor, m.variance_tensor };
    const float *batch[2] = { m.mean, m.variance };
    for (int w = 0; w < 2; w++)
      for (int64_t c = 0; tensor[w] >= 0 && c < m.channels; c++) {
        float *running = &t->by_tensor[tensor[w]][c];
        *running = (1 - k) * *running + k * batch[w][c];
      }
  }
}

static double labels_loss(aus_trainer *t)
{
  const float *x = aus_run_value(t->run, t->logits, NULL);
  t->state.correct += (double)count_correct(t, x);
  return aus_loss(&t->loss, t->batch, t->classes, x, t->target, aus_walk_seed(t->walk, 0, NULL), t->work);
}

static const char *labels_score(const aus_trainer *t) { return aus_score_name(t->r->loss); }

const aus_task aus_task_labels = { .network = labels_network, .ready = labels_ready, .batch = fill_batch, .loss = labels_loss,
                                   .evaluate = aus_trainer_evaluate, .export = aus_trainer_export, .score_name = labels_score };

aus_status aus_trainer_step(aus_trainer *t)
{
  aus_train_state *s = &t->state;
  if (t->ordered != s->epoch) AUS_TRY(aus_data_order(&t->data, t->seed, s->epoch, t->order));
  t->ordered = s->epoch;
  AUS_TRY(t->task->batch(t));
  aus_run_reseed(t->run, t->seed, (uint64_t)s->steps);
  AUS_TRY(aus_run_forward(t->run));
  const double loss = t->task->loss(t);
  if (!isfinite(loss)) return aus_trainer_blame(t, true);
  AUS_TRY(aus_walk_run(t->walk));
  const double norm = aus_grad_norm(t->ctx, t->n_params, t->param);
  if (!isfinite(norm)) return aus_trainer_blame(t, false);
  const double rate = aus_schedule_rate(&t->rate, &s->schedule, s->epoch, s->steps);
  aus_optimiser_step(t->ctx, &t->r->descent, rate, s->steps + 1, norm, t->n_params, t->param);
  move_moments(t);
  s->loss += loss;
  s->step++;
  s->steps++;
  return AUS_OK;
}
