#!/usr/bin/python3
"""Writes tests/golden/train.h: torch's losses with their gradients, ten steps of a small network under each optimiser and schedule, and
the rates of a plateau, scipy's peaking filters, all in double. Run from the repository's root: /usr/bin/python3 tests/golden/make_train.py"""
import numpy as np
import scipy.signal
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def rough(shape, salt, scale=1.0):
    """The signal of tests/op_test.h, exact in float, times a power of two."""
    j = np.arange(int(np.prod(shape)), dtype=np.int64) + salt
    return torch.from_numpy(((((j * 7919 + j * j * 31) % 1021) / 512.0 - 1) * scale).astype(np.float32).reshape(shape)).double()


out = ["/* train.h - made by tests/golden/make_train.py with torch, in double; do not edit. */", "#ifndef AUS_GOLDEN_TRAIN_H", "#define AUS_GOLDEN_TRAIN_H"]


def put(name, y):
    y = y.detach().numpy().ravel() if torch.is_tensor(y) else np.asarray(y, float).ravel()
    out.append("static const double %s[%d] = {" % (name, y.size))
    for i in range(0, y.size, 8):
        out.append("  " + ", ".join("%.12g" % v for v in y[i:i + 8]) + ",")
    out.append("};")


# -- losses: the value, then the gradient ------------------------------------------------------------------
N, K = 5, 4
x = rough((N, K), 3, 4)
soft = F.softmax(rough((N, K), 40, 2), 1).float().double()
hard = F.one_hot(torch.tensor([1, 3, 0, 0, 2]), K).double()
zeros = hard * 0.75
zeros[:, 0] += 0.25
many = (rough((N, K), 77) > 0).double()
weight, positive = rough((K,), 9, .5) + 1, rough((K,), 19, .5) + 1.5
put("golden_soft", soft)
put("golden_many", many)
cases = {
    "cross_entropy": lambda v: F.cross_entropy(v, hard),
    "cross_entropy_soft": lambda v: F.cross_entropy(v, soft, weight=weight),
    "cross_entropy_smooth": lambda v: F.cross_entropy(v, torch.tensor([1, 3, 0, 0, 2]), label_smoothing=0.1),
    "bce": lambda v: F.binary_cross_entropy_with_logits(v, many, weight=weight, pos_weight=positive),
    "bce_plain": lambda v: F.binary_cross_entropy_with_logits(v * 1, soft),
    "mse": lambda v: F.mse_loss(v, soft),
    "l1": lambda v: F.l1_loss(v, soft),
    "kl": lambda v: F.kl_div(F.log_softmax(v, 1), soft, reduction="batchmean"),
    "kl_zeros": lambda v: F.kl_div(F.log_softmax(v, 1), zeros, reduction="batchmean"),
}
for name, f in cases.items():
    v = x.clone().requires_grad_()
    loss = f(v)
    loss.backward()
    put("golden_" + name, torch.cat([loss.detach().reshape(1), v.grad.ravel()]))

# -- ten steps ------------------------------------------------------------------------------------------------
CLIPS, SAMPLES, CLASSES, STEPS = 6, 40, 3, 10


def network():  # no bias before batch norm: its gradient is rounding noise, which Adam would blow up to a step
    net = nn.Sequential(nn.Conv1d(1, 4, 5, stride=2, padding=1, bias=False), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(3), nn.Flatten(), nn.Linear(24, CLASSES))
    salt = 100
    for p in net.parameters():  # in the order of the graph's tensors
        p.data = rough(p.shape, salt, 0.5) + (1 if p.dim() == 1 and salt == 101 else 0)
        salt += 1
    return net


sound = rough((CLIPS, 1, SAMPLES), 7, 0.5)
label = torch.arange(CLIPS) % CLASSES


def steps(name, make, schedule=None, clip=None):
    net = network()
    opt = make(net)
    rates = schedule(opt) if schedule else None
    losses = []
    for _ in range(STEPS):
        opt.zero_grad()
        loss = F.cross_entropy(net(sound), label)
        loss.backward()
        if clip:
            clip(net)
        opt.step()
        if rates:
            rates.step()
        losses.append(loss.item())
    net.eval()
    values = [p.detach().ravel() for p in net.parameters()] + [net[1].running_mean, net[1].running_var]
    put("golden_steps_" + name, torch.cat([torch.tensor(losses)] + values + [F.cross_entropy(net(sound), label).detach().reshape(1)]))


def split_decay(net, decay):
    return [{"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": decay}, {"params": [p for p in net.parameters() if p.dim() == 1], "weight_decay": 0.0}]


sched = torch.optim.lr_scheduler
steps("sgd", lambda n: torch.optim.SGD(n.parameters(), 0.05, momentum=0.9, weight_decay=0.01))
steps("nesterov", lambda n: torch.optim.SGD(n.parameters(), 0.05, momentum=0.8, nesterov=True), lambda o: sched.StepLR(o, 3, 0.5))
steps("adam", lambda n: torch.optim.Adam(n.parameters(), 0.02, weight_decay=0.05), lambda o: sched.CosineAnnealingLR(o, STEPS, 0.001))
steps("adamw", lambda n: torch.optim.AdamW(split_decay(n, 0.1), 0.02, betas=(0.8, 0.95)), lambda o: sched.MultiStepLR(o, [2, 5], 0.3))
steps("clip_norm", lambda n: torch.optim.SGD(n.parameters(), 0.1), clip=lambda n: nn.utils.clip_grad_norm_(n.parameters(), 0.25))
steps("clip_value", lambda n: torch.optim.SGD(n.parameters(), 0.1), clip=lambda n: nn.utils.clip_grad_value_(n.parameters(), 0.05))
steps("warm_up", lambda n: torch.optim.SGD(n.parameters(), 0.1), lambda o: sched.LinearLR(o, 1 / 5, 1, 4))

