# files of tools: the converter, and a copy of ops.def beside it once installed
dist_bin_SCRIPTS = tools/auscult-convert
convertdir = $(pkgdatadir)/auscult_convert
dist_convert_DATA = \
  tools/auscult_convert/__init__.py \
  tools/auscult_convert/arch.py \
  tools/auscult_convert/aus.py \
  tools/auscult_convert/bundle.py \
  tools/auscult_convert/cli.py \
  tools/auscult_convert/crc32c.py \
  tools/auscult_convert/spleeter.py \
  tools/auscult_convert/tfckpt.py \
  tools/auscult_convert/demucs.py \
  tools/auscult_convert/errors.py \
  tools/auscult_convert/frontend.py \
  tools/auscult_convert/graph.py \
  tools/auscult_convert/interp.py \
  tools/auscult_convert/layers.py \
  tools/auscult_convert/meta.py \
  tools/auscult_convert/musicnn.py \
  tools/auscult_convert/onnx_convert.py \
  tools/auscult_convert/onnx_eval.py \
  tools/auscult_convert/onnx_map.py \
  tools/auscult_convert/onnx_model.py \
  tools/auscult_convert/onnx_probe.py \
  tools/auscult_convert/onnx_rules_math.py \
  tools/auscult_convert/onnx_rules_move.py \
  tools/auscult_convert/onnx_rules_net.py \
  tools/auscult_convert/onnx_rules_spectrum.py \
  tools/auscult_convert/onnx_same.py \
  tools/auscult_convert/opsdef.py \
  tools/auscult_convert/simplify.py \
  tools/auscult_convert/smc.py \
  tools/auscult_convert/tags.py \
  tools/auscult_convert/tensors.py \
  src/nn/ops.def
EXTRA_DIST += \
  tests/convert/run.sh \
  tests/convert/helpers.py \
  tests/convert/test_aus.py \
  tests/convert/test_demucs.py \
  tests/convert/test_engine.py \
  tests/convert/test_musicnn.py \
  tests/convert/ort_run.js \
  tests/convert/test_onnx.py \
  tests/convert/test_htdemucs.py \
  tests/convert/test_onnxruntime.py \
  tests/convert/test_simplify.py \
  tests/convert/test_smc.py \
  tests/convert/test_spleeter.py \
  tests/convert/test_tensors.py \
  tests/onnx/run_testdata.py
