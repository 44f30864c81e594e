/* theta.c - Theta, the part that answers as the classifier does, from H alone; and the loss that both learn from [Parekh22, sec. 3.3].
 *
 *   attention   u_t = tanh(V h_t + b) * relu(U h_t + b'),  e_t = w u_t + b'',  a = softmax over t,  z = sum_t a_t h_t
 *   max         z_k = max_t H[k, t]
 *   logits      Theta z, without bias: so logit c is the sum of theta_ck z_k, and each atom's part in it is known
 *
 * The gate has a ReLU where [Ilse18] has a sigmoid: so the authors' program. Dropout lies on what V and U read, drawn for each apart; for
 * max pooling on z.
 *
 *   terms = [ L_FID, sum (X - W H)^2, sum |H| ]
 *   L_FID   cross-entropy of softmax(logits) against the classifier's probabilities, mean over the batch; for independent scores the
 *           mean over batch and classes of softplus(y) - t y, the binary one */
#include "l2i/graph.h"

enum { HIDDEN = 256, BATCH = 1, ALL_2 = 3, ALL_3 = 7 };

static int32_t drop(aus_l2i_net *n, const aus_l2i_spec *s, const char *name, int32_t x)
{
  return s->dropout > 0 ? aus_l2i_node(n, AUS_OP_dropout, name, 1, &x, 1, &(aus_word){ .f = (float)s->dropout }) : x;
}

static void attend(aus_l2i_net *n, const aus_l2i_spec *s, aus_l2i_values *v)
{
  const int32_t k = s->atoms;
  const int32_t turned = aus_l2i_node(n, AUS_OP_transpose, "theta.turn", 1, &v->h, 3, (const aus_word[]){ { 0 }, { 2 }, { 1 } });
  const int32_t left = aus_l2i_unary(n, AUS_OP_tanh, "theta.v.tanh", aus_l2i_linear(n, "theta.v", drop(n, s, "theta.v.drop", turned), k, HIDDEN, true));
  const int32_t right = aus_l2i_unary(n, AUS_OP_relu, "theta.u.relu", aus_l2i_linear(n, "theta.u", drop(n, s, "theta.u.drop", turned), k, HIDDEN, true));
  const int32_t e = aus_l2i_linear(n, "theta.w", aus_l2i_binary(n, AUS_OP_mul, "theta.gate", left, right), HIDDEN, 1, true);
  v->attention = aus_l2i_node(n, AUS_OP_softmax, "attention", 1, &e, 1, &(aus_word){ 1 });
  const int32_t z = aus_l2i_node(n, AUS_OP_matmul, "theta.sum", 2, (const int32_t[]){ v->h, v->attention }, 3, (const aus_word[]){ { 0 }, { 0 }, { .f = 1 } });
  v->z = aus_l2i_node(n, AUS_OP_reshape, "z", 1, &z, 2, (const aus_word[]){ { 0 }, { -1 } });
  v->logits = aus_l2i_linear(n, "theta", v->z, k, s->classes, false);
}

void aus_l2i_theta(aus_l2i_net *n, const aus_l2i_spec *s, aus_l2i_values *v)
{
  v->attention = AUS_NO_VALUE;
  if (!s->max_pooling) { attend(n, s, v); return; }
  v->z = aus_l2i_node(n, AUS_OP_reduce_max, "z", 1, &v->h, 2, (const aus_word[]){ { 4 }, { 0 } });
  v->logits = aus_l2i_linear(n, "theta", drop(n, s, "theta.drop", v->z), s->atoms, s->classes, false);
}

static aus_l2i_values both(aus_l2i_net *n, const aus_l2i_spec *s)
{
  aus_l2i_values v = { .h = aus_l2i_psi(n, s) };
  aus_l2i_theta(n, s, &v);
  return v;
}

void aus_l2i_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const aus_l2i_values v = both(n, s);
  aus_builder_output(n->b, v.logits);
  aus_builder_output(n->b, v.z);
  aus_builder_output(n->b, v.h);
  if (v.attention != AUS_NO_VALUE) aus_builder_output(n->b, v.attention);
}

int32_t aus_l2i_fidelity(aus_l2i_net *n, const aus_l2i_spec *s, int32_t logits, int32_t target)
{
  if (s->sigmoid) {
    const int32_t agree = aus_l2i_binary(n, AUS_OP_mul, "fidelity.agree", target, logits);
    return aus_l2i_reduce(n, AUS_OP_reduce_mean, "fidelity", aus_l2i_binary(n, AUS_OP_sub, "fidelity.each", aus_l2i_unary(n, AUS_OP_softplus, "fidelity.all", logits), agree), ALL_2, true);
  }
  const int32_t log_p = aus_l2i_node(n, AUS_OP_log_softmax, "fidelity.log", 1, &logits, 1, &(aus_word){ 1 });
  const int32_t clip = aus_l2i_reduce(n, AUS_OP_reduce_sum, "fidelity.clip", aus_l2i_binary(n, AUS_OP_mul, "fidelity.agree", target, log_p), 2, true);
  return aus_l2i_unary(n, AUS_OP_neg, "fidelity", aus_l2i_reduce(n, AUS_OP_reduce_mean, "fidelity.mean", clip, BATCH, true));
}

void aus_l2i_training_graph(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const aus_l2i_values v = both(n, s);
  const int32_t x = aus_builder_input(n->b, "x", 3, (const int32_t[]){ -1, s->bins, (int32_t)s->frames });
  const int32_t target = aus_builder_input(n->b, "target", 2, (const int32_t[]){ -1, s->classes });
  const int32_t w = aus_l2i_param(n, "dictionary", "w", 2, (const int32_t[]){ s->bins, s->atoms }, 1);
  const int32_t made = aus_l2i_node(n, AUS_OP_matmul, "made", 2, (const int32_t[]){ w, v.h }, 3, (const aus_word[]){ { 0 }, { 0 }, { .f = 1 } });
  const int32_t missing = aus_l2i_binary(n, AUS_OP_sub, "missing", x, made);
  const int32_t term[] = { aus_l2i_flat(n, "term.fidelity", aus_l2i_fidelity(n, s, v.logits, target)),
                           aus_l2i_flat(n, "term.reconstruction", aus_l2i_reduce(n, AUS_OP_reduce_sum_square, "reconstruction", missing, ALL_3, true)),
                           aus_l2i_flat(n, "term.sparsity", aus_l2i_reduce(n, AUS_OP_reduce_l1, "sparsity", v.h, ALL_3, true)) };
  aus_builder_output(n->b, aus_l2i_node(n, AUS_OP_concat, "terms", 3, term, 1, &(aus_word){ 0 }));
  aus_builder_output(n->b, v.logits);
}
