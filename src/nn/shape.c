/* shape.c - sizes of arrays: counting, comparing, broadcasting, and the bounds that keep arithmetic safe. */
#include "nn/op.h"

#include <stdio.h>

int64_t aus_shape_count_range(const aus_shape *s, int32_t from, int32_t to)
{
  int64_t n = 1;
  for (int32_t d = from; d < to; d++) n *= s->dim[d];
  return n;
}

int64_t aus_shape_count(const aus_shape *s) { return aus_shape_count_range(s, 0, s->rank); }

bool aus_shape_equal(const aus_shape *a, const aus_shape *b)
{
  if (a->rank != b->rank) return false;
  for (int32_t d = 0; d < a->rank; d++)
    if (a->dim[d] != b->dim[d]) return false;
  return true;
}

aus_shape aus_shape_make(int32_t rank, const int64_t *dim)
{
  aus_shape s = { .rank = rank };
  for (int32_t d = 0; d < rank; d++) s.dim[d] = dim[d];
  return s;
}

const char *aus_shape_text(const aus_shape *s, char text[96])
{
  size_t n = 1;
  text[0] = '[';
  for (int32_t d = 0; d < s->rank; d++) n += (size_t)snprintf(text + n, 96 - n, d ? ", %lld" : "%lld", (long long)s->dim[d] % 1000000000000);
  snprintf(text + n, 96 - n, "]");
  return text;
}

enum { MAX_COUNT_BITS = 36 }; /* 256 GiB of floats */

aus_status aus_shape_check(aus_ctx *ctx, const aus_shape *s)
{
  char text[96];
  int64_t count = 1;
  if (s->rank < 0 || s->rank > AUS_MAX_RANK) return aus_fail(ctx, AUS_EFORMAT, "rank %d; at most %d is handled", (int)s->rank, AUS_MAX_RANK);
  for (int32_t d = 0; d < s->rank; d++) {
    if (s->dim[d] < 1) return aus_fail(ctx, AUS_EFORMAT, "an empty array: %s", aus_shape_text(s, text));
    if (s->dim[d] > INT32_MAX || count > (INT64_C(1) << MAX_COUNT_BITS) / s->dim[d])
      return aus_fail(ctx, AUS_ELIMIT, "an array of shape %s is too large", aus_shape_text(s, text));
    count *= s->dim[d];
  }
  return AUS_OK;
}

aus_status aus_shape_broadcast(aus_ctx *ctx, const aus_shape *a, const aus_shape *b, aus_shape *out)
{
  char ta[96], tb[96];
  aus_shape r = { .rank = a->rank > b->rank ? a->rank : b->rank };
  for (int32_t d = 0; d < r.rank; d++) {
    const int32_t da = d - (r.rank - a->rank), db = d - (r.rank - b->rank);
    const int64_t na = da < 0 ? 1 : a->dim[da], nb = db < 0 ? 1 : b->dim[db];
    if (na != nb && na != 1 && nb != 1)
      return aus_fail(ctx, AUS_EFORMAT, "shapes %s and %s do not match", aus_shape_text(a, ta), aus_shape_text(b, tb));
    r.dim[d] = na > nb ? na : nb;
  }
  *out = r;
  return AUS_OK;
}
