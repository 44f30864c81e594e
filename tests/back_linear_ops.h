/* back_linear_ops.h - the ops whose way back test_back_linear.c judges; all others are test_back.c's. Both include it. */
#ifndef AUS_BACK_LINEAR_OPS_H
#define AUS_BACK_LINEAR_OPS_H

static const char *const back_linear_ops[] = { "conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm", "group_norm",
  "max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "dropout" };

#endif
