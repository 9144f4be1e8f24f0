"""What the tests compare with: loops over steps as torchdiffeq makes them, in operators that autograd records, and small problems."""
import math

import torch

# (a, b, c) of explicit Runge-Kutta methods.
TABLEAUS = {
    "euler": ([[]], [1.0], [0.0]),
    "midpoint": ([[], [0.5]], [0.0, 1.0], [0.0, 0.5]),
    "heun": ([[], [1.0]], [0.5, 0.5], [0.0, 1.0]),
    "rk4": ([[], [0.5], [0.0, 0.5], [0.0, 0.0, 1.0]], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0.0, 0.5, 0.5, 1.0]),
    "dopri5": ([[], [1 / 5], [3 / 40, 9 / 40], [44 / 45, -56 / 15, 32 / 9], [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
                [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]],
               [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84], [0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0]),
}


def steps(t, step_size):
    """(start, length) of every step, and whether a time of t is reached: as the library, only the last step before a time stretches with it."""
    for begin, end in zip(t[:-1], t[1:]):
        span = float(end - begin)
        count = max(1, math.ceil(abs(span) / step_size - 1e-9))
        h = math.copysign(step_size, span)
        for i in range(count):
            last = i == count - 1
            start = begin + i * h
            yield start, end - start if last else torch.tensor(h, dtype=t.dtype), last


def odeint(f, z0, t, solver, step_size):
    """(times, *shape)."""
    if solver == "alf":
        return alf(f, z0, t, step_size)
    a, b, c = TABLEAUS[solver]
    z, states = z0, [z0]
    for start, h, lands in steps(t, step_size):
        k = []
        for row, offset in zip(a, c):
            k.append(f((start + offset * h).to(z.dtype), z + h * sum((x * u for x, u in zip(row, k)), torch.zeros_like(z))))
        z = z + h * sum(x * u for x, u in zip(b, k))
        if lands:
            states.append(z)
    return torch.stack(states)


def alf(f, z0, t, step_size):
    """The asynchronous leapfrog, undamped: docs/method.md."""
    z, v, states = z0, f(t[0].to(z0.dtype), z0), [z0]
    for start, h, lands in steps(t, step_size):
        k = z + h / 2 * v
        v = 2 * f((start + h / 2).to(z.dtype), k) - v
        z = k + h / 2 * v
        if lands:
            states.append(z)
    return torch.stack(states)


class Field(torch.nn.Module):
    """f(t, z) = tanh(z W + b) cos(t) + c z."""

    def __init__(self, dtype=torch.float64):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.linear = torch.nn.Linear(3, 3).to(dtype)
        self.c = torch.nn.Parameter(torch.tensor(-0.3, dtype=dtype))
        with torch.no_grad():
            for parameter in self.linear.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))

    def forward(self, t, z):
        return torch.tanh(self.linear(z)) * torch.cos(t) + self.c * z


def start(dtype=torch.float64, requires_grad=True):
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64).to(dtype).requires_grad_(requires_grad)


def times(*values, requires_grad=True):
    return torch.tensor(values, dtype=torch.float64).requires_grad_(requires_grad)


def loss(z):
    """A fixed one that weighs every element differently."""
    return (z * torch.arange(1, z.numel() + 1, dtype=z.dtype).cos().reshape(z.shape)).sum()


def gradients(z, inputs):
    return torch.autograd.grad(loss(z), inputs, allow_unused=True)


def gap(first, second):
    """The largest relative distance between two lists of tensors."""
    return max(float((a - b).abs().max() / (1 + b.abs().max())) for a, b in zip(first, second))
