/* oom.h - a context whose memory is counted, and can run out; every allocation of a scenario failing in turn.
 *
 * A scenario is what a caller would do, from a fresh context to the last close. It is run with its first allocation
 * failing, then its second, and so on until a run needs no more: each such run must come back with AUS_ENOMEM, say so,
 * and leave nothing behind. A failure is a lapse (later allocations succeed, so that an error which is dropped shows up as a
 * success), and every fourth also an end (all later ones fail too: cleaning up must not allocate). */
#ifndef AUS_TEST_OOM_H
#define AUS_TEST_OOM_H

#include "test.h"

typedef struct meter {
  int64_t left;    /* allocations until one fails; < 0: none does */
  bool lasting;    /* after the failed one all fail */
  int64_t refused; /* allocations that failed on demand */
  size_t most;     /* larger blocks fail; 0: no limit */
  int64_t calls;   /* of alloc and free */
  int64_t blocks;  /* out now */
  int64_t now, peak; /* bytes out */
} meter;

enum { METER_HEAD = 16 }; /* the size of a block is kept before it */

static inline void *meter_alloc(void *user, size_t n)
{
  meter *m = user;
  m->calls++;
  if (m->left == 0) {
    m->left = m->lasting ? 0 : -1;
    m->refused++;
    return NULL;
  }
  if (m->left > 0) m->left--;
  if ((m->most && n > m->most) || n > SIZE_MAX - METER_HEAD) return NULL;
  unsigned char *p = malloc(n + METER_HEAD);
  if (!p) return NULL;
  memcpy(p, &n, sizeof n);
  m->blocks++;
  m->now += (int64_t)n;
  if (m->now > m->peak) m->peak = m->now;
  return p + METER_HEAD;
}

static inline void meter_free(void *user, void *p)
{
  meter *m = user;
  m->calls++;
  if (!p) return;
  unsigned char *block = (unsigned char *)p - METER_HEAD;
  size_t n;
  memcpy(&n, block, sizeof n);
  m->blocks--;
  m->now -= (int64_t)n;
  free(block);
}

/* A context of one thread on m, or NULL when m did not give its memory. */
static inline aus_ctx *meter_ctx(meter *m)
{
  aus_ctx *ctx = NULL;
  const aus_config config = { .alloc = meter_alloc, .free = meter_free, .threads = 1, .user = m };
  const aus_status status = aus_ctx_create(&ctx, &config);
  if (status != AUS_OK && status != AUS_ENOMEM) fail_msg("no context: %s", aus_strerror(status));
  return ctx;
}

typedef aus_status (*oom_scenario)(aus_ctx *ctx, void *arg);

/* One run with allocation n (from 0) failing; false when it needed no so many. */
static inline bool oom_run(const char *name, oom_scenario run, void *arg, int64_t n, bool lasting)
{
  meter m = { .left = n, .lasting = lasting };
  aus_ctx *ctx = meter_ctx(&m);
  if (ctx) {
    const aus_status status = run(ctx, arg);
    if (!m.refused && status != AUS_OK) fail_msg("%s: %s (%s) with all the memory it wants", name, aus_strerror(status), aus_ctx_error(ctx));
    if (m.refused && status == AUS_OK) fail_msg("%s: allocation %d failed and nobody noticed", name, (int)n);
    if (m.refused && (status != AUS_ENOMEM || !strstr(aus_ctx_error(ctx), "out of memory")))
      fail_msg("%s, allocation %d failed: %s (%s)", name, (int)n, aus_strerror(status), aus_ctx_error(ctx));
    aus_ctx_destroy(ctx);
  }
  if (m.blocks != 0) fail_msg("%s, allocation %d failed: %d blocks, %d bytes are left", name, (int)n, (int)m.blocks, (int)m.now);
  return m.refused > 0;
}

/* Every allocation of the scenario in turn; returns how many there are. */
static inline int64_t oom_sweep(const char *name, oom_scenario run, void *arg)
{
  int64_t n = 0;
  while (oom_run(name, run, arg, n, false)) {
    if (n % 4 == 0) oom_run(name, run, arg, n, true);
    n++;
  }
  return n;
}

#endif
