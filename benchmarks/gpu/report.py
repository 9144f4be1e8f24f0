"""One report of the rows that run.sh gathered: report.md for people, report.json for programs.

usage: python3 report.py --out DIR ROWS.jsonl...       several files where the parts ran in several calls; of equal rows the last counts
"""
import argparse
import json
import os
import sys
from typing import Dict, List

from goals import Goal, goals, ours
from tables import Row, table

FACTS = ("date", "device", "architecture", "memory", "highest_clock", "power_limit", "driver", "cuda", "nvcc", "cudnn", "torch", "torchdiffeq",
         "torchvision", "jax", "diffrax", "compiler", "cores", "system", "commit")
QUICK = "Made with --quick: small shapes and few rounds, which say nothing of the goals."
IDENTITY = ("kind", "part", "name", "tool", "work", "precision", "side", "method", "graphs", "steps", "dtype", "size")


def read(paths: List[str]) -> List[Row]:
    rows: Dict[tuple, Row] = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                rows[tuple(row.get(key) for key in IDENTITY)] = row
    return list(rows.values())


def of(rows: List[Row], kind: str) -> List[Row]:
    return [row for row in rows if row["kind"] == kind]


def steps_table(rows: List[Row], work: str) -> str:
    """Every side of a work, by precision, over our fastest."""
    lines = []
    for row in of(rows, "step"):
        if row["work"] != work:
            continue
        fastest = ours(rows, work, row["precision"])
        ratio = row["milliseconds"] / fastest["milliseconds"] if fastest and row["milliseconds"] else None
        graphs = {"auto": ", graphs", "off": ", no graphs"}.get(row["graphs"], "")
        lines.append([row["precision"], row["side"], row["method"] + graphs, row["milliseconds"] or "failed", ratio, row.get("images_per_second"), row.get("remark")])
    order = {name: i for i, name in enumerate(dict.fromkeys(line[0] for line in lines))}
    lines.sort(key=lambda line: order[line[0]])
    return table(["precision", "side", "method", "ms", "time over ours", "images/s", "graphs were"], lines)


def memory_table(rows: List[Row]) -> str:
    return table(["side", "method", "graphs", "steps", "peak bytes", "reserved bytes"],
                 [[row["side"], row["method"], row["graphs"], row["steps"], row["peak_bytes"], row["reserved_bytes"]] for row in of(rows, "memory")])


def kernels_table(rows: List[Row], size: str) -> str:
    chosen = [row for row in of(rows, "kernel") if row["size"] == size]
    dtypes = [dtype for dtype in dict.fromkeys(row["dtype"] for row in chosen) if dtype != "bytes"]
    lines = []
    for name in dict.fromkeys(row["name"] for row in chosen):
        by_dtype = {row["dtype"]: row for row in chosen if row["name"] == name}
        if "bytes" in by_dtype:
            lines.append([name, f"{by_dtype['bytes']['gigabytes_per_second']:.0f} GB/s"] + [None] * (len(dtypes) - 1))
            continue
        cells = [by_dtype.get(dtype) for dtype in dtypes]
        if size == "large":
            lines.append([name] + [f"{cell['share_of_copy']:.3f} ({cell['gigabytes_per_second']:.0f})" if cell else None for cell in cells])
        else:
            lines.append([name] + [f"{cell['microseconds']:.1f}" if cell else None for cell in cells])
    return table(["kernel"] + dtypes, lines)


def machine_of(rows: List[Row]) -> Row:
    return (of(rows, "machine") or [{}])[-1]


def text(rows: List[Row], reached: List[Goal]) -> str:
    machine = machine_of(rows)
    sections = ["# Measured on a GPU: " + str(machine.get("device", "unknown")), "",
                "Made by benchmarks/gpu/run.sh. Medians of rounds in which the sides take turns within a program; ours, PyTorch's and JAX's are "
                "programs of one run, and the bare evaluations of f are in the first two, so that they can be compared.", "",
                QUICK + "\n" if machine.get("quick") else "",
                table(["fact", "here"], [[key, machine[key]] for key in FACTS if machine.get(key) is not None]),
                "## Goals", "", table(["goal", "asked", "measured", "met"],
                                        [[goal.name, goal.asked, goal.measured, goal.verdict] for goal in reached]),
                "## Parts", "", table(["part", "went well", "seconds"], [[row["part"], row["ok"], row["seconds"]] for row in of(rows, "part")]),
                table(["tests", "passed", "failed", "skipped"],
                      [[row["name"], row["passed"], row["failed"], row["skipped"]] for row in of(rows, "tests")]),
                table(["sanitizer", "clean", "it said"], [[row["tool"], row["ok"], row["summary"]] for row in of(rows, "sanitizer")])]
    for work, title in (("mlp", "MLP 64-128-64 tanh, batch 1024, 50 steps"), ("conv", "conv-BN-ReLU x2, 128x64x56x56, 4 steps"),
                        ("resnet18", "resnet18-ode, 224 px, 2 steps a block, a whole training step")):
        shapes = ", ".join(dict.fromkeys(f"{row['shape']}, {row['steps']} steps" for row in of(rows, "step") if row["work"] == work))
        sections += [f"## {title}", "", f"Measured: {shapes or 'nothing'}. bf16: f computes under autocast, state and gradients are float32.", "",
                     steps_table(rows, work)]
    sections += ["## Peak memory of a training step, conv block, batch 32", "", memory_table(rows),
                 "## Kernels, arrays past the L2: share of copy bandwidth (GB/s)", "", kernels_table(rows, "large"),
                 "## Kernels, arrays of 1 MiB: microseconds", "", kernels_table(rows, "small")]
    trainings = of(rows, "training")
    sections += ["## Training through the managed command line", "",
                 table(["work", "test accuracy", "images/s", "epochs", "seconds", "peak bytes", "command"],
                       [[row["work"], row.get("test_accuracy"), row.get("train_images_per_second"), row.get("epochs"), row.get("seconds"),
                         row.get("peak_bytes"), f"`neuralode {row['command']}`"] for row in trainings])]
    return "\n".join(sections).rstrip() + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("rows", nargs="+", metavar="ROWS.jsonl")
    given = parser.parse_args()
    rows = read(given.rows)
    reached = goals(rows)
    os.makedirs(given.out, exist_ok=True)
    with open(os.path.join(given.out, "report.md"), "w", encoding="utf-8") as file:
        file.write(text(rows, reached))
    with open(os.path.join(given.out, "report.json"), "w", encoding="utf-8") as file:
        json.dump({"goals": [goal.as_json() for goal in reached], "rows": rows}, file, indent=1)
        file.write("\n")
    if machine_of(rows).get("quick"):
        print(QUICK)
    for goal in reached:
        print(f"{goal.verdict:<12} {goal.name}: {goal.measured} (asked: {goal.asked})")
    print(f"{os.path.join(given.out, 'report.md')}, report.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
