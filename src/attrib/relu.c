/* relu.c - two ways back that differ from the gradient at ReLUs only.
 *
 *   guided   diff_src = max(diff_dst, 0) where src > 0     guided backpropagation [Springenberg15]
 *   deconv   diff_src = max(diff_dst, 0)                   deconvolution [Zeiler14]
 *
 * Other activations keep their gradient, as in captum and zennit. */
#include "attrib/attrib.h"
#include "attrib/relu.h"

static void clear_negative(const aus_visit *v, bool where_on)
{
  const int64_t n = aus_shape_count(&v->call->in[0].shape);
  const float *x = v->call->in[0].data;
  for (int32_t l = 0; l < v->lanes; l++) {
    const float *dst = v->diff_dst[l];
    float *src = v->diff_src[l];
    for (int64_t i = 0; i < n; i++) src[i] = dst[i] > 0 && (!where_on || x[i] > 0) ? dst[i] : 0;
  }
}

static void guided_apply(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  clear_negative(v, true);
}

static void deconv_apply(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  clear_negative(v, false);
}

static const aus_rule guided_rule = { .name = "guided", .apply = guided_apply }, deconv_rule = { .name = "deconvolution", .apply = deconv_apply };

typedef struct choice { const aus_rule *rule; int32_t relus; } choice;

static const aus_rule *rule_of(void *user, const aus_run *run, const aus_step *step)
{
  choice *c = user;
  (void)run;
  if (step->call.op != AUS_OP_relu) return NULL;
  c->relus++;
  return c->rule;
}

static aus_status back(const aus_question *q, const aus_rule *rule, float *value, aus_attribution *out)
{
  aus_walk *walk;
  choice c = { rule, 0 };
  AUS_TRY(aus_question_walk(q, (aus_walk_config){ .rule_of = rule_of, .user = &c }, &walk));
  const aus_status status = aus_question_gradient(q, walk, q->x, value, NULL);
  if (c.relus == 0) aus_attribution_note(out, "there is no ReLU on the way: this is the plain gradient");
  aus_walk_destroy(walk);
  return status;
}

aus_status aus_question_guided(const aus_question *q, float *value, aus_attribution *out) { return back(q, &guided_rule, value, out); }

static aus_status guided(const aus_question *q, aus_attribution *out) { return back(q, &guided_rule, out->value[0], out); }
static aus_status deconv(const aus_question *q, aus_attribution *out) { return back(q, &deconv_rule, out->value[0], out); }

const aus_method aus_method_guided = {
  "guided", "gradient", "guided backpropagation", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, guided
};
const aus_method aus_method_deconv = {
  "deconv", "gradient", "deconvolution (deconvnet)", AUS_METHOD_WHITE_BOX | AUS_METHOD_ANY_LAYER, deconv
};
