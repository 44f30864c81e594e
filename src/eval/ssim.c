/* ssim.c - structural similarity of two maps [Wang04].
 *
 *     SSIM = (2 ma mb + C1)(2 cov + C2) / ((ma^2 + mb^2 + C1)(va + vb + C2))   per window, then the mean
 *
 * Uniform windows of 7 x 7 that lie wholly inside (smaller along a short axis, always odd), sample covariances (n - 1), C1 = (0.01 L)^2, C2 = (0.03 L)^2
 * with L the range of both maps together: the numbers of scikit-image with data_range = L. Maps must not be made positive first: that hides
 * changes of sign. */
#include <auscult/eval.h>

#include <math.h>

static int64_t window(int64_t length) { return length >= 7 ? 7 : length - (length % 2 == 0); }

static double one_window(int64_t stride, int64_t wh, int64_t ww, const float *a, const float *b, double c1, double c2)
{
  const double n = (double)(wh * ww);
  double ma = 0, mb = 0, va = 0, vb = 0, cov = 0;
  for (int64_t y = 0; y < wh; y++)
    for (int64_t x = 0; x < ww; x++) {
      ma += a[y * stride + x] / n;
      mb += b[y * stride + x] / n;
    }
  for (int64_t y = 0; y < wh; y++)
    for (int64_t x = 0; x < ww; x++) {
      const double da = a[y * stride + x] - ma, db = b[y * stride + x] - mb;
      va += da * da;
      vb += db * db;
      cov += da * db;
    }
  const double k = n > 1 ? 1 / (n - 1) : 0;
  return (2 * ma * mb + c1) * (2 * cov * k + c2) / ((ma * ma + mb * mb + c1) * (va * k + vb * k + c2));
}

double aus_eval_ssim(int64_t h, int64_t w, const float *a, const float *b)
{
  double low = INFINITY, high = -INFINITY, sum = 0;
  for (int64_t i = 0; i < h * w; i++) {
    low = fmin(low, fmin(a[i], b[i]));
    high = fmax(high, fmax(a[i], b[i]));
  }
  if (h * w < 1) return NAN;
  if (!(high > low)) return 1; /* the same constant */
  const double range = high - low, c1 = 1e-4 * range * range, c2 = 9e-4 * range * range;
  const int64_t wh = window(h), ww = window(w), ny = h - wh + 1, nx = w - ww + 1;
  for (int64_t y = 0; y < ny; y++)
    for (int64_t x = 0; x < nx; x++) sum += one_window(w, wh, ww, a + y * w + x, b + y * w + x, c1, c2);
  return sum / (double)(ny * nx);
}
