/* op_case.h - the cases of golden/ops.h: inputs, bundles of one node, references. For test_ops.c and test_back.c. */
#ifndef AUS_OP_CASE_H
#define AUS_OP_CASE_H

#include "test.h"

#include "format/writer.h"
#include "nn/run.h"

#include <sys/mman.h>

#include "ops_ref.h"

typedef struct golden_shape { int rank; int dim[6]; char kind; int param; } golden_shape;
typedef struct golden_case {
  const char *op;
  int n_in;
  golden_shape in[6];
  int n_attr;
  int32_t attr[24];
  int n_out, at, count[3]; /* values of each output from golden_values + at; 0: judged by the reference alone */
} golden_case;

#include "golden/ops.h"

enum { N_CASES = sizeof golden_cases / sizeof *golden_cases, LONGEST = 67 };

static const struct { const char *op; ref_fn fn; } rows[] = {
  { "conv", ref_conv }, { "conv_transpose", ref_conv_transpose }, { "linear", ref_linear }, { "matmul", ref_matmul },
  { "batch_norm", ref_batch_norm }, { "layer_norm", ref_layer_norm }, { "instance_norm", ref_instance_norm }, { "group_norm", ref_group_norm },
  { "max_pool", ref_pool }, { "avg_pool", ref_pool }, { "adaptive_avg_pool", ref_adaptive }, { "adaptive_max_pool", ref_adaptive },
  { "relu", ref_unary }, { "leaky_relu", ref_unary }, { "elu", ref_unary }, { "sigmoid", ref_unary }, { "tanh", ref_unary }, { "gelu", ref_unary },
  { "softplus", ref_unary }, { "hard_sigmoid", ref_unary }, { "clip", ref_unary }, { "exp", ref_unary }, { "log", ref_unary }, { "sqrt", ref_unary },
  { "erf", ref_unary }, { "abs", ref_unary }, { "neg", ref_unary }, { "sin", ref_unary }, { "cos", ref_unary }, { "reciprocal", ref_unary },
  { "silu", ref_unary }, { "floor", ref_unary }, { "ceil", ref_unary }, { "round", ref_unary }, { "sign", ref_unary }, { "selu", ref_unary },
  { "softsign", ref_unary }, { "atan", ref_unary }, { "hard_swish", ref_unary }, { "thresholded_relu", ref_unary }, { "prelu", ref_prelu },
  { "add", ref_binary }, { "sub", ref_binary }, { "mul", ref_binary }, { "div", ref_binary }, { "pow", ref_binary }, { "max", ref_binary },
  { "min", ref_binary }, { "greater", ref_binary }, { "less", ref_binary }, { "equal", ref_binary }, { "greater_equal", ref_binary },
  { "less_equal", ref_binary }, { "where", ref_binary }, { "softmax", ref_softmax }, { "log_softmax", ref_softmax },
  { "reduce_sum", ref_reduce }, { "reduce_mean", ref_reduce }, { "reduce_max", ref_reduce }, { "reduce_min", ref_reduce }, { "reduce_prod", ref_reduce },
  { "reduce_l1", ref_reduce }, { "reduce_l2", ref_reduce }, { "reduce_sum_square", ref_reduce }, { "reduce_log_sum_exp", ref_reduce },
  { "concat", ref_concat }, { "slice", ref_slice }, { "reshape", ref_reshape }, { "transpose", ref_transpose }, { "pad", ref_pad },
  { "expand", ref_expand }, { "tile", ref_tile }, { "gather", ref_gather }, { "cumsum", ref_cumsum }, { "resize", ref_resize },
  { "depth_to_space", ref_blocks }, { "space_to_depth", ref_blocks }, { "identity", ref_unary }, { "scatter_rows", ref_scatter },
  { "lstm", ref_recurrent }, { "gru", ref_recurrent }, { "rnn", ref_recurrent }, { "attention", ref_attention }, { "dropout", ref_unary },
};

static ref_fn reference_of(const char *op)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].op, op) == 0) return rows[i].fn;
  return NULL;
}

/* ---- inputs: the hash of make_ops.py ------------------------------------------------------------ */

static float input_value(int seed, int k, int64_t i, char kind)
{
  uint32_t h = (uint32_t)((uint64_t)i * 2654435761u + (uint64_t)k * 40503 + (uint64_t)seed * 97 + 12345);
  h ^= h >> 15;
  h *= 2246822519u;
  h ^= h >> 13;
  const double x = (double)(h & 0xffff) / 16384 - 2;
  return (float)(kind == 'p' ? fabs(x) + 0.125 : kind == 'b' ? x > 0 : kind == 'q' ? floor(x * 2) / 2 : kind == 's' ? x / 8 : x);
}

/* Dims of input k with -1 replaced by a length. */
static int64_t input_dims(const golden_case *c, int k, int length, int32_t dim[6])
{
  int64_t n = 1;
  for (int d = 0; d < c->in[k].rank; d++) n *= dim[d] = c->in[k].dim[d] == -1 ? length : c->in[k].dim[d];
  return n;
}

static float *input_values(const golden_case *c, int k, int64_t n)
{
  float *x = malloc(((size_t)n + 1) * sizeof *x);
  for (int64_t i = 0; i < n; i++) x[i] = input_value((int)(c - golden_cases), k, i, c->in[k].kind);
  return x;
}

static bool has_length(const golden_case *c)
{
  for (int k = 0; k < c->n_in; k++)
    for (int d = 0; d < c->in[k].rank; d++)
      if (c->in[k].dim[d] == -1) return true;
  return false;
}

