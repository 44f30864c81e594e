/* perturb_asked.h - the arrays of a network, or of any function, as a field of cells: perturb_question.c, perturb_windows.c and
 * perturb_exchange.c ask about it. */
#ifndef AUS_PERTURB_ASKED_H
#define AUS_PERTURB_ASKED_H

#include "attrib/attrib.h"
#include "attrib/perturb.h"

/* A field over the cells of one input, or of all (input -1). Labels are items. */
typedef struct perturb_asked {
  aus_field field;
  const aus_question *q;
  int32_t input;
  float *base, *block;     /* [total]: baselines of all items; what is asked about */
  uint8_t *constant;
} perturb_asked;

/* Cell c of input k: where its item 0 starts in a block, and how many cells an item has. */
typedef struct perturb_place { int32_t input; int64_t first, per; } perturb_place;
perturb_place perturb_place_of(const perturb_asked *a, int32_t k);

/* A field over the cells of one input, or of all (input -1); close it also when opening failed. */
aus_status perturb_open(const aus_question *q, int32_t input, perturb_asked *a);
void perturb_close(perturb_asked *a);

/* Whatever numbers name the groups of config.mask, group[cells] counts them from 0 in rising order; *n says how many. */
aus_status perturb_groups(const aus_question *q, int64_t cells, int32_t *group, int32_t *n);
/* value[labels][cells] (of groups when `group` is given) into out; f of the baselines. */
void perturb_put(const perturb_asked *a, const double *value, int64_t cells, const int32_t *group, aus_attribution *out);
aus_status perturb_put_none(const perturb_asked *a, aus_attribution *out);

#endif
