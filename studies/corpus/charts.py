#!/usr/bin/python3
"""charts.py DIR FIRST COUNT POOL [MIDI]: COUNT songs of our own as chord charts DIR/chart-NNNN.mma, and by `mma` as DIR/chart-NNNN.mid.

A song is a function of its number: key, tempo, a groove of mma's library (drums, bass and whatever else it brings), two sections of eight bars
from progressions everybody uses, with exchanges, and three accompaniments of ours that every song has: a guitar that strums or picks, a piano in
chords or broken ones, strings that hold or repeat. POOL is train or test: they share no groove. Which instrument of a family plays
is not decided here but when the song is rendered. With MIDI = keep, files that are there stay."""
import os
import random
import subprocess
import sys

GROOVES = {
    "train": "8Beat 60sRock Arpeggio4 Ballad BasicRock Beguine BigBand Blues BossaNova BubbleRock BVFunk Calypso ChaCha CountryBlues CountrySwing "
             "CubanGuitar DSoul EasySwing FastBlues Folk FolkBallad Foxtrot GuitarBallad JazzCombo JazzRhumba JazzRock Jive LFusion Mambo MellowJazz "
             "PianoBallad Polka PopSpiritual QuickStep R&B Rhumba RockBallad Salsa ShowTune SlowBlues SlowCountry SlowJazz StringBallad Twist",
    "test": "50sRock Bolero BoneyM Broadway DescendingJazz FastSwing FolkRock LightTango Merengue ModernJazz NiteJazz PopBallad R&B-Ballad Samba Ska "
            "SlowBolero SoftRock Son Strut Swing Tango WesternSwing",
}
# Degrees with qualities; | divides bars. Eight bars, or four that are played twice.
MAJOR = ["I | V | vi | IV", "I | vi | IV | V7", "I | vi | ii7 | V7", "I | IV | V7 | IV", "I | iii | IV | V", "vi | IV | I | V", "I | bVII | IV | I",
         "IM7 | ii7 | iii7 | IVM7", "ii7 | V7 | IM7 | IM7", "I | I7 | IV | iv6", "I | V | IV | IV | I | V | IV V7 | I", "IV | V7 | iii7 | vi",
         "I7 | I7 | IV7 | I7 | V7 | IV7 | I7 | V7", "ii7 | V7 | IM7 | vi7 | ii7 | V7 | IM7 | I7", "I | V | vi | iii | IV | I | IV | V"]
MINOR = ["i | bVII | bVI | V7", "i | iv | i | V7", "i | bVI | bIII | bVII", "i | iv | bVII | bIII", "i7 | iv7 | i7 | V7", "i | V7 | i | i | iv | i | V7 | i",
         "i | bVII | bVI | bVII", "i | bIII | iv | V7", "iv | bVII | bIII | bVI"]
STEP = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
NAMES = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]

# One bar each: beat, length, then volumes of mma's Chord tracks.
STRUMS = ["1 4 90; 2 4 70; 3 4 90; 4 4 70", "1 4 95; 2.5 8 70; 3 4 85; 4 8 70; 4.5 8 65", "1 8 90; 1.5 8 60; 2 8 80; 2.5 8 60; 3 8 90; 3.5 8 60; 4 8 80; 4.5 8 60",
          "1 4. 95; 2.5 4 75; 3.5 4 75; 4.5 8 70", "2 8 95; 3.5 8 70; 4 8 95; 1 4 60", "1 2 90; 3 4 75; 4 4 75", "1 4 90; 2 8 75; 2.5 8 65; 3.5 8 80; 4 8 65; 4.5 8 75"]
PICKS = ["8", "8", "16", "4"]
COMPS = ["1 4 85; 2 4 75; 3 4 85; 4 4 75", "1 2 85; 3 2 80", "1 4. 90; 2.5 8 70; 3 2 80", "1.5 4 80; 2.5 4 80; 3.5 4 80; 1 8 60", "1 1 85", "1 8 90; 2 8 80; 3 8 90; 4 8 80; 4.5 8 70",
         "1 4. 90; 2.5 4. 85; 4 4 85"]
HELD = ["1 1 80", "1 2 80; 3 2 80", "1 1 75", "1 4 75; 2 4 70; 3 4 75; 4 4 70"]


