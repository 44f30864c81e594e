/* sounding.c - what the classifier says to a masked spectrogram, f(m |X|), and the gradient of that for m.
 *
 *   p = (m |X|)^e -> bank -> logarithm -> floor -> f,        dL/dm = dL/dp e m^(e-1) |X|^e         e: the front end's power, 1 or 2 */
#include "l2i/sounding.h"

#include <math.h>
#include <string.h>

#include "model/frontend_back.h"

aus_status aus_sounding_open(aus_ctx *ctx, const aus_inside *in, int64_t rows, bool back, aus_sounding *s)
{
  bool sigmoid;
  const aus_frontend *fe = in->fe;
  const char *logits = aus_l2i_logits(in->bundle, &sigmoid);
  *s = (aus_sounding){ .ctx = ctx, .fe = fe, .rows = rows, .frames = fe->patch, .classes = in->targets };
  if (fe->waveform) return aus_fail(ctx, AUS_ENOTSUP, "the classifier hears samples; a mask needs one with a spectrogram as its front end");
  const aus_dims dims = aus_frontend_dims(fe, rows, fe->patch);
  const size_t frames = (size_t)fe->patch, bands = (size_t)fe->bands, bins = (size_t)fe->bins;
  s->v = aus_alloc(ctx, (size_t)rows * frames, bands * sizeof(float));
  s->p = aus_alloc(ctx, frames, bins * sizeof(float));
  s->work = aus_alloc(ctx, 2 * frames, bands * sizeof(float));
  s->bin = aus_alloc(ctx, bins, sizeof(double));
  if (!s->v || !s->p || !s->work || !s->bin) return AUS_ENOMEM;
  AUS_TRY(aus_run_create_with(ctx, in->bundle, &dims, &logits, 1, back ? AUS_RUN_KEEP : 0, &s->run));
  return back ? aus_walk_create(ctx, s->run, &(aus_walk_config){ .from = logits }, &s->walk) : AUS_OK;
}

void aus_sounding_close(aus_sounding *s)
{
  if (!s->ctx) return;
  aus_walk_destroy(s->walk);
  aus_run_destroy(s->run);
  aus_free(s->ctx, s->v);
  aus_free(s->ctx, s->p);
  aus_free(s->ctx, s->work);
  aus_free(s->ctx, s->bin);
  *s = (aus_sounding){ 0 };
}

/* ---- there and back ------------------------------------------------------------------------------------- */

typedef struct masking { const float *size, *mask; bool rest, squared; float *p, *diff; } masking;

static void run_apply(void *arg, int64_t begin, int64_t end, int worker)
{
  const masking *j = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const float y = (j->rest ? 1 - j->mask[i] : j->mask[i]) * j->size[i];
    j->p[i] = j->squared ? y * y : y;
  }
}

static void run_diff(void *arg, int64_t begin, int64_t end, int worker)
{
  const masking *j = arg;
  (void)worker;
  for (int64_t i = begin; i < end; i++) {
    const float m = j->rest ? 1 - j->mask[i] : j->mask[i], x = j->size[i], slope = j->squared ? 2 * m * x * x : x;
    j->diff[i] += (j->rest ? -slope : slope) * j->p[i];
  }
}

static int64_t cells(const aus_sounding *s) { return s->frames * s->fe->bins; }
static int64_t floats(const aus_sounding *s) { return s->frames * s->fe->bands; }

void aus_sounding_set(aus_sounding *s, int64_t row, const float *size, const float *mask, bool rest)
{
  masking j = { size, mask, rest, s->fe->power == 2, s->p, NULL };
  aus_parallel_for(s->ctx, cells(s), 16384, run_apply, &j);
  aus_frontend_of_power(s->fe, s->frames, s->p, s->v + row * floats(s), s->work, aus_run_input(s->run, 0) + row * floats(s));
}

aus_status aus_sounding_forward(aus_sounding *s) { return aus_run_forward(s->run); }
const float *aus_sounding_logits(const aus_sounding *s) { return aus_run_tap(s->run, 0, NULL); }
float *aus_sounding_seed(aus_sounding *s) { return aus_walk_seed(s->walk, 0, NULL); }
aus_status aus_sounding_back(aus_sounding *s) { return aus_walk_run(s->walk); }

void aus_sounding_diff(aus_sounding *s, int64_t row, const float *size, const float *mask, bool rest, float *diff)
{
  masking j = { size, mask, rest, s->fe->power == 2, s->p, diff };
  aus_frontend_power_gradient(s->fe, s->frames, s->v + row * floats(s), aus_walk_diff(s->walk, 0, 0, NULL) + row * floats(s), s->work, s->bin, s->p);
  aus_parallel_for(s->ctx, cells(s), 16384, run_diff, &j);
}

double aus_sounding_loss(int32_t classes, bool sigmoid, const float *logits, int32_t c, double scale, float *diff)
{
  double top = -INFINITY, sum = 0;
  const double y = (double)logits[c];
  if (sigmoid) {
    for (int32_t k = 0; diff && k < classes; k++) diff[k] = k == c ? (float)(-scale / (1 + exp(y))) : 0;
    return fmax(-y, 0) + log1p(exp(-fabs(y)));
  }
  for (int32_t k = 0; k < classes; k++) top = fmax(top, (double)logits[k]);
  for (int32_t k = 0; k < classes; k++) sum += exp((double)logits[k] - top);
  for (int32_t k = 0; diff && k < classes; k++) diff[k] = (float)(scale * (exp((double)logits[k] - top) / sum - (k == c)));
  return top + log(sum) - y;
}
