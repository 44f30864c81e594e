/* whatif.c - the smallest sufficient and the smallest necessary set of parts, among the mixes that were asked about: when
 * all were, among all there are. Cost: one pass over the table. */
#include "report/whatif.h"

#include <math.h>

void aus_whatif_find(const aus_explanation *e, int32_t target, aus_whatif *enough, aus_whatif *gone)
{
  const aus_target_explanation *t = &e->target[target];
  const double rise = t->score - t->score_none;
  const int32_t n = e->n_components;
  int32_t fewest_on = n, fewest_off = n;
  *enough = *gone = (aus_whatif){ -1, NAN };
  if (!(rise > 0) || !isfinite(rise)) return;
  for (int64_t r = 0; r < e->n_rows; r++) {
    const double y = e->y[r * e->n_targets + target];
    int32_t on = 0;
    for (int32_t i = 0; i < n; i++) on += e->z[r * n + i] != 0;
    if (y >= t->score_none + 0.9 * rise && on > 0 && (on < fewest_on || (on == fewest_on && enough->row >= 0 && y > enough->answer))) {
      *enough = (aus_whatif){ r, y };
      fewest_on = on;
    }
    if (y <= t->score_none + 0.5 * rise && on < n && (n - on < fewest_off || (n - on == fewest_off && gone->row >= 0 && y < gone->answer))) {
      *gone = (aus_whatif){ r, y };
      fewest_off = n - on;
    }
  }
}
