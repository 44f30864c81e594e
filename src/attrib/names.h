/* names.h - values and targets by name. */
#ifndef AUS_ATTRIB_NAMES_H
#define AUS_ATTRIB_NAMES_H

#include "attrib/attrib.h"

/* The value of this name, or the first output of the node of this name; -1. Parameters are not found. */
int32_t aus_graph_value_named(const aus_graph *g, const char *name);
int32_t aus_graph_writer(const aus_graph *g, int32_t value);  /* node; -1: an input or a parameter */
int32_t aus_graph_reads(const aus_graph *g, int32_t value);   /* what its node reads first; itself for an input */
/* What a softmax, log-softmax or sigmoid at the end reads, *node being that one; `value` itself when there is none. */
int32_t aus_graph_logits(const aus_graph *g, int32_t value, int32_t *node);

/* target[items] of a text (attrib.h of the public headers); scores[items][per_item] for "top1". */
aus_status aus_attrib_read_target(const aus_question *q, const char *text, const float *scores, int32_t *target);

#endif
