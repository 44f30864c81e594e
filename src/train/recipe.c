/* recipe.c - reads a recipe: sections in brackets, `key = value` lines, layers in [network], # comments.
 *
 * One table says what there is: section, key, type, default and range, and where the value goes. A default is written as
 * text and read by the same code as the file. */
#include "train/recipe.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef enum type { TEXT, WORDS, REALS, INTEGER, REAL, CHOICE } type;

typedef struct row { const char *section, *key; type type; const char *words, *fallback; double low, high; size_t at; } row;

#define AT(field) offsetof(aus_recipe, field)
#define IN(field) offsetof(aus_recipe_data, field)
static const char yes_no[] = "no|yes";

/* words: what a choice knows. [data] rows write into one aus_recipe_data. */
static const row rows[] = {
  { "model", "name", TEXT, NULL, "network", 0, 0, AT(title) },
  { "model", "licence", TEXT, NULL, "", 0, 0, AT(licence) },
  { "model", "source", TEXT, NULL, "", 0, 0, AT(source) },
  { "model", "labels", WORDS, NULL, NULL, 0, 0, AT(labels) },
  { "model", "init", TEXT, NULL, NULL, 0, 0, AT(init) },
  { "data", "manifest", TEXT, NULL, NULL, 0, 0, IN(manifest) },
  { "data", "root", TEXT, NULL, NULL, 0, 0, IN(root) },
  { "data", "train", WORDS, NULL, NULL, 0, 0, IN(train) },
  { "data", "valid", WORDS, NULL, NULL, 0, 0, IN(valid) },
  { "data", "test", WORDS, NULL, NULL, 0, 0, IN(test) },
  { "data", "targets", WORDS, NULL, NULL, 0, 0, IN(targets) },
  { "data", "weight", REAL, NULL, "1", 1e-9, 1e9, IN(weight) },
  { "augment", "start", CHOICE, "middle|random", "random", 0, 0, AT(random_start) },
  { "augment", "pad", CHOICE, "end|random", "end", 0, 0, AT(random_pad) },
  { "augment", "gain_db", REAL, NULL, "0", 0, 60, AT(gain_db) },
  { "augment", "speed", REAL, NULL, "0", 0, 0.5, AT(speed) },
  { "augment", "bells", INTEGER, NULL, "0", 0, 100, AT(bells) },
  { "augment", "bells_db", REAL, NULL, "12", 0, 60, AT(bells_db) },
  { "augment", "remix", REAL, NULL, "0", 0, 1, AT(remix) },
  { "augment", "mixup", REAL, NULL, "0", 0, 100, AT(mixup) },
  { "augment", "add", REAL, NULL, "0", 0, 1, AT(add) },
  { "augment", "add_snr_low", REAL, NULL, "0", -60, 100, AT(add_snr_low) },
  { "augment", "add_snr_high", REAL, NULL, "20", -60, 100, AT(add_snr_high) },
  { "augment", "noise", TEXT, NULL, NULL, 0, 0, AT(noise) },
  { "augment", "noise_root", TEXT, NULL, NULL, 0, 0, AT(noise_root) },
  { "augment", "freq_masks", INTEGER, NULL, "0", 0, 100, AT(freq_masks) },
  { "augment", "freq_width", INTEGER, NULL, "8", 1, 1e6, AT(freq_width) },
  { "augment", "time_masks", INTEGER, NULL, "0", 0, 100, AT(time_masks) },
  { "augment", "time_width", INTEGER, NULL, "16", 1, 1e6, AT(time_width) },
  { "augment", "mask", CHOICE, "zero|mean", "mean", 0, 0, AT(mask_mean) },
  { "interpreter", "classifier", TEXT, NULL, NULL, 0, 0, AT(interpreter.classifier) },
  { "interpreter", "dictionary", TEXT, NULL, NULL, 0, 0, AT(interpreter.dictionary) },
  { "interpreter", "taps", WORDS, NULL, NULL, 0, 0, AT(interpreter.taps) },
  { "interpreter", "method", CHOICE, "l2i|flint|vibi|lmac", "l2i", 0, 0, AT(interpreter.method) },
  { "interpreter", "conciseness", REAL, NULL, "0.2", 0, 1e6, AT(interpreter.conciseness) },
  { "interpreter", "layout", CHOICE, "auto|vgg|general", "auto", 0, 0, AT(interpreter.layout) },
  { "interpreter", "pooling", CHOICE, "attention|max", "attention", 0, 0, AT(interpreter.max_pooling) },
  { "interpreter", "cache", CHOICE, "half|single", "half", 0, 0, AT(interpreter.cache_single) },
  { "interpreter", "payload", CHOICE, "single|half", "single", 0, 0, AT(interpreter.payload_half) },
  { "interpreter", "atoms", INTEGER, NULL, "100", 1, 4096, AT(interpreter.atoms) },
  { "interpreter", "n_fft", INTEGER, NULL, "1024", 16, 65536, AT(interpreter.n_fft) },
  { "interpreter", "hop", INTEGER, NULL, "512", 1, 65536, AT(interpreter.hop) },
  { "interpreter", "dropout", REAL, NULL, "-1", -1, 0.999, AT(interpreter.dropout) },
  { "interpreter", "fidelity", REAL, NULL, "0.5", 0, 1e6, AT(interpreter.fidelity) },
  { "interpreter", "fidelity_later", REAL, NULL, "1", 0, 1e6, AT(interpreter.fidelity_later) },
  { "interpreter", "fidelity_epoch", INTEGER, NULL, "20", 1, 1e6, AT(interpreter.fidelity_epoch) },
  { "interpreter", "reconstruction", REAL, NULL, "5", 0, 1e6, AT(interpreter.reconstruction) },
  { "interpreter", "sparsity", REAL, NULL, "0.4", 0, 1e6, AT(interpreter.sparsity) },
  { "interpreter", "dictionary_frames", INTEGER, NULL, "20000", 1, 1e9, AT(interpreter.dictionary_frames) },
  { "interpreter", "dictionary_iterations", INTEGER, NULL, "100", 1, 1e6, AT(interpreter.dictionary_iterations) },
  { "interpreter", "dictionary_sparsity", REAL, NULL, "0.8", 0, 1e6, AT(interpreter.dictionary_sparsity) },
  { "interpreter", "dictionary_beta", REAL, NULL, "2", -4, 4, AT(interpreter.dictionary_beta) },
  { "interpreter", "chunk", INTEGER, NULL, "32", 1, 1e6, AT(interpreter.chunk) },
  { "interpreter", "picks", INTEGER, NULL, "20", 1, 1e6, AT(interpreter.picks) },
  { "interpreter", "temperature", REAL, NULL, "0.5", 0.001, 1000, AT(interpreter.temperature) },
  { "interpreter", "beta", REAL, NULL, "0.1", 0, 1e6, AT(interpreter.beta) },
  { "interpreter", "width", INTEGER, NULL, "32", 1, 4096, AT(interpreter.width) },
  { "interpreter", "inside", REAL, NULL, "4", 0, 1e6, AT(interpreter.inside) },
  { "interpreter", "outside", REAL, NULL, "0.2", 0, 1e6, AT(interpreter.outside) },
  { "train", "epochs", INTEGER, NULL, "20", 1, 1e6, AT(epochs) },
  { "train", "batch", INTEGER, NULL, "32", 1, 65536, AT(batch) },
  { "train", "seed", INTEGER, NULL, "0", 0, 9007199254740991.0, AT(seed) },
  { "train", "epoch_items", INTEGER, NULL, "0", 0, 1e12, AT(epoch_items) },
  { "train", "cache_mb", INTEGER, NULL, "1024", 0, 1e6, AT(cache_mb) },
  { "train", "checkpoint_minutes", REAL, NULL, "10", 0, 1e6, AT(checkpoint_minutes) },
  { "train", "explain", INTEGER, NULL, "4", 0, 1000, AT(explain) },
  { "train", "monitor", CHOICE, "loss|score", "loss", 0, 0, AT(monitor_score) },
  { "train", "freeze", WORDS, NULL, NULL, 0, 0, AT(freeze) },
  { "train", "norm_momentum", REAL, NULL, "0.1", 0, 1, AT(norm_momentum) },
  { "train", "loss", CHOICE, "cross_entropy|bce|mse|l1|kl", "cross_entropy", 0, 0, AT(loss) },
  { "train", "label_smoothing", REAL, NULL, "0", 0, 1, AT(smoothing) },
  { "train", "class_weights", REALS, NULL, NULL, 0, 1e9, AT(class_weights) },
  { "train", "positive_weights", REALS, NULL, NULL, 0, 1e9, AT(positive_weights) },
  { "train", "optimiser", CHOICE, "sgd|adam|adamw", "adam", 0, 0, AT(optimiser) },
  { "train", "rate", REAL, NULL, "0.001", 0, 1e6, AT(rate.rate) },
  { "train", "momentum", REAL, NULL, "0.9", 0, 1, AT(descent.momentum) },
  { "train", "nesterov", CHOICE, yes_no, "no", 0, 0, AT(descent.nesterov) },
  { "train", "beta1", REAL, NULL, "0.9", 0, 0.999999999, AT(descent.beta1) },
  { "train", "beta2", REAL, NULL, "0.999", 0, 0.999999999, AT(descent.beta2) },
  { "train", "epsilon", REAL, NULL, "1e-8", 0, 1, AT(descent.epsilon) },
  { "train", "weight_decay", REAL, NULL, "0", 0, 1, AT(descent.weight_decay) },
  { "train", "decay_all", CHOICE, yes_no, "yes", 0, 0, AT(descent.decay_all) },
  { "train", "clip_norm", REAL, NULL, "0", 0, 1e9, AT(descent.clip_norm) },
  { "train", "clip_value", REAL, NULL, "0", 0, 1e9, AT(descent.clip_value) },
  { "train", "schedule", CHOICE, "constant|step|multistep|cosine|plateau", "constant", 0, 0, AT(schedule) },
  { "train", "gamma", REAL, NULL, "0.1", 0, 1, AT(rate.gamma) },
  { "train", "step_epochs", INTEGER, NULL, "10", 1, 1e6, AT(rate.every) },
  { "train", "milestones", REALS, NULL, NULL, 0, 1e6, AT(milestones) },
  { "train", "rate_min", REAL, NULL, "0", 0, 1e6, AT(rate.rate_min) },
  { "train", "plateau_patience", INTEGER, NULL, "10", 0, 1e6, AT(rate.plateau_patience) },
  { "train", "warm_up", INTEGER, NULL, "0", 0, 1e9, AT(rate.warm_up) },
  { "train", "patience", INTEGER, NULL, "0", 0, 1e6, AT(rate.patience) },
  { "separator", "mix", WORDS, NULL, NULL, 0, 0, AT(separator.mix) },
  { "separator", "mask", CHOICE, "sigmoid|softmax", "sigmoid", 0, 0, AT(separator.mask) },
  { "separator", "distance", CHOICE, "l1|mse", "l1", 0, 0, AT(separator.squared) },
  { "separator", "target", CHOICE, "tpsa|magnitude", "tpsa", 0, 0, AT(separator.magnitude) },
  { "separator", "exponent", REAL, NULL, "2", 0.1, 10, AT(separator.exponent) },
  { "separator", "bins", INTEGER, NULL, "0", 0, 1 << 20, AT(separator.bins) },
  { "separator", "embedding", INTEGER, NULL, "0", 0, 64, AT(separator.embedding) },
  { "separator", "notes", CHOICE, yes_no, "no", 0, 0, AT(separator.notes) },
  { "separator", "mask_weight", REAL, NULL, "1", 0, 1e6, AT(separator.mask_weight) },
  { "separator", "embedding_weight", REAL, NULL, "0.1", 0, 1e6, AT(separator.embedding_weight) },
  { "separator", "notes_weight", REAL, NULL, "0.8", 0, 1e6, AT(separator.notes_weight) },
};
enum { N_ROWS = sizeof rows / sizeof *rows };
static const char *const sections[] = { "model", "frontend", "network", "data", "augment", "train", "interpreter", "separator" };
enum { N_SECTIONS = sizeof sections / sizeof *sections };

