"""mido reads the notes that tests/test_midi_write writes."""
import os, subprocess, sys
from common import *

program = sys.argv[2] + "/tests/test_midi_write"
try:
    import mido
except ImportError:
    mido = None
if mido is None or not os.path.exists(program):
    skip("MIDI by mido", "no python3-mido here" if mido is None else "tests/test_midi_write is not built")
else:
    subprocess.run([program, "notes.mid"], check=True)
    f, now, down, programs, got = mido.MidiFile("notes.mid"), 0.0, {}, {}, []
    for m in f:
        now += m.time
        if m.type == "program_change": programs[m.channel] = m.program
        if m.type == "note_on" and m.velocity: down[m.channel, m.note] = (now, m.velocity)
        if m.type == "note_off" or (m.type == "note_on" and not m.velocity):
            on, velocity = down.pop((m.channel, m.note))
            got.append((round(on, 3), round(now, 3), m.note, velocity, m.channel, programs[m.channel]))
    want = [(0, .5, 60, 100, 0, 0), (0, .25, 64, 1, 0, 0), (.5, 1.75, 60, 127, 0, 0), (.75, 61.25, 36, 80, 3, 33), (1, 1.125, 38, 90, 9, 0), (2, 2.001, 72, 50, 0, 0)]
    check("mido %s reads our MIDI file: %d notes, their times, loudness and programs" % (version("python3-mido"), len(got)), sorted(got) == sorted(want) and not down, got)
