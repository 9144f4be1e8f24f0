#!/usr/bin/env python3
"""Writes the test vectors of this folder: TorchScript dynamics, inputs, and what `neuralode solve` must answer.

Run with a Python that has torch:  python3 make_vectors.py
The expected gradients are PyTorch's own float64 backprop through the ALF steps, written out below.
Times: every step keeps its length h except the last before a landing time, which is (landing time - time reached).
A landing at the last of t_eval that equals t1 belongs to t1; grad.t_eval repeats it there.
"""
import io
import json
import math
import pathlib
import struct
import zipfile

import torch

FOLDER = pathlib.Path(__file__).resolve().parent


class Linear(torch.nn.Module):
    """f = A z, not depending on t."""

    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(0.5 * torch.randn(3, 3, dtype=torch.float64))

    def forward(self, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return z @ self.a.t()


class TimeMlp(torch.nn.Module):
    """f = W2 tanh(W1 [z, t] + b1) + b2 sin t, with a frozen gain and a parameter that is not used."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(5, 8).double()
        self.second = torch.nn.Linear(8, 4, bias=False).double()
        self.bias = torch.nn.Parameter(0.3 * torch.randn(4, dtype=torch.float64))
        self.gain = torch.nn.Parameter(torch.tensor([1.1, 0.9, 1.0, 0.8], dtype=torch.float64), requires_grad=False)
        self.unused = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))

    def forward(self, t: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        time = t.expand(z.size(0), 1)
        hidden = torch.tanh(self.first(torch.cat([z, time], 1)))
        return self.gain * self.second(hidden) + self.bias * torch.sin(t)


class Pair(torch.nn.Module):
    """A tuple state: position (2, 3) and momentum (2, 3) of a damped, driven oscillator."""

    def __init__(self):
        super().__init__()
        self.stiffness = torch.nn.Parameter(torch.rand(3, dtype=torch.float64) + 0.5)
        self.friction = torch.nn.Parameter(torch.tensor(0.2, dtype=torch.float64))

    def forward(self, t: torch.Tensor, z0: torch.Tensor, z1: torch.Tensor):
        return torch.tanh(z1), -self.stiffness * z0 - self.friction * z1 + torch.cos(t)


def alf_step(f, t, h, eta, z, v):
    """One ALF step on lists of tensors; t and h are 0-dim tensors, so that time is differentiated too."""
    k = [zi + h / 2 * vi for zi, vi in zip(z, v)]
    u = f(t + h / 2, k)
    v = [(1 - 2 * eta) * vi + 2 * eta * ui for vi, ui in zip(v, u)]
    return [ki + h / 2 * vi for ki, vi in zip(k, v)], v


def solve(f, z, t0, t1, h, eta, t_eval):
    """The states at t_eval (stacked), or at t1; and the number of steps."""
    landings = list(t_eval.unbind()) if t_eval is not None else []
    if not landings or float(landings[-1]) != float(t1):
        landings = landings + [t1]
    else:
        landings[-1] = t1
    sign = 1.0 if float(t1) >= float(t0) else -1.0
    t, v, outputs, steps = t0, f(t0, z), [], 0
    for landing in landings:
        count = math.ceil(abs(float(landing) - float(t)) / h * (1 - 1e-12))
        for i in range(count):
            step = landing - t if i == count - 1 else torch.tensor(sign * h, dtype=torch.float64)
            z, v = alf_step(f, t, step, eta, z, v)
            t, steps = t + step, steps + 1
        t = landing
        outputs.append(z)
    if t_eval is None:
        return outputs[-1], steps
    return [torch.stack([o[i] for o in outputs[:len(t_eval)]]) for i in range(len(z))], steps


def save_safetensors(path, tensors):
    """Writes float64 CPU tensors in the safetensors format."""
    header, blobs, offset = {}, [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def save_module(path, module):
    """Writes TorchScript without its debugging records, which hold this file's path."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(module), buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w") as target:
        for item in source.infolist():
            if not item.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(item.filename), source.read(item))


def names_of(z):
    return ["z"] if len(z) == 1 else [f"z{i}" for i in range(len(z))]


