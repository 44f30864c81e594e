/* fuzz_aus.c - the reader of .aus bundles; what it accepts is walked (metadata, tensors, the graph's rim), then its
 * graph is planned, with and without shared memory, and run when it is small: both runs must give the same bits. */
#include "core/core.h"
#include "fuzz/fuzz.h"
#include "l2i/l2i.h"
#include "nn/run.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 20, RUN_BELOW = 1 << 17 };

/* Refuses large blocks, so that a small file cannot ask for gigabytes. */
static void *small_alloc(void *user, size_t n) { (void)user; return n > LARGEST ? NULL : malloc(n); }
static void small_free(void *user, void *p) { (void)user; free(p); }

static aus_run *make_run(aus_ctx *ctx, aus_bundle *b, uint32_t flags)
{
  aus_run *r;
  if (aus_run_create_with(ctx, b, NULL, NULL, 0, flags, &r) != AUS_OK) return NULL;
  for (int32_t i = 0; i < aus_graph_inputs(b); i++) {
    const int64_t n = aus_shape_count(&r->slot[b->graph.input[i]].shape);
    for (int64_t k = 0; k < n; k++) aus_run_input(r, i)[k] = (float)(k % 7) - 3;
  }
  return r;
}

static void run_graph(aus_ctx *ctx, aus_bundle *b)
{
  aus_run *r = make_run(ctx, b, AUS_RUN_NO_FUSION), *plain = r ? make_run(ctx, b, AUS_RUN_NO_FUSION | AUS_RUN_NO_REUSE) : NULL;
  if (plain && aus_run_bytes(plain) < RUN_BELOW) {
    aus_run_forward(r);
    aus_run_forward(plain);
    for (int32_t i = 0; i < aus_graph_outputs(b); i++) {
      aus_dims d;
      const float *x = aus_run_output(r, i, &d), *y = aus_run_output(plain, i, NULL);
      for (int64_t k = 0; k < aus_shape_count(&d); k++)
        if (x[k] != y[k] && !(x[k] != x[k] && y[k] != y[k])) abort();
    }
  }
  aus_run_destroy(plain);
  aus_run_destroy(r);
}

static void repair_checksums(unsigned char *p, size_t n);

/* Damage behind a checksum never gets past it, so half of the inputs have theirs repaired (byte 0 says which). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const aus_config config = { .alloc = small_alloc, .free = small_free, .threads = 1 };
  aus_ctx *ctx;
  aus_bundle *b;
  if (size < 1 || aus_ctx_create(&ctx, &config) != AUS_OK) return 0;
  const int repair = *data++ & 1;
  size--;
  unsigned char *copy = aus_alloc(ctx, size ? size : 1, 1);
  if (copy) {
    memcpy(copy, data, size);
    if (repair) repair_checksums(copy, size);
    if (aus_bundle_open_memory(ctx, copy, size, &b) == AUS_OK) {
      int32_t type;
      aus_l2i_spec spec; /* what it says of itself as an interpreter */
      if (aus_l2i_read_spec(b, &spec) == AUS_OK && (spec.n_taps < 1 || spec.n_taps > AUS_L2I_TAPS || !spec.tap[0].name[0])) abort();
      volatile size_t sum = 0;
      for (int32_t i = 0; aus_meta_key(b, i, &type); i++) sum += strlen(aus_meta_key(b, i, &type));
      for (int32_t i = 0; i < aus_bundle_tensors(b); i++) {
        aus_tensor_info info;
        if (aus_bundle_tensor(b, i, &info) == AUS_OK && info.count > 0) sum += (size_t)(aus_bundle_tensor_f32(b, i)[info.count - 1] > 0);
      }
      for (int32_t i = 0; i < aus_graph_inputs(b); i++) sum += strlen(aus_graph_input_name(b, i)) + (size_t)aus_graph_input_dims(b, i).rank;
      for (int32_t i = 0; i < aus_graph_outputs(b); i++) sum += strlen(aus_graph_output_name(b, i));
      (void)sum; /* volatile: the reads above are the point */
      run_graph(ctx, b);
      aus_bundle_close(b);
    }
    aus_free(ctx, copy);
  }
  aus_ctx_destroy(ctx);
  return 0;
}

static uint32_t get32(const unsigned char *p) { return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }
static uint64_t get64(const unsigned char *p) { return get32(p) | (uint64_t)get32(p + 4) << 32; }
static void put32(unsigned char *p, uint32_t v) { for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> 8 * i); }

/* Sections, then their table, then the header (docs/format.md). */
static void repair_checksums(unsigned char *p, size_t n)
{
  if (n < 64) return;
  put32(p + 16, (uint32_t)n);
  put32(p + 20, 0);
  const uint64_t sections = get32(p + 24), table = get64(p + 32);
  if (sections <= 64 && table <= n && 32 * sections <= n - table) {
    for (uint64_t i = 0; i < sections; i++) {
      unsigned char *s = p + table + 32 * i;
      const uint64_t at = get64(s + 8), size = get64(s + 16);
      if (memcmp(s, "DATA", 4) != 0 && at <= n && size <= n - at) put32(s + 24, aus_crc32(0, p + at, (size_t)size));
    }
    put32(p + 40, aus_crc32(0, p + table, (size_t)(32 * sections)));
  }
  put32(p + 60, aus_crc32(0, p, 60));
}
