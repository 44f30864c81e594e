/* render.c - songs into items: ten seconds of each family of instruments as a FLAC, at equal loudness, and the notes that sound.
 *
 *   render SONGS.tsv OUT [--items N] [--test-songs M] [--seed S] [--seconds T] [--part K/P] [--timbre NAME] [--solo yes] [--vary yes]
 *
 * SONGS.tsv: path, split (train, valid, test), source. Item i of a split is a function of (seed, split, i) and the songs: a song in turn, a stretch in which every
 * family plays, and per family a soundfont of the split's pool, a program, and a colour (a tilt about 1 kHz; in training a bell somewhere too); one detuning for all but the drums.
 * --solo yes: only a guitar or a piano per item, and either plays what is written for either, so that only the sound tells them apart; any song with ten busy seconds of one of them will do.
 * --vary yes: every stem's instrument is made another one (variation of item.h), from all soundfonts but the test's, drum kits among them.
 * What is there already is not made again: an interrupted run goes on, and P runs can share the work. */
#include "studies/corpus/item.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_SONGS = 4096 };

static aus_status render(work *w, item *it)
{
  const int64_t samples = (int64_t)((PREROLL + w->seconds + 0.5) * RENDER_RATE);
  float *raw = aus_alloc_zero(w->ctx, (size_t)(2 * FAMILIES * samples), sizeof *raw);
  aus_status status = raw && play(w, it, it->start - PREROLL, samples, raw) ? AUS_OK : AUS_ENOMEM;
  if (status == AUS_OK) status = stems_make(w, it, samples, raw);
  aus_free(w->ctx, raw);
  return status;
}

static aus_status make_item(work *w, const song *of, int64_t number)
{
  item it = { .of = of, .solo = w->solo };
  aus_rng rng;
  char folder[1600];
  const bool test = strcmp(of->split, "test") == 0;
  aus_rng_init(&rng, (uint64_t)w->seed, (uint64_t)(number * 4 + (of->split[0] == 'v') + 2 * test));
  if (it.solo) it.as = (int)aus_rng_below(&rng, 2);
  aus_status status = aus_midi_read(w->ctx, of->path, &it.midi);
  if (status == AUS_OK) status = aus_midi_notes(w->ctx, &it.midi, AUS_MIDI_SUSTAIN, &it.note, &it.notes);
  if (status == AUS_OK && draw_stretch(&it, w->seconds, &rng)) {
    draw_sounds(w, &it, test, &rng);
    snprintf(folder, sizeof folder, "%s/%s/%05" PRId64, w->out, of->split, number);
    mkdir(folder, 0777);
    status = render(w, &it);
    if (status == AUS_OK) status = stems_write(w, &it, folder, number);
    w->made++;
  }
  for (int f = 0; f < FAMILIES; f++) aus_free(w->ctx, it.stem[f]);
  aus_midi_notes_free(w->ctx, it.note);
  aus_midi_free(w->ctx, &it.midi);
  return status;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */

static bool exists(const work *w, const char *split, int64_t number)
{
  char path[2048];
  struct stat st;
  snprintf(path, sizeof path, "%s/%s/%05" PRId64 "/item.tsv", w->out, split, number);
  return stat(path, &st) == 0;
}

/* Has it a stretch to draw? A file that cannot be read has none, and is named. */
static bool suits(const work *w, const song *of)
{
  item it = { .of = of, .solo = w->solo };
  aus_rng rng;
  aus_rng_init(&rng, 0, 0);
  bool good = aus_midi_read(w->ctx, of->path, &it.midi) == AUS_OK && aus_midi_notes(w->ctx, &it.midi, AUS_MIDI_SUSTAIN, &it.note, &it.notes) == AUS_OK;
  if (!good) fprintf(stderr, "render: %s\n", aus_ctx_error(w->ctx));
  good = good && draw_stretch(&it, w->seconds, &rng);
  aus_midi_notes_free(w->ctx, it.note);
  aus_midi_free(w->ctx, &it.midi);
  return good;
}

/* Item i is of song i mod n of those of its split that suit; of the test's songs each gives one item. */
static bool make_split(work *w, const char *split, int64_t items)
{
  char path[2048];
  int list[MAX_SONGS], n = 0;
  const bool test = strcmp(split, "test") == 0;
  for (int i = 0; i < w->n_songs && !(test && n == items); i++)
    if (strcmp(w->songs[i].split, split) == 0 && suits(w, &w->songs[i])) list[n++] = i;
  snprintf(path, sizeof path, "%s/%s", w->out, split);
  mkdir(path, 0777);
  if (test && n < items) items = n;
  fprintf(stderr, "render: %s: %d songs for %" PRId64 " items\n", split, n, items);
  for (int64_t i = 0; n > 0 && i < items; i++) {
    if (i % w->parts != w->part || exists(w, split, i)) continue;
    if (make_item(w, &w->songs[list[i % n]], i) != AUS_OK) { fprintf(stderr, "render: %s\n", aus_ctx_error(w->ctx)); return false; }
    if (w->made % 50 == 0) fprintf(stderr, "render: %s %" PRId64 " of %" PRId64 "\n", split, i + 1, items);
  }
  return true;
}

static bool read_songs(work *w, const char *path)
{
  FILE *f = fopen(path, "r");
  w->songs = calloc(MAX_SONGS, sizeof *w->songs);
  if (!f || !w->songs) { fprintf(stderr, "render: cannot read %s\n", path); return false; }
  while (w->n_songs < MAX_SONGS) {
    song *s = &w->songs[w->n_songs];
    if (fscanf(f, "%1023[^\t]\t%7[^\t]\t%63[^\n]\n", s->path, s->split, s->source) != 3) break;
    w->n_songs++;
  }
  fclose(f);
  return w->n_songs > 0;
}

int main(int argc, char **argv)
{
  work w = { .items = 100, .test_songs = 225, .seed = 1, .seconds = 10, .parts = 1 };
  if (argc < 3) { fprintf(stderr, "usage: render SONGS.tsv OUT [--items N] [--test-songs M] [--seed S] [--seconds T] [--part K/P] [--timbre NAME] [--solo yes] [--vary yes]\n"); return 2; }
  for (int i = 3; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--items")) w.items = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--test-songs")) w.test_songs = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--seed")) w.seed = atoll(argv[i + 1]);
    else if (!strcmp(argv[i], "--seconds")) w.seconds = atof(argv[i + 1]);
    else if (!strcmp(argv[i], "--solo")) w.solo = !strcmp(argv[i + 1], "yes");
    else if (!strcmp(argv[i], "--vary")) w.vary = !strcmp(argv[i + 1], "yes");
    else if (!strcmp(argv[i], "--timbre") && !only_font(argv[i + 1])) return 2;
    else if (!strcmp(argv[i], "--part") && sscanf(argv[i + 1], "%d/%d", &w.part, &w.parts) != 2) return 2;
  }
  const aus_config config = { .threads = 1 };
  if (w.vary) every_font();
  w.out = argv[2];
  mkdir(w.out, 0777);
  if (w.seconds < 3 || w.seconds > 60 || w.parts < 1 || !read_songs(&w, argv[1]) || aus_ctx_create(&w.ctx, &config) != AUS_OK || !play_open(&w)) return 1;
  const bool done = make_split(&w, "test", w.test_songs) && make_split(&w, "valid", (w.items + 9) / 10) && make_split(&w, "train", w.items);
  fprintf(stderr, "render: %" PRId64 " items made\n", w.made);
  aus_ctx_destroy(w.ctx);
  free(w.songs);
  return done ? 0 : 1;
}
