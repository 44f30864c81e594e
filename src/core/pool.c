/* pool.c - threads that share out tiles and never make the caller wait for one that has not started.
 *
 * A loop is a counter: whoever is free takes the next `grain` items. The caller opens a gate, works like
 * everybody else, and when the counter has run out closes the gate. A thread that has not come through
 * by then (its CPU was taken by a neighbour) is not waited for; the caller has done its share. Only threads that
 * hold a tile are waited for: a short spin, then sleep, so that the scheduler can move a thread that lost its
 * CPU to the one the caller gives up. The same rule makes fork harmless: in a child the threads are
 * gone, nobody comes through the gate, and the caller does all.
 *
 * When a thread was put off its CPU in the middle of a tile and the caller lost more than a millisecond by it, the
 * machine is crowded: the caller works alone for a while (20 ms, doubling up to 320) and then tries again. Which
 * thread does what never changes results (see aus_parallel_for), so this is invisible but for time.
 *
 *   gate = epoch << 32 | open << 31 | threads inside      one word, so that nobody enters a loop that is over */
#include "core/pool.h"
#include "core/cpu.h"

#ifdef AUS_HAVE_PTHREAD

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define OPEN ((uint64_t)1 << 31)
#define INSIDE (OPEN - 1)
#define EPOCH(gate) ((gate) >> 32)

static const double SPIN = 30e-6;       /* seconds of spinning before sleep */
static const double LONG_TILE = 1e-3;   /* a tile worth asking the kernel about */
static const double QUIET_FIRST = 20e-3, QUIET_MOST = 320e-3;

struct worker { struct aus_pool *pool; int index; pthread_t thread; long switches; };

struct aus_pool {
  /* the loop in progress; written while the gate is closed and nobody is inside */
  aus_range_fn fn;
  void *arg;
  int64_t n, grain;
  _Alignas(64) _Atomic int64_t next;
  _Alignas(64) _Atomic uint64_t gate;
  _Alignas(64) _Atomic int sleepers;      /* threads waiting on `work` */
  _Atomic bool caller_sleeps, stop, preempted, busy;
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  double quiet_until, quiet;              /* crowded: alone until, and for how long next time */
  pid_t pid;
  int n_workers;
  struct worker worker[];
};

/* ---- a thread's life ------------------------------------------------------------------- */

static void run_tiles(struct aus_pool *p, int worker)
{
  for (;;) {
    const int64_t i = atomic_fetch_add_explicit(&p->next, p->grain, memory_order_relaxed);
    if (i >= p->n) return;
    p->fn(p->arg, i, i + p->grain < p->n ? i + p->grain : p->n, worker);
  }
}

/* Was this thread put off its CPU since it last asked? */
static bool was_preempted(struct worker *w)
{
#ifdef RUSAGE_THREAD
  struct rusage use;
  if (getrusage(RUSAGE_THREAD, &use) != 0) return false;
  const bool yes = use.ru_nivcsw != w->switches;
  w->switches = use.ru_nivcsw;
  return yes;
#else
  (void)w;
  return true; /* cannot tell: believe the caller's clock */
#endif
}

static void run_inside(struct worker *w)
{
  struct aus_pool *p = w->pool;
  const double from = aus_now();
  run_tiles(p, w->index);
  if (aus_now() - from > LONG_TILE && was_preempted(w)) p->preempted = true;
  const uint64_t before = atomic_fetch_sub(&p->gate, 1);
  if ((before & INSIDE) == 1 && !(before & OPEN) && p->caller_sleeps) {
    pthread_mutex_lock(&p->mutex);
    pthread_cond_signal(&p->done);
    pthread_mutex_unlock(&p->mutex);
  }
}

/* Through the gate if it is open for a loop this thread has not seen. */
static bool enter(struct aus_pool *p, uint64_t *seen)
{
  uint64_t gate = p->gate;
  while ((gate & OPEN) && EPOCH(gate) != *seen)
    if (atomic_compare_exchange_weak(&p->gate, &gate, gate + 1)) { *seen = EPOCH(gate); return true; }
  return false;
}

static void sleep_for_work(struct aus_pool *p, uint64_t seen)
{
  pthread_mutex_lock(&p->mutex);
  p->sleepers++;
  for (;;) { /* sleepers was raised before this look at the gate, so the caller sees one or the other */
    const uint64_t gate = p->gate;
    if (p->stop || ((gate & OPEN) && EPOCH(gate) != seen)) break;
    pthread_cond_wait(&p->work, &p->mutex);
  }
  p->sleepers--;
  pthread_mutex_unlock(&p->mutex);
}

