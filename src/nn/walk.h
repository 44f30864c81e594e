/* walk.h - one way back through a run: gradients, relevance, multipliers.
 *
 * Forward leaves every value where it is (AUS_RUN_KEEP). A walk starts at one value, where the caller writes a diff
 * of that value's shape, and goes from node to node against the arrows. At each node a rule turns the diff of what the
 * node wrote into diffs of what it read: by default the op's own backward (then diffs are gradients), else
 * whatever the caller's rule does (LRP: relevance; DeepLIFT: multipliers). Where several nodes read a value,
 * its diffs are added, the last reader's first: an order that no thread changes.
 *
 * All memory is planned in aus_walk_create; aus_walk_run allocates nothing. A walk belongs to one run. */
#ifndef AUS_WALK_H
#define AUS_WALK_H

#include "nn/run.h"

typedef struct aus_walk aus_walk;
typedef struct aus_rule aus_rule;

enum { AUS_MAX_LANES = 2 };

/* One node as a rule sees it. */
typedef struct aus_visit {
  const aus_run *run, *ref_run;
  const aus_step *step;         /* of run: step->op, step->call, step->in_value, step->out_value */
  const aus_call *call, *ref;   /* the values of the input, and of the reference (NULL without one) */
  const char *name;             /* of the node */
  int32_t lanes;
  const float *const *diff_dst; /* [lanes][n_out]; NULL: zero */
  float *const *diff_src;       /* [lanes][n_in]; NULL: not wanted; else to be written over */
  void *scratch;                /* what scratch_size asked for */
} aus_visit;

/* What to do at a node. Rules are the caller's and must outlive the walk; `user` is its own. */
struct aus_rule {
  const char *name;
  void (*apply)(const aus_rule *rule, const aus_visit *visit);
  size_t (*scratch_size)(const aus_rule *rule, const aus_visit *visit); /* NULL: none; diffs and data as in backward_scratch */
  const void *user;
  double p[4];                  /* its numbers: epsilon, gamma, ... */
};

typedef struct aus_walk_config {
  const char *from;             /* where it starts, a value or a node; NULL: output 0 */
  const char *const *to;        /* values whose diffs are wanted; NULL, 0: all inputs of the graph */
  int32_t n_to;
  bool params;                  /* the diffs of all parameters too */
  int32_t lanes;                /* diffs per value: 0 and 1: one; 2: DeepLIFT's positive and negative multipliers */
  aus_run *ref;                 /* a second run of the same bundle, shapes and flags; NULL: none */
  const aus_rule *(*rule_of)(void *user, const aus_run *run, const aus_step *step); /* NULL, or returns NULL: the op's own backward */
  void (*observe)(void *user, const aus_visit *visit); /* after each node; NULL: nobody */
  void *user;
} aus_walk_config;

/* The run must have AUS_RUN_KEEP. Names are not needed later. Errors: AUS_EINVAL (no such value, or none of `to` lies
 * before `from`), AUS_ENOTSUP (an op on the way has no way back), AUS_ELIMIT, AUS_ENOMEM. */
aus_status aus_walk_create(aus_ctx *ctx, aus_run *run, const aus_walk_config *config, aus_walk **out);
void aus_walk_destroy(aus_walk *walk);
size_t aus_walk_bytes(const aus_walk *walk);

float *aus_walk_seed(aus_walk *walk, int32_t lane, aus_dims *dims);  /* write the start here before each run (it is kept), */
aus_status aus_walk_run(aus_walk *walk);                             /* forward must have run */
const float *aus_walk_diff(const aus_walk *walk, int32_t i, int32_t lane, aus_dims *dims); /* of to[i]; NULL: `from` does not depend on it */
const float *aus_walk_param_diff(const aus_walk *walk, int32_t tensor); /* NULL: nothing depends on it. lane 0 */

/* The op's own backward at every lane: what a rule of NULL does. For rules that differ only in a detail. */
void aus_walk_own_backward(const aus_visit *visit);
size_t aus_walk_own_scratch(const aus_visit *visit);

#endif
