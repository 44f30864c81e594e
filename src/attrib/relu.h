/* relu.h - guided backpropagation for others to use. */
#ifndef AUS_ATTRIB_RELU_H
#define AUS_ATTRIB_RELU_H

#include "attrib/attrib.h"

/* value[aus_question_size] */
aus_status aus_question_guided(const aus_question *q, float *value, aus_attribution *out);

#endif
