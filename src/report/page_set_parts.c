/* page_set_parts.c - what stands below the charts of a set's page: picks, songs, numbers, provenance. */
#include "report/page.h"
#include "report/page_set.h"

#include <math.h>
#include <string.h>

static void link_or_text(aus_html *h, const char *page, const char *text)
{
  if (page) {
    aus_html_raw(h, "<a href=\"");
    aus_html_text(h, page);
    aus_html_raw(h, "\">");
  }
  aus_html_text(h, text);
  if (page) aus_html_raw(h, "</a>");
}

static void span_of(aus_html *h, const aus_set_piece *p)
{
  aus_html_number(h, p->t0, 5);
  aus_html_raw(h, "\xe2\x80\x93");
  aus_html_number(h, p->t1, 5);
  aus_html_raw(h, "&nbsp;s");
}

/* ---- picks --------------------------------------------------------------------------------------------- */

enum { PICK_PARTS = 3 };

/* The strongest parts of one explanation, in words. */
static void parts_of(aus_html *h, const aus_set *s, const aus_set_row *r)
{
  uint8_t told[4096] = {0};
  aus_html_raw(h, "<p>");
  for (int k = 0; k < PICK_PARTS; k++) {
    int32_t best = -1;
    for (int32_t c = 0; c < s->n_components; c++) {
      const double v = aus_set_weight(r, c);
      if (isfinite(v) && !told[c] && (best < 0 || fabs(v) > fabs(aus_set_weight(r, best)))) best = c;
    }
    if (best < 0) break;
    told[best] = 1;
    aus_html_raw(h, k ? ", <b class=\"" : "<b class=\"");
    aus_html_raw(h, aus_set_weight(r, best) < 0 ? "against\">" : "for\">");
    aus_html_text(h, s->component[best]);
    aus_html_raw(h, "</b>&nbsp;");
    aus_html_signed(h, aus_set_weight(r, best), 2);
  }
  aus_html_raw(h, "</p>\n");
}

static void pick(aus_html *h, const aus_set *s, const aus_set_target *t, int32_t k)
{
  const aus_set_row *r = &s->row[t->pick[k].row];
  const aus_set_piece *p = &s->piece[r->piece];
  aus_html_raw(h, "<li><p>");
  link_or_text(h, p->page, s->song[p->song].name);
  aus_html_raw(h, " <span class=\"faint\">");
  span_of(h, p);
  aus_html_raw(h, "</span></p>\n<p>says <b>");
  aus_html_fixed(h, r->score, 3);
  aus_html_raw(h, "</b></p>\n");
  parts_of(h, s, r);
  aus_html_format(h, "<p class=\"faint\">shown so far: %d&nbsp;%% of what matters; fit %d&nbsp;%%</p></li>\n", (int)lrint(100 * t->pick[k].covered), isfinite(r->r2) ? (int)lrint(100 * fmax(0, r->r2)) : 0);
}

void aus_page_set_picks(aus_html *h, const aus_set_analysis *a)
{
  if (a->n < 1 || a->target[0].n_picks < 1 || a->set->n_pieces < 2) return;
  aus_html_raw(h, "<section id=\"picks\">\n<h2>Listen to these first</h2>\n<p class=\"faint\">Picked by SP-LIME: few explanations whose strongest parts together cover what matters in all of them.</p>\n");
  for (int32_t i = 0; i < a->n; i++) {
    aus_html_format(h, "<ol class=\"picks\" data-of-target=\"%d\">\n", i);
    for (int32_t k = 0; k < a->target[i].n_picks; k++) pick(h, a->set, &a->target[i], k);
    aus_html_raw(h, "</ol>\n");
  }
  aus_html_raw(h, "</section>\n");
}

/* ---- songs ------------------------------------------------------------------------------------------------ */

static void songs_plain(aus_html *h, const aus_set_analysis *a)
{
  const aus_set *s = a->set;
  const aus_set_target *t = &a->target[0];
  aus_html_raw(h, "<div class=\"wide plain-table\"><table><thead><tr><th scope=\"col\">song</th><th scope=\"col\" class=\"n\">snippets</th><th scope=\"col\" class=\"n\">");
  aus_html_text(h, s->target[t->target]);
  aus_html_raw(h, ", mean</th><th scope=\"col\" class=\"n\">fit, median</th></tr></thead><tbody>\n");
  for (int32_t i = 0; i < t->n_songs; i++) {
    aus_html_raw(h, "<tr><th scope=\"row\">");
    link_or_text(h, s->song[t->song[i].song].page, s->song[t->song[i].song].name);
    aus_html_format(h, "</th><td class=\"n\">%d</td><td class=\"n\">", t->song[i].n);
    aus_html_fixed(h, t->song[i].score, 3);
    aus_html_raw(h, "</td><td class=\"n\">");
    aus_html_number(h, t->song[i].r2.q50, 3);
    aus_html_raw(h, "</td></tr>\n");
  }
  aus_html_raw(h, "</tbody></table></div>\n");
}

