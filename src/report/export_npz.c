/* export_npz.c - the whole explanation as arrays, for NumPy: d = np.load("x.npz"); d["weight"][d["targets"].tolist().index("drums")].
 *
 *   targets, parts                                     names
 *   score, score_none, intercept, r2                   [targets]
 *   weight, low, high, shapley, shapley_se, alone, without   [targets][parts]
 *   t0, t1, f0, f1                                     [parts]: seconds of the file, Hz
 *   mixes [rows][parts], answers [rows][targets]       what the model was asked, and what it said
 *   interaction_K [parts][parts], map_K [frames][bands], map_K_hz [bands], map_K_hop; labels [frames][bins]
 *   spectrogram [bands][frames], spectrogram_hz [bands], spectrogram_hop                              K: the target's number */
#include "report/export_rows.h"
#include "format/npz.h"

#include <math.h>
#include <stdio.h>

typedef aus_export_writer writer;
typedef double (*of_target)(const aus_target_explanation *t);
typedef double (*of_weight)(const aus_weight *w);

static double score(const aus_target_explanation *t) { return t->score; }
static double score_none(const aus_target_explanation *t) { return t->score_none; }
static double intercept(const aus_target_explanation *t) { return t->intercept; }
static double r2(const aus_target_explanation *t) { return t->r2; }
static double weight(const aus_weight *w) { return w->weight; }
static double low(const aus_weight *w) { return w->lo; }
static double high(const aus_weight *w) { return w->hi; }
static double shapley(const aus_weight *w) { return w->shapley; }
static double shapley_se(const aus_weight *w) { return w->shapley_se; }
static double alone(const aus_weight *w) { return w->alone; }
static double without(const aus_weight *w) { return w->without; }

static const struct { const char *name; of_target get; } per_target[] = { { "score", score }, { "score_none", score_none }, { "intercept", intercept }, { "r2", r2 } };
static const struct { const char *name; of_weight get; } per_weight[] = {
  { "weight", weight }, { "low", low }, { "high", high }, { "shapley", shapley }, { "shapley_se", shapley_se }, { "alone", alone }, { "without", without } };

/* x: room for a number per target and part, and per row of places. */
static aus_status put_numbers(const writer *w, aus_npz *z, double *x)
{
  const aus_explanation *e = w->e;
  const int64_t dim[2] = { e->n_targets, e->n_components };
  for (size_t k = 0; k < sizeof per_target / sizeof *per_target; k++) {
    for (int32_t t = 0; t < e->n_targets; t++) x[t] = per_target[k].get(&e->target[t]);
    AUS_TRY(aus_npz_add_f64(z, per_target[k].name, 1, dim, x));
  }
  for (size_t k = 0; k < sizeof per_weight / sizeof *per_weight; k++) {
    for (int32_t t = 0; t < e->n_targets; t++)
      for (int32_t i = 0; i < e->n_components; i++) x[(int64_t)t * e->n_components + i] = per_weight[k].get(&e->target[t].weight[i]);
    AUS_TRY(aus_npz_add_f64(z, per_weight[k].name, 2, dim, x));
  }
  static const char *const place[4] = { "t0", "t1", "f0", "f1" };
  for (int k = 0; k < 4; k++) {
    for (int32_t i = 0; i < e->n_components; i++) {
      const aus_export_row r = aus_export_row_of(w, 0, i);
      x[i] = k == 0 ? r.t0 : k == 1 ? r.t1 : k == 2 ? r.f0 : r.f1;
    }
    AUS_TRY(aus_npz_add_f64(z, place[k], 1, dim + 1, x));
  }
  return AUS_OK;
}

static aus_status put_table(const aus_explanation *e, aus_npz *z)
{
  const int64_t mixes[2] = { e->n_rows, e->n_components }, answers[2] = { e->n_rows, e->n_targets };
  if (!e->z || !e->y || e->n_rows < 1) return AUS_OK;
  AUS_TRY(aus_npz_add(z, "mixes", "|u1", 1, 2, mixes, e->z));
  return aus_npz_add_f32(z, "answers", 2, answers, e->y);
}

static aus_status put_target(const aus_explanation *e, int32_t t, aus_npz *z)
{
  const aus_map *m = &e->target[t].map;
  const int64_t square[2] = { e->n_components, e->n_components }, map[2] = { m->frames, m->bands };
  char name[32];
  snprintf(name, sizeof name, "interaction_%d", t);
  if (e->target[t].interaction) AUS_TRY(aus_npz_add_f64(z, name, 2, square, e->target[t].interaction));
  if (m->frames < 1) return AUS_OK;
  snprintf(name, sizeof name, "map_%d", t);
  AUS_TRY(aus_npz_add_f32(z, name, 2, map, m->value));
  snprintf(name, sizeof name, "map_%d_hop", t);
  AUS_TRY(aus_npz_add_f64(z, name, 0, NULL, &m->hop_s));
  snprintf(name, sizeof name, "map_%d_hz", t);
  return m->hz ? aus_npz_add_f32(z, name, 1, map + 1, m->hz) : AUS_OK;
}

static aus_status put_pictures(const writer *w, aus_npz *z)
{
  const aus_components *c = w->r->components;
  const aus_spectrogram *s = w->r->spectrogram;
  const int64_t label[2] = { c->label_frames, c->label_bins };
  if (c->label) AUS_TRY(aus_npz_add(z, "labels", "<i4", 4, 2, label, c->label));
  if (!s || s->frames < 1) return AUS_OK;
  const int64_t image[2] = { s->bands, s->frames };
  AUS_TRY(aus_npz_add_f32(z, "spectrogram", 2, image, s->image));
  AUS_TRY(aus_npz_add_f64(z, "spectrogram_hop", 0, NULL, &s->hop_seconds));
  return aus_npz_add_f32(z, "spectrogram_hz", 1, image, s->hz);
}

static aus_status put_all(const writer *w, aus_npz *z)
{
  const aus_explanation *e = w->e;
  const size_t most = (size_t)e->n_targets * ((size_t)e->n_components + 1) + (size_t)e->n_components;
  double *x = aus_alloc(w->ctx, most, sizeof *x);
  const char **name = aus_alloc(w->ctx, (size_t)e->n_targets, sizeof *name);
  aus_status status = x && name ? AUS_OK : AUS_ENOMEM;
  for (int32_t t = 0; name && t < e->n_targets; t++) name[t] = e->target[t].name;
  if (status == AUS_OK) status = aus_npz_add_texts(z, "targets", e->n_targets, name);
  if (status == AUS_OK) status = aus_npz_add_texts(z, "parts", e->n_components, (const char *const *)e->component);
  if (status == AUS_OK) status = put_numbers(w, z, x);
  if (status == AUS_OK) status = put_table(e, z);
  for (int32_t t = 0; t < e->n_targets && status == AUS_OK; t++) status = put_target(e, t, z);
  if (status == AUS_OK) status = put_pictures(w, z);
  aus_free(w->ctx, x);
  aus_free(w->ctx, name);
  return status;
}

aus_status aus_export_npz(writer *w, const char *path, int replace)
{
  aus_npz *z;
  AUS_TRY(aus_npz_open(w->ctx, path, replace, &z));
  const aus_status status = put_all(w, z);
  if (status != AUS_OK) { aus_npz_abort(z); return status; }
  return aus_npz_commit(z);
}
