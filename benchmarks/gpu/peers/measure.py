"""How the other packages are measured: as ../measure.h measures ours, rows of the same form."""
import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence

WARM_UP = 4


@dataclass(frozen=True)
class Precision:
    name: str
    tf32: bool = False
    autocast: bool = False
    channels_last: bool = False


FP32 = Precision("fp32")
TF32 = Precision("tf32", tf32=True)
BF16 = Precision("bf16", autocast=True)
BF16_CHANNELS_LAST = Precision("bf16 channels_last", autocast=True, channels_last=True)


@dataclass(frozen=True)
class Setting:
    """device: as PyTorch names it. rows: file that rows are appended to, or None. wait: returns when the device has done what was queued."""
    device: str
    quick: bool
    rows: Optional[str]
    wait: Callable[[], None]

    @property
    def rounds(self) -> int:
        return 2 if self.quick else 15

    def write(self, row: Dict[str, object]) -> None:
        if self.rows is not None:
            with open(self.rows, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


@dataclass(frozen=True)
class Candidate:
    """One of several that are timed in turn. side: the package."""
    side: str
    method: str
    step: Callable[[], object]


def arguments(description: str, parts: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(parts)}; all by default")
    parser.add_argument("--device", default="cuda:0", help="cuda:0 or cpu")
    parser.add_argument("--quick", action="store_true", help="small shapes and few rounds, to see that it works")
    parser.add_argument("--rows", help="file that a JSON object a line is appended to")
    return parser


def wanted(parser: argparse.ArgumentParser, given: List[str], parts: Sequence[str]) -> List[str]:
    unknown = [part for part in given if part not in parts]
    if unknown:
        parser.error(f"{unknown[0]} is no part; choose from {', '.join(parts)}")
    return given or list(parts)


def alternate(candidates: Sequence[Candidate], setting: Setting, rounds: int) -> Dict[int, float]:
    """Milliseconds by index, medians over rounds in which all take their turn. What raises is said, and left out."""
    times: Dict[int, List[float]] = {index: [] for index in range(len(candidates))}
    for round_number in range(-WARM_UP, rounds):
        for index in list(times):
            try:
                setting.wait()
                start = time.perf_counter()
                candidates[index].step()
                setting.wait()
            except Exception as error:  # a peer may fail in any way; the others are measured all the same
                first = (str(error).splitlines() or [""])[0]
                print(f"{candidates[index].side}, {candidates[index].method}: {type(error).__name__}: {first}", file=sys.stderr)
                del times[index]
                continue
            if round_number >= 0:
                times[index].append(1e3 * (time.perf_counter() - start))
    return {index: statistics.median(values) for index, values in times.items()}


def report(setting: Setting, work: str, precision: Precision, shape: Sequence[int], steps: int, candidates: Sequence[Candidate],
           rounds: int, samples: int = 0) -> bool:
    """Prints and writes what the candidates took. samples: what images a second count, or 0. Returns whether all went well."""
    times = alternate(candidates, setting, rounds)
    for index, milliseconds in times.items():
        candidate = candidates[index]
        row = {"kind": "step", "work": work, "precision": precision.name, "side": candidate.side, "method": candidate.method, "graphs": "",
               "shape": "x".join(map(str, shape)), "steps": steps, "milliseconds": milliseconds}
        line = f"{work:<10} {precision.name:<19} {candidate.side:<15} {candidate.method:<44} {milliseconds:10.3f} ms"
        if samples > 0:
            row["images_per_second"] = 1e3 * samples / milliseconds
            line += f" {row['images_per_second']:10.1f} images/s"
        print(line, flush=True)
        setting.write(row)
    return len(times) == len(candidates)


def run(parts: Dict[str, Callable[[Setting], bool]], chosen: Sequence[str], setting: Setting) -> int:
    """The exit status."""
    good = True
    for name in chosen:
        try:
            good = parts[name](setting) and good
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            good = False
    return 0 if good else 1
