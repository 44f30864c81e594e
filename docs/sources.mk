# one line a file: helpers add theirs without touching others'
EXTRA_DIST += docs/audio.md
EXTRA_DIST += docs/convert.md
EXTRA_DIST += docs/onnx-support.md
EXTRA_DIST += docs/format.md
EXTRA_DIST += docs/pipe-protocol.md
EXTRA_DIST += docs/models.md
EXTRA_DIST += docs/ops.md docs/ops.sh
EXTRA_DIST += docs/graph.md
EXTRA_DIST += docs/nmf.md
EXTRA_DIST += docs/architecture.md docs/cli.md docs/exit-codes.md docs/json.md docs/quickstart.md
dist_man_MANS += docs/auscult.1
EXTRA_DIST += docs/dsp.md
EXTRA_DIST += docs/references.bib
EXTRA_DIST += docs/audiolime.md docs/lime.md docs/components.md docs/references.bib
EXTRA_DIST += docs/kernels.md
EXTRA_DIST += docs/convolution.md
EXTRA_DIST += docs/report.md
