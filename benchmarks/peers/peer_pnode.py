"""PNODE (Zhang & Zhao 2022; github.com/caidao22/pnode): discrete adjoints by PETSc."""
import glob
import sys
import warnings

from comparison import STEPS, Case, version

GET = "git clone https://github.com/caidao22/pnode, give its folder with --pnode DIR, and install petsc4py (Debian: python3-petsc4py)"
EXPLICIT = {"euler": "euler", "rk2": "midpoint", "fixed_bosh3": "bosh3", "rk4": "rk4", "fixed_dopri5": "dopri5"}
WITH_ZERO_WEIGHT = ("rk2", "fixed_dopri5")  # a stage that f is evaluated at and whose value z' does not contain
IMPLICIT = {"beuler": "backward-euler", "cn": "crank-nicolson"}
# Steps as given, states and stages in memory; the equations of implicit steps and of their adjoints solved to rounding.
PETSC = ["oracles", "-ts_adapt_type", "none", "-ts_trajectory_type", "memory", "-snes_rtol", "1e-13", "-snes_atol", "1e-14",
         "-snes_stol", "1e-16", "-ksp_rtol", "1e-13", "-ksp_atol", "1e-15", "-ksp_gmres_restart", "200", "-pc_type", "none"]


def load(folder):
    """Debian puts petsc4py where only /usr/lib/petsc, a link of PETSc's development package, leads to; look there too."""
    sys.path.extend(glob.glob("/usr/lib/petscdir/petsc*/*-real/lib/python3/dist-packages"))
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # the peer only reads it
    import petsc4py
    petsc4py.init(PETSC)
    from petsc4py import PETSc
    from pnode import petsc_adjoint  # noqa: F401
    return f"{version(folder)} with PETSc {'.'.join(map(str, PETSc.Sys.getVersion()))}, petsc4py {petsc4py.__version__}"


def repaired():
    """ODEPetsc whose implicit dL/dtheta is right: at the state and for the vector that PETSc asks for, where the peer takes those
    of the last product with the Jacobian, which was one inside the linear solver."""
    import torch
    from pnode import petsc_adjoint

    class Repaired(petsc_adjoint.ODEPetsc):
        def setupTS(self, *arguments, **options):
            super().setupTS(*arguments, **options)
            self.matrixfree_jacobian = False  # read only where the vector is chosen: now the one that is given

        def evalIJacobianP(self, ts, t, U, Udot, shift, Jacp):
            self.t, self.cached_u_tensor = t, torch.from_numpy(U.array_r.reshape(self.tensor_size)).to(self.tensor_dtype)

    return Repaired()


def by(method, implicit, ode_of=None):
    """Through NumPy arrays, not DLPack, which some builds of petsc4py lack. A single time means [0, time]."""
    def forward_of(f, z0):
        from pnode import petsc_adjoint
        ode = (ode_of or petsc_adjoint.ODEPetsc)()
        ode.setupTS(z0, f, step_size=1 / STEPS, method=method, enable_adjoint=True, implicit_form=implicit, use_dlpack=False)
        return lambda z, t0, t1: ode.odeint_adjoint(z, t1.reshape(1))[0]
    return forward_of


def cases():
    rows = [Case(method, by(method, False), solver, "pnode", differing={"theta": "e"} if method in WITH_ZERO_WEIGHT else {})
            for method, solver in EXPLICIT.items()]
    for method, solver in IMPLICIT.items():
        rows.append(Case(method, by(method, True), solver, "pnode", differing={"theta": "f"}))
        rows.append(Case(f"{method}, repaired", by(method, True, repaired), solver, "pnode"))
    return rows
