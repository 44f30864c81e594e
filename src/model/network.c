/* network.c - the network maker: a graph from an .aus file behind its front end.
 *
 * Work is a list of patches. Features of a batch of patches are computed one after another (their loops over
 * frames use the threads); then each thread runs whole networks, one patch at a time, each in a run of
 * its own. Patches that do not divide evenly among the threads are run one by one with the threads
 * inside the layers. A patch is always run alone, so its scores have the same bits in any company.
 * Memory: a batch of features, one run per thread; nothing grows with the length of the sound. */
#include "model/network.h"
#include "model/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SLOTS = 64, LEAST_SLOTS = 4, SLOT_BYTES = 1 << 24 };

/* ---- runs -------------------------------------------------------------------------------------------- */

static void drop_runs(aus_network *net)
{
  for (int32_t i = 0; i < net->n_runs; i++) aus_run_destroy(net->run[i]);
  net->n_runs = 0;
}

static int64_t count_of(const aus_dims *d)
{
  int64_t n = 1;
  for (int32_t i = 0; i < d->rank; i++) n *= d->dim[i];
  return n;
}

/* At least `count` runs planned for patches of this length. */
static aus_status need_runs(aus_network *net, int32_t count, int64_t length)
{
  const aus_dims dims = aus_frontend_dims(net->fe, 1, length);
  if (net->run_length != length) drop_runs(net);
  net->run_length = length;
  for (; net->n_runs < count; net->n_runs++) {
    AUS_TRY(aus_run_create(net->ctx, net->bundle, &dims, NULL, 0, &net->run[net->n_runs]));
    aus_dims out;
    aus_run_output(net->run[net->n_runs], 0, &out);
    if (net->targets == 0 && count_of(&out) <= INT32_MAX) net->targets = (int32_t)count_of(&out);
    if (count_of(&out) == net->targets) continue;
    aus_run_destroy(net->run[net->n_runs]);
    return aus_fail(net->ctx, AUS_ENOTSUP, "the network gives %lld numbers for a patch, its labels are %d", (long long)count_of(&out), net->targets);
  }
  return AUS_OK;
}

/* ---- a batch of patches -------------------------------------------------------------------------------- */

typedef struct batch {
  aus_network *net;
  int64_t floats, slots, used;
  float *features, *scratch; /* [slots][floats], [floats] */
  float *scores;             /* [slots][targets] */
  aus_status *status;        /* [slots] */
} batch;

static void batch_free(batch *b)
{
  aus_ctx *ctx = b->net->ctx;
  aus_free(ctx, b->features);
  aus_free(ctx, b->scratch);
  aus_free(ctx, b->scores);
  aus_free(ctx, b->status);
}

/* work: how many patches there will be. batch_free also after a failure. */
static aus_status batch_create(aus_network *net, int64_t length, int64_t work, batch *b)
{
  *b = (batch){ .net = net, .floats = aus_frontend_floats(net->fe, length) };
  b->slots = SLOT_BYTES / (int64_t)sizeof(float) / b->floats;
  b->slots = b->slots < LEAST_SLOTS ? LEAST_SLOTS : b->slots > MOST_SLOTS ? MOST_SLOTS : b->slots;
  if (b->slots > work) b->slots = work;
  AUS_TRY(need_runs(net, b->slots < net->ctx->threads ? 1 : net->ctx->threads, length)); /* any worker may take a patch: a run for each, or none to share */
  b->features = aus_alloc(net->ctx, (size_t)b->slots, (size_t)b->floats * sizeof(float));
  b->scratch = aus_alloc(net->ctx, (size_t)b->floats, sizeof(float));
  b->scores = aus_alloc(net->ctx, (size_t)b->slots, (size_t)net->targets * sizeof(float));
  b->status = aus_alloc(net->ctx, (size_t)b->slots, sizeof *b->status);
  return b->features && b->scratch && b->scores && b->status ? AUS_OK : AUS_ENOMEM;
}

static void run_slot(batch *b, int64_t slot, aus_run *run)
{
  memcpy(aus_run_input(run, 0), b->features + slot * b->floats, (size_t)b->floats * sizeof(float));
  b->status[slot] = aus_run_forward(run);
  if (b->status[slot] == AUS_OK)
    memcpy(b->scores + slot * b->net->targets, aus_run_output(run, 0, NULL), (size_t)b->net->targets * sizeof(float));
}

