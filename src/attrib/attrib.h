/* attrib.h - what a method of attribution sees, and what helps it.
 *
 * A method is a row of methods.def and a function. aus_attrib_run has read the question for it: which score of
 * which item, at which value of the graph, against which baseline. Inputs are handled as one block of floats, all inputs one behind
 * another, so that a formula such as x * dx is one loop whatever the network takes. */
#ifndef AUS_ATTRIB_H
#define AUS_ATTRIB_H

#include <auscult/attrib.h>

#include "nn/walk.h"

/* aus_method.flags */
enum {
  AUS_METHOD_WHITE_BOX = 1,   /* needs a network of ours */
  AUS_METHOD_LOGITS = 2,      /* reads the score before a last softmax or sigmoid unless told otherwise */
  AUS_METHOD_LAYER = 4,       /* cannot do without config.layer (or chooses one) */
  AUS_METHOD_BASELINE = 8,    /* compares with a baseline; score_none is f of it */
  AUS_METHOD_COMPLETE = 16,   /* promises sum = score - score_none */
  AUS_METHOD_BACKGROUND = 32, /* takes any number of baselines */
  AUS_METHOD_ANY_LAYER = 64,  /* can attribute to config.layer instead of the inputs */
  AUS_METHOD_NO_TARGET = 128  /* explains a layer, not a score */
};

typedef struct aus_question aus_question;

typedef struct aus_method {
  const char *name, *group, *summary; /* group: "gradient", "relevance", "cam", "perturbation", ... for --help */
  uint32_t flags;
  /* Fills out->value (made for it: of the inputs' shapes, or of the layer's with ANY_LAYER; zeroed). Score, sums and gaps are filled in by
   * aus_attrib_run before and after. */
  aus_status (*run)(const aus_question *q, aus_attribution *out);
} aus_method;

const aus_method *aus_method_at(int32_t i);          /* NULL past the end */
const aus_method *aus_method_find(const char *name); /* NULL: none */

struct aus_attrib {
  aus_ctx *ctx;
  aus_bundle *bundle;      /* NULL: a black box */
  int32_t n_inputs, items;
  aus_dims *dims;          /* [n_inputs] */
  int64_t *count, *offset; /* [n_inputs] floats of an input; where it starts in a block */
  int64_t total;           /* floats of a block */
  aus_scores_fn fn;
  void *user;
  int64_t fn_targets;
  aus_run *plain;          /* forwards alone, made when first asked; reads the score at plain_from */
  int32_t plain_from;      /* value of the graph */
  aus_run *keep[2];        /* for ways back: the input's and the reference's; made when first asked */
  int64_t evaluations, walks;
  aus_attrib *one;         /* for one item, where the network takes no more (rows.c); NULL */
};

/* rows.c: networks whose batch is fixed at one item. Are these shapes several items of such a network? How many? */
bool aus_rows_needed(const aus_bundle *bundle, const aus_dims *dims, int32_t *rows);
aus_status aus_rows_open(aus_attrib *a, const aus_dims *dims);
aus_status aus_rows_run(const aus_attrib *a, const float *const *x, const aus_attrib_config *config, aus_attribution *out);

struct aus_question {
  aus_attrib *a;
  aus_ctx *ctx;
  const aus_method *method;
  const aus_attrib_config *config;
  const float *x;          /* block of the inputs */
  int32_t from, layer;     /* values of the graph; layer -1: the inputs. Black box: -1 */
  aus_dims from_dims;
  int64_t per_item;        /* scores of one item */
  const int32_t *target;   /* [items], -1: the sum */
  int64_t n_baselines;     /* >= 1 */
  const float *baselines;  /* [n_baselines] rows, each: per input its item; see aus_question_baseline */
};

/* ---- scores ------------------------------------------------------------------------------------ */

/* f of each item of a block: score[items]. Counts an evaluation. */
aus_status aus_question_scores(const aus_question *q, const float *x, double *score);
/* The same of a run that has been forwarded. */
void aus_question_read(const aus_question *q, const aus_run *run, double *score);

/* ---- blocks ------------------------------------------------------------------------------------- */

float *aus_question_block(const aus_question *q);  /* [total], zeroed; aus_free. NULL: no memory */
/* The baseline of each item as a block: row r of the set for all of them; r < 0: the row of each item (the same when there is one). */
void aus_question_baseline(const aus_question *q, int64_t r, float *block);
/* sum[items] of a block of inputs. */
void aus_question_sums(const aus_question *q, const float *block, double *sum);
/* Which item float i of a block belongs to: item i counts per[k] floats of input k. */
int64_t aus_question_per_item(const aus_question *q, int32_t input);

/* ---- the way back -------------------------------------------------------------------------------------- */

/* A run that keeps its values (which: 0 the input's, 1 the reference's), owned by the object. */
aus_status aus_question_keep(const aus_question *q, int32_t which, aus_run **run);
/* A block into a run, and forward. */
aus_status aus_question_forward(const aus_question *q, aus_run *run, const float *x);
/* A walk from q->from to the inputs (layer -1) or to the layer; config: everything but from and to. */
aus_status aus_question_walk(const aus_question *q, aus_walk_config config, aus_walk **walk);
/* The start: 1 (scale NULL) or scale[item] at the target of each item, 0 elsewhere, in every lane. */
void aus_question_seed(const aus_question *q, aus_walk *walk, const double *scale);
/* The diffs of a finished walk as a block: [total], or [count of the layer]. */
void aus_question_collect(const aus_question *q, const aus_walk *walk, int32_t lane, float *block);
int64_t aus_question_size(const aus_question *q); /* floats of out's block */
/* The value attributed to, as a block: the inputs, or what the layer holds in the run. */
void aus_question_values(const aus_question *q, const aus_run *run, float *block);

/* Gradient of the sum of all items' scores at x: grad[size]; score[items] when not NULL. walk: made by aus_question_walk over keep 0. */
aus_status aus_question_gradient(const aus_question *q, aus_walk *walk, const float *x, float *grad, double *score);

/* The run (forwarded before for the input) goes on from what the layer is said to hold. */
aus_status aus_question_forward_from(const aus_question *q, aus_run *run, const float *at);
/* Gradient and score where `at` is a block of the value attributed to, an input or the layer. */
aus_status aus_question_gradient_at(const aus_question *q, aus_walk *walk, const float *at, float *grad, double *score);
/* Block of noisy inputs, draw `sample` (noise.c). */
aus_status aus_question_noisy(const aus_question *q, int64_t sample, float *x);

/* Puts one array per input in place of what was made for a layer; takes block (total floats), also when it fails. */
aus_status aus_attribution_inputs(const aus_question *q, aus_attribution *out, float *block);

/* A line for the reader, after what is there. */
void aus_attribution_note(aus_attribution *out, const char *format, ...) AUS_PRINTF(2, 3);
/* "NAME is not a value of the graph; near it: a, b, c", AUS_EINVAL. */
aus_status aus_attrib_no_value(const aus_attrib *a, const char *what, const char *name);

#endif