/* ---- messages ------------------------------------------------------------------------------------ */

aus_status aus_recipe_fail(const aus_recipe *r, int32_t line, const char *format, ...)
{
  char text[200];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return line ? aus_fail(r->ctx, AUS_EFORMAT, "%s:%d: %s", r->name, (int)line, text) : aus_fail(r->ctx, AUS_EFORMAT, "%s: %s", r->name, text);
}

static aus_status unknown_key(const aus_recipe *r, int32_t line, const char *section, const char *key)
{
  const char *known[N_ROWS];
  int32_t n = 0;
  for (int i = 0; i < N_ROWS; i++)
    if (strcmp(rows[i].section, section) == 0) known[n++] = rows[i].key;
  return aus_recipe_fail(r, line, "[%s] has no key '%.40s'; the nearest is '%s'", section, key, aus_word_nearest(key, n, known));
}

/* ---- values ---------------------------------------------------------------------------------------- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/* Cuts text into words in place. */
static aus_status cut_words(aus_recipe *r, char *text, aus_words *out)
{
  int32_t n = 0;
  for (const char *p = text; *p;) {
    while (is_blank(*p)) p++;
    if (*p) n++;
    while (*p && !is_blank(*p)) p++;
  }
  *out = (aus_words){ 0, aus_alloc(r->ctx, (size_t)n, sizeof *out->word) };
  if (!out->word) return AUS_ENOMEM;
  for (char *p = text; out->n < n;) {
    while (is_blank(*p)) p++;
    out->word[out->n++] = p;
    while (*p && !is_blank(*p)) p++;
    if (*p) *p++ = '\0';
  }
  return AUS_OK;
}

