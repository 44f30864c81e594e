/* measure_masks.c - each method's mask at 10, 20 and 40 % of the energy: what the classifier says of it, and of what it leaves.
 *
 * A method's map is an order of the bins; the first bins that hold so much of the energy are the mask. So methods that mark little and methods that
 * mark all are compared at the same energy; the whole input stands beside as "ones". Masks that
 * a method makes itself (an interpreter's selected atoms, VIBI's chunks, L-MAC's soft mask) are judged as they are too: share "own", with the energy that they keep. */
#include <auscult/eval.h>
#include <string.h>
#include <time.h>

#include "study.h"

const char masks_head[] = "fold\tclip\tmethod\tshare\tai\tad\tag\tff\tff_logit\tfid_in\tad_speechbrain\tfid_in_speechbrain\tsparseness\tcomplexity\tms\tkept\n";

aus_status judge_mask(study *s, const item *i, const float *mask, int32_t c, aus_masked *m)
{
  float *both = aus_alloc(s->ctx, 2 * (size_t)s->j.samples, sizeof *both), logits[2 * STUDY_CLASSES];
  aus_status status = both ? judge_part(&s->j, &i->h, mask, both) : AUS_ENOMEM;
  for (int64_t k = 0; status == AUS_OK && k < s->j.samples; k++) both[s->j.samples + k] = i->h.x[k] - both[k];
  if (status == AUS_OK) status = judge_logits(&s->j, 2, both, logits);
  if (status == AUS_OK) status = judge_masked(&s->j, i->h.logits, logits, logits + s->j.classes, c, m);
  aus_free(s->ctx, both);
  return status;
}

/* What is the same in all rows of a map. */
typedef struct map_scores { double gini, entropy, seconds; } map_scores;

static aus_status mask_row(study *s, item *i, const char *method, const char *share, const float *mask, const map_scores *map)
{
  const int64_t cells = s->j.frames * s->j.bins;
  double kept = 0;
  aus_masked m;
  for (int64_t k = 0; k < cells; k++) kept += (double)(mask[k] * mask[k] * i->h.energy[k]);
  AUS_TRY(judge_mask(s, i, mask, i->h.said, &m));
  fprintf(s->to, "%d\t%s\t%s\t%s\t%g\t%.6g\t%.6g\t%.6g\t%.6g\t%g\t%.6g\t%g\t%.6g\t%.6g\t%.4g\t%.4g\n", s->fold, i->path, method, share, m.ai, m.ad, m.ag, m.ff, m.ff_logit, m.fid_in,
          m.ad_speechbrain, m.fid_in_speechbrain, map->gini, map->entropy, 1000 * map->seconds, i->h.total > 0 ? kept / i->h.total : 0);
  return AUS_OK;
}

static aus_status mask_rows(study *s, item *i, const char *method, float *value, float *mask)
{
  static const double shares[3] = { 0.1, 0.2, 0.4 };
  static const char *const named[3] = { "0.1", "0.2", "0.4" };
  const int64_t cells = s->j.frames * s->j.bins;
  const asked q = { .method = method, .interpreter = s->it, .interpreter_name = s->name, .n_interpreters = s->n_interpreters, .masker = s->masker,
                    .masker_name = s->mask_name, .n_maskers = s->n_maskers, .slime_samples = s->slime, .seed = s->seed, .item = (uint64_t)i->n };
  const clock_t start = clock(); /* of the processor: a machine that is busy with other work counts for nothing */
  map_scores map;
  bool own;
  AUS_TRY(study_map(&s->j, &i->h, i->h.said, &q, value));
  map.seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  AUS_TRY(aus_eval_gini(s->ctx, cells, value, &map.gini));
  map.entropy = aus_eval_entropy(cells, value);
  if (strcmp(method, "ones") == 0) return mask_row(s, i, method, "1", value, &map);
  for (int k = 0; k < 3; k++) {
    AUS_TRY(aus_eval_keep_energy(s->ctx, cells, value, i->h.energy, shares[k], mask));
    AUS_TRY(mask_row(s, i, method, named[k], mask, &map));
  }
  AUS_TRY(study_own_mask(&s->j, &i->h, i->h.said, &q, mask, &own));
  return own ? mask_row(s, i, method, "own", mask, &map) : AUS_OK;
}

aus_status masks_of(study *s, item *i)
{
  const size_t cells = (size_t)s->j.frames * (size_t)s->j.bins;
  float *value = aus_alloc(s->ctx, cells, sizeof *value), *mask = aus_alloc(s->ctx, cells, sizeof *mask);
  aus_status status = value && mask ? AUS_OK : AUS_ENOMEM;
  for (int32_t m = 0; status == AUS_OK && m < s->n_methods; m++) status = mask_rows(s, i, s->method[m], value, mask);
  aus_free(s->ctx, value);
  aus_free(s->ctx, mask);
  return status;
}
