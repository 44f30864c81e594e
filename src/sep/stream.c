/* stream.c - a sound through a separator block by block: rates, channels and the residual, whatever the method.
 *
 * Channels form groups: a stereo network hears both at once, other methods one each. Every group has a pass of its own, and all go
 * forward side by side:
 *
 *   read -> window of the sound -> to the separator's rate -> pass -> back to the sound's rate -> write
 *
 * Resampling goes in pieces that start where the two rates' grids meet, so each sample gets the taps that it gets from the
 * whole sound. What the stems leave over is the residual: for every method stems + residual = input. A stem of a
 * resampled separator holds nothing above its own band: that too is the residual's. */
#include "sep/sep.h"

#include <string.h>

enum { PIECE = 1 << 16 }; /* samples at a time from one rate to the other */

typedef struct group {
  struct stream *stream;
  int32_t first_channel, channels; /* of the sound; 1 or 2 */
  int32_t planes;                  /* that the method hears: mono is given to a stereo network on both sides */
  int64_t samples, wanted;         /* at the separator's rate; where in the sound the method has come to */
  sep_pass *pass;
  sep_piece piece;
  sep_buffer in;                   /* the sound at the separator's rate, where that is another */
  sep_buffer *heard;               /* [stems] the method's pieces, where they must be resampled */
  sep_buffer *out;                 /* [stems] at the sound's rate, [channels] planes */
} group;

typedef struct stream {
  aus_separator *s;
  aus_ctx *ctx;
  const aus_separator_io *io;
  int32_t rate, up, down;          /* the separator's rate; rate / io->rate in lowest terms */
  int64_t in_reach, out_reach;     /* samples at the rate they are read at */
  sep_buffer x;                    /* the sound, all channels */
  group *group;
  int32_t groups, n;               /* stems with the residual */
  float *block, **stem;            /* one block of all stems, [n][channels][count] */
  int64_t room;
  int residual;
} stream;

static bool same_rate(const stream *t) { return t->rate == t->io->rate; }

static int32_t common(int32_t a, int32_t b) { return b ? common(b, a % b) : a; }

/* ---- in ----------------------------------------------------------------------------------------- */

/* The window holds the sound up to `end`; what no group wants any more goes. */
static aus_status fetch(stream *t, int64_t end)
{
  int64_t oldest = end;
  for (int32_t g = 0; g < t->groups; g++)
    if (t->group[g].wanted < oldest) oldest = t->group[g].wanted;
  for (int32_t g = 0; g < t->groups; g++) /* the residual wants it too */
    for (int32_t i = 0; i < t->s->info.n_stems; i++)
      if (t->group[g].out[i].first < oldest) oldest = t->group[g].out[i].first;
  const int64_t have = t->x.first + t->x.count;
  if (end <= have) return AUS_OK;
  sep_buffer_drop(&t->x, oldest);
  AUS_TRY(sep_buffer_reserve(t->ctx, &t->x, end - have));
  const int64_t count = end - have;
  float *block = aus_alloc(t->ctx, (size_t)t->io->channels * (size_t)count, sizeof *block);
  if (!block) return AUS_ENOMEM;
  const aus_status status = t->io->read(t->io->user, have, count, block);
  for (int32_t c = 0; status == AUS_OK && c < t->io->channels; c++)
    memcpy(sep_buffer_at(&t->x, c, have), block + c * count, (size_t)count * sizeof *block);
  if (status == AUS_OK) t->x.count += count;
  aus_free(t->ctx, block);
  return status;
}

/* Samples [first, first + count) at rate `to` of a plane that is known on [have, have + n) at rate `from`, whose whole length is
 * `total`. up / down = to / from. The piece starts at a multiple of `down`, or where the sound starts. */
static aus_status resample_piece(stream *t, const sep_buffer *from_buffer, int32_t plane, int64_t total, int32_t from, int32_t to, int32_t up,
                                 int32_t down, int64_t first, int64_t count, float *y)
{
  const int64_t reach = aus_resample_reach(from, to);
  int64_t begin = first / up * down - (reach / down + 1) * down, end = (first + count - 1) * down / up + reach + 1;
  if (begin < 0) begin = 0;
  if (end > total) end = total;
  const int64_t base = begin / down * up, n = aus_resample_length(end - begin, from, to);
  float *whole = aus_alloc(t->ctx, (size_t)n, sizeof *whole);
  if (!whole) return AUS_ENOMEM;
  const aus_status status = aus_resample(t->ctx, end - begin, sep_buffer_at(from_buffer, plane, begin), from, to, whole);
  if (status == AUS_OK) memcpy(y, whole + (first - base), (size_t)count * sizeof *y);
  aus_free(t->ctx, whole);
  return status;
}

/* Where in the sound the samples from `first` on (at the separator's rate) begin to matter. */
static int64_t place_of(const stream *t, int64_t first)
{
  const int64_t at = first / t->up * t->down - (t->in_reach / t->down + 1) * t->down;
  return at < 0 ? 0 : at;
}

