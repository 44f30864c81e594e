/* patches.c - see patches.h. WildMIDI plays files, so the events become one: format 0, a quarter a second, 9600 ticks to the quarter. */
#include "studies/corpus/patches.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wildmidi_lib.h>

enum { TICKS = 9600 };

bool patches_open(const char *config, int rate)
{
  if (WildMidi_Init(config, (uint16_t)rate, 0) == 0) return true;
  fprintf(stderr, "render: cannot load %s: %s\n", config, WildMidi_GetError());
  return false;
}

static void put(unsigned char **at, unsigned v, int bytes)
{
  while (bytes-- > 0) *(*at)++ = (unsigned char)(v >> 8 * bytes);
}

/* A delta time: seven bits a byte, all but the last marked. */
static void put_ticks(unsigned char **at, unsigned ticks)
{
  for (int k = 3; k > 0; k--)
    if (ticks >> 7 * k) *(*at)++ = (unsigned char)(0x80 | (ticks >> 7 * k & 0x7f));
  *(*at)++ = ticks & 0x7f;
}

static unsigned char *write_file(const patch_event *e, int64_t n, double seconds, uint32_t *size)
{
  unsigned char *file = malloc((size_t)(64 + 8 * n)), *at = file;
  if (!file) return NULL;
  memcpy(at, "MThd\0\0\0\6\0\0\0\1", 12), at += 12;
  put(&at, TICKS, 2);
  memcpy(at, "MTrk", 4), at += 8;
  unsigned char *const track = at;
  memcpy(at, "\0\xff\x51\3", 4), at += 4;
  put(&at, 1000000, 3);
  unsigned last = 0;
  for (int64_t i = 0; i < n; i++) {
    const unsigned now = (unsigned)lround(TICKS * e[i].seconds);
    put_ticks(&at, now > last ? now - last : 0);
    last = now > last ? now : last;
    *at++ = e[i].status;
    *at++ = e[i].data[0];
    if (e[i].status >> 4 != 12 && e[i].status >> 4 != 13) *at++ = e[i].data[1];
  }
  const unsigned end = (unsigned)lround(TICKS * seconds);
  put_ticks(&at, end > last ? end - last : 0);
  memcpy(at, "\xff\x2f\0", 3), at += 3;
  unsigned char *length = track - 4;
  put(&length, (unsigned)(at - track), 4);
  *size = (uint32_t)(at - file);
  return file;
}

/* The sound as it comes, 16 bits, left and right in turn; what the file is too short for is silent. */
static void collect(midi *m, int64_t samples, float *left, float *right)
{
  int16_t block[2048];
  int64_t at = 0;
  while (at < samples) {
    const int bytes = WildMidi_GetOutput(m, (int8_t *)block, sizeof block);
    if (bytes <= 0) break;
    for (int i = 0; i < bytes / 4 && at < samples; i++, at++) {
      left[at] = (float)block[2 * i] / 32768;
      right[at] = (float)block[2 * i + 1] / 32768;
    }
  }
  for (; at < samples; at++) left[at] = right[at] = 0;
}

bool patches_play(const patch_event *e, int64_t n, int64_t samples, float *left, float *right)
{
  uint32_t size;
  unsigned char *file = write_file(e, n, 60, &size);
  midi *m = file ? WildMidi_OpenBuffer(file, size) : NULL;
  if (m) {
    collect(m, samples, left, right);
    WildMidi_Close(m);
  } else {
    fprintf(stderr, "render: WildMIDI: %s\n", file ? WildMidi_GetError() : "no memory");
  }
  free(file);
  return m != NULL;
}
