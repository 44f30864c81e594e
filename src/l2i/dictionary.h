/* dictionary.h - the dictionary of a training. Internal. */
#ifndef AUS_L2I_DICTIONARY_H
#define AUS_L2I_DICTIONARY_H

#include "l2i/l2i.h"
#include "train/trainer.h"

/* The recipe's dictionary, or one learnt from the clips that train: w[bins][*atoms], columns of norm one, owned by the caller. */
aus_status aus_l2i_dictionary(const aus_trainer *t, const aus_l2i_spectrum *spectrum, int32_t *atoms, float **w);

#endif
