/* job.h - one run of `auscult explain`, step by step. */
#ifndef AUS_CLI_JOB_H
#define AUS_CLI_JOB_H

#include "cli/sources.h"
#include <auscult/explain.h>
#include <auscult/l2i.h>

/* The words of the option tables, in the order of the library's enums. */
enum { CLI_METHOD_AUDIOLIME, CLI_METHOD_SLIME, CLI_METHOD_SUPERPIXEL, CLI_METHOD_TIME, CLI_FIRST_ATTRIB };

typedef struct cli_job {
  cli_session *cs;
  const char *path;
  aus_model *model;
  const aus_model_info *info;
  cli_sound sound;
  cli_sources sources;      /* audiolime, and models that hear stems */
  aus_components components;
  float *score;             /* [n_targets] of the input */
  int32_t *target, n_targets;
  aus_explanation explanation;
  aus_spectrogram spectrogram; /* what the model sees, frames 0: not looked yet */
  bool spectrogram_ours;       /* the model does not show it: a picture of the input by us */
  double seconds_components, seconds_explaining;
  const aus_interpreter *interpreter; /* l2i explain's; NULL */
} cli_job;

/* Each step gives an exit code and leaves the job fit for cli_job_free. */
int cli_job_components(cli_job *job); /* from the settings: what can be switched on and off */
int cli_job_targets(cli_job *job);    /* scores the input, then reads --target */
int cli_job_config(cli_job *job, aus_lime_config *config);

/* What --baseline and --target mean to the methods that take sound apart; before the others. */
int cli_job_settle(cli_session *cs, cli_settings *s);
int cli_job_lime(cli_job *job);       /* weights and the rest, from components and targets */
void cli_job_free(cli_job *job);      /* all but the model */

/* All of auscult explain but its words: the sound at job->path, explained to the open job->model; then what is wanted as files. */
int cli_job_explain(cli_job *job);
int cli_job_write(cli_job *job);

/* A method of attribution on the sound: targets, map, components (job_attrib.c). */
int cli_job_attribute(cli_job *job);
/* --save and --out of a map; dry: only checks that no file is in the way. */
int cli_job_write_map(cli_job *job, bool dry);
bool cli_job_has_map(const cli_job *job); /* one that lies on the spectrogram or the samples: what is heard is made from it */
/* What the files of target k's map begin with: its name, where there are several. */
enum { CLI_PREFIX = 80 };
void cli_job_prefix(const cli_job *job, int32_t k, char prefix[CLI_PREFIX]);
int cli_job_print_map(const cli_job *job);

/* The object "settings", left open for more. */
void cli_json_settings(const cli_session *cs, aus_json *j);

/* Results. */
int cli_job_print(const cli_job *job);
aus_status cli_job_json(const cli_job *job, bool for_html, aus_json *j);
int cli_job_look(cli_job *job);   /* what the model sees, for the two below */
int cli_job_report(cli_job *job);

#endif
