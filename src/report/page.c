/* page.c - one self-contained page that shows an explanation: opens from file://, asks no network.
 *
 * Without script there are still the tables, the picture and a player per component.
 * Sections are files of their own (page.h); every number in them is one of the JSON's. */
#include "report/page.h"
#include "report/page_frame.h"

static const char page_js[] =
#include "page_js.inc"
  ;

static aus_status write_page(aus_html *h, const aus_report *r)
{
  const aus_page_frame frame = { .title = r->title, .subtitle = r->subtitle, .js = page_js, .sound_files = r->track_file != NULL };
  aus_page_begin(h, &frame);
  AUS_TRY(aus_page_said(h, r));
  AUS_TRY(aus_page_desk(h, r));
  AUS_TRY(aus_page_see(h, r));
  AUS_TRY(aus_page_numbers(h, r));
  AUS_TRY(aus_page_made(h, r));
  aus_page_scripts(h, &frame, r->json);
  aus_page_players(h, r); /* the sound: it takes a browser as long to read as the rest, and nobody needs it before listening */
  aus_page_close(h);
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
