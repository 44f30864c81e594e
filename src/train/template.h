/* template.h - the network before its first step, as a bundle, and copies of a bundle with other values. */
#ifndef AUS_TRAIN_TEMPLATE_H
#define AUS_TRAIN_TEMPLATE_H

#include "format/writer.h"
#include "train/data.h"

typedef struct aus_template { void *bytes; aus_bundle *bundle; aus_frontend *fe; } aus_template;

/* The recipe's network with fresh parameters, or what the file named by `init` holds, its last layer made anew where the
 * labels differ in number; front end, labels and scores as metadata. */
aus_status aus_template_create(const aus_recipe *r, const aus_data *d, uint64_t seed, aus_template *out);
void aus_template_free(aus_template *t);

/* The front end of the recipe alone, as metadata; AUS_EFORMAT with the line. */
aus_status aus_template_frontend(const aus_recipe *r, aus_builder *b);

/* Metadata, tensors and graph of another bundle; value[i] replaces tensor i where it is not NULL. */
aus_status aus_template_copy(aus_builder *b, const aus_bundle *from, float *const *value);

/* The value that the loss is taken of: what softmax or sigmoid at the end reads, else the output itself. Borrowed. */
aus_status aus_template_logits(aus_ctx *ctx, const aus_bundle *b, int loss, const char **name);

#endif
