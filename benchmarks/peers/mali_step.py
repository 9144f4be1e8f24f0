"""One training step by MALI: this library against TorchDiffEqPack, in one process on one libtorch, rounds alternating.

usage: python3 mali_step.py --torchdiffeqpack DIR --library libneuralode.so [--threads 1] [--rounds 15]

Needs PyTorch of the libtorch that the library was built with (Debian: python3-torch). Prints both medians and the median of the
ratios peer / ours over the rounds. The gradients of the two are compared first.
"""
import argparse
import ctypes as c
import os
import statistics
import sys
import tempfile
import time
import types


def raise_malloc_thresholds():
    """glibc hands large blocks back at every free; both sides gain alike from keeping them."""
    libc = c.CDLL("libc.so.6")
    libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, the most that it accepts
    libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD


def import_without_plotting():
    """The peer imports matplotlib for plots that no solver draws; stand in for it where it is not installed."""
    try:
        import matplotlib.pylab  # noqa: F401
    except ImportError:
        package, module = types.ModuleType("matplotlib"), types.ModuleType("matplotlib.pylab")
        package.pylab = module
        sys.modules.update({"matplotlib": package, "matplotlib.pylab": module})


class Options(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("solver", c.c_int32), ("gradient", c.c_int32), ("reversal", c.c_int32),
                ("step_size", c.c_double), ("rtol", c.c_double), ("atol", c.c_double), ("initial_step_size", c.c_double),
                ("eta", c.c_double), ("max_steps", c.c_int64)]


class Native:
    """The few calls of the C ABI that a training step takes."""

    def __init__(self, path):
        self.lib = c.CDLL(path)
        self.lib.neuralode_last_error.restype = c.c_char_p

    def call(self, name, *arguments):
        if getattr(self.lib, "neuralode_" + name)(*arguments) != 0:
            raise RuntimeError(name + ": " + self.lib.neuralode_last_error().decode())

    def new(self, name, *arguments):
        handle = c.c_void_p()
        self.call(name, *arguments, c.byref(handle))
        return handle

    def tensor(self, value):
        import torch
        value = value.detach().contiguous()
        sizes = (c.c_int64 * value.dim())(*value.shape)
        dtype = {torch.float32: 6, torch.float64: 7}[value.dtype]
        return self.new("tensor_create", c.c_void_p(value.data_ptr()), dtype, sizes, c.c_int64(value.dim()))

    def read(self, handle, like):
        result = like.detach().clone().contiguous()
        self.call("tensor_read", handle, c.c_void_p(result.data_ptr()), c.c_int64(result.numel() * result.element_size()))
        return result


class Ours:
    def __init__(self, native, module, z0, steps):
        import torch
        self.native = native
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "f.pt")
            torch.jit.script(module).save(path)
            self.dynamics = native.new("dynamics_load_torchscript", path.encode(), b"cpu")
        self.z0 = native.tensor(z0)
        native.call("tensor_set_requires_grad", self.z0, 1)
        self.t0, self.t1 = (native.tensor(torch.tensor(t, dtype=torch.float64)) for t in (0.0, 1.0))
        self.options = Options()
        native.call("solve_options_init", c.byref(self.options))
        self.options.step_size = 1.0 / steps
        self.ones = native.tensor(torch.ones_like(z0))
        self.like = z0

    def step(self):
        native = self.native
        solution = native.new("solve", self.dynamics, (c.c_void_p * 1)(self.z0), c.c_int64(1), self.t0, self.t1, None, c.byref(self.options))
        state = native.new("solution_state", solution, c.c_int64(0))
        native.call("tensor_backward", state, self.ones, 0, 0)
        native.call("tensor_destroy", state)
        native.call("solution_destroy", solution)

    def gradient(self):
        self.native.call("tensor_set_grad", self.z0, None)
        self.step()
        return self.native.read(self.native.new("tensor_get_grad", self.z0), self.like)


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


def seconds(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


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
