/* inside.h - a network model opened up: for methods that go through its graph. */
#ifndef AUS_MODEL_INSIDE_H
#define AUS_MODEL_INSIDE_H

#include "model/frontend.h"

/* Borrowed from the model. */
typedef struct aus_inside { aus_bundle *bundle; const aus_frontend *fe; int32_t targets; } aus_inside;

/* AUS_ENOTSUP for a callback or a program: there is nothing to look into. */
aus_status aus_model_inside(aus_model *model, aus_inside *out);

#endif
