/* shapley.c - exact values from all 2^d rows, in one pass and without a surrogate [Shapley53; Grabisch99].
 *
 * Sums over subsets S with and without i become one signed weight per row: with k components on,
 *   Shapley      +(k-1)!(d-k)!/d!   where i is on,  -k!(d-k-1)!/d!  where it is off
 *   Banzhaf      +-2^(1-d)
 *   interaction  u(s) = s!(d-s-2)!/(d-1)!:  +u(k-2) both on, -u(k-1) one on, +u(k) both off
 * Cost: 2^d d for the values, 2^d d^2 / 2 for the interactions. */
#include "lime/lime.h"

#include <math.h>
#include <string.h>

/* 1 / (n C(n-1, s)): the Shapley weight of a subset of s of the n - 1 others. */
static double share(int32_t n, int32_t s)
{
  double c = 1;
  for (int32_t i = 1; i <= s; i++) c = c * (n - i) / i;
  return 1 / (n * c);
}

typedef struct shares { double one[LIME_MAX_EXHAUSTIVE + 1], two[LIME_MAX_EXHAUSTIVE + 1], half; } shares;

static shares make_shares(int32_t d)
{
  shares s = { .half = ldexp(1, 1 - d) };
  for (int32_t k = 0; k < d; k++) s.one[k] = share(d, k);
  for (int32_t k = 0; k < d - 1; k++) s.two[k] = share(d - 1, k);
  return s;
}

static void add_pairs(int32_t d, const uint8_t *z, int32_t on, double f, const shares *s, double *interaction)
{
  const double both = on >= 2 ? s->two[on - 2] * f : 0, one = on >= 1 && on < d ? s->two[on - 1] * f : 0;
  const double none = on <= d - 2 ? s->two[on] * f : 0;
  const double by_on[3] = { none, -one, both };
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = i + 1; j < d; j++) interaction[i * d + j] += by_on[z[i] + z[j]];
}

/* Mirrors the upper triangle; the diagonal becomes what is left of each Shapley value: its main effect. */
static void finish_pairs(int32_t d, const aus_weight *w, double *interaction)
{
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = i + 1; j < d; j++) interaction[j * d + i] = interaction[i * d + j];
  for (int32_t i = 0; i < d; i++) {
    double main = w[i].shapley;
    for (int32_t j = 0; j < d; j++)
      if (j != i) main -= interaction[i * d + j] / 2;
    interaction[i * d + i] = main;
  }
}

void lime_shapley(const lime_table *t, int32_t label, aus_weight *w, double *interaction)
{
  const int32_t d = t->d;
  const shares s = make_shares(d);
  const double base = t->y[label]; /* row 0, the input; taken off to keep sums small */
  for (int32_t i = 0; i < d; i++) w[i].shapley = w[i].banzhaf = w[i].shapley_se = 0;
  if (interaction) memset(interaction, 0, (size_t)d * (size_t)d * sizeof *interaction);
  for (int64_t r = 0; r < t->n_nb; r++) {
    const uint8_t *z = t->z + r * d;
    const float score = t->y[r * t->labels + label];
    const double f = score - base;
    const int32_t on = lime_count(d, z);
    const double in = on ? s.one[on - 1] * f : 0, out = on < d ? s.one[on] * f : 0;
    for (int32_t i = 0; i < d; i++) {
      w[i].shapley += z[i] ? in : -out;
      w[i].banzhaf += z[i] ? s.half * f : -s.half * f;
      if (on == 1 && z[i]) w[i].alone = score;
      if (on == d - 1 && !z[i]) w[i].without = score;
    }
    if (interaction) add_pairs(d, z, on, f, &s, interaction);
  }
  if (interaction) finish_pairs(d, w, interaction);
}