/* The sound at the separator's rate up to `end` at least: in large pieces, for each one makes a table of taps. */
static aus_status resample_ahead(group *g, int64_t end)
{
  stream *t = g->stream;
  sep_buffer *b = &g->in;
  while (b->first + b->count < end) {
    const int64_t have = b->first + b->count, n = g->samples - have < PIECE ? g->samples - have : PIECE;
    const int64_t need = (have + n - 1) * t->down / t->up + t->in_reach + 1;
    g->wanted = place_of(t, have);
    AUS_TRY(fetch(t, need < t->io->frames ? need : t->io->frames));
    AUS_TRY(sep_buffer_reserve(t->ctx, b, n));
    for (int32_t c = 0; c < g->channels; c++)
      AUS_TRY(resample_piece(t, &t->x, g->first_channel + c, t->io->frames, t->io->rate, t->rate, t->up, t->down, have, n, sep_buffer_at(b, c, have)));
    b->count += n;
  }
  return AUS_OK;
}

static aus_status hear(void *user, int32_t plane, int64_t first, int64_t count, float *x)
{
  group *g = user;
  stream *t = g->stream;
  const int32_t channel = plane < g->channels ? plane : 0;
  if (same_rate(t)) {
    g->wanted = first;
    AUS_TRY(fetch(t, first + count));
  } else {
    sep_buffer_drop(&g->in, first);
    AUS_TRY(resample_ahead(g, first + count));
  }
  memcpy(x, same_rate(t) ? sep_buffer_at(&t->x, g->first_channel + channel, first) : sep_buffer_at(&g->in, channel, first), (size_t)count * sizeof *x);
  return AUS_OK;
}

/* ---- out ---------------------------------------------------------------------------------------- */

/* Mono that was heard on both sides: the mean of the two answers. */
static void average(const group *g)
{
  if (g->planes != 2 || g->channels != 1) return;
  for (int32_t i = 0; i < g->stream->s->info.n_stems; i++) {
    float *a = g->piece.stem[i];
    for (int64_t k = 0; k < g->piece.count; k++) a[k] = (a[k] + a[k + g->piece.ld]) / 2;
  }
}

static aus_status append(aus_ctx *ctx, sep_buffer *b, const sep_piece *piece, int32_t stem)
{
  AUS_TRY(sep_buffer_reserve(ctx, b, piece->count));
  for (int32_t c = 0; c < b->planes; c++)
    memcpy(sep_buffer_at(b, c, b->first + b->count), piece->stem[stem] + c * piece->ld, (size_t)piece->count * sizeof *b->data);
  b->count += piece->count;
  return AUS_OK;
}

/* What of the stems at the sound's rate rests on the samples known so far. */
static aus_status give_back(group *g, int32_t i)
{
  stream *t = g->stream;
  sep_buffer *from = &g->heard[i], *to = &g->out[i];
  const int64_t known = from->first + from->count, have = to->first + to->count;
  int64_t end = (known - t->out_reach - 1) / t->up * t->down; /* outputs before this are safe: input floor(j up / down) + reach < known */
  if (known >= g->samples) end = t->io->frames;
  for (int64_t at = have; at < end; at += PIECE) {
    const int64_t n = end - at < PIECE ? end - at : PIECE;
    AUS_TRY(sep_buffer_reserve(t->ctx, to, n));
    for (int32_t c = 0; c < g->channels; c++)
      AUS_TRY(resample_piece(t, from, c, g->samples, t->rate, t->io->rate, t->down, t->up, at, n, sep_buffer_at(to, c, at)));
    to->count += n;
  }
  const int64_t next = to->first + to->count;
  sep_buffer_drop(from, next / t->down * t->up - (t->out_reach / t->up + 1) * t->up);
  return AUS_OK;
}

