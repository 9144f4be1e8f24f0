"""ANODE (Gholami et al. 2019; github.com/amirgholami/anode): one state a block is kept, the block is run again."""
from comparison import STEPS, Case, version

GET = "git clone https://github.com/amirgholami/anode and give its folder with --anode DIR"


def load(folder):
    import anode  # noqa: F401
    return version(folder)


def by(method):
    """The peer integrates over [0, 1] only."""
    def forward_of(f, z0):
        from anode import odesolver_adjoint
        return lambda z, t0, t1: odesolver_adjoint(f, z, options={"Nt": STEPS, "method": method})
    return forward_of


def cases():
    return [Case(method, by(method), solver, "anode") for method, solver in (("Euler", "euler"), ("RK2", "midpoint"), ("RK4", "rk4"))]
