/* job_targets.c - the input's scores, what --target means, and the explainer's settings. */
#include "cli/job.h"

#include <string.h>

static void add_target(cli_job *job, int32_t index)
{
  for (int32_t i = 0; i < job->n_targets; i++)
    if (job->target[i] == index) return;
  job->target[job->n_targets++] = index;
}

/* The k highest scores, highest first; equal ones in the model's order. */
static void add_top(cli_job *job, int64_t k)
{
  const int32_t n = job->info->n_targets;
  for (int64_t j = 0; j < k && j < n; j++) {
    int32_t best = -1;
    for (int32_t i = 0; i < n; i++) {
      bool taken = false;
      for (int32_t t = 0; t < job->n_targets; t++) taken = taken || job->target[t] == i;
      if (!taken && (best < 0 || job->score[i] > job->score[best])) best = i;
    }
    if (best >= 0) add_target(job, best);
  }
}

static int32_t target_named(const aus_model_info *info, const char *name)
{
  for (int32_t i = 0; i < info->n_targets; i++)
    if (strcmp(info->targets[i], name) == 0) return i;
  return -1;
}

/* One word of --target. A name goes before an index, an index before topK. */
static int read_target(cli_job *job, const char *word)
{
  int64_t k;
  const int32_t named = target_named(job->info, word), n = job->info->n_targets;
  if (named >= 0) add_target(job, named);
  else if (cli_integer(word, 0, n - 1, &k)) add_target(job, (int32_t)k);
  else if (strncmp(word, "top", 3) == 0 && cli_integer(word + 3, 1, 1000000, &k)) add_top(job, k);
  else return cli_say(job->cs, CLI_BAD_USAGE, "--target %s: the model has no such target; it has %d, 0 %s to %d %s", word, n, job->info->targets[0], n - 1, job->info->targets[n - 1]);
  return CLI_DONE;
}

/* A whole --target that is one name wins over its being a list: names may contain commas. */
static int read_targets(cli_job *job, const char *text)
{
  if (target_named(job->info, text) >= 0 || !strchr(text, ',')) return read_target(job, text);
  while (*text) {
    char word[256];
    const size_t n = strcspn(text, ",");
    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), text);
    const int code = read_target(job, word);
    if (code != CLI_DONE) return code;
    text += n + (text[n] == ',');
  }
  return CLI_DONE;
}

int cli_job_targets(cli_job *job)
{
  cli_session *cs = job->cs;
  const size_t n = (size_t)job->info->n_targets;
  job->score = aus_alloc(cs->ctx, n, sizeof *job->score);
  job->target = aus_alloc(cs->ctx, n, sizeof *job->target);
  if (!job->score || !job->target) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  const aus_mixes mixes = aus_components_mixes(&job->components);
  uint8_t *all = aus_alloc(cs->ctx, (size_t)job->components.n, 1);
  if (!all) return cli_fail(cs, CLI_WORKING, AUS_ENOMEM);
  memset(all, 1, (size_t)job->components.n);
  const aus_status status = aus_model_predict_mixes(job->model, &mixes, 1, all, job->score);
  aus_free(cs->ctx, all);
  return status == AUS_OK ? read_targets(job, cs->s->target) : cli_fail(cs, CLI_WORKING, status);
}

int cli_job_config(cli_job *job, aus_lime_config *config)
{
  const cli_settings *s = job->cs->s;
  aus_lime_defaults(config);
  if (s->samples) {
    if (strcmp(s->samples, "exhaustive") == 0) config->force_exhaustive = 1;
    else if (!cli_integer(s->samples, 2, 100000000, &config->samples))
      return cli_say(job->cs, CLI_BAD_USAGE, "--samples %s: want exhaustive, or a whole number from 2", s->samples);
  }
  config->distance = (aus_distance)s->distance;
  config->kernel_width = s->kernel_width;
  config->surrogate = (aus_surrogate)s->surrogate;
  config->alpha = s->alpha;
  config->selection = (aus_selection)s->selection;
  config->n_features = (int32_t)s->features;
  config->scale = (aus_scale)s->scale;
  config->bootstrap = (int32_t)s->bootstrap;
  config->seed = (uint64_t)s->seed;
  config->targets = job->target;
  config->n_targets = job->n_targets;
  return CLI_DONE;
}
