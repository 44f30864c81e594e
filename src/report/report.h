/* report.h - shows an explanation: as JSON, and as one self-contained page.
 *
 * Reads nothing but the explanation, the components and facts that the caller states. */
#ifndef AUS_REPORT_H
#define AUS_REPORT_H

#include <auscult/explain.h>
#include "core/json.h"
#include "core/json_read.h"
#include "report/sound.h"

/* A line of provenance: what a reader needs to repeat or doubt the result. */
typedef struct aus_fact { const char *label, *text; } aus_fact;

/* Lines of provenance made from a result's JSON, which must outlive them. */
enum { AUS_MAX_FACTS = 24, AUS_FACT_TEXT = 4096 };
typedef struct aus_facts { aus_fact fact[AUS_MAX_FACTS]; char text[AUS_MAX_FACTS][AUS_FACT_TEXT]; int n; } aus_facts;
/* The line above a page's title. */
void aus_report_subtitle(char *text, size_t size, const char *model, double seconds, double offset);
void aus_facts_of(const aus_json_tree *result, aus_facts *out);

typedef struct aus_report {
  const char *title;                    /* the input's name */
  double offset;                        /* where in its file the sound begins [s] */
  int32_t file_rate;                    /* of its file [Hz]; 0: not known */
  const char *subtitle;                 /* in a line: what was asked of whom */
  const aus_explanation *explanation;
  const aus_components *components;
  const aus_tracks *tracks;             /* encoded; NULL: the sound is not there */
  const char *const *track_file;        /* NULL: the sound is in the page; else [tracks->n] links relative to it */
  const char *sound_folder;             /* their folder, as the page names it */
  const aus_spectrogram *spectrogram;   /* NULL: the model shows none */
  bool spectrogram_ours;                /* it is of the input and by us: the model's own view is not known */
  const char *front_end;
  const aus_fact *fact;
  int32_t n_facts;
  const char *const *note;              /* what the library remarked on the way */
  int32_t n_notes;
  const char *json;                     /* the JSON result, written for_html */
} aus_report;

/* The page, whole or not at all. AUS_EEXIST unless replace; AUS_EIO, AUS_ENOMEM. */
aus_status aus_report_write(aus_ctx *ctx, const aus_report *report, const char *path, int replace);

/* Members "method", "components", "evaluated" and "targets" of schema auscult.explanation/1 (docs/json.md). */
void aus_explanation_json(aus_json *j, const aus_explanation *e, const aus_components *c);

/* ---- how far to trust a target's numbers, in words ------------------------------------------ */

/* All of it in one: the worse of fit and stability, as a sentence. */
typedef enum aus_trust { AUS_TRUST_GOOD, AUS_TRUST_FAIR, AUS_TRUST_POOR, AUS_TRUST_NONE } aus_trust;
aus_trust aus_trust_verdict(const aus_explanation *e, const aus_target_explanation *t, char *words, size_t size);
/* Whether there is a map and no surrogate: fit and chance are not the questions then. */
bool aus_trust_of_map(const aus_target_explanation *t);
/* On the surrogate's weighted R2: "the weights describe the model well on these mixes". */
const char *aus_trust_fit(double r2);
/* On rank stability over seeds; on the Shapley sum. */
const char *aus_trust_stability(double stability, bool exhaustive);
bool aus_trust_additive(const aus_target_explanation *t);

/* Components by falling |value|, where value is the Shapley value when there is one, else the weight; order[n]. */
void aus_rank_components(const aus_target_explanation *t, int32_t n, int32_t *order);
double aus_component_value(const aus_weight *w);

#endif
