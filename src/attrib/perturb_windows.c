/* perturb_windows.c - occlusion and RISE as methods of attribution: one input of the network at a time, the others stay as they are. */
#include "attrib/perturb_asked.h"

#include <stdlib.h>
#include <string.h>

/* ---- windows ------------------------------------------------------------------------------------------ */

/* The k-th of a text's parts between commas, the last one for those beyond. */
static void part_of(const char *text, int32_t k, char part[128])
{
  size_t n = strcspn(text, ",");
  for (; k > 0 && text[n] == ','; k--, n = strcspn(text, ",")) text += n + 1;
  if (n > 127) n = 127;
  memcpy(part, text, n);
  part[n] = '\0';
}

/* "2x3": along the last axes; axes that it does not name keep what is there. */
static aus_status read_extent(aus_ctx *ctx, const char *what, const char *text, int32_t rank, int64_t *extent)
{
  int64_t number[AUS_FIELD_RANK];
  int32_t n = 0;
  for (const char *p = text; *p;) {
    char *end;
    const long long v = strtoll(p, &end, 10);
    if (end == p || v < 1 || n == AUS_FIELD_RANK || (*end && *end != 'x')) return aus_fail(ctx, AUS_EINVAL, "--%s %s: want numbers from 1 with x between them, e.g. 2x3", what, text);
    number[n++] = v;
    p = *end ? end + 1 : end;
  }
  if (n == 0 || n > rank) return aus_fail(ctx, AUS_EINVAL, "--%s %s: %d numbers; the input has %d axes", what, text, n, rank);
  for (int32_t d = 0; d < n; d++) extent[rank - n + d] = number[d];
  return AUS_OK;
}

/* Windows of one size ("2x3") for this input. Axes without a number: one step over all of it. */
static aus_status read_windows(const aus_question *q, const aus_field *f, int32_t input, const char *size, perturb_windows *w)
{
  char part[128];
  const aus_attrib_config *c = q->config;
  w->keep = c->keep != 0;
  for (int32_t d = 0; d < f->rank; d++) w->window[d] = f->dim[d], w->stride[d] = 1;
  AUS_TRY(read_extent(q->ctx, "window", size, f->rank, w->window));
  if (c->stride) {
    part_of(c->stride, input, part);
    AUS_TRY(read_extent(q->ctx, "stride", part, f->rank, w->stride));
  }
  return AUS_OK;
}

/* Sizes of a sweep stand between colons, "1:2:4"; the answer is the mean of their maps. */
static aus_status occlude_input(perturb_asked *a, int32_t input, double *value, double *one)
{
  char part[128];
  int32_t sizes = 0;
  const int64_t n = a->field.labels * a->field.cells;
  part_of(a->q->config->window ? a->q->config->window : "1", input, part);
  memset(value, 0, (size_t)n * sizeof *value);
  for (char *p = part, *end; p; p = end) {
    perturb_windows w;
    end = strchr(p, ':');
    if (end) *end++ = '\0';
    AUS_TRY(read_windows(a->q, &a->field, input, p, &w));
    AUS_TRY(perturb_occlusion(&a->field, &w, one));
    for (int64_t i = 0; i < n; i++) value[i] += one[i];
    sizes++;
  }
  for (int64_t i = 0; i < n; i++) value[i] /= sizes;
  return AUS_OK;
}

static aus_status rise_input(perturb_asked *a, aus_attribution *out, double *value)
{
  const aus_attrib_config *c = a->q->config;
  const perturb_rise_config config = { c->grid ? c->grid : 7, c->probability != 0 ? c->probability : 0.5, c->samples ? c->samples : 4000, false, c->seed };
  for (int32_t d = 0; a->input == 0 && d < a->field.rank; d++) {
    const int64_t length = a->field.dim[d];
    out->resolution.rank = a->field.rank;
    out->resolution.dim[d] = d < a->field.rank - 2 ? length : config.grid < length ? config.grid : length;
  }
  return perturb_rise(&a->field, &config, value, NULL);
}

/* One input after another. */
static aus_status input_by_input(const aus_question *q, aus_attribution *out, bool rise)
{
  aus_status status = AUS_OK;
  for (int32_t k = 0; k < q->a->n_inputs && status == AUS_OK; k++) {
    perturb_asked a;
    status = perturb_open(q, k, &a);
    const size_t n = (size_t)a.field.labels * (size_t)a.field.cells;
    double *value = aus_alloc(q->ctx, 2 * n, sizeof *value);
    if (status == AUS_OK && !value) status = AUS_ENOMEM;
    if (status == AUS_OK) status = rise ? rise_input(&a, out, value) : occlude_input(&a, k, value, value + n);
    if (status == AUS_OK) perturb_put(&a, value, a.field.cells, NULL, out);
    if (status == AUS_OK && k == 0) status = perturb_put_none(&a, out);
    aus_free(q->ctx, value);
    perturb_close(&a);
  }
  return status;
}

static aus_status run_occlusion(const aus_question *q, aus_attribution *out) { return input_by_input(q, out, false); }
static aus_status run_rise(const aus_question *q, aus_attribution *out) { return input_by_input(q, out, true); }

const aus_method aus_method_occlusion = { "occlusion", "perturbation", "drop of the score as a window hides parts", AUS_METHOD_BASELINE, run_occlusion };
const aus_method aus_method_rise = { "rise", "perturbation", "mean score over random masks that leave a number on", AUS_METHOD_BASELINE, run_rise };
