/* bench_conv.c - convolution and transposed convolution: GFLOP/s beside the measured peak, and oneDNN in the same run.
 *
 *   bench/bench_conv [THREADS] [PART OF NAME]
 *
 * oneDNN 2.x is opened at run time when its header was there at build time; it chooses its own blocked formats, inputs and
 * weights already in them, direct algorithm (not Winograd: other arithmetic).
 * Rounds alternate between the two, best of each. Ours: plain NCHW in, NCHW out, the padded copy included. */
#include "nn/op.h"
#include "simd/kernels.h"

#include <dlfcn.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_include)
#if __has_include(<dnnl.h>)
#include <dnnl.h>
#if DNNL_VERSION_MAJOR == 2
#define HAVE_DNNL 1
#endif
#endif
#endif

typedef struct conv_case { const char *name; int transposed; int mb, ic, ih, iw, oc, kh, kw, s, top, left, bottom, right, d; } conv_case;

static const conv_case cases[] = {
  { "conv3x3 1->64 128x63", 0, 1, 1, 128, 63, 64, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 16->16 128x128", 0, 1, 16, 128, 128, 16, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 32->32 128x128", 0, 1, 32, 128, 128, 32, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 64->64 128x63", 0, 1, 64, 128, 63, 64, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 64->128 64x31", 0, 1, 64, 64, 31, 128, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 128->128 64x31", 0, 1, 128, 64, 31, 128, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 128->256 32x15", 0, 1, 128, 32, 15, 256, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 256->256 32x15", 0, 1, 256, 32, 15, 256, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 256->512 16x7", 0, 1, 256, 16, 7, 512, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 512->512 16x7", 0, 1, 512, 16, 7, 512, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 512->512 8x3", 0, 1, 512, 8, 3, 512, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 b8 64->64 128x63", 0, 8, 64, 128, 63, 64, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 b8 256->256 32x15", 0, 8, 256, 32, 15, 256, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv3x3 b8 512->512 8x3", 0, 8, 512, 8, 3, 512, 3, 3, 1, 1, 1, 1, 1, 1 },
  { "conv5x5s2 2->16 512x1024", 0, 1, 2, 512, 1024, 16, 5, 5, 2, 2, 2, 2, 2, 1 },
  { "conv5x5s2 16->32 256x512", 0, 1, 16, 256, 512, 32, 5, 5, 2, 2, 2, 2, 2, 1 },
  { "conv5x5s2 32->64 128x256", 0, 1, 32, 128, 256, 64, 5, 5, 2, 2, 2, 2, 2, 1 },
  { "conv5x5s2 64->128 64x128", 0, 1, 64, 64, 128, 128, 5, 5, 2, 2, 2, 2, 2, 1 },
  { "conv5x5s2 128->256 32x64", 0, 1, 128, 32, 64, 256, 5, 5, 2, 2, 2, 2, 2, 1 },
  { "conv5x5s2 256->512 16x32", 0, 1, 256, 16, 32, 512, 5, 5, 2, 2, 2, 2, 2, 1 },
  { "deconv5x5s2 512->256 8x16", 1, 1, 512, 8, 16, 256, 5, 5, 2, 2, 2, 1, 1, 1 },
  { "deconv5x5s2 512->128 16x32", 1, 1, 512, 16, 32, 128, 5, 5, 2, 2, 2, 1, 1, 1 },
  { "deconv5x5s2 256->64 32x64", 1, 1, 256, 32, 64, 64, 5, 5, 2, 2, 2, 1, 1, 1 },
  { "deconv5x5s2 128->32 64x128", 1, 1, 128, 64, 128, 32, 5, 5, 2, 2, 2, 1, 1, 1 },
  { "deconv5x5s2 64->16 128x256", 1, 1, 64, 128, 256, 16, 5, 5, 2, 2, 2, 1, 1, 1 },
  { "deconv5x5s2 32->1 256x512", 1, 1, 32, 256, 512, 1, 5, 5, 2, 2, 2, 1, 1, 1 },
  { "conv4x4d2 1->2 512x1024", 0, 1, 1, 512, 1024, 2, 4, 4, 1, 3, 3, 3, 3, 2 },
  { "conv7x38 1->204 187x96", 0, 1, 1, 187, 96, 204, 7, 38, 1, 3, 0, 3, 0, 1 },
  { "conv7x67 1->204 187x96", 0, 1, 1, 187, 96, 204, 7, 67, 1, 3, 0, 3, 0, 1 },
  { "conv128x1 1->51 187x96", 0, 1, 1, 187, 96, 51, 128, 1, 1, 63, 0, 64, 0, 1 },
  { "conv64x1 1->51 187x96", 0, 1, 1, 187, 96, 51, 64, 1, 1, 31, 0, 32, 0, 1 },
  { "conv32x1 1->51 187x96", 0, 1, 1, 187, 96, 51, 32, 1, 1, 15, 0, 16, 0, 1 },
  { "conv1x7 561->64 187", 0, 1, 561, 1, 187, 64, 1, 7, 1, 0, 3, 0, 3, 1 },
};

static float *noise(size_t n)
{
  float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
  uint32_t seed = 1;
  for (size_t i = 0; i < n; i++) { seed = seed * 1664525u + 1013904223u; x[i] = ((float)(seed >> 8) * 0x1p-23f - 1) * 0.1f; }
  return x;
}

/* ---- the machine's peak: a register tile on data that stays in the first cache ---------------------------------- */

static void spin(void *arg, int64_t begin, int64_t end, int worker)
{
  const aus_kernels *kern = arg;
  const int32_t m = kern->conv.max_m;
  enum { K = 128 };
  float src[K * 64 + 128], weights[K * 16], dst[16 * 64];
  int32_t offset[K];
  (void)worker;
  memset(src, 0, sizeof src);
  memset(weights, 0, sizeof weights);
  for (int i = 0; i < K; i++) offset[i] = i * kern->conv.max_nv[m] * kern->width % (K * 32);
  const int32_t cols = kern->conv.max_nv[m] * kern->width;
  struct aus_conv_tile t = { .k = K, .src = src, .offset = offset, .weights = weights, .dst = dst, .dst_stride = cols, .m = m, .cols = cols, .flags = AUS_TILE_RAW };
  for (int64_t i = begin; i < end; i++)
    for (int r = 0; r < 500; r++) kern->conv.tile(&t);
}

static double peak(aus_ctx *ctx)
{
  const aus_kernels *k = ctx->kernels;
  const int64_t n = 16 * aus_ctx_threads(ctx);
  double best = 0;
  for (int r = 0; r < 20; r++) {
    const double start = aus_now();
    aus_parallel_for(ctx, n, 1, spin, (void *)(uintptr_t)k);
    const double flops = (double)n * 500 * 128 * 2 * k->conv.max_m * k->conv.max_nv[k->conv.max_m] * k->width;
    const double rate = flops / (aus_now() - start) * 1e-9;
    best = rate > best ? rate : best;
  }
  return best;
}

/* ---- ours ---------------------------------------------------------------------------------------------------------- */

typedef struct ours { aus_call call; aus_operand in[3], out[1]; aus_word attr[11]; const aus_op *op; } ours;

static void open_ours(aus_ctx *ctx, const conv_case *c, ours *o)
{
  *o = (ours){ .op = aus_op_by_code(c->transposed ? AUS_OP_conv_transpose : AUS_OP_conv) };
  o->in[0].shape = (aus_shape){ 4, { c->mb, c->ic, c->ih, c->iw } };
  o->in[1].shape = (aus_shape){ 4, { c->transposed ? c->ic : c->oc, c->transposed ? c->oc : c->ic, c->kh, c->kw } };
  o->in[2].shape = (aus_shape){ 1, { c->oc } };
  for (int i = 0; i < 3; i++) o->in[i].data = noise((size_t)aus_shape_count(&o->in[i].shape));
  const int a[11] = { c->s, c->s, c->d, c->d, c->top, c->left, c->bottom, c->right, 1, 0, 0 };
  for (int i = 0; i < 11; i++) o->attr[i].i = a[i];
  o->call = (aus_call){ .ctx = ctx, .op = o->op->code, .n_in = 3, .n_out = 1, .n_attr = c->transposed ? 11 : 9, .in = o->in, .out = o->out, .attr = o->attr };
  if (o->op->impl->shape(&o->call) != AUS_OK) { fprintf(stderr, "%s: %s\n", c->name, aus_ctx_error(ctx)); exit(1); }
  o->out[0].data = noise((size_t)aus_shape_count(&o->out[0].shape));
  void *prepared = aligned_alloc(64, (o->op->impl->prepared_size(&o->call) + 63) / 64 * 64);
  o->op->impl->prepare(&o->call, prepared);
  o->call.prepared = prepared;
  o->call.scratch = aligned_alloc(64, (o->op->impl->scratch_size(&o->call) + 63) / 64 * 64);
}

static void close_ours(ours *o)
{
  for (int i = 0; i < 3; i++) free(o->in[i].data);
  free(o->out[0].data);
  free((void *)(uintptr_t)o->call.prepared);
  free(o->call.scratch);
}

static double flops(const conv_case *c, const ours *o)
{
  const aus_shape *out = &o->out[0].shape;
  const double pixels = c->transposed ? (double)c->ih * c->iw : (double)out->dim[2] * (double)out->dim[3];
  return 2.0 * c->mb * c->ic * c->oc * c->kh * c->kw * pixels;
}

/* ---- oneDNN ---------------------------------------------------------------------------------------------------------- */

#ifdef HAVE_DNNL
typedef struct peer {
  dnnl_primitive_t prim;
  dnnl_stream_t stream;
  dnnl_exec_arg_t args[4];
} peer;

#define DNNL_FUNCTIONS(F)                                                                                            \
  F(dnnl_engine_create) F(dnnl_stream_create) F(dnnl_memory_desc_init_by_tag) F(dnnl_dilated_convolution_forward_desc_init) \
  F(dnnl_dilated_deconvolution_forward_desc_init) F(dnnl_primitive_desc_create) F(dnnl_primitive_desc_query_md) F(dnnl_memory_create) \
  F(dnnl_memory_get_data_handle) F(dnnl_memory_desc_get_size) F(dnnl_primitive_create) F(dnnl_primitive_execute) F(dnnl_stream_wait)
static struct {
#define F(name) __typeof__(&name) name;
  DNNL_FUNCTIONS(F)
#undef F
} dn;

static int load_dnnl(void)
{
  void *lib = dlopen("libdnnl.so.2", RTLD_NOW);
  if (!lib) return 0;
#define F(name) { void *sym = dlsym(lib, #name); if (!sym) return 0; memcpy(&dn.name, &sym, sizeof sym); }
  DNNL_FUNCTIONS(F)
#undef F
  return 1;
}

static dnnl_memory_t peer_memory(dnnl_primitive_desc_t pd, dnnl_query_t what, int index, dnnl_engine_t engine)
{
  const dnnl_memory_desc_t *md = dn.dnnl_primitive_desc_query_md(pd, what, index);
  dnnl_memory_t m = NULL;
  void *data = NULL;
  if (dn.dnnl_memory_create(&m, md, engine, DNNL_MEMORY_ALLOCATE) != dnnl_success) return NULL;
  dn.dnnl_memory_get_data_handle(m, &data);
  const size_t bytes = dn.dnnl_memory_desc_get_size(md);
  float *x = noise(bytes / sizeof(float));
  memcpy(data, x, bytes / sizeof(float) * sizeof(float));
  free(x);
  return m;
}

static int open_peer(const conv_case *c, const ours *o, peer *p)
{
  static dnnl_engine_t engine;
  if (!engine && dn.dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) return 0;
  const dnnl_dims_t src = { c->mb, c->ic, c->ih, c->iw }, weights = { c->oc, c->ic, c->kh, c->kw }, bias = { c->oc };
  const dnnl_dims_t dst = { c->mb, c->oc, o->out[0].shape.dim[2], o->out[0].shape.dim[3] };
  const dnnl_dims_t strides = { c->s, c->s }, dilates = { c->d - 1, c->d - 1 }, low = { c->top, c->left }, high = { c->bottom, c->right };
  dnnl_memory_desc_t s, w, b, d;
  dn.dnnl_memory_desc_init_by_tag(&s, 4, src, dnnl_f32, dnnl_format_tag_any);
  dn.dnnl_memory_desc_init_by_tag(&w, 4, weights, dnnl_f32, dnnl_format_tag_any);
  dn.dnnl_memory_desc_init_by_tag(&b, 1, bias, dnnl_f32, dnnl_format_tag_any);
  dn.dnnl_memory_desc_init_by_tag(&d, 4, dst, dnnl_f32, dnnl_format_tag_any);
  dnnl_primitive_desc_t pd = NULL;
  if (c->transposed) {
    dnnl_deconvolution_desc_t desc;
    if (dn.dnnl_dilated_deconvolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_deconvolution_direct, &s, &w, &b, &d, strides, dilates, low, high)) return 0;
    if (dn.dnnl_primitive_desc_create(&pd, &desc, NULL, engine, NULL)) return 0;
  } else {
    dnnl_convolution_desc_t desc;
    if (dn.dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_inference, dnnl_convolution_direct, &s, &w, &b, &d, strides, dilates, low, high)) return 0;
    if (dn.dnnl_primitive_desc_create(&pd, &desc, NULL, engine, NULL)) return 0;
  }
  if (dn.dnnl_primitive_create(&p->prim, pd)) return 0;
  if (dn.dnnl_stream_create(&p->stream, engine, dnnl_stream_default_flags)) return 0;
  p->args[0] = (dnnl_exec_arg_t){ DNNL_ARG_SRC, peer_memory(pd, dnnl_query_src_md, 0, engine) };
  p->args[1] = (dnnl_exec_arg_t){ DNNL_ARG_WEIGHTS, peer_memory(pd, dnnl_query_weights_md, 0, engine) };
  p->args[2] = (dnnl_exec_arg_t){ DNNL_ARG_BIAS, peer_memory(pd, dnnl_query_weights_md, 1, engine) };
  p->args[3] = (dnnl_exec_arg_t){ DNNL_ARG_DST, peer_memory(pd, dnnl_query_dst_md, 0, engine) };
  return 1;
}

