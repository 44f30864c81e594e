/* initialise.c - initial weights: torch's default, and those of the papers.
 *
 *   torch             U(+-1/sqrt(fan_in)): what nn.Linear and nn.Conv do, kaiming_uniform with a = sqrt 5
 *   kaiming           U(+-sqrt(6/fan_in)), N(0, 2/fan_in): for ReLU [He15]; kaiming_normal_out N(0, 2/fan_out), torchvision's
 *   xavier            U(+-sqrt(6/(fan_in + fan_out))), N(0, 2/(fan_in + fan_out)) [Glorot10]
 *   gaussian:STD      N(0, STD^2), as in [Krizhevsky12] */
#include "train/initialise.h"
#include "train/recipe.h"

#include <math.h>
#include <string.h>

const char *const aus_init_names[] = { "torch", "kaiming_uniform", "kaiming_normal", "kaiming_normal_out", "xavier_uniform", "xavier_normal", "gaussian:STD", "uniform:BOUND", "constant:VALUE", NULL };

/* "WORD:NUMBER". */
static bool numbered(const char *name, const char *word, aus_init_kind kind, aus_init *out)
{
  const size_t n = strlen(word);
  out->kind = kind;
  return strncmp(name, word, n) == 0 && name[n] == ':' && aus_word_real(name + n + 1, kind == AUS_INIT_CONSTANT ? -1e6 : 0, 1e6, &out->value);
}

bool aus_init_by_name(const char *name, double fan_in, double fan_out, aus_init *out)
{
  if (strcmp(name, "torch") == 0) *out = (aus_init){ AUS_INIT_UNIFORM, 1 / sqrt(fan_in) };
  else if (strcmp(name, "kaiming_uniform") == 0) *out = (aus_init){ AUS_INIT_UNIFORM, sqrt(6 / fan_in) };
  else if (strcmp(name, "kaiming_normal") == 0) *out = (aus_init){ AUS_INIT_NORMAL, sqrt(2 / fan_in) };
  else if (strcmp(name, "kaiming_normal_out") == 0) *out = (aus_init){ AUS_INIT_NORMAL, sqrt(2 / fan_out) };
  else if (strcmp(name, "xavier_uniform") == 0) *out = (aus_init){ AUS_INIT_UNIFORM, sqrt(6 / (fan_in + fan_out)) };
  else if (strcmp(name, "xavier_normal") == 0) *out = (aus_init){ AUS_INIT_NORMAL, sqrt(2 / (fan_in + fan_out)) };
  else return numbered(name, "gaussian", AUS_INIT_NORMAL, out) || numbered(name, "uniform", AUS_INIT_UNIFORM, out) || numbered(name, "constant", AUS_INIT_CONSTANT, out);
  return true;
}

void aus_init_fill(const aus_init *init, uint64_t seed, uint64_t item, int64_t n, float *x)
{
  aus_rng rng;
  aus_rng_init(&rng, seed, item);
  for (int64_t i = 0; i < n; i++) {
    if (init->kind == AUS_INIT_CONSTANT) x[i] = (float)init->value;
    else if (init->kind == AUS_INIT_UNIFORM) x[i] = (float)((2 * aus_rng_uniform(&rng) - 1) * init->value);
    else x[i] = (float)(aus_rng_normal(&rng) * init->value);
  }
}
