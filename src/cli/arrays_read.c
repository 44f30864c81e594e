/* arrays_read.c - which .npy file is which input of the graph; baselines and masks for them. */
#include "cli/arrays.h"
#include "format/npy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int32_t input_named(const aus_bundle *b, const char *name, size_t n)
{
  for (int32_t i = 0; i < aus_graph_inputs(b); i++)
    if (strlen(aus_graph_input_name(b, i)) == n && memcmp(aus_graph_input_name(b, i), name, n) == 0) return i;
  return -1;
}

static int no_such_input(const cli_arrays *a, const char *option, const char *text)
{
  char list[400] = "";
  for (int32_t i = 0; i < a->n && strlen(list) + 80 < sizeof list; i++)
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.60s", i ? ", " : "", aus_graph_input_name(a->bundle, i));
  return cli_say(a->cs, CLI_BAD_USAGE, "--%s %s: the network has no such input; it has %s", option, text, list);
}

static int read_npy(cli_session *cs, const char *path, aus_npy *x)
{
  const aus_status status = aus_npy_read(cs->ctx, path, x);
  if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  for (int64_t i = 0; i < x->count; i++)
    if (!isfinite(x->data[i])) {
      const bool nan = isnan(x->data[i]) != 0;
      aus_free(cs->ctx, x->data);
      x->data = NULL;
      return cli_say(cs, CLI_BAD_INPUT, "%s holds %s at position %lld: nothing can be explained about it", path, nan ? "NaN" : "an infinity", (long long)i);
    }
  return CLI_DONE;
}

/* ---- inputs ----------------------------------------------------------------------------------------- */

/* One file of 8 dimensions at most into an input of the graph, an axis of one item put in front where only that is missing. */
static int take_input(cli_arrays *a, int32_t i, const char *path)
{
  aus_npy x = {0};
  if (a->x[i]) return cli_say(a->cs, CLI_BAD_USAGE, "two arrays for the input %s", aus_graph_input_name(a->bundle, i));
  int code = read_npy(a->cs, path, &x);
  if (code != CLI_DONE) return code;
  const aus_dims want = aus_graph_input_dims(a->bundle, i);
  const bool batch = x.rank + 1 == want.rank && (want.dim[0] == -1 || want.dim[0] == 1);
  a->x[i] = x.data;
  if (x.rank + batch > 6) return cli_say(a->cs, CLI_BAD_INPUT, "%s: %d dimensions; the engine has 6", path, x.rank);
  a->dims[i].rank = x.rank + batch;
  if (batch) a->dims[i].dim[0] = 1;
  for (int32_t d = 0; d < x.rank; d++) a->dims[i].dim[d + batch] = x.dim[d];
  if (a->dims[i].rank != want.rank) return cli_say(a->cs, CLI_BAD_INPUT, "%s: %d dimensions; the input %s has %d", path, x.rank, aus_graph_input_name(a->bundle, i), want.rank);
  return CLI_DONE;
}

/* --input-name NAME=FILE fills that input; NAME alone says where the next operand goes. */
static int take_named(cli_arrays *a, int n, char **operand, int *used)
{
  const cli_list *names = &a->cs->s->input;
  for (int k = 0; k < names->n; k++) {
    const char *text = names->item[k], *equals = strchr(text, '=');
    const int32_t i = input_named(a->bundle, text, equals ? (size_t)(equals - text) : strlen(text));
    if (i < 0) return no_such_input(a, "input-name", text);
    if (!equals && *used == n) return cli_say(a->cs, CLI_BAD_USAGE, "--input-name %s: no array is left for it (NAME=FILE.npy gives one)", text);
    const int code = take_input(a, i, equals ? equals + 1 : operand[(*used)++]);
    if (code != CLI_DONE) return code;
  }
  return CLI_DONE;
}

int cli_read_arrays(cli_arrays *a, int n, char **operand)
{
  int used = 0;
  a->n = aus_graph_inputs(a->bundle);
  if (a->n > CLI_MAX_ARRAYS) return cli_say(a->cs, CLI_INCAPABLE, "the network has %d inputs; this command takes at most %d", a->n, CLI_MAX_ARRAYS);
  int code = take_named(a, n, operand, &used);
  for (int32_t i = 0; i < a->n && code == CLI_DONE && used < n; i++)
    if (!a->x[i]) code = take_input(a, i, operand[used++]);
  if (code == CLI_DONE && used < n) code = cli_say(a->cs, CLI_BAD_USAGE, "%s: the network has %d input%s, all of them are given already", operand[used], a->n, a->n == 1 ? "" : "s");
  for (int32_t i = 0; i < a->n && code == CLI_DONE; i++)
    if (!a->x[i]) code = cli_say(a->cs, CLI_BAD_USAGE, "no array for the input %s: give --input-name %s=FILE.npy", aus_graph_input_name(a->bundle, i), aus_graph_input_name(a->bundle, i));
  return code;
}

