/* judge_events.c - where relevance should lie: label tracks as Audacity exports them. */
#include "cli/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_EVENTS = 100000 };

/* Two numbers apart by blanks or a tab. */
static bool two_numbers(const char *p, double *a, double *b)
{
  char *end;
  *a = strtod(p, &end);
  if (end == p) return false;
  p = end;
  *b = strtod(p, &end);
  return end != p && isfinite(*a) && isfinite(*b) && (*end == '\0' || *end == '\t' || *end == ' ' || *end == '\r');
}

/* One line: an event, or the frequencies of the one before it. */
static int read_line(cli_session *cs, const char *path, int line, char *text, cli_event *event, int32_t *n)
{
  double a, b;
  text[strcspn(text, "\r")] = '\0';
  if (text[0] == '\0' || text[0] == '#') return CLI_DONE;
  if (text[0] == '\\') {
    if (*n == 0 || !two_numbers(text + 1, &a, &b)) return cli_say(cs, CLI_BAD_INPUT, "%s, line %d: want \\, low and high frequency after a label", path, line);
    if (b > 0 && b > a) event[*n - 1].f0 = fmax(a, 0), event[*n - 1].f1 = b; /* Audacity writes -1 for none */
    return CLI_DONE;
  }
  if (!two_numbers(text, &a, &b) || b < a || a < 0) return cli_say(cs, CLI_BAD_INPUT, "%s, line %d: want begin, end and a name between tabs", path, line);
  if (*n == MOST_EVENTS) return cli_say(cs, CLI_BAD_INPUT, "%s: more than %d events", path, MOST_EVENTS);
  event[(*n)++] = (cli_event){ a, b, 0, 0 };
  return CLI_DONE;
}

/* DIR/NAME.txt when `given` is a folder and the input is .../NAME.wav; else `given` itself. */
void cli_events_path(const char *given, const char *input, char *path, size_t size)
{
  struct stat st;
  const char *slash = strrchr(input, '/'), *name = slash ? slash + 1 : input, *dot = strrchr(name, '.');
  if (stat(given, &st) == 0 && S_ISDIR(st.st_mode)) snprintf(path, size, "%s/%.*s.txt", given, dot ? (int)(dot - name) : (int)strlen(name), name);
  else snprintf(path, size, "%s", given);
}

int cli_read_events(cli_session *cs, const char *path, cli_event **event, int32_t *n)
{
  void *data;
  size_t size;
  *event = NULL;
  *n = 0;
  aus_status status = aus_file_read(cs->ctx, path, 1 << 24, &data, &size);
  if (status != AUS_OK) return cli_fail(cs, CLI_READING, status);
  int32_t lines = 2;
  for (size_t i = 0; i < size; i++) lines += ((const char *)data)[i] == '\n';
  char *text = aus_alloc(cs->ctx, size + 1, 1);
  *event = aus_alloc(cs->ctx, (size_t)lines, sizeof **event);
  int code = text && *event ? CLI_DONE : cli_fail(cs, CLI_READING, AUS_ENOMEM);
  if (code == CLI_DONE) {
    memcpy(text, data, size);
    text[size] = '\0';
  }
  int line = 1;
  for (char *p = text; code == CLI_DONE && p; line++) {
    char *end = strchr(p, '\n');
    if (end) *end++ = '\0';
    code = read_line(cs, path, line, p, *event, n);
    p = end;
  }
  if (code == CLI_DONE && *n == 0) code = cli_say(cs, CLI_BAD_INPUT, "%s holds no event", path);
  aus_free(cs->ctx, text);
  aus_free(cs->ctx, data);
  return code;
}
