/* draw.c - what chance decides of an item: the stretch, the soundfonts, the programs, colours, variations. */
#include "studies/corpus/item.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const family_name[FAMILIES] = { "guitar", "piano", "bass", "drums", "strings" };
static const double BUSY = 0.9; /* the part of a stretch's seconds in which a family sounds */

/* Independent of each other: which may be heard in training, which only in the test. MuseScore_General is FluidR3 but for the piano and the ensemble strings; Debian's
 * csound-soundfont is left out because it shares 301 of its 488 samples with TimGM6mb (README.md). */
font fonts[FONTS] = {
  { "FluidR3", "/usr/share/sounds/sf2/FluidR3_GM.sf2", false, false, true, false, -1 },
  { "MuseScore", "/usr/share/sounds/sf3/MuseScore_General_Full.sf3", false, false, true, false, -1 },
  { "OPL3", "/usr/share/sounds/sf2/OPL-3_FM_128M.sf2", false, false, true, false, -1 },
  { "freepats", "/etc/timidity/freepats.cfg", false, true, true, false, -1 },
  { "TimGM6mb", "/usr/share/sounds/sf2/TimGM6mb.sf2", true, false, true, false, -1 },
  /* only when asked for: --timbre, --vary */
  { "GeneralUser", "/usr/share/minuet/soundfonts/GeneralUser-v1.47.sf2", false, false, false, false, -1 },
  { "BlackPearl", "/usr/share/sounds/sf2/Black_Pearl_4_LV2.sf2", false, false, false, true, -1 },
  { "RedZeppelin", "/usr/share/sounds/sf2/Red_Zeppelin_4_LV2.sf2", false, false, false, true, -1 },
};

/* How often each program of a family is drawn for our own songs, of 100: about as often as the free files use them. */
static const struct { int family, program, share; } programs[] = {
  { GUITAR, 24, 20 }, { GUITAR, 25, 25 }, { GUITAR, 26, 15 }, { GUITAR, 27, 20 }, { GUITAR, 28, 5 }, { GUITAR, 29, 7 }, { GUITAR, 30, 8 },
  { PIANO, 0, 40 }, { PIANO, 1, 20 }, { PIANO, 2, 10 }, { PIANO, 3, 8 }, { PIANO, 4, 10 }, { PIANO, 5, 8 }, { PIANO, 6, 2 }, { PIANO, 7, 2 },
  { BASS, 32, 20 }, { BASS, 33, 35 }, { BASS, 34, 15 }, { BASS, 35, 15 }, { BASS, 36, 5 }, { BASS, 38, 10 },
  { STRINGS, 48, 45 }, { STRINGS, 49, 25 }, { STRINGS, 44, 10 }, { STRINGS, 50, 20 },
};

static int written_for(const aus_midi_note *n)
{
  if (n->drum) return DRUMS;
  if (n->program < 8) return PIANO;
  if (n->program >= 24 && n->program < 40) return n->program < 32 ? GUITAR : BASS;
  return n->program >= 40 && n->program < 56 ? STRINGS : -1;
}

int family_of(const item *it, const aus_midi_note *n)
{
  const int f = written_for(n);
  return !it->solo ? f : f == it->voice ? it->as : -1;
}

/* The part of a stretch's seconds in which this family sounds at all; a stroke of the drums does for a quarter of a second. */
static double busy(const item *it, int family, double from, int seconds)
{
  bool heard[64] = {0};
  int n = 0;
  for (int64_t i = 0; i < it->notes && it->note[i].onset < from + seconds; i++) {
    const aus_midi_note *k = &it->note[i];
    const double off = family == DRUMS ? k->onset + 0.25 : k->offset;
    if (family_of(it, k) != family || off <= from) continue;
    const int last = (int)fmin(seconds - 1, floor(off - from));
    for (int t = (int)fmax(0, floor(k->onset - from)); t <= last; t++) heard[t] = true;
  }
  for (int t = 0; t < seconds; t++) n += heard[t];
  return (double)n / seconds;
}

