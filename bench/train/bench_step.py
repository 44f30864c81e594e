#!/usr/bin/python3
"""Training steps: Auscult beside torch, same net, same weights, same batch, in turn.

  bench/train/bench_step.py --build BUILD [--nets vgg16bn,blstm2] [--batch 16] [--threads 1,2] [--steps 4] [--sweeps 2]

A step: forward in training mode, gradients of 0.5 sum (y - target)^2 / batch with respect to all parameters, plain
gradient descent. The nets are bench/nets/models.py's, with random weights, converted with tools/auscult-convert. The losses of
the steps are compared before times are: both engines must go down the same path. Run it under `chrt -r 20` on a machine
that is not idle.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, tempfile, time

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/nets"))
import models  # noqa: E402


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", required=True, help="build folder; `make bench/train/run_step` there first")
    p.add_argument("--nets", default="vgg16bn,blstm2")
    p.add_argument("--batch", type=int, default=16)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--steps", type=int, default=4)
    p.add_argument("--sweeps", type=int, default=2, help="how often the engines take turns")
    p.add_argument("--rate", type=float, default=1e-4)
    p.add_argument("--profile", action="store_true", help="print where our time goes")
    p.add_argument("--json")
    return p.parse_args()


def time_torch(net, state, x, target, threads, steps, rate):
    torch.set_num_threads(threads)
    net.load_state_dict(state)
    net.train()
    descent = torch.optim.SGD(net.parameters(), rate)
    ms, losses = [], []
    for i in range(steps + 1):
        start = time.perf_counter()
        descent.zero_grad()
        loss = 0.5 * ((net(x) - target) ** 2).sum() / x.shape[0]
        loss.backward()
        descent.step()
        if i:
            ms.append((time.perf_counter() - start) * 1e3)
        losses.append(loss.item())
    return ms, losses


def export(net, x, folder, name):
    onnx, aus = folder / (name + ".onnx"), folder / (name + ".aus")
    net.eval()
    with torch.no_grad():  # PRESERVE: batch norm stays a node of its own
        torch.onnx.export(net, x, str(onnx), opset_version=14, input_names=["x"], output_names=["y"], do_constant_folding=False,
                          training=torch.onnx.TrainingMode.PRESERVE)
    subprocess.run([sys.executable, str(ROOT / "tools/auscult-convert"), str(onnx), "-o", str(aus)], check=True, stdout=subprocess.DEVNULL)
    return aus


def ours(args, aus, folder, dims, threads):
    command = [pathlib.Path(args.build) / "bench/train/run_step", aus, threads, args.steps, args.rate, folder / "x.f32", dims, folder / "t.f32"]
    run = subprocess.run([str(c) for c in command] + (["profile"] if args.profile else []), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout)


def one_net(args, folder, name):
    cls, shape, _ = models.NETS[name]
    torch.manual_seed(0)
    net = cls()
    state = {k: v.clone() for k, v in net.state_dict().items()}
    x = torch.rand(args.batch, *shape)
    aus = export(net, x, folder, name)
    target = torch.rand(net(x).shape)
    x.numpy().tofile(folder / "x.f32")
    target.numpy().tofile(folder / "t.f32")
    for threads in map(int, args.threads.split(",")):
        ms = {"auscult": [], "torch": []}
        for _ in range(args.sweeps):
            t, want = time_torch(net, state, x, target, threads, args.steps, args.rate)
            ms["torch"] += t
            got = ours(args, aus, folder, ",".join(map(str, x.shape)), threads)
            ms["auscult"] += got["ms"]
        off = max(abs(a - b) / abs(b) for a, b in zip(got["loss"], want))
        if not off < 2e-3:
            sys.exit("%s: the losses differ: ours %s, torch's %s" % (name, got["loss"], want))
        report(args, name, threads, ms, off, want, got)


def report(args, name, threads, ms, off, losses, got):
    med = {k: statistics.median(v) for k, v in ms.items()}
    print("%-8s b%-3d %dT  auscult %9.1f ms   torch %9.1f ms   torch / ours %.2f   loss %.6g -> %.6g, apart by %.1e   run %.0f MiB walk %.0f MiB" % (
        name, args.batch, threads, med["auscult"], med["torch"], med["torch"] / med["auscult"], losses[0], losses[-1], off, got["run_mib"], got["walk_mib"]), flush=True)
    if args.json:
        with open(args.json, "a") as f:
            f.write(json.dumps(dict(net=name, batch=args.batch, threads=threads, ms=med, ratio_torch=med["torch"] / med["auscult"], loss_apart=off)) + "\n")


def main():
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        for name in args.nets.split(","):
            one_net(args, pathlib.Path(folder), name)


if __name__ == "__main__":
    main()