void aus_page_set_songs(aus_html *h, const aus_set_analysis *a)
{
  aus_html_raw(h, "<section id=\"songs\">\n<h2>Songs and snippets</h2>\n<div class=\"bar js\"><span class=\"group\" role=\"group\" aria-label=\"rows of the table\"><button data-rows=\"songs\" aria-pressed=\"true\">songs</button>"
                  "<button data-rows=\"pieces\" aria-pressed=\"false\">snippets</button></span><span class=\"group\"><button id=\"before\" aria-label=\"earlier rows\">\xe2\x86\x90</button><output id=\"page\"></output>"
                  "<button id=\"after\" aria-label=\"later rows\">\xe2\x86\x92</button></span></div>\n<div class=\"wide js\"><table id=\"table\"><thead></thead><tbody></tbody></table></div>\n");
  if (a->n > 0) songs_plain(h, a);
  aus_html_raw(h, "</section>\n");
}

/* ---- numbers ------------------------------------------------------------------------------------------------ */

static void number_cell(aus_html *h, double v, bool sign)
{
  aus_html_raw(h, "<td class=\"n\">");
  if (sign) aus_html_signed(h, v, 3);
  else aus_html_number(h, v, 3);
  aus_html_raw(h, "</td>");
}

static void component_row(aus_html *h, const char *name, const aus_set_component *c)
{
  aus_html_raw(h, "<tr><th scope=\"row\">");
  aus_html_text(h, name);
  aus_html_format(h, "</th><td class=\"n\">%lld</td>", (long long)c->weight.n);
  number_cell(h, c->weight.q05, true);
  number_cell(h, c->weight.q25, true);
  number_cell(h, c->weight.q50, true);
  number_cell(h, c->weight.q75, true);
  number_cell(h, c->weight.q95, true);
  aus_html_format(h, "<td class=\"n\">%d&nbsp;%%</td><td class=\"n\">%d&nbsp;%%</td>", (int)lrint(100 * (c->weight.n ? c->weight.positive : 0)), (int)lrint(100 * c->strongest));
  number_cell(h, c->mean_abs, false);
  number_cell(h, c->root_sum, false);
  number_cell(h, c->homogeneity, false);
  aus_html_raw(h, "</tr>\n");
}

void aus_page_set_numbers(aus_html *h, const aus_set_analysis *a)
{
  aus_html_raw(h, "<section id=\"numbers\">\n<h2>The numbers, all snippets</h2>\n");
  for (int32_t i = 0; i < a->n; i++) {
    const aus_set_target *t = &a->target[i];
    aus_html_format(h, "<div class=\"wide\" data-of-target=\"%d\"><table><caption>", i);
    aus_html_text(h, a->set->target[t->target]);
    aus_html_raw(h, "</caption><thead><tr><th scope=\"col\">part</th><th scope=\"col\" class=\"n\">snippets</th><th scope=\"col\" class=\"n\">5&nbsp;%</th><th scope=\"col\" class=\"n\">25&nbsp;%</th><th scope=\"col\" class=\"n\">median</th>"
                    "<th scope=\"col\" class=\"n\">75&nbsp;%</th><th scope=\"col\" class=\"n\">95&nbsp;%</th><th scope=\"col\" class=\"n\">for</th><th scope=\"col\" class=\"n\">strongest</th><th scope=\"col\" class=\"n\">mean |w|</th>"
                    "<th scope=\"col\" class=\"n\">\xe2\x88\x9a sum |w|</th><th scope=\"col\" class=\"n\">telling apart</th></tr></thead><tbody>\n");
    for (int32_t k = 0; k < a->set->n_components; k++) component_row(h, a->set->component[t->order[k]], &t->component[t->order[k]]);
    aus_html_raw(h, "</tbody></table></div>\n");
  }
  aus_html_raw(h, "<p class=\"faint\">for: in how many snippets the weight is positive. strongest: in how many it is the largest positive one. telling apart: \xe2\x88\x9a sum |w|, "
                  "less where the part matters to all answers alike.</p>\n</section>\n");
}

/* ---- provenance ---------------------------------------------------------------------------------------------- */

static void failures(aus_html *h, const aus_set *s)
{
  if (!s->n_failures) return;
  aus_html_format(h, "<section id=\"failures\">\n<h2>Left out</h2>\n<p class=\"warn\">%d song%s could not be explained, wholly or in part.</p>\n<ul>\n", s->n_failures, s->n_failures == 1 ? "" : "s");
  for (int32_t i = 0; i < s->n_failures; i++) {
    aus_html_raw(h, "<li>");
    aus_html_text(h, s->failure[i].path);
    aus_html_raw(h, " <span class=\"faint\">");
    aus_html_text(h, s->failure[i].why);
    aus_html_raw(h, "</span></li>\n");
  }
  aus_html_raw(h, "</ul>\n</section>\n");
}

/* The first result stands for all, but for its own sound. */
aus_status aus_page_set_made(aus_html *h, const aus_set_page *p)
{
  const aus_set *s = p->analysis->set;
  aus_facts *facts = AUS_NEW(h->ctx, aus_facts);
  if (!facts) return AUS_ENOMEM;
  failures(h, s);
  aus_facts_of(&s->first, facts);
  int32_t n = 0;
  for (int32_t i = 0; i < facts->n; i++)
    if (strncmp(facts->fact[i].label, "input", 5) != 0 && strcmp(facts->fact[i].label, "mixes evaluated") != 0) facts->fact[n++] = facts->fact[i];
  const aus_report r = { .note = p->note, .n_notes = p->n_notes, .fact = facts->fact, .n_facts = n };
  const aus_status status = aus_page_made(h, &r);
  aus_free(h->ctx, facts);
  return status;
}
