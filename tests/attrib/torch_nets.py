"""Networks of unusual shapes, small and random. NETS: name -> (module, inputs, how to export)."""

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """2-D: instance and group norm, a branch added, one concatenated, bilinear and transposed enlargement."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, (3, 1), padding=(1, 0), groups=2), nn.Conv2d(8, 3, 3, stride=2, padding=1)
        self.up, self.inorm, self.gnorm, self.fc = nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1), nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 4), nn.Linear(4 * 16, 5)

    def forward(self, x):
        h = F.relu(self.inorm(self.a(x)))
        h = h + F.leaky_relu(self.gnorm(self.b(h)), 0.1)
        h = torch.cat([h, torch.tanh(h)], 1)
        h = F.relu(self.c(h))
        two = torch.cat([F.interpolate(h[:, :2], scale_factor=2, mode="bilinear", align_corners=False), torch.sigmoid(self.up(h))], 1)
        return self.fc(F.adaptive_avg_pool2d(two, (4, 4)).flatten(1))


class TwoInputs(nn.Module):
    """Gather, slice, split and einsum (of two operands, of three) over two inputs; two outputs."""

    def __init__(self):
        super().__init__()
        self.w, self.fc = nn.Parameter(torch.randn(4, 3, 6) * 0.4), nn.Linear(8, 3)

    def forward(self, left, right):
        a, b = torch.split(left, [3, 3], dim=1)
        k = torch.einsum("bc,ocd,bd->bo", a, self.w, right[:, [5, 4, 3, 2, 1, 0]])
        h = torch.cat([F.elu(k), torch.einsum("bc,bc->b", b, right[:, ::2])[:, None], right[:, 1:4]], 1)
        y = self.fc(F.softplus(h))
        return torch.softmax(y, 1), torch.sigmoid(y[:, :2])


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.rnn, self.fc = kind(5, 6, num_layers=2, batch_first=True, bidirectional=True), nn.Linear(12, 4)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.fc(h.mean(1) + h[:, -1])


class Transformer(nn.Module):
    """One block, pre-norm, two heads, GELU."""

    def __init__(self):
        super().__init__()
        self.n1, self.n2, self.qkv, self.o, self.up, self.down, self.fc = (nn.LayerNorm(8), nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 8), nn.Linear(8, 16), nn.Linear(16, 8), nn.Linear(8, 3))

    def forward(self, x):
        b, t, d = x.shape[0], 6, 8
        q, k, v = self.qkv(self.n1(x)).view(b, t, 3, 2, 4).permute(2, 0, 3, 1, 4)
        a = torch.softmax(q @ k.transpose(-1, -2) / 2, -1) @ v
        x = x + self.o(a.permute(0, 2, 1, 3).reshape(b, t, d))
        x = x + self.down(F.gelu(self.up(self.n2(x))))
        return self.fc(x.mean(1))


class Wave(nn.Sequential):
    """1-D with groups, dilation, stride and overlapping pools."""

    def __init__(self, last=()):
        super().__init__(nn.Conv1d(2, 6, 5, stride=2, padding=3, dilation=2, groups=2), nn.BatchNorm1d(6), nn.PReLU(6), nn.MaxPool1d(3, 2, padding=1, dilation=2), nn.Conv1d(6, 8, 3, groups=2), nn.ELU(0.7),
                         nn.AvgPool1d(3, 2, padding=1, count_include_pad=False), nn.Conv1d(8, 4, 1), nn.Hardtanh(-0.4, 0.9), nn.AvgPool1d(2, 1, padding=1, count_include_pad=True), nn.Flatten(), nn.Linear(16, 5), *last)


def chain(*last):
    """Convolutions and ReLUs in a row: every rule can be written down for it."""
    return nn.Sequential(nn.Conv1d(2, 4, 3, padding=2, dilation=2), nn.ReLU(), nn.MaxPool1d(3, 2), nn.Conv1d(4, 6, 3, stride=2, groups=2), nn.ReLU(), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(18, 7), nn.ReLU(), nn.Linear(7, 4), *last)


def chain2d():
    return nn.Sequential(nn.Conv2d(1, 3, (3, 2), padding=(1, 0)), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, stride=(1, 2), bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))


def make():
    torch.manual_seed(7)
    normal = lambda *s: torch.randn(*s)
    wave, closing = Wave(), Wave((nn.Softmax(1),))
    for m in (wave, closing):
        m[1].running_mean.normal_()
        m[1].running_var.uniform_(0.5, 2)
        with torch.no_grad():
            m[2].weight.uniform_(-0.3, 0.5)
    nets = {
        "wave": (wave, [normal(3, 2, 31)], {}), "wave_softmax": (closing, [normal(2, 2, 31)], {}), "residual": (Residual(), [normal(2, 2, 8, 12)], {}),
        "two_inputs": (TwoInputs(), [normal(2, 6), normal(2, 6)], {}), "lstm": (Recurrent(nn.LSTM), [normal(2, 7, 5)], {}), "gru": (Recurrent(nn.GRU), [normal(2, 7, 5)], {}),
        "transformer": (Transformer(), [normal(2, 6, 8)], {}), "chain": (chain(), [normal(2, 2, 31)], {}), "chain_sigmoid": (chain(nn.Sigmoid()), [normal(2, 2, 31)], {}),
        "chain2d": (chain2d(), [normal(2, 1, 8, 11)], {}), "fixed_batch": (chain(), [normal(3, 2, 31)], {"fixed": True}),
    }
    for module, _, _ in nets.values():
        module.eval()
    return nets
