EXTRA_DIST += docs/format.md