/* A stretch in which guitar, piano, bass and drums (solo: the one that plays) are busy, drawn among all that begin at a half second; false when there is none. */
static bool draw_busy(item *it, double seconds, aus_rng *rng)
{
  int64_t good = 0;
  for (double from = 1; from + seconds < it->midi.seconds; from += 0.5) {
    double least = 1;
    for (int f = 0; f < STRINGS && least >= BUSY; f++)
      if (!it->solo || f == it->as) least = fmin(least, busy(it, f, from, (int)seconds));
    if (least < BUSY) continue;
    if (aus_rng_below(rng, (uint64_t)++good) == 0) it->start = from;
  }
  if (good == 0) return false;
  for (int f = 0; f < FAMILIES; f++) it->has[f] = busy(it, f, it->start, (int)seconds) >= 0.5;
  return true;
}

/* Solo: what the guitar plays or what the piano plays, whichever is drawn and is busy somewhere. */
bool draw_stretch(item *it, double seconds, aus_rng *rng)
{
  if (!it->solo) return draw_busy(it, seconds, rng);
  it->voice = (int)aus_rng_below(rng, 2);
  for (int tries = 0; tries < 2; tries++, it->voice = !it->voice)
    if (draw_busy(it, seconds, rng)) return true;
  return false;
}

static int draw_program(int family, aus_rng *rng)
{
  int left = (int)aus_rng_below(rng, 100);
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    if (programs[i].family == family && (left -= programs[i].share) < 0) return programs[i].program;
  return -1;
}

/* A soundfont of the split's pool; the kits are for drums alone. */
static int draw_font(int family, bool test, aus_rng *rng)
{
  int pool[FONTS], n = 0;
  for (int k = 0; k < FONTS; k++)
    if (fonts[k].drawn && fonts[k].test == test && (family == DRUMS || !fonts[k].kit)) pool[n++] = k;
  return pool[aus_rng_below(rng, (uint64_t)n)];
}

static double between(double low, double high, aus_rng *rng) { return low + (high - low) * aus_rng_uniform(rng); }

/* With this chance something between low and high, else nothing. */
static double now_and_then(double chance, double low, double high, aus_rng *rng)
{
  const double x = between(low, high, rng);
  return aus_rng_uniform(rng) < chance ? x : 0;
}

static variation draw_variation(int family, aus_rng *rng)
{
  const bool drums = family == DRUMS;
  return (variation){
    .body = (int)rint(drums ? now_and_then(0.7, -4, 4, rng) : now_and_then(0.6, -7.5, 7.5, rng)),
    .cutoff = now_and_then(0.4, -4000, 0, rng),
    .ring = now_and_then(0.3, 0, 90, rng),
    .attack = now_and_then(0.25, 0, drums ? 3000 : 6500, rng),
    .decay = now_and_then(0.5, -3600, 2400, rng),
    .release = now_and_then(0.3, -2400, 2400, rng),
    .sustain = now_and_then(0.3, 0, 200, rng),
    .force = between(0.6, 1.3, rng),
  };
}

void draw_sounds(const work *w, item *it, bool test, aus_rng *rng)
{
  const bool ours = strncmp(it->of->source, "mma", 3) == 0;
  it->cents = 70 * aus_rng_uniform(rng) - 35;
  for (int f = 0; f < FAMILIES; f++) {
    it->font[f] = draw_font(f, test, rng);
    it->tilt[f] = 8 * aus_rng_uniform(rng) - 4;
    const int drawn = f == DRUMS ? -1 : draw_program(f, rng);
    it->program[f] = ours || (it->solo && it->voice != it->as) ? drawn : -1;
    if (test) continue;
    it->bell_hz[f] = 150 * pow(40, aus_rng_uniform(rng));
    it->bell_db[f] = 16 * aus_rng_uniform(rng) - 8;
    if (w->vary) it->varied[f] = draw_variation(f, rng);
  }
}

/* ---- pools ----------------------------------------------------------------------------------------------- */

/* What is learnt from has this timbre and no other. */
bool only_font(const char *name)
{
  bool known = false;
  for (int k = 0; k < FONTS; k++) {
    if (fonts[k].test) continue;
    fonts[k].drawn = strcmp(fonts[k].name, name) == 0;
    known |= fonts[k].drawn;
  }
  if (!known) fprintf(stderr, "render: no timbre is called %s\n", name);
  return known;
}

void every_font(void)
{
  for (int k = 0; k < FONTS; k++) fonts[k].drawn = true;
}
