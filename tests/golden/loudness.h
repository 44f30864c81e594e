/* Written by make_loudness.py: what libebur128 says. */
static const struct { int rate, channels; double seconds, lufs; } golden_loudness[] = {
  { 16000, 1, 10, -14.428676880 },
  { 16000, 2, 3, -8.466226298 },
  { 44100, 2, 8, -11.090171848 },
  { 48000, 1, 12, -13.762967368 },
  { 96000, 1, 2, -10.710201057 },
};
