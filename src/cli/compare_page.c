/* compare_page.c - from a judge and its answers to the page of a comparison: each method's top cells as sound, rounded like any track. */
#include "cli/compare_page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct ranked { float value; int32_t cell; } ranked;

static int by_value(const void *a, const void *b)
{
  const ranked *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? 1 : -1;
  return (x->cell > y->cell) - (x->cell < y->cell);
}

/* The cells of the largest positive values, at most so many. */
static aus_status top_cells(aus_ctx *ctx, int32_t n, const float *value, int32_t most, uint8_t *keep)
{
  ranked *order = aus_alloc(ctx, (size_t)n + 1, sizeof *order);
  if (!order) return AUS_ENOMEM;
  for (int32_t i = 0; i < n; i++) order[i] = (ranked){ isfinite(value[i]) ? value[i] : 0, i };
  qsort(order, (size_t)n, sizeof *order, by_value);
  memset(keep, 0, (size_t)n);
  for (int32_t k = 0; k < n && k < most && order[k].value > 0; k++) keep[order[k].cell] = 1;
  aus_free(ctx, order);
  return AUS_OK;
}

static double peak_of(const float *x, int64_t n)
{
  double peak = 0;
  for (int64_t i = 0; i < n; i++) peak = fmax(peak, fabs((double)x[i]));
  return peak;
}

static aus_status round_track(aus_ctx *ctx, const float *x, int64_t n, double gain, aus_track *t)
{
  t->n = n;
  t->x = aus_alloc(ctx, (size_t)n + 1, sizeof *t->x);
  if (!t->x) return AUS_ENOMEM;
  for (int64_t i = 0; i < n; i++) t->x[i] = (int32_t)fmin(32767, fmax(-32767, rint((double)x[i] * gain * 32768)));
  return AUS_OK;
}

/* The input, then the top part of each answer. Tiles keep the input's phase, so a part is no louder than about the input; the
 * loudest of all sets one gain. */
static aus_status make_tracks(cli_session *cs, const cli_judge *j, const cli_answer *answer, const bool *failed, int n, aus_tracks *out)
{
  const aus_components *c = &j->tiles[0];
  const int32_t most = (int32_t)fmax(1, lrint(cs->s->top_percent / 100 * c->n));
  *out = (aus_tracks){ .ctx = cs->ctx, .rate = c->rate, .bits = 16, .samples = c->samples, .gain = 1 };
  out->track = aus_alloc_zero(cs->ctx, (size_t)n + 1, sizeof *out->track);
  uint8_t *keep = aus_alloc(cs->ctx, (size_t)c->n + 1, 1);
  float *x = aus_alloc(cs->ctx, (size_t)c->samples + 1, sizeof *x);
  aus_status status = out->track && keep && x ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) out->gain = fmin(1, 0.999 / fmax(1e-9, peak_of(c->whole, c->samples)));
  if (status == AUS_OK) status = round_track(cs->ctx, c->whole, c->samples, out->gain, &out->track[out->n++]);
  for (int i = 0; i < n && status == AUS_OK; i++) {
    if (failed[i]) continue;
    status = top_cells(cs->ctx, c->n, answer[i].value, most, keep);
    if (status != AUS_OK) break;
    aus_components_render(c, keep, x);
    out->track[out->n].component = i;
    status = round_track(cs->ctx, x, c->samples, out->gain, &out->track[out->n++]);
  }
  aus_free(cs->ctx, keep);
  aus_free(cs->ctx, x);
  return status == AUS_OK ? aus_tracks_encode(out, AUS_TRACKS_BEST) : status;
}

static void add_fact(aus_facts *f, const char *label, const char *text)
{
  if (f->n == AUS_MAX_FACTS || !text || !*text) return;
  snprintf(f->text[f->n], sizeof f->text[0], "%s", text);
  f->fact[f->n] = (aus_fact){ label, f->text[f->n] };
  f->n++;
}