static void run_slots(void *arg, int64_t begin, int64_t end, int worker)
{
  batch *b = arg;
  for (int64_t s = begin; s < end; s++) run_slot(b, s, b->net->run[worker]);
}

static aus_status batch_run(batch *b)
{
  const int64_t outer = b->used - b->used % b->net->n_runs;
  if (b->net->n_runs > 1) aus_parallel_for(b->net->ctx, outer, 1, run_slots, b);
  for (int64_t s = b->net->n_runs > 1 ? outer : 0; s < b->used; s++) run_slot(b, s, b->net->run[0]);
  for (int64_t s = 0; s < b->used; s++)
    if (b->status[s] != AUS_OK) return b->status[s];
  return AUS_OK;
}

/* ---- predict ------------------------------------------------------------------------------------------------ */

/* Sums of patch scores in the order of the patches; [targets] doubles. */
static void add_scores(int32_t targets, const float *scores, double *sum)
{
  for (int32_t k = 0; k < targets; k++) sum[k] += scores[k];
}

static void mean_scores(int32_t targets, int64_t count, const double *sum, float *scores)
{
  for (int32_t k = 0; k < targets; k++) scores[k] = (float)(sum[k] / (double)count);
}

static aus_status predict_one(aus_network *net, batch *b, const aus_patches *p, const float *x, double *sum, float *scores)
{
  float floor;
  AUS_TRY(aus_frontend_floor(net->fe, p->samples, x, &floor));
  memset(sum, 0, (size_t)net->targets * sizeof *sum);
  for (int64_t j = 0; j < p->count; j += b->used) {
    b->used = p->count - j < b->slots ? p->count - j : b->slots;
    for (int64_t s = 0; s < b->used; s++)
      AUS_TRY(aus_frontend_patch(net->fe, p->samples, x, aus_patch_start(net->fe, p, j + s), p->length, floor, b->scratch,
                                 b->features + s * b->floats));
    AUS_TRY(batch_run(b));
    for (int64_t s = 0; s < b->used; s++) add_scores(net->targets, b->scores + s * net->targets, sum);
    if (p->count > b->slots) AUS_TRY(aus_progress(net->ctx, "predicting", j + b->used, p->count));
  }
  mean_scores(net->targets, p->count, sum, scores);
  return AUS_OK;
}

static aus_status network_predict(aus_model *m, int64_t n, int64_t samples, const float *x, float *scores)
{
  aus_network *net = m->state;
  const aus_patches p = aus_frontend_patches(net->fe, samples);
  batch b;
  double *sum = aus_alloc(m->ctx, (size_t)net->targets, sizeof *sum);
  aus_status status = batch_create(net, p.length, p.count, &b);
  if (!sum) status = AUS_ENOMEM;
  for (int64_t i = 0; status == AUS_OK && i < n; i++)
    status = predict_one(net, &b, &p, x + i * samples * net->fe->channels, sum, scores + i * net->targets);
  aus_free(m->ctx, sum);
  batch_free(&b);
  return status;
}

/* ---- predict_mixes ---------------------------------------------------------------------------------------------- */

/* Patches are taken in groups, small ones so that few rows still fill a batch. In each patch, rows that sound alike
 * there (equal in the parts that sound, and in the floor) are one: segments of time that lie in other patches do not count. */
typedef struct mixing {
  aus_network *net;
  const aus_mixes *mixes;
  const uint8_t *z;
  int64_t n;
  aus_window_of_mixes window;
  batch batch;
  float *floors;              /* [n] */
  uint8_t *keys;              /* [n][parts + 1 + 4] */
  int64_t group;              /* patches in a group */
  int64_t *which, *first;     /* [group][n], [n] */
  int64_t *count;             /* [group] distinct rows */
  float *distinct;            /* [group n][targets] */
  int64_t done;               /* distinct rows of this group with scores in `distinct` */
  double *sum;                /* [n][targets] */
} mixing;

