/* lrp_rules.c - the language of rules files (docs/lrp.md).
 *
 *   file  = { [ line ] ( newline | ";" ) }        line = key "=" rule { number | option }       # to the end: a comment
 *   key   = "preset" | "start" | op | group | "first" | "front" | "all" | pattern of node names ("quoted" when in doubt)
 *   option = name "=" word
 *
 * A preset is a text in the same language: `preset = NAME` puts its lines behind those of the file, so that the
 * file's own come first. Strict: an unknown word, a number too many, a key twice is an error that names its line. */
#include "attrib/lrp_rules.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { MAX_TEXT = 1 << 20, MAX_LINES = 10000, WORD = 256 };

/* ---- what each rule takes -------------------------------------------------------------------------------------- */

enum { OPT_EPS = 1, OPT_BIAS = 2, OPT_PLAIN = 4, OPT_FACTOR = 8, OPT_REST = 16 }; /* EPS: eps, stab, norm_scale; BIAS: zero_params */

typedef struct form {
  const char *name, *numbers;  /* what its numbers are, for errors */
  int32_t least, most;         /* how many of them; those left out are the defaults */
  double p[2];                 /* defaults */
  bool eps_is_number;          /* its number is eps */
  double eps;
  aus_lrp_stab stab;
  int32_t options;
} form;

