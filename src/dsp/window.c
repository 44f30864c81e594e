/* window.c - analysis windows. A periodic window of n points is the symmetric one of n + 1 without its last. */
#include "dsp/spec.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

void aus_window_fill(aus_window kind, int32_t n, float *window)
{
  const double span = kind == AUS_WINDOW_HANN_SYMMETRIC ? (n > 1 ? n - 1 : 1) : n;
  for (int32_t i = 0; i < n; i++) {
    const double c = cos(2 * PI * i / span), hann = n > 1 ? 0.5 - 0.5 * c : 1;
    switch (kind) {
    case AUS_WINDOW_HANN:
    case AUS_WINDOW_HANN_SYMMETRIC: window[i] = (float)hann; break;
    case AUS_WINDOW_HAMMING: window[i] = n > 1 ? (float)(0.54 - 0.46 * c) : 1; break;
    case AUS_WINDOW_SQRT_HANN: window[i] = (float)sqrt(hann); break;
    case AUS_WINDOW_RECTANGULAR: window[i] = 1; break;
    }
  }
}
