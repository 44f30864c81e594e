#!/bin/sh
# manifest.sh FOLDER: a manifest of the Free Spoken Digit Dataset in FOLDER (files DIGIT_SPEAKER_TAKE.flac or .wav).
printf 'path\tlabel\tspeaker\ttake\n'
for f in "$1"/*.flac "$1"/*.wav; do
  [ -e "$f" ] && basename "$f"
done | LC_ALL=C sort | sed -E 's/^([0-9])_([a-z]+)_([0-9]+)\.(flac|wav)$/&\t\1\t\2\t\3/'
