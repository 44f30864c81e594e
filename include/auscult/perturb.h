/* auscult/perturb.h - explaining any model of sound by hiding parts: of its spectrogram, or of its waveform.
 *
 * The model may be a network, a function or a program; it is only asked. The sound is cut into cells (tiles of its own
 * spectrogram, or stretches of time) that fade to a baseline; with all cells on it is the sound itself. docs/perturbation.md. */
#ifndef AUSCULT_PERTURB_H
#define AUSCULT_PERTURB_H

#include <auscult/explain.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum aus_perturb_method {
  AUS_PERTURB_OCCLUSION,       /* a window over the cells: mean drop of the score */
  AUS_PERTURB_ABLATION,        /* each cell alone */
  AUS_PERTURB_RISE,            /* random smooth masks */
  AUS_PERTURB_PARTITION,       /* Owen values along a tree that halves the grid */
  AUS_PERTURB_SHAPLEY,         /* exact: at most 20 cells */
  AUS_PERTURB_KERNELSHAP,
  AUS_PERTURB_PERMUTATIONSHAP
} aus_perturb_method;

enum { AUS_PERTURB_SIZES = 8 };

typedef struct aus_perturb_config {
  aus_perturb_method method;
  int32_t n_time, n_freq;      /* cells; 0: as the length of the sound suggests (four in a second, 8 to 40; 12; SHAPLEY: 4 by 3). n_freq 1: the waveform */
  aus_baseline baseline;       /* of the spectrogram (aus_components_tiles); the waveform's is silence */
  aus_scale scale;
  int64_t samples;             /* RISE: masks (1000); PARTITION: questions (500); KERNELSHAP: rows (2 M + 2048); PERMUTATIONSHAP: orders (20) */
  int32_t n_sizes;             /* OCCLUSION: window sizes in cells, time by frequency; several are a sweep: the mean of their maps. 0: 2 x 2 */
  int32_t window[AUS_PERTURB_SIZES][2], stride[AUS_PERTURB_SIZES][2]; /* stride 0: half the window, at least 1 */
  int keep;                    /* OCCLUSION: keep the window, hide the rest */
  int32_t grid;                /* RISE: cells of a mask along each axis (7) */
  double probability;          /* RISE: of staying (0.5) */
  int centred;                 /* RISE: what a cell changes, signed (1), not the mean score where it is on */
  int fixed_context;           /* PARTITION: -1 both contexts, 0 alone, 1 with everything else */
  uint64_t seed;
  const int32_t *targets;      /* NULL: all */
  int32_t n_targets;
} aus_perturb_config;
AUS_API void aus_perturb_defaults(aus_perturb_config *config);

/* Explains what the model says about sound (at its rate, with its channels). components: the cells, owned by the caller, as the
 * explanation's. weight[i].weight is the value of cell i, lo and hi its sampling error (95 %), or the value itself; Shapley methods fill
 * shapley too. map: the values spread over frames of the spectrogram, so that sums hold. Errors: AUS_EINVAL, AUS_ELIMIT, AUS_ENOTSUP (log-odds
 * of scores that are no probabilities), AUS_ENOMEM, AUS_ECANCELED, the model's. */
AUS_API aus_status aus_perturb_explain(aus_ctx *ctx, aus_model *model, const aus_audio *sound, const aus_perturb_config *config,
                                       aus_components *components, aus_explanation *out);

#ifdef __cplusplus
}
#endif
#endif
