/* export_svl.c - layers for Sonic Visualiser: per target one of regions (their height is the value) and, where parts have a band,
 * one of boxes over time and frequency, to lie on a spectrogram.
 *
 * The file is XML: models of sparse points in <data>, layers that show them in <display>. Positions are whole samples at
 * the rate of the file that was explained, since that is what Sonic Visualiser counts in. */
#include "report/export_rows.h"

#include <math.h>
#include <stdio.h>

typedef aus_export_writer writer;
typedef aus_export_row row;

/* Text in an attribute: XML 1.0 knows no control characters, not even escaped ones. */
static void put_text(writer *w, const char *text)
{
  for (; *text && w->status == AUS_OK; text++) {
    const unsigned char c = (unsigned char)*text;
    const char as_is[2] = { c < 0x20 || c == 0x7f ? ' ' : *text, '\0' };
    aus_export_put(w, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : as_is);
  }
}

static int32_t rate_of(const writer *w) { return w->r->file_rate > 0 ? w->r->file_rate : w->r->components->rate; }
static long long frame_of(const writer *w, double s) { return llrint(s * rate_of(w)); }

static void put_number(writer *w, const char *before, double v, const char *after)
{
  aus_export_put(w, before);
  aus_export_real(w, isfinite(v) ? v : 0, 9);
  aus_export_put(w, after);
}

static void put_integer(writer *w, const char *before, long long v, const char *after)
{
  char text[32];
  snprintf(text, sizeof text, "%lld", v);
  aus_export_put(w, before);
  aus_export_put(w, text);
  aus_export_put(w, after);
}

static void point(writer *w, const row *x, bool box)
{
  char value[AUS_NUMBER + 2];
  const long long from = frame_of(w, x->t0), to = frame_of(w, x->t1);
  put_integer(w, "      <point frame=\"", from, "\"");
  put_number(w, " value=\"", box ? x->f0 : x->value, "\"");
  put_integer(w, " duration=\"", to - from, "\"");
  if (box) put_number(w, " extent=\"", x->f1 - x->f0, "\"");
  aus_export_value(x, value);
  aus_export_put(w, " label=\"");
  put_text(w, x->part);
  aus_export_put(w, " ");
  aus_export_put(w, value);
  aus_export_put(w, "\"/>\n");
}

/* The model with the number id and its points. */
static void model(writer *w, int32_t target, int id, bool box)
{
  double low = INFINITY, high = -INFINITY;
  for (int32_t i = 0; i < w->e->n_components; i++) {
    const row x = aus_export_row_of(w, target, i);
    if (box && !x.band) continue;
    low = fmin(low, box ? x.f0 : x.value); /* fmin and fmax pass over what is no number */
    high = fmax(high, box ? x.f1 : x.value);
  }
  put_integer(w, "    <model id=\"", id, "\" name=\"\"");
  put_integer(w, " sampleRate=\"", rate_of(w), "\"");
  put_integer(w, " start=\"", frame_of(w, w->start), "\"");
  put_integer(w, " end=\"", frame_of(w, w->start + w->seconds), "\" type=\"sparse\"");
  put_integer(w, box ? " dimensions=\"2\" resolution=\"1\" notifyOnAdd=\"true\" dataset=\"" : " dimensions=\"3\" resolution=\"1\" notifyOnAdd=\"true\" dataset=\"", id + 1, "\"");
  put_number(w, box ? " subtype=\"box\" minimum=\"" : " subtype=\"region\" valueQuantization=\"0\" minimum=\"", low, "\"");
  put_number(w, " maximum=\"", high, box ? "\" units=\"Hz\"/>\n" : "\" units=\"\"/>\n");
  put_integer(w, "    <dataset id=\"", id + 1, box ? "\" dimensions=\"2\">\n" : "\" dimensions=\"3\">\n");
  for (int32_t i = 0; i < w->e->n_components; i++) {
    const row x = aus_export_row_of(w, target, i);
    if (!box || x.band) point(w, &x, box);
  }
  aus_export_put(w, "    </dataset>\n");
}

static void layer(writer *w, int32_t target, int id, bool box)
{
  put_integer(w, "    <layer id=\"", id + 2, box ? "\" type=\"boxes\" name=\"" : "\" type=\"regions\" name=\"");
  put_text(w, w->e->target[target].name);
  put_integer(w, "\" model=\"", id, "\"");
  aus_export_put(w, box ? " verticalScale=\"0\" colourName=\"Orange\" colour=\"#ff9600\" darkBackground=\"false\"/>\n"
                        : " verticalScale=\"0\" plotStyle=\"0\" colourName=\"Blue\" colour=\"#1f5fa8\" darkBackground=\"false\"/>\n");
}

void aus_export_svl(writer *w)
{
  bool boxes = false;
  for (int32_t i = 0; i < w->e->n_components; i++) boxes = boxes || aus_export_row_of(w, 0, i).band;
  aus_export_put(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE sonic-visualiser>\n<sv>\n  <data>\n");
  for (int32_t t = 0; t < w->e->n_targets; t++)
    for (int box = 0; box <= (boxes ? 1 : 0); box++) model(w, t, 6 * t + 3 * box + 1, box);
  aus_export_put(w, "  </data>\n  <display>\n");
  for (int32_t t = 0; t < w->e->n_targets; t++)
    for (int box = 0; box <= (boxes ? 1 : 0); box++) layer(w, t, 6 * t + 3 * box + 1, box);
  aus_export_put(w, "  </display>\n</sv>\n");
}
