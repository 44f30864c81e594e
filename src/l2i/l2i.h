/* l2i.h - an open interpreter, and what its parts share. Internal. */
#ifndef AUS_L2I_INTERNAL_H
#define AUS_L2I_INTERNAL_H

#include <auscult/l2i.h>
#include <auscult/net.h>

#include "l2i/graph.h"
#include "model/inside.h"

/* The spectrogram that the dictionary is of: the classifier's own where it has one, else n_fft and hop of the interpreter. */
typedef struct aus_l2i_spectrum { const aus_frontend *fe; aus_stft *stft; bool own; int32_t hop, bins; } aus_l2i_spectrum;
aus_status aus_l2i_spectrum_open(const aus_frontend *fe, int32_t n_fft, int32_t hop, aus_l2i_spectrum *out);
void aus_l2i_spectrum_close(aus_l2i_spectrum *s);
int64_t aus_l2i_patch_frames(const aus_l2i_spectrum *s);                 /* T */
int64_t aus_l2i_first_frame(const aus_l2i_spectrum *s, int64_t start);   /* of a patch that starts at frame or sample `start` of the classifier's */
/* 1 / largest |x|; 1 for silence. */
float aus_l2i_gain(int64_t n, const float *x);
/* x[n] -> y[bins][frames] = log(1 + gain |STFT|) of frames [first, first + frames), zero past the end. */
aus_status aus_l2i_log_spectrum(const aus_l2i_spectrum *s, int64_t n, const float *x, float gain, int64_t first, int64_t frames, float *y);

/* Fills spec's taps, classes and sigmoid from the classifier. names NULL: the last ReLU of each size of map that has 4 rows or more, the three
 * smallest. Errors: AUS_EINVAL (no such value, or one of a shape that Psi cannot take), AUS_ENOTSUP. */
aus_status aus_l2i_find_taps(aus_ctx *ctx, const aus_inside *in, int32_t n_names, const char *const *names, aus_l2i_spec *spec);
/* The value that softmax or sigmoid at the end reads, else the output. Borrowed. */
const char *aus_l2i_logits(const aus_bundle *b, bool *sigmoid);

/* Metadata of an interpreter's file, and back; classifier NULL when reading. */
void aus_l2i_write_spec(aus_builder *b, const aus_l2i_spec *spec, const aus_bundle *classifier, int32_t n_fft, int32_t hop);
aus_status aus_l2i_read_spec(const aus_bundle *b, aus_l2i_spec *spec);
/* Whether this file is for this classifier, and its layers are as the file has them. AUS_EINVAL. */
aus_status aus_l2i_check(aus_ctx *ctx, const aus_bundle *bundle, const aus_inside *in, const aus_l2i_spec *spec);

/* The classifier of one patch, its taps copied out. */
typedef struct aus_l2i_ear { aus_run *run; int32_t n_taps; int32_t logits; } aus_l2i_ear;
aus_status aus_l2i_ear_open(aus_ctx *ctx, const aus_inside *in, const aus_l2i_spec *spec, aus_l2i_ear *ear);

/* Replaces a file's bytes by the same with its large tensors in half precision; and parameters by what such a file will hold. */
aus_status aus_l2i_halve(aus_ctx *ctx, void **bytes, size_t *size);
/* A file again, with large tensors in half precision, strings of metadata replaced (or added), numbers of tensors replaced (same shapes). */
typedef struct aus_l2i_change { bool halve; int32_t n_words, n_tensors; const char *const *key, *const *word; const char *const *tensor; const float *const *data; } aus_l2i_change;
aus_status aus_l2i_rewrite(aus_ctx *ctx, const aus_bundle *from, const aus_l2i_change *change, void **bytes, size_t *size);
void aus_l2i_round_params(int32_t n, const aus_param *param);

struct aus_interpreter {
  aus_ctx *ctx;
  aus_model *model;
  aus_inside in;
  aus_bundle *bundle;
  aus_l2i_spec spec;
  aus_l2i_spectrum spectrum;
  aus_l2i_ear ear;
  aus_run *run;                 /* of the interpreter's graph, one patch */
  float *scratch;               /* one patch */
  const float *w, *theta;
  const char *tap[AUS_L2I_TAPS];
  aus_interpreter_info info;
};

#endif
