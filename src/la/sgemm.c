/* sgemm.c - C = alpha op(A) op(B) + beta C: how a product is cut [Goto08; VanZee15; Smith14].
 *
 * Two plans:
 *   thin    few rows (one block of A fits the L2 cache). A is packed once; then each task takes some
 *           columns, packs their panels of B for itself, panel by panel while they are in L1, and
 *           walks all of k. Two parallel regions in all.
 *   blocked for each block of k: A and B are packed by everybody, then the grid of C blocks is
 *           computed by everybody.
 * Packing is left out where it does not pay: rows of B that are used by one register tile only,
 * rows of A that meet one or two panels of B, small matrices that lie well in L1 already.
 *
 * k is cut into equal blocks by a rule of k alone and never shared between threads, and an
 * element of C is a chain in the order of k, so its bits do not depend on the number of threads. */
#include "la/la.h"
#include "simd/kernels.h"

#include <string.h>

enum {
  THIN_ROWS = 256,           /* rows of A one task can carry through all columns */
  THIN_BYTES = 1 << 20,      /* of packed A at a time: half of an L2 cache */
  ROWS_PACKED = 2048,        /* rows of A packed at a time in the blocked plan */
  MAC_PER_TASK = 1 << 18,    /* about 3 microseconds: below it waking a thread does not pay */
};

struct gemm {
  aus_ctx *ctx;
  const struct aus_gemm_kernels *kern;
  bool trans_a, trans_b;
  int64_t m, n, k;
  float alpha, beta;
  const float *a, *b;  /* b: as it lies, or NULL when packed beforehand */
  int64_t lda, ldb;
  const float *bias;
  float *c;
  int64_t ldc;
  const float *b_packed; /* all of B in panels, k block after k block; NULL: not given */
  float *pack_a, *pack_b, *pack_own; /* scratch; pack_own: one panel of B per worker */
  int64_t k_block;
  int32_t h;             /* rows in a panel of A */
  bool direct_a, direct_b;
  /* what the current parallel region works on */
  int64_t k0, k1, j0, n_cols, i0, n_rows; /* ranges of k, columns, rows */
  int64_t row_step, col_step, n_row_blocks, n_col_blocks;
};

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

/* Equal blocks of at most kc (half as much again when one block would do). A rule of k only. */
static int64_t k_block_of(const struct aus_gemm_kernels *kern, int64_t k)
{
  if (k <= kern->kc + kern->kc / 2) return max64(k, 1);
  return round_up(ceil_div(k, ceil_div(k, kern->kc)), 4);
}

/* Panels of equal height: 16 rows are 8 + 8 rather than 14 + 2. */
static int32_t panel_rows(const struct aus_gemm_kernels *kern, int64_t m)
{
  const int64_t panels = ceil_div(m, kern->mr);
  return (int32_t)ceil_div(m, panels);
}

static bool thin(const struct aus_gemm_kernels *kern, int64_t m, int64_t n)
{
  return m <= THIN_ROWS && (n > 4 * kern->nr || m <= 2 * kern->mr);
}

/* k values whose packed A is held at a time in the thin plan: whole blocks */
static int64_t thin_k(const struct gemm *g)
{
  const int64_t rows = round_up(g->m, g->h), fits = THIN_BYTES / (int64_t)sizeof(float) / rows / g->k_block * g->k_block;
  return min64(max64(fits, g->k_block), round_up(g->k, g->k_block));
}

