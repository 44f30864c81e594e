/* kernel.c - how near a row is to the input [Ribeiro16; audiolime.md 2.1].
 *
 * With k of d components on: cosine D = 1 - sqrt(k / d) (1 for the empty row), Euclidean D = sqrt(d - k), Hamming
 * D = (d - k) / d; weight pi = exp(-D^2 / (2 w^2)). All three depend on k only. */
#include "lime/lime.h"

#include <math.h>

double lime_distance(aus_distance distance, int32_t on, int32_t d)
{
  switch (distance) {
  case AUS_DISTANCE_EUCLIDEAN: return sqrt((double)(d - on));
  case AUS_DISTANCE_HAMMING: return (double)(d - on) / d;
  default: return 1 - sqrt((double)on / d);
  }
}

double lime_kernel(double distance, double width) { return exp(-distance * distance / (2 * width * width)); }

double aus_lime_kernel_width(aus_distance distance, int32_t d)
{
  return distance == AUS_DISTANCE_EUCLIDEAN ? 0.75 * sqrt((double)d) : 0.25;
}

int32_t lime_count(int32_t d, const uint8_t *z)
{
  int32_t on = 0;
  for (int32_t i = 0; i < d; i++) on += z[i];
  return on;
}

double lime_logit(double p)
{
  const double edge = 1e-7; /* a float sigmoid saturates about here */
  p = fmin(fmax(p, edge), 1 - edge);
  return log(p / (1 - p));
}
