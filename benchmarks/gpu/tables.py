"""Markdown tables of rows."""
from typing import Dict, List, Sequence

Row = Dict[str, object]


def cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|")


def table(head: Sequence[str], lines: List[List[object]]) -> str:
    """Of no lines a word that says so. Columns that are empty throughout are left out."""
    if not lines:
        return "Not measured.\n"
    used = [i for i in range(len(head)) if i == 0 or any(cell(line[i]) for line in lines)]
    number = [all(line[i] is None or type(line[i]) in (int, float) for line in lines) for i in used]
    text = ["| " + " | ".join(head[i] for i in used) + " |", "|" + "|".join("---:" if right else "---" for right in number) + "|"]
    text += ["| " + " | ".join(cell(line[i]) for i in used) + " |" for line in lines]
    return "\n".join(text) + "\n"
