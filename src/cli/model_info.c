/* model_info.c - auscult model info: what a weights file holds. */
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/table.h"

#include <auscult/net.h>
#include <inttypes.h>
#include <string.h>

static const cli_option options[] = { CLI_ROW_JSON, CLI_ROW_COMMON, CLI_ROW_END };

enum { META_STRING = 1, META_INTEGER, META_REAL, META_STRINGS, META_REALS, META_INTEGERS };

static void print_meta(const aus_bundle *b, const char *key, int32_t type)
{
  enum { SHOWN = 12 };
  const int32_t n = aus_meta_count(b, key);
  cli_pad(key, 26);
  if (type == META_STRING) cli_put(aus_meta_string(b, key, ""));
  else if (type == META_INTEGER) printf("%" PRId64, aus_meta_integer(b, key, 0));
  else if (type == META_REAL) printf("%.9g", aus_meta_real(b, key, 0));
  for (int32_t i = 0; type >= META_STRINGS && i < n && i < SHOWN; i++) {
    if (i) printf(", ");
    if (type == META_STRINGS) cli_put(aus_meta_string_at(b, key, i));
    else printf("%.9g", aus_meta_real_at(b, key, i));
  }
  printf(type >= META_STRINGS && n > SHOWN ? ", ... (%d)\n" : "\n", n);
}

static void json_meta(aus_json *j, const aus_bundle *b, const char *key, int32_t type)
{
  if (type == META_STRING) aus_json_string(j, key, aus_meta_string(b, key, ""));
  else if (type == META_INTEGER) aus_json_integer(j, key, aus_meta_integer(b, key, 0));
  else if (type == META_REAL) aus_json_real(j, key, aus_meta_real(b, key, 0));
  if (type < META_STRINGS) return;
  aus_json_flat_array(j, key);
  for (int32_t i = 0; i < aus_meta_count(b, key); i++) {
    if (type == META_STRINGS) aus_json_string(j, NULL, aus_meta_string_at(b, key, i));
    else aus_json_real(j, NULL, aus_meta_real_at(b, key, i));
  }
  aus_json_close(j);
}

static int64_t count_parameters(const aus_bundle *b)
{
  int64_t n = 0;
  aus_tensor_info t;
  for (int32_t i = 0; i < aus_bundle_tensors(b); i++)
    if (aus_bundle_tensor(b, i, &t) == AUS_OK && strncmp(t.name, "golden.", 7) != 0) n += t.count;
  return n;
}

static void dims_text(aus_dims d, char *text, size_t size)
{
  size_t n = 0;
  text[0] = '\0';
  for (int32_t i = 0; i < d.rank && n < size; i++)
    n += (size_t)snprintf(text + n, size - n, d.dim[i] < 0 ? "%s*" : "%s%" PRId64, i ? " x " : "", d.dim[i]);
}

static void print_info(const char *path, aus_bundle *b)
{
  int32_t type;
  const char *key;
  printf("%s: %" PRIu64 " bytes, %d tensors, %" PRId64 " numbers\nsha256                    %s\n", path, aus_bundle_bytes(b),
         aus_bundle_tensors(b), count_parameters(b), aus_bundle_sha256(b));
  for (int32_t i = 0; (key = aus_meta_key(b, i, &type)); i++) print_meta(b, key, type);
  for (int32_t i = 0; i < aus_graph_inputs(b); i++) {
    char dims[128];
    dims_text(aus_graph_input_dims(b, i), dims, sizeof dims);
    cli_pad("graph input", 26);
    cli_put(aus_graph_input_name(b, i));
    printf(" [%s]\n", dims);
  }
  for (int32_t i = 0; i < aus_graph_outputs(b); i++) {
    cli_pad("graph output", 26);
    cli_put(aus_graph_output_name(b, i));
    printf("\n");
  }
}

static int json_info(cli_session *cs, const char *path, aus_bundle *b)
{
  aus_json j;
  int32_t type;
  const char *key;
  aus_json_init(&j, cs->ctx);
  aus_json_object(&j, NULL);
  aus_json_string(&j, "schema", "auscult.model/1");
  aus_json_string(&j, "path", path);
  aus_json_integer(&j, "bytes", (int64_t)aus_bundle_bytes(b));
  aus_json_string(&j, "sha256", aus_bundle_sha256(b));
  aus_json_integer(&j, "numbers", count_parameters(b));
  aus_json_object(&j, "metadata");
  for (int32_t i = 0; (key = aus_meta_key(b, i, &type)); i++) json_meta(&j, b, key, type);
  aus_json_close(&j);
  aus_json_array(&j, "tensors");
  for (int32_t i = 0; i < aus_bundle_tensors(b); i++) {
    aus_tensor_info t;
    if (aus_bundle_tensor(b, i, &t) != AUS_OK) continue;
    aus_json_flat_object(&j, NULL);
    aus_json_string(&j, "name", t.name);
    aus_json_flat_array(&j, "shape");
    for (int32_t k = 0; k < t.rank; k++) aus_json_integer(&j, NULL, t.dim[k]);
    aus_json_close(&j);
    aus_json_close(&j);
  }
  aus_json_close(&j);
  const int code = cli_print_json(cs, &j);
  aus_json_free(&j);
  return code;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  aus_bundle *b = NULL;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  const aus_status status = aus_bundle_open(cs.ctx, operand[0], &b);
  if (status != AUS_OK) code = cli_fail(&cs, CLI_OPENING, status);
  else if (s->json) code = json_info(&cs, operand[0], b);
  else print_info(operand[0], b);
  aus_bundle_close(b);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_model_info = {
  .name = "model info", .operands = "FILE.aus [OPTION...]", .summary = "what a weights file holds",
  .about = "Prints size, hash, metadata, front end and graph of a weights file after checking all of its checksums.",
  .examples = "# what is in the file\nauscult model info tagger.aus\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
