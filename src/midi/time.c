/* time.c - from ticks to seconds.
 *
 * A tick is a part of a quarter note, and how long a quarter note lasts changes on the way: with tempo u_k (microseconds) from tick
 * t_k on, and D ticks to the quarter,
 *
 *   s(t) = s_k + (t - t_k) u_k / (D 10^6),   k the last with t_k <= t,   s_0 = 0, u_0 = 500000.
 *
 * A tempo counts for all tracks, in whichever it stands. Where the division counts SMPTE frames there are no tempi: s(t) = t / R. */
#include "midi/time.h"

#include <stdlib.h>
#include <string.h>

/* What is sorted: a tick and where the item was, so that the order of equals stays. */
typedef struct key { int64_t tick, at; } key;

static int by_tick(const void *a, const void *b)
{
  const key *x = a, *y = b;
  if (x->tick != y->tick) return x->tick < y->tick ? -1 : 1;
  return (x->at > y->at) - (x->at < y->at);
}

static aus_status sort_events(aus_ctx *ctx, aus_midi *m)
{
  if (m->events == 0) return AUS_OK;
  key *k = aus_alloc(ctx, (size_t)m->events, sizeof *k);
  aus_midi_event *sorted = aus_alloc(ctx, (size_t)m->events, sizeof *sorted);
  if (k && sorted) {
    for (int64_t i = 0; i < m->events; i++) k[i] = (key){ m->event[i].tick, i };
    qsort(k, (size_t)m->events, sizeof *k, by_tick);
    for (int64_t i = 0; i < m->events; i++) sorted[i] = m->event[k[i].at];
    memcpy(m->event, sorted, (size_t)m->events * sizeof *sorted);
  }
  const bool done = k && sorted;
  aus_free(ctx, k);
  aus_free(ctx, sorted);
  return done ? AUS_OK : AUS_ENOMEM;
}

/* Few, and nearly in order: insertion keeps equals as they were. */
static aus_status sort_tempi(aus_ctx *ctx, aus_midi *m)
{
  if (m->tempos == 0) return AUS_OK;
  key *k = aus_alloc(ctx, (size_t)m->tempos, sizeof *k);
  aus_midi_tempo *sorted = aus_alloc(ctx, (size_t)m->tempos, sizeof *sorted);
  if (k && sorted) {
    for (int32_t i = 0; i < m->tempos; i++) k[i] = (key){ m->tempo[i].tick, i };
    qsort(k, (size_t)m->tempos, sizeof *k, by_tick);
    for (int32_t i = 0; i < m->tempos; i++) sorted[i] = m->tempo[k[i].at];
    memcpy(m->tempo, sorted, (size_t)m->tempos * sizeof *sorted);
  }
  const bool done = k && sorted;
  aus_free(ctx, k);
  aus_free(ctx, sorted);
  return done ? AUS_OK : AUS_ENOMEM;
}

static double later(const aus_midi *m, const aus_midi_tempo *t, int64_t tick)
{
  return t->seconds + (double)(tick - t->tick) * t->us_per_quarter / (1e6 * m->ticks_per_quarter);
}

aus_status aus_midi_place(aus_ctx *ctx, aus_midi *m, int64_t end)
{
  AUS_TRY(sort_events(ctx, m));
  AUS_TRY(sort_tempi(ctx, m));
  if (m->ticks_per_quarter == 0) {
    for (int64_t i = 0; i < m->events; i++) m->event[i].seconds = (double)m->event[i].tick / m->ticks_per_second;
    m->seconds = (double)end / m->ticks_per_second;
    return AUS_OK;
  }
  aus_midi_tempo start = { 0, 0, 500000 };
  const aus_midi_tempo *now = &start;
  int32_t next = 0;
  for (int64_t i = 0; i <= m->events; i++) { /* one more than there are events: the end */
    const int64_t tick = i < m->events ? m->event[i].tick : end;
    for (; next < m->tempos && m->tempo[next].tick <= tick; next++) {
      m->tempo[next].seconds = later(m, now, m->tempo[next].tick);
      now = &m->tempo[next];
    }
    if (i < m->events) m->event[i].seconds = later(m, now, tick);
    else m->seconds = later(m, now, tick);
  }
  return AUS_OK;
}
