/* evaluate.c - how well the present parameters do on clips that are not trained on.
 *
 * A clip is heard as `auscult predict` hears it: all its patches, scores averaged. The score is accuracy for one label a clip, the
 * mean area under the ROC curve (the chance that a clip with the label scores above one without) for several, R2 for numbers. */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *aus_score_name(int loss) { return loss == AUS_LOSS_BCE ? "auc" : loss == AUS_LOSS_MSE || loss == AUS_LOSS_L1 ? "r2" : "accuracy"; }

/* ---- scores --------------------------------------------------------------------------------------------- */

typedef struct ranked { double score; bool positive; } ranked;

static int by_score(const void *a, const void *b)
{
  const double x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
  return (x > y) - (x < y);
}

/* Mann-Whitney: ties count half. NaN when all or none are positive. */
static double auc(int64_t n, ranked *r)
{
  double wins = 0, positives = 0, below = 0;
  qsort(r, (size_t)n, sizeof *r, by_score);
  for (int64_t i = 0, j; i < n; i = j) {
    double p = 0, q = 0;
    for (j = i; j < n && !(r[j].score > r[i].score); j++) *(r[j].positive ? &p : &q) += 1;
    wins += p * (below + q / 2);
    positives += p;
    below += q;
  }
  return wins / (positives * below);
}

static double mean_auc(const aus_trainer *t, const aus_index *clips, const double *score, ranked *work)
{
  double sum = 0;
  int64_t n = 0;
  for (int64_t k = 0; k < t->classes; k++) {
    for (int32_t i = 0; i < clips->n; i++) work[i] = (ranked){ score[i * t->classes + k], t->data.clip[clips->item[i]].target[k] > 0.5f };
    const double a = auc(clips->n, work);
    if (isfinite(a)) { sum += a; n++; }
  }
  return sum / (double)n;
}

static double r2(const aus_trainer *t, const aus_index *clips, const double *score)
{
  double mean = 0, rest = 0, all = 0;
  const double n = (double)(clips->n * t->classes);
  for (int32_t i = 0; i < clips->n; i++)
    for (int64_t k = 0; k < t->classes; k++) mean += t->data.clip[clips->item[i]].target[k] / n;
  for (int32_t i = 0; i < clips->n; i++)
    for (int64_t k = 0; k < t->classes; k++) {
      const double y = t->data.clip[clips->item[i]].target[k], d = y - score[i * t->classes + k];
      rest += d * d;
      all += (y - mean) * (y - mean);
    }
  return 1 - rest / all;
}

static double accuracy(const aus_trainer *t, const aus_index *clips, const double *score)
{
  int64_t right = 0;
  for (int32_t i = 0; i < clips->n; i++) {
    const double *s = score + i * t->classes;
    const float *y = t->data.clip[clips->item[i]].target;
    int64_t a = 0, b = 0;
    for (int64_t k = 1; k < t->classes; k++) {
      if (s[k] > s[a]) a = k;
      if (y[k] > y[b]) b = k;
    }
    right += a == b;
  }
  return (double)right / clips->n;
}

/* ---- patches through the network -------------------------------------------------------------------------------- */

/* Patches wait in the run's input until it is full. */
typedef struct queue {
  aus_trainer *t;
  const aus_index *clips;
  int32_t *owner;      /* [batch] which clip (its place in clips) a waiting patch belongs to */
  int64_t waiting;
  double *score;       /* [clips][classes] sums */
  double *loss;        /* [clips] sums */
  int64_t *patches;    /* [clips] */
  float *row, *target;
} queue;

static aus_status flush(queue *q)
{
  aus_trainer *t = q->t;
  AUS_TRY(aus_run_forward(t->eval));
  const float *logits = aus_run_value(t->eval, t->eval_logits, NULL), *scores = aus_run_output(t->eval, 0, NULL);
  for (int64_t i = 0; i < q->waiting; i++) {
    const int32_t c = q->owner[i];
    q->loss[c] += aus_loss(&t->loss, 1, t->classes, logits + i * t->classes, t->data.clip[q->clips->item[c]].target, NULL, t->work);
    for (int64_t k = 0; k < t->classes; k++) q->score[c * t->classes + k] += (double)scores[i * t->classes + k];
    q->patches[c]++;
  }
  q->waiting = 0;
  return AUS_OK;
}

static aus_status push_clip(queue *q, int32_t c)
{
  aus_trainer *t = q->t;
  float *y;
  int64_t n;
  bool mine;
  AUS_TRY(aus_patches_of(&t->sampler, q->clips->item[c], &y, &n, &mine));
  aus_status status = AUS_OK;
  for (int64_t j = 0; status == AUS_OK && j < n; j++) {
    memcpy(aus_run_input(t->eval, 0) + q->waiting * t->floats, y + j * t->floats, (size_t)t->floats * sizeof *y);
    q->owner[q->waiting++] = c;
    if (q->waiting == t->batch) status = flush(q);
  }
  if (mine) aus_free(t->ctx, y);
  return status;
}

static aus_status evaluate(queue *q, double *loss, double *score)
{
  aus_trainer *t = q->t;
  double sum = 0;
  for (int32_t c = 0; c < q->clips->n; c++) AUS_TRY(push_clip(q, c));
  if (q->waiting) AUS_TRY(flush(q));
  for (int32_t c = 0; c < q->clips->n; c++) {
    sum += q->loss[c] / (double)q->patches[c];
    for (int64_t k = 0; k < t->classes; k++) q->score[c * t->classes + k] /= (double)q->patches[c];
  }
  *loss = sum / q->clips->n;
  if (t->loss.kind == AUS_LOSS_MSE || t->loss.kind == AUS_LOSS_L1) *score = r2(t, q->clips, q->score);
  else if (t->loss.kind != AUS_LOSS_BCE) *score = accuracy(t, q->clips, q->score);
  else {
    ranked *work = aus_alloc(t->ctx, (size_t)q->clips->n, sizeof *work);
    if (!work) return AUS_ENOMEM;
    *score = mean_auc(t, q->clips, q->score, work);
    aus_free(t->ctx, work);
  }
  return AUS_OK;
}

aus_status aus_trainer_evaluate(aus_trainer *t, const aus_index *clips, double *loss, double *score)
{
  const size_t n = (size_t)clips->n;
  *loss = *score = NAN;
  if (clips->n == 0) return AUS_OK;
  queue q = { .t = t, .clips = clips };
  q.owner = aus_alloc(t->ctx, (size_t)t->batch, sizeof *q.owner);
  q.score = aus_alloc_zero(t->ctx, n, (size_t)t->classes * sizeof *q.score);
  q.loss = aus_alloc_zero(t->ctx, n, sizeof *q.loss);
  q.patches = aus_alloc_zero(t->ctx, n, sizeof *q.patches);
  const aus_status status = q.owner && q.score && q.loss && q.patches ? evaluate(&q, loss, score) : AUS_ENOMEM;
  aus_free(t->ctx, q.owner);
  aus_free(t->ctx, q.score);
  aus_free(t->ctx, q.loss);
  aus_free(t->ctx, q.patches);
  return status;
}
