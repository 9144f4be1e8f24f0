"""torchdiffeq (Chen et al. 2018; github.com/rtqichen/torchdiffeq): odeint through autograd, odeint_adjoint."""
import sys
import types

import torch

from comparison import STEPS, Case, version

GET = "git clone https://github.com/rtqichen/torchdiffeq and give its folder with --torchdiffeq DIR"
FIXED = {"euler": "euler", "midpoint": "midpoint", "heun2": "heun", "rk4": "rk4", "rk4_classic": "rk4"}
EMBEDDED = {"bosh3": "bosh3", "dopri5": "dopri5", "tsit5": "tsit5", "tsit5_fifth": "tsit5", "dopri8": "dopri8"}
NAMES = {"rk4": "rk4 (3/8 rule)", "rk4_classic": "rk4, classical", "tsit5": "tsit5 (order 4)", "tsit5_fifth": "tsit5, repaired"}
TOLERANCES = (1e-9, 1e-11)


def load(folder):
    import_without_scipy()
    import torchdiffeq  # noqa: F401
    register_methods_as_named()
    return version(folder)


def import_without_scipy():
    """The peer imports SciPy for a wrapper of its solvers, which is not compared; stand in for it where it is not installed."""
    try:
        import scipy.integrate  # noqa: F401
    except ImportError:
        package, module = types.ModuleType("scipy"), types.ModuleType("scipy.integrate")
        package.integrate, module.solve_ivp = module, None
        sys.modules.update({"scipy": package, "scipy.integrate": module})


def register_methods_as_named():
    """The peer's "rk4" is Kutta's 3/8 rule; its function for the classical one is there but no method calls it. Its "tsit5" advances
    the embedded solution of order 4 (sum of b c^4 is 1/5 - 5.8e-4), not the last stage's of order 5."""
    from torchdiffeq._impl import fixed_grid, rk_common, tsit5
    from torchdiffeq._impl.odeint import SOLVERS

    class ClassicRK4(fixed_grid.RK4):
        def _step_func(self, func, t0, dt, t1, y0):
            f0 = func(t0, y0)
            return rk_common.rk4_step_func(func, t0, dt, t1, y0, f0=f0), f0

    class FifthOrderTsit5(tsit5.Tsit5Solver):
        tableau = tsit5.Tsit5Solver.tableau
        tableau = tableau._replace(c_sol=torch.cat([tableau.beta[-1], torch.zeros(1, dtype=torch.float64)]))

    SOLVERS.update({"rk4_classic": ClassicRK4, "tsit5_fifth": FifthOrderTsit5})


def fixed(solve, method):
    return lambda f, z0: lambda z, t0, t1: solve(f, z, torch.stack([t0, t1]), method=method, options={"step_size": 1 / STEPS})[-1]


def fixed_embedded(solve, method):
    """Fixed steps by a method that the peer only has with error control: tolerances that nothing exceeds and a grid not to step over."""
    def forward_of(f, z0):
        def forward(z, t0, t1):
            times = t0 + torch.arange(STEPS, dtype=torch.float64) * (1 / STEPS)
            grid = torch.cat([times, t1.reshape(1)])
            if solve.__name__ == "odeint_adjoint":
                grid = grid.detach()
            options = {"first_step": 2.0, "step_t": grid}
            return solve(f, z, torch.stack([t0, t1]), method=method, rtol=1e10, atol=1e10, options=options)[-1]
        return forward
    return forward_of


def adaptive(solve, method, landing):
    """landing: whether a step is made to end on t1; else the step that passes t1 is interpolated there by a quartic."""
    def forward(f, z, t0, t1):
        end = t1.detach() if solve.__name__ == "odeint_adjoint" else t1
        options = {"step_t": torch.stack([t0.detach(), end])} if landing else {}
        return solve(f, z, torch.stack([t0, t1]), method=method, rtol=TOLERANCES[0], atol=TOLERANCES[1], options=options)[-1]
    return lambda f, z0: lambda z, t0, t1: forward(f, z, t0, t1)


def cases_of(solve, gradient):
    adjoint = {"t0": "c"} if gradient == "adjoint" else {}
    for methods, by in ((FIXED, fixed), (EMBEDDED, fixed_embedded)):
        for method, solver in methods.items():
            yield Case(f"{solve.__name__} {NAMES.get(method, method)}", by(solve, method), solver, gradient, wrt_times=True, differing=adjoint)
    for method in ("dopri5", "dopri8"):
        for landing, name in ((False, method), (True, f"{method}, ending on t1")):
            differing = {} if landing else {"t0": "d", "t1": "d"}
            yield Case(f"{solve.__name__} {name}", adaptive(solve, method, landing), method, gradient, TOLERANCES, wrt_times=True,
                       differing=differing)


def cases():
    from torchdiffeq import odeint, odeint_adjoint
    return [*cases_of(odeint, "backprop"), *cases_of(odeint_adjoint, "adjoint")]