/* Sizes of the three scratch areas in floats. */
static void scratch_parts(const aus_ctx *ctx, int64_t m, int64_t n, int64_t k, size_t part[3])
{
  const struct aus_gemm_kernels *kern = &ctx->kernels->gemm;
  const struct gemm g = { .kern = kern, .m = m, .n = n, .k = k, .k_block = k_block_of(kern, k), .h = panel_rows(kern, max64(m, 1)) };
  const size_t kb = (size_t)g.k_block, nr = (size_t)kern->nr;
  if (thin(kern, m, n)) {
    part[0] = (size_t)round_up(max64(m, 1), g.h) * (size_t)thin_k(&g);
    part[1] = 0;
  } else {
    part[0] = (size_t)round_up(min64(m, ROWS_PACKED), kern->mr) * kb;
    part[1] = (size_t)round_up(min64(n, kern->nc), kern->nr) * kb;
  }
  part[2] = (size_t)ctx->threads * kb * nr;
  for (int i = 0; i < 3; i++) part[i] = (part[i] + 15) / 16 * 16;
}

size_t aus_sgemm_scratch(const aus_ctx *ctx, int64_t m, int64_t n, int64_t k)
{
  size_t part[3];
  scratch_parts(ctx, m, n, k, part);
  return (part[0] + part[1] + part[2]) * sizeof(float);
}

/* ---- one block of C --------------------------------------------------------------- */

/* Rows [i, i + rows) of C by columns [j, j + cols) for the current k range; rows start at a panel. b: packed
 * panels from column j on, or NULL for B as it lies. ahead: rows of B that are packed next, or NULL. */
static void compute(const struct gemm *g, int64_t k0, int64_t k1, const float *a_packed, int64_t i, int64_t rows,
                    const float *b, int64_t j, int64_t cols, const float *ahead)
{
  const bool first = k0 == 0;
  const int64_t kk = k1 - k0, nr = g->kern->nr;
  struct aus_gemm_block block = {
    .m = rows, .n = cols, .k = kk, .h = g->h, .alpha = g->alpha, .beta = first ? g->beta : 1.0f,
    .bias = first && g->bias ? g->bias + j : NULL, .c = g->c + i * g->ldc + j, .ldc = g->ldc,
    .ahead = ahead, .ahead_ld = g->ldb,
  };
  if (g->direct_a) {
    block.a = g->a + i * g->lda + k0; block.a_step = g->h * g->lda; block.lda = g->lda;
  } else {
    block.a = a_packed; block.a_step = g->h * kk;
  }
  if (b) {
    block.b = b; block.b_step = nr * kk; block.ldb = nr;
  } else {
    block.b = g->b + k0 * g->ldb + j; block.b_step = nr; block.ldb = g->ldb;
  }
  g->kern->block(&block);
}

/* Packed panels from column j on (a multiple of nr) for block [k0, k1) of a B packed beforehand. */
static const float *given_panels(const struct gemm *g, int64_t k0, int64_t k1, int64_t j)
{
  return g->b_packed + k0 * round_up(g->n, g->kern->nr) + j * (k1 - k0);
}

/* ---- thin plan ----------------------------------------------------------------------- */

static void thin_pack_a(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct gemm *g = arg; /* item: one block of k */
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    const int64_t k0 = g->k0 + item * g->k_block, k1 = min64(g->k1, k0 + g->k_block);
    g->kern->pack_a(g->trans_a, g->m, k1 - k0, g->h, g->trans_a ? g->a + k0 * g->lda : g->a + k0, g->lda,
                    g->pack_a + (k0 - g->k0) * round_up(g->m, g->h));
  }
}

/* Where the panel packed after (k0, j) starts in B as it lies; NULL: nowhere, or too near its end for k1 - k0 whole rows. */
static const float *next_panel(const struct gemm *g, int64_t k0, int64_t k1, int64_t j, int64_t begin, int64_t end)
{
  const int64_t nr = g->kern->nr, last = min64(g->n, end * nr) - 2 * nr;
  if (g->trans_b) return NULL;
  if (j <= last) return g->b + k0 * g->ldb + j + nr;
  if (k1 + (k1 - k0) <= g->k && begin * nr + nr <= g->n) return g->b + k1 * g->ldb + begin * nr;
  return NULL;
}

