/* page_see.c - the model's own spectrogram. */
#include "report/page.h"
#include "report/picture.h"

aus_status aus_page_see(aus_html *h, const aus_report *r)
{
  const aus_spectrogram *s = r->spectrogram;
  if (!s) {
    aus_html_raw(h, "<h2>What the model sees</h2>\n<p>This model does not show the picture it works on.</p>\n");
    return AUS_OK;
  }
  aus_picture p;
  AUS_TRY(aus_picture_make(h->ctx, s, &p));
  aus_html_raw(h, "<h2>What the model sees</h2>\n<figure><div class=\"stage\" id=\"stage\"><img alt=\"the model's own spectrogram\" src=\"");
  aus_html_data_url(h, "image/png", p.png, p.size);
  aus_html_raw(h, "\"><div class=\"head\" id=\"head\"></div></div><div class=\"axis\"><span>0 s</span><span>");
  aus_html_number(h, (double)s->frames * s->hop_seconds, 4);
  aus_html_raw(h, " s</span></div><figcaption>");
  aus_html_text(h, r->front_end);
  aus_html_format(h, ". %d bands from ", s->bands);
  aus_html_number(h, s->hz[0], 4);
  aus_html_raw(h, " Hz (bottom) to ");
  aus_html_number(h, s->hz[s->bands - 1], 5);
  aus_html_raw(h, " Hz (top), ");
  aus_html_text(h, s->unit);
  aus_html_raw(h, ", dark ");
  aus_html_number(h, p.low, 3);
  aus_html_raw(h, " to light ");
  aus_html_number(h, p.high, 3);
  if (p.frames_per_column > 1) aus_html_format(h, "; each column shows the largest of %lld frames", (long long)p.frames_per_column);
  aus_html_raw(h, ".</figcaption></figure>\n");
  aus_free(h->ctx, p.png);
  return AUS_OK;
}
