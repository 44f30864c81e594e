/* page.h - the sections of a page, top to bottom. Each is a file; all read the report and write HTML. */
#ifndef AUS_PAGE_H
#define AUS_PAGE_H

#include "report/html.h"
#include "report/report.h"

aus_status aus_page_said(aus_html *h, const aus_report *r);    /* what the model said, and what it rests on */
aus_status aus_page_desk(aus_html *h, const aus_report *r);    /* the mixing desk */
aus_status aus_page_see(aus_html *h, const aus_report *r);     /* what the model sees */
aus_status aus_page_numbers(aus_html *h, const aus_report *r); /* weights, and how far to trust them */
void aus_page_players(aus_html *h, const aus_report *r);       /* the sound: what the desk plays, and players where there is no script */
aus_status aus_page_made(aus_html *h, const aus_report *r);    /* provenance */

/* One sentence of trust with its sign, coloured and in words. */
void aus_page_trust(aus_html *h, const aus_explanation *e, const aus_target_explanation *t);

#endif
