/* model_verify.c - auscult model verify: does this file do what it did where it came from? */
#include "cli/commands.h"
#include "cli/session.h"

#include <auscult/net.h>
#include <math.h>

static const cli_option options[] = { CLI_ROW_COMMON, CLI_ROW_END };

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  aus_bundle *b = NULL;
  double worst = INFINITY, tolerance = 0;
  (void)n;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  aus_status status = aus_bundle_open(cs.ctx, operand[0], &b);
  if (status == AUS_OK) status = aus_net_verify(cs.ctx, b, &worst, &tolerance);
  if (status != AUS_OK)
    code = cli_fail(&cs, CLI_OPENING, status);
  else if (!(worst <= tolerance))
    code = cli_say(&cs, CLI_BAD_INPUT, "%s: the golden output is missed by %.3g, more than %.3g: this conversion is wrong", operand[0],
                   worst, tolerance);
  else
    printf("%s: sound. The golden output (%s) is met within %.3g; allowed: %.3g.\n", operand[0], aus_meta_string(b, "golden.source", "of unknown source"),
           worst, tolerance);
  aus_bundle_close(b);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_model_verify = {
  .name = "model verify", .operands = "FILE.aus [OPTION...]", .summary = "prove that a weights file does what it did where it came from",
  .about = "Checks every checksum, runs the golden input that the file carries and compares with the golden output.",
  .examples = "# is this conversion right on this machine?\nauscult model verify tagger.aus\n",
  .options = options, .min_operands = 1, .max_operands = 1, .run = run
};
