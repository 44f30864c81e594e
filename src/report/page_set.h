/* page_set.h - the sections of a set's page, top to bottom. */
#ifndef AUS_PAGE_SET_H
#define AUS_PAGE_SET_H

#include "report/html.h"
#include "report/set.h"

void aus_page_set_said(aus_html *h, const aus_set_analysis *a);    /* what the model relies on, and whether to trust it */
void aus_page_set_look(aus_html *h, const aus_set_analysis *a);    /* places for the script's charts */
void aus_page_set_numbers(aus_html *h, const aus_set_analysis *a); /* per component, with what the words mean */
void aus_page_set_picks(aus_html *h, const aus_set_analysis *a);   /* SP-LIME's */
void aus_page_set_songs(aus_html *h, const aus_set_analysis *a);   /* table and links */
aus_status aus_page_set_made(aus_html *h, const aus_set_page *p);  /* what failed, provenance */

#endif
