/* export.c - one row per target and component, in the columns that each tool reads.
 *
 *   audacity   start, end, label by tabs, and a line "\ low high" with the band in Hz (Audacity 2.x and 3.x, label tracks)
 *   raven      a selection table: Raven's own columns, then ours
 *   textgrid   Praat's long text format: an interval tier per target and component, which may overlap others
 *   sv         Sonic Visualiser's region layer as CSV: time, value, duration, label
 *   svl        Sonic Visualiser's layers themselves (export_svl.c)
 *   jams       JSON of namespace segment_open, one annotation per target
 *   csv, tsv   everything, RFC 4180
 *   npz        the same and the arrays, for NumPy (export_npz.c)
 * The value is the Shapley value where there is one, else the weight. Seconds count from the start of the file that
 * was explained, not of the piece that --offset and --duration took from it: labels fall into place in that file. */
#include "report/export_rows.h"
#include "report/chart.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const aus_export_name[AUS_EXPORTS] = { "audacity", "raven", "textgrid", "sv", "svl", "jams", "csv", "tsv", "npz" };
const char *const aus_chart_name[AUS_CHARTS] = { "weights", "waterfall", "pairs", "seen" };

typedef aus_export_writer writer;
typedef aus_export_row row;

void aus_export_put(aus_export_writer *w, const char *text)
{
  if (w->status == AUS_OK) w->status = aus_outfile_write(w->f, text, strlen(text));
}

void aus_export_real(aus_export_writer *w, double v, int digits)
{
  char text[32];
  aus_format_real(text, v == 0 ? 0 : v, digits);
  aus_export_put(w, isfinite(v) ? text : "");
}

/* Text in a column of its own: tabs and line ends become spaces. */
static void put_plain(writer *w, const char *text)
{
  for (; *text && w->status == AUS_OK; text++) {
    const char c[2] = { (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text, '\0' };
    aus_export_put(w, c);
  }
}

/* Text between quotes that are doubled inside. */
static void put_quoted(writer *w, const char *text)
{
  aus_export_put(w, "\"");
  for (; *text && w->status == AUS_OK; text++) {
    const char c[3] = { *text, *text == '"' ? '"' : '\0', '\0' };
    aus_export_put(w, c);
  }
  aus_export_put(w, "\"");
}

aus_export_row aus_export_row_of(const aus_export_writer *w, int32_t target, int32_t i)
{
  const aus_place *p = &w->e->place[i];
  const aus_weight *k = &w->e->target[target].weight[i];
  const bool band = p->f1 > p->f0;
  const double t1 = p->t1 > p->t0 ? p->t1 : w->seconds;
  return (row){ w->e->target[target].name, w->e->component[i], w->start + p->t0, w->start + t1, band ? p->f0 : 0, band ? p->f1 : w->top, aus_component_value(k), k, band && (p->f0 > 0 || p->f1 < w->top - 1) };
}

void aus_export_value(const aus_export_row *x, char text[AUS_NUMBER + 2])
{
  char value[AUS_NUMBER];
  aus_number_text(value, x->value, 3); /* ASCII: not every tool reads U+2212 */
  snprintf(text, AUS_NUMBER + 2, "%s%s", x->value > 0 ? "+" : "", isfinite(x->value) ? value : "?");
}

static void put_label(writer *w, const row *x)
{
  char value[AUS_NUMBER + 2];
  aus_export_value(x, value);
  put_plain(w, x->target);
  aus_export_put(w, ": ");
  put_plain(w, x->part);
  aus_export_put(w, " ");
  aus_export_put(w, value);
}

/* ---- a line per row ------------------------------------------------------------------------------ */

static void audacity_row(writer *w, const row *x)
{
  aus_export_real(w, x->t0, 9);
  aus_export_put(w, "\t");
  aus_export_real(w, x->t1, 9);
  aus_export_put(w, "\t");
  put_label(w, x);
  aus_export_put(w, "\n\\\t");
  aus_export_real(w, x->f0, 9);
  aus_export_put(w, "\t");
  aus_export_real(w, x->f1, 9);
  aus_export_put(w, "\n");
}

static void raven_row(writer *w, const row *x, int64_t number)
{
  char text[48];
  snprintf(text, sizeof text, "%lld\tSpectrogram 1\t1\t", (long long)number);
  aus_export_put(w, text);
  const double v[5] = { x->t0, x->t1, x->f0, x->f1, x->value };
  for (int i = 0; i < 5; i++) {
    aus_export_real(w, v[i], 9);
    aus_export_put(w, "\t");
  }
  put_plain(w, x->target);
  aus_export_put(w, "\t");
  put_plain(w, x->part);
  aus_export_put(w, "\n");
}

static void sv_row(writer *w, const row *x)
{
  aus_export_real(w, x->t0, 9);
  aus_export_put(w, ",");
  aus_export_real(w, x->value, 9);
  aus_export_put(w, ",");
  aus_export_real(w, x->t1 - x->t0, 9);
  aus_export_put(w, ",\"");
  put_label(w, x);
  aus_export_put(w, "\"\n");
}

static void table_row(writer *w, const row *x, bool tabs)
{
  const double v[] = { x->t0, x->t1, x->f0, x->f1, x->w->weight, x->w->lo, x->w->hi, x->w->shapley, x->w->shapley_se, x->w->alone, x->w->without };
  if (tabs) put_plain(w, x->target); else put_quoted(w, x->target);
  aus_export_put(w, tabs ? "\t" : ",");
  if (tabs) put_plain(w, x->part); else put_quoted(w, x->part);
  for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
    aus_export_put(w, tabs ? "\t" : ",");
    aus_export_real(w, v[i], 9);
  }
  aus_export_put(w, tabs ? "\n" : "\r\n");
}

