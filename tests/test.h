/* test.h - what every test program includes. */
#ifndef AUS_TEST_H
#define AUS_TEST_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"

/* A context with this many threads, or the test fails. */
static inline aus_ctx *test_ctx(int threads)
{
  aus_ctx *ctx = NULL;
  const aus_config config = { .threads = threads };
  assert_int_equal(aus_ctx_create(&ctx, &config), AUS_OK);
  return ctx;
}

#define assert_ok(ctx, call)                                                     \
  do {                                                                           \
    const aus_status got_ = (call);                                              \
    if (got_ != AUS_OK) fail_msg("%s: %s (%s)", #call, aus_strerror(got_), aus_ctx_error(ctx)); \
  } while (0)

/* |a - b| <= tolerance, NaN fails. */
#define assert_near(a, b, tolerance)                                             \
  do {                                                                           \
    const double a_ = (a), b_ = (b), t_ = (tolerance);                           \
    if (!(fabs(a_ - b_) <= t_)) fail_msg("%s = %.9g, %s = %.9g, apart by %.3g, more than %.3g", #a, a_, #b, b_, fabs(a_ - b_), t_); \
  } while (0)

#endif
