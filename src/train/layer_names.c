/* layer_names.c - values that have names: branches that part and meet; networks that have names. */
#include "train/layer.h"

#include <stdio.h>
#include <string.h>

static aus_status take(const aus_net *n, const char *name, aus_net_value *out)
{
  const char *known[AUS_NET_SAVED];
  for (int32_t i = n->n_saved - 1; i >= 0; i--) {
    if (strcmp(n->saved[i].name, name) == 0) { *out = n->saved[i].value; return AUS_OK; }
    known[i] = n->saved[i].name;
  }
  return n->n_saved ? aus_layer_bad(n, "nothing was saved as '%.30s'; the nearest is '%s'", name, aus_word_nearest(name, n->n_saved, known)) : aus_layer_bad(n, "nothing was saved before");
}

aus_status aus_layer_save(aus_net *n, int32_t op)
{
  (void)op;
  if (n->n_saved == AUS_NET_SAVED) return aus_layer_bad(n, "more than %d saved values", AUS_NET_SAVED);
  if (strlen(aus_layer_word(n, 1)) >= AUS_NET_NAME) return aus_layer_bad(n, "the name is too long");
  strcpy(n->saved[n->n_saved].name, aus_layer_word(n, 1));
  n->saved[n->n_saved++].value = n->at;
  return AUS_OK;
}

aus_status aus_layer_from(aus_net *n, int32_t op)
{
  (void)op;
  return take(n, aus_layer_word(n, 1), &n->at);
}

aus_status aus_layer_add(aus_net *n, int32_t op)
{
  aus_net_value in[2] = { n->at };
  AUS_TRY(take(n, aus_layer_word(n, 1), &in[1]));
  return aus_layer_emit(n, op, n->name, 2, in, 0, NULL, &n->at);
}

/* Over channels: what was saved first, then what is here. */
aus_status aus_layer_concat(aus_net *n, int32_t op)
{
  aus_net_value in[AUS_LAYER_INPUTS];
  int32_t k = 0;
  for (; k < AUS_LAYER_INPUTS - 1 && aus_layer_word(n, k + 1); k++) AUS_TRY(take(n, aus_layer_word(n, k + 1), &in[k]));
  in[k++] = n->at;
  return aus_layer_emit(n, op, n->name, k, in, 1, &(aus_word){ 1 }, &n->at);
}

aus_status aus_layer_init(aus_net *n, int32_t op)
{
  aus_init unused;
  (void)op;
  if (!aus_init_by_name(aus_layer_word(n, 1), 1, 1, &unused)) return aus_layer_bad(n, "no initialiser '%.30s'", aus_layer_word(n, 1));
  snprintf(n->init, sizeof n->init, "%s", aus_layer_word(n, 1));
  return AUS_OK;
}

/* The layers of a named network, one line after another; errors name the line of the recipe. */
static aus_status net_line(aus_net *n, char *text)
{
  const char *word[12];
  aus_words words = { 0, word };
  for (char *p = text; *p && words.n < 12;) {
    word[words.n++] = p;
    p += strcspn(p, " ");
    if (*p) *p++ = '\0';
  }
  return aus_net_layer(n, n->line, &words);
}

aus_status aus_layer_net(aus_net *n, int32_t op)
{
  const char *text = aus_net_named(aus_layer_word(n, 1));
  int32_t known = 0;
  (void)op;
  while (aus_net_names[known]) known++;
  if (!text) return aus_layer_bad(n, "no network is called '%.30s'; the nearest is '%s'", aus_layer_word(n, 1), aus_word_nearest(aus_layer_word(n, 1), known, aus_net_names));
  char outside[sizeof n->init];
  aus_status status = AUS_OK;
  memcpy(outside, n->init, sizeof outside);
  while (status == AUS_OK && *text) {
    char line[96];
    const size_t length = strcspn(text, "\n");
    snprintf(line, sizeof line, "%.*s", (int)length, text);
    text += length + 1;
    status = net_line(n, line);
  }
  memcpy(n->init, outside, sizeof outside);
  return status;
}
