/* set_analysis.c - what the explanations of a set say together, target by target: how each component's weights spread, what a class
 * rests on, how faithful the explanations are, which few show the most, and the song's answer as the mean over its snippets. */
#include "report/set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* W[n][d] of some rows. */
static double *matrix(const aus_set *s, int32_t n, const int32_t *row)
{
  const int32_t d = s->n_components;
  double *w = aus_alloc(s->ctx, (size_t)n * (size_t)d + 1, sizeof *w);
  for (int32_t i = 0; w && i < n; i++)
    for (int32_t c = 0; c < d; c++) w[(size_t)i * (size_t)d + (size_t)c] = aus_set_weight(&s->row[row[i]], c);
  return w;
}

/* ---- parts of a target --------------------------------------------------------------------------- */

static aus_status spread_components(const aus_set *s, aus_set_target *t, const double *w)
{
  const int32_t d = s->n_components;
  double *shapley = aus_alloc(s->ctx, (size_t)t->n + 1, sizeof *shapley);
  aus_status status = shapley ? AUS_OK : AUS_ENOMEM;
  for (int32_t c = 0; c < d && status == AUS_OK; c++) {
    for (int32_t i = 0; i < t->n; i++) shapley[i] = c < s->row[t->row[i]].n ? s->row[t->row[i]].shapley[c] : NAN;
    status = aus_global_spread(s->ctx, t->n, w + c, d, &t->component[c].weight);
    if (status == AUS_OK) status = aus_global_spread(s->ctx, t->n, shapley, 1, &t->component[c].shapley);
  }
  aus_free(s->ctx, shapley);
  return status;
}

/* Who carries the answer: the largest positive weight of each explanation [Haunschmid20, table 3]. */
static void count_strongest(const aus_set *s, aus_set_target *t, const double *w)
{
  const int32_t d = s->n_components;
  for (int32_t i = 0; i < t->n; i++) {
    int32_t best = -1;
    const double *row = w + (size_t)i * (size_t)d;
    for (int32_t c = 0; c < d; c++)
      if (row[c] > 0 && (best < 0 || row[c] > row[best])) best = c;
    if (best >= 0) t->component[best].strongest += 1.0 / t->n;
  }
}

static void rank(const aus_set *s, aus_set_target *t)
{
  for (int32_t i = 0; i < s->n_components; i++) {
    const double v = t->component[i].weight.n ? t->component[i].weight.mean_abs : -1;
    int32_t at = i;
    for (; at > 0 && (t->component[t->order[at - 1]].weight.n ? t->component[t->order[at - 1]].weight.mean_abs : -1) < v; at--) t->order[at] = t->order[at - 1];
    t->order[at] = i;
  }
}

/* Prediction against the surrogate's at z = 1, and the weighted R2 of each fit. */
static aus_status judge(const aus_set *s, aus_set_target *t)
{
  const size_t n = (size_t)t->n;
  double *v = aus_alloc(s->ctx, 4 * n + 1, sizeof *v), *local = v + n, *r2 = v + 2 * n, *gap = v + 3 * n;
  if (!v) return AUS_ENOMEM;
  for (size_t i = 0; i < n; i++) {
    const aus_set_row *r = &s->row[t->row[i]];
    v[i] = r->score;
    local[i] = r->local;
    r2[i] = r->r2;
    gap[i] = fabs(r->local - r->score);
    if (!isfinite(r->r2)) t->none++;
    else if (r->r2 >= 0.9) t->good++;
    else if (r->r2 >= 0.6) t->fair++;
    else t->poor++;
  }
  aus_status status = aus_global_spread(s->ctx, t->n, v, 1, &t->score);
  if (status == AUS_OK) status = aus_global_spread(s->ctx, t->n, r2, 1, &t->r2);
  if (status == AUS_OK) status = aus_global_spread(s->ctx, t->n, gap, 1, &t->gap);
  t->correlation = aus_global_correlation(t->n, v, local);
  aus_free(s->ctx, v);
  return status;
}

/* Sums per song in the order they come in; place[song] says where. */
static void add_up_songs(const aus_set *s, aus_set_target *t, int32_t *place)
{
  for (int32_t i = 0; i < s->n_songs; i++) place[i] = -1;
  for (int32_t i = 0; i < t->n; i++) {
    const aus_set_row *r = &s->row[t->row[i]];
    const int32_t song = s->piece[r->piece].song;
    if (place[song] < 0) { place[song] = t->n_songs; t->song[t->n_songs++].song = song; }
    aus_set_mean *m = &t->song[place[song]];
    m->n++;
    m->score += r->score;
    m->local += r->local;
  }
}

