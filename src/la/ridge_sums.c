/* ridge_sums.c - sum pi z z' and sum pi z (y - ybar) for rows of zeros and ones, without multiplying.
 *
 * LIME's weights depend only on how many components are on. Rows are therefore put into groups of equal count; the
 * design is kept as one string of bits per component, each group starting at a word of 64, and
 *   G[i][j] = sum over groups of  weight x (ones of string_i and string_j)
 * is counting bits: 64 rows an operation, exact but for the last product. The right-hand side takes four
 * components at a time: each row's vector is added to one of 16 sums, chosen by the four bits, and the 16 sums are
 * folded into the four components at the end: one addition instead of two on average, and no branch on data.
 * Cost: rows d^2 / 128 word operations and rows d labels / 4 additions. */
#include "la/ridge_sums.h"

#include <string.h>

enum { CHUNK = 512 /* rows whose vectors stay in cache */, BYTE_ADDS = 31 /* words before a byte of counts could overflow */ };

struct sums {
  const struct aus_ridge_rows *in;
  int64_t words;           /* 64-row words in a string */
  uint64_t *bits;          /* [d][words] */
  int64_t *group_word;     /* [d + 2] first word of each group */
  double *group_weight;    /* [d + 1] */
  double *gram, *rhs;      /* [d][d] lower triangle, [d][labels] */
  double *table;           /* [ceil(d / 4)][16][labels] */
  double *centred;         /* [CHUNK][labels] */
  int64_t row0, row1;
};

/* ---- grouping -------------------------------------------------------------------------- */

static int32_t ones_of(const uint8_t *z, int32_t d)
{
  int32_t n = 0;
  for (int32_t j = 0; j < d; j++) n += z[j];
  return n;
}

/* Rows per group; false when two rows of a group have different weights or z is not 0/1. */
static bool count_groups(const struct aus_ridge_rows *in, int64_t *rows_in, double *weight, int32_t *group)
{
  for (int64_t r = 0; r < in->rows; r++) {
    const uint8_t *z = in->z + r * in->d;
    uint8_t any = 0;
    for (int32_t j = 0; j < in->d; j++) any |= z[j];
    if (any > 1) return false;
    const int32_t g = group[r] = ones_of(z, in->d);
    if (rows_in[g]++ == 0) weight[g] = in->pi[r];
    else if (weight[g] != in->pi[r]) return false;
  }
  return true;
}

/* Up to 64 rows by up to 8 components: a word of bits per component. Bytes of 0 and 1 are moved to bit k of
 * their byte eight at a time, so eight rows become one byte per component. */
static void pack_square(const struct aus_ridge_rows *in, const int64_t *rows, int n, int32_t j, uint64_t word[8])
{
  const size_t columns = (size_t)(in->d - j < 8 ? in->d - j : 8);
  memset(word, 0, 8 * sizeof *word);
  for (int from = 0; from < n; from += 8) {
    uint64_t eight = 0;
    for (int k = 0; k < 8 && from + k < n; k++) {
      uint64_t z = 0;
      memcpy(&z, in->z + rows[from + k] * in->d + j, columns);
      eight |= z << k;
    }
    unsigned char byte[8];
    memcpy(byte, &eight, 8);
    for (int c = 0; c < 8; c++) word[c] |= (uint64_t)byte[c] << from;
  }
}

/* order[rows]: rows sorted by group */
static void fill_bits(struct sums *s, const int64_t *rows_in, const int64_t *order)
{
  const int32_t d = s->in->d;
  for (int32_t g = 0; g <= d; order += rows_in[g++])
    for (int64_t w = 0; w < s->group_word[g + 1] - s->group_word[g]; w++) {
      const int n = rows_in[g] - 64 * w < 64 ? (int)(rows_in[g] - 64 * w) : 64;
      for (int32_t j = 0; j < d; j += 8) {
        uint64_t word[8];
        pack_square(s->in, order + 64 * w, n, j, word);
        for (int32_t c = 0; c < 8 && j + c < d; c++) s->bits[(j + c) * s->words + s->group_word[g] + w] = word[c];
      }
    }
}

/* ---- the Gram matrix ------------------------------------------------------------------------ */

/* Ones of a & b: counts of bytes side by side, added up before any can overflow [Warren12, ch. 5]. */
static int64_t ones_in_both(int64_t n, const uint64_t *a, const uint64_t *b)
{
  const uint64_t m1 = 0x5555555555555555u, m2 = 0x3333333333333333u, m4 = 0x0f0f0f0f0f0f0f0fu, m8 = 0x00ff00ff00ff00ffu;
  int64_t total = 0;
  for (int64_t from = 0; from < n; from += BYTE_ADDS) {
    const int64_t to = from + BYTE_ADDS < n ? from + BYTE_ADDS : n;
    uint64_t bytes = 0;
    for (int64_t i = from; i < to; i++) {
      uint64_t x = a[i] & b[i];
      x -= x >> 1 & m1;
      x = (x & m2) + (x >> 2 & m2);
      bytes += (x + (x >> 4)) & m4;
    }
    const uint64_t pairs = (bytes & m8) + (bytes >> 8 & m8);
    total += (int64_t)((pairs * 0x0001000100010001u) >> 48);
  }
  return total;
}

