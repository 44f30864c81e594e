/* network.h - the state behind a network model. */
#ifndef AUS_MODEL_NETWORK_H
#define AUS_MODEL_NETWORK_H

#include <auscult/net.h>
#include "model/frontend.h"

typedef struct aus_network {
  aus_ctx *ctx;
  aus_bundle *bundle;
  aus_frontend *fe;
  int32_t targets;
  aus_run **run; /* [threads] of which n_runs are made, planned for patches of run_length */
  int32_t n_runs;
  int64_t run_length;
} aus_network;

#endif
