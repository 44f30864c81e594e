/* explain_case.h - components that carry one number each, and a model that is a formula of those numbers.
 *
 * Component i is sample i alone, so x(z)[i] = z_i: any function of z is a black box. */
#ifndef AUS_EXPLAIN_CASE_H
#define AUS_EXPLAIN_CASE_H

#include "test.h"

#include <auscult/explain.h>

typedef double (*formula_fn)(const float *x, int target);
typedef struct formula { formula_fn f; int32_t targets; int64_t rows; } formula; /* rows: how many were predicted */

static inline int predict_formula(void *user, int64_t n, int64_t samples, const float *x, float *scores)
{
  formula *m = user;
  m->rows += n;
  for (int64_t i = 0; i < n; i++)
    for (int32_t k = 0; k < m->targets; k++) scores[i * m->targets + k] = (float)m->f(x + i * samples, k);
  return 0;
}

static const char *const formula_targets[4] = { "a", "b", "c", "d" };

static inline aus_model *formula_model(aus_ctx *ctx, formula *f, aus_score_kind kind)
{
  const aus_model_info info = { .name = "formula", .sample_rate = 1000, .channels = 1, .n_targets = f->targets,
                                .targets = formula_targets, .score_kind = kind, .short_input = "zero",
                                .front_end = "", .licence = "", .source = "", .sha256 = "" };
  aus_model *model = NULL;
  assert_ok(ctx, aus_model_from_callback(ctx, &info, predict_formula, f, &model));
  return model;
}

/* d components of one sample each. */
static inline void unit_components(aus_ctx *ctx, int32_t d, aus_components *c)
{
  float *x = malloc(sizeof *x * (size_t)d);
  for (int32_t i = 0; i < d; i++) x[i] = 1;
  const aus_audio input = { .data = x, .frames = d, .channels = 1, .rate = 1000 };
  const aus_segments seg = { .kind = AUS_SEGMENTS_EQUAL, .n = d };
  assert_ok(ctx, aus_components_time(ctx, &input, &seg, c));
  assert_int_equal(c->n, d);
  free(x);
}

/* Explains f with d unit components. */
static inline void explain_formula(aus_ctx *ctx, formula_fn f, int32_t targets, int32_t d, const aus_lime_config *config,
                                   aus_explanation *e)
{
  formula m = { .f = f, .targets = targets };
  aus_components c;
  unit_components(ctx, d, &c);
  aus_model *model = formula_model(ctx, &m, AUS_SCORE_PROBABILITY);
  assert_ok(ctx, aus_lime_explain(ctx, model, &c, config, e));
  aus_model_close(model);
  aus_components_free(&c);
}

static inline void assert_weights(const aus_explanation *e, int target, const double *expected, double tolerance)
{
  for (int32_t i = 0; i < e->n_components; i++) assert_near(e->target[target].weight[i].weight, expected[i], tolerance);
}

#endif
