/* synth.c - the instruments. Each is the shortest recipe that sounds like its name:
 * bass and organ are sums of harmonics, the bell is a sum of inharmonic partials that die at
 * different speeds, the pluck is a string of delay and average [Karplus83], the drums are swept sines and noise. */
#include "demo/synth.h"

#include <math.h>
#include <stdlib.h>

static const double two_pi = 6.283185307179586;
const char *const instrument_name[INSTRUMENTS] = { "bass", "bell", "drums", "organ", "pluck" };

double key_to_hz(double key) { return 440 * pow(2, (key - 69) / 12); }

/* A sum of partials: frequency ratio, amplitude, and the time in which it falls to 1/e (0: it does not). */
typedef struct partial { double ratio, amplitude, fall; } partial;

/* Each partial is a complex number that turns and shrinks: one product per sample instead of a sine and an exponential. */
static void add_partials(float *x, int64_t n, int64_t at, int rate, double hz, double seconds, double gain, const partial *p, int count)
{
  const int64_t wanted = (int64_t)(seconds * rate), length = wanted < n - at ? wanted : n - at;
  const double rise = 1 / (0.005 * rate), sink = 1 / (0.02 * rate); /* no clicks */
  for (int i = 0; i < count; i++) {
    const double angle = two_pi * p[i].ratio * hz / rate, shrink = p[i].fall > 0 ? exp(-1 / (p[i].fall * rate)) : 1;
    const double c = shrink * cos(angle), s = shrink * sin(angle);
    double re = gain * p[i].amplitude, im = 0;
    if (p[i].ratio * hz >= 0.45 * rate) continue; /* would fold over */
    for (int64_t t = 0; t < length; t++) {
      const double in = (double)t * rise, out = (double)(wanted - t) * sink, fade = in < out ? in : out;
      x[at + t] += (float)(fade < 1 ? fade * im : im);
      const double turned = re * c - im * s;
      im = re * s + im * c;
      re = turned;
    }
  }
}

static void pluck(float *x, int64_t n, int64_t at, int rate, double hz, double seconds, double gain, aus_rng *rng)
{
  enum { LONGEST = 2048 };
  float string[LONGEST];
  const int period = (int)fmin(LONGEST - 1, fmax(2, rate / hz - 0.5));
  for (int i = 0; i < period; i++) string[i] = (float)(2 * aus_rng_uniform(rng) - 1);
  for (int64_t t = 0; t < (int64_t)(seconds * rate) && at + t < n; t++) {
    const int here = (int)(t % period), next = (here + 1) % period;
    const double s = (double)t / rate;
    x[at + t] += (float)(gain * string[here] * fmin(1, (seconds - s) / 0.02));
    string[here] = 0.498f * (string[here] + string[next]);
  }
}

static void drum(float *x, int64_t n, int64_t at, int rate, int kind, double gain, aus_rng *rng)
{
  const double fall = kind == 0 ? 0.12 : kind == 1 ? 0.09 : 0.03, shrink = exp(-1 / (fall * rate)), settle = exp(-1 / (0.02 * rate));
  double phase = 0, last = 0, sweep = 110, loud = gain;
  for (int64_t t = 0; t < (int64_t)(6 * fall * rate) && at + t < n; t++) {
    const double noise = 2 * aus_rng_uniform(rng) - 1, bright = noise - last;
    last = noise;
    phase += two_pi * (kind == 0 ? 45 + sweep : 185) / rate; /* a kick falls, a snare hums */
    const double v = kind == 0 ? sin(phase) : kind == 1 ? 0.4 * sin(phase) + 0.5 * noise : 0.4 * bright;
    x[at + t] += (float)(loud * v);
    loud *= shrink;
    sweep *= settle;
  }
}

void synth_note(int instrument, float *x, int64_t n, int64_t at, int rate, double pitch, double seconds, double gain, aus_rng *rng)
{
  static const partial bass[] = { { 1, 0.6, 0 }, { 2, 0.3, 0.6 }, { 3, 0.2, 0.4 }, { 4, 0.12, 0.3 }, { 5, 0.08, 0.2 }, { 6, 0.05, 0.2 } };
  static const partial bell[] = { { 0.56, 0.2, 1.2 }, { 0.92, 0.25, 1.0 }, { 1.19, 0.25, 0.8 }, { 1.71, 0.2, 0.6 }, { 2.74, 0.25, 0.4 }, { 3.76, 0.15, 0.25 } };
  static const partial organ[] = { { 1, 0.3, 0 }, { 2, 0.25, 0 }, { 3, 0.2, 0 }, { 4, 0.15, 0 }, { 6, 0.1, 0 }, { 8, 0.08, 0 } };
  switch (instrument) {
  case BASS: add_partials(x, n, at, rate, pitch, seconds, gain, bass, 6); break;
  case BELL: add_partials(x, n, at, rate, pitch, seconds, gain, bell, 6); break;
  case ORGAN: add_partials(x, n, at, rate, pitch, seconds, 0.6 * gain, organ, 6); break;
  case PLUCK: pluck(x, n, at, rate, pitch, seconds, gain, rng); break;
  default: drum(x, n, at, rate, (int)pitch, gain, rng);
  }
}