/* ---- baselines --------------------------------------------------------------------------------------------- */

static int64_t count_of(const aus_dims *d)
{
  int64_t n = 1;
  for (int32_t i = 0; i < d->rank; i++) n *= d->dim[i];
  return n;
}

/* What a word says of one item. */
static bool word_value(const char *word, const float *x, int64_t n, double *value)
{
  double sum = 0, low = x[0], high = x[0];
  for (int64_t i = 0; i < n; i++) {
    sum += (double)x[i];
    low = fmin(low, (double)x[i]);
    high = fmax(high, (double)x[i]);
  }
  if (strcmp(word, "zero") == 0) *value = 0;
  else if (strcmp(word, "mean") == 0) *value = sum / (double)n;
  else if (strcmp(word, "min") == 0) *value = low;
  else if (strcmp(word, "max") == 0) *value = high;
  else return cli_real(word, -1e30, 1e30, value);
  return true;
}

static bool is_npy(const char *text) { return strlen(text) > 4 && strcmp(text + strlen(text) - 4, ".npy") == 0; }

/* Rows of items from a file: one item, or rows of them. */
static int baseline_file(cli_arrays *a, int32_t i, int64_t per, const char *path, int64_t *rows)
{
  aus_npy x = {0};
  const int code = read_npy(a->cs, path, &x);
  if (code != CLI_DONE) return code;
  a->baseline[i] = x.data;
  *rows = x.count / per;
  const aus_dims *d = &a->dims[i];
  const bool last = x.rank == 0 || d->rank == 0 || x.dim[x.rank - 1] == d->dim[d->rank - 1];
  if (x.count % per || !last) return cli_say(a->cs, CLI_BAD_INPUT, "--baseline %s: %lld numbers; one item of the input %s has %lld", path, (long long)x.count, aus_graph_input_name(a->bundle, i), (long long)per);
  return CLI_DONE;
}

static int baseline_word(cli_arrays *a, int32_t i, int32_t items, int64_t per, const char *word, int64_t *rows)
{
  double value;
  a->baseline[i] = aus_alloc(a->cs->ctx, (size_t)(per * items), sizeof(float));
  if (!a->baseline[i]) return cli_fail(a->cs, CLI_READING, AUS_ENOMEM);
  *rows = items;
  for (int32_t k = 0; k < items; k++) {
    if (!word_value(word, a->x[i] + k * per, per, &value)) return cli_say(a->cs, CLI_BAD_USAGE, "--baseline %s: want a number, zero, mean, min, max (of each item) or FILE.npy", word);
    for (int64_t j = 0; j < per; j++) a->baseline[i][k * per + j] = (float)value;
  }
  return CLI_DONE;
}

/* The text of --baseline for an input: NAME=V for it, else the k-th without a name, else the only one. */
static const char *baseline_of(const cli_arrays *a, int32_t i)
{
  const cli_list *list = &a->cs->s->baseline;
  const char *plain[CLI_MAX_ARRAYS];
  int32_t n = 0;
  for (int k = 0; k < list->n; k++) {
    const char *equals = strchr(list->item[k], '=');
    if (equals && input_named(a->bundle, list->item[k], (size_t)(equals - list->item[k])) == i) return equals + 1;
    if (!equals) plain[n++] = list->item[k];
  }
  return n == 0 ? "zero" : n == 1 ? plain[0] : i < n ? plain[i] : "zero";
}

/* Repeats the one row that a word or a single item gives. */
static int spread(cli_arrays *a, int32_t i, int64_t per, int64_t rows)
{
  float *more = aus_alloc(a->cs->ctx, (size_t)(a->n_baselines * per), sizeof *more);
  if (!more) return cli_fail(a->cs, CLI_READING, AUS_ENOMEM);
  for (int64_t r = 0; r < a->n_baselines; r++) memcpy(more + r * per, a->baseline[i] + r % rows * per, (size_t)per * sizeof *more);
  aus_free(a->cs->ctx, a->baseline[i]);
  a->baseline[i] = more;
  return CLI_DONE;
}

