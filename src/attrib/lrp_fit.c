/* lrp_fit.c - which rule a node gets: what family its op belongs to, which rules fit the family, which lines speak of it.
 *
 * Of the lines that speak of a node the most particular one counts: its name, then `first` and `first_conv`, `front`, its op, a group of ops,
 * `all`; among equals the file's line before the preset's, and the earlier one. Without a line the family's default. */
#include "attrib/lrp_node.h"

#include <string.h>

/* ---- families ------------------------------------------------------------------------------------------------- */

static const aus_lrp_family family_of_op[] = {
  [AUS_OP_conv] = AUS_LRP_LINEAR, [AUS_OP_conv_transpose] = AUS_LRP_LINEAR, [AUS_OP_linear] = AUS_LRP_LINEAR, [AUS_OP_matmul] = AUS_LRP_LINEAR,
  [AUS_OP_batch_norm] = AUS_LRP_BATCHNORM, [AUS_OP_layer_norm] = AUS_LRP_NORMALISE, [AUS_OP_instance_norm] = AUS_LRP_NORMALISE, [AUS_OP_group_norm] = AUS_LRP_NORMALISE,
  [AUS_OP_max_pool] = AUS_LRP_MAXPOOL, [AUS_OP_adaptive_max_pool] = AUS_LRP_MAXPOOL, [AUS_OP_avg_pool] = AUS_LRP_MEAN, [AUS_OP_adaptive_avg_pool] = AUS_LRP_MEAN,
  [AUS_OP_relu] = AUS_LRP_ELEMENT, [AUS_OP_leaky_relu] = AUS_LRP_ELEMENT, [AUS_OP_elu] = AUS_LRP_ELEMENT, [AUS_OP_sigmoid] = AUS_LRP_ELEMENT, [AUS_OP_tanh] = AUS_LRP_ELEMENT,
  [AUS_OP_gelu] = AUS_LRP_ELEMENT, [AUS_OP_softplus] = AUS_LRP_ELEMENT, [AUS_OP_hard_sigmoid] = AUS_LRP_ELEMENT, [AUS_OP_clip] = AUS_LRP_ELEMENT, [AUS_OP_exp] = AUS_LRP_ELEMENT,
  [AUS_OP_log] = AUS_LRP_ELEMENT, [AUS_OP_sqrt] = AUS_LRP_ELEMENT, [AUS_OP_erf] = AUS_LRP_ELEMENT, [AUS_OP_abs] = AUS_LRP_ELEMENT, [AUS_OP_neg] = AUS_LRP_ELEMENT,
  [AUS_OP_sin] = AUS_LRP_ELEMENT, [AUS_OP_cos] = AUS_LRP_ELEMENT, [AUS_OP_reciprocal] = AUS_LRP_ELEMENT, [AUS_OP_silu] = AUS_LRP_ELEMENT, [AUS_OP_floor] = AUS_LRP_ELEMENT,
  [AUS_OP_ceil] = AUS_LRP_ELEMENT, [AUS_OP_round] = AUS_LRP_ELEMENT, [AUS_OP_sign] = AUS_LRP_ELEMENT, [AUS_OP_selu] = AUS_LRP_ELEMENT, [AUS_OP_softsign] = AUS_LRP_ELEMENT,
  [AUS_OP_atan] = AUS_LRP_ELEMENT, [AUS_OP_hard_swish] = AUS_LRP_ELEMENT, [AUS_OP_thresholded_relu] = AUS_LRP_ELEMENT, [AUS_OP_prelu] = AUS_LRP_ELEMENT,
  [AUS_OP_add] = AUS_LRP_SUM, [AUS_OP_sub] = AUS_LRP_SUM, [AUS_OP_mul] = AUS_LRP_PRODUCT, [AUS_OP_div] = AUS_LRP_RATIO, [AUS_OP_pow] = AUS_LRP_UNKNOWN,
  [AUS_OP_max] = AUS_LRP_MAX, [AUS_OP_min] = AUS_LRP_MAX,
  [AUS_OP_greater] = AUS_LRP_TEST, [AUS_OP_less] = AUS_LRP_TEST, [AUS_OP_equal] = AUS_LRP_TEST, [AUS_OP_greater_equal] = AUS_LRP_TEST, [AUS_OP_less_equal] = AUS_LRP_TEST,
  [AUS_OP_where] = AUS_LRP_MOVE, [AUS_OP_softmax] = AUS_LRP_SOFTMAX, [AUS_OP_log_softmax] = AUS_LRP_UNKNOWN,
  [AUS_OP_reduce_sum] = AUS_LRP_MEAN, [AUS_OP_reduce_mean] = AUS_LRP_MEAN, [AUS_OP_reduce_max] = AUS_LRP_MAX, [AUS_OP_reduce_min] = AUS_LRP_MAX, [AUS_OP_reduce_prod] = AUS_LRP_MEAN,
  [AUS_OP_reduce_l1] = AUS_LRP_MEAN, [AUS_OP_reduce_l2] = AUS_LRP_MEAN, [AUS_OP_reduce_sum_square] = AUS_LRP_MEAN, [AUS_OP_reduce_log_sum_exp] = AUS_LRP_UNKNOWN,
  [AUS_OP_concat] = AUS_LRP_MOVE, [AUS_OP_slice] = AUS_LRP_MOVE, [AUS_OP_reshape] = AUS_LRP_MOVE, [AUS_OP_transpose] = AUS_LRP_MOVE, [AUS_OP_pad] = AUS_LRP_MOVE,
  [AUS_OP_expand] = AUS_LRP_MOVE, [AUS_OP_tile] = AUS_LRP_MOVE, [AUS_OP_gather] = AUS_LRP_MOVE, [AUS_OP_cumsum] = AUS_LRP_MEAN, [AUS_OP_resize] = AUS_LRP_MEAN,
  [AUS_OP_depth_to_space] = AUS_LRP_MOVE, [AUS_OP_space_to_depth] = AUS_LRP_MOVE, [AUS_OP_identity] = AUS_LRP_MOVE, [AUS_OP_scatter_rows] = AUS_LRP_MOVE,
  [AUS_OP_lstm] = AUS_LRP_RECURRENT, [AUS_OP_gru] = AUS_LRP_RECURRENT, [AUS_OP_rnn] = AUS_LRP_RECURRENT, [AUS_OP_attention] = AUS_LRP_ATTENTION,
};

