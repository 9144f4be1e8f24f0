"""The goals of the GPU work, and how the rows of a run stand to them."""
from dataclasses import asdict, dataclass
from typing import Callable, Dict, List, Optional

from tables import Row

OURS, PACK, DIFFEQ = "neuralode", "TorchDiffEqPack", "torchdiffeq"
BARE = "bare evaluations of f"


@dataclass(frozen=True)
class Goal:
    name: str
    asked: str
    measured: str
    met: Optional[bool]  # None: not measured

    @property
    def verdict(self) -> str:
        return "not measured" if self.met is None else "met" if self.met else "NOT met"

    def as_json(self) -> Dict[str, object]:
        return {**asdict(self), "verdict": self.verdict}


def missing(name: str, asked: str) -> Goal:
    return Goal(name, asked, "nothing", None)


def steps(rows: List[Row], work: str, precision: str, side: str, method: Callable[[str], bool]) -> List[Row]:
    return [row for row in rows if row["kind"] == "step" and row["work"] == work and row["precision"] == precision and row["side"] == side
            and method(row["method"]) and row["milliseconds"] is not None]


def fastest(rows: List[Row]) -> Optional[Row]:
    return min(rows, key=lambda row: row["milliseconds"], default=None)


def ours(rows: List[Row], work: str, precision: str) -> Optional[Row]:
    """Our fastest way to take this step."""
    return fastest(steps(rows, work, precision, OURS, lambda method: method.startswith("mali")))


def faster(rows: List[Row], name: str, least: float, work: str, precision: str, side: str, method: str, peer_precision: str = "") -> Goal:
    """How many times faster than the fastest of a package's methods that begin with `method`."""
    mine = ours(rows, work, precision)
    peer = fastest(steps(rows, work, peer_precision or precision, side, lambda m: m.startswith(method)))
    asked = f"at least {least:g} times as fast"
    if mine is None or peer is None:
        return missing(name, asked)
    ratio = peer["milliseconds"] / mine["milliseconds"]
    return Goal(name, asked, f"{ratio:.2f} ({mine['milliseconds']:.2f} ms against {peer['milliseconds']:.2f} ms of {peer['method']})", ratio >= least)


def over_bare(rows: List[Row], precision: str) -> Goal:
    name, asked = f"resnet18-ode, {precision}, over its evaluations of f", "at most 1.1"
    mine, bare = ours(rows, "resnet18", precision), fastest(steps(rows, "resnet18", precision, OURS, lambda method: method == BARE))
    if mine is None or bare is None:
        return missing(name, asked)
    ratio = mine["milliseconds"] / bare["milliseconds"]
    return Goal(name, asked, f"{ratio:.3f}", ratio <= 1.1)


def bandwidth(rows: List[Row]) -> Goal:
    name, asked = "every kernel past the L2", "at least 85 % of copy bandwidth"
    kernels = [row for row in rows if row["kind"] == "kernel" and row["size"] == "large" and row["dtype"] != "bytes"]
    if not kernels:
        return missing(name, asked)
    below = [row for row in kernels if row["share_of_copy"] < 0.85]
    lowest = min(kernels, key=lambda row: row["share_of_copy"])
    measured = f"{100 * lowest['share_of_copy']:.1f} % at least ({lowest['name']}, {lowest['dtype']}); {len(below)} of {len(kernels)} below"
    return Goal(name, asked, measured, not below)


def flat(rows: List[Row], graphs: str) -> Goal:
    name, asked = "peak memory from 4 to 256 steps, graphs " + graphs, "flat within 1 %"
    peaks = {row["steps"]: row["peak_bytes"] for row in rows if row["kind"] == "memory" and row["side"] == OURS and row["method"] == "mali"
             and row["graphs"] == graphs}
    if not {4, 256} <= set(peaks):
        return missing(name, asked)
    spread = max(peaks.values()) / min(peaks.values()) - 1
    return Goal(name, asked, f"{100 * spread:.2f} % apart", spread <= 0.01)


def accuracy(rows: List[Row]) -> Goal:
    name, asked = "CIFAR-10, resnet18-ode, driven from C#", "above 92 % in under 10 minutes"
    runs = [row for row in rows if row["kind"] == "training" and row["work"] == "cifar10" and row.get("test_accuracy") is not None]
    if not runs:
        return missing(name, asked)
    run = runs[-1]
    measured = f"{100 * run['test_accuracy']:.2f} % in {run['seconds'] / 60:.1f} minutes"
    return Goal(name, asked, measured, run["test_accuracy"] > 0.92 and run["seconds"] < 600)


def clean(rows: List[Row], kind: str, name: str, asked: str) -> Goal:
    found = [row for row in rows if row["kind"] == kind]
    bad = [str(row.get("tool") or row.get("name")) for row in found if not row["ok"]]
    return Goal(name, asked, ("not: " + ", ".join(bad)) if bad else "all", not bad) if found else missing(name, asked)


def goals(rows: List[Row]) -> List[Goal]:
    result = [clean(rows, "tests", "native tests", "pass, those for GPUs not skipped"),
              clean(rows, "sanitizer", "compute-sanitizer memcheck and racecheck", "clean"), bandwidth(rows)]
    for side, method in ((PACK, "mali"), (DIFFEQ, "adjoint, midpoint"), (DIFFEQ, "backprop, midpoint"), (DIFFEQ, "backprop, euler")):
        result.append(faster(rows, f"MLP, fp32, against {side} {method}", 20, "mlp", "fp32", side, method))
    for precision in ("fp32", "tf32", "bf16 channels_last"):
        result.append(faster(rows, f"conv block, {precision}, against {PACK} at the same", 1.4, "conv", precision, PACK, "mali"))
    for precision in ("fp32", "tf32", "bf16", "bf16 channels_last"):
        result.append(faster(rows, f"resnet18-ode, {precision}, against {PACK} at the same", 1.4, "resnet18", precision, PACK, "mali"))
    for peer in ("fp32", "tf32"):
        name = f"resnet18-ode, bf16 channels_last, against {PACK} in {peer}"
        result.append(faster(rows, name, 3, "resnet18", "bf16 channels_last", PACK, "mali", peer))
    result += [over_bare(rows, precision) for precision in ("fp32", "tf32", "bf16", "bf16 channels_last")]
    settings = sorted({row["graphs"] for row in rows if row["kind"] == "memory" and row["side"] == OURS and row["method"] == "mali"}) or ["auto"]
    return result + [flat(rows, graphs) for graphs in settings] + [accuracy(rows)]