# -- recipes with other layers: the first gradient, and the loss over ten steps of Adam; parameters in the engine's layouts ---------------------------------------------------
LSTM_TO = [0, 2, 3, 1]  # torch's gates i f g o as numbers of ours, i o f c
HIDDEN = 5


def gates(w):
    return torch.cat([w.chunk(4, 0)[k] for k in LSTM_TO], 0)


def blstm(x, w, r, b):  # x [mb, t, i] -> [mb, t, 2 h], by torch's own cell
    flat = []
    for d in range(2):
        flat += [gates(w[d]), gates(r[d]), gates(b[d, :4 * HIDDEN]), gates(b[d, 4 * HIDDEN:])]
    state = torch.zeros(2, x.shape[0], HIDDEN)
    return torch._VF.lstm(x, (state, state), flat, True, 1, 0.0, True, True, True)[0]


def of_lstm(p):
    h = F.relu(F.conv1d(sound, p[0], p[1], stride=2, padding=1)).transpose(1, 2)
    return F.linear(blstm(h, p[2], p[3], p[4])[:, -1], p[5], p[6])


def of_attention(p):
    h = F.conv1d(sound, p[0], p[1], stride=2, padding=1).transpose(1, 2)
    q, k, v = (F.linear(h, p[2 + 2 * i], p[3 + 2 * i]).reshape(CLIPS, -1, 2, 3).transpose(1, 2) for i in range(3))
    a = (F.softmax(q @ k.transpose(2, 3) / 3 ** 0.5, 3) @ v).transpose(1, 2).reshape(CLIPS, -1, 6)
    h = F.layer_norm(h + F.linear(a, p[8], p[9]), (6,), p[10], p[11])
    return F.linear(h.mean(1), p[12], p[13])


def features():  # [mb, 1, 9 bins, 11 frames]
    s = torch.stft(sound[:, 0], 16, hop_length=4, window=torch.hann_window(16), center=True, pad_mode="constant", return_complex=True)
    return torch.log(s.abs() ** 2 + 0.01)[:, None]


def of_vgg(p):  # two blocks of VGG with batch norm, a grouped convolution and overlapping pools as in AlexNet
    def bn(h, w, b):
        return F.batch_norm(h, None, None, w, b, training=True)
    h = F.relu(bn(F.conv2d(features(), p[0], None, padding=1), p[1], p[2]))
    h = F.max_pool2d(F.relu(bn(F.conv2d(h, p[3], None, padding=1), p[4], p[5])), 2)
    h = F.max_pool2d(F.relu(F.conv2d(h, p[6], p[7], padding=1, groups=2)), 3, stride=1)
    return F.linear(F.relu(F.linear(h.flatten(1), p[8], p[9])), p[10], p[11])


def recipe_steps(name, rate, shapes, norms, forward):
    p = [(rough(s, 100 + k, 0.5) + (1 if k in norms else 0)).requires_grad_() for k, s in enumerate(shapes)]
    first = torch.autograd.grad(F.cross_entropy(forward(p), label), p)
    opt, losses = torch.optim.Adam(p, rate), []
    for _ in range(STEPS):
        opt.zero_grad()
        loss = F.cross_entropy(forward(p), label)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0], (name, losses)
    put("golden_recipe_" + name, torch.cat([torch.tensor(losses)] + [g.ravel() for g in first]))


G = 4 * HIDDEN
recipe_steps("lstm", 0.1, [(4, 1, 5), (4,), (2, G, 4), (2, G, HIDDEN), (2, 2 * G), (CLASSES, 2 * HIDDEN), (CLASSES,)], (), of_lstm)
recipe_steps("attention", 0.02, [(6, 1, 5), (6,)] + [(6, 6), (6,)] * 4 + [(6,), (6,), (CLASSES, 6), (CLASSES,)], (10,), of_attention)
recipe_steps("vgg", 0.02, [(4, 1, 3, 3), (4,), (4,), (4, 4, 3, 3), (4,), (4,), (6, 2, 3, 3), (6,), (8, 36), (8,), (CLASSES, 8), (CLASSES,)], (1, 4), of_vgg)

# -- a plateau: the rate of each epoch ------------------------------------------------------------------------------
losses = [1.0, 0.8, 0.80000001, 0.79999, 0.8, 0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.49, 0.48, 0.6, 0.6, 0.6, 0.6]
opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
plateau = sched.ReduceLROnPlateau(opt, factor=0.5, patience=2)
rates = []
for v in losses:
    rates.append(opt.param_groups[0]["lr"])
    plateau.step(v)
put("golden_plateau_losses", losses)
put("golden_plateau_rates", rates)

# -- a bell: the analogue filter, its frequency warped, by the bilinear transform ------------------------------------
bells = []
for hz, db, q in ((300, 9, 0.5), (2500, -12, 2), (7000, 4, 1)):
    rate, a = 16000, 10 ** (db / 40)
    w = 2 * rate * np.tan(np.pi * hz / rate)
    b, c = scipy.signal.bilinear([1, w * a / q, w * w], [1, w / (a * q), w * w], rate)
    bells.append(scipy.signal.lfilter(b, c, rough((60,), 5).numpy()))
put("golden_bells", np.concatenate(bells))

out.append("#endif")
with open("tests/golden/train.h", "w") as f:
    f.write("\n".join(out) + "\n")