enum { N_OPS = sizeof family_of_op / sizeof *family_of_op };

bool aus_lrp_is_computed(const aus_lrp *lrp, int32_t slot) { return slot != AUS_NO_VALUE && lrp->computed[slot]; }

/* What two operands make of it: which of them are computed from an input. */
static aus_lrp_family family_of_two(aus_lrp_family f, int32_t op, bool a, bool b)
{
  switch (f) {
  case AUS_LRP_LINEAR: return a && b ? AUS_LRP_BILINEAR : a || op == AUS_OP_matmul ? f : AUS_LRP_UNKNOWN;
  case AUS_LRP_PRODUCT: return a && b ? f : AUS_LRP_SCALE;
  case AUS_LRP_RATIO: return b ? f : AUS_LRP_SCALE;
  case AUS_LRP_MAX: return a && b ? f : AUS_LRP_ELEMENT;
  default: return op == AUS_OP_pow && !b ? AUS_LRP_ELEMENT : f;
  }
}

aus_lrp_family aus_lrp_family_of(const aus_lrp *lrp, const aus_step *step)
{
  const int32_t op = step->call.op;
  if (op < 0 || op >= N_OPS) return AUS_LRP_UNKNOWN;
  const aus_lrp_family f = family_of_op[op];
  if (op == AUS_OP_resize && step->call.attr[0].i == 0) return AUS_LRP_MOVE;
  if (step->call.n_in < 2 || op == AUS_OP_reduce_max || op == AUS_OP_reduce_min) return f;
  return family_of_two(f, op, aus_lrp_is_computed(lrp, step->in_value[0]), aus_lrp_is_computed(lrp, step->in_value[1]));
}

/* ---- what fits, the default first ------------------------------------------------------------------------------- */

#define END AUS_LRP_N_KINDS /* (of the type of the kinds, not one of its own) */
enum { MOST_FITTING = 11 };
typedef struct fitting { aus_lrp_kind kind[MOST_FITTING]; double eps; } fitting;

