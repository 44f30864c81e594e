/* words.c - strict numbers, and the known word that a mistyped one is nearest to [Levenshtein66]. */
#include "train/recipe.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool aus_word_integer(const char *text, int64_t low, int64_t high, int64_t *value)
{
  char *end;
  if (!(*text == '-' || (*text >= '0' && *text <= '9'))) return false; /* strtoll takes blanks and '+' too */
  errno = 0;
  const long long v = strtoll(text, &end, 10);
  if (errno || *end || end == text || v < low || v > high) return false;
  *value = v;
  return true;
}

bool aus_word_real(const char *text, double low, double high, double *value)
{
  char *end;
  if (!*text || !strchr("-.0123456789", *text) || strpbrk(text, "xXnNpP")) return false; /* no hex, inf, nan */
  errno = 0;
  const double v = strtod(text, &end);
  if ((errno && !isfinite(v)) || *end || end == text || !(v >= low && v <= high)) return false;
  *value = v;
  return true;
}

enum { LONGEST = 40 };

/* Insertions, deletions and changes between a and b; what is longer than LONGEST counts as far away. */
static int edit_distance(const char *a, const char *b)
{
  const size_t n = strlen(a), m = strlen(b);
  int row[LONGEST + 1];
  if (n > LONGEST || m > LONGEST) return 2 * LONGEST;
  for (size_t j = 0; j <= m; j++) row[j] = (int)j;
  for (size_t i = 1; i <= n; i++) {
    int corner = row[0];
    row[0] = (int)i;
    for (size_t j = 1; j <= m; j++) {
      const int change = corner + (a[i - 1] != b[j - 1]), gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      corner = row[j];
      row[j] = change < gap ? change : gap;
    }
  }
  return row[m];
}

const char *aus_word_nearest(const char *text, int32_t n, const char *const *word)
{
  const char *best = NULL;
  int least = 0;
  for (int32_t i = 0; i < n; i++) {
    const bool begins = *text && strncmp(word[i], text, strlen(text)) == 0;
    const int d = begins ? 0 : edit_distance(text, word[i]);
    if (!best || d < least) { best = word[i]; least = d; }
  }
  return best;
}
