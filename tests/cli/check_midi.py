#!/usr/bin/python3
"""check_midi.py AUSCULT [--every N] FILE...: the notes that `auscult midi` prints against those of mido, another reader.

mido reads the messages; which of them make a note is said again here, in other words than in src/midi/notes.c: walk the messages in order of
time, keep what sounds in a dictionary, hold back what comes up under a pedal. Onsets and ends within a microsecond, all else equal."""
import json
import subprocess
import sys
from collections import defaultdict

import mido


def timed(path):
    """(seconds, track, message) in order of time; mido's own walk, plus the track, and tempi of a quarter of no ticks refused there too."""
    f = mido.MidiFile(path, clip=False)
    every = []
    for k, track in enumerate(f.tracks):
        tick = 0
        for m in track:
            tick += m.time
            every.append((tick, k, m))
            if m.type == "end_of_track":
                break
    every.sort(key=lambda e: e[0])
    seconds, last, tempo, out = 0.0, 0, 500000, []
    for tick, k, m in every:
        seconds += mido.tick2second(tick - last, f.ticks_per_beat, tempo)
        last = tick
        out.append((seconds, k, m))
        if m.type == "set_tempo":
            tempo = m.tempo
    return out


def notes_of(messages, sustain):
    """[onset, offset, pitch, velocity, channel, program, track, when the key came up]"""
    end = messages[-1][0] if messages else 0.0
    down, held, pedal, program, done = {}, defaultdict(list), defaultdict(bool), defaultdict(int), []
    for t, track, m in messages:
        if m.type == "program_change":
            program[m.channel] = m.program
        elif m.type in ("note_on", "note_off"):
            old = down.pop((m.channel, m.note), None)
            if old:
                old[1] = old[7] = t
                done.append(old)
                if sustain and pedal[m.channel]:
                    held[m.channel].append(old)
            if m.type == "note_on" and m.velocity:
                down[m.channel, m.note] = [t, end, m.note, m.velocity, m.channel, program[m.channel], track, None]
        elif m.type == "control_change" and m.control == 64 and sustain:
            if m.value >= 64 and not pedal[m.channel]:
                held[m.channel] = [n for n in done if n[4] == m.channel and n[7] == t]  # keys that came up at this very moment
            elif m.value < 64:
                for n in held.pop(m.channel, []):
                    n[1] = t
            pedal[m.channel] = m.value >= 64
    # up at the moment the pedal comes up changes nothing; pedals still down end with the piece
    for channel, ns in held.items():
        if pedal[channel]:
            for n in ns:
                n[1] = end
    return sorted((n[:7] for n in done + list(down.values())), key=lambda n: (round(n[0], 6), n[2], n[4], n[6], n[3]))


def ours(auscult, path, *options):
    text = subprocess.run([*auscult, "midi", path, "--notes", "--json", "--overlap", "-q", *options], capture_output=True, text=True)
    if text.returncode:
        return text.stderr.strip()
    return sorted(([n["onset"], n["offset"], n["pitch"], n["velocity"], n["channel"] - 1, n["program"] - 1, n["track"]]
                   for n in json.loads(text.stdout)["notes"]), key=lambda n: (round(n[0], 6), n[2], n[4], n[6], n[3]))


def same(a, b):
    return len(a) == len(b) and all(x[2:] == y[2:] and abs(x[0] - y[0]) < 1e-5 and abs(x[1] - y[1]) < 1e-5 for x, y in zip(a, b))


def main():
    args = sys.argv[1:]
    auscult, every = args.pop(0).split(), 1
    if args and args[0] == "--every":
        every, args = int(args[1]), args[2:]
    good = wrong = refused = notes = 0
    for path in args[::every]:
        try:
            messages = timed(path)
        except Exception as e:  # mido refuses: so must we, or say why not
            mine = ours(auscult, path)
            refused += 1
            print("mido refuses %s (%s %s); we %s" % (path, type(e).__name__, e, mine if isinstance(mine, str) else "read %d notes" % len(mine)))
            continue
        for sustain in (False, True):
            a, b = ours(auscult, path, *([] if sustain else ["--no-sustain"])), notes_of(messages, sustain)
            if isinstance(a, str) or not same(a, b):
                wrong += 1
                print("differs%s: %s: %s" % (" with the pedal" if sustain else "", path, a if isinstance(a, str) else "%d notes, mido %d; %s" % (
                    len(a), len(b), [(x, y) for x, y in zip(a, b) if not same([x], [y])][:2])))
            else:
                good += 1
        notes += len(messages)
    print("%d readings agree, %d differ, %d files refused by mido; %d messages" % (good, wrong, refused, notes))
    return wrong > 0


sys.exit(main())
