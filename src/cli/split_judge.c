/* split_judge.c - how good is a separation? The stems that were written against true ones of the same names: SI-SDR and what it gained
 * over the mix [LeRoux19], and BSS Eval 3 with its 512 taps [Vincent06]. True stems without an estimate count as interferers. */
#include "cli/split.h"
#include "cli/table.h"

#include <auscult/eval.h>
#include <math.h>
#include <string.h>

typedef struct judged { const char *name; int32_t stem; double si_sdr, gain; } judged; /* stem -1: there is no estimate */

typedef struct jury {
  cli_session *cs;
  const cli_split *split;
  aus_stems truth;
  aus_audio mix, *estimate; /* [truth.n]; without an estimate: empty */
  judged *row;
  aus_bss *bss;
} jury;

static int load(jury *u, const char *audio, const aus_separator_info *info)
{
  cli_session *cs = u->cs;
  const aus_audio_range range = { .offset = cs->s->offset, .duration = cs->s->duration };
  aus_status status = aus_audio_read(cs->ctx, audio, &range, &u->mix);
  if (status == AUS_OK) status = aus_stems_load(cs->ctx, cs->s->reference, &range, &u->mix, &u->truth);
  if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  const size_t n = (size_t)u->truth.n;
  u->estimate = aus_alloc_zero(cs->ctx, n, sizeof *u->estimate);
  u->row = aus_alloc_zero(cs->ctx, n, sizeof *u->row);
  u->bss = aus_alloc_zero(cs->ctx, n, sizeof *u->bss);
  if (!u->estimate || !u->row || !u->bss) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  int32_t found = 0;
  for (int32_t j = 0; j < u->truth.n; j++) {
    u->row[j] = (judged){ .name = u->truth.name[j], .stem = -1 };
    for (int32_t i = 0; i < info->n_stems; i++)
      if (strcmp(info->stems[i], u->truth.name[j]) == 0) u->row[j].stem = i;
    if (u->row[j].stem < 0) continue;
    found++;
    status = aus_audio_read(cs->ctx, u->split->path[u->row[j].stem], NULL, &u->estimate[j]);
    if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  }
  if (found) return CLI_DONE;
  return cli_say(cs, CLI_BAD_INPUT, "no sound in %s has the name of a stem: %s gives %s%s", cs->s->reference, info->name, info->stems[0], info->n_stems > 1 ? ", ..." : "");
}

static int measure(jury *u)
{
  aus_ctx *ctx = u->cs->ctx;
  const size_t n = (size_t)u->truth.n;
  const int64_t all = u->mix.frames * u->mix.channels;
  const float **truth = aus_alloc(ctx, n, sizeof *truth), **estimate = aus_alloc(ctx, n, sizeof *estimate);
  aus_status status = truth && estimate ? AUS_OK : AUS_ENOMEM;
  for (size_t j = 0; j < n && status == AUS_OK; j++) {
    truth[j] = u->truth.stem[j].data;
    estimate[j] = u->estimate[j].data ? u->estimate[j].data : truth[j];
    u->row[j].si_sdr = aus_eval_si_sdr(all, estimate[j], truth[j]);
    u->row[j].gain = u->row[j].si_sdr - aus_eval_si_sdr(all, u->mix.data, truth[j]);
  }
  if (status == AUS_OK) status = aus_eval_bss(ctx, 512, u->mix.channels, u->mix.frames, (int32_t)n, truth, estimate, u->bss);
  aus_free(ctx, truth);
  aus_free(ctx, estimate);
  return status == AUS_OK ? CLI_DONE : cli_fail(u->cs, CLI_WORKING, status);
}

static void print_table(const jury *u)
{
  int width = 4;
  for (int32_t j = 0; j < u->truth.n; j++) width = cli_width(u->row[j].name, width);
  cli_pad("stem", width);
  printf("  SI-SDR    gain     SDR     SIR     SAR     ISR   (dB; gain: SI-SDR over the mix; BSS Eval 3, 512 taps)\n");
  for (int32_t j = 0; j < u->truth.n; j++) {
    const aus_bss *b = &u->bss[j];
    if (u->row[j].stem < 0) continue;
    cli_pad(u->row[j].name, width);
    printf("  %6.2f  %6.2f  %6.2f  %6.2f  %6.2f  %6.2f\n", u->row[j].si_sdr, u->row[j].gain, b->sdr, b->sir, b->sar, b->isr);
  }
}

static int print_json(const jury *u, const char *audio, const aus_separator_info *info)
{
  aus_json o;
  aus_json_init(&o, u->cs->ctx);
  aus_json_object(&o, NULL);
  aus_json_string(&o, "schema", "auscult.separation/1");
  aus_json_string(&o, "input", audio);
  aus_json_string(&o, "separator", info->name);
  aus_json_string(&o, "separator_sha256", info->sha256);
  aus_json_array(&o, "stems");
  for (int32_t j = 0; j < u->truth.n; j++) {
    const aus_bss *b = &u->bss[j];
    if (u->row[j].stem < 0) continue;
    aus_json_flat_object(&o, NULL);
    aus_json_string(&o, "name", u->row[j].name);
    aus_json_string(&o, "path", u->split->path[u->row[j].stem]);
    aus_json_real(&o, "si_sdr", u->row[j].si_sdr);
    aus_json_real(&o, "si_sdr_gain", u->row[j].gain);
    aus_json_real(&o, "sdr", b->sdr);
    aus_json_real(&o, "sir", b->sir);
    aus_json_real(&o, "sar", b->sar);
    aus_json_real(&o, "isr", b->isr);
    aus_json_close(&o);
  }
  aus_json_close(&o);
  aus_json_close(&o);
  const int code = cli_print_json(u->cs, &o);
  aus_json_free(&o);
  return code;
}

int cli_split_judge(cli_session *cs, const char *audio, const aus_separator_info *info, const cli_split *split)
{
  jury u = { .cs = cs, .split = split };
  int code = load(&u, audio, info);
  if (code == CLI_DONE) code = measure(&u);
  if (code == CLI_DONE && cs->s->json) code = print_json(&u, audio, info);
  else if (code == CLI_DONE) print_table(&u);
  for (int32_t j = 0; u.estimate && j < u.truth.n; j++) aus_audio_free(cs->ctx, &u.estimate[j]);
  aus_free(cs->ctx, u.estimate);
  aus_free(cs->ctx, u.row);
  aus_free(cs->ctx, u.bss);
  aus_stems_free(cs->ctx, &u.truth);
  aus_audio_free(cs->ctx, &u.mix);
  return code;
}