static void run_peer(peer *p)
{
  dn.dnnl_primitive_execute(p->prim, p->stream, 4, p->args);
  dn.dnnl_stream_wait(p->stream);
}
#else
typedef struct peer { int none; } peer;
static int load_dnnl(void) { return 0; }
static int open_peer(const conv_case *c, const ours *o, peer *p) { (void)c; (void)o; (void)p; return 0; }
static void run_peer(peer *p) { (void)p; }
#endif

static double time_one(const ours *o, peer *p, int inner)
{
  const double start = aus_now();
  for (int i = 0; i < inner; i++) {
    if (p) run_peer(p);
    else o->op->impl->forward(&o->call);
  }
  return (aus_now() - start) / inner;
}

int main(int argc, char **argv)
{
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const char *only = argc > 2 ? argv[2] : "";
#ifdef _OPENMP
  omp_set_num_threads(threads); /* for oneDNN */
#endif
  aus_ctx *ctx = NULL;
  const aus_config config = { .threads = threads };
  if (aus_ctx_create(&ctx, &config) != AUS_OK) return 1;
  const int have = load_dnnl();
  const double top = peak(ctx);
  printf("%s, %d thread%s, peak %.1f GFLOP/s%s\n", aus_ctx_isa(ctx), threads, threads == 1 ? "" : "s", top, have ? "" : "; oneDNN 2.x not found");
  printf("%-30s %9s %8s %7s %9s %7s\n", "case", "ms", "GFLOP/s", "% peak", "oneDNN ms", "ratio");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (!strstr(cases[i].name, only)) continue;
    ours o;
    peer p;
    open_ours(ctx, &cases[i], &o);
    const int beside = have && open_peer(&cases[i], &o, &p);
    double us = 1e9, them = 1e9;
    const double once = (time_one(&o, NULL, 1), time_one(&o, NULL, 1));
    const int inner = once > 0.005 ? 1 : (int)(0.005 / once) + 1;
    if (beside) time_one(&o, &p, 1);
    for (int r = 0; r < 9; r++) {
      const double a = time_one(&o, NULL, inner), b = beside ? time_one(&o, &p, inner) : 1e9;
      us = a < us ? a : us;
      them = b < them ? b : them;
    }
    const double rate = flops(&cases[i], &o) / us * 1e-9;
    printf("%-30s %9.3f %8.1f %7.1f", cases[i].name, us * 1e3, rate, 100 * rate / top);
    if (beside) printf(" %9.3f %6.2fx", them * 1e3, them / us);
    putchar('\n');
    fflush(stdout);
    close_ours(&o);
  }
  aus_ctx_destroy(ctx);
  return 0;
}