def chord(degree, key):
    """bVII7 in the key of 2 (D) -> C7; small degrees are minor."""
    flat = degree.startswith("b")
    body = degree[flat:]
    numeral = ""
    while body and body[0] in "IViv":
        numeral, body = numeral + body[0], body[1:]
    root = (STEP[numeral.upper()] - flat + key) % 12
    return NAMES[root] + ("m" if numeral.islower() else "") + body


def section(r, minor, key):
    bars = r.choice(MINOR if minor else MAJOR).split(" | ")
    bars = bars * (8 // len(bars))
    if r.random() < 0.4:  # an exchange in the second half: a seventh where a triad was
        k = r.randrange(4, 8)
        if bars[k] in ("I", "IV", "i", "iv", "vi"):
            bars[k] += "7"
    return [" ".join(chord(d, key) for d in bar.split()) for bar in bars]


def chart(number, pool):
    r = random.Random("auscult corpus %s %d" % (pool, number))
    minor, key, tempo, groove = r.random() < 0.35, r.randrange(12), r.randrange(76, 156), r.choice(GROOVES[pool].split())
    a, b = section(r, minor, key), section(r, minor, key)
    bars = a + b + a + (b if r.random() < 0.5 else a) + a
    pick, broken = r.random() < 0.4, r.random() < 0.45
    lines = ["// studies/corpus/charts.py %s %d" % (pool, number), "RndSeed %d" % (number + 1), "Tempo %d" % tempo, "Groove %s" % groove]

    def track(name, voice, octave, volume, *rest):
        lines.extend(["Begin %s" % name, "  Voice %s" % voice, "  Octave %d" % octave, "  Volume %s" % volume, "  RVolume 12", "  RTime 4", *("  " + s for s in rest), "End"])

    if pick:
        track("Arpeggio-Gtr", "NylonGuitar", 4, "f", "Articulate 95", "Direction %s" % r.choice(["Up", "Both", "Random"]), "Range %d" % r.choice([1, 2]),
              "Sequence {1 %s 85 * %s}" % ((p := r.choice(PICKS)), p))
    else:
        track("Chord-Gtr", "NylonGuitar", 4, "f", "Articulate %d" % r.choice([55, 75, 90]), "Strum %d" % r.choice([6, 10, 16]), "Voicing Mode=Optimal",
              "Sequence {%s}" % r.choice(STRUMS))
    if broken:
        track("Arpeggio-Pno", "Piano1", 5, "f", "Articulate 100", "Direction %s" % r.choice(["Up", "Both", "Down"]), "Range %d" % r.choice([1, 2]),
              "Sequence {1 %s 80 * %s}" % ((p := r.choice(["8", "8", "16", "4"])), p))
        track("Chord-PnoLow", "Piano1", 3, "mf", "Articulate 100", "Limit 3", "Sequence {%s}" % r.choice(["1 2 85; 3 2 75", "1 1 85"]))
    else:
        track("Chord-Pno", "Piano1", r.choice([4, 5]), "f", "Articulate %d" % r.choice([70, 90, 100]), "Voicing Mode=Optimal", "Sequence {%s}" % r.choice(COMPS))
    track("Chord-Str", "Strings", r.choice([4, 5]), "mf", "Articulate 100", "Voicing Mode=Optimal", "Sequence {%s}" % r.choice(HELD))
    lines += ["%d %s" % (i + 1, c) for i, c in enumerate(bars)]
    return "\n".join(lines) + "\n", groove


def main():
    folder, first, count, pool = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    keep = sys.argv[5:] == ["keep"]
    os.makedirs(folder, exist_ok=True)
    for number in range(first, first + count):
        stem = os.path.join(folder, "chart-%04d" % number)
        if keep and os.path.exists(stem + ".mid"):
            continue
        text, groove = chart(number, pool)
        with open(stem + ".mma", "w") as f:
            f.write(text)
        run = subprocess.run(["mma", stem + ".mma", "-f", stem + ".new.mid"], capture_output=True, text=True)
        if run.returncode or not os.path.exists(stem + ".new.mid"):
            sys.exit("charts.py: mma refuses %s.mma (groove %s): %s" % (stem, groove, (run.stdout + run.stderr).strip()[-300:]))
        os.rename(stem + ".new.mid", stem + ".mid")


main()
