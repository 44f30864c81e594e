/* stems.c - sources x time, the components of audioLIME [Haunschmid20, sec. 3].
 *
 * Component s C + c is source c inside segment s. What separation leaves over, input - sum(stems), is a source of
 * its own by default ("residual"): without it "everything on" would not be the input, and the
 * explanation would be of another sound (specs/audiolime.md 1.4, defect 4). Segments cover the whole input, the
 * remainder of the division included (defect 5). */
#include "explain/build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The sources that become components: pointers into stems, and perhaps the residual. */
typedef struct sources {
  int32_t n;
  const float **data;  /* [n][channels * frames] */
  const char **name;
  float *residual;     /* owned; NULL when none is needed */
} sources;

static aus_status check_stem(aus_ctx *ctx, const aus_audio *input, const aus_audio *stem, const char *name)
{
  if (stem->rate != input->rate)
    return aus_fail(ctx, AUS_EINVAL, "stem '%s' has %d Hz, the input %d Hz", name, stem->rate, input->rate);
  if (stem->channels != input->channels)
    return aus_fail(ctx, AUS_EINVAL, "stem '%s' has %d channels, the input %d", name, stem->channels, input->channels);
  if (stem->frames != input->frames)
    return aus_fail(ctx, AUS_EINVAL, "stem '%s' has %lld samples, the input %lld: stems must be as long as the input",
                    name, (long long)stem->frames, (long long)input->frames);
  return AUS_OK;
}

/* sum = sum of the stems in double, rounded once; residual = input - sum. Either output may be NULL. */
static void sum_stems(const aus_audio *input, const aus_audio *stems, int32_t n, float *sum, float *residual)
{
  const int64_t total = (int64_t)input->channels * input->frames;
  for (int64_t t = 0; t < total; t++) {
    double s = 0;
    for (int32_t i = 0; i < n; i++) s += stems[i].data[t];
    if (sum) sum[t] = (float)s;
    if (residual) residual[t] = (float)(input->data[t] - s);
  }
}

/* The residual when it is loud enough to matter, else NULL in out->residual. */
static aus_status find_residual(aus_ctx *ctx, const aus_audio *input, const aus_audio *stems, int32_t n, sources *out)
{
  const int64_t total = (int64_t)input->channels * input->frames;
  out->residual = aus_alloc(ctx, (size_t)total, sizeof(float));
  if (!out->residual) return AUS_ENOMEM;
  sum_stems(input, stems, n, NULL, out->residual);
  if (aus_peak(total, out->residual) > 1e-6f * aus_peak(total, input->data)) return AUS_OK;
  aus_free(ctx, out->residual);
  out->residual = NULL;
  return AUS_OK;
}

static void sources_free(aus_ctx *ctx, sources *s)
{
  aus_free(ctx, (void *)s->data);
  aus_free(ctx, (void *)s->name);
  aus_free(ctx, s->residual);
}

static aus_status sources_find(aus_ctx *ctx, const aus_audio *input, const aus_audio *stems, const char *const *names,
                               int32_t n_stems, int residual, sources *out)
{
  if (n_stems < 1) return aus_fail(ctx, AUS_EINVAL, "no stems were given");
  if (n_stems > 4096) return aus_fail(ctx, AUS_ELIMIT, "%d stems: at most 4096", n_stems);
  for (int32_t i = 0; i < n_stems; i++) AUS_TRY(check_stem(ctx, input, &stems[i], names[i]));
  out->data = aus_alloc(ctx, (size_t)n_stems + 1, sizeof *out->data);
  out->name = aus_alloc(ctx, (size_t)n_stems + 1, sizeof *out->name);
  if (!out->data || !out->name) return AUS_ENOMEM;
  for (int32_t i = 0; i < n_stems; i++) {
    out->data[i] = stems[i].data;
    out->name[i] = names[i];
  }
  out->n = n_stems;
  if (residual == AUS_RESIDUAL_DROP) return AUS_OK;
  AUS_TRY(find_residual(ctx, input, stems, n_stems, out));
  if (residual == AUS_RESIDUAL_COMPONENT && out->residual) {
    out->data[out->n] = out->residual;
    out->name[out->n++] = "residual";
  }
  return AUS_OK;
}

