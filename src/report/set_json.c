/* set_json.c - a set as JSON, schema auscult.global/1 (docs/json.md), and as a table.
 *
 * The JSON is also what the page's script reads: numbers per explanation are lists in the order of "components". */
#include "report/number.h"
#include "report/set.h"

#include <math.h>
#include <string.h>

static void put_spread(aus_json *j, const char *key, const aus_spread *s)
{
  aus_json_flat_object(j, key);
  aus_json_integer(j, "n", s->n);
  aus_json_real(j, "mean", s->mean);
  aus_json_real(j, "sd", s->sd);
  aus_json_flat_array(j, "quantiles"); /* 0, 5, 25, 50, 75, 95, 100 % */
  const double q[] = { s->min, s->q05, s->q25, s->q50, s->q75, s->q95, s->max };
  for (int i = 0; i < 7; i++) aus_json_real(j, NULL, q[i]);
  aus_json_close(j);
  aus_json_close(j);
}

static void put_component(aus_json *j, const char *name, const aus_set_component *c)
{
  aus_json_object(j, NULL);
  aus_json_string(j, "name", name);
  put_spread(j, "weight", &c->weight);
  put_spread(j, "shapley", &c->shapley);
  aus_json_real(j, "positive", c->weight.positive);
  aus_json_real(j, "strongest", c->strongest);
  aus_json_real(j, "mean_abs", c->mean_abs);
  aus_json_real(j, "root_sum", c->root_sum);
  aus_json_real(j, "homogeneity", c->homogeneity);
  aus_json_close(j);
}

static void put_list(aus_json *j, const char *key, const aus_set_row *r, const double *from, int32_t d)
{
  aus_json_flat_array(j, key);
  for (int32_t c = 0; c < d; c++) aus_json_real(j, NULL, c < r->n ? from[c] : NAN);
  aus_json_close(j);
}

static void put_row(aus_json *j, const aus_set_row *r, int32_t d)
{
  aus_json_flat_object(j, NULL);
  aus_json_integer(j, "piece", r->piece);
  aus_json_real(j, "score", r->score);
  aus_json_real(j, "score_none", r->score_none);
  aus_json_real(j, "local", r->local);
  aus_json_real(j, "r2", r->r2);
  aus_json_real(j, "stability", r->stability);
  put_list(j, "weights", r, r->weight, d);
  put_list(j, "shapley", r, r->shapley, d);
  aus_json_close(j);
}

static void put_faithfulness(aus_json *j, const aus_set_target *t)
{
  char words[240];
  const aus_trust trust = aus_set_trust(t, words, sizeof words);
  static const char *const kind[] = { "good", "fair", "poor", "none" };
  aus_json_object(j, "faithfulness");
  aus_json_string(j, "trust", kind[trust]);
  aus_json_string(j, "words", words);
  put_spread(j, "r2", &t->r2);
  put_spread(j, "gap", &t->gap);
  aus_json_real(j, "correlation", t->correlation);
  aus_json_integer(j, "good", t->good);
  aus_json_integer(j, "fair", t->fair);
  aus_json_integer(j, "poor", t->poor);
  aus_json_integer(j, "none", t->none);
  aus_json_close(j);
}

static void put_picks(aus_json *j, const aus_set_target *t)
{
  aus_json_array(j, "picks");
  for (int32_t k = 0; k < t->n_picks; k++) {
    int32_t i = 0;
    while (t->row[i] != t->pick[k].row) i++;
    aus_json_flat_object(j, NULL);
    aus_json_integer(j, "explanation", i);
    aus_json_real(j, "covered", t->pick[k].covered);
    aus_json_close(j);
  }
  aus_json_close(j);
}