static void mixing_free(mixing *x)
{
  aus_ctx *ctx = x->net->ctx;
  aus_window_free(&x->window);
  batch_free(&x->batch);
  aus_free(ctx, x->floors);
  aus_free(ctx, x->keys);
  aus_free(ctx, x->which);
  aus_free(ctx, x->first);
  aus_free(ctx, x->count);
  aus_free(ctx, x->distinct);
  aus_free(ctx, x->sum);
}

static aus_status mixing_create(mixing *x, const aus_patches *p)
{
  aus_ctx *ctx = x->net->ctx;
  const size_t n = (size_t)x->n, targets = (size_t)x->net->targets;
  x->window.fe = x->net->fe;
  x->batch.net = x->net;
  x->group = x->n < MOST_SLOTS ? MOST_SLOTS / x->n : 1;
  if (x->group > p->count) x->group = p->count;
  const size_t group = (size_t)x->group;
  AUS_TRY(batch_create(x->net, p->length, x->n * x->group, &x->batch));
  AUS_TRY(aus_window_create(x->net->fe, x->mixes, &x->window));
  x->floors = aus_alloc(ctx, n, sizeof *x->floors);
  x->keys = aus_alloc(ctx, n, (size_t)x->mixes->n_parts + 1 + sizeof(float));
  x->which = aus_alloc(ctx, n, group * sizeof *x->which);
  x->first = aus_alloc(ctx, n, sizeof *x->first);
  x->count = aus_alloc(ctx, group, sizeof *x->count);
  x->distinct = aus_alloc(ctx, n * group, targets * sizeof *x->distinct);
  x->sum = aus_alloc_zero(ctx, n, targets * sizeof *x->sum);
  return x->floors && x->keys && x->which && x->first && x->count && x->distinct && x->sum ? AUS_OK : AUS_ENOMEM;
}

/* Rows that sound alike in the window. */
static aus_status find_distinct(mixing *x, int64_t g)
{
  const aus_window_of_mixes *w = &x->window;
  const int64_t width = w->n_active + 1 + (int64_t)sizeof(float);
  for (int64_t i = 0; i < x->n; i++) {
    const uint8_t *row = x->z + i * x->mixes->n_parts;
    uint8_t *key = x->keys + i * width;
    for (int32_t a = 0; a < w->n_active; a++) key[a] = row[w->active[a]];
    key[w->n_active] = aus_row_all_on(x->mixes->n_parts, row);
    memcpy(key + w->n_active + 1, x->floors + i, sizeof(float));
  }
  return aus_rows_distinct(x->net->ctx, x->n, width, x->keys, x->which + g * x->n, x->first, x->count + g);
}

static aus_status flush(mixing *x)
{
  const size_t targets = (size_t)x->net->targets;
  batch *b = &x->batch;
  AUS_TRY(batch_run(b));
  memcpy(x->distinct + (size_t)x->done * targets, b->scores, (size_t)b->used * targets * sizeof(float));
  x->done += b->used;
  b->used = 0;
  return AUS_OK;
}

static aus_status score_patch(mixing *x, const aus_patches *p, int64_t j, int64_t g)
{
  batch *b = &x->batch;
  AUS_TRY(aus_window_set(&x->window, aus_patch_start(x->net->fe, p, j), p->length));
  AUS_TRY(find_distinct(x, g));
  for (int64_t u = 0; u < x->count[g]; u++) {
    const int64_t i = x->first[u];
    AUS_TRY(aus_window_patch(&x->window, x->z + i * x->mixes->n_parts, x->floors[i], b->scratch, b->features + b->used * b->floats));
    if (++b->used < b->slots) continue;
    AUS_TRY(flush(x));
    AUS_TRY(aus_progress(x->net->ctx, "predicting", j * x->n + u + 1, p->count * x->n));
  }
  return AUS_OK;
}

static aus_status score_mixes(mixing *x, const aus_patches *p)
{
  const int32_t targets = x->net->targets;
  AUS_TRY(aus_window_floors(&x->window, x->n, x->z, x->floors));
  for (int64_t j = 0; j < p->count; j += x->group) {
    const int64_t group = p->count - j < x->group ? p->count - j : x->group;
    x->done = 0;
    for (int64_t g = 0; g < group; g++) AUS_TRY(score_patch(x, p, j + g, g));
    if (x->batch.used) AUS_TRY(flush(x));
    const float *scores = x->distinct;
    for (int64_t g = 0; g < group; scores += x->count[g++] * targets)
      for (int64_t i = 0; i < x->n; i++) add_scores(targets, scores + x->which[g * x->n + i] * targets, x->sum + i * targets);
    AUS_TRY(aus_progress(x->net->ctx, "predicting", (j + group) * x->n, p->count * x->n));
  }
  return AUS_OK;
}

