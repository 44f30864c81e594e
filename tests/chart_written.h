/* chart_written.h - a chart goes through both writers: tests of charts. */
#ifndef CHART_WRITTEN_H
#define CHART_WRITTEN_H

#include "test.h"

#include "report/chart.h"

static void can_be_written(const aus_chart *c, const char *has)
{
  char *svg;
  uint8_t *png;
  size_t size;
  assert_ok(c->ctx, aus_chart_svg(c, true, &svg));
  assert_non_null(strstr(svg, has));
  assert_null(strstr(svg, "nan"));
  assert_ok(c->ctx, aus_chart_png(c, 1, &png, &size));
  assert_memory_equal(png, "\x89PNG", 4);
  aus_free(c->ctx, svg);
  aus_free(c->ctx, png);
}

#endif
