/* initialise.h - what parameters are before the first step. */
#ifndef AUS_TRAIN_INITIALISE_H
#define AUS_TRAIN_INITIALISE_H

#include "core/core.h"

typedef enum aus_init_kind { AUS_INIT_CONSTANT, AUS_INIT_UNIFORM, AUS_INIT_NORMAL } aus_init_kind;
typedef struct aus_init { aus_init_kind kind; double value; } aus_init; /* the constant, the bound, the standard deviation */

/* "torch", "kaiming_uniform", "kaiming_normal", "kaiming_normal_out", "xavier_uniform", "xavier_normal", "gaussian:STD", "uniform:BOUND", "constant:VALUE" for weights
 * that each output sums over fan_in inputs, and each input reaches fan_out outputs. false: no such word. */
bool aus_init_by_name(const char *name, double fan_in, double fan_out, aus_init *out);
extern const char *const aus_init_names[]; /* ends in NULL */

/* Draws of parameter number `item`: the same whatever else the network holds before it. */
void aus_init_fill(const aus_init *init, uint64_t seed, uint64_t item, int64_t n, float *x);

#endif
