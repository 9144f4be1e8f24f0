"""One training step by MALI: this library against TorchDiffEqPack, in one process on one libtorch, rounds alternating.

usage: python3 mali_step.py --torchdiffeqpack DIR --library libneuralode.so [--threads 1] [--rounds 15]

Needs PyTorch of the libtorch that the library was built with (Debian: python3-torch). Prints both medians and the median of the
ratios peer / ours over the rounds. The gradients of the two are compared first.
"""
import argparse
import os
import statistics
import sys
import tempfile
import time

from comparison import seconds
from native import Native, TrainingStep, raise_malloc_thresholds
from peer_torchdiffeqpack import import_without_plotting


class Ours(TrainingStep):
    def __init__(self, native, module, z0, steps):
        import torch
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.pt")
            torch.jit.script(module).save(path)
            super().__init__(native, path, z0, torch.ones_like(z0), native.options(step_size=1.0 / steps))

    def gradient(self):
        return self.results()["z0"]


class Peer:
    def __init__(self, module, z0, steps):
        from TorchDiffEqPack import odesolve_adjoint_sym12
        self.solve, self.module = odesolve_adjoint_sym12, module
        self.z0 = z0.clone().requires_grad_(True)
        self.options = {"method": "fixedstep_sym12async", "h": 1.0 / steps, "t0": 0.0, "t1": 1.0, "print_neval": False}

    def step(self):
        self.solve(self.module, self.z0, options=self.options).sum().backward()

    def gradient(self):
        self.z0.grad = None
        self.step()
        return self.z0.grad.clone()


def workloads():
    import torch

    class Dynamics(torch.nn.Module):
        def __init__(self, *layers):
            super().__init__()
            self.net = torch.nn.Sequential(*layers)

        def forward(self, t, z):
            return self.net(z)

    def mlp(width, hidden):
        return Dynamics(torch.nn.Linear(width, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, width))

    conv = []
    for _ in range(2):
        conv += [torch.nn.Conv2d(64, 64, 3, padding=1, bias=False), torch.nn.BatchNorm2d(64), torch.nn.ReLU()]
    return [("MLP 64-64-64 tanh, batch 128, 20 steps", mlp(64, 64), (128, 64), 20, 10),
            ("MLP 16-32-16 tanh, batch 32, 50 steps", mlp(16, 32), (32, 16), 50, 10),
            ("conv-BN-ReLU x2, 16x64x32x32, 8 steps", Dynamics(*conv), (16, 64, 32, 32), 8, 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torchdiffeqpack", required=True, help="folder that holds the package TorchDiffEqPack")
    parser.add_argument("--library", required=True, help="path of libneuralode.so")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    raise_malloc_thresholds()
    sys.path.insert(0, arguments.torchdiffeqpack)
    import_without_plotting()
    import torch
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    native = Native(os.path.abspath(arguments.library))
    native.call("threads_set", arguments.threads)
    print(f"float32, CPU, {arguments.threads} thread(s), PyTorch {torch.__version__}, medians of paired rounds")
    for name, module, shape, steps, factor in workloads():
        z0 = torch.randn(shape) * 0.5
        ours, peer = Ours(native, module, z0, steps), Peer(module, z0, steps)
        apart = (ours.gradient() - peer.gradient()).norm() / peer.gradient().norm()
        times = []
        for _ in range(arguments.rounds * factor):
            times.append((seconds(ours.step), seconds(peer.step)))
        mine, theirs = (statistics.median(column) * 1e3 for column in zip(*times))
        ratio = statistics.median(b / a for a, b in times)
        print(f"{name:<42}  ours {mine:9.3f} ms   TorchDiffEqPack {theirs:9.3f} ms   peer/ours {ratio:.2f}   dL/dz0 apart {apart:.1e}")


if __name__ == "__main__":
    main()
