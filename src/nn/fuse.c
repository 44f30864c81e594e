/* fuse.c - what can hide behind a linear op's stores.
 *
 * conv -> batch_norm -> relu, conv -> relu -> batch_norm -> maximum over width (musicnn's front end) and their like
 * are one pass over memory when the op applies the rest to each value before it stores it. A node is fused only when
 * nobody else reads what lies between: a tap or an output there keeps the nodes apart. */
#include "nn/run.h"

/* The one step that reads the step's result, or -1. */
static int32_t only_reader(const aus_run *r, int32_t v)
{
  const aus_slot *s = &r->slot[v];
  if (s->pinned || s->n_readers != 1 || r->step[s->last_reader].in_value[0] != v) return -1;
  return s->last_reader;
}

static bool take_activation(aus_step *s, const aus_step *next)
{
  static const struct { int32_t op, act; uint32_t bit; } acts[] = {
    { AUS_OP_relu, AUS_ACT_RELU, AUS_FUSE_RELU }, { AUS_OP_leaky_relu, AUS_ACT_LEAKY, AUS_FUSE_LEAKY }, { AUS_OP_elu, AUS_ACT_ELU, AUS_FUSE_ELU } };
  if (s->epilogue.act != AUS_ACT_NONE || s->affine >= 0) return false;
  for (int i = 0; i < 3; i++)
    if (next->call.op == acts[i].op && (s->op->impl->fuses & acts[i].bit)) {
      s->epilogue.act = acts[i].act;
      s->epilogue.alpha = acts[i].act == AUS_ACT_RELU ? 0 : next->call.attr[0].f;
      return true;
    }
  return false;
}

/* Its channel is axis 1, which must be the channel of the op before; its five operands must be at hand. */
static bool take_batch_norm(const aus_run *r, aus_step *s, const aus_step *next, int32_t index)
{
  if (next->call.op != AUS_OP_batch_norm || s->affine >= 0) return false;
  if (s->call.op == AUS_OP_linear && s->call.out[0].shape.rank != 2) return false;
  for (int32_t k = 1; k < 5; k++)
    if (!r->slot[next->in_value[k]].constant) return false;
  if (s->epilogue.act == AUS_ACT_NONE && s->fold < 0 && s->spread < 0) {
    if (!r->slot[s->in_value[1]].constant || (s->in_value[2] != AUS_NO_VALUE && !r->slot[s->in_value[2]].constant)) return false;
    s->fold = index;
    return true;
  }
  if (!(s->op->impl->fuses & AUS_FUSE_AFFINE)) return false;
  s->affine = index;
  return true;
}

/* The maximum over all of the last axis, written as a reduction or as a pooling window of full width. */
static bool take_max(aus_step *s, const aus_step *next)
{
  if (!(s->op->impl->fuses & AUS_FUSE_MAX_W) || s->epilogue.max_w) return false;
  const aus_shape *d = &s->call.out[0].shape;
  const aus_word *a = next->call.attr;
  const int64_t width = d->dim[d->rank - 1];
  const bool reduces = next->call.op == AUS_OP_reduce_max && a[0].i == 1 << (d->rank - 1);
  const bool pools = next->call.op == AUS_OP_max_pool && d->rank == 4 && a[0].i == 1 && a[1].i == width && a[2].i == 1 &&
                     !a[4].i && !a[5].i && !a[6].i && !a[7].i && aus_shape_count(&next->call.out[0].shape) == aus_shape_count(d) / width;
  if (!reduces && !pools) return false;
  s->epilogue.max_w = true;
  return true;
}

static void fuse_step(aus_run *r, aus_step *s)
{
  for (;;) {
    const int32_t i = only_reader(r, s->out_value[0]);
    if (i < 0 || s->epilogue.max_w) return;
    aus_step *next = &r->step[i];
    if (!take_activation(s, next) && !take_batch_norm(r, s, next, i) && !take_max(s, next)) return;
    next->state = AUS_STEP_FUSED;
    r->slot[s->out_value[0]].absent = true; /* what lies between needs no memory */
    s->out_value[0] = next->out_value[0];
    r->slot[s->out_value[0]].writer = (int32_t)(s - r->step);
    if (s->epilogue.max_w) s->call.out[0].shape.dim[s->call.out[0].shape.rank - 1] = 1;
  }
}

void aus_run_fuse(aus_run *r)
{
  if (r->flags & (AUS_RUN_NO_FUSION | AUS_RUN_KEEP | AUS_RUN_TRAINING) || r->param) return; /* own parameters may change */
  aus_run_spread(r);
  for (int32_t i = 0; i < r->n_steps; i++) {
    aus_step *s = &r->step[i];
    const bool linear_op = s->call.op == AUS_OP_conv || s->call.op == AUS_OP_linear || s->call.op == AUS_OP_conv_transpose;
    if (s->state != AUS_STEP_RUNS || !linear_op) continue;
    fuse_step(r, s);
    if (s->epilogue.act != AUS_ACT_NONE || s->affine >= 0 || s->epilogue.max_w) s->call.epilogue = &s->epilogue;
  }
}