/* ---- one node as a bundle and a run ---------------------------------------------------------------- */

typedef struct job { aus_ctx *ctx; aus_bundle *bundle; aus_run *run; void *bytes; } job;

/* Inputs of the case's shapes and kinds, with any attributes; bundle only. */
static aus_status make_bundle(aus_ctx *ctx, const golden_case *c, int length, job *j)
{
  aus_builder *b;
  int32_t in[6], dim[6];
  size_t size;
  *j = (job){ .ctx = ctx };
  AUS_TRY(aus_builder_create(ctx, &b));
  for (int k = 0; k < c->n_in; k++) {
    char name[16];
    snprintf(name, sizeof name, "x%d", k);
    const int64_t n = input_dims(c, k, length, dim);
    if (!c->in[k].param) { in[k] = aus_builder_input(b, name, c->in[k].rank, dim); continue; }
    float *x = input_values(c, k, n);
    in[k] = aus_builder_param(b, name, c->in[k].rank, dim, x);
    free(x);
  }
  aus_word words[24];
  for (int i = 0; i < c->n_attr; i++) words[i].i = c->attr[i];
  const int32_t y = aus_builder_node(b, aus_op_by_name(c->op)->code, "y", c->n_in, in, c->n_out, c->n_attr, words);
  for (int i = 0; i < c->n_out; i++) aus_builder_output(b, y + i);
  aus_status status = aus_builder_finish(b, &j->bytes, &size);
  aus_builder_destroy(b);
  if (status == AUS_OK) status = aus_bundle_open_memory(ctx, j->bytes, size, &j->bundle);
  return status;
}

static void end_job(job *j)
{
  aus_run_destroy(j->run);
  aus_bundle_close(j->bundle);
  aus_free(j->ctx, j->bytes);
  *j = (job){0};
}

static void fill_inputs(const golden_case *c, int length, aus_run *run)
{
  int32_t dim[6];
  for (int k = 0, i = 0; k < c->n_in; k++) {
    if (c->in[k].param) continue;
    const int64_t n = input_dims(c, k, length, dim);
    float *x = input_values(c, k, n);
    memcpy(aus_run_input(run, i++), x, (size_t)n * sizeof *x);
    free(x);
  }
}

static inline job start(aus_ctx *ctx, const golden_case *c, int length)
{
  job j;
  assert_ok(ctx, make_bundle(ctx, c, length, &j));
  assert_ok(ctx, aus_run_create(ctx, j.bundle, NULL, NULL, 0, &j.run));
  fill_inputs(c, length, j.run);
  return j;
}

static void free_reference(ref *r, arr *in)
{
  for (int k = 0; k < r->n_in; k++) free(in[k].v);
  for (int k = 0; k < 3; k++) free(r->out[k].v);
}

/* Fills in[] (the caller's, 6) and the reference's outputs. */
static ref make_reference(const golden_case *c, int length, arr *in)
{
  static aus_word words[24];
  ref r = { .in = in, .n_in = c->n_in, .attr = words, .n_attr = c->n_attr, .op = aus_op_by_name(c->op)->code };
  for (int i = 0; i < c->n_attr; i++) words[i].i = c->attr[i];
  for (int k = 0; k < c->n_in; k++) {
    int32_t dim[6];
    in[k] = (arr){ .rank = c->in[k].rank, .n = input_dims(c, k, length, dim) };
    for (int d = 0; d < in[k].rank; d++) in[k].dim[d] = dim[d];
    in[k].v = malloc(((size_t)in[k].n + 1) * sizeof(double));
    for (int64_t i = 0; i < in[k].n; i++) in[k].v[i] = (double)input_value((int)(c - golden_cases), k, i, c->in[k].kind);
  }
  reference_of(c->op)(&r);
  return r;
}

/* The instruction sets of this machine, as contexts of so many threads. */
static const char *const isas[] = { "scalar", "avx2", "avx512", "neon" };
static aus_ctx *isa_ctx(int i, int threads)
{
  const aus_config config = { .threads = threads };
  aus_ctx *ctx = NULL;
  char *before = getenv("AUSCULT_ISA"), *saved = before ? strdup(before) : NULL;
  setenv("AUSCULT_ISA", isas[i], 1);
  if (aus_ctx_create(&ctx, &config) != AUS_OK) ctx = NULL;
  if (saved) setenv("AUSCULT_ISA", saved, 1); else unsetenv("AUSCULT_ISA");
  free(saved);
  return ctx;
}

static int64_t case_size(const golden_case *c)
{
  int32_t dim[6];
  int64_t n = 0;
  for (int k = 0; k < c->n_in; k++) n += input_dims(c, k, 1, dim);
  return n;
}

/* ---- guard pages: copies that end (or begin) at a page nobody may touch ---- */

enum { GUARDED = 1 << 18 };

static float *guarded_copy(const float *data, int64_t n, bool at_end)
{
  unsigned char *p = mmap(NULL, GUARDED + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(p != MAP_FAILED && n * 4 <= GUARDED);
  float *to = (float *)(void *)(at_end ? p + 4096 + GUARDED - n * 4 : p + 4096);
  memcpy(to, data, (size_t)n * sizeof *to);
  mprotect(p, 4096, PROT_NONE);
  mprotect(p + 4096 + GUARDED, 4096, PROT_NONE);
  return to;
}

static void drop_guarded(float *data, int64_t n, bool at_end)
{
  if (data) munmap((unsigned char *)data - 4096 - (at_end ? GUARDED - n * 4 : 0), GUARDED + 8192);
}

#endif