static int choice_of(const char *words, const char *text)
{
  const size_t n = strlen(text);
  for (int i = 0; *words; i++) {
    const size_t m = strcspn(words, "|");
    if (m == n && memcmp(words, text, n) == 0) return i;
    words += m + (words[m] == '|');
  }
  return -1;
}

static aus_status read_reals(aus_recipe *r, int32_t line, const row *at, char *text, aus_reals *out)
{
  aus_words words;
  AUS_TRY(cut_words(r, text, &words));
  aus_free(r->ctx, out->value);
  *out = (aus_reals){ words.n, aus_alloc(r->ctx, (size_t)words.n, sizeof(double)) };
  aus_status status = out->value ? AUS_OK : AUS_ENOMEM;
  for (int32_t i = 0; status == AUS_OK && i < words.n; i++)
    if (!aus_word_real(words.word[i], at->low, at->high, &out->value[i]))
      status = aus_recipe_fail(r, line, "%s: '%.40s' is not a number from %g to %g", at->key, words.word[i], at->low, at->high);
  aus_free(r->ctx, words.word);
  return status;
}

static aus_status store(aus_recipe *r, int32_t line, const row *entry, char *text, void *base)
{
  void *at = (char *)base + entry->at;
  switch (entry->type) {
  case TEXT: *(const char **)at = text; return AUS_OK;
  case WORDS: return cut_words(r, text, at);
  case REALS: return read_reals(r, line, entry, text, at);
  case INTEGER:
    if (aus_word_integer(text, (int64_t)entry->low, (int64_t)entry->high, at)) return AUS_OK;
    return aus_recipe_fail(r, line, "%s: '%.40s' is not a whole number from %.0f to %.0f", entry->key, text, entry->low, entry->high);
  case REAL:
    if (aus_word_real(text, entry->low, entry->high, at)) return AUS_OK;
    return aus_recipe_fail(r, line, "%s: '%.40s' is not a number from %g to %g", entry->key, text, entry->low, entry->high);
  case CHOICE:
    if ((*(int *)at = choice_of(entry->words, text)) >= 0) return AUS_OK;
    return aus_recipe_fail(r, line, "%s: '%.40s' is none of %s", entry->key, text, entry->words);
  }
  return AUS_OK;
}

