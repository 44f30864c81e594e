/* moments_count.c - sum pi z z' and sum pi z (y - ybar) for rows of zeros and ones, without multiplying.
 *
 * LIME's weights depend only on how many components are on. Rows are therefore put into groups of equal count; the
 * design is kept as one string of bits per component, each group starting at a word of 64, and
 *   G[i][j] = sum over words of  weight(word) x ones(string_i and string_j)
 * is counting bits, 64 rows a word and eight words an instruction, exact but for the last product. The right-hand side is
 * a product of the table and the centred, weighted scores, in double.
 * Cost: rows d^2 / 128 word operations and rows d labels multiply-adds. */
#include <string.h>

#include "la/moments.h"
#include "simd/kernels.h"

enum { CHUNK = 512 /* rows whose vectors stay in cache */, WORD_ALIGN = 8, PAIR = 2 /* strings held while the others pass */,
       STRIP = 12 /* components of one piece of the right-hand side */ };

typedef struct sums {
  int64_t rows;
  int32_t d, labels;
  const uint8_t *z;
  const double *pi;
  const float *y;
  aus_moments *m;
  const struct aus_design_kernels *kernels;
  int32_t *group;          /* [rows] ones of a row; -1: not zeros and ones */
  int64_t *order;          /* [rows] rows sorted by group */
  int64_t words;           /* in a string, a multiple of WORD_ALIGN */
  int64_t *first;          /* [words] place in order of a word's first row */
  int32_t *filled;         /* [words] its rows, 0 in the padding */
  double *weight;          /* [words] of each of its rows */
  uint64_t *bits;          /* [d][words] */
  int64_t stride;          /* labels, rounded up to a cache line of doubles */
  double *rhs;             /* [d][stride] */
  double *centred;         /* [CHUNK][stride] */
  int64_t row0, row1;
} sums;

/* ---- grouping -------------------------------------------------------------------------- */

/* Ones of a row, eight bytes at a time; -1 when a byte is neither 0 nor 1. */
static int32_t ones_of(const uint8_t *z, int32_t d)
{
  const uint64_t low = 0x0101010101010101u;
  uint64_t any = 0;
  int32_t n = 0;
  for (int32_t j = 0; j < d; j += 8) {
    uint64_t eight = 0;
    memcpy(&eight, z + j, (size_t)(d - j < 8 ? d - j : 8));
    any |= eight;
    n += (int32_t)((eight & low) * low >> 56);
  }
  return any & ~low ? -1 : n;
}

static void count_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const sums *s = arg;
  (void)worker;
  for (int64_t r = begin; r < end; r++) s->group[r] = ones_of(s->z + r * s->d, s->d);
}

/* Rows per group; false when two rows of a group have different weights or z is not 0/1. */
static bool find_groups(const sums *s, int64_t *rows_in, double *weight)
{
  for (int64_t r = 0; r < s->rows; r++) {
    const int32_t g = s->group[r];
    const double pi = s->pi ? s->pi[r] : 1.0;
    if (g < 0) return false;
    if (rows_in[g]++ == 0) weight[g] = pi;
    else if (weight[g] != pi) return false;
  }
  return true;
}

static int64_t words_of(const int64_t *rows_in, int32_t d)
{
  int64_t n = 0;
  for (int32_t g = 0; g <= d; g++) n += (rows_in[g] + 63) / 64;
  return (n + WORD_ALIGN - 1) / WORD_ALIGN * WORD_ALIGN;
}

static void lay_out(sums *s, const int64_t *rows_in, const double *weight, int64_t *next)
{
  int64_t w = 0, at = 0;
  for (int32_t g = 0; g <= s->d; g++) {
    next[g] = at;
    for (int64_t r = 0; r < rows_in[g]; r += 64, w++) {
      s->first[w] = at + r;
      s->filled[w] = rows_in[g] - r < 64 ? (int32_t)(rows_in[g] - r) : 64;
      s->weight[w] = weight[g];
    }
    at += rows_in[g];
  }
  for (; w < s->words; w++) s->filled[w] = 0;
  for (int64_t r = 0; r < s->rows; r++) s->order[next[s->group[r]]++] = r;
}

/* Up to 64 rows by up to 8 components: a word of bits per component. Bytes of 0 and 1 are moved to bit k of
 * their byte eight at a time, so eight rows become one byte per component. */
static void pack_square(const sums *s, const int64_t *rows, int n, int32_t j, uint64_t word[8])
{
  const size_t columns = (size_t)(s->d - j < 8 ? s->d - j : 8);
  memset(word, 0, 8 * sizeof *word);
  for (int from = 0; from < n; from += 8) {
    uint64_t eight = 0;
    for (int k = 0; k < 8 && from + k < n; k++) {
      uint64_t z = 0;
      if (columns == 8) memcpy(&z, s->z + rows[from + k] * s->d + j, 8);
      else memcpy(&z, s->z + rows[from + k] * s->d + j, columns);
      eight |= z << k;
    }
    unsigned char byte[8];
    memcpy(byte, &eight, 8);
    for (int c = 0; c < 8; c++) word[c] |= (uint64_t)byte[c] << from;
  }
}

