/* scorecam.c - Score-CAM [Wang20]: a channel weighs what the model says when only what the channel sees is left.
 *
 * For each channel c of the layer: enlarge A_c to the input, bring it to [0, 1], multiply the input with it, and take the target's
 * probability as the weight w_c; the map is relu sum_c w_c A_c. A channel that is the same everywhere sees nothing and is left out. Where
 * the score is no probability yet, it is the softmax over the item's scores. */
#include "attrib/cam.h"
#include "attrib/names.h"

#include <math.h>
#include <string.h>

typedef struct masking { const aus_question *q; aus_planes p; const float *a; float *mask, *x; double *weight, *map, *score; bool probability; } masking;

/* mask[one input's item] in [0, 1]; false: flat. */
static bool normalise(int64_t n, float *mask)
{
  float low = mask[0], high = mask[0];
  for (int64_t i = 1; i < n; i++) low = mask[i] < low ? mask[i] : low, high = mask[i] > high ? mask[i] : high;
  if (!(high > low)) return false;
  for (int64_t i = 0; i < n; i++) mask[i] = (mask[i] - low) / (high - low);
  return true;
}

/* x = input times the map of channel c, for all items; weight 0 where it is flat. */
static aus_status masked_input(masking *m, int64_t c, bool *flat)
{
  const aus_question *q = m->q;
  for (int32_t k = 0; k < q->a->n_inputs; k++) {
    const int64_t per = aus_question_per_item(q, k);
    for (int64_t i = 0; i < m->p.items; i++) {
      const int64_t at = q->a->offset[k] + i * per;
      AUS_TRY(aus_upsample(q, &m->p, m->a + (i * m->p.channels + c) * m->p.cells, &q->a->dims[k], 1, aus_wants_linear(q, true), m->mask));
      const bool sees = normalise(per, m->mask);
      flat[i] = !sees;
      for (int64_t j = 0; j < per; j++) m->x[at + j] = sees ? q->x[at + j] * m->mask[j] : 0;
    }
  }
  return AUS_OK;
}

/* The target's probability from the plain run's scores. */
static double probability(const masking *m, int64_t i)
{
  const aus_question *q = m->q;
  const float *s = aus_run_value(q->a->plain, q->from, NULL) + i * q->per_item;
  if (m->probability || q->per_item == 1 || q->target[i] < 0) return m->score[i];
  double top = s[0], sum = 0;
  for (int64_t k = 1; k < q->per_item; k++) top = s[k] > top ? (double)s[k] : top;
  for (int64_t k = 0; k < q->per_item; k++) sum += exp((double)s[k] - top);
  return exp((double)s[q->target[i]] - top) / sum;
}

static aus_status weigh(masking *m)
{
  const aus_question *q = m->q;
  bool *flat = aus_alloc_zero(q->ctx, (size_t)m->p.items, sizeof *flat);
  aus_status status = flat ? AUS_OK : AUS_ENOMEM;
  for (int64_t c = 0; status == AUS_OK && c < m->p.channels; c++) {
    status = masked_input(m, c, flat);
    if (status == AUS_OK) status = aus_question_scores(q, m->x, m->score);
    for (int64_t i = 0; status == AUS_OK && i < m->p.items; i++) {
      const double w = flat[i] ? 0 : probability(m, i);
      const float *a = m->a + (i * m->p.channels + c) * m->p.cells;
      for (int64_t s = 0; s < m->p.cells; s++) m->map[i * m->p.cells + s] += w * (double)a[s];
    }
    if (status == AUS_OK) status = aus_progress(q->ctx, "masking by channels", c + 1, m->p.channels);
  }
  aus_free(q->ctx, flat);
  return status;
}

static aus_status score_map(masking *m, aus_attribution *out)
{
  const aus_question *q = m->q;
  const int64_t n = m->p.items * m->p.cells;
  int32_t node;
  m->probability = aus_graph_logits(&q->a->bundle->graph, q->from, &node) != q->from;
  AUS_TRY(weigh(m));
  float *map = aus_alloc(q->ctx, (size_t)n, sizeof *map);
  if (!map) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) map[i] = (float)(m->map[i] < 0 && q->config->relu >= 0 ? 0 : m->map[i]);
  if (!m->probability && q->per_item > 1) aus_attribution_note(out, "weights are softmax probabilities of the scores");
  const aus_status status = aus_cam_put(q, &m->p, map, out);
  aus_free(q->ctx, map);
  return status;
}

static aus_status run(const aus_question *q, aus_attribution *out)
{
  masking m = { .q = q };
  aus_run *keep;
  AUS_TRY(aus_question_keep(q, 0, &keep));
  AUS_TRY(aus_question_forward(q, keep, q->x));
  AUS_TRY(aus_planes_of(q, &m.p));
  m.a = aus_run_value(keep, q->layer, NULL); /* the plain run computes the rest: these values stay */
  m.mask = aus_question_block(q);
  m.x = aus_question_block(q);
  m.map = aus_alloc_zero(q->ctx, (size_t)(m.p.items * m.p.cells), sizeof *m.map);
  m.score = aus_alloc(q->ctx, (size_t)m.p.items, sizeof *m.score);
  const aus_status status = m.mask && m.x && m.map && m.score ? score_map(&m, out) : AUS_ENOMEM;
  aus_free(q->ctx, m.score);
  aus_free(q->ctx, m.map);
  aus_free(q->ctx, m.x);
  aus_free(q->ctx, m.mask);
  return status;
}

const aus_method aus_method_scorecam = { "scorecam", "layer", "Score-CAM: channels weighted by the score of what they see", AUS_METHOD_WHITE_BOX | AUS_METHOD_LAYER, run };
