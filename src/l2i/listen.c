/* listen.c - which atoms an answer rests on, and their sound.
 *
 *   r_k = z_k theta_ck / max_l |z_l theta_cl|          the talk's; the authors' program divides by the signed largest
 *   M = sum_{k kept} w_k h_k / (W H)
 *   linear   Y = M X:                shares of all atoms add to one, so do the sounds. Where W H is 0 the bin belongs to the rest
 *   parity   |Y| = ((1 + g |X|)^R - 1) / g, R = (sum_{k kept} w_k h_k) / (1e-6 + W H): a share of a logarithm. At |X| = 100 a share
 *            of 0.2 leaves 1.5 instead of 20, which is why the published sounds are faint. g: the gain that made X
 *
 * Both keep the phase of X. */
#include <math.h>
#include <string.h>

#include "l2i/l2i.h"
#include "la/la.h"

void aus_l2i_importance(const aus_interpreter *it, const aus_reading *r, int32_t target, double *to)
{
  const float *theta = it->theta + (int64_t)target * r->atoms;
  double top = 0;
  for (int32_t k = 0; k < r->atoms; k++) {
    to[k] = (double)r->z[k] * (double)theta[k];
    top = fmax(top, fabs(to[k]));
  }
  for (int32_t k = 0; k < r->atoms; k++) to[k] = top > 0 ? to[k] / top : 0;
}

int32_t aus_l2i_select(int32_t atoms, const double *r, double tau, int32_t top, uint8_t *keep)
{
  int32_t n = 0;
  memset(keep, 0, (size_t)atoms);
  for (; top <= 0 || n < top; n++) {
    int32_t best = -1;
    for (int32_t k = 0; k < atoms; k++)
      if (!keep[k] && r[k] > tau && (best < 0 || r[k] > r[best])) best = k;
    if (best < 0) break;
    keep[best] = 1;
  }
  return n;
}

/* ---- masks --------------------------------------------------------------------------------------------- */

typedef struct masking {
  const aus_reading *r;
  const float *part;         /* [frames][bins] sum over the kept atoms of w_k h_k */
  aus_listening listening;
  bool rest;                 /* what remains instead */
  float *re, *im;
} masking;

/* |Y| / |X|. */
static float linear_gain(float part, float made, bool rest)
{
  const float m = made > 0 ? part / made : 0;
  return rest ? 1 - m : m;
}

static float parity_gain(float part, float made, float magnitude, float gain, bool rest)
{
  const float share = part / (1e-6f + made), v = gain * magnitude;
  if (!(v > 0)) return 0;
  return expm1f((rest ? 1 - share : share) * log1pf(v)) / v;
}

static void mask_frames(void *arg, int64_t begin, int64_t end, int worker)
{
  const masking *j = arg;
  const aus_reading *r = j->r;
  (void)worker;
  for (int64_t i = begin * r->bins; i < end * r->bins; i++) {
    float m;
    if (j->listening == AUS_LISTEN_LINEAR) m = linear_gain(j->part[i], r->made[i], j->rest);
    else m = parity_gain(j->part[i], r->made[i], sqrtf(r->re[i] * r->re[i] + r->im[i] * r->im[i]), r->gain, j->rest);
    j->re[i] = m * r->re[i];
    j->im[i] = m * r->im[i];
  }
}

/* Rows of H and columns of W of the atoms that count, side by side, multiplied: to[frames][bins]. */
static aus_status multiply(const aus_interpreter *it, const aus_reading *r, const float *weight, float *to)
{
  int32_t n = 0, at = 0;
  for (int32_t k = 0; k < r->atoms; k++) n += weight[k] != 0;
  memset(to, 0, (size_t)r->frames * (size_t)r->bins * sizeof *to);
  if (n == 0) return AUS_OK;
  float *h = aus_alloc(r->ctx, (size_t)n * (size_t)r->frames, sizeof *h), *w = aus_alloc(r->ctx, (size_t)n * (size_t)r->bins, sizeof *w);
  aus_status status = h && w ? AUS_OK : AUS_ENOMEM;
  for (int32_t k = 0; status == AUS_OK && k < r->atoms; k++) {
    if (weight[k] == 0) continue;
    for (int64_t t = 0; t < r->frames; t++) h[at * r->frames + t] = weight[k] * r->h[k * r->frames + t];
    for (int32_t b = 0; b < r->bins; b++) w[b * n + at] = it->w[b * r->atoms + k];
    at++;
  }
  if (status == AUS_OK) status = aus_sgemm(r->ctx, true, true, r->frames, r->bins, n, 1, h, r->frames, w, n, 0, to, r->bins);
  aus_free(r->ctx, h);
  aus_free(r->ctx, w);
  return status;
}