static void thin_columns(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct gemm *g = arg; /* item: one panel of columns */
  const int64_t nr = g->kern->nr, m_padded = round_up(g->m, g->h);
  float *own = g->pack_own + worker * nr * g->k_block;
  for (int64_t k0 = g->k0; k0 < g->k1; k0 += g->k_block) {
    const int64_t k1 = min64(g->k1, k0 + g->k_block);
    for (int64_t j = begin * nr; j < min64(g->n, end * nr); j += nr) {
      const int64_t cols = min64(nr, g->n - j);
      const float *b = own;
      if (g->b_packed) b = given_panels(g, k0, k1, j);
      else if (g->direct_b && cols == nr) b = NULL;
      else g->kern->pack_b(g->trans_b, cols, k1 - k0, g->trans_b ? g->b + j * g->ldb + k0 : g->b + k0 * g->ldb + j, g->ldb, own);
      compute(g, k0, k1, g->pack_a + (k0 - g->k0) * m_padded, 0, g->m, b, j, cols, b == own ? next_panel(g, k0, k1, j, begin, end) : NULL);
    }
  }
}

static void run_thin(struct gemm *g)
{
  const int64_t panels = ceil_div(g->n, g->kern->nr), step = thin_k(g);
  for (g->k0 = 0; g->k0 < g->k; g->k0 += step) {
    g->k1 = min64(g->k, g->k0 + step);
    const int64_t blocks = ceil_div(g->k1 - g->k0, g->k_block), kk = g->k1 - g->k0;
    if (!g->direct_a) aus_parallel_for(g->ctx, blocks, max64(1, MAC_PER_TASK / 4 / (g->m * g->k_block)), thin_pack_a, g);
    aus_parallel_for(g->ctx, panels, max64(1, MAC_PER_TASK / (g->m * kk * g->kern->nr)), thin_columns, g);
  }
}

/* ---- blocked plan ----------------------------------------------------------------------- */

/* Items: panels of B (once per block of columns), then groups of panels of A. */
static void blocked_pack(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct gemm *g = arg;
  const int64_t kk = g->k1 - g->k0, nr = g->kern->nr, b_items = g->n_cols;
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    if (item < b_items) {
      const int64_t j = g->j0 + item * nr;
      g->kern->pack_b(g->trans_b, min64(nr, g->n - j), kk, g->trans_b ? g->b + j * g->ldb + g->k0 : g->b + g->k0 * g->ldb + j,
                      g->ldb, g->pack_b + item * nr * kk);
    } else {
      const int64_t i = (item - b_items) * g->h, at = g->i0 + i;
      g->kern->pack_a(g->trans_a, min64(g->h, g->i0 + g->n_rows - at), kk, g->h,
                      g->trans_a ? g->a + g->k0 * g->lda + at : g->a + at * g->lda + g->k0, g->lda, g->pack_a + i * kk);
    }
  }
}

static void blocked_grid(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct gemm *g = arg; /* item: a block of C; neighbours share rows: their block of A stays in L2 */
  const int64_t kk = g->k1 - g->k0, nr = g->kern->nr;
  (void)worker;
  for (int64_t item = begin; item < end; item++) {
    const int64_t i = item / g->n_col_blocks * g->row_step, rows = min64(g->row_step, g->n_rows - i);
    const int64_t j = g->j0 + item % g->n_col_blocks * g->col_step;
    const int64_t cols = min64(g->col_step, min64(g->n, g->j0 + g->kern->nc) - j), whole = cols / nr * nr;
    const float *a = g->pack_a + i * kk;
    if (g->b_packed) {
      compute(g, g->k0, g->k1, a, g->i0 + i, rows, given_panels(g, g->k0, g->k1, j), j, cols, NULL);
    } else if (!g->direct_b) {
      compute(g, g->k0, g->k1, a, g->i0 + i, rows, g->pack_b + (j - g->j0) * kk, j, cols, NULL);
    } else {
      if (whole) compute(g, g->k0, g->k1, a, g->i0 + i, rows, NULL, j, whole, NULL);
      if (whole < cols) compute(g, g->k0, g->k1, a, g->i0 + i, rows, g->pack_b, j + whole, cols - whole, NULL);
    }
  }
}

