/* model_run.c - auscult model run: the bare graph on given arrays, for checking against other engines. */
#include "cli/commands.h"
#include "cli/session.h"
#include "format/npy.h"

#include <auscult/net.h>
#include <inttypes.h>
#include <string.h>

static const cli_option options[] = {
  { "input", 'i', CLI_LIST, "NAME=X.npy", NULL, 0, 0, CLI_AT(input), "array for one graph input; once per input" },
  { "out", 'o', CLI_TEXT, "DIR", NULL, 0, 0, CLI_AT(out), "folder for one NAME.npy per output and tap" },
  { "tap", 0, CLI_LIST, "NAME", NULL, 0, 0, CLI_AT(tap), "write this inner value of the graph too" },
  CLI_ROW_FORCE,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

enum { MAX_INPUTS = 16, MAX_RANK = 6 };

typedef struct arrays { aus_npy x[MAX_INPUTS]; aus_dims dims[MAX_INPUTS]; int32_t n; } arrays;

/* Index of the graph input that "NAME=..." names, -1. */
static int32_t input_named(const aus_bundle *b, const char *text, size_t n)
{
  for (int32_t i = 0; i < aus_graph_inputs(b); i++)
    if (strlen(aus_graph_input_name(b, i)) == n && memcmp(aus_graph_input_name(b, i), text, n) == 0) return i;
  return -1;
}

static int read_inputs(cli_session *cs, const aus_bundle *b, arrays *a)
{
  const cli_list *given = &cs->s->input;
  a->n = aus_graph_inputs(b);
  if (a->n > MAX_INPUTS) return cli_say(cs, CLI_FAILED, "the graph has %d inputs; this command takes at most %d", a->n, MAX_INPUTS);
  for (int k = 0; k < given->n; k++) {
    const char *equals = strchr(given->item[k], '=');
    if (!equals) return cli_say(cs, CLI_BAD_USAGE, "--input %s: want NAME=FILE.npy", given->item[k]);
    const int32_t i = input_named(b, given->item[k], (size_t)(equals - given->item[k]));
    if (i < 0)
      return cli_say(cs, CLI_BAD_USAGE, "--input %s: the graph has no such input; its first is %s", given->item[k],
                     a->n ? aus_graph_input_name(b, 0) : "(none)");
    if (a->x[i].data) return cli_say(cs, CLI_BAD_USAGE, "--input %s: given twice", given->item[k]);
    const aus_status status = aus_npy_read(cs->ctx, equals + 1, &a->x[i]);
    if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
    if (a->x[i].rank > MAX_RANK) return cli_say(cs, CLI_BAD_INPUT, "%s: %d dimensions; the engine has %d", equals + 1, a->x[i].rank, MAX_RANK);
    a->dims[i].rank = a->x[i].rank;
    for (int32_t d = 0; d < a->x[i].rank; d++) a->dims[i].dim[d] = a->x[i].dim[d];
  }
  for (int32_t i = 0; i < a->n; i++)
    if (!a->x[i].data) return cli_say(cs, CLI_BAD_USAGE, "no array for the graph input %s: give --input %s=FILE.npy", aus_graph_input_name(b, i), aus_graph_input_name(b, i));
  return CLI_DONE;
}

/* DIR/NAME.npy; what could leave the folder or start an option becomes '_'. */
static void path_of(const char *dir, const char *name, char *path, size_t size)
{
  size_t n = (size_t)snprintf(path, size, "%s/", dir);
  for (; *name && n + 6 < size; name++) {
    const unsigned char c = (unsigned char)*name;
    const bool bad = c == '/' || c < 0x20 || c == 0x7f || (c == '.' && path[n - 1] == '/');
    path[n++] = bad ? '_' : (char)c;
  }
  snprintf(path + n, size - n, ".npy");
}

static int write_value(cli_session *cs, const char *name, const float *data, const aus_dims *dims)
{
  char path[4096];
  path_of(cs->s->out, name, path, sizeof path);
  int code = cli_check_free(cs, path);
  if (code != CLI_DONE) return code;
  cli_output_begins(cs, path);
  const aus_status status = aus_npy_write(cs->ctx, path, dims->rank, dims->dim, data, cs->s->force);
  if (status != AUS_OK) return cli_fail(cs, CLI_WRITING, status);
  printf("%s [", path);
  for (int32_t d = 0; d < dims->rank; d++) printf(d ? ", %" PRId64 : "%" PRId64, dims->dim[d]);
  printf("]\n");
  return CLI_DONE;
}

static int write_values(cli_session *cs, const aus_bundle *b, aus_run *run)
{
  aus_dims dims;
  int code = cli_make_dir(cs, cs->s->out);
  for (int32_t i = 0; i < aus_graph_outputs(b) && code == CLI_DONE; i++) {
    const float *y = aus_run_output(run, i, &dims);
    code = write_value(cs, aus_graph_output_name(b, i), y, &dims);
  }
  for (int32_t i = 0; i < cs->s->tap.n && code == CLI_DONE; i++) {
    const float *y = aus_run_tap(run, i, &dims);
    code = write_value(cs, cs->s->tap.item[i], y, &dims);
  }
  return code;
}

static int run_graph(cli_session *cs, aus_bundle *b, const arrays *a)
{
  aus_run *run = NULL;
  aus_status status = aus_run_create(cs->ctx, b, a->dims, cs->s->tap.item, cs->s->tap.n, &run);
  if (status != AUS_OK) return cli_fail(cs, CLI_WORKING, status);
  for (int32_t i = 0; i < a->n; i++) memcpy(aus_run_input(run, i), a->x[i].data, (size_t)a->x[i].count * sizeof(float));
  status = aus_run_forward(run);
  const int code = status == AUS_OK ? write_values(cs, b, run) : cli_fail(cs, CLI_WORKING, status);
  aus_run_destroy(run);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  aus_bundle *b = NULL;
  arrays a = {0};
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  if (!s->out) {
    code = cli_say(&cs, CLI_BAD_USAGE, "where to? give --out DIR");
  } else {
    const aus_status status = aus_bundle_open(cs.ctx, operand[0], &b);
    if (status != AUS_OK) code = cli_fail(&cs, CLI_OPENING, status);
  }
  if (code == CLI_DONE) code = read_inputs(&cs, b, &a);
  if (code == CLI_DONE) code = run_graph(&cs, b, &a);
  for (int i = 0; i < MAX_INPUTS; i++) aus_free(cs.ctx, a.x[i].data);
  aus_bundle_close(b);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_model_run = {
  .name = "model run", .operands = "FILE.aus --input NAME=X.npy... --out DIR [OPTION...]", .summary = "run the bare graph on given arrays",
  .about = "Runs the network alone, without front end, on NumPy arrays and writes its outputs as NumPy arrays, for\n"
           "checking against other engines.",
  .examples = "# the network's own output for one patch\nauscult model run tagger.aus --input input=patch.npy --out outputs\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