/* fits[n]: song after song. end[place] begins where the song's fits begin, and ends where they end. */
static void sort_fits(const aus_set *s, const aus_set_target *t, const int32_t *place, int32_t *end, double *fits)
{
  for (int32_t i = 0, at = 0; i < t->n_songs; at += t->song[i++].n) end[i] = at;
  for (int32_t i = 0; i < t->n; i++) {
    const aus_set_row *r = &s->row[t->row[i]];
    fits[end[place[s->piece[r->piece].song]]++] = r->r2;
  }
}

/* The song's answer is the mean over its snippets, and so is the surrogate's. */
static aus_status song_means(const aus_set *s, aus_set_target *t)
{
  t->song = aus_alloc_zero(s->ctx, (size_t)s->n_songs + 1, sizeof *t->song);
  int32_t *place = aus_alloc(s->ctx, 2 * (size_t)s->n_songs + 1, sizeof *place), *end = place ? place + s->n_songs : NULL;
  double *fits = aus_alloc(s->ctx, (size_t)t->n + 1, sizeof *fits);
  aus_status status = t->song && place && fits ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    add_up_songs(s, t, place);
    sort_fits(s, t, place, end, fits);
  }
  for (int32_t i = 0; status == AUS_OK && i < t->n_songs; i++) {
    aus_set_mean *m = &t->song[i];
    m->score /= m->n;
    m->local /= m->n;
    status = aus_global_spread(s->ctx, m->n, fits + end[i] - m->n, 1, &m->r2);
  }
  aus_free(s->ctx, place);
  aus_free(s->ctx, fits);
  return status;
}

static aus_status choose_picks(const aus_set *s, aus_set_target *t, double *w, int32_t picks, int32_t features)
{
  int64_t *chosen = aus_alloc(s->ctx, (size_t)picks + 1, sizeof *chosen);
  double *covered = aus_alloc(s->ctx, (size_t)picks + 1, sizeof *covered);
  t->pick = aus_alloc_zero(s->ctx, (size_t)picks + 1, sizeof *t->pick);
  aus_status status = chosen && covered && t->pick ? AUS_OK : AUS_ENOMEM;
  aus_global_strongest(t->n, s->n_components, w, features);
  if (status == AUS_OK) status = aus_global_picks(s->ctx, t->n, s->n_components, w, picks, AUS_PICK_STRONGEST, chosen, covered, &t->n_picks);
  for (int32_t k = 0; k < t->n_picks && status == AUS_OK; k++) t->pick[k] = (aus_set_pick){ t->row[chosen[k]], covered[k] };
  aus_free(s->ctx, chosen);
  aus_free(s->ctx, covered);
  return status;
}

static aus_status analyse_target(const aus_set *s, aus_set_target *t, int32_t picks, int32_t features)
{
  const size_t d = (size_t)s->n_components;
  t->component = aus_alloc_zero(s->ctx, d + 1, sizeof *t->component);
  t->order = aus_alloc(s->ctx, d + 1, sizeof *t->order);
  if (!t->component || !t->order) return AUS_ENOMEM;
  AUS_TRY(judge(s, t));
  AUS_TRY(song_means(s, t));
  double *w = matrix(s, t->n, t->row);
  aus_status status = w ? spread_components(s, t, w) : AUS_ENOMEM;
  if (status == AUS_OK) {
    count_strongest(s, t, w);
    rank(s, t);
    status = choose_picks(s, t, w, picks, features);
  }
  aus_free(s->ctx, w);
  return status;
}

/* ---- all targets ------------------------------------------------------------------------------------ */