static aus_status set_defaults(aus_recipe *r, const char *section, void *base)
{
  for (int i = 0; i < N_ROWS; i++) {
    if ((section == NULL) == (strcmp(rows[i].section, "data") == 0) || !rows[i].fallback) continue;
    AUS_TRY(store(r, 0, &rows[i], (char *)(uintptr_t)rows[i].fallback, base)); /* no row with words has a default: nothing is cut */
  }
  return AUS_OK;
}

/* ---- lines -------------------------------------------------------------------------------------------- */

typedef struct reader { aus_recipe *r; int32_t line, section; int32_t seen[N_ROWS], opened[N_SECTIONS]; } reader; /* the lines where things stood */

static aus_status add_line(reader *d, aus_recipe_lines *to, char *text)
{
  if ((to->n & (to->n - 1)) == 0) { /* full at powers of two */
    aus_recipe_line *bigger = aus_alloc_zero(d->r->ctx, to->n ? 2 * (size_t)to->n : 1, sizeof *bigger);
    if (!bigger) return AUS_ENOMEM;
    if (to->n) memcpy(bigger, to->item, (size_t)to->n * sizeof *bigger);
    aus_free(d->r->ctx, to->item);
    to->item = bigger;
  }
  to->item[to->n].line = d->line;
  return cut_words(d->r, text, &to->item[to->n++].words);
}

