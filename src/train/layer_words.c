/* layer_words.c - the words of a layer's line: positional ones, key=value options, numbers and sizes. */
#include "train/layer.h"

#include <stdio.h>
#include <string.h>

aus_status aus_layer_bad(const aus_net *n, const char *format, ...)
{
  char text[160];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return aus_recipe_fail(n->r, n->line, "%.20s: %s", n->words->word[0], text);
}

/* The i-th word without '=', the kind being number 0; NULL. */
const char *aus_layer_word(const aus_net *n, int32_t i)
{
  for (int32_t k = 0; k < n->words->n; k++)
    if (!strchr(n->words->word[k], '=') && i-- == 0) return n->words->word[k];
  return NULL;
}

const char *aus_layer_option(const aus_net *n, const char *key, const char *fallback)
{
  const size_t length = strlen(key);
  for (int32_t k = 1; k < n->words->n; k++)
    if (strncmp(n->words->word[k], key, length) == 0 && n->words->word[k][length] == '=') return n->words->word[k] + length + 1;
  return fallback;
}

aus_status aus_layer_number(const aus_net *n, const char *what, const char *text, int64_t low, int64_t high, int32_t *out)
{
  int64_t v;
  *out = 0;
  if (!aus_word_integer(text, low, high, &v)) return aus_layer_bad(n, "%s: '%.30s' is not a whole number from %lld to %lld", what, text, (long long)low, (long long)high);
  *out = (int32_t)v;
  return AUS_OK;
}

aus_status aus_layer_real(const aus_net *n, const char *what, const char *text, double low, double high, float *out)
{
  double v;
  *out = 0;
  if (!aus_word_real(text, low, high, &v)) return aus_layer_bad(n, "%s: '%.30s' is not a number from %g to %g", what, text, low, high);
  *out = (float)v;
  return AUS_OK;
}

aus_status aus_layer_flag(const aus_net *n, const char *key, const char *fallback, int32_t *out)
{
  const char *text = aus_layer_option(n, key, fallback);
  *out = strcmp(text, "yes") == 0;
  return *out || strcmp(text, "no") == 0 ? AUS_OK : aus_layer_bad(n, "%s: want yes or no", key);
}

/* "5" or "3x7": height x width; a signal of one axis has height 1. */
aus_status aus_layer_pair(const aus_net *n, const char *what, const char *text, int64_t low, int32_t out[2])
{
  const bool flat = n->at.shape.rank == 3;
  const char *x = strchr(text, 'x');
  char first[16];
  if (!x) {
    AUS_TRY(aus_layer_number(n, what, text, low, AUS_LAYER_MOST, &out[1]));
    out[0] = flat ? (low > 0 ? 1 : 0) : out[1];
    return AUS_OK;
  }
  if (flat) return aus_layer_bad(n, "%s: '%.30s' has two numbers, the signal here has one axis", what, text);
  snprintf(first, sizeof first, "%.*s", (int)(x - text < 15 ? x - text : 15), text);
  AUS_TRY(aus_layer_number(n, what, first, low, AUS_LAYER_MOST, &out[0]));
  return aus_layer_number(n, what, x + 1, low, AUS_LAYER_MOST, &out[1]);
}