/* A comparison's JSON names its input and model only: what is known of them here comes first, then program and command. */
static void state_facts(const cli_judge *j, const aus_json_tree *tree, aus_facts *f)
{
  aus_facts *all = AUS_NEW(j->cs->ctx, aus_facts);
  char line[512];
  f->n = 0;
  if (!j->arrays) {
    cli_describe_sound(&j->sound, line, sizeof line);
    add_fact(f, "input", line);
    add_fact(f, "input SHA-256", j->sound.read.sha256);
    add_fact(f, "model", j->info->name);
    add_fact(f, "model SHA-256", j->info->sha256);
    add_fact(f, "model hears", j->info->front_end);
    add_fact(f, "model's licence", j->info->licence);
  } else {
    add_fact(f, "input", j->path);
    add_fact(f, "model", j->cs->s->model);
  }
  snprintf(line, sizeof line, j->rank == 2 && !j->arrays ? "%lld x %lld tiles of the spectrogram" : "%lld x %lld ...", (long long)j->dim[0], j->rank > 1 ? (long long)j->dim[1] : 1);
  add_fact(f, "cells", line);
  if (!all) return;
  aus_facts_of(tree, all);
  for (int i = 0; i < all->n; i++)
    if (strcmp(all->fact[i].label, "made by") == 0 || strcmp(all->fact[i].label, "command") == 0) add_fact(f, all->fact[i].label, all->fact[i].text);
  aus_free(j->cs->ctx, all);
}

static aus_status write_page(cli_session *cs, const cli_judge *j, aus_compare_page *page, aus_compared *method, const cli_answer *answer, const bool *failed, const aus_json_tree *tree, aus_facts *facts)
{
  aus_spectrogram s = { .image = NULL };
  aus_tracks tracks = {0};
  aus_status status = AUS_OK;
  state_facts(j, tree, facts);
  page->fact = facts->fact;
  page->n_facts = facts->n;
  page->note = (const char *const *)cs->note;
  page->n_notes = cs->n_notes;
  page->rank = j->rank;
  page->dim = j->dim;
  page->method = method;
  page->top_percent = cs->s->top_percent;
  if (!j->arrays) {
    page->components = &j->tiles[0];
    page->front_end = j->info->front_end;
    status = aus_model_spectrogram(j->model, j->sound.heard.frames, j->sound.heard.data, &s);
    if (status == AUS_OK) page->spectrogram = &s;
    if (status == AUS_OK || status == AUS_ENOTSUP) status = make_tracks(cs, j, answer, failed, page->n, &tracks);
  }
  for (int32_t k = 0; status == AUS_OK && k < tracks.n; k++) {
    if (k == 0) page->input = &tracks.track[0];
    else method[tracks.track[k].component].track = &tracks.track[k];
  }
  page->flac = tracks.flac;
  cli_output_begins(cs, cs->s->report);
  if (status == AUS_OK) status = aus_compare_page_write(cs->ctx, page, cs->s->report, cs->s->force);
  if (tracks.ctx) aus_tracks_free(&tracks);
  if (j->model) aus_model_spectrogram_free(j->model, &s);
  return status;
}

int cli_compare_page(cli_session *cs, const cli_judge *j, aus_compared *method, int n, int n_measures, const cli_answer *answer, const bool *failed, const char *json)
{
  const char *slash = strrchr(j->path, '/');
  char subtitle[256], score[32];
  aus_json_tree tree = {0};
  aus_facts *facts = AUS_NEW(cs->ctx, aus_facts);
  aus_status status = facts ? aus_json_read(cs->ctx, "the result", json, strlen(json), &tree) : AUS_ENOMEM;
  const char *target = j->arrays ? "" : j->info->targets[j->target];
  aus_format_real(score, j->arrays ? NAN : (double)j->scores[j->target], 3);
  snprintf(subtitle, sizeof subtitle, j->arrays ? "%d methods explain one answer%s%s" : "%d methods explain why the model says %s %s", n, target, j->arrays ? "" : score);
  aus_compare_page page = { .title = slash && slash[1] ? slash + 1 : j->path, .subtitle = subtitle, .n = n, .n_measures = n_measures, .json = json };
  if (status == AUS_OK) status = write_page(cs, j, &page, method, answer, failed, &tree, facts);
  aus_json_tree_free(&tree);
  aus_free(cs->ctx, facts);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WRITING, status);
}
