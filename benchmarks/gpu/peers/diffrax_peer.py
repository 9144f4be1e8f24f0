"""Training steps by diffrax on JAX, compiled: the work of ../steps.cpp without the ResNet, as many fixed steps.

usage: python3 diffrax_peer.py [--device cuda:0|cpu] [--quick] [--rows FILE] [mlp] [conv]

Gradients to z0 and the parameters. The methods evaluate f twice a step, but for Euler's. Where JAX or diffrax is not installed, this
says so and ends well.
"""
import os
import sys
from typing import Callable, Dict, List, Tuple

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # or JAX takes three quarters of the GPU's memory

import measure
from measure import BF16_CHANNELS_LAST, FP32, TF32, Candidate, Precision, Setting

try:
    import diffrax
    import jax
    import jax.numpy as jnp
except ImportError as missing:
    print(f"left out: diffrax ({missing})")
    sys.exit(0)

Parameters = Dict[str, "jax.Array"]


def mlp_dynamics(t, z, p: Parameters):
    return jnp.tanh(z @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]


def mlp_parameters(width: int, hidden: int) -> Parameters:
    first, second = jax.random.split(jax.random.PRNGKey(0))
    return {"w1": jax.random.normal(first, (width, hidden)) / width ** 0.5, "b1": jnp.zeros(hidden),
            "w2": jax.random.normal(second, (hidden, width)) / hidden ** 0.5, "b2": jnp.zeros(width)}


def conv_dynamics(precision: Precision) -> Callable:
    """Batch statistics, as PyTorch's BatchNorm in training mode has them; the running ones are not kept."""
    layout = ("NHWC", "HWIO", "NHWC") if precision.channels_last else ("NCHW", "OIHW", "NCHW")
    axes, features = ((0, 1, 2), (1, 1, 1, -1)) if precision.channels_last else ((0, 2, 3), (1, -1, 1, 1))

    def f(t, z, p: Parameters):
        x = z
        for i in ("1", "2"):
            kind = jnp.bfloat16 if precision.autocast else x.dtype
            x = jax.lax.conv_general_dilated(x.astype(kind), p["w" + i].astype(kind), (1, 1), "SAME", dimension_numbers=layout)
            x = x.astype(jnp.float32)
            mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
            x = (x - mean) * jax.lax.rsqrt(variance + 1e-5) * p["g" + i].reshape(features) + p["b" + i].reshape(features)
            x = jax.nn.relu(x)
        return x
    return f


def conv_parameters(channels: int, precision: Precision) -> Parameters:
    shape = (3, 3, channels, channels) if precision.channels_last else (channels, channels, 3, 3)
    result: Parameters = {}
    for i, key in zip(("1", "2"), jax.random.split(jax.random.PRNGKey(0))):
        result.update({"w" + i: jax.random.normal(key, shape) / (3 * channels ** 0.5), "g" + i: jnp.ones(channels), "b" + i: jnp.zeros(channels)})
    return result


def methods() -> List[Tuple[str, object, object]]:
    """(name, solver, adjoint) of what this version of diffrax has."""
    result = [("backprop (recursive checkpoints), midpoint", diffrax.Midpoint(), diffrax.RecursiveCheckpointAdjoint()),
              ("backprop (recursive checkpoints), euler", diffrax.Euler(), diffrax.RecursiveCheckpointAdjoint()),
              ("adjoint (backsolve), midpoint", diffrax.Midpoint(), diffrax.BacksolveAdjoint()),
              ("backprop (recursive checkpoints), reversible Heun", diffrax.ReversibleHeun(), diffrax.RecursiveCheckpointAdjoint())]
    if hasattr(diffrax, "ReversibleAdjoint"):
        result.append(("reversible, midpoint", diffrax.Midpoint(), diffrax.ReversibleAdjoint()))
    return result


def candidate(f: Callable, parameters: Parameters, z, steps: int, method: Tuple[str, object, object]) -> Candidate:
    name, solver, adjoint = method
    def loss(p: Parameters, z0):
        solution = diffrax.diffeqsolve(diffrax.ODETerm(f), solver, 0.0, 1.0, 1.0 / steps, z0, p, adjoint=adjoint, max_steps=steps + 2)
        return solution.ys[-1].sum()
    gradient = jax.jit(jax.grad(loss, argnums=(0, 1)))
    return Candidate("diffrax", name, lambda: jax.block_until_ready(gradient(parameters, z)))


def compare(setting: Setting, work: str, precision: Precision, f: Callable, parameters: Parameters, shape: Tuple[int, ...], steps: int,
            rounds: int) -> bool:
    jax.config.update("jax_default_matmul_precision", "tensorfloat32" if precision.tf32 else "highest")
    z = 0.5 * jax.random.normal(jax.random.PRNGKey(1), shape)
    candidates = [candidate(f, parameters, z, steps, method) for method in methods()]
    return measure.report(setting, work, precision, shape, steps, candidates, rounds)


def mlp_part(setting: Setting) -> bool:
    width, hidden, batch, steps = (16, 32, 64, 5) if setting.quick else (64, 128, 1024, 50)
    return all([compare(setting, "mlp", precision, mlp_dynamics, mlp_parameters(width, hidden), (batch, width), steps, 2 * setting.rounds)
                for precision in (FP32, TF32)])


def conv_part(setting: Setting) -> bool:
    batch, size = (2, 8) if setting.quick else (128, 56)
    good = True
    for precision in (FP32, TF32, BF16_CHANNELS_LAST):
        shape = (batch, size, size, 64) if precision.channels_last else (batch, 64, size, size)
        good = compare(setting, "conv", precision, conv_dynamics(precision), conv_parameters(64, precision), shape, 4, setting.rounds) and good
    return good


PARTS = {"mlp": mlp_part, "conv": conv_part}


def main() -> int:
    parser = measure.arguments(__doc__.splitlines()[0], list(PARTS))
    given = parser.parse_args()
    chosen = measure.wanted(parser, given.parts, list(PARTS))
    if given.device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif jax.default_backend() != "gpu":
        print(f"no GPU: JAX {jax.__version__} finds none", file=sys.stderr)
        return 1
    print(f"diffrax {diffrax.__version__}, JAX {jax.__version__}, {given.device}, medians of {2 if given.quick else 15} rounds")
    return measure.run(PARTS, chosen, Setting(given.device, given.quick, given.rows, lambda: None))


if __name__ == "__main__":
    sys.exit(main())
