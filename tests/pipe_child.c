/* pipe_child.c - a model program for test_pipe: well behaved, or wrong in the way its argument says. */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *mode;
static int is(const char *s) { return strcmp(mode, s) == 0; }

static void le(unsigned char **p, uint64_t v, int n) { for (int i = 0; i < n; i++) *(*p)++ = (unsigned char)(v >> 8 * i); }
static uint64_t get(const unsigned char *p, int n) { uint64_t v = 0; while (n--) v = v << 8 | p[n]; return v; }

static void send_as(const char *type, const void *payload, size_t n, uint64_t said)
{
  unsigned char head[16], *p = head + 8;
  memcpy(head, is("magic") ? "NOPE" : "AUSP", 4);
  memcpy(head + 4, type, 4);
  le(&p, said, 8);
  fwrite(head, 1, 16, stdout);
  fwrite(payload, 1, n, stdout);
  fflush(stdout);
}

static unsigned char *put_name(unsigned char *p, const char *s)
{
  le(&p, strlen(s), 4);
  memcpy(p, s, strlen(s));
  return p + strlen(s);
}

static void describe(void)
{
  unsigned char d[256], *p = d;
  le(&p, is("version") ? 9 : 1, 4); le(&p, 8000, 4); le(&p, is("stereo") ? 2 : 1, 4); le(&p, 2, 4); le(&p, 2, 4);
  le(&p, is("batch") ? 0 : 4, 4); le(&p, 0, 4); le(&p, 0, 4); le(&p, is("patch") ? 8 : 0, 8);
  p = put_name(p, "child");
  p = put_name(p, "mean");
  p = put_name(p, "last");
  if (is("stereo")) { p = put_name(p, "left"); p = put_name(p, "right"); }
  if (is("extra")) *p++ = 1;
  const size_t n = (size_t)(p - d) - (is("fewer") ? 3 : 0);
  send_as("DESC", d, n, n);
}

static void score(const unsigned char *in)
{
  const uint64_t n = get(in, 4), channels = get(in + 4, 4), samples = get(in + 8, 8);
  unsigned char out[8 + 4 * 8] = {0}, *p = out;
  le(&p, n, 4); le(&p, 2, 4);
  for (uint64_t i = 0; i < n; i++) {
    float s[2] = { 0, 0 }, v = 0;
    for (uint64_t t = 0; t < channels * samples; t++) {
      memcpy(&v, in + 16 + 4 * (i * channels * samples + t), 4);
      s[0] += v / (float)(channels * samples);
    }
    s[1] = is("nan") ? NAN : v;
    memcpy(p, s, 8);
    p += 8;
  }
  const size_t size = (size_t)(p - out);
  if (is("short")) { send_as("SCOR", out, size - 4, size); exit(0); } /* ends inside the answer */
  if (is("fail")) { send_as("FAIL", "out of tea\n", 11, 11); return; }
  send_as(is("type") ? "WHAT" : "SCOR", out, is("huge") ? 0 : size, is("huge") ? UINT64_MAX : is("small") ? size - 4 : size);
}

int main(int argc, char **argv)
{
  static unsigned char head[16], payload[1 << 20];
  mode = argc > 1 ? argv[1] : "good";
  if (is("stubborn")) signal(SIGTERM, SIG_IGN);
  if (is("print")) printf("Loading the model, please wait\n");
  if (is("silent")) return 0;
  if (is("grandchild") && fork() == 0) { sleep(30); return 0; }
  if (is("exit")) return 3;
  while (fread(head, 1, 16, stdin) == 16) {
    const uint64_t n = get(head + 8, 8);
    if (n > sizeof payload || fread(payload, 1, n, stdin) != n) return 4;
    if (!memcmp(head + 4, "HELO", 4)) {
      if (is("hang") || is("stubborn")) sleep(30);
      describe();
      if (is("deaf")) sleep(30); /* never reads again: a large batch fills the pipe */
    } else if (!memcmp(head + 4, "PRED", 4)) {
      if (is("die")) { signal(SIGSEGV, SIG_DFL); raise(SIGSEGV); } /* a sanitizer would turn it into an exit code */
      if (is("leave")) return 0;
      score(payload);
    } else {
      return 0;
    }
  }
  return 0;
}
