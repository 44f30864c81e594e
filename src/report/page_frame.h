/* page_frame.h - what every page has around its sections: a policy that lets nothing act but what the program wrote, a title, styles, scripts. */
#ifndef AUS_PAGE_FRAME_H
#define AUS_PAGE_FRAME_H

#include "report/html.h"
#include "report/report.h"

typedef struct aus_page_frame {
  const char *title, *subtitle;
  const char *css, *js;        /* css: besides aus_page_css, or NULL */
  bool sound_files;            /* plays files beside it */
  const char *back, *back_name;/* a link above the title, or NULL */
} aus_page_frame;

extern const char aus_page_css[];

/* Everything up to the first section; from </main> to the end, with the JSON that scripts read (written for_html). */
void aus_page_begin(aus_html *h, const aus_page_frame *f);
void aus_page_end(aus_html *h, const aus_page_frame *f, const char *json);
/* The same in two steps, for what comes after the scripts. */
void aus_page_scripts(aus_html *h, const aus_page_frame *f, const char *json);
void aus_page_close(aus_html *h);
/* How far to trust what stands above it: a sign and words. */
void aus_page_trust_line(aus_html *h, aus_trust trust, const char *words);

#endif