static void gram_rows(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct sums *s = arg;
  const int32_t d = s->in->d;
  (void)worker;
  for (int64_t i = begin; i < end; i++)
    for (int64_t j = 0; j <= i; j++) {
      const uint64_t *a = s->bits + i * s->words, *b = s->bits + j * s->words;
      double sum = 0;
      for (int32_t g = 1; g <= d; g++) { /* group 0 has no ones */
        const int64_t from = s->group_word[g], n = s->group_word[g + 1] - from;
        if (n) sum += s->group_weight[g] * (double)ones_in_both(n, a + from, b + from);
      }
      s->gram[i * d + j] = sum;
    }
}

/* ---- the right-hand side ----------------------------------------------------------------------- */

static void centre_rows(struct sums *s, double *ss)
{
  const struct aus_ridge_rows *in = s->in;
  for (int64_t r = s->row0; r < s->row1; r++) {
    const float *y = in->y + r * in->labels;
    double *v = s->centred + (r - s->row0) * in->labels;
    for (int32_t l = 0; l < in->labels; l++) {
      const double e = (double)y[l] - in->ybar[l];
      v[l] = in->pi[r] * e;
      ss[l] += v[l] * e;
    }
  }
}

static void add_to_tables(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct sums *s = arg; /* item: four components */
  const int32_t d = s->in->d, labels = s->in->labels;
  (void)worker;
  for (int64_t q = begin; q < end; q++)
    for (int64_t r = s->row0; r < s->row1; r++) {
      const uint8_t *z = s->in->z + r * d + 4 * q;
      const int32_t left = d - 4 * (int32_t)q;
      const int index = z[0] | (left > 1 ? z[1] << 1 : 0) | (left > 2 ? z[2] << 2 : 0) | (left > 3 ? z[3] << 3 : 0);
      const double *v = s->centred + (r - s->row0) * labels;
      double *t = s->table + (q * 16 + index) * labels;
      for (int32_t l = 0; l < labels; l++) t[l] += v[l];
    }
}

static void fold_tables(struct sums *s)
{
  const int32_t d = s->in->d, labels = s->in->labels;
  for (int32_t j = 0; j < d; j++)
    for (int index = 0; index < 16; index++) {
      if (!(index >> j % 4 & 1)) continue;
      const double *t = s->table + (int64_t)(j / 4 * 16 + index) * labels;
      for (int32_t l = 0; l < labels; l++) s->rhs[(int64_t)j * labels + l] += t[l];
    }
}

static void right_hand_side(aus_ctx *ctx, struct sums *s, double *ss)
{
  const struct aus_ridge_rows *in = s->in;
  const int64_t quads = (in->d + 3) / 4, grain = (1 << 17) / ((int64_t)CHUNK * in->labels) + 1;
  for (s->row0 = 0; s->row0 < in->rows; s->row0 += CHUNK) {
    s->row1 = s->row0 + CHUNK < in->rows ? s->row0 + CHUNK : in->rows;
    centre_rows(s, ss);
    aus_parallel_for(ctx, quads, grain, add_to_tables, s);
  }
  fold_tables(s);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static aus_status with_groups(aus_ctx *ctx, struct sums *s, const int64_t *rows_in, const int64_t *order, double *ss)
{
  const struct aus_ridge_rows *in = s->in;
  const int32_t d = in->d;
  for (int32_t g = 0; g <= d; g++) {
    s->group_word[g] = s->words;
    s->words += (rows_in[g] + 63) / 64;
  }
  s->group_word[d + 1] = s->words;
  s->bits = aus_alloc(ctx, (size_t)s->words * (size_t)d, sizeof *s->bits);
  s->table = aus_alloc_zero(ctx, (size_t)(d + 3) / 4 * 16 * (size_t)in->labels, sizeof *s->table);
  s->centred = aus_alloc(ctx, CHUNK * (size_t)in->labels, sizeof *s->centred);
  const aus_status status = s->bits && s->table && s->centred ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) {
    fill_bits(s, rows_in, order);
    aus_parallel_for(ctx, d, 1 + 4096 / (s->words + 1), gram_rows, s);
    right_hand_side(ctx, s, ss);
  }
  aus_free(ctx, s->centred);
  aus_free(ctx, s->table);
  aus_free(ctx, s->bits);
  return status;
}

static void sort_rows(const struct aus_ridge_rows *in, const int32_t *group, const int64_t *rows_in, int64_t *next, int64_t *order)
{
  for (int32_t g = 0; g < in->d; g++) next[g + 1] = next[g] + rows_in[g];
  for (int64_t r = 0; r < in->rows; r++) order[next[group[r]]++] = r;
}

aus_status aus_ridge_sums_by_count(aus_ctx *ctx, const struct aus_ridge_rows *in, double *gram, double *rhs, double *ss, bool *done)
{
  const size_t d = (size_t)in->d;
  *done = false;
  int64_t *words = aus_alloc_zero(ctx, 3 * d + 5 + (size_t)in->rows, sizeof *words); /* rows_in, next, group_word, order */
  double *weight = aus_alloc_zero(ctx, d + 1, sizeof *weight);
  int32_t *group = aus_alloc(ctx, (size_t)in->rows, sizeof *group);
  aus_status status = words && weight && group ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK && count_groups(in, words, weight, group)) {
    int64_t *order = words + 3 * d + 5;
    struct sums s = { .in = in, .group_word = words + 2 * d + 2, .group_weight = weight, .gram = gram, .rhs = rhs };
    sort_rows(in, group, words, words + d + 1, order);
    status = with_groups(ctx, &s, words, order, ss);
    *done = status == AUS_OK;
  }
  aus_free(ctx, group);
  aus_free(ctx, weight);
  aus_free(ctx, words);
  return status;
}