static aus_status open_section(reader *d, char *text)
{
  aus_recipe *r = d->r;
  char *end = strchr(text, ']');
  if (!end || end[1]) return aus_recipe_fail(r, d->line, "a section is a line like [train]");
  *end = '\0';
  d->section = -1;
  for (int32_t i = 0; i < N_SECTIONS; i++)
    if (strcmp(sections[i], text + 1) == 0) d->section = i;
  if (d->section < 0) return aus_recipe_fail(r, d->line, "no section is called '%.40s'; the nearest is '%s'", text + 1, aus_word_nearest(text + 1, N_SECTIONS, sections));
  const bool data = strcmp(sections[d->section], "data") == 0;
  if (d->opened[d->section] && !data) return aus_recipe_fail(r, d->line, "section [%s] stands twice, in line %d too", sections[d->section], (int)d->opened[d->section]);
  d->opened[d->section] = d->line;
  if (strcmp(sections[d->section], "interpreter") == 0) r->interpreter.line = d->line;
  if (strcmp(sections[d->section], "separator") == 0) r->separator.line = d->line;
  if (!data) return AUS_OK;
  if (r->n_sets == AUS_MAX_SETS) return aus_recipe_fail(r, d->line, "more than %d [data] sections", AUS_MAX_SETS);
  r->set[r->n_sets].line = d->line;
  for (int i = 0; i < N_ROWS; i++)
    if (strcmp(rows[i].section, "data") == 0) d->seen[i] = 0;
  return set_defaults(r, "data", &r->set[r->n_sets++]);
}

/* Ends text at its last character that is not blank; returns its first. */
static char *trim(char *text)
{
  while (is_blank(*text)) text++;
  size_t n = strlen(text);
  while (n && is_blank(text[n - 1])) n--;
  text[n] = '\0';
  return text;
}

static aus_status read_pair(reader *d, char *text)
{
  aus_recipe *r = d->r;
  char *equals = strchr(text, '=');
  if (!equals) return aus_recipe_fail(r, d->line, "want `key = value`");
  const char *section = sections[d->section];
  if (strcmp(section, "frontend") == 0) {
    *equals = ' ';
    AUS_TRY(add_line(d, &r->frontend, text));
    if (r->frontend.item[r->frontend.n - 1].words.n == 2) return AUS_OK;
    return aus_recipe_fail(r, d->line, "want `key = value` of one word each");
  }
  *equals = '\0';
  const char *key = trim(text);
  char *value = trim(equals + 1);
  if (!*value) return aus_recipe_fail(r, d->line, "'%.40s' has no value", key);
  for (int i = 0; i < N_ROWS; i++) {
    if (strcmp(rows[i].section, section) != 0 || strcmp(rows[i].key, key) != 0) continue;
    if (d->seen[i]) return aus_recipe_fail(r, d->line, "'%s' is set twice, in line %d too", key, (int)d->seen[i]);
    d->seen[i] = d->line;
    return store(r, d->line, &rows[i], value, strcmp(section, "data") == 0 ? (void *)&r->set[r->n_sets - 1] : r);
  }
  return unknown_key(r, d->line, section, key);
}

