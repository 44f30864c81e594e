/* stems_net.h - the end of a separator's network. Internal. */
#ifndef AUS_TRAIN_STEMS_NET_H
#define AUS_TRAIN_STEMS_NET_H

#include "train/layer.h"

/* Heads behind what the recipe's layers end in, and the output. */
aus_status aus_stems_finish(aus_net *n);

#endif
