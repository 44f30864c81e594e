/* fit.h - what the parts of a factorisation share. */
#ifndef AUS_NMF_FIT_H
#define AUS_NMF_FIT_H

#include <auscult/nmf.h>

#include "nmf/product.h"

enum { AUS_NMF_CHUNKS = 8 };

/* Memory of one chunk of frames, so that no two threads share any. Rows of panels are `ld` apart. */
typedef struct aus_nmf_chunk {
  float *plane;          /* [bins][ld]: W H, then V (W H)^(beta-2); Euclidean: V */
  float *power;          /* [bins][ld]: (W H)^(beta-1), where it is not 1 */
  float *row;            /* [ld]: a row of V with its zeros raised */
  float *num, *den;      /* [atoms][ld] */
  float *ht;             /* H' packed for the W sums */
  float *N, *P;          /* [bins][atoms]; Euclidean: P is [atoms][atoms] = H H'; Kullback-Leibler: [atoms] row sums of H */
  double divergence, penalty;
} aus_nmf_chunk;

typedef struct aus_nmf_fitting {
  aus_ctx *ctx;
  const aus_nmf_config *config;
  int64_t bins, frames;
  int32_t atoms;
  int64_t panel, ld;     /* frames in a panel; floats from row to row of one */
  const float *v;
  float *w;
  float *h;              /* panel after panel [atoms][ld], zero beyond the last frame */
  aus_packed w_rows, w_columns, gram; /* W, W', W'W (Euclidean) as left factors */
  float *wtw;            /* [atoms][atoms] */
  float *w_sum;          /* [atoms] column sums */
  float *wp;             /* [bins][atoms] W (H H') */
  void *scratch;         /* of products of whole matrices */
  float *mu;             /* [atoms] */
  float floor;           /* what zeros of V count as; 0: there are none, or they may stay */
  bool learn_w;
  int chunks;
  aus_nmf_chunk chunk[AUS_NMF_CHUNKS];
} aus_nmf_fitting;

static inline bool aus_nmf_euclidean(const aus_nmf_fitting *f) { return f->config->beta == 2.0; }
static inline bool aus_nmf_kullback(const aus_nmf_fitting *f) { return f->config->beta == 1.0; }

static inline int64_t aus_nmf_panels(const aus_nmf_fitting *f) { return (f->frames + f->panel - 1) / f->panel; }

/* Elements of P. */
int64_t aus_nmf_p_count(const aus_nmf_fitting *f);

/* panel.c: memory of a chunk (NULL: none); the H step of panel number p, and its part of N and P; the objective of the same
 * frames as they are. first: the sums start here. */
float *aus_nmf_chunk_alloc(const aus_nmf_fitting *f, aus_nmf_chunk *c);
void aus_nmf_panel_update(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t p, bool first);
void aus_nmf_panel_measure(const aus_nmf_fitting *f, aus_nmf_chunk *c, int64_t p, bool first);
/* H [atoms][frames] into panels, and back. */
void aus_nmf_h_in(const aus_nmf_fitting *f, const float *h);
void aus_nmf_h_out(const aus_nmf_fitting *f, float *h);

/* columns.c: what the H step needs of W; the W step from chunk 0's N and P; columns not frozen to norm one. */
void aus_nmf_prepare_w(aus_nmf_fitting *f);
void aus_nmf_update_w(aus_nmf_fitting *f);
void aus_nmf_normalise(aus_nmf_fitting *f);

#endif
