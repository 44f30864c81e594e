/* listening.c - the page of a listening test.
 *
 * Which method made a sound is nowhere in the page: each sound has a code, four bytes of Philox keyed by (seed, trial), and the key is a file of its own, for whoever
 * evaluates. Sounds of a trial stand in an order drawn by the seed (and drawn again by the page for each listener, as is the order of trials).
 * By default all are brought to their input's loudness: else the fainter method is recognised, and judged, by its level. */
#include "report/listening.h"

#include <auscult/audio.h>
#include <math.h>
#include <string.h>

#include "audio/decode.h"
#include "report/html.h"

static const char script[] =
#include "listening_js.inc"
  ;
static const char style[] =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1c1e;background:#fcfcfa}"
  "section{border-top:1px solid #ccc;padding:1rem 0}audio{width:100%;height:2.2rem}ol{list-style:none;padding:0}li{margin:1rem 0;padding:.6rem;background:#f2f1ec}"
  "label{display:flex;gap:.8rem;align-items:center}input[type=range]{flex:1}output{width:3rem;text-align:right}.faint{color:#5d5f66}button{font:inherit;padding:.4rem 1rem}";

typedef struct writer {
  aus_ctx *ctx;
  const aus_listening_test *t;
  aus_html h;
  aus_outfile *key;
  int32_t input, class, methods, method[AUS_LISTENING_METHODS];
} writer;

/* ---- sounds ---------------------------------------------------------------------------------------------- */

static double rms(const aus_audio *a)
{
  double sum = 0;
  for (int64_t i = 0; i < a->frames; i++) sum += (double)a->data[i] * a->data[i];
  return sqrt(sum / (double)(a->frames ? a->frames : 1));
}

static double peak(const aus_audio *a)
{
  double top = 0;
  for (int64_t i = 0; i < a->frames; i++) top = fmax(top, fabs((double)a->data[i]));
  return top;
}

static aus_status hear(const writer *w, const char *path, aus_audio *out)
{
  char *full = aus_strf(w->ctx, "%s%s", path[0] == '/' ? "" : w->t->folder, path);
  if (!full) return AUS_ENOMEM;
  const aus_status status = aus_audio_read_mono(w->ctx, full, NULL, 0, out);
  aus_free(w->ctx, full);
  return status;
}

static aus_status encode(aus_ctx *ctx, const aus_audio *a, double gain, void **bytes, size_t *size, const char **type)
{
  int32_t *x = aus_alloc(ctx, (size_t)a->frames + 1, sizeof *x);
  float *y = aus_alloc(ctx, (size_t)a->frames + 1, sizeof *y);
  aus_status status = x && y ? AUS_OK : AUS_ENOMEM;
  for (int64_t i = 0; status == AUS_OK && i < a->frames; i++) {
    y[i] = (float)(gain * a->data[i]);
    const double v = rint(32768 * (double)y[i]);
    x[i] = v > 32767 ? 32767 : v < -32768 ? -32768 : (int32_t)v;
  }
  *type = "audio/flac";
  if (status == AUS_OK) status = aus_flac_encode(ctx, a->rate, 16, a->frames, x, bytes, size);
  if (status == AUS_ENOTSUP) {
    *type = "audio/wav";
    status = aus_wav_encode(ctx, &(aus_audio){ .data = y, .frames = a->frames, .channels = 1, .rate = a->rate }, AUS_WAV_PCM16, bytes, size);
  }
  aus_free(ctx, x);
  aus_free(ctx, y);
  return status;
}

static aus_status put_audio(writer *w, const aus_audio *a, double gain)
{
  void *bytes = NULL;
  size_t size;
  const char *type;
  AUS_TRY(encode(w->ctx, a, gain, &bytes, &size, &type));
  aus_html_raw(&w->h, "<audio controls preload=\"none\" src=\"");
  aus_html_data_url(&w->h, type, bytes, size);
  aus_html_raw(&w->h, "\"></audio>");
  aus_free(w->ctx, bytes);
  return w->h.status;
}

/* As loud as the input, but below full scale; silence stays silence. */
static double gain_for(const writer *w, const aus_audio *input, const aus_audio *a)
{
  const double loud = rms(a), top = peak(a), fits = top > 0 ? 1 / top : 1;
  if (w->t->as_is || !(loud > 0)) return fmin(1, fits);
  return fmin(rms(input) / loud, fits);
}

/* ---- trials -------------------------------------------------------------------------------------------------- */

static const char *cell(const writer *w, int32_t row, int32_t column) { return w->t->trials->cell[row * w->t->trials->columns + column]; }

/* The methods of a trial in the order they stand in, each with its code. */
static void draw(const writer *w, int32_t row, int32_t *order, uint32_t *code)
{
  aus_rng rng;
  aus_rng_init(&rng, w->t->seed, (uint64_t)row);
  for (int32_t i = 0; i < w->methods; i++) {
    order[i] = i;
    code[i] = aus_rng_u32(&rng);
    for (int32_t k = 0; k < i; k++)
      if (code[k] == code[i]) { code[i]++; k = -1; } /* no code twice */
  }
  for (int32_t i = w->methods - 1; i > 0; i--) {
    const int32_t k = (int32_t)aus_rng_below(&rng, (uint64_t)i + 1), kept = order[i];
    order[i] = order[k];
    order[k] = kept;
  }
}

