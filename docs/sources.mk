EXTRA_DIST += docs/audio.md docs/format.md
