/* predict.c - auscult predict: what the model says about each file. */
#include "cli/commands.h"
#include "cli/sources.h"
#include "cli/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
  CLI_ROW_MODEL,
  CLI_ROW_MODEL_CMD,
  CLI_ROW_STEMS,
  CLI_ROW_SEPARATOR,
  { "top", 'n', CLI_INTEGER, "N", "10", 0, 1e6, CLI_AT(top), "how many targets to show, best first; 0: all" },
  CLI_ROW_RANGE,
  CLI_ROW_JSON,
  CLI_ROW_COMMON,
  CLI_ROW_END
};

/* Target indices, highest score first; equal scores in the model's order. */
static int32_t *order_of(cli_session *cs, const float *score, int32_t n)
{
  int32_t *order = aus_alloc(cs->ctx, (size_t)n, sizeof *order);
  if (!order) return NULL;
  for (int32_t i = 0; i < n; i++) {
    int32_t at = i;
    for (; at > 0 && score[order[at - 1]] < score[i]; at--) order[at] = order[at - 1];
    order[at] = i;
  }
  return order;
}

static void print_table(const cli_sound *sound, const aus_model_info *info, const float *score, const int32_t *order, int32_t n)
{
  char line[512];
  cli_describe_sound(sound, line, sizeof line);
  printf("%s\n", line);
  int width = 8;
  for (int32_t i = 0; i < n; i++) width = cli_width(info->targets[order[i]], width);
  for (int32_t i = 0; i < n; i++) {
    const double v = score[order[i]];
    printf("%4d  ", i + 1);
    cli_pad(info->targets[order[i]], width);
    printf("  %9.4f  ", v);
    if (info->score_kind != AUS_SCORE_REAL) cli_bar(v, 1.0, 30);
    printf("\n");
  }
}

static void json_prediction(cli_session *cs, aus_json *j, const cli_sound *sound, const aus_model_info *info,
                            const float *score, const int32_t *order, int32_t n)
{
  aus_json_object(j, NULL);
  cli_json_sound(cs, j, "input", sound);
  aus_json_array(j, "targets");
  for (int32_t i = 0; i < n; i++) {
    aus_json_flat_object(j, NULL);
    aus_json_integer(j, "index", order[i]);
    aus_json_string(j, "name", info->targets[order[i]]);
    aus_json_real(j, "score", score[order[i]]);
    aus_json_close(j);
  }
  aus_json_close(j);
  aus_json_close(j);
}

/* Scores of one sound: of its mix, or of its sources where the model wants them. */
static int score_sound(cli_session *cs, aus_model *model, const cli_sound *sound, float *score)
{
  const aus_model_info *info = aus_model_describe(model);
  float *x = sound->heard.data, *channels = NULL;
  if (info->channels > 1) {
    cli_sources sources;
    int code = cli_find_sources(cs, sound, &sources);
    if (code != CLI_DONE) return code;
    code = cli_sources_to_channels(cs, &sources, info, &channels);
    cli_free_sources(cs, &sources);
    if (code != CLI_DONE) return code;
    x = channels;
  }
  const aus_status status = aus_model_predict(model, 1, sound->heard.frames, x, score);
  aus_free(cs->ctx, channels);
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

static int predict_one(cli_session *cs, aus_model *model, const char *path, aus_json *j, float *score)
{
  const aus_model_info *info = aus_model_describe(model);
  cli_sound sound;
  int code = cli_load_sound(cs, path, info->sample_rate, &sound);
  if (code != CLI_DONE) return code;
  cli_remark_short(cs, &sound, info);
  code = score_sound(cs, model, &sound, score);
  int32_t *order = code == CLI_DONE ? order_of(cs, score, info->n_targets) : NULL;
  if (code == CLI_DONE && !order) code = cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  if (code == CLI_DONE) {
    const int32_t n = cs->s->top > 0 && cs->s->top < info->n_targets ? (int32_t)cs->s->top : info->n_targets;
    if (cs->s->json) json_prediction(cs, j, &sound, info, score, order, n);
    else print_table(&sound, info, score, order, n);
  }
  aus_free(cs->ctx, order);
  cli_free_sound(cs, &sound);
  return code;
}

/* What the options ask for, against what the model takes. */
static int check_sources(cli_session *cs, const aus_model_info *info, int n)
{
  const bool given = cs->s->stems || cs->s->separator;
  if (cs->s->stems && n > 1) return cli_say(cs, CLI_BAD_USAGE, "--stems belongs to one input; %d are given", n);
  if (info->channels > 1 && !given)
    return cli_say(cs, CLI_BAD_USAGE, "%s takes %d stems: give --stems DIR, or --separator FILE.aus", info->name, info->channels);
  if (info->channels == 1 && given) cli_remark(cs, "%s hears the mix: --stems and --separator make no difference to predict", info->name);
  return CLI_DONE;
}

static int run(cli_settings *s, int n, char **operand)
{
  cli_session cs;
  int code = cli_session_open(&cs, s);
  if (code != CLI_DONE) return code;
  aus_model *model = NULL;
  float *score = NULL;
  aus_json json;
  aus_json_init(&json, cs.ctx);
  code = cli_open_model(&cs, &model);
  if (code == CLI_DONE) code = check_sources(&cs, aus_model_describe(model), n);
  if (code == CLI_DONE) {
    score = aus_alloc(cs.ctx, (size_t)aus_model_describe(model)->n_targets, sizeof *score);
    if (!score) code = cli_fail(&cs, CLI_WORKING, AUS_ENOMEM);
  }
  if (code == CLI_DONE && s->json) {
    cli_json_head(&json, "auscult.prediction/1");
    cli_json_model(&cs, &json, aus_model_describe(model));
    aus_json_array(&json, "predictions");
  }
  for (int i = 0; i < n && code == CLI_DONE; i++) {
    if (i > 0 && !s->json) printf("\n");
    code = predict_one(&cs, model, operand[i], &json, score);
  }
  if (code == CLI_DONE && s->json) {
    aus_json_close(&json);
    cli_json_notes(&cs, &json);
    cli_json_run(&cs, &json);
    code = cli_print_json(&cs, &json);
  }
  aus_json_free(&json);
  aus_free(cs.ctx, score);
  aus_model_close(model);
  return cli_session_close(&cs, code == CLI_DONE ? cli_flush(&cs) : code);
}

const cli_command cli_predict = {
  .name = "predict",
  .operands = "AUDIO... -m MODEL.aus|--model-cmd CMD [OPTION...]",
  .summary = "what the model says about each file",
  .about = "Prints the model's scores for each AUDIO (- is standard input), best first. Sound is mixed to mono\n"
           "and converted to the model's rate; the whole file is used unless --offset or --duration say otherwise.",
  .examples = "# the ten highest tags of a song\nauscult predict song.wav -m tagger.aus\n"
              "# all scores as JSON\nauscult predict song.wav -m tagger.aus --top 0 --json\n",
  .options = options, .min_operands = 1, .max_operands = 100000, .run = run
};