static aus_status put_method(writer *w, int32_t row, int32_t m, uint32_t code, const aus_audio *input)
{
  aus_audio a;
  AUS_TRY(hear(w, cell(w, row, w->method[m]), &a));
  aus_html_format(&w->h, "<li data-code=\"%08x\">", (unsigned)code);
  const aus_status status = put_audio(w, &a, gain_for(w, input, &a));
  aus_audio_free(w->ctx, &a);
  AUS_TRY(status);
  aus_html_raw(&w->h, "<label>not at all <input type=\"range\" min=\"0\" max=\"100\" value=\"50\" aria-label=\"rating, 0 to 100\"> perfectly <output>-</output></label></li>\n");
  return aus_outfile_printf(w->key, "%d\t%s\t%08x\t%s\n", (int)row + 1, cell(w, row, w->class), (unsigned)code, w->t->trials->name[w->method[m]]);
}

static aus_status put_trial(writer *w, int32_t row)
{
  int32_t order[AUS_LISTENING_METHODS];
  uint32_t code[AUS_LISTENING_METHODS];
  aus_audio input;
  AUS_TRY(hear(w, cell(w, row, w->input), &input));
  aus_html_format(&w->h, "<section class=\"trial\" data-trial=\"%d\" data-class=\"", (int)row + 1);
  aus_html_text(&w->h, cell(w, row, w->class));
  aus_html_format(&w->h, "\">\n<h2>Sound %d</h2>\n<p>The input. A classifier heard in it: <strong>", (int)row + 1);
  aus_html_text(&w->h, cell(w, row, w->class));
  aus_html_raw(&w->h, "</strong>.</p>\n");
  aus_status status = put_audio(w, &input, fmin(1, 1 / fmax(peak(&input), 1e-9)));
  aus_html_raw(&w->h, "\n<p>How well does each interpretation correspond to the part of the input that is associated with this class?</p>\n<ol>\n");
  draw(w, row, order, code);
  for (int32_t i = 0; status == AUS_OK && i < w->methods; i++) status = put_method(w, row, order[i], code[order[i]], &input);
  aus_audio_free(w->ctx, &input);
  aus_html_raw(&w->h, "</ol>\n</section>\n");
  return status == AUS_OK ? w->h.status : status;
}

/* ---- the page -------------------------------------------------------------------------------------------------- */

static void put_head(writer *w)
{
  aus_html *h = &w->h;
  aus_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; media-src data:; base-uri 'none'; "
                  "form-action 'none'; style-src ");
  aus_html_hash(h, style);
  aus_html_raw(h, "; script-src ");
  aus_html_hash(h, script);
  aus_html_raw(h, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
  aus_html_text(h, w->t->title);
  aus_html_raw(h, "</title>\n<style>");
  aus_html_raw(h, style);
  aus_html_raw(h, "</style>\n</head>\n<body>\n<header><h1>");
  aus_html_text(h, w->t->title);
  aus_html_raw(h, "</h1>\n<p>A program says which class of sound it hears and lets you listen to what it based that on. For each sound below, please listen to the input, then to the interpretations, "
                  "and rate each from 0 (not at all) to 100 (perfectly). Use headphones, and do not change the volume between sounds. At the end, save your answers and send that file back.</p>\n"
                  "<noscript><p><strong>This page needs JavaScript, to shuffle the sounds and to save what you answer. Nothing leaves your computer.</strong></p></noscript></header>\n<main>\n");
}

static aus_status write_page(writer *w)
{
  put_head(w);
  AUS_TRY(aus_outfile_printf(w->key, "trial\tclass\tcode\tmethod\n"));
  for (int32_t row = 0; row < w->t->trials->rows; row++) {
    AUS_TRY(put_trial(w, row));
    AUS_TRY(aus_progress(w->ctx, "preparing sounds", row + 1, w->t->trials->rows));
  }
  aus_html_raw(&w->h, "<section id=\"done\"><p><label>A code for yourself (initials, a number) <input id=\"who\" maxlength=\"40\"></label></p>\n<p><button id=\"save\" disabled>Save my answers</button> "
                      "<span id=\"left\" class=\"faint\"></span></p></section>\n</main>\n<script>");
  aus_html_raw(&w->h, script);
  aus_html_raw(&w->h, "</script>\n</body>\n</html>\n");
  return w->h.status;
}

static aus_status find_columns(writer *w)
{
  const aus_table *t = w->t->trials;
  w->input = aus_table_column(t, "input");
  w->class = aus_table_column(t, "class");
  if (w->input < 0 || w->class < 0) return aus_fail(w->ctx, AUS_EFORMAT, "%s needs the columns 'input' and 'class', and one of sounds for each method", t->path);
  for (int32_t c = 0; c < t->columns; c++) {
    if (c == w->input || c == w->class) continue;
    if (w->methods == AUS_LISTENING_METHODS) return aus_fail(w->ctx, AUS_EFORMAT, "%s: more than %d methods", t->path, AUS_LISTENING_METHODS);
    w->method[w->methods++] = c;
  }
  if (w->methods == 0 || t->rows == 0) return aus_fail(w->ctx, AUS_EFORMAT, "%s: nothing to listen to (a column of sounds for each method, a row for each trial)", t->path);
  return AUS_OK;
}

aus_status aus_listening_write(aus_ctx *ctx, const aus_listening_test *test, const char *page, const char *key, int replace)
{
  writer w = { .ctx = ctx, .t = test, .h = { .ctx = ctx, .status = AUS_OK } };
  AUS_TRY(find_columns(&w));
  AUS_TRY(aus_outfile_open(ctx, page, replace, &w.h.f));
  aus_status status = aus_outfile_open(ctx, key, replace, &w.key);
  if (status != AUS_OK) { aus_outfile_abort(w.h.f); return status; }
  status = write_page(&w);
  if (status == AUS_OK) status = aus_outfile_commit(w.key);
  else aus_outfile_abort(w.key);
  if (status == AUS_OK) return aus_outfile_commit(w.h.f);
  aus_outfile_abort(w.h.f);
  return status;
}