static void pack_words(void *arg, int64_t begin, int64_t end, int worker)
{
  const sums *s = arg;
  (void)worker;
  for (int64_t w = begin; w < end; w++)
    for (int32_t j = 0; j < s->d; j += 8) {
      uint64_t word[8];
      pack_square(s, s->order + s->first[w], s->filled[w], j, word);
      for (int32_t c = 0; c < 8 && j + c < s->d; c++) s->bits[(int64_t)(j + c) * s->words + w] = word[c];
    }
}

/* ---- the Gram matrix ------------------------------------------------------------------------ */

static void gram_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const sums *s = arg; /* item: PAIR rows, the longest first */
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    const int64_t top = s->d - item * PAIR, low = top > PAIR ? top - PAIR : 0;
    for (int64_t j = 0; j < top; j++)
      for (int64_t i = low > j ? low : j; i < top; i++)
        s->m->gram[i * s->d + j] = s->kernels->common_ones(s->words, s->bits + i * s->words, s->bits + j * s->words, s->weight);
  }
}

/* ---- the right-hand side ----------------------------------------------------------------------- */

static void add_strips(void *arg, int64_t begin, int64_t end, int worker)
{
  const sums *s = arg;
  (void)worker;
  for (int64_t q = begin; q < end; q++) {
    const int64_t from = q * STRIP, left = s->d - from;
    s->kernels->add_chosen(s->row1 - s->row0, left < STRIP ? left : STRIP, s->z + s->row0 * s->d + from, s->d, s->stride, s->centred, s->rhs + from * s->stride);
  }
}

static void right_hand_side(aus_ctx *ctx, sums *s)
{
  const int64_t strips = (s->d + STRIP - 1) / STRIP;
  for (s->row0 = 0; s->row0 < s->rows; s->row0 += CHUNK) {
    s->row1 = s->row0 + CHUNK < s->rows ? s->row0 + CHUNK : s->rows;
    s->kernels->centre_rows(s->row1 - s->row0, s->labels, s->pi ? s->pi + s->row0 : NULL, s->y + s->row0 * s->labels, s->m->ybar, s->stride, s->centred, s->m->yy);
    aus_parallel_for(ctx, strips, 1 + (1 << 19) / (CHUNK * STRIP * s->stride), add_strips, s);
  }
  for (int32_t j = 0; j < s->d; j++)
    for (int32_t l = 0; l < s->labels; l++) s->m->zy[(int64_t)l * s->d + j] = s->rhs[j * s->stride + l];
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static void count_and_add(aus_ctx *ctx, sums *s)
{
  aus_parallel_for(ctx, s->words, 4096 / (s->d + 1) + 1, pack_words, s);
  aus_parallel_for(ctx, (s->d + PAIR - 1) / PAIR, 1 + 65536 / (s->words * s->d + 1), gram_rows, s);
  right_hand_side(ctx, s);
}

static aus_status with_groups(aus_ctx *ctx, sums *s, const int64_t *rows_in, const double *weight, int64_t *next)
{
  s->words = words_of(rows_in, s->d);
  s->stride = ((int64_t)s->labels + 7) / 8 * 8;
  const size_t words = (size_t)s->words, d = (size_t)s->d, stride = (size_t)s->stride;
  s->first = aus_alloc_zero(ctx, words, sizeof *s->first);
  s->filled = aus_alloc(ctx, words, sizeof *s->filled);
  s->weight = aus_alloc_zero(ctx, words, sizeof *s->weight);
  s->bits = aus_alloc(ctx, words * d, sizeof *s->bits);
  s->rhs = aus_alloc_zero(ctx, d * stride, sizeof *s->rhs);
  s->centred = aus_alloc_zero(ctx, CHUNK * stride, sizeof *s->centred);
  if (!s->first || !s->filled || !s->weight || !s->bits || !s->rhs || !s->centred) return AUS_ENOMEM;
  lay_out(s, rows_in, weight, next);
  count_and_add(ctx, s);
  return AUS_OK;
}

static void free_sums(aus_ctx *ctx, sums *s)
{
  aus_free(ctx, s->centred);
  aus_free(ctx, s->rhs);
  aus_free(ctx, s->bits);
  aus_free(ctx, s->weight);
  aus_free(ctx, s->filled);
  aus_free(ctx, s->first);
  aus_free(ctx, s->order);
  aus_free(ctx, s->group);
}

aus_status aus_moments_count_sums(aus_ctx *ctx, int64_t rows, const uint8_t *z, const double *pi, const float *y, aus_moments *m, bool *done)
{
  sums s = { .rows = rows, .d = m->d, .labels = m->labels, .z = z, .pi = pi, .y = y, .m = m, .kernels = &ctx->kernels->design };
  const size_t groups = (size_t)m->d + 1;
  int64_t *rows_in = aus_alloc_zero(ctx, 2 * groups, sizeof *rows_in);
  double *weight = aus_alloc_zero(ctx, groups, sizeof *weight);
  s.group = aus_alloc(ctx, (size_t)rows, sizeof *s.group);
  s.order = aus_alloc(ctx, (size_t)rows, sizeof *s.order);
  aus_status status = rows_in && weight && s.group && s.order ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    aus_parallel_for(ctx, rows, 32768 / (m->d + 1) + 1, count_rows, &s);
    if (find_groups(&s, rows_in, weight)) {
      status = with_groups(ctx, &s, rows_in, weight, rows_in + groups);
      *done = status == AUS_OK;
    }
  }
  free_sums(ctx, &s);
  aus_free(ctx, weight);
  aus_free(ctx, rows_in);
  return status;
}
