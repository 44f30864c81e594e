/* stems_loss.c - the three losses of Cerberus [Manilow20], per item, each without a unit so that weights mean the same for loud and soft.
 *
 * With X the mix, t_j what is wanted of stem j (the truncated phase-sensitive approximation [Erdogan15]), m_j the masks:
 *
 *   masks       sum |m_j |X| - t_j| / sum |X|     or with squares in both sums
 *   embedding   deep clustering [Hershey16]: rows v_i of unit norm, y_i the loudest stem as a unit vector, both times w_i = sqrt(n |X_i| / sum |X|):
 *               ( |V'V|^2 - 2 |V'Y|^2 + |Y'Y|^2 ) / (sum w^2)^2
 *   notes       binary cross-entropy over frames, stems and pitches
 *
 * d/dV |V'V|^2 = 4 V (V'V),  d/dV |V'Y|^2 = 2 Y (Y'V). */
#include "train/stems.h"

#include <math.h>
#include <string.h>

enum { MOST_D = 64 };

int64_t aus_stems_numbers(const aus_stems_shape *s)
{
  return s->stems * s->frames * s->bins + s->frames * s->bins * s->embedding + s->frames * s->stems * s->pitches;
}

static double masks(const aus_stems_shape *s, bool squared, const aus_stems_truth *t, const float *m, double scale, float *diff)
{
  const int64_t places = s->frames * s->bins;
  double all = 0, sum = 0;
  for (int64_t i = 0; i < places; i++) all += squared ? (double)t->level[i] * t->level[i] : t->level[i];
  if (!(all > 0)) all = 1; /* silence: any mask will do */
  for (int64_t j = 0; j < s->stems; j++)
    for (int64_t i = 0; i < places; i++) {
      const double x = t->level[i], d = m[j * places + i] * x - t->target[j * places + i];
      sum += squared ? d * d : fabs(d);
      diff[j * places + i] = (float)(scale * x * (squared ? 2 * d : (double)((d > 0) - (d < 0))) / all);
    }
  return sum / all;
}

/* gram[D][D] = V'W^2V, cross[D][J] = V'W^2Y, counts[J] = Y'W^2Y's diagonal. */
typedef struct sums { double gram[MOST_D][MOST_D], cross[MOST_D][AUS_STEMS_MOST], counts[AUS_STEMS_MOST], level; } sums;

static void gather(const aus_stems_shape *s, const aus_stems_truth *t, const float *v, sums *g)
{
  const int64_t places = s->frames * s->bins, D = s->embedding;
  memset(g, 0, sizeof *g);
  for (int64_t i = 0; i < places; i++) g->level += t->level[i];
  if (!(g->level > 0)) return;
  for (int64_t i = 0; i < places; i++, v += D) {
    const double w = (double)places * t->level[i] / g->level; /* w^2 */
    for (int64_t a = 0; a < D; a++)
      for (int64_t b = 0; b <= a; b++) g->gram[a][b] += w * v[a] * v[b];
    if (t->loudest[i] >= s->stems) continue;
    for (int64_t a = 0; a < D; a++) g->cross[a][t->loudest[i]] += w * v[a];
    g->counts[t->loudest[i]] += w;
  }
  for (int64_t a = 0; a < D; a++)
    for (int64_t b = 0; b < a; b++) g->gram[b][a] = g->gram[a][b];
}

static double clusters(const aus_stems_shape *s, const aus_stems_truth *t, const float *v, double scale, float *diff)
{
  const int64_t places = s->frames * s->bins, D = s->embedding;
  const double n = (double)places * (double)places;
  sums g;
  double loss = 0;
  gather(s, t, v, &g);
  for (int64_t a = 0; a < D; a++) {
    for (int64_t b = 0; b < D; b++) loss += g.gram[a][b] * g.gram[a][b];
    for (int64_t j = 0; j < s->stems; j++) loss -= 2 * g.cross[a][j] * g.cross[a][j];
  }
  for (int64_t j = 0; j < s->stems; j++) loss += g.counts[j] * g.counts[j];
  for (int64_t i = 0; i < places; i++)
    for (int64_t a = 0; a < D; a++) {
      double d = 0;
      for (int64_t b = 0; b < D; b++) d += v[i * D + b] * g.gram[b][a];
      if (t->loudest[i] < s->stems) d -= g.cross[a][t->loudest[i]];
      const double w = g.level > 0 ? (double)places * t->level[i] / g.level : 0;
      diff[i * D + a] = (float)(scale * 4 * w * d / n);
    }
  return loss / n;
}

static double notes(const aus_stems_shape *s, const aus_stems_truth *t, const float *x, double scale, float *diff)
{
  const int64_t n = s->frames * s->stems * s->pitches;
  double loss = 0;
  for (int64_t i = 0; i < n; i++) {
    const double v = x[i], e = exp(-fabs(v)), p = v >= 0 ? 1 / (1 + e) : e / (1 + e);
    loss += (v > 0 ? v : 0) + log1p(e) - (t->notes[i] ? v : 0);
    diff[i] = (float)(scale * (p - t->notes[i]) / (double)n);
  }
  return loss / (double)n;
}

double aus_stems_loss(const aus_stems_shape *s, const aus_stems_weights *w, const aus_stems_truth *t, const float *heads, double scale, float *diff, double part[3])
{
  const int64_t places = s->frames * s->bins;
  double got[3] = { masks(s, w->squared, t, heads, scale * w->mask, diff), 0, 0 };
  heads += s->stems * places;
  diff += s->stems * places;
  if (s->embedding) got[1] = clusters(s, t, heads, scale * w->embedding, diff);
  heads += places * s->embedding;
  diff += places * s->embedding;
  if (s->pitches) got[2] = notes(s, t, heads, scale * w->notes, diff);
  if (part) memcpy(part, got, sizeof got);
  return w->mask * got[0] + w->embedding * got[1] + w->notes * got[2];
}
