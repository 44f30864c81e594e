/* vec_words.h - what tests/vec_words.c offers for each instruction set. */
#ifndef AUS_TEST_VEC_WORDS_H
#define AUS_TEST_VEC_WORDS_H

#include <stddef.h>

typedef struct vec_words {
  int width;
  void (*transpose)(float *m);                        /* [width][width], in place */
  void (*reverse)(float *x);                          /* [width]; NULL, as the next two, where width is 1 */
  void (*split)(float *x), (*join)(float *x);         /* [2 width]: x into evens and odds, and back */
} vec_words;

extern const vec_words vec_words_scalar, vec_words_avx2, vec_words_avx512, vec_words_neon;

#endif
