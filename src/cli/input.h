/* input.h - from names on the command line to a model and the sound it hears. */
#ifndef AUS_CLI_INPUT_H
#define AUS_CLI_INPUT_H

#include "cli/session.h"
#include <auscult/audio.h>
#include <auscult/l2i.h>
#include <auscult/model.h>

/* A file as read, and as the model hears it. */
typedef struct cli_sound {
  const char *path;
  aus_audio read;   /* samples only where a separator wants them (else data is NULL); the rest always */
  aus_audio heard;  /* mono at the model's rate */
} cli_sound;

/* The model of --model or --model-cmd; an exit code. */
int cli_open_model(cli_session *cs, aus_model **model);
/* The interpreter of --interpreter, else the file NAME-why.aus beside the model NAME.aus. */
int cli_l2i_open(cli_session *cs, aus_model *model, aus_interpreter **it);
int cli_load_sound(cli_session *cs, const char *path, int32_t rate, cli_sound *sound);
void cli_free_sound(cli_session *cs, cli_sound *sound);

/* "song.wav: 10 s, 44100 Hz, 2 channels (wav (own)); heard as 16000 Hz mono" */
void cli_describe_sound(const cli_sound *sound, char *line, size_t size);
/* Says so when the clip is shorter than what the model works on. */
void cli_remark_short(cli_session *cs, const cli_sound *sound, const aus_model_info *info);

/* Members "input" and "model" of a result. */
void cli_json_sound(cli_session *cs, aus_json *j, const char *key, const cli_sound *sound);
void cli_json_model(cli_session *cs, aus_json *j, const aus_model_info *info);
void cli_json_head(aus_json *j, const char *schema);
/* Everything that may differ between two runs of the same job. */
void cli_json_run(cli_session *cs, aus_json *j);
void cli_json_notes(cli_session *cs, aus_json *j);

#endif
