"""What a comparison with a peer is made of: a case, one training step of the peer, and how far two results are apart."""
import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Callable, Dict, Optional, Tuple

from native import GRADIENTS, SOLVERS, TrainingStep

SPAN = (0.0, 1.0)  # ANODE knows no other; TorchDiffEqPack keeps times in float32, which these and SPAN / 8 survive
STEPS = 8
QUANTITIES = {"z1": "z(t1)", "z0": "dL/dz0", "theta": "dL/dtheta", "t0": "dL/dt0", "t1": "dL/dt1"}
AGREEMENT = 1e-6


@dataclass(frozen=True)
class Case:
    """One call of a peer and what corresponds to it here.

    prepare: (f, z0) -> forward, and forward(z0, t0, t1) -> z(t1), differentiable.
    solver, gradient: names of native.SOLVERS and native.GRADIENTS.
    tolerances: None for fixed steps of 1 / STEPS, or (rtol, atol) of adaptive steps.
    grid: None, or (f, z0) -> the times that the peer's adaptive steps end at, which are then made here too.
    differing: which QUANTITIES are known to differ, and the letter of the reason in oracles.REASONS.
    """
    call: str
    prepare: Callable
    solver: str
    gradient: str
    tolerances: Optional[Tuple[float, float]] = None
    grid: Optional[Callable] = None
    wrt_times: bool = False
    differing: Dict[str, str] = field(default_factory=dict)

    def steps(self, grid):
        if grid is not None:
            return f"{len(grid)}, the peer's"
        return f"{STEPS} fixed" if self.tolerances is None else "rtol {:.0e}, atol {:.0e}".format(*self.tolerances)


class PeerStep:
    """Forward and backward of one solve by the peer. f: dynamics.Counted; z0, cotangent: (batch, ...)."""

    def __init__(self, case, f, z0, cotangent):
        import torch
        self.forward, self.f, self.cotangent = case.prepare(f, z0), f, cotangent
        self.z0 = z0.clone().requires_grad_(True)
        self.t0, self.t1 = (torch.tensor(t, dtype=torch.float64, requires_grad=case.wrt_times) for t in SPAN)
        self.inputs = [self.z0] + ([self.t0, self.t1] if case.wrt_times else []) + list(f.parameters())
        self.wrt_times = case.wrt_times

    def step(self):
        import torch
        self.f.calls = 0
        z1 = self.forward(self.z0, self.t0, self.t1)
        self.forward_calls = self.f.calls
        gradients = torch.autograd.grad(z1, self.inputs, self.cotangent, allow_unused=True)
        self.backward_calls = self.f.calls - self.forward_calls
        return z1, gradients

    def results(self):
        """As native.TrainingStep.results, with the calls of f in place of the statistics."""
        z1, gradients = self.step()
        times = gradients[1:3] if self.wrt_times else (None, None)
        theta = {name: gradient.reshape(-1) for name, gradient in zip(self.f.names(), gradients[-len(self.f.names()):])}
        return {"z1": z1.detach(), "z0": gradients[0], "theta": theta, "t0": times[0], "t1": times[1]}


def make_ours(native, case, path, z0, cotangent, grid):
    fields = {"solver": SOLVERS[case.solver], "gradient": GRADIENTS[case.gradient]}
    if grid is not None:
        fields["step_size"] = 2 * (SPAN[1] - SPAN[0])  # longer than any interval: one step to each time of the grid
    elif case.tolerances is None:
        fields["step_size"] = (SPAN[1] - SPAN[0]) / STEPS
    else:
        fields["rtol"], fields["atol"] = case.tolerances
    return TrainingStep(native, path, z0, cotangent, native.options(**fields), SPAN, grid, case.wrt_times)


def apart(ours, peer):
    """|ours - peer| / |peer| in the 2-norm, by quantity; None where the peer has none."""
    import torch
    result = {}
    for key in QUANTITIES:
        a, b = ours[key], peer[key]
        if key == "theta":
            a, b = (torch.cat([side[name] for name in peer["theta"]]) for side in (a, b))
        result[key] = None if b is None else float((a - b).norm() / b.norm())
    return result


def seconds(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def time_ratio(ours, peer, rounds):
    """Median over alternating rounds of the peer's time over ours."""
    for _ in range(3):
        ours.step(), peer.step()
    return statistics.median(theirs / mine for mine, theirs in ((seconds(ours.step), seconds(peer.step)) for _ in range(rounds)))


def compare(native, case, workload, rounds):
    """One row as a dict. Raises what the peer or the library raises."""
    f, z0, cotangent = workload.dynamics(), workload.z0, workload.cotangent
    grid = case.grid(f, z0) if case.grid else None
    peer = PeerStep(case, f, z0, cotangent)
    theirs = peer.results()
    ours = make_ours(native, case, workload.path, z0, cotangent, grid)
    mine = ours.results()
    row = {"call": case.call, "solver": case.solver, "gradient": case.gradient, "steps": case.steps(grid), "apart": apart(mine, theirs),
           "differing": case.differing, "nfe_ours": [mine["statistics"].nfe_forward, mine["statistics"].nfe_backward],
           "nfe_peer": [peer.forward_calls, peer.backward_calls], "peer_over_ours": time_ratio(ours, peer, rounds)}
    row["values"] = {key: [float(mine[key]), float(theirs[key])] for key in ("t0", "t1") if theirs[key] is not None}
    return row


def version(folder):
    """The commit of a checkout, or how else to know what it holds."""
    if not os.path.exists(os.path.join(folder, ".git")):
        return "no git checkout"
    command = ["git", "-C", folder, "rev-parse", "--short", "HEAD"]
    return "commit " + subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
