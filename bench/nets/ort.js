// Times one ONNX file on ONNX Runtime's CPU provider and checks its output against ours.
// Usage: node ort.js FILE.onnx THREADS ROUNDS X.f32 SHAPE(comma) OUT.f32   (module path in NODE_PATH)
const fs = require('fs'), ort = require('onnxruntime-node');
const [, , file, threads, rounds, inFile, shape, outFile] = process.argv;

(async () => {
  const dims = shape.split(',').map(Number);
  const bytes = fs.readFileSync(inFile);
  const data = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: Number(threads), interOpNumThreads: 1,
    executionMode: 'sequential', graphOptimizationLevel: 'all', executionProviders: ['cpu'] });
  const feed = { x: new ort.Tensor('float32', data, dims) };
  const y = (await session.run(feed)).y;
  fs.writeFileSync(outFile, Buffer.from(y.data.buffer, y.data.byteOffset, y.data.byteLength));
  const fetch = { y: new ort.Tensor('float32', new Float32Array(y.data.length), y.dims) }; // spares an allocation a run
  const ms = [];
  for (let i = 0; i < Number(rounds) + 1; i++) {
    const a = process.hrtime.bigint();
    await session.run(feed, fetch);
    if (i) ms.push(Number(process.hrtime.bigint() - a) * 1e-6); // the first run warms up
  }
  console.log(JSON.stringify({ ms }));
})().catch(e => { console.error(String(e)); process.exit(1); });
