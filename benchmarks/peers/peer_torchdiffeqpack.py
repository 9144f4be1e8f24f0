"""TorchDiffEqPack (Zhuang et al. 2020, 2021; github.com/juntang-zhuang/TorchDiffEqPack): MALI and ACA."""
import sys
import types

from comparison import SPAN, STEPS, Case, version

GET = "git clone https://github.com/juntang-zhuang/TorchDiffEqPack and give its folder with --torchdiffeqpack DIR"
LOOSE, TIGHT = (1e-4, 1e-6), (1e-8, 1e-10)


def import_without_plotting():
    """The peer imports matplotlib for plots that no solver draws; stand in for it where it is not installed."""
    try:
        import matplotlib.pylab  # noqa: F401
    except ImportError:
        package, module = types.ModuleType("matplotlib"), types.ModuleType("matplotlib.pylab")
        package.pylab = module
        sys.modules.update({"matplotlib": package, "matplotlib.pylab": module})


def load(folder):
    import_without_plotting()
    import TorchDiffEqPack  # noqa: F401
    let_aca_take_fixed_steps()
    return version(folder)


def let_aca_take_fixed_steps():
    """The peer's ACA fails with its own fixed steps: it makes a list of each step's error, which is None, and adds the tensor of
    times to a list. Give it no errors and a list of times."""
    from TorchDiffEqPack.odesolver import fixed_grid_solver

    def without_none(step):
        def wrapped(*arguments, **options):
            out, _, *variables = step(*arguments, **options)
            return (out, (), *variables)
        return wrapped

    def with_list(integrate):
        def wrapped(*arguments, return_steps=False, **options):
            out = integrate(*arguments, return_steps=return_steps, **options)
            return (out[0], list(out[1])) if return_steps else out
        return wrapped

    for solver in (fixed_grid_solver.Euler, fixed_grid_solver.RK2, fixed_grid_solver.RK4):
        solver.step, solver.integrate = without_none(solver.step), with_list(solver.integrate)


def options(method, tolerances, t0, t1):
    """The peer writes into them: new ones for each call."""
    step = {"h": 1 / STEPS} if tolerances is None else {"h": None, "rtol": tolerances[0], "atol": tolerances[1]}
    return {"method": method, "t0": t0, "t1": t1, "print_neval": False, **step}


def by(solve, method, tolerances=None):
    """Times are given as tensors where their gradients are wanted, and else as numbers."""
    def forward(f, z, t0, t1):
        times = (t0, t1) if t0.requires_grad else SPAN
        return solve(f, z, options=options(method, tolerances, *times))
    return lambda f, z0: lambda z, t0, t1: forward(f, z, t0, t1)


def grid(method, tolerances):
    """The ends of the adaptive steps that the peer makes from z0."""
    def of(f, z0):
        import torch
        from TorchDiffEqPack import odesolve_endtime
        from TorchDiffEqPack.odesolver.base import check_arguments
        with torch.no_grad():
            solver = odesolve_endtime(f, z0, options(method, tolerances, *SPAN), return_solver=True, regenerate_graph=False)
            _, wrapped, state = check_arguments(f, z0, SPAN[0])
            if method == "sym12async":
                state = state + wrapped(torch.tensor(SPAN[0]), state)
            _, steps = solver.integrate(state, t0=SPAN[0], return_steps=True)
        return [float(t) for t in steps]
    return of


def cases():
    from TorchDiffEqPack import odesolve_adjoint as aca
    from TorchDiffEqPack import odesolve_adjoint_sym12 as mali
    times = {"t0": "a", "t1": "b"}
    rows = [Case("MALI", by(mali, "fixedstep_sym12async"), "alf", "mali", wrt_times=True, differing=times),
            Case("MALI, adaptive", by(mali, "sym12async", LOOSE), "alf", "mali", LOOSE, grid("sym12async", LOOSE))]
    for method, solver in (("Euler", "euler"), ("RK2", "midpoint"), ("RK4", "rk4")):
        rows.append(Case(f"ACA {method}", by(aca, method), solver, "aca", wrt_times=True, differing=times))
    for method, solver in (("RK12", "heun"), ("RK23", "bosh3"), ("Dopri5", "dopri5")):
        rows.append(Case(f"ACA {method}, adaptive", by(aca, method, LOOSE), solver, "aca", LOOSE, grid(method, LOOSE)))
    rows.append(Case("ACA Dopri5, adaptive", by(aca, "Dopri5", TIGHT), "dopri5", "aca", TIGHT))
    return rows
