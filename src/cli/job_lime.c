/* job_lime.c - audioLIME and its like on a job whose components and targets are there; and the job's end. */
#include "cli/job.h"

#include <string.h>

/* What --baseline and --target mean to the methods that take sound apart. */
int cli_job_settle(cli_session *cs, cli_settings *s)
{
  static const char *const words[] = { "zero", "min", "mean", "max", "noise", "shuffle", "binmean" };
  if (!s->target) s->target = "top3";
  if (s->method >= CLI_FIRST_ATTRIB) return CLI_DONE;
  if (s->baseline.n == 0) s->baseline.item[s->baseline.n++] = "zero";
  for (s->fill = 0; s->fill < 7; s->fill++)
    if (strcmp(words[s->fill], s->baseline.item[0]) == 0) return CLI_DONE;
  return cli_say(cs, CLI_BAD_USAGE, "--baseline %s: want one of zero, min, mean, max, noise, shuffle, binmean", s->baseline.item[0]);
}

int cli_job_lime(cli_job *job)
{
  cli_session *cs = job->cs;
  aus_lime_config config;
  int code = cli_job_config(job, &config);
  if (code != CLI_DONE) return code;
  const double start = aus_now();
  const aus_status status = aus_lime_explain(cs->ctx, job->model, &job->components, &config, &job->explanation);
  job->seconds_explaining = aus_now() - start;
  return status == AUS_OK ? CLI_DONE : cli_fail(cs, CLI_WORKING, status);
}

void cli_job_free(cli_job *job)
{
  cli_session *cs = job->cs;
  if (job->spectrogram.frames > 0) aus_model_spectrogram_free(job->model, &job->spectrogram);
  aus_explanation_free(&job->explanation);
  aus_components_free(&job->components);
  cli_free_sources(cs, &job->sources);
  cli_free_sound(cs, &job->sound);
  aus_free(cs->ctx, job->score);
  aus_free(cs->ctx, job->target);
}
