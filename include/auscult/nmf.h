/* auscult/nmf.h - non-negative matrix factorisation by multiplicative updates.
 *
 * V ~ W H with V [bins][frames], W [bins][atoms], H [atoms][frames], all row-major and
 * non-negative. Two objectives:
 *   sparse (unit_norm = 1)  D_beta(V | W~ H) + sum mu_k H_kn, W~ = W with columns of L2 norm one,
 *                           the norm inside the objective [LeRoux15]
 *   plain  (unit_norm = 0)  D_beta(V | W H) + mu sum H, W free: scikit-learn's with alpha_W = 0,
 *                           l1_ratio = 1 and alpha_H bins = mu
 * with D_2 = 1/2 sum (v - l)^2, D_1 = sum v log(v/l) - v + l, D_0 = sum v/l - log(v/l) - 1. */
#ifndef AUSCULT_NMF_H
#define AUSCULT_NMF_H

#include <auscult/core.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct aus_nmf_config {
  int32_t atoms;            /* K */
  double beta;              /* 2 Euclidean, 1 Kullback-Leibler, 0 Itakura-Saito, or any real */
  double mu;                /* sparsity weight on every entry of H */
  const double *mu_atom;    /* [atoms] instead of mu, or NULL */
  int unit_norm;            /* 1: sparse objective; 0: plain */
  int32_t max_iterations;
  double tolerance;         /* stop when |last - now| < tolerance * |now|; 0: never. Looked at every 10th time */
  uint64_t seed;
  int warm_w, warm_h;       /* 1: the array holds a start; 0: drawn uniformly from (0, 1) */
  const uint8_t *frozen;    /* [atoms], 1: this column of W stays as given (needs warm_w); NULL: none */
} aus_nmf_config;

/* atoms 0 must be set; beta 2, mu 0, unit_norm 1, 200 iterations, tolerance 1e-5, seed 1. */
AUS_API void aus_nmf_defaults(aus_nmf_config *config);

/* A start to hand to aus_nmf_fit with warm_w and warm_h: drawn, |N(0,1)| sqrt(mean / atoms); or from the singular vectors of V
 * [Boutsidis08], whose zeros stay zero under multiplicative updates (NNDSVD) or are filled with the mean of V (NNDSVDA).
 * As scikit-learn's init= "random" (its law, not its numbers), "nndsvd", "nndsvda". Errors: AUS_EINVAL (V negative or not finite), AUS_ENOMEM. */
typedef enum aus_nmf_init { AUS_NMF_RANDOM, AUS_NMF_NNDSVD, AUS_NMF_NNDSVDA } aus_nmf_init;
AUS_API aus_status aus_nmf_start(aus_ctx *ctx, aus_nmf_init init, int32_t atoms, int64_t bins, int64_t frames, const float *v,
                                 uint64_t seed, float *w, float *h);

typedef struct aus_nmf_result {
  int32_t iterations;
  double objective;         /* as above, at the end */
  double start;             /* ... and before the first update */
  int converged;
} aus_nmf_result;

/* Fits W and H in place. Zeros of V count as the smallest positive value of V unless beta is 2.
 * Same bits for any number of threads. Errors: AUS_EINVAL (negative or non-finite V, all zero V,
 * bad configuration), AUS_ENOMEM, AUS_ECANCELED. result may be NULL. */
AUS_API aus_status aus_nmf_fit(aus_ctx *ctx, const aus_nmf_config *config, int64_t bins, int64_t frames,
                               const float *v, float *w, float *h, aus_nmf_result *result);

/* Activations H of V on a fixed dictionary W (used as it is, columns of any norm). */
AUS_API aus_status aus_nmf_project(aus_ctx *ctx, const aus_nmf_config *config, int64_t bins, int64_t frames,
                                   const float *v, const float *w, float *h, aus_nmf_result *result);

/* Merges atoms whose cosine is above `cosine` into the one of smallest index: group[k] is the
 * index in the merged dictionary of old atom k; merged columns are the mean weighted by activation
 * energy (norm of the columns restored), rows of H add. Returns the new number of atoms in *atoms. W and H
 * are rewritten in place as [bins][*atoms] and [*atoms][frames]. */
AUS_API aus_status aus_nmf_merge(aus_ctx *ctx, double cosine, int64_t bins, int64_t frames, int32_t *atoms,
                                 float *w, float *h, int32_t *group);

#ifdef __cplusplus
}
#endif
#endif
