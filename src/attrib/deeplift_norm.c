/* deeplift_norm.c - DeepLIFT through softmax and normalisation, taken apart into products and functions of one number.
 *
 *   softmax       e = exp(x - c), r = 1 / sum e, y = e r
 *   log softmax   y = x - c - log sum e
 *   normalise     u = x - mean x, v = mean u^2, r = (v + epsilon)^-1/2, y = u r gamma + beta
 *
 * c is one number for x and reference alike (it cancels). Each row is by itself: no item knows of its company. */
#include "attrib/deeplift.h"

#include <math.h>

static double slope(double x, double r, double fx, double fr, double gradient) { return fabs(x - r) > 1e-12 + 1e-12 * fabs(x) ? (fx - fr) / (x - r) : gradient; }

size_t deeplift_norm_scratch(const aus_rule *rule, const aus_visit *v)
{
  (void)rule;
  return 2 * (size_t)aus_shape_count(&v->call->in[0].shape) * sizeof(double);
}

/* ---- softmax -------------------------------------------------------------------------------------------- */

/* One row: n values, `step` apart. e and f are rows of the scratch. */
void deeplift_softmax_row(int64_t n, int64_t step, const float *x, const float *ref, const float *m, float *to, bool logarithm, double *e, double *f)
{
  double c = x[0], sum = 0, sum_r = 0, back = 0;
  for (int64_t i = 0; i < n; i++) c = fmax(c, fmax((double)x[i * step], (double)ref[i * step]));
  for (int64_t i = 0; i < n; i++) {
    sum += e[i] = exp((double)x[i * step] - c);
    sum_r += f[i] = exp((double)ref[i * step] - c);
  }
  for (int64_t i = 0; i < n; i++) back += logarithm ? (double)m[i * step] : (double)m[i * step] * 0.5 * (e[i] + f[i]);
  const double of_sum = logarithm ? -back * slope(sum, sum_r, log(sum), log(sum_r), 1 / sum) : -back / (sum * sum_r); /* d(1/s) = -ds / (s s_r) */
  for (int64_t i = 0; i < n; i++) {
    const double xi = x[i * step], ri = ref[i * step], k = slope(xi, ri, e[i], f[i], e[i]);
    const double direct = logarithm ? (double)m[i * step] : (double)m[i * step] * 0.5 * (1 / sum + 1 / sum_r) * k;
    to[i * step] = (float)(direct + of_sum * k);
  }
}

void deeplift_softmax(const aus_rule *rule, const aus_visit *v)
{
  const aus_shape *s = &v->call->in[0].shape;
  const int32_t axis = v->call->attr[0].i < 0 ? v->call->attr[0].i + s->rank : v->call->attr[0].i;
  const int64_t n = s->dim[axis], inner = aus_shape_count_range(s, axis + 1, s->rank), outer = aus_shape_count_range(s, 0, axis);
  double *e = v->scratch;
  (void)rule;
  for (int32_t l = 0; l < v->lanes; l++)
    for (int64_t o = 0; o < outer; o++)
      for (int64_t k = 0; k < inner; k++) {
        const int64_t at = o * n * inner + k;
        deeplift_softmax_row(n, inner, v->call->in[0].data + at, v->ref->in[0].data + at, v->diff_dst[l * v->call->n_out] + at, v->diff_src[l * v->call->n_in] + at,
                    v->call->op == AUS_OP_log_softmax, e, e + n);
      }
}

/* ---- normalisation ----------------------------------------------------------------------------------------- */

static double mean_of(int64_t n, const float *x)
{
  double s = 0;
  for (int64_t i = 0; i < n; i++) s += (double)x[i];
  return s / (double)n;
}

/* u = x - mean; the mean of u^2. */
static double centre(int64_t n, const float *x, double *u)
{
  const double mean = mean_of(n, x);
  double s = 0;
  for (int64_t i = 0; i < n; i++) {
    u[i] = (double)x[i] - mean;
    s += u[i] * u[i];
  }
  return s / (double)n;
}

/* One row of n; gamma of element i is scale[(first + i) / run % period], 1 without scale. */
typedef struct norm_row { int64_t n, first, run, period; const float *scale; double epsilon; } norm_row;

static double gamma_at(const norm_row *w, int64_t i) { return w->scale ? (double)w->scale[(w->first + i) / w->run % w->period] : 1; }

static void norm_one(const norm_row *w, const float *x, const float *ref, const float *m, float *to, double *u, double *ur)
{
  const double var = centre(w->n, x, u), var_r = centre(w->n, ref, ur);
  const double r = 1 / sqrt(var + w->epsilon), rr = 1 / sqrt(var_r + w->epsilon);
  double of_r = 0, mean = 0;
  for (int64_t i = 0; i < w->n; i++) of_r += (double)m[i] * gamma_at(w, i) * 0.5 * (u[i] + ur[i]);
  const double of_var = of_r * slope(var, var_r, r, rr, -0.5 * r * r * r) / (double)w->n;
  for (int64_t i = 0; i < w->n; i++) {
    u[i] = (double)m[i] * gamma_at(w, i) * 0.5 * (r + rr) + of_var * (u[i] + ur[i]);
    mean += u[i] / (double)w->n;
  }
  for (int64_t i = 0; i < w->n; i++) to[i] = (float)(u[i] - mean);
}

static norm_row rows_of(const aus_call *c)
{
  const aus_shape *s = &c->in[0].shape;
  const float *scale = c->n_in > 1 ? c->in[1].data : NULL;
  if (c->op == AUS_OP_layer_norm) {
    const int32_t axis = c->attr[0].i < 0 ? c->attr[0].i + s->rank : c->attr[0].i;
    const int64_t n = aus_shape_count_range(s, axis, s->rank);
    return (norm_row){ n, 0, 1, n, scale, (double)c->attr[1].f };
  }
  const int64_t space = aus_shape_count_range(s, 2, s->rank);
  if (c->op == AUS_OP_instance_norm) return (norm_row){ space, 0, space, s->dim[1], scale, (double)c->attr[0].f };
  return (norm_row){ s->dim[1] / c->attr[0].i * space, 0, space, s->dim[1], scale, (double)c->attr[1].f };
}

void deeplift_layer_norm(const aus_rule *rule, const aus_visit *v)
{
  norm_row w = rows_of(v->call);
  const int64_t total = aus_shape_count(&v->call->in[0].shape);
  double *u = v->scratch;
  (void)rule;
  for (int32_t l = 0; l < v->lanes; l++)
    for (w.first = 0; w.first < total; w.first += w.n)
      norm_one(&w, v->call->in[0].data + w.first, v->ref->in[0].data + w.first, v->diff_dst[l * v->call->n_out] + w.first, v->diff_src[l * v->call->n_in] + w.first, u, u + w.n);
}
