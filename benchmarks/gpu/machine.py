"""Says what machine and software a report is of: one row, as JSON.

usage: python3 machine.py --device cuda:0 --commit ID        python3 machine.py --name ROWS    (a folder's name for the report of these rows)
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
from datetime import date
from typing import Dict, Optional


def said(*command: str) -> Optional[str]:
    """The first line that a command prints, or None."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip().splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError):
        return None


def nvcc() -> Optional[str]:
    try:
        text = subprocess.run(["nvcc", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
        return re.search(r"release [\d.]+, V([\d.]+)", text).group(1)
    except (OSError, subprocess.SubprocessError, AttributeError):
        return None


def version(package: str) -> Optional[str]:
    from importlib import metadata
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def describe(device: str, commit: str, quick: bool) -> Dict[str, object]:
    import torch
    row: Dict[str, object] = {"kind": "machine", "date": date.today().isoformat(), "commit": commit, "quick": quick, "device": "CPU"}
    if device != "cpu":
        line = said("nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit", "--format=csv,noheader") or "GPU"
        row.update(zip(("device", "driver", "memory", "highest_clock", "power_limit"), (field.strip() for field in line.split(","))))
        if torch.cuda.is_available():
            row["architecture"] = "sm_{}{}".format(*torch.cuda.get_device_capability(0))
            row["cudnn"] = torch.backends.cudnn.version()
    row.update(cores=len(os.sched_getaffinity(0)), nvcc=nvcc(), cuda=torch.version.cuda, torch=torch.__version__,
               compiler=said("g++", "--version"), python=platform.python_version(), system=platform.platform())
    row.update({package: version(package) for package in ("torchdiffeq", "torchvision", "jax", "diffrax")})
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--name", metavar="ROWS")
    given = parser.parse_args()
    if given.name is None:
        print(json.dumps(describe(given.device, given.commit, given.quick)))
    else:
        with open(given.name, encoding="utf-8") as file:
            row = json.loads(file.readline())
        print(re.sub(r"[^a-z0-9]+", "-", f"{row['device']}-{row['commit'][:12]}".lower()).strip("-"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
