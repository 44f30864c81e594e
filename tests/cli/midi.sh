#!/bin/sh
# midi.sh - auscult midi: table, JSON, what it refuses; and, where mido and data/midi are, every tenth file read by both.
#   MIDI_EVERY=1 tests/cli/midi.sh: every file (a minute)
. "${srcdir:-.}/tests/cli/lib.sh"
seeds=$src/fuzz/corpus/midi
exits 0 "a file of two tracks" midi "$seeds/format1"
check "a row per program" sh -c 'test "$(grep -cE "^ +1 +[0-9]+  [a-z]" out)" = 1 && grep -q "electric piano 2" out'
exits 0 "its notes" midi "$seeds/format1" --notes
check "each in a line" sh -c 'test "$(tail -n +3 out | wc -l)" = 4'
check "from a pipe" sh -c "$auscult midi - --json -q <$seeds/format0"
exits 0 "JSON" midi "$seeds/smpte" --json --notes
check "drums are drums" grep -q '"family": "drums"' out
exits 0 "inside RIFF" midi "$seeds/rmid"
printf 'MThd\0\0\0\6\0\0\0\1\0\140MTrk\0\0\0\2\0\220' >cut.mid
exits 3 "cut short" midi cut.mid
exits 3 "not MIDI" midi "$demo/song.wav"
exits 3 "no such file" midi nowhere.mid
exits 2 "no file" midi
if /usr/bin/python3 -c 'import mido' 2>/dev/null && [ -d "$src/../shared/data/midi" ]; then
  # shellcheck disable=SC2046
  if /usr/bin/python3 "$src/tests/cli/check_midi.py" "$auscult" --every "${MIDI_EVERY:-40}" $(find "$src/../shared/data/midi" -iname '*.mid' | sort) >mido.out; then
    ok "another reader says the same: $(tail -1 mido.out)"
  else
    not_ok "another reader says: $(head -3 mido.out)"
  fi
else
  echo "# skipped: no mido or no data/midi"
fi
finish
