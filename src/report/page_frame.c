/* page_frame.c - the head and the end of a page.
 *
 * A content security policy allows nothing but data: pictures and sound and the styles and the one
 * script whose hashes it names, so that no text from outside can act even if it escaped escaping. */
#include "report/page_frame.h"

const char aus_page_css[] =
#include "page_css.inc"
  ;

static void policy(aus_html *h, const aus_page_frame *f)
{
  aus_html_raw(h, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; media-src ");
  aus_html_raw(h, f->sound_files ? "'self' file:" : "data:");
  aus_html_raw(h, "; base-uri 'none'; form-action 'none'; style-src ");
  aus_html_hash(h, aus_page_css);
  if (f->css) {
    aus_html_raw(h, " ");
    aus_html_hash(h, f->css);
  }
  aus_html_raw(h, "; script-src ");
  aus_html_hash(h, f->js);
  aus_html_raw(h, "\">\n");
}

void aus_page_begin(aus_html *h, const aus_page_frame *f)
{
  aus_html_raw(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
  policy(h, f);
  aus_html_raw(h, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
  aus_html_text(h, f->title);
  aus_html_raw(h, " - auscult</title>\n<style>");
  aus_html_raw(h, aus_page_css);
  aus_html_raw(h, "</style>\n");
  if (f->css) {
    aus_html_raw(h, "<style>");
    aus_html_raw(h, f->css);
    aus_html_raw(h, "</style>\n");
  }
  aus_html_raw(h, "</head>\n<body>\n<header>\n");
  if (f->back) {
    aus_html_raw(h, "<p><a href=\"");
    aus_html_text(h, f->back);
    aus_html_raw(h, "\">\xe2\x86\x90 ");
    aus_html_text(h, f->back_name);
    aus_html_raw(h, "</a></p>\n");
  }
  aus_html_raw(h, "<p class=\"faint\">");
  aus_html_text(h, f->subtitle);
  aus_html_raw(h, "</p>\n<h1>");
  aus_html_text(h, f->title);
  aus_html_raw(h, "</h1>\n</header>\n<main>\n");
}

void aus_page_scripts(aus_html *h, const aus_page_frame *f, const char *json)
{
  aus_html_raw(h, "</main>\n<script type=\"application/json\" id=\"result\">");
  aus_html_raw(h, json);
  aus_html_raw(h, "</script>\n<script>");
  aus_html_raw(h, f->js);
  aus_html_raw(h, "</script>\n");
}

void aus_page_close(aus_html *h) { aus_html_raw(h, "</body>\n</html>\n"); }

void aus_page_end(aus_html *h, const aus_page_frame *f, const char *json)
{
  aus_page_scripts(h, f, json);
  aus_page_close(h);
}

void aus_page_trust_line(aus_html *h, aus_trust trust, const char *words)
{
  static const char *const kind[] = { "good", "fair", "poor", "none" };
  static const char *const sign[] = { "\xe2\x97\x8f", "\xe2\x97\x90", "\xe2\x97\x8b", "\xe2\x80\x93" };
  aus_html_format(h, "<p class=\"trust %s\"><span aria-hidden=\"true\">%s</span> ", kind[trust], sign[trust]);
  aus_html_text(h, words);
  aus_html_raw(h, "</p>\n");
}
