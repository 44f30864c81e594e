/* layer_unet.c - Spleeter's U-Net in a recipe: `net unet`, or `unet filters=8 elu=yes` for another size [Hennequin20].
 *
 * The graph is that of src/model/unet.c, the one that the converter makes of the published files, with the same names of parameters; only one channel, for training
 * hears mono. A network per label, masks by [separator]'s word (published: sigmoid for 2 and 4 stems, softmax for 5), ELU from three stems on. */
#include "train/layer.h"

#include "model/unet.h"

#include <string.h>

static aus_status fits(const aus_net *n)
{
  const aus_dims *d = &n->at.shape;
  char text[96];
  if (!n->r->separator.line) return aus_layer_bad(n, "it is a separator: it needs a [separator] section");
  if (n->r->labels.n != n->classes) return aus_layer_bad(n, "it needs a label for each of its %d stems", (int)n->classes);
  if (d->rank == 4 && d->dim[1] == 1 && d->dim[2] % 64 == 0 && d->dim[3] % 64 == 0) return AUS_OK;
  return aus_layer_bad(n, "it halves its maps six times: patch_frames and bins must be multiples of 64, here is %s", aus_shape_text(d, text));
}

aus_status aus_layer_unet(aus_net *n, int32_t op)
{
  aus_unet u = { .n = n->classes, .stem = n->r->labels.word, .channels = 1, .softmax = n->r->separator.mask == 1, .seed = n->seed };
  int32_t elu, output;
  (void)op;
  AUS_TRY(fits(n));
  u.bins = (int32_t)n->at.shape.dim[3];
  AUS_TRY(aus_layer_number(n, "filters", aus_layer_option(n, "filters", "16"), 1, 256, &u.filters));
  AUS_TRY(aus_layer_flag(n, "elu", n->classes > 2 ? "yes" : "no", &elu));
  u.elu = elu;
  const int64_t numbers = aus_unet_parameters(&u) * u.n;
  if (numbers > n->room) return aus_layer_bad(n, "the network has too many parameters");
  n->room -= numbers;
  AUS_TRY(aus_unet_add(n->ctx, n->b, &u, n->at.value, &n->masks, &output));
  n->at.value = output;
  n->at.shape.dim[1] = u.n;
  return AUS_OK;
}
