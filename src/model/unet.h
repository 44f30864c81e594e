/* unet.h - Spleeter's U-Net as a graph [Hennequin20; Jansson17]. Internal. */
#ifndef AUS_MODEL_UNET_H
#define AUS_MODEL_UNET_H

#include "format/writer.h"

typedef struct aus_unet {
  int32_t n;                  /* stems */
  const char *const *stem;    /* [n] names: parameters are called STEM.conv1.weight, ... */
  int32_t channels, bins;     /* of the input [mb, channels, frames, bins]; frames and bins: multiples of 64 */
  int32_t filters;            /* of the first convolution, then doubled five times; 16 as published */
  int elu;                    /* ELU everywhere (4 and 5 stems); else leaky ReLU 0.2 down, ReLU up */
  int softmax;                /* over the stems (5 stems); else a sigmoid each */
  uint64_t seed;              /* He's uniform initialisation */
  /* Instead of that, the values of a parameter; NULL: none. */
  void (*fill)(void *user, const char *name, int64_t n, float *x);
  void *user;
} aus_unet;

enum { AUS_UNET_LEVELS = 6 };

/* Adds the graph behind value `input`: *output = magnitudes [mb, n channels, frames, bins], stem by stem, the input times *mask
 * [mb, n, channels, frames, bins] (NULL: not wanted). Everything that Spleeter
 * trains is there, the batch norm behind the sixth convolution too, which nothing reads. Errors stick to b. AUS_EINVAL: sizes. */
aus_status aus_unet_add(aus_ctx *ctx, aus_builder *b, const aus_unet *u, int32_t input, int32_t *mask, int32_t *output);
/* Numbers in the parameters of one stem's network: 9 826 759 as published. */
int64_t aus_unet_parameters(const aus_unet *u);

/* A whole separator with fresh parameters: metadata (44.1 kHz, frames of 4096 every 1024, patches of 512), input, graph. u->stem are
 * the labels. The bytes are the caller's (aus_free). */
aus_status aus_unet_separator(aus_ctx *ctx, const aus_unet *u, void **bytes, size_t *size);
/* As published for 2, 4 or 5 stems, AUS_EINVAL for others. */
aus_status aus_unet_spleeter(aus_ctx *ctx, int32_t stems, aus_unet *u);

#endif
