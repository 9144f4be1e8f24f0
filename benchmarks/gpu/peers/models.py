"""The dynamics and networks of ../steps.cpp in PyTorch, with room for any way to integrate."""
from typing import Callable, List, Tuple

import torch
from torch import nn

from measure import Precision

Block = Callable[[nn.Module, torch.Tensor], torch.Tensor]  # (f, x) -> z(1)


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    return torch.autocast(device_type=device.type, dtype=torch.bfloat16, enabled=precision.autocast)


def laid_out(tensor: torch.Tensor, precision: Precision) -> torch.Tensor:
    if precision.channels_last and tensor.dim() == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor.contiguous()


class Dynamics(nn.Module):
    """f(t, z) = net(z) with autocast inside, so that it is the same in a package's forward and backward sweep; the state stays float32."""

    def __init__(self, net: nn.Module, precision: Precision) -> None:
        super().__init__()
        self.net, self.precision = net, precision

    def forward(self, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        with autocast(self.precision, z.device):
            return self.net(z).to(z.dtype)


def mlp(width: int, hidden: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, width))


def convolution(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)


def conv_block(channels: int) -> nn.Module:
    layers: List[nn.Module] = []
    for _ in range(2):
        layers += [convolution(channels, channels), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers)


def branch(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(convolution(inputs, outputs, stride), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True), convolution(outputs, outputs),
                         nn.BatchNorm2d(outputs))


class Downsample(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch = branch(inputs, 2 * inputs, 2)
        self.shortcut = nn.Sequential(convolution(inputs, 2 * inputs, 2, 1), nn.BatchNorm2d(2 * inputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.branch(x) + self.shortcut(x))


class ResNet18Ode(nn.Module):
    """native/src/models/resnet18_ode.h with the ImageNet stem. block: how z(1) is had from z(0) = x and f."""

    def __init__(self, classes: int, precision: Precision, block: Block) -> None:
        super().__init__()
        self.block = block
        self.stem = nn.Sequential(convolution(3, 64, 2, 7), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        self.odes = nn.ModuleList(Dynamics(branch(width, width), precision) for width in (64, 64, 128, 256, 512))
        self.downs = nn.ModuleList(Downsample(width) for width in (64, 128, 256))
        self.head = nn.Linear(512, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.stem(images)
        for f in self.odes[:2]:
            x = torch.relu(self.block(f, x.float()))
        for f, down in zip(self.odes[2:], self.downs):
            x = torch.relu(self.block(f, down(x).float()))
        return self.head(x.mean((2, 3)))


class BareEvaluations(torch.autograd.Function):
    """`evaluations` evaluations of f at x and, backward, as many linearised ones; value and gradients are those of one."""

    @staticmethod
    def forward(context, x: torch.Tensor, f: nn.Module, evaluations: int) -> torch.Tensor:
        context.save_for_backward(x)
        context.f, context.evaluations = f, evaluations
        time = x.new_zeros(())
        for _ in range(evaluations):
            u = f(time, x)
        return u

    @staticmethod
    def backward(context, cotangent: torch.Tensor) -> Tuple[torch.Tensor, None, None]:
        (x,), f = context.saved_tensors, context.f
        time, parameters = x.new_zeros(()), list(f.parameters())
        for _ in range(context.evaluations):
            with torch.enable_grad():
                leaf = x.detach().requires_grad_(True)
                gradients = torch.autograd.grad(f(time, leaf), [leaf] + parameters, cotangent)
        for parameter, gradient in zip(parameters, gradients[1:]):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
        return gradients[0], None, None
