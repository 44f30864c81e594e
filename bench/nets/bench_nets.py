#!/usr/bin/python3
"""Whole networks: Auscult beside ONNX Runtime and torch, same weights, same input, in turn.

  bench/nets/bench_nets.py --build BUILD [--nets musicnn,won] [--batch 1,16] [--threads 1,2] [--rounds 5]

Each net is built in torch with random weights, exported to ONNX, converted with tools/auscult-convert
and run by all three; outputs are compared before times are. ONNX Runtime is used when NODE_PATH names a folder with
onnxruntime-node (npm install onnxruntime-node --ignore-scripts). Prints a table; --json FILE appends one line a case.
Run it under `chrt -r 20` on a machine that is not idle.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, time

import numpy as np
import torch

import models

ROOT = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", required=True, help="build folder; `make bench/nets/run_net` there first")
    p.add_argument("--nets", default=",".join(models.NETS))
    p.add_argument("--batch", default="1,16")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--sweeps", type=int, default=2, help="how often the engines take turns")
    p.add_argument("--json")
    return p.parse_args()


def child(command, threads, **env):
    run = subprocess.run([str(c) for c in command], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": str(threads), **env})
    if run.returncode:
        return None, (run.stderr.strip().splitlines() or ["failed"])[-1]
    return json.loads(run.stdout), None


def time_torch(net, x, threads, rounds):
    torch.set_num_threads(threads)
    ms = []
    with torch.no_grad():
        y = net(x)
        for _ in range(rounds):
            start = time.perf_counter()
            net(x)
            ms.append((time.perf_counter() - start) * 1e3)
    return ms, y.numpy()


def export(net, x, folder, name):
    onnx, aus = folder / (name + ".onnx"), folder / (name + ".aus")
    with torch.no_grad():
        torch.onnx.export(net, x, str(onnx), opset_version=14, input_names=["x"], output_names=["y"], do_constant_folding=True)
    subprocess.run([sys.executable, str(ROOT / "tools/auscult-convert"), str(onnx), "-o", str(aus)], check=True, stdout=subprocess.DEVNULL)
    return onnx, aus


def one_case(args, folder, name, batch):
    cls, shape, flop = models.NETS[name]
    torch.manual_seed(0)
    net = cls().eval()
    x = torch.rand(batch, *shape)
    onnx, aus = export(net, x, folder, "%s_b%d" % (name, batch))
    x.numpy().tofile(folder / "x.f32")
    dims = ",".join(map(str, x.shape))
    for threads in map(int, args.threads.split(",")):
        ms = {"auscult": [], "onnxruntime": [], "torch": []}
        note = ""
        for _ in range(args.sweeps):
            t, want = time_torch(net, x, threads, args.rounds)
            ms["torch"] += t
            ours, error = child([pathlib.Path(args.build) / "bench/nets/run_net", aus, threads, args.rounds, folder / "x.f32", dims, folder / "y.f32"], threads)
            if error:
                sys.exit("auscult on %s: %s" % (name, error))
            ms["auscult"] += ours["ms"]
            peer, error = child(["node", ROOT / "bench/nets/ort.js", onnx, threads, args.rounds, folder / "x.f32", dims, folder / "z.f32"], threads)
            ms["onnxruntime"] += peer["ms"] if peer else []
            note = error or note
        got = np.fromfile(folder / "y.f32", np.float32).reshape(want.shape)
        report(args, name, batch, threads, flop * batch, ms, float(np.abs(got - want).max() / max(1e-30, np.abs(want).max())), ours, note)


def report(args, name, batch, threads, flop, ms, error, ours, note):
    med = {k: statistics.median(v) for k, v in ms.items() if v}
    peer = min((v, k) for k, v in med.items() if k != "auscult")
    row = dict(net=name, batch=batch, threads=threads, ms=med, ratio_ort=med["onnxruntime"] / med["auscult"] if "onnxruntime" in med else None,
               ratio_torch=med["torch"] / med["auscult"], gflops=flop / med["auscult"] * 1e-6, rel_error=error, isa=ours["isa"], arena_mib=ours["arena_mib"])
    print("%-8s b%-3d %dT  auscult %9.2f ms %6.1f GFLOP/s   %s   best peer / ours %.2f (%s)   rel. error %.1e  arena %.0f MiB%s" % (
        name, batch, threads, med["auscult"], row["gflops"], "   ".join("%s %9.2f" % (k, v) for k, v in med.items() if k != "auscult"),
        peer[0] / med["auscult"], peer[1], error, ours["arena_mib"], "   [no onnxruntime: %s]" % note if note else ""), flush=True)
    if args.json:
        with open(args.json, "a") as f:
            f.write(json.dumps(row) + "\n")


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        for name in args.nets.split(","):
            for batch in map(int, args.batch.split(",")):
                one_case(args, pathlib.Path(folder), name, batch)


if __name__ == "__main__":
    main()
