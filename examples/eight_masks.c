/* eight_masks.c - LIME on paper: three components, eight rows, every number printable.
 *
 * The black box is f(z) = 0.1 + 0.5 z1 - 0.2 z2 + 0.3 z1 z3, hidden behind a callback that hears three
 * samples of "sound", one per component. docs/audiolime.md walks through the output. */
#include <auscult/auscult.h>

#include <math.h>
#include <stdio.h>

/* The model: n inputs of three samples each, one score each. */
static int predict(void *user, int64_t n, int64_t samples, const float *x, float *scores)
{
  (void)user;
  for (int64_t i = 0; i < n; i++, x += samples) scores[i] = 0.1f + 0.5f * x[0] - 0.2f * x[1] + 0.3f * x[0] * x[2];
  return 0;
}

static void print_rows(const aus_explanation *e)
{
  printf("row  z1 z2 z3  distance  weight    score\n");
  for (int64_t r = 0; r < e->n_neighbourhood; r++) {
    const uint8_t *z = e->z + r * 3;
    const double distance = 1 - sqrt((z[0] + z[1] + z[2]) / 3.0);
    printf("%3d   %d  %d  %d   %.4f    %.6f  %+.3f\n", (int)r, z[0], z[1], z[2], distance, exp(-8 * distance * distance), (double)e->y[r]);
  }
}

static void print_weights(const char *how, const aus_explanation *e)
{
  const aus_target_explanation *t = &e->target[0];
  printf("%-8s %+.4f %+.4f %+.4f  intercept %+.4f  R2 %.4f  local %.4f\n", how, t->weight[0].weight, t->weight[1].weight,
         t->weight[2].weight, t->intercept, t->r2, t->local_prediction);
}

static int explain_all(aus_ctx *ctx, aus_model *model, const aus_components *c)
{
  static const struct { const char *name; aus_surrogate kind; double first; } how[3] = {
    { "ridge", AUS_SURROGATE_RIDGE, 0.3306 }, { "wls", AUS_SURROGATE_WLS, 0.7308 }, { "shapley", AUS_SURROGATE_SHAPLEY, 0.65 }
  };
  int wrong = 0;
  for (int i = 0; i < 3; i++) {
    aus_lime_config config;
    aus_explanation e;
    aus_lime_defaults(&config);
    config.surrogate = how[i].kind;
    if (aus_lime_explain(ctx, model, c, &config, &e) != AUS_OK) return 1;
    if (i == 0) print_rows(&e);
    print_weights(how[i].name, &e);
    if (i == 2) printf("1 and 3 together: %+.4f\n", e.target[0].interaction[0 * 3 + 2]);
    wrong |= fabs(e.target[0].weight[0].weight - how[i].first) > 1e-4; /* the numbers of docs/audiolime.md */
    aus_explanation_free(&e);
  }
  return wrong;
}

int main(void)
{
  static const char *const target[1] = { "loud" };
  const aus_model_info info = { .name = "paper", .sample_rate = 1000, .channels = 1, .n_targets = 1, .targets = target,
                                .score_kind = AUS_SCORE_REAL, .short_input = "zero", .front_end = "", .licence = "", .source = "", .sha256 = "" };
  float x[3] = { 1, 1, 1 };
  const aus_audio input = { .data = x, .frames = 3, .channels = 1, .rate = 1000 };
  const aus_segments thirds = { .kind = AUS_SEGMENTS_EQUAL, .n = 3 };
  aus_ctx *ctx = NULL;
  aus_model *model = NULL;
  aus_components c = { 0 };
  int failed = 1;
  if (aus_ctx_create(&ctx, NULL) == AUS_OK && aus_model_from_callback(ctx, &info, predict, NULL, &model) == AUS_OK &&
      aus_components_time(ctx, &input, &thirds, &c) == AUS_OK)
    failed = explain_all(ctx, model, &c);
  if (failed && ctx) fprintf(stderr, "%s\n", aus_ctx_error(ctx));
  aus_components_free(&c);
  if (model) aus_model_close(model);
  if (ctx) aus_ctx_destroy(ctx);
  return failed;
}
