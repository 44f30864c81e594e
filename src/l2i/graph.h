/* graph.h - the interpreter as an ordinary graph: Psi, Theta, and the three terms of its loss. */
#ifndef AUS_L2I_GRAPH_H
#define AUS_L2I_GRAPH_H

#include "l2i/net.h"
#include "model/frontend.h"

enum { AUS_L2I_TAPS = 8, AUS_L2I_NAME = 96 };

/* What learns on the classifier: an interpreter, FLINT's attributes (flint.c), VIBI's chunks (vibi.c), L-MAC's mask (lmac.c). */
typedef enum aus_l2i_method { AUS_L2I_ATOMS, AUS_L2I_FLINT, AUS_L2I_VIBI, AUS_L2I_LMAC } aus_l2i_method;

/* A hidden value of the classifier for one patch: [mb, c, freq, time], or [mb, c, time, freq] when turned, or [mb, c, time] (rank 3, freq 1). */
typedef struct aus_l2i_tap { char name[AUS_L2I_NAME]; int32_t rank; int64_t c, freq, time; bool turned; } aus_l2i_tap;

typedef struct aus_l2i_spec {
  int32_t n_taps;
  aus_l2i_tap tap[AUS_L2I_TAPS];
  bool vgg;                  /* the layout of [Parekh22]; false: the general rule */
  int32_t atoms, classes, bins;
  int64_t frames;            /* T, of a patch */
  bool max_pooling;          /* false: attention */
  double dropout;            /* of the pooling */
  bool sigmoid;              /* the classifier's scores are independent */
  aus_l2i_method method;     /* FLINT: `atoms` counts attributes */
  int32_t rows, columns, picks; /* VIBI: the grid of chunks, and how many of them are seen */
  double temperature;        /* of its draws */
  int32_t width, bands;      /* L-MAC: channels of its decoder; bands of the front end */
} aus_l2i_spec;

/* Whether the published layout fits: three taps of 16, 8 and 4 rows, each (but for cropping) half as long as the one before. */
bool aus_l2i_fits_vgg(int32_t n_taps, const aus_l2i_tap *tap);

/* What is in the graph: H [mb, K, T], the pooled z [mb, K], the logits [mb, C], and the frames' weights a [mb, T, 1] (-1 for max pooling). */
typedef struct aus_l2i_values { int32_t h, z, logits, attention; } aus_l2i_values;

/* All layers on one grid [mb, channels, rows, frames], before Psi's tail. */
typedef struct aus_l2i_joined { int32_t value; int64_t channels, rows, frames; } aus_l2i_joined;
aus_l2i_joined aus_l2i_join(aus_l2i_net *n, const aus_l2i_spec *spec);
int32_t aus_l2i_psi(aus_l2i_net *n, const aus_l2i_spec *spec);                       /* H from the inputs tap0, tap1, ... which it makes */
void aus_l2i_theta(aus_l2i_net *n, const aus_l2i_spec *spec, aus_l2i_values *v);    /* from v->h */

/* For use: inputs tap0 ...; outputs logits, z, H, and the attention where there is one. */
void aus_l2i_graph(aus_l2i_net *n, const aus_l2i_spec *spec);
/* For training: also the inputs "x" [mb, F, T] and "target" [mb, C] (the classifier's probabilities) and the parameter "dictionary.w"
 * [F][K]; the output "terms" [3] holds L_FID (a mean over the batch), the sum of (X - W H)^2 and the sum of |H|. The loss is a weighted
 * sum of these, so the weights are what a walk from "terms" starts with. */
void aus_l2i_training_graph(aus_l2i_net *n, const aus_l2i_spec *spec);
/* L_FID alone, as there, of logits against the input "target". */
int32_t aus_l2i_fidelity(aus_l2i_net *n, const aus_l2i_spec *spec, int32_t logits, int32_t target);

/* ---- FLINT [Parekh21] (flint.c) -------------------------------------------------------------------------- */

enum { AUS_FLINT_TERMS = 4 };
/* For use: inputs tap0 ...; outputs logits and attributes [mb, J]. */
void aus_flint_graph(aus_l2i_net *n, const aus_l2i_spec *spec);
/* For training: inputs as above, without a dictionary; "terms" [4]: L_FID, sum of (X - decoded)^2, mean entropy of a clip's attributes less the entropy of
 * the batch's mean, sum of attributes. */
void aus_flint_training_graph(aus_l2i_net *n, const aus_l2i_spec *spec);

/* ---- VIBI [Bang21] (vibi.c) ------------------------------------------------------------------------------ */

enum { AUS_VIBI_TERMS = 2 };
/* The grid for chunks of about `chunk` x `chunk` bins and frames. */
void aus_vibi_grid(int64_t chunk, aus_l2i_spec *spec);
/* For use: inputs "x" [mb, F, T] and "pick" [mb, d], which chunks are seen; outputs the approximator's logits [mb, C] and the explainer's [mb, d]. */
void aus_vibi_graph(aus_l2i_net *n, const aus_l2i_spec *spec);
/* For training: inputs "x", "gumbel" [mb, k, d] and "target" [mb, C]; "terms" [2]: L_FID, and minus the entropy of the chunks' distribution; then the logits. */
void aus_vibi_training_graph(aus_l2i_net *n, const aus_l2i_spec *spec);
/* pick[d] = 1 for the k chunks of the largest logits (of equal ones the first), else 0. */
void aus_vibi_pick(const aus_l2i_spec *spec, const float *chunks, float *pick);
/* n standard Gumbel draws of item `item`. */
void aus_vibi_gumbel(uint64_t seed, uint64_t item, int64_t n, float *g);

/* ---- L-MAC, small [Paissan24] (lmac.c) ------------------------------------------------------------------- */

/* Inputs tap0 ...; the output "mask" [mb, T, F] in (0, 1). The parameter "warp" [bands][bins] says how bands become bins; it does not train. */
void aus_lmac_graph(aus_l2i_net *n, const aus_l2i_spec *spec);
/* warp[bands][bins] of a front end: each bin lies between the centres of two bands, and has its share of both. */
void aus_lmac_warp(const aus_frontend *fe, float *warp);
/* The shape of a tap for mb patches. */
aus_dims aus_l2i_tap_dims(const aus_l2i_tap *tap, int64_t mb);
/* The input for tap i of a graph, as [mb, c, freq, time]. */
int32_t aus_l2i_tap_input(aus_l2i_net *n, const aus_l2i_spec *spec, int32_t i);

#endif
