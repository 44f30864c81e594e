/* psi.c - Psi, from hidden layers of a classifier to the activations H of a dictionary [Parekh22, sec. 3.2].
 *
 * The published layout, for three layers of 16, 8 and 4 rows (M: frames of the last; `up` doubles time, bilinear, corners on corners):
 *
 *   a  out1, first 2M frames -> up -> conv 3x3 256 ReLU -> mean of 2 rows           [256, 4, 4M]
 *   b  out2 -> up -> conv 3x3 128 ReLU -> up                                        [128, 4, 4M]
 *   c  out0, first 4M frames -> conv (4,1) stride (4,1) 128 ReLU                    [128, 4, 4M]
 *   a, b, c -> up -> conv 3x3 256 ReLU -> up -> conv (4,1) 256 ReLU                 [256, 1, 16M]
 *   -> resize to T frames -> conv 5, K ReLU -> conv 5, K ReLU                       H [K, T]
 *
 * The general rule for any other layers keeps the tail and brings each layer to the same few rows and frames:
 *
 *   rows R = the fewest of any layer, at most 4; frames G = the most of any layer, at most T
 *   layer -> mean over time where it has more frames than G -> resized to G frames
 *         -> conv (rows / R, 1) with that stride, 128, ReLU  where it has 2 R rows or more
 *            conv 3x3 (3 along time where R is 1), 128, ReLU otherwise; then the first R rows */
#include "l2i/graph.h"

#include <stdio.h>