static const form forms[AUS_LRP_N_KINDS] = {
  [AUS_LRP_ZERO] = { "lrp0", "", 0, 0, { 0 }, false, 0, AUS_LRP_SAFE, OPT_BIAS | OPT_FACTOR },
  [AUS_LRP_EPSILON] = { "epsilon", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS | OPT_FACTOR },
  [AUS_LRP_GAMMA] = { "gamma", "gamma", 0, 1, { 0.25 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS | OPT_PLAIN },
  [AUS_LRP_GAMMA_CLASSIC] = { "gamma_classic", "gamma", 0, 1, { 0.25 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS | OPT_PLAIN },
  [AUS_LRP_ZPLUS] = { "zplus", "", 0, 0, { 0 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS | OPT_PLAIN },
  [AUS_LRP_WPLUS] = { "wplus", "", 0, 0, { 0 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS | OPT_PLAIN },
  [AUS_LRP_ALPHABETA] = { "alphabeta", "alpha and beta", 0, 2, { 2, 1 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS | OPT_PLAIN },
  [AUS_LRP_WSQUARE] = { "wsquare", "", 0, 0, { 0 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_BIAS },
  [AUS_LRP_FLAT] = { "flat", "", 0, 0, { 0 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS },
  [AUS_LRP_BOX] = { "box", "the least and the largest input", 0, 2, { -1, 1 }, false, 1e-6, AUS_LRP_SIGNED, OPT_EPS },
  [AUS_LRP_PASS] = { "pass", "", 0, 0, { 0 }, false, 0, AUS_LRP_SIGNED, 0 },
  [AUS_LRP_NORM] = { "norm", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS },
  [AUS_LRP_STOP] = { "stop", "", 0, 0, { 0 }, false, 0, AUS_LRP_SIGNED, 0 },
  [AUS_LRP_GRADIENT] = { "gradient", "", 0, 0, { 0 }, false, 0, AUS_LRP_SIGNED, 0 },
  [AUS_LRP_WINNER] = { "winner", "", 0, 0, { 0 }, false, 0, AUS_LRP_SIGNED, 0 },
  [AUS_LRP_SPLIT] = { "split", "", 0, 0, { 0 }, false, 0, AUS_LRP_SIGNED, 0 },
  [AUS_LRP_SIGNAL] = { "signal", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_FACTOR },
  [AUS_LRP_HALF] = { "half", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_FACTOR },
  [AUS_LRP_PROP] = { "prop", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_FACTOR },
  [AUS_LRP_ABS] = { "abs", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_FACTOR },
  [AUS_LRP_TAYLOR] = { "taylor", "", 0, 0, { 0 }, false, 0, AUS_LRP_SIGNED, 0 },
  [AUS_LRP_DETACH] = { "detach", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS },
  [AUS_LRP_ATTNLRP] = { "attnlrp", "epsilon", 0, 1, { 0 }, true, 1e-8, AUS_LRP_UNSIGNED, OPT_EPS },
  [AUS_LRP_CPLRP] = { "cplrp", "epsilon", 0, 1, { 0 }, true, 1e-8, AUS_LRP_UNSIGNED, OPT_EPS },
  [AUS_LRP_FOLD] = { "fold", "epsilon", 0, 1, { 0 }, true, 1e-6, AUS_LRP_SIGNED, OPT_EPS | OPT_REST },
};

const char *aus_lrp_kind_name(aus_lrp_kind kind) { return forms[kind].name; }

/* ---- reading ------------------------------------------------------------------------------------------------------ */

typedef struct reader {
  aus_ctx *ctx;
  const char *name;
  const char *at;
  int32_t line, depth;     /* depth 1: inside a preset */
  aus_lrp_rules *out;
  const char *preset;      /* to be read at the end of the file */
} reader;

static aus_status bad(const reader *r, const char *what, const char *word)
{
  return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: %s '%.60s'", r->name, (int)r->line, what, word);
}

static void skip_blanks(reader *r)
{
  while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r') r->at++;
  if (*r->at == '#') while (*r->at && *r->at != '\n') r->at++;
}

static bool at_end(const reader *r) { return !*r->at || *r->at == '\n' || *r->at == ';'; }

/* A word, quoted or up to a blank, '=', ';' or '#'. */
static aus_status read_word(reader *r, char word[WORD], bool *quoted)
{
  size_t n = 0;
  *quoted = *r->at == '"';
  if (*quoted) r->at++;
  for (; *r->at && *r->at != '\n' && (*quoted ? *r->at != '"' : !strchr(" \t\r=;#", *r->at)); r->at++) {
    if (n == WORD - 1) return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: a word of more than %d characters", r->name, (int)r->line, WORD - 1);
    word[n++] = *r->at;
  }
  word[n] = 0;
  if (*quoted && *r->at++ != '"') return r->at--, bad(r, "the quote that opens here is not closed:", word);
  if (n == 0) return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: a word is missing (KEY = RULE ...)", r->name, (int)r->line);
  return AUS_OK;
}

/* Independent of the locale, which strtod is not. */
static bool read_number(const char *s, double *out)
{
  double m = 0, sign = 1;
  int32_t digits = 0, shift = 0, e = 0, e_sign = 1;
  if (*s == '-' || *s == '+') sign = *s++ == '-' ? -1 : 1;
  for (; isdigit((unsigned char)*s); s++, digits++) m = 10 * m + (*s - '0');
  if (*s == '.') for (s++; isdigit((unsigned char)*s); s++, digits++, shift--) m = 10 * m + (*s - '0');
  if (!digits || digits > 300) return false;
  if (*s == 'e' || *s == 'E') {
    if (*++s == '-' || *s == '+') e_sign = *s++ == '-' ? -1 : 1;
    if (!isdigit((unsigned char)*s)) return false;
    for (; isdigit((unsigned char)*s); s++) if (e < 1000) e = 10 * e + (*s - '0');
  }
  const int32_t power = e_sign * e + shift;
  *out = sign * (power < 0 ? m / pow(10, -power) : m * pow(10, power));
  return *s == 0 && isfinite(*out);
}

static int find_word(const char *word, const char *const *list, int n)
{
  for (int i = 0; i < n; i++) if (strcmp(list[i], word) == 0) return i;
  return -1;
}

static bool kind_of(const char *word, aus_lrp_kind *kind)
{
  for (int i = 0; i < AUS_LRP_N_KINDS; i++) if (strcmp(forms[i].name, word) == 0) { *kind = (aus_lrp_kind)i; return true; }
  return false;
}

/* ---- options ------------------------------------------------------------------------------------------------------- */

static aus_status set_zero_params(reader *r, aus_lrp_spec *s, const char *value)
{
  static const char *const words[] = { "bias", "weight", "bias,weight", "weight,bias", "none" };
  const int i = find_word(value, words, 5);
  if (i < 0) return bad(r, "zero_params is bias, weight, bias,weight or none, not", value);
  s->no_bias = i == 0 || i == 2 || i == 3;
  s->no_weights = i >= 1 && i <= 3;
  return AUS_OK;
}

static aus_status set_real(reader *r, const char *value, double least, double most, double *out)
{
  if (!read_number(value, out) || *out < least || *out > most) return bad(r, "not a number that fits here:", value);
  return AUS_OK;
}

static aus_status set_stab(reader *r, aus_lrp_spec *s, const char *value)
{
  static const char *const words[] = { "signed", "safe", "unsigned", "clip" };
  const int i = find_word(value, words, 4);
  if (i < 0) return bad(r, "stab is signed, safe, unsigned or clip, not", value);
  s->stab = (aus_lrp_stab)i;
  return AUS_OK;
}

static aus_status set_rest(reader *r, aus_lrp_spec *s, const char *value)
{
  if (kind_of(value, &s->rest) && (s->rest == AUS_LRP_PASS || s->rest == AUS_LRP_NORM || s->rest == AUS_LRP_STOP || s->rest == AUS_LRP_GRADIENT)) return AUS_OK;
  return bad(r, "rest is norm, pass, gradient or stop, not", value);
}

static aus_status set_flag(reader *r, const char *value, const char *yes, const char *no, bool *out)
{
  *out = strcmp(value, yes) == 0;
  return *out || strcmp(value, no) == 0 ? AUS_OK : aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: '%.60s' where %s or %s is needed", r->name, (int)r->line, value, yes, no);
}

static aus_status set_option(reader *r, const form *f, aus_lrp_spec *s, const char *name, const char *value)
{
  static const char *const names[] = { "eps", "stab", "norm_scale", "zero_params", "bias", "bias_factor", "rest" };
  static const int needs[] = { OPT_EPS, OPT_EPS, OPT_EPS, OPT_BIAS, OPT_PLAIN, OPT_FACTOR, OPT_REST };
  const int i = find_word(name, names, 7);
  if (i < 0 || !(f->options & needs[i]))
    return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: the rule %s has no option '%.60s'", r->name, (int)r->line, f->name, name);
  switch (i) {
  case 0: return set_real(r, value, 0, 1e30, &s->eps);
  case 1: return set_stab(r, s, value);
  case 2: return set_flag(r, value, "yes", "no", &s->norm_scale);
  case 3: return set_zero_params(r, s, value);
  case 4: return set_flag(r, value, "plain", "scaled", &s->plain_bias);
  case 5: return set_real(r, value, 0, 1, &s->bias_factor);
  default: return set_rest(r, s, value);
  }
}

/* ---- a line -------------------------------------------------------------------------------------------------------------- */

static aus_status check_numbers(const reader *r, const aus_lrp_spec *s)
{
  const double a = s->p[0], b = s->p[1];
  if (s->kind == AUS_LRP_ALPHABETA && (a < 0 || b < 0 || fabs(a - b - 1) > 1e-9))
    return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: alpha %g and beta %g: both must be at least 0 and alpha - beta = 1", r->name, (int)r->line, a, b);
  if (s->kind == AUS_LRP_BOX && !(a < b))
    return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: a box from %g to %g: the least input comes first, then the largest", r->name, (int)r->line, a, b);
  if ((s->kind == AUS_LRP_GAMMA || s->kind == AUS_LRP_GAMMA_CLASSIC) && a < 0)
    return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: gamma %g is less than 0", r->name, (int)r->line, a);
  return s->eps >= 0 ? AUS_OK : aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: epsilon %g is less than 0", r->name, (int)r->line, s->eps);
}

/* A number or NAME=VALUE. */
static aus_status read_argument(reader *r, const form *f, aus_lrp_spec *s, int32_t *numbers)
{
  char word[WORD], value[WORD];
  bool quoted;
  double number;
  AUS_TRY(read_word(r, word, &quoted));
  skip_blanks(r);
  if (*r->at == '=') {
    r->at++;
    skip_blanks(r);
    AUS_TRY(read_word(r, value, &quoted));
    skip_blanks(r);
    return set_option(r, f, s, word, value);
  }
  if (!read_number(word, &number)) return bad(r, "neither a number nor NAME=VALUE:", word);
  if (*numbers == f->most)
    return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: the rule %s takes %s%s, '%.60s' is one too many", r->name, (int)r->line, f->name,
                    f->most ? "no more numbers than " : "no number", f->numbers, word);
  if (f->eps_is_number) s->eps = number; else s->p[*numbers] = number;
  ++*numbers;
  return AUS_OK;
}

static aus_status read_rule(reader *r, const char *word, aus_lrp_spec *s)
{
  aus_lrp_kind kind;
  if (!kind_of(word, &kind)) return bad(r, "no rule is called", word);
  const form *f = &forms[kind];
  *s = (aus_lrp_spec){ .kind = kind, .p = { f->p[0], f->p[1] }, .eps = f->eps, .stab = f->stab, .rest = AUS_LRP_NORM };
  int32_t numbers = 0;
  while (!at_end(r)) AUS_TRY(read_argument(r, f, s, &numbers));
  if (numbers == 1 && f->most == 2)
    return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: the rule %s takes two numbers, %s, or none", r->name, (int)r->line, f->name, f->numbers);
  return check_numbers(r, s);
}

static const aus_lrp_line *find_key(const aus_lrp_rules *rules, const char *key, bool pattern, bool preset)
{
  for (int32_t i = 0; i < rules->n; i++)
    if (strcmp(rules->line[i].key, key) == 0 && rules->line[i].pattern == pattern && rules->line[i].preset == preset) return &rules->line[i];
  return NULL;
}

static aus_status add_line(reader *r, const char *key, bool quoted, const aus_lrp_spec *spec)
{
  aus_lrp_rules *out = r->out;
  const bool pattern = quoted || !aus_lrp_is_group(key);
  const aus_lrp_line *before = find_key(out, key, pattern, r->depth > 0);
  if (before) return aus_fail(r->ctx, AUS_EINVAL, "%s, line %d: '%.60s' has a rule already, in line %d", r->name, (int)r->line, key, (int)before->line);
  if (out->n == MAX_LINES) return aus_fail(r->ctx, AUS_ELIMIT, "%s: more than %d rules", r->name, MAX_LINES);
  if ((out->n & (out->n - 1)) == 0) { /* room doubles */
    aus_lrp_line *more = aus_alloc_zero(r->ctx, out->n ? 2 * (size_t)out->n : 1, sizeof *more);
    if (!more) return AUS_ENOMEM;
    if (out->n) memcpy(more, out->line, (size_t)out->n * sizeof *more);
    aus_free(r->ctx, out->line);
    out->line = more;
  }
  char *copy = aus_strdup(r->ctx, key);
  if (!copy) return AUS_ENOMEM;
  out->line[out->n++] = (aus_lrp_line){ copy, pattern, r->depth > 0, r->line, *spec };
  return AUS_OK;
}

static aus_status set_preset(reader *r, const char *name)
{
  if (r->preset) return bad(r, "one preset is enough; this is the second:", name);
  if (r->depth) return bad(r, "a preset within a preset:", name);
  for (int32_t i = 0; i < aus_lrp_n_presets(); i++)
    if (strcmp(aus_lrp_preset_name(i), name) == 0) r->preset = aus_lrp_preset_name(i);
  skip_blanks(r);
  if (r->preset && !at_end(r)) return bad(r, "nothing can follow the name of a preset", name);
  return r->preset ? AUS_OK : bad(r, "no preset is called", name);
}

/* start = logit | one | contrastive | all | difference TARGET */
static aus_status set_start(reader *r, const char *word)
{
  static const char *const words[] = { "logit", "one", "contrastive", "difference", "all" };
  const int i = find_word(word, words, 5);
  char number[WORD] = "";
  bool quoted;
  double other = -1;
  if (i < 0) return bad(r, "start is logit, one, contrastive, difference TARGET or all, not", word);
  if (r->out->start_line) return bad(r, "relevance can start only once; again:", word);
  if (i == AUS_LRP_DIFFERENCE) {
    AUS_TRY(read_word(r, number, &quoted));
    if (!read_number(number, &other) || other < 0 || other > 1e9 || other != floor(other)) return bad(r, "the other target is a number from 0, not", number);
    skip_blanks(r);
  }
  if (!at_end(r)) return bad(r, "nothing more can follow the start", word);
  r->out->start_line = r->line;
  r->out->start = i;
  r->out->other = (int32_t)other;
  return AUS_OK;
}

static aus_status read_line(reader *r)
{
  char key[WORD], rule[WORD];
  bool quoted, ignored;
  aus_lrp_spec spec;
  AUS_TRY(read_word(r, key, &quoted));
  skip_blanks(r);
  if (*r->at != '=') return bad(r, "'=' and a rule must follow", key);
  r->at++;
  skip_blanks(r);
  AUS_TRY(read_word(r, rule, &ignored));
  skip_blanks(r);
  if (!quoted && strcmp(key, "preset") == 0) return set_preset(r, rule);
  if (!quoted && strcmp(key, "start") == 0) return set_start(r, rule);
  AUS_TRY(read_rule(r, rule, &spec));
  return add_line(r, key, quoted, &spec);
}

static aus_status read_all(reader *r, const char *text)
{
  r->at = text;
  r->line = 1;
  for (;;) {
    skip_blanks(r);
    if (!at_end(r)) AUS_TRY(read_line(r));
    if (!*r->at) return AUS_OK;
    r->line += *r->at == '\n';
    r->at++;
  }
}

aus_status aus_lrp_rules_parse(aus_ctx *ctx, const char *name, const char *text, aus_lrp_rules *out)
{
  *out = (aus_lrp_rules){ .other = -1 };
  reader r = { .ctx = ctx, .name = name, .out = out };
  if (strlen(text) > MAX_TEXT) return aus_fail(ctx, AUS_ELIMIT, "%s: rules of more than %d bytes", name, MAX_TEXT);
  AUS_TRY(read_all(&r, text));
  if (!r.preset) return AUS_OK;
  reader p = { .ctx = ctx, .name = r.preset, .out = out, .depth = 1 };
  return read_all(&p, aus_lrp_preset_text(r.preset));
}

void aus_lrp_rules_free(aus_ctx *ctx, aus_lrp_rules *rules)
{
  for (int32_t i = 0; i < rules->n; i++) aus_free(ctx, rules->line[i].key);
  aus_free(ctx, rules->line);
  *rules = (aus_lrp_rules){ 0 };
}

aus_status aus_lrp_rules_check(aus_ctx *ctx, const char *name, const char *text)
{
  aus_lrp_rules rules;
  const aus_status status = aus_lrp_rules_parse(ctx, name, text, &rules);
  aus_lrp_rules_free(ctx, &rules);
  return status;
}

bool aus_lrp_matches(const char *pattern, const char *name)
{
  const char *star = NULL, *again = NULL; /* where to go on when what follows the last '*' fails */
  while (*name) {
    if (*pattern == '*') { star = pattern++; again = name; }
    else if (*pattern == '?' || *pattern == *name) { pattern++; name++; }
    else if (star) { pattern = star + 1; name = ++again; }
    else return false;
  }
  while (*pattern == '*') pattern++;
  return *pattern == 0;
}