static const fitting fits[AUS_LRP_N_FAMILIES] = {
  [AUS_LRP_LINEAR] = { { AUS_LRP_EPSILON, AUS_LRP_ZERO, AUS_LRP_GAMMA, AUS_LRP_GAMMA_CLASSIC, AUS_LRP_ZPLUS, AUS_LRP_WPLUS, AUS_LRP_ALPHABETA, AUS_LRP_WSQUARE, AUS_LRP_FLAT, AUS_LRP_BOX, AUS_LRP_PASS }, 1e-6 },
  [AUS_LRP_BILINEAR] = { { AUS_LRP_HALF, AUS_LRP_SIGNAL, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_SUM] = { { AUS_LRP_NORM, AUS_LRP_PASS, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_PRODUCT] = { { AUS_LRP_SIGNAL, AUS_LRP_HALF, AUS_LRP_PROP, AUS_LRP_ABS, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_SCALE] = { { AUS_LRP_PASS, AUS_LRP_NORM, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_RATIO] = { { AUS_LRP_SIGNAL, AUS_LRP_HALF, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_ELEMENT] = { { AUS_LRP_PASS, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 0 },
  [AUS_LRP_MEAN] = { { AUS_LRP_NORM, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_MAXPOOL] = { { AUS_LRP_WINNER, AUS_LRP_SPLIT, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 0 },
  [AUS_LRP_MAX] = { { AUS_LRP_WINNER, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 0 },
  [AUS_LRP_MOVE] = { { AUS_LRP_PASS, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 0 },
  [AUS_LRP_BATCHNORM] = { { AUS_LRP_FOLD, AUS_LRP_NORM, AUS_LRP_PASS, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_NORMALISE] = { { AUS_LRP_DETACH, AUS_LRP_PASS, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-6 },
  [AUS_LRP_SOFTMAX] = { { AUS_LRP_TAYLOR, AUS_LRP_STOP, AUS_LRP_PASS, AUS_LRP_GRADIENT, END }, 0 },
  [AUS_LRP_ATTENTION] = { { AUS_LRP_ATTNLRP, AUS_LRP_CPLRP, AUS_LRP_GRADIENT, AUS_LRP_STOP, END }, 1e-8 },
  [AUS_LRP_RECURRENT] = { { AUS_LRP_SIGNAL, AUS_LRP_PROP, AUS_LRP_HALF, AUS_LRP_ABS, END }, 1e-3 },
  [AUS_LRP_TEST] = { { AUS_LRP_STOP, END }, 0 },
  [AUS_LRP_UNKNOWN] = { { END }, 0 },
};

/* What a rules file may ask for on an op that has no rule of its own. */
static const aus_lrp_kind on_request[] = { AUS_LRP_PASS, AUS_LRP_GRADIENT, AUS_LRP_STOP };

static bool fits_family(aus_lrp_family family, aus_lrp_kind kind)
{
  for (int i = 0; i < MOST_FITTING && fits[family].kind[i] != END; i++) if (fits[family].kind[i] == kind) return true;
  for (int i = 0; family == AUS_LRP_UNKNOWN && i < 3; i++) if (on_request[i] == kind) return true;
  return false;
}

static aus_lrp_spec default_of(aus_lrp_family family)
{
  const aus_lrp_kind kind = fits[family].kind[0];
  const bool unsigned_eps = family == AUS_LRP_ATTENTION;
  return (aus_lrp_spec){ .kind = kind, .eps = fits[family].eps, .stab = unsigned_eps ? AUS_LRP_UNSIGNED : AUS_LRP_SIGNED, .rest = AUS_LRP_NORM };
}

/* ---- keys ------------------------------------------------------------------------------------------------------------ */

/* Groups of ops; `linear` and `matmul` are told apart by whether both operands are computed. */
static const char *group_of(const aus_lrp_node *n)
{
  switch (n->family) {
  case AUS_LRP_LINEAR: return n->step->call.op == AUS_OP_conv_transpose ? "conv" : "linear";
  case AUS_LRP_BILINEAR: return "matmul";
  case AUS_LRP_SUM: return "add";
  case AUS_LRP_PRODUCT: case AUS_LRP_SCALE: return "mul";
  case AUS_LRP_RATIO: return "div";
  case AUS_LRP_ELEMENT: return "activation";
  case AUS_LRP_MEAN: return "average";
  case AUS_LRP_MAXPOOL: return "max_pool";
  case AUS_LRP_NORMALISE: return "norm";
  case AUS_LRP_RECURRENT: return "recurrent";
  default: return n->step->op->name;
  }
}

bool aus_lrp_is_group(const char *word)
{
  static const char *const words[] = { "preset", "start", "first", "first_conv", "front", "all", "activation", "average", "norm", "recurrent" };
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) if (strcmp(words[i], word) == 0) return true;
  return aus_op_by_name(word) != NULL;
}

const char *aus_lrp_node_name(const aus_lrp_node *n) { return n->lrp->run->bundle->graph.node[n->step->node].name; }

static bool names(const aus_lrp *lrp, const aus_step *s, const char *pattern)
{
  const aus_graph *g = &lrp->run->bundle->graph;
  if (aus_lrp_matches(pattern, g->node[s->node].name)) return true;
  for (int32_t k = 0; k < s->call.n_out; k++)
    if (s->out_value[k] != AUS_NO_VALUE && s->out_value[k] < g->n_values && aus_lrp_matches(pattern, g->value[s->out_value[k]].name)) return true;
  return false;
}

bool aus_lrp_matched(const aus_lrp *lrp, const aus_lrp_line *line)
{
  for (int32_t i = 0; i < lrp->run->n_steps; i++) if (names(lrp, &lrp->run->step[i], line->key)) return true;
  return false;
}

/* How particular a line is about the node; 0: it says nothing of it. */
static int32_t rank(const aus_lrp_node *n, const aus_lrp_line *line, aus_lrp_stand stand)
{
  const bool linear = n->family == AUS_LRP_LINEAR, by_constant = linear && n->step->call.op == AUS_OP_matmul;
  int32_t r = 0;
  if (line->pattern) r = names(n->lrp, n->step, line->key) ? 6 : 0;
  else if (strcmp(line->key, "first") == 0) r = stand.first ? 5 : 0;
  else if (strcmp(line->key, "first_conv") == 0) r = stand.first_conv ? 5 : 0;
  else if (strcmp(line->key, "front") == 0) r = stand.front ? 4 : 0;
  else if (strcmp(line->key, "all") == 0) r = linear ? 1 : 0;
  else if (strcmp(line->key, n->step->op->name) == 0 && !by_constant) r = 3; /* (matmul by a constant is `linear`) */
  else if (strcmp(line->key, group_of(n)) == 0) r = 2;
  return r ? 2 * r + !line->preset : 0;
}

/* A group may hold nodes that its rule does not fit (`mul = half`, and one factor is a constant): those keep their default. */
static bool silent(const aus_lrp_node *n, const aus_lrp_line *line)
{
  return !line->pattern && ((n->family == AUS_LRP_SCALE && fits_family(AUS_LRP_PRODUCT, line->spec.kind)) ||
                            (n->family == AUS_LRP_SCALE && fits_family(AUS_LRP_RATIO, line->spec.kind)) ||
                            (n->family == AUS_LRP_ELEMENT && fits_family(AUS_LRP_MAX, line->spec.kind)) ||
                            (n->family == AUS_LRP_MOVE && fits_family(AUS_LRP_MEAN, line->spec.kind)));
}

static aus_status misfit(const aus_lrp_node *n, const aus_lrp_line *line, const char *file)
{
  char list[160] = "";
  for (int i = 0; i < MOST_FITTING && fits[n->family].kind[i] != END; i++) {
    const char *name = aus_lrp_kind_name(fits[n->family].kind[i]);
    if (strlen(list) + strlen(name) + 3 > sizeof list) break;
    if (i) strcat(list, ", ");
    strcat(list, name);
  }
  const aus_status status = aus_fail(n->lrp->ctx, AUS_EINVAL, "the rule %s (%s, line %d) does not fit this op; these do: %s", aus_lrp_kind_name(line->spec.kind), line->preset ? "preset" : file,
                                     (int)line->line, list[0] ? list : "pass, gradient, stop");
  return aus_step_fail(n->lrp->run, n->step, status);
}

static aus_status no_rule(const aus_lrp_node *n)
{
  const aus_status status = aus_fail(n->lrp->ctx, AUS_ENOTSUP, "LRP has no rule for this op; a line '%.60s = pass' (or gradient, or stop) in a rules file gives it one, or start behind it", aus_lrp_node_name(n));
  return aus_step_fail(n->lrp->run, n->step, status);
}

aus_status aus_lrp_choose(aus_lrp_node *n, const aus_lrp_rules *rules, const char *file, aus_lrp_stand stand)
{
  const aus_lrp_line *best = NULL;
  int32_t highest = 0;
  for (int32_t i = 0; i < rules->n; i++) {
    const int32_t r = rank(n, &rules->line[i], stand);
    if (r > highest && !silent(n, &rules->line[i])) { highest = r; best = &rules->line[i]; }
  }
  if (best && !fits_family(n->family, best->spec.kind)) return misfit(n, best, file);
  if (!best && n->family == AUS_LRP_UNKNOWN) return no_rule(n);
  n->spec = best ? best->spec : default_of(n->family);
  return AUS_OK;
}

const aus_step *aus_lrp_origin(const aus_lrp *lrp, int32_t slot)
{
  for (;;) {
    const int32_t w = slot == AUS_NO_VALUE ? -1 : lrp->run->slot[slot].writer;
    if (w < 0) return NULL;
    const aus_step *s = &lrp->run->step[w];
    if (aus_lrp_family_of(lrp, s) != AUS_LRP_MOVE || s->call.n_in < 1) return s;
    slot = s->in_value[0];
  }
}
