"""auscult-convert: other frameworks' model files -> .aus bundles (docs/convert.md, docs/format.md).

One idea per module:
  errors    the two ways to fail and their exit codes
  opsdef    src/nn/ops.def, parsed: the single source of op codes and attribute order
  graph     a graph under construction (names, parameters, nodes)
  aus       the .aus file: strict writer and strict reader
  interp    runs a graph of ours in torch; checks conversions without the C engine
  frontend  numpy log-mel front ends as the metadata describe them
  musicnn   Keras .h5 of musicnn and vgg; smc the .pth taggers of the SMC-2020 comparison
  onnx_*    ONNX: reading and folding, an evaluator of ONNX graphs, mapping to our ops
  tensors   safetensors, npz, npy and state dicts as plain {name: array}
  cli       options, choosing a converter, writing the file whole or not at all
"""

VERSION = "0.1.0"