static char *component_name(aus_ctx *ctx, const char *source, const aus_cuts *cuts, double t0, double t1)
{
  if (cuts->n == 1) return aus_strdup(ctx, source);
  return aus_strf(ctx, "%s%s%.2f-%.2f s", source, source[0] ? " " : "", t0, t1);
}

static aus_status fill_component(aus_components *c, const sources *src, const aus_cuts *cuts, int32_t s, int32_t j)
{
  const int32_t i = s * src->n + j;
  const double t0 = (double)cuts->cut[s] / c->rate, t1 = (double)cuts->cut[s + 1] / c->rate;
  int64_t begin, end;
  aus_cuts_span(cuts, s, &begin, &end);
  float *data = aus_components_add(c, i, begin, end);
  c->name[i] = component_name(c->ctx, src->name[j], cuts, t0, t1);
  if (!data || !c->name[i]) return AUS_ENOMEM;
  c->place[i] = (aus_place){ .source = j, .t0 = t0, .t1 = t1, .f0 = 0, .f1 = c->rate / 2.0 };
  for (int32_t ch = 0; ch < c->channels; ch++)
    aus_cuts_window(cuts, s, src->data[j] + ch * c->samples, data + ch * (end - begin));
  return AUS_OK;
}

static aus_status cross(aus_ctx *ctx, const aus_audio *input, const sources *src, const aus_segments *segments,
                        const char *kind, aus_components *out)
{
  aus_cuts cuts;
  AUS_TRY(aus_cuts_make(ctx, input, segments, &cuts));
  aus_status status = AUS_OK;
  if ((int64_t)cuts.n * src->n > 65536)
    status = aus_fail(ctx, AUS_ELIMIT, "%d sources x %d segments are too many components: at most 65536", src->n, cuts.n);
  if (status == AUS_OK) status = aus_components_begin(ctx, input, cuts.n * src->n, kind, "silence", out);
  for (int32_t s = 0; s < cuts.n && status == AUS_OK; s++)
    for (int32_t j = 0; j < src->n && status == AUS_OK; j++) status = fill_component(out, src, &cuts, s, j);
  aus_cuts_free(ctx, &cuts);
  return status;
}

aus_status aus_components_stems(aus_ctx *ctx, const aus_audio *input, const aus_audio *stems, const char *const *names,
                                int32_t n_stems, int residual, const aus_segments *segments, aus_components *out)
{
  memset(out, 0, sizeof *out);
  sources src = { 0 };
  aus_status status = sources_find(ctx, input, stems, names, n_stems, residual, &src);
  if (status == AUS_OK) {
    const bool time = segments && !(segments->kind == AUS_SEGMENTS_EQUAL && segments->n == 1);
    status = cross(ctx, input, &src, segments, time ? "stems x time" : "stems", out);
  }
  if (status == AUS_OK && residual == AUS_RESIDUAL_DROP) sum_stems(input, stems, n_stems, out->whole, NULL);
  if (status == AUS_OK && residual == AUS_RESIDUAL_FOLD && src.residual) {
    out->off = src.residual;
    src.residual = NULL;
    snprintf(out->baseline, sizeof out->baseline, "residual");
  }
  sources_free(ctx, &src);
  if (status != AUS_OK) aus_components_free(out);
  return status;
}

aus_status aus_components_time(aus_ctx *ctx, const aus_audio *input, const aus_segments *segments, aus_components *out)
{
  memset(out, 0, sizeof *out);
  const float *data = input->data;
  const char *name = "";
  const sources src = { .n = 1, .data = &data, .name = &name };
  aus_status status = cross(ctx, input, &src, segments, "time", out);
  if (status != AUS_OK) { aus_components_free(out); return status; }
  for (int32_t i = 0; i < out->n; i++) out->place[i].source = -1;
  if (out->n == 1) { /* one segment has no times in its name */
    aus_free(ctx, out->name[0]);
    out->name[0] = aus_strdup(ctx, "all");
    if (!out->name[0]) { aus_components_free(out); return AUS_ENOMEM; }
  }
  return AUS_OK;
}