static aus_status read_line(reader *d, char *text)
{
  for (char *p = text; *p; p++) {
    if (*p == '#' && (p == text || is_blank(p[-1]))) { *p = '\0'; break; }
    if ((unsigned char)*p < 0x20 && !is_blank(*p)) return aus_recipe_fail(d->r, d->line, "a control character; a recipe is plain text");
  }
  text = trim(text);
  if (!*text) return AUS_OK;
  if (*text == '[') return open_section(d, text);
  if (d->section < 0) return aus_recipe_fail(d->r, d->line, "before the first section: begin with a line like [model]");
  return strcmp(sections[d->section], "network") == 0 ? add_line(d, &d->r->network, text) : read_pair(d, text);
}

/* An interpreter's own defaults where [train] does not say otherwise [Parekh22]. */
static void settle_interpreter(reader *d)
{
  for (int i = 0; i < N_ROWS; i++) {
    if (d->seen[i] || strcmp(rows[i].section, "train") != 0) continue;
    if (strcmp(rows[i].key, "epochs") == 0) d->r->epochs = 35;
    if (strcmp(rows[i].key, "rate") == 0) d->r->rate.rate = 2e-4;
  }
}

static aus_status read_lines(aus_recipe *r)
{
  reader d = { .r = r, .section = -1 };
  for (char *p = r->cut, *next; p; p = next) {
    next = strchr(p, '\n');
    if (next) *next++ = '\0';
    d.line++;
    AUS_TRY(read_line(&d, p));
  }
  if (r->interpreter.line) settle_interpreter(&d);
  return AUS_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

/* What the sections must agree on. */
static aus_status check(aus_recipe *r)
{
  if (r->n_sets == 0) return aus_recipe_fail(r, 0, "no [data] section: nothing to learn from");
  for (int32_t i = 0; i < r->n_sets; i++)
    if (!r->set[i].manifest) return aus_recipe_fail(r, r->set[i].line, "this [data] section has no manifest");
  const bool interpreter = r->interpreter.line > 0;
  if (interpreter && (r->init || r->network.n || r->frontend.n))
    return aus_recipe_fail(r, r->interpreter.line, "an interpreter has the front end of its classifier and a network of its own: no [frontend], [network] or init");
  if (interpreter && !r->interpreter.classifier) return aus_recipe_fail(r, r->interpreter.line, "this [interpreter] section names no classifier");
  if (!interpreter && !r->init && r->network.n == 0) return aus_recipe_fail(r, 0, "no network: give a [network] section, or init = FILE.aus in [model]");
  if (!interpreter && !r->init && r->frontend.n == 0) return aus_recipe_fail(r, 0, "no [frontend] section");
  if (r->separator.line && (interpreter || !r->network.n || !r->frontend.n || !r->labels.n))
    return aus_recipe_fail(r, r->separator.line, "a separator has labels (its stems), a [frontend] and a [network] of its own");
  if (r->separator.line && (r->mixup > 0 || r->add > 0 || r->speed > 0 || r->freq_masks || r->time_masks))
    return aus_recipe_fail(r, r->separator.line, "of [augment], separators know start, gain_db, bells, bells_db (of each stem by itself) and remix");
  if (!r->separator.line && r->remix > 0) return aus_recipe_fail(r, 0, "remix of [augment] puts together stems of several items: for a [separator] only");
  if (r->remix > 0 && r->separator.notes) return aus_recipe_fail(r, r->separator.line, "with remix a mix's stems are of several items, and its notes are not known: remix = 0, or notes = no");
  if (r->add_snr_low > r->add_snr_high) return aus_recipe_fail(r, 0, "add_snr_low is above add_snr_high");
  if (r->milestones.n > AUS_MAX_MILESTONES) return aus_recipe_fail(r, 0, "%d milestones; at most %d", (int)r->milestones.n, AUS_MAX_MILESTONES);
  for (int32_t i = 1; i < r->milestones.n; i++)
    if (r->milestones.value[i] < r->milestones.value[i - 1]) return aus_recipe_fail(r, 0, "milestones must rise");
  r->descent.kind = (aus_optimiser_kind)r->optimiser;
  r->rate.kind = (aus_schedule_kind)r->schedule;
  r->rate.epochs = r->epochs;
  r->rate.n_milestones = r->milestones.n;
  for (int32_t i = 0; i < r->milestones.n; i++) r->rate.milestone[i] = r->milestones.value[i];
  return AUS_OK;
}

static aus_status parse(aus_recipe *r, const char *path, const char *text)
{
  const char *slash = strrchr(path, '/');
  r->name = aus_strdup(r->ctx, slash ? slash + 1 : path);
  r->folder = aus_strf(r->ctx, "%.*s", slash ? (int)(slash - path + 1) : 0, path);
  r->text = aus_alloc(r->ctx, r->size + 1, 1);
  r->cut = aus_alloc(r->ctx, r->size + 1, 1);
  if (!r->name || !r->folder || !r->text || !r->cut) return AUS_ENOMEM;
  memcpy(r->text, text, r->size);
  r->text[r->size] = '\0';
  memcpy(r->cut, r->text, r->size + 1);
  if (strlen(r->text) != r->size) return aus_recipe_fail(r, 0, "a NUL byte; a recipe is plain text");
  aus_sha256 sha;
  aus_sha256_init(&sha);
  aus_sha256_add(&sha, text, r->size);
  aus_sha256_hex(&sha, r->sha256);
  AUS_TRY(set_defaults(r, NULL, r));
  AUS_TRY(read_lines(r));
  return check(r);
}

aus_status aus_recipe_parse(aus_ctx *ctx, const char *path, const char *text, size_t size, aus_recipe **out)
{
  *out = NULL;
  aus_recipe *r = AUS_NEW(ctx, aus_recipe);
  if (!r) return AUS_ENOMEM;
  r->ctx = ctx;
  r->size = size;
  const aus_status status = parse(r, path, text);
  if (status != AUS_OK) { aus_recipe_free(r); return status; }
  *out = r;
  return AUS_OK;
}

aus_status aus_recipe_read(aus_ctx *ctx, const char *path, aus_recipe **out)
{
  void *data;
  size_t size;
  *out = NULL;
  AUS_TRY(aus_file_read(ctx, path, 1 << 20, &data, &size));
  const aus_status status = aus_recipe_parse(ctx, path, data, size, out);
  aus_free(ctx, data);
  return status;
}

static void free_lines(aus_ctx *ctx, aus_recipe_lines *l)
{
  for (int32_t i = 0; i < l->n; i++) aus_free(ctx, l->item[i].words.word);
  aus_free(ctx, l->item);
}

void aus_recipe_free(aus_recipe *r)
{
  if (!r) return;
  aus_ctx *ctx = r->ctx;
  free_lines(ctx, &r->frontend);
  free_lines(ctx, &r->network);
  for (int32_t i = 0; i < r->n_sets; i++) {
    aus_free(ctx, r->set[i].train.word);
    aus_free(ctx, r->set[i].valid.word);
    aus_free(ctx, r->set[i].test.word);
    aus_free(ctx, r->set[i].targets.word);
  }
  aus_free(ctx, r->labels.word);
  aus_free(ctx, r->separator.mix.word);
  aus_free(ctx, r->interpreter.taps.word);
  aus_free(ctx, r->freeze.word);
  aus_free(ctx, r->class_weights.value);
  aus_free(ctx, r->positive_weights.value);
  aus_free(ctx, r->milestones.value);
  aus_free(ctx, r->name);
  aus_free(ctx, r->folder);
  aus_free(ctx, r->text);
  aus_free(ctx, r->cut);
  aus_free(ctx, r);
}

char *aus_recipe_path(const aus_recipe *r, const char *path)
{
  return *path == '/' ? aus_strdup(r->ctx, path) : aus_strf(r->ctx, "%s%s", r->folder, path);
}