static void put_target(aus_json *j, const aus_set *s, const aus_set_target *t)
{
  aus_json_object(j, NULL);
  aus_json_integer(j, "index", s->target_index[t->target]);
  aus_json_string(j, "name", s->target[t->target]);
  put_spread(j, "score", &t->score);
  aus_json_array(j, "components");
  for (int32_t c = 0; c < s->n_components; c++) put_component(j, s->component[c], &t->component[c]);
  aus_json_close(j);
  put_faithfulness(j, t);
  put_picks(j, t);
  aus_json_array(j, "songs");
  for (int32_t i = 0; i < t->n_songs; i++) {
    aus_json_flat_object(j, NULL);
    aus_json_integer(j, "song", t->song[i].song);
    aus_json_integer(j, "pieces", t->song[i].n);
    aus_json_real(j, "score", t->song[i].score);
    aus_json_real(j, "local", t->song[i].local);
    aus_json_real(j, "r2", t->song[i].r2.q50);
    aus_json_real(j, "r2_mean", t->song[i].r2.mean);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_json_array(j, "explanations");
  for (int32_t i = 0; i < t->n; i++) put_row(j, &s->row[t->row[i]], s->n_components);
  aus_json_close(j);
  aus_json_close(j);
}

static void put_songs(aus_json *j, const aus_set *s)
{
  aus_json_array(j, "songs");
  for (int32_t i = 0; i < s->n_songs; i++) {
    aus_json_flat_object(j, NULL);
    aus_json_string(j, "name", s->song[i].name);
    aus_json_string(j, "path", s->song[i].path);
    aus_json_string(j, "page", s->song[i].page);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_json_array(j, "pieces");
  for (int32_t i = 0; i < s->n_pieces; i++) {
    aus_json_flat_object(j, NULL);
    aus_json_integer(j, "song", s->piece[i].song);
    aus_json_real(j, "t0", s->piece[i].t0);
    aus_json_real(j, "t1", s->piece[i].t1);
    aus_json_bool(j, "exhaustive", s->piece[i].exhaustive);
    aus_json_string(j, "result", s->piece[i].result);
    aus_json_string(j, "page", s->piece[i].page);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_json_array(j, "failures");
  for (int32_t i = 0; i < s->n_failures; i++) {
    aus_json_flat_object(j, NULL);
    aus_json_string(j, "path", s->failure[i].path);
    aus_json_string(j, "why", s->failure[i].why);
    aus_json_close(j);
  }
  aus_json_close(j);
}

/* What the first result says of all of them. */
static void put_shared(aus_json *j, const aus_set *s)
{
  const aus_json_tree *t = &s->first;
  const aus_json_node *m = aus_json_member(t, t->node, "model"), *e = aus_json_member(t, t->node, "evaluated"), *x = aus_json_member(t, t->node, "settings");
  static const char *const texts[] = { "name", "path", "command", "sha256", "score", "front_end", "licence", "source" };
  aus_json_object(j, "model");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) aus_json_string(j, texts[i], aus_json_get_text(t, m, texts[i], NULL));
  aus_json_close(j);
  aus_json_string(j, "method", aus_json_get_text(t, t->node, "method", NULL));
  aus_json_string(j, "parts", aus_json_get_text(t, e, "components", NULL));
  aus_json_string(j, "sources", aus_json_get_text(t, x, "sources", NULL));
  aus_json_string(j, "baseline", aus_json_get_text(t, e, "baseline", NULL));
  aus_json_string(j, "scale", aus_json_get_text(t, x, "scale", NULL));
  aus_json_bool(j, "mixed", s->mixed);
}

void aus_set_json(aus_json *j, const aus_set_analysis *a)
{
  const aus_set *s = a->set;
  put_shared(j, s);
  aus_json_flat_array(j, "components");
  for (int32_t c = 0; c < s->n_components; c++) aus_json_string(j, NULL, s->component[c]);
  aus_json_close(j);
  put_songs(j, s);
  aus_json_array(j, "targets");
  for (int32_t k = 0; k < a->n; k++) put_target(j, s, &a->target[k]);
  aus_json_close(j);
}

/* ---- table ------------------------------------------------------------------------------------------ */

/* Tabs and line ends would be other cells. */
static aus_status put_text(aus_outfile *f, const char *text)
{
  for (; *text; text++) {
    const char c = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;
    AUS_TRY(aus_outfile_write(f, &c, 1));
  }
  return AUS_OK;
}

static aus_status put_real(aus_outfile *f, double v)
{
  char text[32] = "";
  if (isfinite(v)) aus_format_real(text, v, 9);
  return aus_outfile_printf(f, "\t%s", text);
}

static aus_status put_line(aus_outfile *f, const aus_set *s, const aus_set_row *r)
{
  const aus_set_piece *p = &s->piece[r->piece];
  AUS_TRY(put_text(f, s->song[p->song].path));
  AUS_TRY(put_real(f, p->t0));
  AUS_TRY(put_real(f, p->t1));
  AUS_TRY(aus_outfile_write(f, "\t", 1));
  AUS_TRY(put_text(f, s->target[r->target]));
  const double v[] = { r->score, r->score_none, r->local, r->r2 };
  for (int i = 0; i < 4; i++) AUS_TRY(put_real(f, v[i]));
  for (int32_t c = 0; c < s->n_components; c++) AUS_TRY(put_real(f, aus_set_weight(r, c)));
  for (int32_t c = 0; c < s->n_components; c++) AUS_TRY(put_real(f, c < r->n ? r->shapley[c] : NAN));
  return aus_outfile_write(f, "\n", 1);
}

static aus_status put_table(aus_outfile *f, const aus_set_analysis *a)
{
  static const char *const kind[] = { "weight", "shapley" };
  const aus_set *s = a->set;
  AUS_TRY(aus_outfile_printf(f, "song\tstart\tend\ttarget\tscore\tscore_none\tlocal_prediction\tr2"));
  for (int k = 0; k < 2; k++)
    for (int32_t c = 0; c < s->n_components; c++) {
      AUS_TRY(aus_outfile_printf(f, "\t%s ", kind[k]));
      AUS_TRY(put_text(f, s->component[c]));
    }
  AUS_TRY(aus_outfile_write(f, "\n", 1));
  for (int32_t k = 0; k < a->n; k++)
    for (int32_t i = 0; i < a->target[k].n; i++) AUS_TRY(put_line(f, s, &s->row[a->target[k].row[i]]));
  return AUS_OK;
}

aus_status aus_set_tsv(const aus_set_analysis *a, const char *path, int replace)
{
  aus_outfile *f;
  AUS_TRY(aus_outfile_open(a->ctx, path, replace, &f));
  const aus_status status = put_table(f, a);
  if (status != AUS_OK) { aus_outfile_abort(f); return status; }
  return aus_outfile_commit(f);
}
