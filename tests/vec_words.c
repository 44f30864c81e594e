/* vec_words.c - the words of src/simd/vec_*.h that move lanes, as functions a test can call: compiled once for each
 * instruction set, with its flags and WORDS set to its header's last syllable. */
#define HEADER_(isa) <simd/vec_##isa.h>
#define HEADER(isa) HEADER_(isa)
#include HEADER(WORDS)
#include "tests/vec_words.h"

static void transpose(float *m)
{
  V row[VW];
  for (int i = 0; i < VW; i++) row[i] = v_load(m + i * VW);
  v_transpose(row);
  for (int i = 0; i < VW; i++) v_store(m + i * VW, row[i]);
}

#if VW > 1
static void reverse(float *x) { v_store(x, v_reverse(v_load(x))); }

static void split(float *x)
{
  V even, odd;
  v_split(v_load(x), v_load(x + VW), &even, &odd);
  v_store(x, even);
  v_store(x + VW, odd);
}

static void join(float *x)
{
  V a, b;
  v_join(v_load(x), v_load(x + VW), &a, &b);
  v_store(x, a);
  v_store(x + VW, b);
}
#else /* the scalar vocabulary has none of these */
#define reverse NULL
#define split NULL
#define join NULL
#endif

#define NAME_(isa) vec_words_##isa
#define NAME(isa) NAME_(isa)
const vec_words NAME(WORDS) = { VW, transpose, reverse, split, join };
