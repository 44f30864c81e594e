/* facts.c - the provenance of a result in lines, from its JSON: input, model, method, settings, program, command. */
#include "report/report.h"
#include "core/json_read.h"

#include <stdio.h>
#include <string.h>

static void add(aus_facts *f, const char *label, const char *format, ...) AUS_PRINTF(3, 4);
static void add(aus_facts *f, const char *label, const char *format, ...)
{
  va_list args;
  if (f->n == AUS_MAX_FACTS) return;
  va_start(args, format);
  vsnprintf(f->text[f->n], sizeof f->text[0], format, args);
  va_end(args);
  if (!f->text[f->n][0]) return;
  f->fact[f->n] = (aus_fact){ label, f->text[f->n] };
  f->n++;
}

static void real_text(char text[32], const aus_json_tree *t, const aus_json_node *of, const char *key) { aus_format_real(text, aus_json_get_real(t, of, key, 0), 6); }

static void input_facts(aus_facts *f, const aus_json_tree *t, const aus_json_node *in)
{
  char offset[32], duration[32];
  real_text(offset, t, in, "offset");
  real_text(duration, t, in, "duration");
  add(f, "input", "%s: %s s from %s s on, %.0f Hz, %.0f channel%s, read by %s; heard as %.0f Hz mono", aus_json_get_text(t, in, "path", ""), duration, offset,
      aus_json_get_real(t, in, "rate", 0), aus_json_get_real(t, in, "channels", 0), aus_json_get_real(t, in, "channels", 0) == 1 ? "" : "s",
      aus_json_get_text(t, in, "decoder", ""), aus_json_get_real(t, in, "heard_rate", 0));
  add(f, "input SHA-256", "%s", aus_json_get_text(t, in, "sha256", ""));
}

static void model_facts(aus_facts *f, const aus_json_tree *t, const aus_json_node *m)
{
  const char *name = aus_json_get_text(t, m, "name", "");
  add(f, "model", "%s%s%s", name, *name ? ", " : "", aus_json_get_text(t, m, "path", aus_json_get_text(t, m, "command", "")));
  add(f, "model SHA-256", "%s", aus_json_get_text(t, m, "sha256", ""));
  add(f, "model hears", "%s", aus_json_get_text(t, m, "front_end", ""));
  add(f, "model's licence", "%s", aus_json_get_text(t, m, "licence", ""));
  add(f, "model's source", "%s", aus_json_get_text(t, m, "source", ""));
}

/* Of `l2i explain`: what explains the model. */
static void interpreter_facts(aus_facts *f, const aus_json_tree *t, const aus_json_node *i)
{
  if (!i) return;
  add(f, "interpreter", "%s, %.0f atoms, %s pooling", aus_json_get_text(t, i, "name", ""), aus_json_get_real(t, i, "atoms", 0), aus_json_get_text(t, i, "pooling", ""));
  add(f, "interpreter SHA-256", "%s", aus_json_get_text(t, i, "sha256", ""));
  add(f, "interpreter's licence", "%s", aus_json_get_text(t, i, "licence", ""));
  add(f, "interpreter's source", "%s", aus_json_get_text(t, i, "source", ""));
}

/* "name value, name value": every setting that was given or chosen. */
static void settings_fact(aus_facts *f, const aus_json_tree *t, const aus_json_node *s)
{
  char line[AUS_FACT_TEXT] = "", number[32];
  size_t at = 0;
  const aus_json_node *m = aus_json_first(t, s);
  for (int32_t i = 0; s && i < s->n && at < sizeof line; i++, m = aus_json_next(t, m)) {
    const char *value = m->kind == AUS_JSON_STRING ? m->text : number;
    if (m->kind == AUS_JSON_NULL || strstr(m->key, "sha256")) continue;
    if (m->kind == AUS_JSON_BOOL) value = m->number != 0 ? "yes" : "no";
    if (m->kind == AUS_JSON_NUMBER) aus_format_real(number, m->number, 9);
    at += (size_t)snprintf(line + at, sizeof line - at, "%s%s %s", at ? ", " : "", m->key, value);
  }
  add(f, "settings", "%s", line);
}

/* A command line that a shell reads as it was: what is not plain is quoted. */
static void command_fact(aus_facts *f, const aus_json_tree *t, const aus_json_node *run)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  const aus_json_node *words = aus_json_member(t, run, "command"), *w = aus_json_first(t, words);
  char line[AUS_FACT_TEXT];
  size_t at = 0;
  for (int32_t i = 0; words && i < words->n; i++, w = aus_json_next(t, w)) {
    if (w->kind != AUS_JSON_STRING) return;
    const bool bare = *w->text && w->text[strspn(w->text, plain)] == '\0';
    size_t room = strlen(w->text) + 4;
    for (const char *p = w->text; *p; p++) room += *p == '\'' ? 3 : 0;
    if (at + room > sizeof line) { /* half a command is worse than none */
      add(f, "the command", "is longer than %d characters: the result as JSON has it", AUS_FACT_TEXT);
      return;
    }
    if (i) line[at++] = ' ';
    if (!bare) line[at++] = '\'';
    for (const char *p = w->text; *p; p++) {
      if (*p == '\'') { memcpy(line + at, "'\\''", 4); at += 4; }
      else line[at++] = *p;
    }
    if (!bare) line[at++] = '\'';
  }
  line[at] = '\0';
  add(f, "command", "%s", line);
}

void aus_report_subtitle(char *text, size_t size, const char *model, double seconds, double offset)
{
  char long_[32], from[32];
  aus_format_real(long_, seconds, 3);
  aus_format_real(from, offset, 6);
  if (offset > 0) snprintf(text, size, "Why %s says what it says to %s s of sound (seconds count from second %s of the file)", model, long_, from);
  else snprintf(text, size, "Why %s says what it says to %s s of sound", model, long_);
}

void aus_facts_of(const aus_json_tree *t, aus_facts *f)
{
  const aus_json_node *root = t->node, *e = aus_json_member(t, root, "evaluated"), *program = aus_json_member(t, root, "program"), *s = aus_json_member(t, root, "settings");
  f->n = 0;
  input_facts(f, t, aus_json_member(t, root, "input"));
  model_facts(f, t, aus_json_member(t, root, "model"));
  interpreter_facts(f, t, aus_json_member(t, root, "interpreter"));
  const char *chosen = aus_json_get_text(t, s, "method", ""), *method = aus_json_get_text(t, root, "method", "");
  add(f, "method", "%s%s%s%s", chosen, *chosen && strcmp(chosen, method) ? ": " : "", strcmp(chosen, method) ? method : "", "");
  add(f, "parts", "%s", aus_json_get_text(t, e, "components", ""));
  add(f, "an absent part is", "%s", aus_json_get_text(t, e, "baseline", ""));
  if (aus_json_get_real(t, e, "rows", 0) > 0)
    add(f, "mixes evaluated", "%.0f, %s", aus_json_get_real(t, e, "predicted", 0), aus_json_get_real(t, e, "exhaustive", 0) != 0 ? "all there are" : "drawn by chance");
  add(f, "intervals", "%s", aus_json_get_text(t, e, "interval", ""));
  settings_fact(f, t, s);
  add(f, "made by", "auscult %s, %s kernels", aus_json_get_text(t, program, "version", "?"), aus_json_get_text(t, program, "isa", "?"));
  command_fact(f, t, aus_json_member(t, root, "run"));
}