/* One more piece of this group. */
static aus_status advance(group *g)
{
  stream *t = g->stream;
  AUS_TRY(t->s->ops.next(g->pass, &g->piece));
  average(g);
  for (int32_t i = 0; i < t->s->info.n_stems; i++) {
    AUS_TRY(append(t->ctx, same_rate(t) ? &g->out[i] : &g->heard[i], &g->piece, i));
    if (!same_rate(t)) AUS_TRY(give_back(g, i));
  }
  return AUS_OK;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* The residual: what the stems of frames [first, first + count) leave over. */
static void fill_residual(stream *t, int64_t first, int64_t count)
{
  for (int32_t c = 0; c < t->io->channels; c++) {
    const float *x = sep_buffer_at(&t->x, c, first);
    float *rest = t->stem[t->n - 1] + c * count;
    for (int64_t k = 0; k < count; k++) {
      double sum = 0;
      for (int32_t i = 0; i + 1 < t->n; i++) sum += t->stem[i][c * count + k];
      rest[k] = (float)(x[k] - sum);
    }
  }
}

static aus_status emit(stream *t, int64_t first, int64_t count)
{
  const int64_t plane = t->io->channels * count;
  if (plane * t->n > t->room) {
    aus_free(t->ctx, t->block);
    t->room = plane * t->n;
    if (!(t->block = aus_alloc(t->ctx, (size_t)t->room, sizeof *t->block))) return AUS_ENOMEM;
  }
  for (int32_t i = 0; i < t->n; i++) t->stem[i] = t->block + i * plane;
  AUS_TRY(fetch(t, first + count)); /* before the stems are forgotten: what they leave over needs the sound */
  for (int32_t k = 0; k < t->groups; k++) {
    group *g = &t->group[k];
    for (int32_t i = 0; i < t->s->info.n_stems; i++) {
      for (int32_t c = 0; c < g->channels; c++)
        memcpy(t->stem[i] + (g->first_channel + c) * count, sep_buffer_at(&g->out[i], c, first), (size_t)count * sizeof(float));
      sep_buffer_drop(&g->out[i], first + count);
    }
  }
  if (t->residual) fill_residual(t, first, count);
  AUS_TRY(t->io->write(t->io->user, first, count, t->n, (const float *const *)t->stem));
  return aus_progress(t->ctx, "separating", first + count, t->io->frames);
}

static aus_status run(stream *t)
{
  for (int64_t done = 0; done < t->io->frames;) {
    int64_t end = t->io->frames;
    for (int32_t k = 0; k < t->groups; k++) {
      group *g = &t->group[k];
      while (g->out[0].first + g->out[0].count <= done) AUS_TRY(advance(g));
      const int64_t have = g->out[0].first + g->out[0].count;
      if (have < end) end = have;
    }
    AUS_TRY(emit(t, done, end - done));
    done = end;
  }
  return AUS_OK;
}

static aus_status open_group(stream *t, int32_t k)
{
  group *g = &t->group[k];
  const bool pair = t->s->together == 2 && t->io->channels == 2;
  *g = (group){ .stream = t, .first_channel = k, .channels = pair ? 2 : 1, .planes = t->s->together,
                .in = { .planes = pair ? 2 : 1 }, .samples = aus_resample_length(t->io->frames, t->io->rate, t->rate) };
  const size_t stems = (size_t)t->s->info.n_stems;
  g->heard = aus_alloc_zero(t->ctx, stems, sizeof *g->heard);
  g->out = aus_alloc_zero(t->ctx, stems, sizeof *g->out);
  if (!g->heard || !g->out) return AUS_ENOMEM;
  for (size_t i = 0; i < stems; i++) g->heard[i].planes = g->out[i].planes = g->channels;
  const sep_input in = { .rate = t->rate, .planes = g->planes, .samples = g->samples, .read = hear, .user = g };
  return t->s->ops.begin(t->s, &in, &g->pass);
}

static aus_status open_stream(stream *t)
{
  const int32_t divisor = common(t->rate, t->io->rate);
  t->up = t->rate / divisor;
  t->down = t->io->rate / divisor;
  t->in_reach = aus_resample_reach(t->io->rate, t->rate);
  t->out_reach = aus_resample_reach(t->rate, t->io->rate);
  t->x.planes = t->io->channels;
  const int32_t groups = t->s->together == 2 && t->io->channels == 2 ? 1 : t->io->channels;
  t->group = aus_alloc_zero(t->ctx, (size_t)groups, sizeof *t->group);
  t->stem = aus_alloc(t->ctx, (size_t)t->n, sizeof *t->stem);
  if (!t->group || !t->stem) return AUS_ENOMEM;
  for (; t->groups < groups; t->groups++) {
    const aus_status status = open_group(t, t->groups);
    if (status != AUS_OK) {
      t->groups++; /* freed with the rest */
      return status;
    }
  }
  return AUS_OK;
}

static void close_stream(stream *t)
{
  for (int32_t k = 0; k < t->groups; k++) {
    group *g = &t->group[k];
    if (g->pass) t->s->ops.end(g->pass);
    sep_buffer_free(t->ctx, &g->in);
    for (int32_t i = 0; i < t->s->info.n_stems; i++) {
      if (g->heard) sep_buffer_free(t->ctx, &g->heard[i]);
      if (g->out) sep_buffer_free(t->ctx, &g->out[i]);
    }
    aus_free(t->ctx, g->heard);
    aus_free(t->ctx, g->out);
  }
  sep_buffer_free(t->ctx, &t->x);
  aus_free(t->ctx, t->group);
  aus_free(t->ctx, t->stem);
  aus_free(t->ctx, t->block);
}

aus_status aus_separator_stream(aus_separator *s, const aus_separator_io *io, int residual)
{
  if (io->frames < 1 || io->channels < 1 || io->rate < 1) return aus_fail(s->ctx, AUS_EINVAL, "there is no sound to separate");
  stream t = { .s = s, .ctx = s->ctx, .io = io, .rate = s->info.rate ? s->info.rate : io->rate, .n = s->info.n_stems + !!residual, .residual = residual };
  aus_status status = open_stream(&t);
  if (status == AUS_OK) status = run(&t);
  close_stream(&t);
  return status;
}