/* The spectrum of what is heard. */
typedef struct heard { float *part, *re, *im; } heard;

static void heard_free(aus_ctx *ctx, heard *h)
{
  aus_free(ctx, h->part);
  aus_free(ctx, h->re);
  aus_free(ctx, h->im);
}

/* heard_free also after a failure. */
static aus_status mask(const aus_interpreter *it, const aus_reading *r, const float *weight, aus_listening listening, int rest, heard *h)
{
  const size_t cells = (size_t)r->frames * (size_t)r->bins;
  *h = (heard){ aus_alloc(r->ctx, cells, sizeof(float)), aus_alloc(r->ctx, cells, sizeof(float)), aus_alloc(r->ctx, cells, sizeof(float)) };
  if (!h->part || !h->re || !h->im) return AUS_ENOMEM;
  AUS_TRY(multiply(it, r, weight, h->part));
  masking j = { r, h->part, listening, rest != 0, h->re, h->im };
  aus_parallel_for(r->ctx, r->frames, 1 + 16384 / r->bins, mask_frames, &j);
  return AUS_OK;
}

aus_status aus_l2i_listen_weighted(aus_interpreter *it, const aus_reading *r, const float *weight, aus_listening listening, int rest, float *y)
{
  heard h;
  float *longer = aus_alloc_zero(r->ctx, (size_t)r->padded, sizeof *longer);
  aus_status status = mask(it, r, weight, listening, rest, &h);
  if (!longer) status = AUS_ENOMEM;
  if (status == AUS_OK) status = aus_stft_inverse(it->spectrum.stft, r->padded, h.re, h.im, longer);
  if (status == AUS_OK) memcpy(y, longer, (size_t)r->samples * sizeof *y);
  aus_free(r->ctx, longer);
  heard_free(r->ctx, &h);
  return status;
}

aus_status aus_l2i_energy(aus_interpreter *it, const aus_reading *r, const float *weight, aus_listening listening, double *energy)
{
  heard h;
  const aus_status status = mask(it, r, weight, listening, 0, &h);
  *energy = 0;
  for (int64_t t = 0; status == AUS_OK && t < r->frames; t++) {
    double sum = 0;
    for (int64_t i = t * r->bins; i < (t + 1) * r->bins; i++) sum += (double)h.re[i] * h.re[i] + (double)h.im[i] * h.im[i];
    *energy += sum;
  }
  heard_free(r->ctx, &h);
  return status;
}

static aus_status listen(aus_interpreter *it, const aus_reading *r, const uint8_t *keep, aus_listening listening, int rest, float *y)
{
  float *weight = aus_alloc(r->ctx, (size_t)r->atoms, sizeof *weight);
  if (!weight) return AUS_ENOMEM;
  for (int32_t k = 0; k < r->atoms; k++) weight[k] = keep[k] != 0;
  const aus_status status = aus_l2i_listen_weighted(it, r, weight, listening, rest, y);
  aus_free(r->ctx, weight);
  return status;
}

aus_status aus_l2i_listen(aus_interpreter *it, const aus_reading *r, const uint8_t *keep, aus_listening listening, float *y)
{
  return listen(it, r, keep, listening, 0, y);
}

aus_status aus_l2i_without(aus_interpreter *it, const aus_reading *r, const uint8_t *keep, aus_listening listening, float *y)
{
  return listen(it, r, keep, listening, 1, y);
}

double aus_l2i_loudness(int64_t n, const float *x, const float *y)
{
  double ex = 0, ey = 0, peak = 0;
  for (int64_t i = 0; i < n; i++) {
    ex += (double)x[i] * x[i];
    ey += (double)y[i] * y[i];
    peak = fmax(peak, fabs((double)y[i]));
  }
  if (!(ey > 0) || !(ex > 0)) return 1;
  const double gain = sqrt(ex / ey);
  return gain * peak > 1 ? 1 / peak : gain;
}
