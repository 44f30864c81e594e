"""The networks that bench/nets is timed on, with random weights: the paper's sizes, every layer.

flops(name) counts what the mathematics needs (padding included), the figure every engine is held to.
"""
import math

import torch
from torch import nn
import torch.nn.functional as F


def exporting():
    return torch.onnx.is_in_onnx_export()


class VGG16BN(nn.Module):
    """torchvision's vgg16_bn with one input channel, 1 x 128 x 63 log-mel, two classes [Haunschmid20, sec. 4.1]."""
    PLAN = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]

    def __init__(self):
        super().__init__()
        layers, c = [], 1
        for p in self.PLAN:
            if p == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            layers += [nn.Conv2d(c, p, 3, padding=1), nn.BatchNorm2d(p), nn.ReLU()]
            c = p
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Linear(25088, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 2))

    def forward(self, x):
        y = self.features(x)  # [n, 512, 4, 1]
        if exporting():  # adaptive pooling 4 x 1 -> 7 x 7 by hand: torch 1.13 does not export it
            rows = [y[:, :, (i * 4) // 7:-(-(i + 1) * 4 // 7)].mean(2, keepdim=True) for i in range(7)]
            y = torch.cat(rows, 2).expand(-1, -1, 7, 7)
        else:
            y = F.adaptive_avg_pool2d(y, (7, 7))
        return self.head(y.flatten(1))


class UNet(nn.Module):
    """One Spleeter stem: [n, 2, 512, 1024] magnitudes -> mask times magnitudes (symmetric padding instead of TF's)."""

    def __init__(self):
        super().__init__()
        up, down = [2, 16, 32, 64, 128, 256, 512], [256, 128, 64, 32, 16, 1]
        self.encode = nn.ModuleList(nn.Conv2d(a, b, 5, 2, 2) for a, b in zip(up, up[1:]))
        self.encode_bn = nn.ModuleList(nn.BatchNorm2d(b, eps=1e-3) for b in up[1:6])
        self.decode = nn.ModuleList(nn.ConvTranspose2d(a, b, 5, 2, 2, output_padding=1)
                                    for a, b in zip([512, 512, 256, 128, 64, 32], down))
        self.decode_bn = nn.ModuleList(nn.BatchNorm2d(b, eps=1e-3) for b in down)
        self.mask = nn.Conv2d(1, 2, 4, padding=3, dilation=2)

    def forward(self, x):
        skips, y = [], x
        for i, conv in enumerate(self.encode):
            y = conv(y)
            if i < 5:
                skips.append(y)
                y = F.leaky_relu(self.encode_bn[i](y), 0.2)
        for i, conv in enumerate(self.decode):
            y = self.decode_bn[i](F.relu(conv(y)))
            if skips:
                y = torch.cat([skips.pop(), y], 1)
        return torch.sigmoid(self.mask(y)) * x


class UNet4(nn.Module):
    """Spleeter's four stems side by side over one stereo patch of 11.9 s."""

    def __init__(self):
        super().__init__()
        self.stems = nn.ModuleList(UNet() for _ in range(4))

    def forward(self, x):
        return torch.cat([stem(x) for stem in self.stems], 1)


class Musicnn(nn.Module):
    """musicnn [Pons19]: [n, 187, 96] (time, mel) -> 50 tags."""
    FRONT = [(204, 7, 38), (204, 7, 67), (51, 128, 1), (51, 64, 1), (51, 32, 1)]

    def __init__(self):
        super().__init__()
        bn = lambda c, kind=nn.BatchNorm1d: kind(c, eps=1e-3)
        self.bn0 = bn(1, nn.BatchNorm2d)
        self.front = nn.ModuleList(nn.Conv2d(1, c, (kh, kw)) for c, kh, kw in self.FRONT)
        self.front_bn = nn.ModuleList(bn(c, nn.BatchNorm2d) for c, _, _ in self.FRONT)
        self.mid = nn.ModuleList(nn.Conv1d(c, 64, 7, padding=3) for c in (561, 64, 64))
        self.mid_bn = nn.ModuleList(bn(64) for _ in range(3))
        self.flat_bn, self.dense_bn = bn(1506), bn(200)
        self.dense, self.out = nn.Linear(1506, 200), nn.Linear(200, 50)

    def forward(self, x):
        x = self.bn0(x.unsqueeze(1))
        maps = []
        for conv, bn, (_, kh, _) in zip(self.front, self.front_bn, self.FRONT):
            y = bn(F.relu(conv(F.pad(x, (0, 0, (kh - 1) // 2, kh // 2)))))
            maps.append(F.max_pool2d(y, (1, int(y.shape[3]))).squeeze(3))
        front = torch.cat(maps, 1)
        c1 = self.mid_bn[0](F.relu(self.mid[0](front)))
        c2 = self.mid_bn[1](F.relu(self.mid[1](c1))) + c1
        c3 = self.mid_bn[2](F.relu(self.mid[2](c2))) + c2
        z = torch.cat([front, c1, c2, c3], 1)
        pooled = torch.stack([F.max_pool1d(z, int(z.shape[2])).squeeze(2), z.mean(2)], 2).flatten(1)
        return torch.sigmoid(self.out(self.dense_bn(F.relu(self.dense(self.flat_bn(pooled))))))


class Won(nn.Module):
    """Self-attention tagger [Won19], conv_channels 8, learned positions: [n, 96, 256] -> 50 tags."""

    def __init__(self, c=8, d=512, heads=8):
        super().__init__()
        vertical = [(c, 86, 7), (2 * c, 86, 3), (4 * c, 86, 1), (c, 38, 7), (2 * c, 38, 3), (4 * c, 38, 1)]
        horizontal = [(c, 165), (2 * c, 129), (4 * c, 65), (8 * c, 33)]
        self.bn0 = nn.BatchNorm2d(1)
        self.vertical = nn.ModuleList(nn.Sequential(nn.Conv2d(1, o, (h, w), padding=(0, w // 2)), nn.BatchNorm2d(o), nn.ReLU())
                                      for o, h, w in vertical)
        self.horizontal = nn.ModuleList(nn.Sequential(nn.Conv1d(1, o, w, padding=w // 2), nn.BatchNorm1d(o), nn.ReLU())
                                        for o, w in horizontal)
        self.project = nn.Sequential(nn.Conv1d(29 * c, d, 1), nn.BatchNorm1d(d), nn.ReLU())
        self.register_buffer("cls", torch.rand(1, 1, d))
        self.position = nn.Parameter(0.02 * torch.randn(271, d))
        self.norm = nn.LayerNorm(d, eps=1e-12)
        block = lambda: nn.ModuleDict({"q": nn.Linear(d, d), "k": nn.Linear(d, d), "v": nn.Linear(d, d), "o": nn.Linear(d, d),
                                       "n1": nn.LayerNorm(d, eps=1e-12), "up": nn.Linear(d, 4 * d), "down": nn.Linear(4 * d, d),
                                       "n2": nn.LayerNorm(d, eps=1e-12)})
        self.blocks = nn.ModuleList(block() for _ in range(2))
        self.pool, self.out, self.heads = nn.Linear(d, d), nn.Linear(d, 50), heads

    def forward(self, x):
        x = self.bn0(x.unsqueeze(1))
        maps = [F.max_pool2d(y, (int(y.shape[2]), 1)).squeeze(2) for y in (v(x) for v in self.vertical)]
        mean = x.mean(2)
        y = self.project(torch.cat(maps + [h(mean) for h in self.horizontal], 1)).transpose(1, 2)
        y = torch.cat([self.cls.expand(y.shape[0], -1, -1), y], 1)
        y = self.norm(y + self.position[:y.shape[1]])
        n, t, d = y.shape
        for b in self.blocks:
            q, k, v = (b[name](y).view(n, t, self.heads, d // self.heads).transpose(1, 2) for name in "qkv")
            a = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d // self.heads), -1) @ v
            y = b["n1"](b["o"](a.transpose(1, 2).reshape(n, t, d)) + y)
            y = b["n2"](b["down"](F.gelu(b["up"](y))) + y)
        return torch.sigmoid(self.out(torch.tanh(self.pool(y[:, 0]))))


class BLSTM(nn.Module):
    """Mask inference net: [n, 400, 512] log magnitudes -> sigmoid mask; 4 bidirectional layers of 300."""

    def __init__(self, bins=512, layers=4):
        super().__init__()
        self.rnn, self.mask = nn.LSTM(bins, 300, layers, batch_first=True, bidirectional=True), nn.Linear(600, bins)

    def forward(self, x):
        return torch.sigmoid(self.mask(self.rnn(x)[0]))


def _vgg_flops():
    c, h, w, total = 1, 128, 63, 0
    for p in VGG16BN.PLAN:
        if p == "M":
            h, w = h // 2, w // 2
            continue
        total += 2 * 9 * c * p * h * w
        c = p
    return total + 2 * (25088 * 4096 + 4096 * 4096 + 4096 * 2)


def _unet_flops():
    up, total = [2, 16, 32, 64, 128, 256, 512], 2 * 16 * 512 * 1024 * 2
    for i, (a, b) in enumerate(zip(up, up[1:])):  # each output pixel sees 25 taps
        total += 2 * 25 * a * b * (256 >> i) * (512 >> i)
    for i, (a, b) in enumerate(zip([512, 512, 256, 128, 64, 32], [256, 128, 64, 32, 16, 1])):  # each input pixel too
        total += 2 * 25 * a * b * (8 << i) * (16 << i)
    return total


def _won_flops():
    vertical = [(8, 86, 7, 11), (16, 86, 3, 11), (32, 86, 1, 11), (8, 38, 7, 59), (16, 38, 3, 59), (32, 38, 1, 59)]
    front = sum(c * h * w * rows for c, h, w, rows in vertical) + 8 * 165 + 16 * 129 + 32 * 65 + 64 * 33 + 232 * 512
    return 2 * 256 * front + 2 * 2 * 257 * (4 * 512 * 512 + 2 * 512 * 2048 + 2 * 257 * 512)


NETS = {  # name: (class, shape of one item, flop of one item)
    "musicnn": (Musicnn, (187, 96), 2 * 187 * (204 * 7 * 38 * 59 + 204 * 7 * 67 * 30 + 51 * 96 * 224 + 7 * 64 * 689) + 2 * (1506 * 200 + 200 * 50)),
    "vgg16bn": (VGG16BN, (1, 128, 63), _vgg_flops()),
    "unet": (UNet, (2, 512, 1024), _unet_flops()),
    "unet4": (UNet4, (2, 512, 1024), 4 * _unet_flops()),
    "won": (Won, (96, 256), _won_flops()),
    "blstm": (BLSTM, (400, 512), 400 * 2 * (2 * 1200 * 812 + 3 * 2 * 1200 * 900 + 600 * 512)),
    "blstm2": (lambda: BLSTM(129, 2), (100, 129), 100 * 2 * (2 * 1200 * 429 + 2 * 1200 * 900 + 600 * 129)),
}
