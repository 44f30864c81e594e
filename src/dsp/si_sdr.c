/* si_sdr.c - how near an estimate e is to a sound s, whatever its scale [LeRoux19]:
 *
 *   a = <e, s> / <s, s>,      10 log10 |a s|^2 / |a s - e|^2 */
#include "dsp/spec.h"

#include <math.h>

double aus_si_sdr(int64_t n, const float *estimate, const float *reference)
{
  double es = 0, ss = 0, ee = 0, left = 0;
  for (int64_t i = 0; i < n; i++) {
    es += (double)estimate[i] * reference[i];
    ss += (double)reference[i] * reference[i];
    ee += (double)estimate[i] * estimate[i];
  }
  if (!(ss > 0) || !(ee > 0)) return NAN;
  const double a = es / ss;
  for (int64_t i = 0; i < n; i++) {
    const double d = a * reference[i] - estimate[i];
    left += d * d;
  }
  if (a * a * ss <= 0) return -INFINITY;
  return left > 0 ? 10 * log10(a * a * ss / left) : INFINITY;
}