static void *life(void *arg)
{
  struct worker *w = arg;
  struct aus_pool *p = w->pool;
  uint64_t seen = 0;
  aus_fp_enter();
  while (!p->stop) {
    const double from = aus_now();
    while (!enter(p, &seen)) {
      for (int i = 0; i < 16; i++) aus_cpu_pause();
      if (p->stop) return NULL;
      if (aus_now() - from > SPIN) sleep_for_work(p, seen);
      if (p->stop) return NULL;
    }
    run_inside(w);
  }
  return NULL;
}

/* ---- starting and stopping -------------------------------------------------------------------- */

static struct aus_pool *start(aus_ctx *ctx)
{
  const int wanted = ctx->threads - 1;
  struct aus_pool *p = aus_alloc_zero(ctx, 1, sizeof *p + (size_t)wanted * sizeof *p->worker);
  if (!p) return NULL;
  p->pid = getpid();
  p->quiet = QUIET_FIRST;
  if (pthread_mutex_init(&p->mutex, NULL) != 0) { aus_free(ctx, p); return NULL; }
  if (pthread_cond_init(&p->work, NULL) != 0 || pthread_cond_init(&p->done, NULL) != 0) { aus_free(ctx, p); return NULL; }
  for (int i = 0; i < wanted; i++) {
    struct worker *w = &p->worker[i];
    *w = (struct worker){ .pool = p, .index = i + 1 };
    if (pthread_create(&w->thread, NULL, life, w) != 0) break; /* fewer threads are fine */
    p->n_workers++;
  }
  return p;
}

void aus_pool_stop(aus_ctx *ctx)
{
  struct aus_pool *p = ctx->pool;
  ctx->pool = NULL;
  if (!p) return;
  if (p->pid == getpid()) { /* a forked child has none of the threads */
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < p->n_workers; i++) pthread_join(p->worker[i].thread, NULL);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->mutex);
  }
  aus_free(ctx, p);
}

/* ---- the caller's side -------------------------------------------------------------------------- */

static void open_gate(struct aus_pool *p)
{
  p->gate = ((EPOCH(p->gate) + 1) & 0xffffffffu) << 32 | OPEN;
  if (p->sleepers && p->pid == getpid()) { /* in a forked child the sleepers are gone, but mutex and condition still wait for them */
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
  }
}

/* Closes the gate and waits for those inside. */
static void close_gate(struct aus_pool *p)
{
  if ((atomic_fetch_and(&p->gate, ~OPEN) & INSIDE) == 0) return;
  const double from = aus_now();
  while ((p->gate & INSIDE) != 0) {
    for (int i = 0; i < 16; i++) aus_cpu_pause();
    if (aus_now() - from <= SPIN) continue;
    pthread_mutex_lock(&p->mutex);
    p->caller_sleeps = true;
    while ((p->gate & INSIDE) != 0) pthread_cond_wait(&p->done, &p->mutex);
    p->caller_sleeps = false;
    pthread_mutex_unlock(&p->mutex);
  }
}

/* While the machine is crowded: tiles by the caller alone, until the quiet time is over. True: all done. */
static bool run_alone(struct aus_pool *p)
{
  while (p->next < p->n) {
    if (aus_now() >= p->quiet_until) return false;
    const int64_t i = p->next;
    p->next = i + p->grain;
    p->fn(p->arg, i, i + p->grain < p->n ? i + p->grain : p->n, 0);
  }
  return true;
}

/* Working alone pays when a loop lost more time waiting for a thread that had lost its CPU than it worked. */
static void learn(struct aus_pool *p, double worked, double waited)
{
  const double now = aus_now();
  if (p->preempted && waited > LONG_TILE && waited > 0.5 * worked) {
    p->quiet_until = now + p->quiet;
    p->quiet = 2 * p->quiet < QUIET_MOST ? 2 * p->quiet : QUIET_MOST;
  } else if (p->quiet > QUIET_FIRST && now > p->quiet_until + p->quiet) {
    p->quiet = QUIET_FIRST; /* it has gone well for as long as the last pause */
  }
  p->preempted = false;
}

bool aus_pool_run(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  if (!ctx->pool) ctx->pool = start(ctx);
  struct aus_pool *p = ctx->pool;
  if (!p || p->busy || p->n_workers == 0) return false;
  p->busy = true;
  p->fn = fn; p->arg = arg; p->n = n; p->grain = grain;
  p->next = 0;
  if (p->quiet_until == 0 || !run_alone(p)) {
    const double from = aus_now();
    open_gate(p);
    run_tiles(p, 0);
    const double worked = aus_now();
    close_gate(p);
    learn(p, worked - from, aus_now() - worked);
  }
  p->busy = false;
  return true;
}

#else

bool aus_pool_run(aus_ctx *ctx, int64_t n, int64_t grain, aus_range_fn fn, void *arg)
{
  (void)ctx; (void)n; (void)grain; (void)fn; (void)arg;
  return false;
}

void aus_pool_stop(aus_ctx *ctx) { (void)ctx; }

#endif
