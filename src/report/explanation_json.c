/* explanation_json.c - an explanation as JSON, schema auscult.explanation/1 (docs/json.md). */
#include "core/base64.h"
#include "report/report.h"

#include <string.h>

static void put_component(aus_json *j, const aus_explanation *e, int32_t i)
{
  const aus_place *p = &e->place[i];
  aus_json_flat_object(j, NULL);
  aus_json_string(j, "name", e->component[i]);
  aus_json_real(j, "t0", p->t0);
  aus_json_real(j, "t1", p->t1);
  aus_json_real(j, "f0", p->f0);
  aus_json_real(j, "f1", p->f1);
  if (p->source >= 0) aus_json_integer(j, "source", p->source);
  aus_json_close(j);
}

static void put_weight(aus_json *j, const char *name, const aus_weight *w)
{
  aus_json_flat_object(j, NULL);
  aus_json_string(j, "name", name);
  aus_json_real(j, "weight", w->weight);
  aus_json_flat_array(j, "interval");
  aus_json_real(j, NULL, w->lo);
  aus_json_real(j, NULL, w->hi);
  aus_json_close(j);
  aus_json_real(j, "shapley", w->shapley);
  aus_json_real(j, "shapley_se", w->shapley_se);
  aus_json_real(j, "banzhaf", w->banzhaf);
  aus_json_real(j, "alone", w->alone);
  aus_json_real(j, "without", w->without);
  aus_json_close(j);
}

static void put_interactions(aus_json *j, const double *m, int32_t n)
{
  aus_json_array(j, "interactions");
  for (int32_t i = 0; i < n; i++) {
    aus_json_flat_array(j, NULL);
    for (int32_t k = 0; k < n; k++) aus_json_real(j, NULL, m[(size_t)i * (size_t)n + (size_t)k]);
    aus_json_close(j);
  }
  aus_json_close(j);
}

/* Sums over stretches of frames, at most MOST_MOMENTS of them: the map over time. */
enum { MOST_MOMENTS = 500 };
static void put_moments(aus_json *j, const aus_map *m)
{
  const int64_t step = (m->frames + MOST_MOMENTS - 1) / MOST_MOMENTS;
  aus_json_real(j, "time_step", (double)step * m->hop_s);
  aus_json_flat_array(j, "time");
  for (int64_t t = 0; t < m->frames; t += step) {
    double sum = 0;
    for (int64_t i = t * m->bands; i < (t + step < m->frames ? t + step : m->frames) * m->bands; i++) sum += (double)m->value[i];
    aus_json_real(j, NULL, sum);
  }
  aus_json_close(j);
}

static void put_bands(aus_json *j, const aus_map *m)
{
  aus_json_flat_array(j, "hz");
  for (int32_t b = 0; b < m->bands; b++) aus_json_real(j, NULL, (double)m->hz[b]);
  aus_json_close(j);
  aus_json_flat_array(j, "band");
  for (int32_t b = 0; b < m->bands; b++) {
    double sum = 0;
    for (int64_t t = 0; t < m->frames; t++) sum += (double)m->value[t * m->bands + b];
    aus_json_real(j, NULL, sum);
  }
  aus_json_close(j);
}

static void put_map(aus_json *j, const aus_map *m)
{
  double sum[2] = { 0, 0 };
  for (int64_t i = 0; i < m->frames * m->bands; i++) sum[m->value[i] < 0] += (double)m->value[i];
  aus_json_object(j, "map");
  aus_json_string(j, "domain", m->domain);
  aus_json_integer(j, "frames", m->frames);
  aus_json_integer(j, "bands", m->bands);
  aus_json_real(j, "hop", m->hop_s);
  aus_json_real(j, "cell_s", m->cell_s);
  aus_json_real(j, "cell_hz", m->cell_hz);
  aus_json_real(j, "positive", sum[0]);
  aus_json_real(j, "negative", sum[1]);
  put_moments(j, m);
  if (m->bands > 1 && m->hz) put_bands(j, m);
  aus_json_close(j);
}

