#!/usr/bin/python3
"""Writes tests/golden/l2i.h: the interpreter of Listen to Interpret (the published layout, and the general rule on two layers) in torch, in
double: answers, the loss, its gradients, and the loss after one step of Adam. Weights come from a hash that tests/test_l2i.c repeats.
Run from the repository's root: /usr/bin/python3 tests/golden/make_l2i.py"""
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def noise(n, salt):
    """Uniform in [-1, 1), exact in float."""
    with np.errstate(over="ignore"):
        h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(salt) * np.uint32(0x9E3779B9)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x45D9F3B)
        h ^= h >> np.uint32(16)
    return ((h >> np.uint32(8)).astype(np.float32) / np.float32(1 << 23) - np.float32(1))


def up(x, w):
    h = x.shape[2]
    return F.interpolate(x, size=(h, w), mode="bilinear", align_corners=True)


class Net:
    """Parameters by name, drawn when first asked for: noise of their place in the list times 1 / sqrt(fan_in)."""

    def __init__(self, atoms):
        self.p, self.atoms = {}, atoms

    def param(self, name, shape, fan_in):
        if name not in self.p:
            bound = np.float32(1 / np.sqrt(fan_in))
            x = noise(int(np.prod(shape)), 100 + len(self.p)) * bound
            self.p[name] = torch.from_numpy(x.astype(np.float64).reshape(shape)).requires_grad_()
        return self.p[name]

    def conv(self, name, x, oc, k, stride=1, pad=0):
        ic, one = x.shape[1], x.dim() == 3
        k = k if isinstance(k, tuple) else (k,)
        fan = ic * int(np.prod(k))
        w, b = self.param(name + ".weight", (oc, ic) + k, fan), self.param(name + ".bias", (oc,), fan)
        return F.relu(F.conv1d(x, w, b, padding=pad) if one else F.conv2d(x, w, b, stride=stride, padding=pad))

    def linear(self, name, x, n, bias=True):
        k = x.shape[-1]
        w = self.param(name + ".weight", (n, k), k)
        return F.linear(x, w, self.param(name + ".bias", (n,), k) if bias else None)

    def flint(self, x, classes, bins, t):
        """Attributes, logits, decoded spectrogram of FLINT's audio form, from the joined layers."""
        x = self.conv("flint.conv", x, 128, (3, 3), pad=1)
        phi = F.relu(self.linear("flint.attributes", F.adaptive_avg_pool2d(x, 3).flatten(1), self.atoms))
        y = self.linear("theta", phi, classes, bias=False)
        d = self.linear("flint.seed", phi, 1600).reshape(-1, 16, 100)
        d = F.interpolate(self.conv("flint.decode1", d, 32, 5, pad=2), scale_factor=2, mode="nearest")
        d = F.interpolate(self.conv("flint.decode2", d, 64, 5, pad=2), scale_factor=2, mode="nearest")
        d = F.interpolate(self.conv("flint.decode3", d, 128, 5, pad=2), size=t, mode="linear", align_corners=True)
        return phi, y, self.conv("flint.decode4", d, bins, 3, pad=1)

    def tail(self, x, t):
        g, rows = x.shape[3], x.shape[2]
        x = self.conv("psi.join", up(x, 2 * g), 256, (3, 3) if rows > 1 else (1, 3), pad=(1, 1) if rows > 1 else (0, 1))
        x = self.conv("psi.rows", up(x, 4 * g), 256, (rows, 1), stride=(rows, 1)).squeeze(2)
        x = F.interpolate(x, size=t, mode="linear", align_corners=True)
        return self.conv("psi.atoms2", self.conv("psi.atoms1", x, self.atoms, 5, pad=2), self.atoms, 5, pad=2)

    def published(self, out0, out1, out2, t):
        m = out2.shape[3]
        a = F.avg_pool2d(self.conv("psi.a", up(out1[..., :2 * m], 4 * m), 256, (3, 3), pad=1), (2, 1))
        b = up(self.conv("psi.b", up(out2, 2 * m), 128, (3, 3), pad=1), 4 * m)
        c = self.conv("psi.c", out0[..., :4 * m], 128, (4, 1), stride=(4, 1))
        x = torch.cat([a, b, c], 1)
        return self.tail(x, t) if t else x

    def general(self, taps, t):
        rows, g = min([4] + [x.shape[2] for x in taps]), min(t, max(x.shape[3] for x in taps))
        on_grid = []
        for i, x in enumerate(taps):
            if x.shape[3] > g:
                x = F.avg_pool2d(x, (1, -(-x.shape[3] // g)))
            x = up(x, g) if x.shape[3] != g else x
            k = x.shape[2] // rows
            if k >= 2:
                x = self.conv("psi.%d" % i, x, 128, (k, 1), stride=(k, 1))
            else:
                x = self.conv("psi.%d" % i, x, 128, (3, 3) if x.shape[2] > 1 else (1, 3), pad=(1, 1) if x.shape[2] > 1 else (0, 1))
            on_grid.append(x[:, :, :rows])
        return self.tail(torch.cat(on_grid, 1), t)

    def theta(self, h, classes, pooling):
        if pooling == "max":
            z = h.amax(2)
        else:
            x = h.transpose(1, 2)
            gate = torch.tanh(self.linear("theta.v", x, 256)) * F.relu(self.linear("theta.u", x, 256))
            a = torch.softmax(self.linear("theta.w", gate, 1), 1)
            z = (h @ a).squeeze(2)
        return z, self.linear("theta", z, classes, bias=False)


out = ["/* l2i.h - made by tests/golden/make_l2i.py with torch, in double; do not edit. */", "#ifndef AUS_GOLDEN_L2I_H", "#define AUS_GOLDEN_L2I_H",
       "typedef struct golden_grad { const char *name; double norm, along[2]; } golden_grad; /* along: with noise of salts 7 and 8 */"]


def put(name, y):
    y = y.detach().numpy().ravel() if torch.is_tensor(y) else np.asarray(y, float).ravel()
    out.append("static const double %s[%d] = {" % (name, y.size))
    for i in range(0, y.size, 8):
        out.append("  " + ", ".join("%.9g" % v for v in y[i:i + 8]) + ",")
    out.append("};")


def put_gradients(name, net):
    out.append("static const golden_grad golden_%s_grad[%d] = {" % (name, len(net.p)))
    for k, p in net.p.items():
        g = p.grad.numpy().ravel()
        along = [float(g @ noise(g.size, s).astype(np.float64)) for s in (7, 8)]
        out.append('  { "%s", %.9g, { %.9g, %.9g } },' % (k, np.sqrt(g @ g), *along))
    out.append("};")


def signal(shape, salt, scale, positive=True):
    x = noise(int(np.prod(shape)), salt) * np.float32(scale)
    x = np.maximum(x, 0) if positive else x
    return torch.from_numpy(x.astype(np.float64).reshape(shape))


def case(name, taps, atoms, t, bins, classes, layout, pooling, sigmoid, mb=2):
    net = Net(atoms)
    x = [signal((mb,) + s, 10 + i, 2) for i, s in enumerate(taps)]
    w = noise(bins * atoms, 20).astype(np.float64).reshape(bins, atoms) ** 2
    w = torch.from_numpy((w / np.sqrt((w * w).sum(0))).astype(np.float32).astype(np.float64))
    v = signal((mb, bins, t), 21, 3)
    raw = signal((mb, classes), 22, 3, False)
    target = (torch.sigmoid(raw) if sigmoid else torch.softmax(raw, 1)).float().double()

    def loss():
        maps = [y.unsqueeze(2) if y.dim() == 3 else y for y in x]
        h = net.published(*maps, t) if layout == "vgg" else net.general(maps, t)
        z, y = net.theta(h, classes, pooling)
        fid = F.binary_cross_entropy_with_logits(y, target) if sigmoid else -(target * F.log_softmax(y, 1)).sum(1).mean()
        parts = [fid, ((v - w @ h) ** 2).mean(), h.abs().mean()]
        return 0.5 * parts[0] + 5 * parts[1] + 0.4 * parts[2], parts, h, z, y

    total, parts, h, z, y = loss()
    total.backward()
    put("golden_%s_parts" % name, torch.stack(parts + [total]))
    put("golden_%s_logits" % name, y)
    put("golden_%s_z" % name, z)
    put("golden_%s_h" % name, h[0, :, ::max(1, t // 7)][:5])
    put("golden_%s_target" % name, target)
    put_gradients(name, net)
    opt = torch.optim.Adam(net.p.values(), lr=2e-4)
    opt.step()
    put("golden_%s_after" % name, loss()[0])
    print(name, sum(p.numel() for k, p in net.p.items() if k.startswith("psi")), float(total))


VGG = [(128, 16, 53), (256, 8, 26), (512, 4, 13)]
case("vgg", VGG, 100, 431, 513, 10, "vgg", "attention", False)
case("max", VGG, 20, 431, 65, 8, "vgg", "max", True, mb=1)
case("general", [(6, 10, 90), (8, 5, 22), (12, 40)], 12, 70, 33, 4, "general", "attention", False)
case("rows1", [(5, 30), (7, 1, 15)], 8, 40, 17, 3, "general", "max", False)


def entropy(phi):
    return -(torch.softmax(phi, 1) * torch.log_softmax(phi, 1)).sum(1).mean()


def flint_case(taps, j, t, bins, classes, mb=3):
    net = Net(j)
    # A draw whose relus all stand 4e-7 of their layer's largest input or more from their kink: with salts 10 to 12 one in psi.a was at
    # 3e-9, where float decides by its last bit, and 2e-4 of a gradient with it.
    x = [signal((mb,) + s, 120 + i, 100) for i, s in enumerate(taps)]
    v = signal((mb, bins, t), 21, 3)
    target = torch.softmax(signal((mb, classes), 22, 3, False), 1).float().double()
    phi, y, made = net.flint(net.published(*x, 0), classes, bins, t)
    terms = [-(target * F.log_softmax(y, 1)).sum(1).mean(), ((v - made) ** 2).sum(), entropy(phi) - entropy(phi.mean(0, keepdim=True)), phi.abs().sum()]
    (0.6 * terms[0] + 2 * terms[1] / v.numel() + 0.2 * terms[2] + 0.1 * terms[3] / phi.numel()).backward()
    put("golden_flint_terms", torch.stack(terms))
    put("golden_flint_logits", y)
    put("golden_flint_attributes", phi)
    put("golden_flint_target", target)
    put_gradients("flint", net)
    print("flint", sum(p.numel() for p in net.p.values()), [float(t) for t in terms])


flint_case(VGG, 24, 431, 65, 10)


def vibi_case(bins, t, rows, columns, picks, tau, classes, mb=2):
    """Relaxed draws from given Gumbel numbers, the approximator's answer, both terms and all gradients; then the answer to hard chunks."""
    net, d = Net(0), rows * columns
    x = signal((mb, 1, bins, t), 21, 3)
    u = (noise(mb * picks * d, 30).astype(np.float64) + 1) / 2 * 0.998 + 0.001
    gumbel = torch.from_numpy((-np.log(-np.log(u))).astype(np.float32).astype(np.float64).reshape(mb, picks, d))
    target = torch.softmax(signal((mb, classes), 22, 3, False), 1).float().double()

    def pool(y, k):
        k = (min(k, y.shape[2]), min(k, y.shape[3]))
        return F.max_pool2d(y, k, k)

    def plain(name, y, oc, k):
        w = net.param(name + ".weight", (oc, y.shape[1], k, k), y.shape[1] * k * k)
        return F.conv2d(y, w, net.param(name + ".bias", (oc,), y.shape[1] * k * k), padding=k // 2)

    def explain():
        y = pool(net.conv("explainer.1", x, 8, (5, 5), pad=2), 4)
        y = F.adaptive_avg_pool2d(pool(net.conv("explainer.2", y, 16, (5, 5), pad=2), 4), (rows, columns))
        return plain("explainer.4", net.conv("explainer.3", y, 32, (3, 3), pad=1), 1, 1).flatten(1)

    def approximate(z):
        m = F.interpolate(z.reshape(mb, 1, rows, columns), size=(bins, t), mode="nearest")
        y = pool(net.conv("approximator.1", x * m, 16, (5, 5), pad=2), 4)
        y = pool(net.conv("approximator.2", y, 32, (5, 5), pad=2), 4)
        y = pool(net.conv("approximator.3", y, 64, (3, 3), pad=1), 2)
        y = F.adaptive_max_pool2d(net.conv("approximator.4", y, 128, (3, 3), pad=1), (4, 1))
        return net.linear("approximator.5", y.flatten(1), classes)

    chunks = explain()
    z = torch.softmax((chunks.unsqueeze(1) + gumbel) / tau, 2).amax(1)
    y = approximate(z)
    terms = [-(target * F.log_softmax(y, 1)).sum(1).mean(), (torch.softmax(chunks, 1) * torch.log_softmax(chunks, 1)).sum(1).mean()]
    (terms[0] + 0.7 * terms[1]).backward()
    hard = torch.zeros_like(chunks).scatter(1, chunks.topk(picks, 1).indices, 1.0)
    put("golden_vibi_terms", torch.stack(terms))
    put("golden_vibi_chunks", chunks)
    put("golden_vibi_z", z)
    put("golden_vibi_logits", y)
    put("golden_vibi_hard", approximate(hard))
    put("golden_vibi_gumbel", gumbel)
    put("golden_vibi_target", target)
    put_gradients("vibi", net)
    print("vibi", sum(p.numel() for p in net.p.values()), [float(v) for v in terms])


def lmac_case(taps, width, bands, bins, t, mb=2):
    """The decoder's mask, and the gradients of sum G mask."""
    net = Net(0)
    x = [signal((mb,) + s, 10 + i, 2) for i, s in enumerate(taps)]
    warp = torch.from_numpy(np.maximum(noise(bands * bins, 40), 0).astype(np.float64).reshape(bands, bins))

    def double(name, y, oc):
        w = net.param(name + ".weight", (y.shape[1], oc, 4, 4), oc * 16)
        return F.relu(F.conv_transpose2d(y, w, net.param(name + ".bias", (oc,), oc * 16), stride=2, padding=1))

    def resized(y, h, w):
        return F.interpolate(y, size=(h, w), mode="bilinear", align_corners=True)

    y, n, level = x[-1], len(taps), 1
    for level in range(1, n):
        oc, tap = width << (n - level), x[n - 1 - level]
        y = resized(double("decoder.up%d" % level, y, oc), *tap.shape[2:]) + net.conv("decoder.see%d" % level, tap, oc, (3, 3), pad=1)
    oc, level = width, n
    while 2 * y.shape[2] <= bands and 2 * y.shape[3] <= t:
        y, oc, level = double("decoder.up%d" % level, y, max(oc, 4)), oc // 2, level + 1
    y = resized(y, bands, t)
    fan = y.shape[1] * 9
    y = F.conv2d(y, net.param("decoder.last.weight", (1, y.shape[1], 3, 3), fan), net.param("decoder.last.bias", (1,), fan), padding=1)
    mask = torch.sigmoid(y).squeeze(1).transpose(1, 2) @ warp
    g = signal((mb, t, bins), 41, 1, False)
    (g * mask).sum().backward()
    put("golden_lmac_mask", mask[:, ::7, ::5])
    put_gradients("lmac", net)
    print("lmac", sum(p.numel() for p in net.p.values()))


vibi_case(65, 70, 8, 9, 5, 0.5, 4)
lmac_case([(12, 8, 13), (16, 4, 6), (24, 2, 3)], 4, 40, 65, 61)
out.append("#endif")
open("tests/golden/l2i.h", "w").write("\n".join(out) + "\n")
