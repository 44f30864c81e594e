/* trust.c - how far to trust the numbers, in words that the table, the page and the docs share.
 *
 * R2 is the share of the variance of the model's answers, over the mixes evaluated and weighted as the fit
 * weights them, that the weights reproduce. Where it is low, components act together and a weight per component
 * cannot tell the whole story; Shapley values then still share the difference f(all) - f(none) out fairly. */
#include "report/number.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

bool aus_trust_of_map(const aus_target_explanation *t) { return t->map.frames > 0 && !isfinite(t->r2); }

/* Whether the model was shown what the map marks: parts 0 and 1 are cut from the first target's map. */
static bool was_heard(const aus_explanation *e, const aus_target_explanation *t)
{
  return t == e->target && e->n_components == 3 && strcmp(e->component[0], "positive") == 0 && isfinite(t->weight[0].alone) && isfinite(t->weight[1].alone) && isfinite(t->weight[0].without);
}

/* A map says where evidence lies. The model itself is asked: does it say more to what is marked for than to what is marked
 * against, and less without it? Both differences, the smaller one, against the answer. */
static aus_trust verdict_on_map(const aus_explanation *e, const aus_target_explanation *t, char *words, size_t size)
{
  char plus[AUS_NUMBER], minus[AUS_NUMBER], gone[AUS_NUMBER];
  if (!was_heard(e, t)) {
    snprintf(words, size, e->n_targets > 1 && t != e->target && was_heard(e, e->target) ? "Not tested: only what the first answer's map marks was played to the model. Explain this answer alone to test it."
                                                        : "Nothing here says how well this map fits the model: auscult evaluate measures it.");
    return AUS_TRUST_NONE;
  }
  const aus_weight *p = &t->weight[0], *n = &t->weight[1];
  const double margin = fmin(p->alone - n->alone, n->without - p->without) / fmax(fabs(t->raw_score), 1e-12);
  aus_number_text(plus, p->alone, 3);
  aus_number_text(minus, n->alone, 3);
  aus_number_text(gone, p->without, 3);
  snprintf(words, size, "Tested on the model: it says %s to what the map marks for, %s to what it marks against, %s without the first%s", plus, minus, gone,
           margin >= 0.5 ? ": the map finds what matters." : margin >= 0.15 ? ": the map is roughly right." : ": the map does not find what matters, do not trust it.");
  return margin >= 0.5 ? AUS_TRUST_GOOD : margin >= 0.15 ? AUS_TRUST_FAIR : AUS_TRUST_POOR;
}

aus_trust aus_trust_verdict(const aus_explanation *e, const aus_target_explanation *t, char *words, size_t size)
{
  const double share = 100 * fmax(0, t->r2), sure = t->stability;
  if (aus_trust_of_map(t)) return verdict_on_map(e, t, words, size);
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