static aus_status network_predict_mixes(aus_model *m, const aus_mixes *mixes, int64_t n, const uint8_t *z, float *scores)
{
  aus_network *net = m->state;
  const aus_patches p = aus_frontend_patches(net->fe, mixes->samples);
  mixing x = { .net = net, .mixes = mixes, .z = z, .n = n };
  aus_status status = mixing_create(&x, &p);
  if (status == AUS_OK) status = score_mixes(&x, &p);
  for (int64_t i = 0; status == AUS_OK && i < n; i++) mean_scores(net->targets, p.count, x.sum + i * net->targets, scores + i * net->targets);
  mixing_free(&x);
  return status;
}

/* ---- the spectrogram ------------------------------------------------------------------------------------------------ */

static aus_status network_spectrogram(aus_model *m, int64_t samples, const float *x, aus_spectrogram *out)
{
  aus_network *net = m->state;
  const aus_frontend *fe = net->fe;
  if (fe->waveform) return aus_fail(m->ctx, AUS_ENOTSUP, "the network %s takes the waveform: it has no spectrogram", m->info.name);
  const int64_t frames = aus_stft_frames(fe->stft, samples);
  const size_t bands = (size_t)fe->bands;
  if (frames < 1) return aus_fail(m->ctx, AUS_EINVAL, "%lld samples are too few for one frame of %d", (long long)samples, fe->n_fft);
  float *y = aus_alloc(m->ctx, (size_t)frames, bands * sizeof *y);
  out->image = aus_alloc(m->ctx, (size_t)frames, bands * sizeof *y);
  out->hz = aus_alloc(m->ctx, bands, sizeof *y);
  aus_log_config log = fe->log;
  log.top_db = fe->top_db;
  aus_status status = y && out->image && out->hz ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) status = aus_stft_bands(fe->stft, samples, x, 0, frames, fe->power, fe->bank, &log, y);
  if (status == AUS_OK) {
    aus_frontend_finish(fe, frames, frames, -INFINITY, y, out->image);
    memcpy(out->hz, fe->hz, bands * sizeof *y);
    out->frames = frames;
    out->bands = fe->bands;
    out->hop_seconds = (double)fe->hop / fe->rate;
    aus_frontend_unit(fe, out->unit);
  } else {
    aus_model_spectrogram_free(m, out);
  }
  aus_free(m->ctx, y);
  return status;
}

/* ---- opening and closing -------------------------------------------------------------------------------------------- */

static void free_network(aus_network *net)
{
  if (!net) return;
  if (net->run) drop_runs(net);
  aus_free(net->ctx, net->run);
  aus_frontend_destroy(net->fe);
  aus_bundle_close(net->bundle);
  aus_free(net->ctx, net);
}

static void network_close(aus_model *m) { free_network(m->state); }

aus_status aus_model_inside(aus_model *m, aus_inside *out)
{
  if (m->ops.close != network_close)
    return aus_fail(m->ctx, AUS_ENOTSUP, "%s is a black box: gradients need a network (-m MODEL.aus); audiolime, slime, superpixel, time, occlusion, rise and partitionshap explain any model", m->info.name);
  const aus_network *net = m->state;
  *out = (aus_inside){ net->bundle, net->fe, net->targets };
  return AUS_OK;
}

static aus_status score_kind(aus_ctx *ctx, const char *name, aus_score_kind *out)
{
  static const char *const kinds[] = { "sigmoid", "softmax", "real" };
  for (int i = 0; i < 3; i++)
    if (strcmp(kinds[i], name) == 0) { *out = (aus_score_kind)i; return AUS_OK; }
  return aus_fail(ctx, AUS_ENOTSUP, "the model's score is '%s', which this version does not know", name);
}

