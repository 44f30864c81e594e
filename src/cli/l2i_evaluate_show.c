/* l2i_evaluate_show.c - what was found of the clips, put together: fidelity and faithfulness as a table or as JSON. */
#include "cli/l2i_evaluate.h"

#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

static const char *const chance_name[L2I_CHANCES] = { "random_count", "random_energy" };

typedef struct summary { double top[3], kappa; aus_detection detection; aus_masked mean[L2I_MOST_TAUS], median[L2I_MOST_TAUS]; double chance_mean[L2I_CHANCES][L2I_MOST_TAUS], chance_median[L2I_CHANCES][L2I_MOST_TAUS], energy[L2I_MOST_TAUS], atoms[L2I_MOST_TAUS]; } summary;

static int by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(int32_t n, double *v)
{
  qsort(v, (size_t)n, sizeof *v, by_value);
  return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The interpreter's probabilities against what the classifier says, above one half. */
static aus_status detect(const l2i_job *j, summary *s)
{
  aus_ctx *ctx = j->cs->ctx;
  const size_t k = (size_t)j->classes;
  uint8_t *said = aus_alloc(ctx, (size_t)j->n, k);
  float *y = aus_alloc(ctx, (size_t)j->n, k * sizeof *y);
  aus_status status = said && y ? AUS_OK : AUS_ENOMEM;
  for (size_t i = 0; status == AUS_OK && i < (size_t)j->n; i++)
    for (size_t c = 0; c < k; c++) {
      said[i * k + c] = j->clip[i].heard[c] > 0;
      y[i * k + c] = j->clip[i].answer[c];
    }
  if (status == AUS_OK) status = aus_eval_detection(ctx, j->n, j->classes, said, y, &s->detection);
  aus_free(ctx, said);
  aus_free(ctx, y);
  return status;
}

static aus_status agree(const l2i_job *j, summary *s)
{
  aus_ctx *ctx = j->cs->ctx;
  const size_t n = (size_t)j->n, k = (size_t)j->classes;
  float *f = aus_alloc(ctx, n, k * sizeof *f), *y = aus_alloc(ctx, n, k * sizeof *y);
  int32_t *a = aus_alloc(ctx, n, 2 * sizeof *a);
  aus_status status = f && y && a ? AUS_OK : AUS_ENOMEM;
  for (size_t i = 0; status == AUS_OK && i < n; i++) {
    memcpy(f + i * k, j->clip[i].heard, k * sizeof *f);
    memcpy(y + i * k, j->clip[i].answer, k * sizeof *y);
    a[i] = j->clip[i].said;
    a[n + i] = j->clip[i].answered;
  }
  for (int i = 0; status == AUS_OK && i < 3; i++) s->top[i] = aus_eval_top_k(j->n, j->classes, f, y, 1 + 2 * i);
  if (status == AUS_OK) status = aus_eval_kappa(ctx, j->n, j->classes, a, a + n, &s->kappa);
  if (status == AUS_OK && j->independent) status = detect(j, s);
  aus_free(ctx, f);
  aus_free(ctx, y);
  aus_free(ctx, a);
  return status;
}

static aus_status summarise(const l2i_job *j, summary *s)
{
  aus_ctx *ctx = j->cs->ctx;
  aus_masked *m = aus_alloc(ctx, (size_t)j->n, sizeof *m);
  double *v = aus_alloc(ctx, (size_t)j->n, sizeof *v);
  aus_status status = m && v ? agree(j, s) : AUS_ENOMEM;
  for (int32_t t = 0; status == AUS_OK && t < j->n_taus; t++) {
    for (int32_t i = 0; i < j->n; i++) {
      m[i] = j->clip[i].at[t].masked;
      s->energy[t] += j->clip[i].at[t].energy / j->n;
      s->atoms[t] += (double)j->clip[i].at[t].atoms / j->n;
    }
    aus_eval_masked_mean(j->n, m, &s->mean[t]);
    status = aus_eval_masked_median(ctx, j->n, m, &s->median[t]);
    for (int k = 0; k < L2I_CHANCES; k++) {
      for (int32_t i = 0; i < j->n; i++) s->chance_mean[k][t] += (v[i] = j->clip[i].at[t].chance[k]) / j->n;
      s->chance_median[k][t] = median(j->n, v);
    }
  }
  aus_free(ctx, m);
  aus_free(ctx, v);
  return status;
}

static void print(const l2i_job *j, const summary *s)
{
  printf("%d clips, interpreter: ", (int)j->n);
  cli_put(j->info->name);
  printf(", %d atoms, %s pooling, %s listening\n\nfidelity  top-1 %.1f %%  top-3 %.1f %%  top-5 %.1f %%  kappa %.3f\n\n", (int)j->info->atoms, j->info->pooling, j->cs->s->l2i.listening ? "parity" : "linear",
         100 * s->top[0], 100 * s->top[1], 100 * s->top[2], s->kappa);
  if (j->independent)
    printf("every class, against what the classifier says (above one half): AUPRC macro %.3f  micro %.3f  highest F1 %.3f\n\n", s->detection.macro_auprc, s->detection.micro_auprc, s->detection.max_f1);
  printf("what the class's logit loses when the atoms above tau are taken out (median, mean), beside atoms drawn by chance\n");
  printf("%6s %6s %8s  %15s  %15s  %15s  %8s\n", "tau", "atoms", "energy", "interpreter", "as many", "as loud", "ff");
  for (int32_t t = 0; t < j->n_taus; t++)
    printf("%6.2f %6.1f %7.1f%%  %7.3f %7.3f  %7.3f %7.3f  %7.3f %7.3f  %8.4f\n", j->tau[t], s->atoms[t], 100 * s->energy[t], s->median[t].ff_logit, s->mean[t].ff_logit, s->chance_median[L2I_BY_COUNT][t],
           s->chance_mean[L2I_BY_COUNT][t], s->chance_median[L2I_BY_ENERGY][t], s->chance_mean[L2I_BY_ENERGY][t], s->mean[t].ff);
}

static void put_measures(aus_json *out, const aus_masked *m)
{
  aus_json_real(out, "ff_logit", m->ff_logit);
  aus_json_real(out, "ff", m->ff);
  aus_json_real(out, "ai", m->ai);
  aus_json_real(out, "ad", m->ad);
  aus_json_real(out, "ag", m->ag);
  aus_json_real(out, "fid_in", m->fid_in);
}

static void put_masked(aus_json *out, const char *key, const aus_masked *m)
{
  aus_json_flat_object(out, key);
  put_measures(out, m);
  aus_json_close(out);
}

static void put_chance(aus_json *out, const char *name, double mean, double middle)
{
  aus_json_flat_object(out, name);
  aus_json_real(out, "ff_logit_mean", mean);
  aus_json_real(out, "ff_logit_median", middle);
  aus_json_close(out);
}

static void put_clip(const l2i_job *j, const l2i_clip *c, aus_json *out)
{
  const char *const *labels = aus_model_describe(j->model)->targets;
  aus_json_object(out, NULL);
  aus_json_string(out, "path", c->name);
  aus_json_string(out, "said", labels[c->said]);
  aus_json_string(out, "interpreter", labels[c->answered]);
  aus_json_array(out, "taus");
  for (int32_t t = 0; t < j->n_taus; t++) {
    const l2i_point *p = &c->at[t];
    aus_json_flat_object(out, NULL);
    aus_json_real(out, "tau", j->tau[t]);
    aus_json_integer(out, "atoms", p->atoms);
    aus_json_real(out, "energy", p->energy);
    put_measures(out, &p->masked);
    for (int k = 0; k < L2I_CHANCES; k++) aus_json_real(out, chance_name[k], p->chance[k]);
    aus_json_close(out);
  }
  aus_json_close(out);
  aus_json_close(out);
}

static int print_json(const l2i_job *j, const summary *s)
{
  static const char *const top[3] = { "top_1", "top_3", "top_5" };
  aus_json out;
  aus_json_init(&out, j->cs->ctx);
  cli_json_head(&out, "auscult.l2i-evaluation/1");
  cli_json_model(j->cs, &out, aus_model_describe(j->model));
  aus_json_string(&out, "interpreter_sha256", j->info->sha256);
  aus_json_string(&out, "listening", j->cs->s->l2i.listening ? "parity" : "linear");
  aus_json_integer(&out, "n_clips", j->n);
  for (int i = 0; i < 3; i++) aus_json_real(&out, top[i], s->top[i]);
  aus_json_real(&out, "kappa", s->kappa);
  if (j->independent) {
    aus_json_flat_object(&out, "detection");
    aus_json_real(&out, "macro_auprc", s->detection.macro_auprc);
    aus_json_real(&out, "micro_auprc", s->detection.micro_auprc);
    aus_json_real(&out, "max_f1", s->detection.max_f1);
    aus_json_close(&out);
  }
  aus_json_array(&out, "taus");
  for (int32_t t = 0; t < j->n_taus; t++) {
    aus_json_object(&out, NULL);
    aus_json_real(&out, "tau", j->tau[t]);
    aus_json_real(&out, "atoms", s->atoms[t]);
    aus_json_real(&out, "energy", s->energy[t]);
    put_masked(&out, "mean", &s->mean[t]);
    put_masked(&out, "median", &s->median[t]);
    for (int k = 0; k < L2I_CHANCES; k++) put_chance(&out, chance_name[k], s->chance_mean[k][t], s->chance_median[k][t]);
    aus_json_close(&out);
  }
  aus_json_close(&out);
  aus_json_array(&out, "clips");
  for (int32_t i = 0; i < j->n; i++) put_clip(j, &j->clip[i], &out);
  aus_json_close(&out);
  cli_json_notes(j->cs, &out);
  cli_json_run(j->cs, &out);
  const int code = cli_print_json(j->cs, &out);
  aus_json_free(&out);
  return code;
}

int l2i_show(const l2i_job *j)
{
  summary *s = aus_alloc_zero(j->cs->ctx, 1, sizeof *s);
  const aus_status status = s ? summarise(j, s) : AUS_ENOMEM;
  int code = status == AUS_OK ? CLI_DONE : cli_fail(j->cs, CLI_WORKING, status);
  if (code == CLI_DONE && j->cs->s->json) code = print_json(j, s);
  else if (code == CLI_DONE) { print(j, s); code = cli_flush(j->cs); }
  aus_free(j->cs->ctx, s);
  return code;
}