/* Homogeneity looks over all classes at once. */
static aus_status aggregate(const aus_set *s, aus_set_analysis *a)
{
  const size_t d = (size_t)s->n_components, cells = d * (size_t)s->n_targets;
  int32_t *all = aus_alloc(s->ctx, (size_t)s->n_rows + 1, sizeof *all), *class_of = aus_alloc(s->ctx, (size_t)s->n_rows + 1, sizeof *class_of);
  double *sums = aus_alloc(s->ctx, 3 * cells + 1, sizeof *sums);
  for (int32_t i = 0; all && class_of && i < s->n_rows; i++) { all[i] = i; class_of[i] = s->row[i].target; }
  double *w = all && class_of && sums ? matrix(s, s->n_rows, all) : NULL;
  aus_status status = w ? aus_global_classes(s->ctx, s->n_rows, s->n_components, w, class_of, s->n_targets, sums, sums + cells, sums + 2 * cells) : AUS_ENOMEM;
  for (int32_t k = 0; k < a->n && status == AUS_OK; k++)
    for (size_t c = 0; c < d; c++) {
      const size_t at = (size_t)a->target[k].target * d + c;
      a->target[k].component[c].mean_abs = sums[at];
      a->target[k].component[c].root_sum = sums[cells + at];
      a->target[k].component[c].homogeneity = sums[2 * cells + at];
    }
  aus_free(s->ctx, w);
  aus_free(s->ctx, all);
  aus_free(s->ctx, class_of);
  aus_free(s->ctx, sums);
  return status;
}

static int by_weight_of_evidence(const void *a, const void *b)
{
  const aus_set_target *x = a, *y = b;
  if (x->n != y->n) return x->n < y->n ? 1 : -1;
  if (x->score.mean != y->score.mean) return x->score.mean < y->score.mean ? 1 : -1;
  return (x->target > y->target) - (x->target < y->target);
}

aus_status aus_set_analyse(const aus_set *s, int32_t picks, int32_t features, aus_set_analysis *out)
{
  *out = (aus_set_analysis){ .ctx = s->ctx, .set = s };
  out->target = aus_alloc_zero(s->ctx, (size_t)s->n_targets + 1, sizeof *out->target);
  if (!out->target) return AUS_ENOMEM;
  out->n = s->n_targets;
  for (int32_t k = 0; k < out->n; k++) {
    aus_set_target *t = &out->target[k];
    t->target = k;
    t->row = aus_alloc(s->ctx, (size_t)s->n_rows + 1, sizeof *t->row);
    if (!t->row) return AUS_ENOMEM;
    for (int32_t i = 0; i < s->n_rows; i++)
      if (s->row[i].target == k) t->row[t->n++] = i;
    AUS_TRY(analyse_target(s, t, picks, features));
  }
  AUS_TRY(aggregate(s, out));
  if (out->n > 1) qsort(out->target, (size_t)out->n, sizeof *out->target, by_weight_of_evidence);
  return AUS_OK;
}

void aus_set_analysis_free(aus_set_analysis *a)
{
  for (int32_t k = 0; a->target && k < a->n; k++) {
    aus_free(a->ctx, a->target[k].row);
    aus_free(a->ctx, a->target[k].component);
    aus_free(a->ctx, a->target[k].order);
    aus_free(a->ctx, a->target[k].song);
    aus_free(a->ctx, a->target[k].pick);
  }
  if (a->ctx) aus_free(a->ctx, a->target);
  *a = (aus_set_analysis){0};
}

aus_trust aus_set_trust(const aus_set_target *t, char *words, size_t size)
{
  const int32_t n = t->good + t->fair + t->poor;
  if (n == 0) {
    snprintf(words, size, "The model's answer is the same for every mix: there is nothing to explain.");
    return AUS_TRUST_NONE;
  }
  const double median = 100 * fmax(0, t->r2.q50), poor = 100.0 * t->poor / n;
  if (t->r2.q50 < 0.6 || poor >= 40) {
    snprintf(words, size, "In half of the explanations the weights explain less than %.0f %% of the model's behaviour (in %d of %d less than 60 %%): do not trust them.", median, t->poor, n);
    return AUS_TRUST_POOR;
  }
  if (t->r2.q50 < 0.9 || t->poor > 0) {
    snprintf(words, size, "The weights explain %.0f %% of the model's behaviour (median of %d); in %d of them less than 60 %%: leave those out.", median, n, t->poor);
    if (!t->poor) snprintf(words, size, "The weights explain %.0f %% of the model's behaviour (median of %d); the rest is parts acting together.", median, n);
    return AUS_TRUST_FAIR;
  }
  snprintf(words, size, "The weights explain %.0f %% of the model's behaviour (median of %d), nowhere less than %.0f %%.", median, n, floor(100 * fmax(0, t->r2.min)));
  return AUS_TRUST_GOOD;
}
