/* op_test.h - calls one op by hand: operands between guard pages, prepared weights, scratch of exactly the size asked for. */
#ifndef AUS_OP_TEST_H
#define AUS_OP_TEST_H

#include <sys/mman.h>
#include <unistd.h>

#include "nn/op.h"
#include "simd/kernels.h"
#include "test.h"

/* n bytes that end at a page nobody may touch (at_end) or begin behind one. */
typedef struct guarded { unsigned char *map, *data; size_t bytes; } guarded;

static inline guarded guard_alloc(size_t n, bool at_end)
{
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (n + page - 1) / page * page + page;
  guarded g = { .bytes = body + 2 * page };
  g.map = mmap(NULL, g.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(g.map != MAP_FAILED);
  assert_int_equal(mprotect(g.map, page, PROT_NONE), 0);
  assert_int_equal(mprotect(g.map + page + body, page, PROT_NONE), 0);
  g.data = at_end ? g.map + page + body - n : g.map + page;
  return g;
}
static inline void guard_free(guarded *g) { munmap(g->map, g->bytes); }

/* The instruction sets of this build and CPU, "scalar" first. */
static inline int test_isas(const char *names[4])
{
  static const char *const all[] = { "scalar", "avx2", "avx512", "neon" };
  const aus_cpu cpu = aus_cpu_detect();
  int n = 0;
  for (int i = 0; i < 4; i++)
    if (aus_kernels_select(&cpu, all[i])) names[n++] = all[i];
  return n;
}

static inline aus_ctx *isa_ctx(const char *isa, int threads)
{
  const char *old = getenv("AUSCULT_ISA");
  char *keep = old ? strdup(old) : NULL;
  if (isa) setenv("AUSCULT_ISA", isa, 1);
  aus_ctx *ctx = test_ctx(threads);
  if (keep) setenv("AUSCULT_ISA", keep, 1);
  else unsetenv("AUSCULT_ISA");
  free(keep);
  return ctx;
}

enum { OP_TEST_IN = 8, OP_TEST_OUT = 4, OP_TEST_ATTR = 16 };

typedef struct op_test {
  int32_t op, n_in, n_out;
  aus_shape in_shape[OP_TEST_IN];
  const float *in[OP_TEST_IN];     /* NULL: absent */
  bool want[OP_TEST_OUT];          /* outputs asked for */
  aus_word attr[OP_TEST_ATTR];
  int32_t n_attr;
  const aus_epilogue *epilogue;
  bool prepared, at_end;
  aus_shape out_shape[OP_TEST_OUT]; /* filled */
  float *out[OP_TEST_OUT];          /* filled; free with op_test_free */
} op_test;

static inline void op_test_free(op_test *t)
{
  for (int i = 0; i < OP_TEST_OUT; i++) { free(t->out[i]); t->out[i] = NULL; }
}

static inline size_t shape_bytes(const aus_shape *s) { return s->rank ? (size_t)aus_shape_count(s) * sizeof(float) : 0; }

static inline aus_status op_test_shape(aus_ctx *ctx, op_test *t, aus_operand *in, aus_operand *out, aus_call *call)
{
  const aus_op *op = aus_op_by_code(t->op);
  assert_non_null(op);
  *call = (aus_call){ .ctx = ctx, .op = t->op, .n_in = t->n_in, .n_out = t->n_out, .n_attr = t->n_attr, .in = in, .out = out, .attr = t->attr };
  for (int i = 0; i < t->n_in; i++) in[i] = (aus_operand){ NULL, t->in[i] ? t->in_shape[i] : (aus_shape){0} };
  return op->impl->shape(call);
}

/* Runs the op; outputs are copied to t->out. */
static inline void op_test_run(aus_ctx *ctx, op_test *t)
{
  const aus_op *op = aus_op_by_code(t->op);
  aus_operand in[OP_TEST_IN] = {0}, out[OP_TEST_OUT] = {0};
  aus_call call;
  assert_ok(ctx, op_test_shape(ctx, t, in, out, &call));
  call.epilogue = t->epilogue;
  guarded gi[OP_TEST_IN] = {0}, go[OP_TEST_OUT] = {0}, gp = {0}, gs = {0};
  for (int i = 0; i < t->n_in; i++) {
    if (!t->in[i]) continue;
    const size_t bytes = shape_bytes(&t->in_shape[i]);
    gi[i] = guard_alloc(bytes, t->at_end);
    memcpy(gi[i].data, t->in[i], bytes);
    in[i].data = (float *)(void *)gi[i].data;
  }
  for (int i = 0; i < t->n_out; i++) {
    if (t->epilogue && t->epilogue->max_w) out[i].shape.dim[out[i].shape.rank - 1] = 1;
    t->out_shape[i] = out[i].shape;
    if (!t->want[i]) continue;
    go[i] = guard_alloc(shape_bytes(&out[i].shape), t->at_end);
    memset(go[i].data, 0xff, shape_bytes(&out[i].shape)); /* NaN: what is not written shows */
    out[i].data = (float *)(void *)go[i].data;
  }
  if (t->prepared && op->impl->prepared_size) {
    const size_t bytes = op->impl->prepared_size(&call);
    if (bytes) {
      gp = guard_alloc((bytes + 63) / 64 * 64, true);
      op->impl->prepare(&call, gp.data);
      call.prepared = gp.data;
    }
  }
  const size_t scratch = op->impl->scratch_size ? op->impl->scratch_size(&call) : 0;
  if (scratch) {
    gs = guard_alloc((scratch + 63) / 64 * 64, true);
    memset(gs.data, 0xff, scratch);
    call.scratch = gs.data;
  }
  op->impl->forward(&call);
  for (int i = 0; i < t->n_out; i++) {
    free(t->out[i]);
    t->out[i] = NULL;
    if (!t->want[i]) continue;
    t->out[i] = malloc(shape_bytes(&out[i].shape) + 1);
    memcpy(t->out[i], go[i].data, shape_bytes(&out[i].shape));
    guard_free(&go[i]);
  }
  for (int i = 0; i < t->n_in; i++) if (gi[i].map) guard_free(&gi[i]);
  if (gp.map) guard_free(&gp);
  if (gs.map) guard_free(&gs);
}

/* A signal made by integers alone, so that Python makes the same: rough(n, salt) of make_*.py. */
static inline float *rough(int64_t n, int64_t salt)
{
  float *x = malloc((size_t)(n ? n : 1) * sizeof *x);
  for (int64_t i = 0; i < n; i++) {
    const int64_t j = i + salt;
    x[i] = (float)((j * 7919 + j * j * 31) % 1021) / 512.0f - 1.0f;
  }
  return x;
}

#endif