/* Blocks of C: at most mc rows, as many columns as make a task worth while but leave some for everybody. */
static void cut_grid(struct gemm *g)
{
  const int64_t nr = g->kern->nr, kk = g->k1 - g->k0, cols = min64(g->kern->nc, g->n - g->j0), panels = ceil_div(cols, nr);
  const int64_t worth_rows = min64(g->kern->mc, 8 * MAC_PER_TASK / (nr * kk)), mc = max64(g->h, worth_rows / g->h * g->h);
  g->n_row_blocks = ceil_div(g->n_rows, mc);
  g->row_step = round_up(ceil_div(g->n_rows, g->n_row_blocks), g->h);
  g->n_row_blocks = ceil_div(g->n_rows, g->row_step);
  const int64_t worth = max64(1, 8 * MAC_PER_TASK / (g->row_step * nr * kk));
  g->col_step = nr * min64(panels, worth);
  g->n_col_blocks = ceil_div(cols, g->col_step);
}

static void run_blocked(struct gemm *g)
{
  const int64_t nr = g->kern->nr;
  for (g->j0 = 0; g->j0 < g->n; g->j0 += g->kern->nc) {
    const int64_t cols = min64(g->kern->nc, g->n - g->j0);
    for (g->k0 = 0; g->k0 < g->k; g->k0 += g->k_block) {
      g->k1 = min64(g->k, g->k0 + g->k_block);
      for (g->i0 = 0; g->i0 < g->m; g->i0 += ROWS_PACKED / g->h * g->h) {
        g->n_rows = min64(ROWS_PACKED / g->h * g->h, g->m - g->i0);
        const bool new_b = g->i0 == 0 && !g->b_packed;
        const int64_t a_items = g->direct_a ? 0 : ceil_div(g->n_rows, g->h), kk = g->k1 - g->k0;
        if (g->direct_b && new_b && g->n % nr && g->j0 + cols == g->n) { /* only the ragged panel is packed */
          const int64_t j = g->n / nr * nr;
          g->kern->pack_b(false, g->n - j, kk, g->b + g->k0 * g->ldb + j, g->ldb, g->pack_b);
        }
        g->n_cols = new_b && !g->direct_b ? ceil_div(cols, nr) : 0;
        aus_parallel_for(g->ctx, g->n_cols + a_items, max64(1, 16384 / (nr * kk)), blocked_pack, g);
        cut_grid(g);
        aus_parallel_for(g->ctx, g->n_row_blocks * g->n_col_blocks,
                         max64(1, MAC_PER_TASK / (g->row_step * g->col_step * kk)), blocked_grid, g);
      }
    }
  }
}

/* ---- the choice ------------------------------------------------------------------------------ */

/* Rows a multiple of 4 KiB apart fall into the same sets of L1 and push each other out. */
static bool lies_badly(int64_t ld) { return ld % 1024 == 0; }

static void run(struct gemm *g, float *scratch)
{
  const struct aus_gemm_kernels *kern = g->kern;
  size_t part[3];
  scratch_parts(g->ctx, g->m, g->n, g->k, part);
  g->pack_a = scratch;
  g->pack_b = scratch + part[0];
  g->pack_own = scratch + part[0] + part[1];
  g->k_block = k_block_of(kern, g->k);
  g->h = panel_rows(kern, g->m);
  g->direct_a = !g->trans_a && g->n <= 2 * kern->nr && (!lies_badly(g->lda) || g->m <= 8);
  g->direct_b = !g->b_packed && !g->trans_b && g->n * g->k <= 1 << 15 && (g->m <= kern->mr || !lies_badly(g->ldb));
  if (thin(kern, g->m, g->n)) run_thin(g);
  else run_blocked(g);
}

