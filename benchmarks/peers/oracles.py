"""End states, gradients, evaluations of f and time of a training step: this library against its peers, on the same TorchScript dynamics.

usage: python3 oracles.py --library libneuralode.so [--torchdiffeqpack DIR] [--pnode DIR] [--torchdiffeq DIR] [--anode DIR] [--json]

Needs PyTorch of the libtorch that the library was built with (Debian: python3-torch). Each DIR is a checkout of the peer; a peer that
is not given or cannot be imported is left out with a line on stderr. Prints Markdown, oracles.md, or with --json one object.
Exits 0 if all that should agree do.
"""
import argparse
import importlib
import json
import os
import platform
import sys
import tempfile

from comparison import AGREEMENT, QUANTITIES, STEPS, compare, version
from native import Native, raise_malloc_thresholds

PEERS = {"torchdiffeqpack": "TorchDiffEqPack", "torchdiffeq": "torchdiffeq", "pnode": "PNODE", "anode": "ANODE"}
UNRELEASED = ("backward-euler", "crank-nicolson")  # newer than the rest of the C ABI
REASONS = {
    "a": "TorchDiffEqPack's dL/dt0 is wrong: it adds up what a later start of each step would do, though only the first step starts at t0",
    "b": "TorchDiffEqPack's dL/dt1 is that of the exact solution, <dL/dz(t1), f(t1, z(t1))>, ours that of the steps made: they differ "
         "by the error of the steps",
    "c": "two ways to dL/dt0 of the adjoint ODE, each with the error of the steps: ours is -<a(t0), f(t0, z0)>, torchdiffeq integrates it",
    "d": "torchdiffeq takes z(t1) from a quartic through the step that passes t1, whose error exceeds the tolerances; ours ends on t1",
    "e": "dL/dtheta is wrong: PETSc's adjoint of explicit Runge-Kutta methods leaves out the stages of weight 0",
    "f": "PNODE's dL/dtheta of implicit steps is wrong: it is not taken at the state and for the vector that PETSc asks for; repaired, "
         "without a change to its files, it agrees",
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", required=True, help="path of libneuralode.so")
    for flag, name in PEERS.items():
        parser.add_argument("--" + flag, metavar="DIR", help=f"folder of a checkout of {name}")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def leave_out(text, left_out):
    if text not in left_out:
        left_out.append(text)
        print("Left out: " + text, file=sys.stderr)


def load_peers(arguments, left_out):
    """({flag: module}, {flag: version}) of the peers that are there; says which are not, and how to get them."""
    modules, versions = {}, {}
    for flag, name in PEERS.items():
        folder, module = getattr(arguments, flag), importlib.import_module("peer_" + flag)
        try:
            if folder is None:
                raise ImportError("no folder was given")
            sys.path.insert(0, os.path.abspath(folder))
            versions[flag] = module.load(folder)
            modules[flag] = module
        except ImportError as error:
            leave_out(f"{name}, {error}; {module.GET}.", left_out)
    return modules, versions


def rows_of(native, modules, workload, rounds, left_out):
    for flag, module in modules.items():
        for case in module.cases():
            try:
                yield {"peer": PEERS[flag], "workload": workload.name, **compare(native, case, workload, rounds)}
            except RuntimeError as error:
                if case.solver not in UNRELEASED or "not supported" not in str(error):
                    raise RuntimeError(f"{PEERS[flag]} {case.call}: {error}") from error
                leave_out(f"{PEERS[flag]} {case.call}: this library has no {case.solver} ({error}).", left_out)


def judge(rows):
    """(how many comparisons agree, those that do not and are known to, those that do not and should)."""
    agree, known, surprising = 0, [], []
    for row in rows:
        for key, distance in row["apart"].items():
            if distance is not None and distance <= AGREEMENT:
                agree += 1
            elif distance is not None:
                letter = row["differing"].get(key)
                (known if letter else surprising).append((row, key, distance, letter))
    return agree, known, surprising


def cell(row, key):
    distance = row["apart"][key]
    if distance is None:
        return "-"
    mark = row["differing"].get(key) if distance > AGREEMENT else None
    return f"{distance:.1e}" + (f" ({mark})" if mark else "" if distance <= AGREEMENT else " (!)")


def print_table(name, rows):
    print(f"\n## {name}\n")
    print("| peer | its call | ours | steps | " + " | ".join(QUANTITIES.values()) + " | f calls, ours | f calls, peer | peer time / ours |")
    print("|---|---|---|---|" + "---:|" * (len(QUANTITIES) + 3))
    for row in rows:
        cells = [row["peer"], row["call"], f"{row['solver']}, {row['gradient']}", row["steps"], *(cell(row, key) for key in QUANTITIES),
                 "{} + {}".format(*row["nfe_ours"]), "{} + {}".format(*row["nfe_peer"]), f"{row['peer_over_ours']:.2f}"]
        print("| " + " | ".join(cells) + " |")


def describe(row, key, distance):
    text = f"{row['peer']} {row['call']} {QUANTITIES[key]} {distance:.1e}"
    if key in row["values"]:
        text += " (ours {:.6g}, peer {:.6g})".format(*row["values"][key])
    return text


def print_verdict(rows):
    agree, known, surprising = judge(rows)
    counts = []
    if known or surprising:
        print("\n## What differs\n")
    for letter, reason in REASONS.items():
        entries = [describe(row, key, distance) for row, key, distance, its in known if its == letter]
        if entries:
            counts.append(f"{len(entries)} by ({letter})")
            print(f"- ({letter}) {reason}. {'; '.join(entries)}.")
    for row, key, distance, _ in surprising:
        print(f"- (!) For a reason not known: {describe(row, key, distance)}.")
    counts.append(f"{len(surprising)} for a reason not known")
    print(f"\n{agree} comparisons agree to 1e-6 or better, {len(known) + len(surprising)} do not: {', '.join(counts)}.")


def header(arguments, versions):
    import torch
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return {"this library": version(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")), "PyTorch": torch.__version__,
            "Python": platform.python_version(), "machine": f"{os.cpu_count()} {platform.machine()} cores, {system}",
            "threads": arguments.threads, "dtype": "float64", **{PEERS[flag]: text for flag, text in versions.items()}}


INTRODUCTION = f"""# Against peers

One training step (forward, and backward from a random cotangent dL/dz(t1)) by each peer and by this library, called through its C ABI,
on the same TorchScript dynamics f(t, z) in float64, from t = 0 to 1. What `python3 oracles.py` printed with:
"""
COLUMNS = f"""
- *ours*: solver, gradient method.
- *steps*: "{STEPS} fixed" are equal ones; "the peer's" are those that the peer's step size control chose, made here too; tolerances are
  those that both sides were given, each choosing its own steps.
- *z(t1)* to *dL/dt1*: relative distance of the two results in the 2-norm; "-" where there is nothing to compare. Letters are explained
  at the end. Rounding alone gives 1e-15. About 1e-8 is TorchDiffEqPack's float32 time, the tolerance, or one of two methods of
  torchdiffeq that are not ours: its rk4 is Kutta's 3/8 rule, its tsit5 advances the embedded solution, of order 4.
- *f calls*: evaluations of f in the forward + in the backward sweep. Ours in the backward sweep are linearised ones: an evaluation and
  a vector-Jacobian product in one.
- *peer time / ours*: of the training step, median over alternating rounds in one process.
"""


def print_markdown(tables, about, left_out):
    print(INTRODUCTION)
    for key, value in about.items():
        print(f"- {key}: {value}")
    for text in left_out:
        print(f"- left out: {text}")
    print(COLUMNS.rstrip())
    for name, table in tables:
        if table:
            print_table(name, table)
    print_verdict([row for _, table in tables for row in table])


def main():
    arguments, left_out = parse(), []
    raise_malloc_thresholds()
    modules, versions = load_peers(arguments, left_out)
    import torch
    from dynamics import workloads
    torch.set_num_threads(arguments.threads)
    native = Native(os.path.abspath(arguments.library))
    native.call("threads_set", arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        tables = [(work.name, list(rows_of(native, modules, work, arguments.rounds, left_out))) for work in workloads(folder)]
    rows, about = [row for _, table in tables for row in table], header(arguments, versions)
    agree, known, surprising = judge(rows)
    if arguments.json:
        print(json.dumps({**about, "left_out": left_out, "agree": agree, "differ": len(known), "unexpected": len(surprising), "rows": rows}))
    else:
        print_markdown(tables, about, left_out)
    return 1 if surprising else 0


if __name__ == "__main__":
    sys.exit(main())