enum { WIDE = 256, NARROW = 128, MOST_ROWS = 4 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

bool aus_l2i_fits_vgg(int32_t n_taps, const aus_l2i_tap *t)
{
  if (n_taps != 3) return false;
  for (int32_t i = 0; i < 3; i++)
    if (t[i].rank != 4 || t[i].freq != (16 >> i)) return false;
  const int64_t m = t[2].time;
  return t[1].time / 2 == m && t[0].time / 4 == m;
}

aus_dims aus_l2i_tap_dims(const aus_l2i_tap *t, int64_t mb)
{
  return t->rank == 3 ? (aus_dims){ 3, { mb, t->c, t->time } } : (aus_dims){ 4, { mb, t->c, t->turned ? t->time : t->freq, t->turned ? t->freq : t->time } };
}

int32_t aus_l2i_tap_input(aus_l2i_net *n, const aus_l2i_spec *s, int32_t i)
{
  const aus_l2i_tap *t = &s->tap[i];
  char name[32];
  const int32_t a = (int32_t)(t->turned ? t->time : t->freq), b = (int32_t)(t->turned ? t->freq : t->time);
  const int32_t flat[] = { -1, (int32_t)t->c, (int32_t)t->time }, square[] = { -1, (int32_t)t->c, a, b };
  snprintf(name, sizeof name, "tap%d", (int)i);
  const int32_t x = aus_builder_input(n->b, name, t->rank, t->rank == 3 ? flat : square);
  snprintf(name, sizeof name, "tap%d.turn", (int)i);
  if (t->rank == 3) return aus_l2i_node(n, AUS_OP_reshape, name, 1, &x, 4, (const aus_word[]){ { 0 }, { 0 }, { 1 }, { -1 } });
  return t->turned ? aus_l2i_node(n, AUS_OP_transpose, name, 1, &x, 4, (const aus_word[]){ { 0 }, { 1 }, { 3 }, { 2 } }) : x;
}

static int32_t crop(aus_l2i_net *n, const char *name, int32_t x, int64_t have, int64_t want) { return have > want ? aus_l2i_crop(n, name, x, want) : x; }

/* conv 3x3 with a frame of zeros. */
static int32_t conv3(aus_l2i_net *n, const char *name, int32_t x, int64_t ic, int32_t oc, int64_t rows)
{
  const bool flat = rows == 1; /* the kernel's outer rows would only meet zeros */
  return aus_l2i_conv_relu(n, name, x, &(aus_l2i_conv){ 4, (int32_t)ic, oc, flat ? 1 : 3, 3, 1, !flat, 1 });
}

/* conv (k,1) with stride (k,1). */
static int32_t fold_rows(aus_l2i_net *n, const char *name, int32_t x, int64_t ic, int32_t oc, int64_t k)
{
  return aus_l2i_conv_relu(n, name, x, &(aus_l2i_conv){ 4, (int32_t)ic, oc, (int32_t)k, 1, (int32_t)k, 0, 0 });
}

/* From [channels, rows, frames] to H. */
static int32_t tail(aus_l2i_net *n, const aus_l2i_spec *s, int32_t x, int64_t channels, int64_t rows, int64_t frames)
{
  x = aus_l2i_resize(n, "psi.up1", x, rows, 2 * frames);
  x = conv3(n, "psi.join", x, channels, WIDE, rows);
  x = aus_l2i_resize(n, "psi.up2", x, rows, 4 * frames);
  x = fold_rows(n, "psi.rows", x, WIDE, WIDE, rows);
  x = aus_l2i_node(n, AUS_OP_reshape, "psi.flat", 1, &x, 3, (const aus_word[]){ { 0 }, { 0 }, { -1 } });
  x = aus_l2i_resize(n, "psi.frames", x, 0, s->frames);
  x = aus_l2i_conv_relu(n, "psi.atoms1", x, &(aus_l2i_conv){ 3, WIDE, s->atoms, 1, 5, 1, 0, 2 });
  return aus_l2i_conv_relu(n, "psi.atoms2", x, &(aus_l2i_conv){ 3, s->atoms, s->atoms, 1, 5, 1, 0, 2 });
}

static aus_l2i_joined published(aus_l2i_net *n, const aus_l2i_spec *s, const int32_t tap[3])
{
  const int64_t m = s->tap[2].time;
  int32_t a = crop(n, "psi.a.crop", tap[1], s->tap[1].time, 2 * m), b = tap[2], c = crop(n, "psi.c.crop", tap[0], s->tap[0].time, 4 * m);
  a = aus_l2i_resize(n, "psi.a.up", a, 8, 4 * m);
  a = aus_l2i_mean_pool(n, "psi.a.rows", conv3(n, "psi.a", a, s->tap[1].c, WIDE, 8), 2, 1);
  b = aus_l2i_resize(n, "psi.b.up1", b, 4, 2 * m);
  b = aus_l2i_resize(n, "psi.b.up2", conv3(n, "psi.b", b, s->tap[2].c, NARROW, 4), 4, 4 * m);
  c = fold_rows(n, "psi.c", c, s->tap[0].c, NARROW, 4);
  return (aus_l2i_joined){ aus_l2i_node(n, AUS_OP_concat, "psi.all", 3, (const int32_t[]){ a, b, c }, 1, &(aus_word){ 1 }), WIDE + 2 * NARROW, 4, 4 * m };
}

/* One layer on the common grid. */
static int32_t bring(aus_l2i_net *n, const aus_l2i_tap *t, int32_t i, int32_t x, int64_t rows, int64_t frames)
{
  char name[32];
  int64_t time = t->time;
  if (time > frames) {
    const int64_t k = (time + frames - 1) / frames;
    snprintf(name, sizeof name, "psi.%d.mean", (int)i);
    x = aus_l2i_mean_pool(n, name, x, 1, k);
    time /= k;
  }
  snprintf(name, sizeof name, "psi.%d.frames", (int)i);
  if (time != frames) x = aus_l2i_resize(n, name, x, t->freq, frames);
  snprintf(name, sizeof name, "psi.%d", (int)i);
  const int64_t k = t->freq / rows;
  x = k >= 2 ? fold_rows(n, name, x, t->c, NARROW, k) : conv3(n, name, x, t->c, NARROW, t->freq);
  const int64_t have = k >= 2 ? t->freq / k : t->freq;
  if (have == rows) return x;
  const aus_word words[] = { { 0 }, { INT32_MAX }, { 1 }, { 0 }, { INT32_MAX }, { 1 }, { 0 }, { (int32_t)rows }, { 1 }, { 0 }, { INT32_MAX }, { 1 } };
  snprintf(name, sizeof name, "psi.%d.rows", (int)i);
  return aus_l2i_node(n, AUS_OP_slice, name, 1, &x, 12, words);
}

static aus_l2i_joined general(aus_l2i_net *n, const aus_l2i_spec *s, int32_t *tap)
{
  int64_t rows = MOST_ROWS, frames = 1;
  for (int32_t i = 0; i < s->n_taps; i++) {
    rows = least(rows, s->tap[i].freq);
    frames = s->tap[i].time > frames ? s->tap[i].time : frames;
  }
  frames = least(frames, s->frames);
  for (int32_t i = 0; i < s->n_taps; i++) tap[i] = bring(n, &s->tap[i], i, tap[i], rows, frames);
  const int32_t all = s->n_taps > 1 ? aus_l2i_node(n, AUS_OP_concat, "psi.all", s->n_taps, tap, 1, &(aus_word){ 1 }) : tap[0];
  return (aus_l2i_joined){ all, (int64_t)NARROW * s->n_taps, rows, frames };
}

aus_l2i_joined aus_l2i_join(aus_l2i_net *n, const aus_l2i_spec *s)
{
  int32_t tap[AUS_L2I_TAPS];
  for (int32_t i = 0; i < s->n_taps; i++) tap[i] = aus_l2i_tap_input(n, s, i);
  return s->vgg ? published(n, s, tap) : general(n, s, tap);
}

int32_t aus_l2i_psi(aus_l2i_net *n, const aus_l2i_spec *s)
{
  const aus_l2i_joined j = aus_l2i_join(n, s);
  return tail(n, s, j.value, j.channels, j.rows, j.frames);
}
