"""Figures as ratios: what was measured, beside what it is measured against in the same run."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Anchors that drift further apart within one run than this make its ratios worthless.
MAX_DRIFT = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table and one object of results.jsonl."""

    name: str
    value: float
    unit: str
    #: The value in units of the anchor, and what the anchor is.
    ratio: float | None = None
    ratio_of: str | None = None
    goal: float | None = None
    #: Whether a good ratio is a high one.
    higher_is_better: bool = True
    #: Everything else that belongs to the figure: spread, CPU, lost, doubled, load.
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """PASS or FAIL against the goal; UNRELIABLE where the anchor drifted."""
        if self.goal is None or self.ratio is None:
            return ""
        if self.more.get("drift", 0.0) > MAX_DRIFT:
            return "UNRELIABLE"
        return "PASS" if (self.ratio >= self.goal) == self.higher_is_better else "FAIL"

    def as_json(self) -> dict[str, Any]:
        """The figure as an object of results.jsonl."""
        plain = {"name": self.name, "value": self.value, "unit": self.unit, "ratio": self.ratio}
        return plain | {"ratio_of": self.ratio_of, "goal": self.goal, "verdict": self.verdict or None} | self.more


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    3.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round((len(ordered) - 1) * share))]


def drift(values: Sequence[float]) -> float:
    """How far the quarter points of the values lie apart, as a share of their median."""
    if len(values) < 2:
        return 0.0
    return (percentile(values, 0.75) - percentile(values, 0.25)) / statistics.median(values)


def lines(figures: Iterable[Figure]) -> list[str]:
    """The table."""
    header = f"{'figure':<44} {'value':>12} {'unit':<11} {'ratio':>7}  {'of':<42} {'goal':>5}  verdict"
    return [header, "-" * len(header), *(_line(figure) for figure in figures)]


def _line(figure: Figure) -> str:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.3f}"
    goal = "" if figure.goal is None else f"{figure.goal:g}"
    value = f"{figure.value:,.1f}" if figure.value < 1000 else f"{figure.value:,.0f}"
    text = f"{figure.name:<44} {value:>12} {figure.unit:<11} {ratio:>7}  {figure.ratio_of or '':<42} {goal:>5}  "
    return (text + figure.verdict).rstrip()


def write(figures: Iterable[Figure], path: Path) -> None:
    """One JSON object a line, each with the machine it was measured on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"python": platform.python_version(), "machine": platform.machine(), "cpus": os.cpu_count()}
    # Builds of one version differ by half in speed: with or without profile-guided optimisation.
    about["interpreter"] = os.path.realpath(sys.executable)
    with path.open("w", encoding="utf-8") as file:
        for figure in figures:
            file.write(json.dumps(figure.as_json() | about) + "\n")


# --- what a process has used ---


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time that these processes have used so far (proc(5): utime and stime of stat)."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return found


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"Failed to read the memory of process {pid}: expected a line VmRSS.")
