/* layer_sequence.c - layers over time: recurrent ones, self-attention, the last step. [mb, time, features] throughout. */
#include "train/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* [mb, c, h, w] -> [mb, time, the rest]; [mb, c, w] -> [mb, w, c]. */
aus_status aus_layer_sequence(aus_net *n, int32_t op)
{
  const char *time = aus_layer_option(n, "time", "h");
  const bool along_w = strcmp(time, "w") == 0;
  aus_net_value turned;
  char name[AUS_NET_NAME + 8];
  (void)op;
  AUS_TRY(aus_layer_spatial(n));
  if (!along_w && strcmp(time, "h") != 0) return aus_layer_bad(n, "time: want h or w");
  if (n->at.shape.rank == 3) return aus_layer_unary(n, AUS_OP_transpose, 3, (aus_word[]){ { 0 }, { 2 }, { 1 } });
  snprintf(name, sizeof name, "%s.turn", n->name);
  const aus_word h[] = { { 0 }, { 2 }, { 1 }, { 3 } }, w[] = { { 0 }, { 3 }, { 1 }, { 2 } };
  AUS_TRY(aus_layer_emit(n, AUS_OP_transpose, name, 1, &n->at, 4, along_w ? w : h, &turned));
  return aus_layer_emit(n, AUS_OP_reshape, n->name, 1, &turned, 3, (aus_word[]){ { 0 }, { 0 }, { -1 } }, &n->at);
}

static aus_status is_sequence(const aus_net *n)
{
  char text[96];
  return n->at.shape.rank == 3 ? AUS_OK : aus_layer_bad(n, "wants [batch, time, features], here is %s (put `sequence` before it)", aus_shape_text(&n->at.shape, text));
}

aus_status aus_layer_last(aus_net *n, int32_t op)
{
  aus_net_value last;
  char name[AUS_NET_NAME + 8];
  AUS_TRY(is_sequence(n));
  snprintf(name, sizeof name, "%s.slice", n->name);
  const int32_t end = INT32_MAX;
  const aus_word words[] = { { 0 }, { end }, { 1 }, { -1 }, { end }, { 1 }, { 0 }, { end }, { 1 } };
  AUS_TRY(aus_layer_emit(n, op, name, 1, &n->at, 9, words, &last));
  return aus_layer_emit(n, AUS_OP_reshape, n->name, 1, &last, 2, (aus_word[]){ { 0 }, { -1 } }, &n->at);
}

aus_status aus_layer_recurrent(aus_net *n, int32_t op)
{
  int32_t hidden, both;
  AUS_TRY(is_sequence(n));
  AUS_TRY(aus_layer_number(n, "units", aus_layer_word(n, 1), 1, 1 << 16, &hidden));
  AUS_TRY(aus_layer_flag(n, "both", "no", &both));
  const int64_t gates = op == AUS_OP_lstm ? 4 : op == AUS_OP_gru ? 3 : 1, dirs = both ? 2 : 1, features = n->at.shape.dim[2];
  const aus_init init = { AUS_INIT_UNIFORM, 1 / sqrt(hidden) };
  aus_net_value in[4] = { n->at };
  AUS_TRY(aus_layer_param(n, "w", 3, (int64_t[]){ dirs, gates * hidden, features }, &init, &in[1]));
  AUS_TRY(aus_layer_param(n, "r", 3, (int64_t[]){ dirs, gates * hidden, hidden }, &init, &in[2]));
  AUS_TRY(aus_layer_param(n, "bias", 2, (int64_t[]){ dirs, 2 * gates * hidden }, &init, &in[3]));
  const aus_word attr[] = { { hidden }, { both ? 2 : 0 }, { 1 }, { op == AUS_OP_gru } };
  return aus_layer_emit(n, op, n->name, 4, in, op == AUS_OP_gru ? 4 : 3, attr, &n->at);
}

/* Self-attention with its four projections [Vaswani17]. */
aus_status aus_layer_attention(aus_net *n, int32_t op)
{
  static const char *const part[] = { "query", "key", "value" };
  int32_t heads;
  char name[AUS_NET_NAME];
  aus_net_value qkv[3];
  AUS_TRY(is_sequence(n));
  const int64_t e = n->at.shape.dim[2];
  AUS_TRY(aus_layer_number(n, "heads", aus_layer_word(n, 1), 1, 4096, &heads));
  if (e % heads) return aus_layer_bad(n, "%d heads do not divide %lld features", (int)heads, (long long)e);
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%.30s.%s", n->name, part[i]);
    qkv[i] = n->at;
    AUS_TRY(aus_layer_linear_of(n, name, e, true, &qkv[i]));
  }
  const aus_word attr[] = { { heads }, { .f = (float)(1 / sqrt((double)e / heads)) } };
  AUS_TRY(aus_layer_emit(n, op, n->name, 3, qkv, 2, attr, &n->at));
  snprintf(name, sizeof name, "%.30s.out", n->name);
  return aus_layer_linear_of(n, name, e, true, &n->at);
}
