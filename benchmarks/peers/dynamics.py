"""The dynamics that oracles.py gives to both sides, as TorchScript files in float64."""
import os

import torch


def with_time(t, z):
    """z with t as one more feature or channel: (batch, features + 1) or (batch, channels + 1, height, width)."""
    sizes = list(z.shape)
    sizes[1] = 1
    return torch.cat([z, t.reshape([1] * z.dim()).expand(sizes)], 1)


class Mlp(torch.nn.Module):
    """z: (batch, width). Two linear layers, tanh, t beside z."""

    def __init__(self, width, hidden):
        super().__init__()
        self.first, self.second = torch.nn.Linear(width + 1, hidden), torch.nn.Linear(hidden + 1, width)

    def forward(self, t, z):
        return self.second(with_time(t, torch.tanh(self.first(with_time(t, z)))))


class ConvBlock(torch.nn.Module):
    """z: (batch, channels, height, width). The block of torchdiffeq's odenet_mnist example, softplus in place of ReLU: where f is
    not smooth, adaptive solvers agree no better than the kinks let them."""

    def __init__(self, channels):
        super().__init__()
        self.norm1, self.norm2 = (torch.nn.GroupNorm(2, channels) for _ in range(2))
        self.conv1, self.conv2 = (torch.nn.Conv2d(channels + 1, channels, 3, padding=1) for _ in range(2))

    def forward(self, t, z):
        u = self.conv1(with_time(t, torch.nn.functional.softplus(self.norm1(z))))
        return self.conv2(with_time(t, torch.nn.functional.softplus(self.norm2(u))))


class Counted(torch.nn.Module):
    """The TorchScript dynamics as peers take them: counts its calls, and takes t as a number or as a tensor of any dtype."""

    def __init__(self, path):
        super().__init__()
        self.script, self.calls = torch.jit.load(path), 0

    def forward(self, t, z):
        self.calls += 1
        return self.script(torch.as_tensor(t, dtype=z.dtype), z)

    def names(self):
        return [name for name, _ in self.script.named_parameters()]


class Workload:
    """Dynamics in a file of `folder`, an initial state and a cotangent of the end state, both of `shape`, float64."""

    def __init__(self, name, module, shape, folder):
        self.name, self.path = name, os.path.join(folder, f"{type(module).__name__}.pt")
        torch.jit.script(module.double()).save(self.path)
        self.z0, self.cotangent = torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)

    def dynamics(self):
        return Counted(self.path)


def workloads(folder):
    torch.manual_seed(0)
    return [Workload("MLP 17-32-16 tanh, t beside z in both layers, z (32, 16)", Mlp(16, 32), (32, 16), folder),
            Workload("(GroupNorm, softplus, 3x3 convolution) x2 with t as a channel, z (4, 8, 8, 8)", ConvBlock(8), (4, 8, 8, 8), folder)]
