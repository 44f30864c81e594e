/* bells.c - a random equaliser.
 *
 * A filter that changes the level about one frequency and leaves the rest: the cookbook's peaking filter [BristowJohnson05],
 *
 *   H(s) = (s^2 + s A/q + 1) / (s^2 + s/(A q) + 1),   A = 10^(db/40), by the bilinear transform with hz kept in place.
 *
 * Several in a row with centres, widths and heights drawn give every presentation of a clip another colour, as another instrument, room or microphone would:
 * what FilterAugment [Nam22] does to the bands of a spectrogram, done to the sound, so that any front end can follow. */
#include "train/bells.h"

#include <math.h>

static const double LOWEST = 60, HIGHEST = 0.45; /* centres: Hz, of the rate */
static const double BROADEST = 0.4, NARROWEST = 3; /* q */

void aus_bell(double hz, double db, double q, double rate, int64_t n, float *x)
{
  const double w = 2 * 3.14159265358979323846 * hz / rate, a = pow(10, db / 40), alpha = sin(w) / (2 * q), scale = 1 + alpha / a;
  const double b0 = (1 + alpha * a) / scale, b2 = (1 - alpha * a) / scale, c1 = -2 * cos(w) / scale, c2 = (1 - alpha / a) / scale;
  double z1 = 0, z2 = 0; /* transposed direct form II; b1 = c1 */
  for (int64_t i = 0; i < n; i++) {
    const double in = (double)x[i], out = b0 * in + z1;
    z1 = c1 * (in - out) + z2;
    z2 = b2 * in - c2 * out;
    x[i] = (float)out;
  }
}

static double between(aus_rng *rng, double low, double high) { return low * pow(high / low, aus_rng_uniform(rng)); }

void aus_bells(aus_rng *rng, int64_t count, double db, double rate, int64_t n, float *x)
{
  for (; count > 0; count--) {
    const double hz = between(rng, LOWEST, HIGHEST * rate), q = between(rng, BROADEST, NARROWEST), height = (2 * aus_rng_uniform(rng) - 1) * db;
    aus_bell(hz, height, q, rate, n, x);
  }
}
