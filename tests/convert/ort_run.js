// Runs one ONNX file on ONNX Runtime's CPU provider, step by step, its states fed back.
// Usage: node ort_run.js JOB.json   (module path in NODE_PATH). JOB: { model, inputs: [{ name, dims }], steps, x, out }
// x holds the first input of every step, float32; the other inputs are states: what their `file` holds or zero at first, then the
// outputs after the first, in order. Written to out: every output of every step, in order. Printed: { outputs: [{ name, dims }] }.
const fs = require('fs'), ort = require('onnxruntime-node');
const job = JSON.parse(fs.readFileSync(process.argv[2]));
const count = dims => dims.reduce((a, b) => a * b, 1);

(async () => {
  const session = await ort.InferenceSession.create(job.model, { intraOpNumThreads: 1, executionProviders: ['cpu'] });
  const bytes = fs.readFileSync(job.x), all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const [first, ...states] = job.inputs, n = count(first.dims), out = fs.openSync(job.out, 'w');
  const begin = s => s.file ? new Float32Array(new Uint8Array(fs.readFileSync(s.file)).buffer) : new Float32Array(count(s.dims));
  const feed = Object.fromEntries(states.map(s => [s.name, new ort.Tensor('float32', begin(s), s.dims)]));
  let outputs;
  for (let t = 0; t < job.steps; t++) {
    feed[first.name] = new ort.Tensor('float32', all.slice(t * n, (t + 1) * n), first.dims);
    const y = await session.run(feed);
    outputs = session.outputNames.map(name => ({ name, dims: y[name].dims }));
    for (const name of session.outputNames) fs.writeSync(out, Buffer.from(y[name].data.buffer, y[name].data.byteOffset, y[name].data.byteLength));
    states.forEach((s, k) => { feed[s.name] = y[session.outputNames[k + 1]]; });
  }
  fs.closeSync(out);
  console.log(JSON.stringify({ outputs }));
})().catch(e => { console.error(String(e)); process.exit(1); });