static void scale_rows(struct gemm *g) /* k = 0: C = beta C (+ bias) */
{
  for (int64_t i = 0; i < g->m; i++) {
    float *c = g->c + i * g->ldc;
    for (int64_t j = 0; j < g->n; j++) c[j] = (g->beta != 0.0f ? g->beta * c[j] : 0.0f) + (g->bias ? g->bias[j] : 0.0f);
  }
}

/* A vector times a matrix: columns are independent, so each task takes a range of them. */
static void row_task(void *arg, int64_t begin, int64_t end, int worker)
{
  const struct gemm *g = arg;
  (void)worker;
  g->kern->gemv_t(g->k, end - begin, g->alpha, g->a, g->b + begin, g->ldb, g->beta, g->c + begin);
}

void aus_sgemm_in(aus_ctx *ctx, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc, void *scratch)
{
  struct gemm g = {
    .ctx = ctx, .kern = &ctx->kernels->gemm, .trans_a = trans_a, .trans_b = trans_b, .m = m, .n = n, .k = k,
    .alpha = alpha, .beta = beta, .a = a, .lda = lda, .b = b, .ldb = ldb, .c = c, .ldc = ldc,
  };
  if (m <= 0 || n <= 0) return;
  if (k <= 0) { scale_rows(&g); return; }
  const bool plain = alpha == 1.0f && (beta == 0.0f || beta == 1.0f);
  if (m == 1 && !trans_b && (!trans_a || lda == 1))
    aus_parallel_for(ctx, n, max64(256, MAC_PER_TASK / k), row_task, &g);
  else if (m == 1 && trans_b && plain && (!trans_a || lda == 1))
    aus_sgemv(ctx, n, k, b, ldb, a, beta != 0.0f, c);
  else if (n == 1 && !trans_a && plain && ldc == 1 && (trans_b || ldb == 1))
    aus_sgemv(ctx, m, k, a, lda, b, beta != 0.0f, c);
  else
    run(&g, scratch);
}

aus_status aus_sgemm(aus_ctx *ctx, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, float alpha,
                     const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
  void *scratch = aus_ctx_scratch(ctx, aus_sgemm_scratch(ctx, m, n, k));
  if (!scratch) return AUS_ENOMEM;
  aus_sgemm_in(ctx, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, scratch);
  return AUS_OK;
}

/* ---- weights packed once -------------------------------------------------------------------------- */

size_t aus_sgemm_packed_b_size(const aus_ctx *ctx, int64_t n, int64_t k)
{
  return (size_t)round_up(n, ctx->kernels->gemm.nr) * (size_t)k * sizeof(float);
}

void aus_sgemm_pack_b(const aus_ctx *ctx, bool trans_b, int64_t n, int64_t k, const float *b, int64_t ldb, void *packed)
{
  const struct aus_gemm_kernels *kern = &ctx->kernels->gemm;
  const int64_t step = k_block_of(kern, k), n_padded = round_up(n, kern->nr);
  for (int64_t k0 = 0; k0 < k; k0 += step)
    kern->pack_b(trans_b, n, min64(step, k - k0), trans_b ? b + k0 : b + k0 * ldb, ldb, (float *)packed + k0 * n_padded);
}

void aus_sgemm_run_packed_b(aus_ctx *ctx, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                            const void *b_packed, const float *bias, float *c, int64_t ldc, void *scratch)
{
  struct gemm g = {
    .ctx = ctx, .kern = &ctx->kernels->gemm, .m = m, .n = n, .k = k, .alpha = 1.0f, .a = a, .lda = lda,
    .b_packed = b_packed, .bias = bias, .c = c, .ldc = ldc,
  };
  if (m <= 0 || n <= 0) return;
  if (k <= 0) scale_rows(&g);
  else run(&g, scratch);
}
