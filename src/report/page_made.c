/* page_made.c - provenance: what a reader needs to repeat or doubt the result. */
#include "report/page.h"

#include <string.h>

aus_status aus_page_made(aus_html *h, const aus_report *r)
{
  aus_html_raw(h, "<section id=\"made\">\n");
  if (r->n_notes > 0) aus_html_raw(h, "<h2>Notes</h2>\n<ul>\n");
  for (int32_t i = 0; i < r->n_notes; i++) {
    aus_html_raw(h, "<li>");
    aus_html_text(h, r->note[i]);
    aus_html_raw(h, "</li>\n");
  }
  if (r->n_notes > 0) aus_html_raw(h, "</ul>\n");
  aus_html_raw(h, "<h2>How this was made</h2>\n<div class=\"wide\"><table class=\"facts\"><tbody>\n");
  for (int32_t i = 0; i < r->n_facts; i++) {
    aus_html_raw(h, "<tr><th scope=\"row\">");
    aus_html_text(h, r->fact[i].label);
    const bool command = strcmp(r->fact[i].label, "command") == 0;
    aus_html_raw(h, command ? "</th><td><code id=\"command\">" : "</th><td>");
    aus_html_text(h, r->fact[i].text);
    if (command) aus_html_raw(h, "</code> <button class=\"js small\" id=\"copy\" aria-describedby=\"command\">copy</button>");
    aus_html_raw(h, "</td></tr>\n");
  }
  aus_html_raw(h, "</tbody></table></div>\n</section>\n");
  return AUS_OK;
}
