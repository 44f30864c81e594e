/* recipe.h - what is to be trained on what and how, as a text file says it (docs/training.md). */
#ifndef AUS_TRAIN_RECIPE_H
#define AUS_TRAIN_RECIPE_H

#include "train/loss.h"
#include "train/optimiser.h"
#include "train/schedule.h"

typedef struct aus_words { int32_t n; const char **word; } aus_words;
typedef struct aus_reals { int32_t n; double *value; } aus_reals;

/* A line of [frontend] (key and value) or of [network] (a layer and its words). */
typedef struct aus_recipe_line { int32_t line; aus_words words; } aus_recipe_line;
typedef struct aus_recipe_lines { int32_t n; aus_recipe_line *item; } aus_recipe_lines;

enum { AUS_MAX_SETS = 8 };

/* One [data] section. train, valid and test are conditions on the manifest's columns, "split=train speaker!=theo,lucas". */
typedef struct aus_recipe_data { const char *manifest, *root; aus_words train, valid, test, targets; double weight; int32_t line; } aus_recipe_data;

/* The [interpreter] section (src/l2i); line 0: there is none. */
typedef struct aus_recipe_interpreter {
  int32_t line;
  const char *classifier, *dictionary;
  aus_words taps;
  double conciseness;
  int method;
  int layout, max_pooling, cache_single, payload_half;
  int64_t atoms, n_fft, hop, fidelity_epoch, dictionary_frames, dictionary_iterations;
  double dropout, fidelity, fidelity_later, reconstruction, sparsity, dictionary_sparsity, dictionary_beta;
  int64_t chunk, picks, width;
  double temperature, beta, inside, outside;
} aus_recipe_interpreter;

/* The [separator] section (stems.c); line 0: there is none. */
typedef struct aus_recipe_separator {
  int32_t line;
  aus_words mix;
  int mask, squared, magnitude, notes; /* mask: 0 sigmoid, 1 softmax */
  int64_t bins, embedding;
  double exponent, mask_weight, embedding_weight, notes_weight;
} aus_recipe_separator;

typedef struct aus_recipe {
  aus_ctx *ctx;
  char *name;                 /* of the file, for messages */
  char *folder;               /* relative paths start here; "" or ends in '/' */
  char *text, *cut;           /* as it was, and cut into words */
  size_t size;
  char sha256[65];
  /* [model] */
  const char *title, *licence, *source, *init;
  aus_words labels;
  aus_recipe_lines frontend, network;
  /* [data] */
  int32_t n_sets;
  aus_recipe_data set[AUS_MAX_SETS];
  /* [augment] */
  double gain_db, speed, bells_db, remix, mixup, add, add_snr_low, add_snr_high;
  const char *noise, *noise_root;
  int64_t bells, freq_masks, freq_width, time_masks, time_width;
  int mask_mean, random_start, random_pad;
  /* [train] */
  int64_t epochs, batch, seed, epoch_items, cache_mb, explain;
  double checkpoint_minutes, norm_momentum;
  int monitor_score;
  aus_words freeze;
  int loss, optimiser, schedule;
  double smoothing;
  aus_reals class_weights, positive_weights, milestones;
  aus_optimiser_config descent;
  aus_schedule_config rate;
  aus_recipe_interpreter interpreter;
  aus_recipe_separator separator;
} aus_recipe;

/* Strict: an unknown section, key, word or number out of range is AUS_EFORMAT with "NAME:LINE: ...", an unknown key with the
 * nearest known one. path is only for messages and for where relative paths start. */
aus_status aus_recipe_parse(aus_ctx *ctx, const char *path, const char *text, size_t size, aus_recipe **out);
aus_status aus_recipe_read(aus_ctx *ctx, const char *path, aus_recipe **out);
void aus_recipe_free(aus_recipe *r);

/* "NAME:LINE: " before the text; returns AUS_EFORMAT. line 0: no line. */
aus_status aus_recipe_fail(const aus_recipe *r, int32_t line, const char *format, ...) AUS_PRINTF(3, 4);

/* A path of the recipe from the program's working directory, owned by the caller. */
char *aus_recipe_path(const aus_recipe *r, const char *path);

/* ---- words, numbers -------------------------------------------------------------------------- */
bool aus_word_integer(const char *text, int64_t low, int64_t high, int64_t *value);
bool aus_word_real(const char *text, double low, double high, double *value);
/* The nearest of n words by edit distance; NULL when n is 0. */
const char *aus_word_nearest(const char *text, int32_t n, const char *const *word);

#endif
