/* task.h - what all trainings on a frozen classifier share: its layers and scores from the cache, spectrograms, validation, the file. Internal. */
#ifndef AUS_L2I_TASK_H
#define AUS_L2I_TASK_H

#include "l2i/cache.h"

/* First in what t->own points at. */
typedef struct aus_l2i_task {
  aus_model *model;
  aus_inside in;
  aus_l2i_spec spec;
  aus_l2i_spectrum spectrum;
  aus_l2i_cache cache;
  float *w;                     /* [bins][atoms], of an interpreter */
  float *longer;                /* [least_samples] */
} aus_l2i_task;

/* A bundle with this graph; n_given parameters start as given and the others as torch draws them. Owned by the caller: aus_bundle_close, then aus_free. */
typedef void (*aus_l2i_graph_fn)(aus_l2i_net *n, const aus_l2i_spec *spec);
aus_status aus_l2i_task_bundle(aus_trainer *t, aus_l2i_graph_fn graph, int32_t n_given, const aus_param *given, void **bytes, aus_bundle **bundle);

/* The classifier, the spec but for what the method adds, the clips. */
aus_status aus_l2i_task_network(aus_trainer *t);
/* The cache; the checkpoint's key; parameters of this name (NULL: none) do not train. */
aus_status aus_l2i_task_ready(aus_trainer *t, const char *fixed);
void aus_l2i_task_close(aus_trainer *t);

/* Fills the rows of t->run for this step, each from a clip and one of its patches. */
typedef aus_status aus_l2i_row_fn(aus_trainer *t, aus_run *run, int64_t row, int32_t clip, int64_t patch);
aus_status aus_l2i_task_batch(aus_trainer *t, aus_l2i_row_fn fill);
/* The patch's layers into the first inputs of a run, and f's scores [classes]. */
aus_status aus_l2i_task_taps(aus_trainer *t, aus_run *run, int64_t row, int32_t clip, int64_t patch, float *scores);
/* Stretch of samples that the cache's patches of a clip come from, with its first frame: to transform it. *mine: free it. */
typedef struct aus_l2i_heard { const float *x; int64_t samples, first; float gain; float *mine; } aus_l2i_heard;
aus_status aus_l2i_task_hear(aus_trainer *t, int32_t clip, int64_t patch, aus_l2i_heard *out);
/* X [bins][frames] of one patch of a clip, as an interpretation will see it. */
aus_status aus_l2i_task_spectrum(aus_trainer *t, int32_t clip, int64_t patch, float *x);

int32_t aus_l2i_largest(int64_t n, const float *x);

/* One patch's loss and answer: logits y[classes], and the classifier's scores f[classes], both borrowed. */
typedef aus_status (*aus_l2i_answer_fn)(aus_trainer *t, int32_t clip, int64_t patch, double *loss, const float **y, const float **f);
/* Means over clips: the loss, and how often both say the same (top-1; of independent scores F1 at one half). */
aus_status aus_l2i_task_evaluate(aus_trainer *t, const aus_index *clips, aus_l2i_answer_fn answer, double *loss, double *score);
const char *aus_l2i_task_score(const aus_trainer *t);

/* The inputs of this run (of one patch, filled, unfused) and what output `output` then gives, as the file's golden vectors. */
aus_status aus_l2i_task_golden(aus_trainer *t, aus_run *run, int32_t n_inputs, int32_t output, aus_builder *b);
/* The file: metadata, `graph` with the present parameters, and with result the golden vectors of the first validation clip. */
typedef aus_status (*aus_l2i_golden_fn)(aus_trainer *t, aus_builder *b);
aus_status aus_l2i_task_export(aus_trainer *t, const aus_train_result *result, aus_l2i_graph_fn graph, aus_l2i_golden_fn golden, void **bytes, size_t *size);
const float *aus_l2i_task_value(const aus_trainer *t, const char *name); /* a parameter; NULL: none */

/* The methods beside the interpreter (train.c). */
extern const aus_task aus_task_vibi, aus_task_lmac;

#endif
