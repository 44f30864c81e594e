/* layers.c - the list of layers that a recipe may name, and what each one's line may say.
 *
 * A line is a kind, its positional words and key=value options. Shapes are those that the engine's own ops infer for what
 * has been built so far. Lines refer to values by `save NAME`, and take them up with `from`, `add` and `concat`: that is enough for
 * residual and parallel branches. What each kind adds to the graph: layer_window.c, layer_linear.c, layer_norm.c, layer_shape.c, layer_sequence.c,
 * layer_names.c, layer_unet.c, on the words (layer_words.c) and the nodes (layer_build.c) that all of them need. */
#include "train/layer.h"

#include <stdio.h>
#include <string.h>

/* least and most positional words; options it takes. */
typedef struct kind { const char *name; int32_t op, least, most; const char *options; aus_status (*make)(aus_net *n, int32_t op); } kind;
#define WINDOW " stride pad dilation "
static const kind kinds[] = {
  { "conv", AUS_OP_conv, 2, 2, WINDOW "groups bias init bias_init", aus_layer_conv },
  { "conv_transpose", AUS_OP_conv_transpose, 2, 2, WINDOW "groups bias init bias_init", aus_layer_conv },
  { "linear", AUS_OP_linear, 1, 1, "bias init bias_init", aus_layer_linear },
  { "bn", AUS_OP_batch_norm, 0, 0, "epsilon", aus_layer_batch_norm },
  { "layer_norm", AUS_OP_layer_norm, 0, 0, "epsilon affine", aus_layer_other_norm },
  { "instance_norm", AUS_OP_instance_norm, 0, 0, "epsilon affine", aus_layer_other_norm },
  { "group_norm", AUS_OP_group_norm, 1, 1, "epsilon affine", aus_layer_other_norm },
  { "relu", AUS_OP_relu, 0, 0, "", aus_layer_activation },
  { "sigmoid", AUS_OP_sigmoid, 0, 0, "", aus_layer_activation },
  { "tanh", AUS_OP_tanh, 0, 0, "", aus_layer_activation },
  { "gelu", AUS_OP_gelu, 0, 0, "", aus_layer_activation },
  { "silu", AUS_OP_silu, 0, 0, "", aus_layer_activation },
  { "softplus", AUS_OP_softplus, 0, 0, "", aus_layer_activation },
  { "leaky_relu", AUS_OP_leaky_relu, 0, 1, "", aus_layer_activation_1 },
  { "elu", AUS_OP_elu, 0, 1, "", aus_layer_activation_1 },
  { "log", AUS_OP_log, 1, 1, "", aus_layer_log },
  { "maxpool", AUS_OP_max_pool, 1, 1, WINDOW "ceil", aus_layer_pool },
  { "avgpool", AUS_OP_avg_pool, 1, 1, "stride pad ceil count_pad", aus_layer_pool },
  { "adaptive_avgpool", AUS_OP_adaptive_avg_pool, 1, 1, "", aus_layer_adaptive_pool },
  { "adaptive_maxpool", AUS_OP_adaptive_max_pool, 1, 1, "", aus_layer_adaptive_pool },
  { "global_mean", AUS_OP_reduce_mean, 0, 0, "", aus_layer_global_pool },
  { "global_max", AUS_OP_reduce_max, 0, 0, "", aus_layer_global_pool },
  { "mean_axis", AUS_OP_reduce_mean, 1, 1, "", aus_layer_one_axis },
  { "max_axis", AUS_OP_reduce_max, 1, 1, "", aus_layer_one_axis },
  { "flatten", AUS_OP_reshape, 0, 0, "", aus_layer_flatten },
  { "sequence", AUS_OP_transpose, 0, 0, "time", aus_layer_sequence },
  { "last", AUS_OP_slice, 0, 0, "", aus_layer_last },
  { "lstm", AUS_OP_lstm, 1, 1, "both", aus_layer_recurrent },
  { "gru", AUS_OP_gru, 1, 1, "both", aus_layer_recurrent },
  { "rnn", AUS_OP_rnn, 1, 1, "both", aus_layer_recurrent },
  { "attention", AUS_OP_attention, 1, 1, "init bias_init", aus_layer_attention },
  { "dropout", AUS_OP_dropout, 1, 1, "", aus_layer_dropout },
  { "save", 0, 1, 1, "", aus_layer_save },
  { "from", 0, 1, 1, "", aus_layer_from },
  { "add", AUS_OP_add, 1, 1, "", aus_layer_add },
  { "concat", AUS_OP_concat, 1, AUS_LAYER_INPUTS - 1, "", aus_layer_concat },
  { "init", 0, 1, 1, "", aus_layer_init },
  { "net", 0, 1, 1, "", aus_layer_net },
  { "unet", 0, 0, 0, "filters elu", aus_layer_unet },
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };
_Static_assert(N_KINDS <= 64, "aus_net counts 64 kinds");

static bool listed(const char *list, const char *word, size_t n)
{
  for (const char *p = list; (p = strstr(p, word)) != NULL; p++)
    if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
  return false;
}

static aus_status check_words(const aus_net *n, const kind *k)
{
  int32_t given = -1;
  for (int32_t i = 0; i < n->words->n; i++) {
    const char *word = n->words->word[i], *equals = strchr(word, '=');
    char key[24];
    if (!equals) { given++; continue; }
    snprintf(key, sizeof key, "%.*s", (int)(equals - word < 23 ? equals - word : 23), word);
    if (i == 0 || !*key || !(strcmp(key, "name") == 0 || listed(k->options, key, strlen(key)))) return aus_layer_bad(n, "no option '%s'; it has name %s", key, k->options);
    if (aus_layer_option(n, key, NULL) != equals + 1) return aus_layer_bad(n, "'%s' is given twice", key);
  }
  if (given >= k->least && given <= k->most) return AUS_OK;
  return aus_layer_bad(n, "%d words after it, want %d%s", (int)given, (int)k->least, k->most > k->least ? " or more" : "");
}

aus_status aus_net_layer(aus_net *n, int32_t line, const aus_words *words)
{
  const char *known[N_KINDS];
  n->line = line;
  n->words = words;
  for (int32_t i = 0; i < N_KINDS; i++) {
    known[i] = kinds[i].name;
    if (strcmp(kinds[i].name, words->word[0]) != 0) continue;
    AUS_TRY(check_words(n, &kinds[i]));
    const char *name = aus_layer_option(n, "name", NULL);
    if (name && strlen(name) >= AUS_NET_NAME) return aus_layer_bad(n, "the name is too long");
    if (name) strcpy(n->name, name); else snprintf(n->name, sizeof n->name, "%s%d", kinds[i].name, (int)++n->count[i]);
    return kinds[i].make(n, kinds[i].op);
  }
  return aus_recipe_fail(n->r, line, "no layer is called '%.30s'; the nearest is '%s'", words->word[0], aus_word_nearest(words->word[0], N_KINDS, known));
}
