/* sum_rows.c - the sum of the rows of a matrix: diffs of what is added to every row (a bias, a shift).
 *
 * Tasks are blocks of columns. Rows are added in order, ROWS at a time in float, the sums of those in double: an order
 * that depends on the shape alone. */
#include "nn/ops/common.h"

#include <string.h>

enum { ROWS = 32, COLUMNS = 512 };

typedef struct rows { const struct aus_vec_kernels *vec; int64_t m, n; const float *x; float *sum; } rows;

static void sum_block(const rows *j, int64_t from, int64_t n)
{
  float part[COLUMNS];
  double total[COLUMNS] = { 0 };
  for (int64_t i0 = 0; i0 < j->m; i0 += ROWS) {
    memcpy(part, j->x + i0 * j->n + from, (size_t)n * sizeof *part);
    for (int64_t i = i0 + 1; i < i0 + ROWS && i < j->m; i++) j->vec->add(n, part, j->x + i * j->n + from, part);
    for (int64_t k = 0; k < n; k++) total[k] += (double)part[k];
  }
  for (int64_t k = 0; k < n; k++) j->sum[from + k] = (float)total[k];
}

static void sum_blocks(void *arg, int64_t begin, int64_t end, int worker)
{
  const rows *j = arg;
  (void)worker;
  for (int64_t u = begin; u < end; u++) sum_block(j, u * COLUMNS, j->n - u * COLUMNS < COLUMNS ? j->n - u * COLUMNS : COLUMNS);
}

void aus_op_sum_rows(aus_ctx *ctx, int64_t m, int64_t n, const float *x, float *sum)
{
  rows j = { &ctx->kernels->vec, m, n, x, sum };
  const int64_t work = m * COLUMNS;
  aus_parallel_for(ctx, (n + COLUMNS - 1) / COLUMNS, work < AUS_BLOCK ? AUS_BLOCK / work : 1, sum_blocks, &j);
}