static void rows(writer *w, aus_export kind)
{
  int64_t number = 0;
  if (kind == AUS_EXPORT_RAVEN) aus_export_put(w, "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tValue\tTarget\tPart\n");
  if (kind == AUS_EXPORT_CSV) aus_export_put(w, "target,part,t0,t1,f0,f1,weight,low,high,shapley,shapley_se,alone,without\r\n");
  if (kind == AUS_EXPORT_TSV) aus_export_put(w, "target\tpart\tt0\tt1\tf0\tf1\tweight\tlow\thigh\tshapley\tshapley_se\talone\twithout\n");
  for (int32_t t = 0; t < w->e->n_targets; t++)
    for (int32_t i = 0; i < w->e->n_components; i++) {
      const row x = aus_export_row_of(w, t, i);
      if (kind == AUS_EXPORT_AUDACITY) audacity_row(w, &x);
      else if (kind == AUS_EXPORT_RAVEN) raven_row(w, &x, ++number);
      else if (kind == AUS_EXPORT_SV) sv_row(w, &x);
      else table_row(w, &x, kind == AUS_EXPORT_TSV);
    }
}

/* ---- Praat ------------------------------------------------------------------------------------------ */

static void interval(writer *w, int number, double from, double to, const row *x)
{
  char text[120], value[AUS_NUMBER] = "";
  snprintf(text, sizeof text, "        intervals [%d]:\n            xmin = ", number);
  aus_export_put(w, text);
  aus_export_real(w, from, 12);
  aus_export_put(w, "\n            xmax = ");
  aus_export_real(w, to, 12);
  if (x && isfinite(x->value)) aus_number_text(value, x->value, 6);
  aus_export_put(w, "\n            text = ");
  put_quoted(w, value);
  aus_export_put(w, "\n");
}

/* Bytes of a name for a tier: at most 180, of whole characters. */
static int cut(const char *text)
{
  size_t n = 0, c;
  while (text[n] && (c = aus_utf8_length(text + n), n + (c ? c : 1)) <= 180) n += c ? c : 1;
  return (int)n;
}

/* Tiers have no gaps: silence before and after the component's stretch. */
static void tier(writer *w, int number, const row *x)
{
  char text[120], name[400];
  const double end = w->start + w->seconds, t0 = fmax(w->start, fmin(x->t0, end)), t1 = fmax(t0, fmin(x->t1, end));
  const int n = (t0 > w->start) + (t1 > t0) + (t1 < end);
  int k = 0;
  snprintf(text, sizeof text, "    item [%d]:\n        class = \"IntervalTier\"\n        name = ", number);
  aus_export_put(w, text);
  snprintf(name, sizeof name, "%.*s: %.*s", cut(x->target), x->target, cut(x->part), x->part);
  put_quoted(w, name);
  aus_export_put(w, "\n        xmin = ");
  aus_export_real(w, w->start, 12);
  aus_export_put(w, "\n        xmax = ");
  aus_export_real(w, end, 12);
  snprintf(text, sizeof text, "\n        intervals: size = %d\n", n);
  aus_export_put(w, text);
  if (t0 > w->start) interval(w, ++k, w->start, t0, NULL);
  if (t1 > t0) interval(w, ++k, t0, t1, x);
  if (t1 < end) interval(w, ++k, t1, end, NULL);
}