def expected(module, z0, cotangent, case):
    """What solve answers: outputs and every gradient, by name; and the number of steps."""
    z = [s.clone().requires_grad_() for s in z0]
    t0, t1 = (torch.tensor(float(case[k]), dtype=torch.float64, requires_grad=True) for k in ("t0", "t1"))
    t_eval = torch.tensor(case["t_eval"], dtype=torch.float64, requires_grad=True) if "t_eval" in case else None

    def f(t, states):
        u = module(t, *states)
        return list(u) if isinstance(u, tuple) else [u]

    output, steps = solve(f, z, t0, t1, case["step_size"], case["eta"], t_eval)
    trained = {n: p for n, p in module.named_parameters() if p.requires_grad}
    inputs = z + [t0, t1] + ([t_eval] if t_eval is not None else []) + list(trained.values())
    weights = cotangent(output) if cotangent else [torch.ones_like(o) for o in output]
    grads = torch.autograd.grad(output, inputs, weights, allow_unused=True)
    grads = [torch.zeros_like(i) if g is None else g for g, i in zip(grads, inputs)]
    labels = names_of(z) + ["t0", "t1"] + (["t_eval"] if t_eval is not None else []) + list(trained)
    answer = dict(zip(names_of(z), output))
    answer.update({f"grad.{n}": g for n, g in zip(labels, grads)})
    if t_eval is not None and case["t_eval"][-1] == case["t1"]:
        answer["grad.t_eval"] = torch.cat([answer["grad.t_eval"][:-1], answer["grad.t1"].reshape(1)])
    return answer, weights, steps


def random_like(outputs):
    return [torch.randn_like(o) for o in outputs]


CASES = [
    dict(name="linear", dynamics="linear", t0=0, t1=1, step_size=0.1, eta=1.0, cotangent=False),
    dict(name="linear_not_dividing", dynamics="linear", t0=0, t1=1, step_size=0.15, eta=1.0),
    dict(name="mlp", dynamics="time_mlp", t0=0.2, t1=1.2, step_size=0.05, eta=1.0),
    dict(name="mlp_damped", dynamics="time_mlp", t0=0, t1=1, step_size=0.1, eta=0.8),
    dict(name="mlp_backward_in_time", dynamics="time_mlp", t0=1, t1=-0.5, step_size=0.11, eta=1.0),
    dict(name="mlp_t_eval", dynamics="time_mlp", t0=0, t1=1, step_size=0.1, eta=1.0, t_eval=[0.25, 0.5, 1.0]),
    dict(name="mlp_t_eval_inside", dynamics="time_mlp", t0=1, t1=0, step_size=0.13, eta=0.9, t_eval=[0.7, 0.4]),
    dict(name="pair", dynamics="pair", t0=0, t1=2, step_size=0.07, eta=1.0),
    dict(name="pair_t_eval_damped", dynamics="pair", t0=0, t1=1, step_size=0.1, eta=0.75, t_eval=[0.3, 1.0]),
]


def main():
    torch.manual_seed(20)
    modules = {"linear": Linear(), "time_mlp": TimeMlp(), "pair": Pair()}
    states = {"linear": [(2, 3)], "time_mlp": [(3, 4)], "pair": [(2, 3), (2, 3)]}
    for name, module in modules.items():
        save_module(FOLDER / f"{name}.pt", module)
    listed = []
    for case in CASES:
        z0 = [torch.randn(shape, dtype=torch.float64) for shape in states[case["dynamics"]]]
        has_cotangent = case.get("cotangent", True)
        answer, weights, steps = expected(modules[case["dynamics"]], z0, random_like if has_cotangent else None, case)
        save_safetensors(FOLDER / f"{case['name']}.z0.safetensors", dict(zip(names_of(z0), z0)))
        if has_cotangent:
            save_safetensors(FOLDER / f"{case['name']}.cotangent.safetensors", dict(zip(names_of(z0), weights)))
        save_safetensors(FOLDER / f"{case['name']}.expected.safetensors", answer)
        listed.append({**case, "cotangent": has_cotangent, "steps": steps})
    (FOLDER / "cases.json").write_text("[\n" + ",\n".join("  " + json.dumps(c) for c in listed) + "\n]\n")


if __name__ == "__main__":
    main()