static void put_target(aus_json *j, const aus_explanation *e, const aus_target_explanation *t)
{
  aus_json_object(j, NULL);
  aus_json_integer(j, "index", t->target);
  aus_json_string(j, "name", t->name);
  aus_json_real(j, "score", t->score);
  aus_json_real(j, "score_none", t->score_none);
  aus_json_real(j, "raw_score", t->raw_score);
  aus_json_real(j, "intercept", t->intercept);
  aus_json_real(j, "r2", t->r2);
  aus_json_real(j, "local_prediction", t->local_prediction);
  aus_json_real(j, "complexity", t->complexity);
  aus_json_real(j, "stability", t->stability);
  aus_json_real(j, "vsi", t->vsi);
  aus_json_real(j, "csi", t->csi);
  aus_json_real(j, "additivity_gap", t->additivity_gap);
  aus_json_array(j, "components");
  for (int32_t i = 0; i < e->n_components; i++) put_weight(j, e->component[i], &t->weight[i]);
  aus_json_close(j);
  if (t->map.frames) put_map(j, &t->map);
  if (t->interaction) put_interactions(j, t->interaction, e->n_components);
  aus_json_close(j);
}

/* bytes as base64 text. */
static void put_bytes(aus_json *j, const char *key, const uint8_t *bytes, size_t n)
{
  char *text = aus_alloc(j->ctx, AUS_BASE64_SIZE(n) + 1, 1);
  if (!text) { j->failed = true; return; }
  aus_base64_encode(bytes, n, text);
  text[AUS_BASE64_SIZE(n)] = '\0';
  aus_json_string(j, key, text);
  aus_free(j->ctx, text);
}

/* Rows as bits, first component highest, each row filled up to whole bytes (numpy.packbits). */
static void put_mixes(aus_json *j, const aus_explanation *e)
{
  const size_t d = (size_t)e->n_components, row = (d + 7) / 8, n = row * (size_t)e->n_rows;
  uint8_t *bits = aus_alloc_zero(j->ctx, n + 1, 1);
  if (!bits) { j->failed = true; return; }
  for (size_t r = 0; r < (size_t)e->n_rows; r++)
    for (size_t i = 0; i < d; i++)
      if (e->z[r * d + i]) bits[r * row + i / 8] |= (uint8_t)(0x80 >> i % 8);
  put_bytes(j, "mixes", bits, n);
  aus_free(j->ctx, bits);
}

/* float32, little-endian, [rows][targets]. */
static void put_answers(aus_json *j, const aus_explanation *e)
{
  const size_t n = (size_t)e->n_rows * (size_t)e->n_targets;
  uint8_t *bytes = aus_alloc(j->ctx, n + 1, 4);
  if (!bytes) { j->failed = true; return; }
  for (size_t i = 0; i < n; i++) {
    uint32_t v;
    memcpy(&v, e->y + i, 4);
    for (int b = 0; b < 4; b++) bytes[4 * i + (size_t)b] = (uint8_t)(v >> 8 * b);
  }
  put_bytes(j, "answers", bytes, 4 * n);
  aus_free(j->ctx, bytes);
}

static void put_table(aus_json *j, const aus_explanation *e)
{
  if (!e->z || !e->y || e->n_rows < 1) return;
  aus_json_object(j, "table");
  aus_json_integer(j, "rows", e->n_rows);
  put_mixes(j, e);
  put_answers(j, e);
  aus_json_close(j);
}

void aus_explanation_json(aus_json *j, const aus_explanation *e, const aus_components *c)
{
  aus_json_string(j, "method", e->method);
  aus_json_object(j, "evaluated");
  aus_json_integer(j, "rows", e->n_rows);
  aus_json_integer(j, "neighbourhood", e->n_neighbourhood);
  aus_json_integer(j, "predicted", e->n_predicted);
  aus_json_real(j, "effective_rows", e->effective_rows);
  aus_json_bool(j, "exhaustive", e->exhaustive != 0);
  aus_json_string(j, "components", c->kind);
  aus_json_string(j, "baseline", c->baseline);
  aus_json_integer(j, "rate", c->rate);
  aus_json_integer(j, "samples", c->samples);
  aus_json_string(j, "interval", e->interval);
  aus_json_close(j);
  aus_json_array(j, "components");
  for (int32_t i = 0; i < e->n_components; i++) put_component(j, e, i);
  aus_json_close(j);
  aus_json_array(j, "targets");
  for (int32_t i = 0; i < e->n_targets; i++) put_target(j, e, &e->target[i]);
  aus_json_close(j);
  put_table(j, e);
}
