/* page.c - one self-contained page that shows an explanation: opens from file://, asks no network.
 *
 * A content security policy allows nothing but data: pictures and sound and the one style and one
 * script whose hashes it names, so that no text from outside can act even if it escaped escaping. Without
 * script there are still the tables, the picture and a player per component.
 * Sections are files of their own (page.h); every number in them is one of the JSON's. */
#include "report/page.h"

static const char page_css[] =
#include "page_css.inc"
  ;
static const char page_js[] =
#include "page_js.inc"
  ;

static void head(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; media-src ");
  aus_html_raw(h, r->track_file ? "'self' file:" : "data:");
  aus_html_raw(h, "; base-uri 'none'; form-action 'none'; style-src ");
  aus_html_hash(h, page_css);
  aus_html_raw(h, "; script-src ");
  aus_html_hash(h, page_js);
  aus_html_raw(h, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
  aus_html_text(h, r->title);
  aus_html_raw(h, " - auscult</title>\n<style>");
  aus_html_raw(h, page_css);
  aus_html_raw(h, "</style>\n</head>\n<body>\n<header>\n<p class=\"faint\">");
  aus_html_text(h, r->subtitle);
  aus_html_raw(h, "</p>\n<h1>");
  aus_html_text(h, r->title);
  aus_html_raw(h, "</h1>\n</header>\n<main>\n");
}

/* What scripts read and the scripts themselves, last, so that the page is whole when they run. */
static void scripts(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<script type=\"application/json\" id=\"result\">");
  aus_html_raw(h, r->json);
  aus_html_raw(h, "</script>\n<script>");
  aus_html_raw(h, page_js);
  aus_html_raw(h, "</script>\n</body>\n</html>\n");
}

static aus_status write_page(aus_html *h, const aus_report *r)
{
  head(h, r);
  AUS_TRY(aus_page_said(h, r));
  AUS_TRY(aus_page_desk(h, r));
  AUS_TRY(aus_page_see(h, r));
  AUS_TRY(aus_page_numbers(h, r));
  AUS_TRY(aus_page_made(h, r));
  aus_html_raw(h, "</main>\n");
  scripts(h, r);
  return h->status;
}

aus_status aus_report_write(aus_ctx *ctx, const aus_report *report, const char *path, int replace)
{
  aus_html h = { .ctx = ctx, .status = AUS_OK };
  AUS_TRY(aus_outfile_open(ctx, path, replace, &h.f));
  const aus_status status = write_page(&h, report);
  if (status != AUS_OK) { aus_outfile_abort(h.f); return status; }
  return aus_outfile_commit(h.f);
}