static void textgrid(writer *w)
{
  char text[96];
  aus_export_put(w, "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = ");
  aus_export_real(w, w->start, 12);
  aus_export_put(w, "\nxmax = ");
  aus_export_real(w, w->start + w->seconds, 12);
  snprintf(text, sizeof text, "\ntiers? <exists>\nsize = %d\nitem []:\n", w->e->n_targets * w->e->n_components);
  aus_export_put(w, text);
  for (int32_t t = 0, number = 0; t < w->e->n_targets; t++)
    for (int32_t i = 0; i < w->e->n_components; i++) {
      const row x = aus_export_row_of(w, t, i);
      tier(w, ++number, &x);
    }
}

/* ---- JAMS --------------------------------------------------------------------------------------------- */

static void jams_annotation(aus_json *j, const writer *w, int32_t target)
{
  static const char *const empty[] = { "version", "corpus", "annotation_rules", "validation" };
  aus_json_object(j, NULL);
  aus_json_string(j, "namespace", "segment_open");
  aus_json_array(j, "data");
  for (int32_t i = 0; i < w->e->n_components; i++) {
    const row x = aus_export_row_of(w, target, i);
    aus_json_flat_object(j, NULL);
    aus_json_real(j, "time", x.t0);
    aus_json_real(j, "duration", x.t1 - x.t0);
    aus_json_string(j, "value", x.part);
    aus_json_real(j, "confidence", x.value);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_json_object(j, "annotation_metadata");
  aus_json_flat_object(j, "curator");
  aus_json_string(j, "name", "");
  aus_json_string(j, "email", "");
  aus_json_close(j);
  aus_json_flat_object(j, "annotator");
  aus_json_close(j);
  for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) aus_json_string(j, empty[i], "");
  aus_json_string(j, "annotation_tools", "auscult");
  aus_json_string(j, "data_source", "program");
  aus_json_close(j);
  aus_json_real(j, "time", w->start);
  aus_json_real(j, "duration", w->seconds);
  aus_json_object(j, "sandbox");
  aus_json_string(j, "target", w->e->target[target].name);
  aus_json_real(j, "score", w->e->target[target].score);
  aus_json_real(j, "r2", w->e->target[target].r2);
  aus_json_close(j);
  aus_json_close(j);
}

static void jams(writer *w)
{
  aus_json j;
  aus_json_init(&j, w->ctx);
  aus_json_object(&j, NULL);
  aus_json_object(&j, "file_metadata");
  aus_json_string(&j, "title", w->r->title);
  aus_json_string(&j, "artist", "");
  aus_json_string(&j, "release", "");
  aus_json_real(&j, "duration", w->start + w->seconds); /* as far as it was read */
  aus_json_flat_object(&j, "identifiers");
  aus_json_close(&j);
  aus_json_string(&j, "jams_version", "0.3.4");
  aus_json_close(&j);
  aus_json_array(&j, "annotations");
  for (int32_t t = 0; t < w->e->n_targets; t++) jams_annotation(&j, w, t);
  aus_json_close(&j);
  aus_json_flat_object(&j, "sandbox");
  aus_json_close(&j);
  const aus_status status = aus_json_finish(&j);
  if (status == AUS_OK) aus_export_put(w, j.text);
  else w->status = status;
  aus_json_free(&j);
}

aus_status aus_export_write(aus_ctx *ctx, const aus_report *r, aus_export kind, const char *path, int replace)
{
  writer w = { .ctx = ctx, .r = r, .e = r->explanation, .start = r->offset, .seconds = (double)r->components->samples / r->components->rate,
               .top = 0.5 * r->components->rate, .status = AUS_OK };
  if (kind == AUS_EXPORT_NPZ) return aus_export_npz(&w, path, replace);
  AUS_TRY(aus_outfile_open(ctx, path, replace, &w.f));
  if (kind == AUS_EXPORT_TEXTGRID) textgrid(&w);
  else if (kind == AUS_EXPORT_JAMS) jams(&w);
  else if (kind == AUS_EXPORT_SVL) aus_export_svl(&w);
  else rows(&w, kind);
  if (w.status != AUS_OK) { aus_outfile_abort(w.f); return w.status; }
  return aus_outfile_commit(w.f);
}

/* ---- charts -------------------------------------------------------------------------------------------- */

aus_status aus_chart_file(aus_ctx *ctx, const aus_report *r, int32_t target, int32_t chart, bool png, void **bytes, size_t *size)
{
  aus_chart c;
  if (chart == 0) aus_chart_weights(&c, ctx, r->explanation, target);
  else if (chart == 1) aus_chart_waterfall(&c, ctx, r->explanation, target);
  else if (chart == 2) aus_chart_pairs(&c, ctx, r->explanation, target);
  else aus_chart_seen(&c, ctx, r, target);
  return aus_chart_finish(&c, png, bytes, size);
}
