/* trust.c - how far to trust the numbers, in words that the table, the page and the docs share.
 *
 * R2 is the share of the variance of the model's answers, over the mixes evaluated and weighted as the fit
 * weights them, that the weights reproduce. Where it is low, components act together and a weight per component
 * cannot tell the whole story; Shapley values then still share the difference f(all) - f(none) out fairly. */
#include "report/report.h"

#include <math.h>
#include <stdio.h>

const char *aus_trust_fit(double r2)
{
  if (!isfinite(r2)) return "the answer is the same for every mix: there is nothing to explain";
  if (r2 >= 0.9) return "the weights describe the model well on these mixes";
  if (r2 >= 0.6) return "the weights describe the model roughly: components act together";
  return "the weights describe the model poorly: do not rest on them, see shapley, alone and without";
}

const char *aus_trust_stability(double stability, bool exhaustive)
{
  if (exhaustive) return "every mix was evaluated: nothing depends on chance";
  if (!isfinite(stability)) return "stability over seeds was not measured";
  if (stability >= 0.9) return "other seeds give the same order";
  if (stability >= 0.6) return "other seeds change the order somewhat: draw more samples";
  return "other seeds give another order: draw many more samples";
}

aus_trust aus_trust_verdict(const aus_explanation *e, const aus_target_explanation *t, char *words, size_t size)
{
  const double share = 100 * fmax(0, t->r2), sure = t->stability;
  if (!isfinite(t->r2)) {
    snprintf(words, size, "The model's answer is the same for every mix: there is nothing to explain.");
    return AUS_TRUST_NONE;
  }
  if (t->r2 < 0.6) {
    snprintf(words, size, "The weights explain %.0f %% of the model's behaviour here: do not trust them.", share);
    return AUS_TRUST_POOR;
  }
  if (!e->exhaustive && isfinite(sure) && sure < 0.6) {
    snprintf(words, size, "Other seeds give another order of the parts (agreement %.2f): do not trust it.", sure);
    return AUS_TRUST_POOR;
  }
  const bool fair = t->r2 < 0.9, shaky = !e->exhaustive && !(sure >= 0.9);
  snprintf(words, size, "The weights explain %.0f %% of the model's behaviour here%s%s.", share, fair ? "; the rest is parts acting together" : "",
           e->exhaustive ? ", and every mix was tried" : shaky ? "; other seeds shift the order somewhat" : ", and other seeds give the same order");
  return fair || shaky ? AUS_TRUST_FAIR : AUS_TRUST_GOOD;
}

bool aus_trust_additive(const aus_target_explanation *t)
{
  return isfinite(t->additivity_gap) && fabs(t->additivity_gap) <= 1e-5;
}

double aus_component_value(const aus_weight *w) { return isfinite(w->shapley) ? w->shapley : w->weight; }

void aus_rank_components(const aus_target_explanation *t, int32_t n, int32_t *order)
{
  for (int32_t i = 0; i < n; i++) {
    const double v = fabs(aus_component_value(&t->weight[i]));
    int32_t at = i;
    for (; at > 0 && fabs(aus_component_value(&t->weight[order[at - 1]])) < v; at--) order[at] = order[at - 1];
    order[at] = i;
  }
}