static bool alike(const float *x, int64_t per, int64_t rows)
{
  for (int64_t r = 1; r < rows; r++)
    if (memcmp(x, x + r * per, (size_t)per * sizeof *x) != 0) return false;
  return true;
}

static int read_baselines(cli_arrays *a, int32_t items)
{
  int64_t rows[CLI_MAX_ARRAYS];
  int code = CLI_DONE;
  for (int k = 0; k < a->cs->s->baseline.n; k++) {
    const char *text = a->cs->s->baseline.item[k], *equals = strchr(text, '=');
    if (equals && input_named(a->bundle, text, (size_t)(equals - text)) < 0) return no_such_input(a, "baseline", text);
  }
  a->n_baselines = 1;
  for (int32_t i = 0; i < a->n && code == CLI_DONE; i++) {
    const char *text = baseline_of(a, i);
    const int64_t per = count_of(&a->dims[i]) / items;
    code = is_npy(text) ? baseline_file(a, i, per, text, &rows[i]) : baseline_word(a, i, items, per, text, &rows[i]);
    if (code == CLI_DONE && rows[i] > 1 && !is_npy(text) && alike(a->baseline[i], per, rows[i])) rows[i] = 1;
    if (code == CLI_DONE && rows[i] > a->n_baselines) a->n_baselines = rows[i];
  }
  for (int32_t i = 0; i < a->n && code == CLI_DONE; i++) {
    if (rows[i] != 1 && rows[i] != a->n_baselines) code = cli_say(a->cs, CLI_BAD_INPUT, "the baselines of the inputs have different numbers of rows (%lld and %lld)", (long long)rows[i], (long long)a->n_baselines);
    else code = spread(a, i, count_of(&a->dims[i]) / items, rows[i]);
  }
  return code;
}

/* ---- masks and trees ------------------------------------------------------------------------------------------ */

static int read_masks(cli_arrays *a, int32_t items)
{
  const cli_list *list = &a->cs->s->mask;
  int code = CLI_DONE;
  for (int k = 0; k < list->n && code == CLI_DONE; k++) {
    const char *text = list->item[k], *equals = strchr(text, '=');
    const int32_t i = equals ? input_named(a->bundle, text, (size_t)(equals - text)) : k;
    if (i < 0 || i >= a->n) return no_such_input(a, "mask", text);
    aus_npy x = {0};
    code = read_npy(a->cs, equals ? equals + 1 : text, &x);
    aus_free(a->cs->ctx, a->mask[i]);
    a->mask[i] = x.data;
    const int64_t per = count_of(&a->dims[i]) / items;
    if (code == CLI_DONE && x.count != per) code = cli_say(a->cs, CLI_BAD_INPUT, "--mask %s: %lld numbers; one item of the input %s has %lld", text, (long long)x.count, aus_graph_input_name(a->bundle, i), (long long)per);
  }
  return code;
}

int cli_read_extras(cli_arrays *a, int32_t items)
{
  int code = read_baselines(a, items);
  if (code == CLI_DONE) code = read_masks(a, items);
  if (code != CLI_DONE || !a->cs->s->tree) return code;
  aus_npy x = {0};
  code = read_npy(a->cs, a->cs->s->tree, &x);
  if (code != CLI_DONE) return code;
  const int64_t columns = x.rank == 2 ? x.dim[1] : 0;
  a->tree = x.data;
  if (columns < 2) return cli_say(a->cs, CLI_BAD_INPUT, "--tree %s: want rows of two numbers, as scipy's linkage gives them", a->cs->s->tree);
  a->n_tree = x.dim[0];
  for (int64_t r = 0; r < a->n_tree; r++) /* distances and counts are not needed */
    for (int c = 0; c < 2; c++) a->tree[2 * r + c] = a->tree[columns * r + c];
  return CLI_DONE;
}

void cli_free_arrays(cli_arrays *a)
{
  aus_ctx *ctx = a->cs->ctx;
  aus_attribution_free(&a->result);
  aus_attrib_close(a->attrib);
  for (int32_t i = 0; i < CLI_MAX_ARRAYS; i++) {
    aus_free(ctx, a->x[i]);
    aus_free(ctx, a->baseline[i]);
    aus_free(ctx, a->mask[i]);
  }
  aus_free(ctx, a->tree);
  aus_bundle_close(a->bundle);
}
