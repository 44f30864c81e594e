#!/bin/sh
# run.sh [--items N] [--test-songs M] [--seed S] [--more yes] [--varied yes]: the corpus, from free MIDI files and chord charts of our own to stems and a manifest.
#
#   OUT=FOLDER    (default build/corpus)     MIDI=FOLDER (default ../shared/data/midi beside the repository)    BUILD=FOLDER (default build)
#   PARTS=P       render in P processes at once (default 1)
#
# N training items (1500), N/10 to validate, and one item of each of M test songs (230: in one or two a part turns out silent). The same command gives the same bytes; what is there already is not
# made again. Beside it, for networks that must know an instrument whoever made it, --more yes: 600 items by one soundfont more (GeneralUser) in OUT/more; --varied yes: 1500 whose instruments are varied
# (render --vary) in OUT/varied, twelve minutes of a core.
# Needs Debian's mma, fluidsynth (libfluidsynth-dev), fluid-soundfont-gm, musescore-general-soundfont, opl3-soundfont, timgm6mb-soundfont, freepats, libwildmidi-dev (--more: minuet-data; --varied: that and avldrums.lv2-soundfont);
# on a Debian where it may, it installs them. Budget of one core: 0.12 s a chart, 0.3 s an item, six seconds for the soundfonts: about ten minutes in all.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/scripts/lib.sh"
find_build
OUT=${OUT:-$work/corpus}
MIDI=${MIDI:-$top/../shared/data/midi}
items=1500 songs=230 seed=1 more=no varied=no
while [ $# -gt 1 ]; do
  case $1 in --items) items=$2 ;; --test-songs) songs=$2 ;; --seed) seed=$2 ;; --more) more=$2 ;; --varied) varied=$2 ;; *) echo "run.sh: unknown option $1" >&2; exit 2 ;; esac
  shift 2
done
need_packages mma libfluidsynth-dev libsndfile1-dev pkg-config fluid-soundfont-gm musescore-general-soundfont opl3-soundfont timgm6mb-soundfont freepats libwildmidi-dev
mkdir -p "$OUT/songs"
make -s -C "$BUILD" libauscult-all.la
${CC:-cc} -std=gnu11 -O2 -I"$top/include" -I"$top/src" -I"$top" "$here"/*.c "$BUILD/.libs/libauscult-all.a" $(pkg-config --cflags --libs fluidsynth sndfile) -lWildMidi -fopenmp -lm -o "$OUT/render"

say "charts"
# A fifth of the items is the number of songs to train from; a sixth more test songs than wanted, because in some no stretch has all playing.
/usr/bin/python3 "$here/charts.py" "$OUT/songs/train" 0 $(((items + 4) / 5)) train keep
/usr/bin/python3 "$here/charts.py" "$OUT/songs/valid" 5000 $(((items + 29) / 30)) train keep
/usr/bin/python3 "$here/charts.py" "$OUT/songs/test" 0 $((songs * 5 / 4 + 1)) test keep

# Files by others first: of every six, two to the test, one to validate, three to learn from.
{
  [ -d "$MIDI" ] && find "$MIDI/freedoom" "$MIDI/debian_gm" -iname '*.mid' ! -path '*mma_examples*' | LC_ALL=C sort |
    awk -v root="$MIDI/" '{ n = $0; sub(root, "", n); sub("/[^/]*$", "", n); k = NR % 6; print $0 "\t" (k < 2 ? "test" : k < 3 ? "valid" : "train") "\tfile:" n }'
  for split in train valid test; do
    for f in "$OUT/songs/$split"/*.mid; do
      [ -e "$f" ] || continue
      printf '%s\t%s\tmma:%s\n' "$f" "$split" "$(sed -n 's/^Groove //p' "${f%.mid}.mma")"
    done
  done
} >"$OUT/songs.tsv"

say "items"
# render_in FOLDER OPTION...
render_in() {
  to=$1
  shift
  mkdir -p "$to"
  in_parts "$OUT/render" "$OUT/songs.tsv" "$to" "$@"
}
render_in "$OUT" --items "$items" --test-songs "$songs" --seed "$seed"
{
  printf 'item\tsplit\tsong\tsource\tstart\tcents\tgain\tguitar\tpiano\tbass\tdrums\tstrings\n'
  find "$OUT/test" "$OUT/train" "$OUT/valid" -name item.tsv | LC_ALL=C sort | xargs cat
} >"$OUT/items.tsv.new"
mv "$OUT/items.tsv.new" "$OUT/items.tsv"
awk -F'\t' 'NR > 1 { n[$2]++; if ($4 ~ /^mma/) m[$2]++; s[$2 "\t" $3 $4] = 1; if ($12 != "") str[$2]++ }
  END { for (k in s) { split(k, a, "\t"); d[a[1]]++ } for (k in n) printf "%s: %d items of %d songs, %.0f%% of the items from our own charts, %d with strings\n", k, n[k], d[k], 100 * m[k] / n[k], str[k] }' "$OUT/items.tsv" | sort
[ "$more" = no ] || {
  need_packages minuet-data || exit 1
  render_in "$OUT/more" --items 600 --test-songs 0 --seed $((seed + 1)) --timbre GeneralUser
}
[ "$varied" = no ] || {
  need_packages minuet-data avldrums.lv2-soundfont || exit 1
  render_in "$OUT/varied" --items 1500 --test-songs 0 --seed $((seed + 6)) --vary yes
}