/* Strings of a list of the metadata; numbers where there is none. [n], one block. */
static const char **strings_of(aus_ctx *ctx, const aus_bundle *b, const char *key, int32_t n)
{
  const char **list = aus_alloc(ctx, (size_t)n, sizeof *list + 12);
  char *digits = (char *)(list + n);
  for (int32_t i = 0; list && i < n; i++) {
    snprintf(digits + 12 * (size_t)i, 12, "%d", i);
    list[i] = i < aus_meta_count(b, key) ? aus_meta_string_at(b, key, i) : digits + 12 * (size_t)i;
  }
  return list;
}

static aus_status make_model(aus_network *net, aus_model **out)
{
  static const aus_model_ops ops = { .kind = "network", .predict = network_predict, .predict_mixes = network_predict_mixes,
                                     .spectrogram = network_spectrogram, .close = network_close };
  const aus_bundle *b = net->bundle;
  char line[128];
  aus_model_info info = { .name = aus_meta_string(b, "name", "network"), .sample_rate = net->fe->rate, .channels = net->fe->channels,
                          .n_targets = net->targets, .patch_samples = net->fe->least_samples,
                          .short_input = net->fe->repeat ? "repeat" : "zero", .front_end = line,
                          .licence = aus_meta_string(b, "licence", ""), .source = aus_meta_string(b, "source", ""),
                          .sha256 = aus_bundle_sha256(b) };
  AUS_TRY(score_kind(net->ctx, aus_meta_string(b, "score", "real"), &info.score_kind));
  aus_frontend_describe(net->fe, line, sizeof line);
  const char **labels = strings_of(net->ctx, b, "labels", net->targets);
  const char **stems = labels ? strings_of(net->ctx, b, "frontend.stems", net->fe->channels) : NULL;
  info.targets = labels;
  info.channel_names = net->fe->channels > 1 ? stems : NULL;
  const aus_status status = labels && stems ? aus_model_create(net->ctx, &info, &ops, net, out) : AUS_ENOMEM;
  aus_free(net->ctx, stems);
  aus_free(net->ctx, labels);
  return status;
}

/* Takes the bundle, also when it fails. */
static aus_status open_bundle(aus_ctx *ctx, aus_bundle *bundle, aus_model **out)
{
  aus_network *net = AUS_NEW(ctx, aus_network);
  if (!net) { aus_bundle_close(bundle); return AUS_ENOMEM; }
  *net = (aus_network){ .ctx = ctx, .bundle = bundle, .targets = aus_meta_count(bundle, "labels") };
  net->run = aus_alloc_zero(ctx, (size_t)ctx->threads, sizeof *net->run);
  aus_status status = net->run ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK && strcmp(aus_meta_string(bundle, "kind", "classifier"), "separator") == 0)
    status = aus_fail(ctx, AUS_ENOTSUP, "%s separates sources, it does not score sound (--separator takes it)", aus_meta_string(bundle, "name", "the network"));
  if (status == AUS_OK && (aus_graph_inputs(bundle) != 1 || aus_graph_outputs(bundle) < 1))
    status = aus_fail(ctx, AUS_ENOTSUP, "the network has %d inputs; a model of sound has one", aus_graph_inputs(bundle));
  if (status == AUS_OK) status = aus_frontend_create(ctx, bundle, &net->fe);
  if (status == AUS_OK && net->targets == 0) /* no labels: the graph knows how many */
    status = need_runs(net, 1, aus_frontend_patches(net->fe, net->fe->least_samples).length);
  if (status == AUS_OK) status = make_model(net, out);
  if (status != AUS_OK) free_network(net);
  return status;
}

aus_status aus_model_open(aus_ctx *ctx, const char *path, aus_model **out)
{
  aus_bundle *bundle;
  *out = NULL;
  AUS_TRY(aus_bundle_open(ctx, path, &bundle));
  return open_bundle(ctx, bundle, out);
}

aus_status aus_model_open_memory(aus_ctx *ctx, const void *bytes, size_t size, aus_model **out)
{
  aus_bundle *bundle;
  *out = NULL;
  AUS_TRY(aus_bundle_open_memory(ctx, bytes, size, &bundle));
  return open_bundle(ctx, bundle, out);
}
