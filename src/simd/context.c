/* context.c - makes a context: where the context's struct (floor 1) meets its kernel table (floor 2).
 *
 * It lives here and not in src/core because arrows point down: core knows of kernels only
 * that there is a struct of that name. */
#include "core/core.h"
#include "core/cpu.h"
#include "simd/kernels.h"

#include <stdlib.h>

static void *default_alloc(void *user, size_t bytes) { (void)user; return malloc(bytes); }
static void default_free(void *user, void *p) { (void)user; free(p); }

aus_status aus_ctx_create(aus_ctx **out, const aus_config *config)
{
  if (!out) return AUS_EINVAL;
  *out = NULL;
  aus_config c = {0};
  if (config) c = *config;
  if (!c.alloc != !c.free || c.threads < 0 || (c.parallel && c.threads < 1)) return AUS_EINVAL;
  if (!c.alloc) { c.alloc = default_alloc; c.free = default_free; }
  const aus_cpu cpu = aus_cpu_detect();
  const aus_kernels *kernels = aus_kernels_select(&cpu, getenv("AUSCULT_ISA"));
  if (!kernels) return AUS_ENOTSUP;
  aus_ctx *ctx = c.alloc(c.user, sizeof *ctx);
  if (!ctx) return AUS_ENOMEM;
  *ctx = (aus_ctx){ .config = c, .threads = c.threads ? c.threads : cpu.cores, .kernels = kernels };
  *out = ctx;
  return AUS_OK;
}

const char *aus_ctx_isa(const aus_ctx *ctx) { return ctx->kernels->name; }
