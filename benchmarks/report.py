"""Rows of the table: figures, ratios, targets, and whether the targets were met."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER: Final = ("operation", "peer", "hubexplore", "ratio", "target", "floor", "x floor", "verdict")
WIDTHS: Final = (34, 10, 10, 8, 16, 10, 8, 0)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
      subject: what was measured on.
      operation: what was done.
      peer: the peer's figure; None if it has none or failed.
      ours: hubexplore's figure; None if it failed.
      floor: figure of the work that cannot be avoided.
      unit: "s", "kB", "MB", "ops", "widgets", "comms" or "x".
      at_least: target for peer / ours.
      at_most: target for ours / floor (unit "x": for ours itself).
      within: target for ours itself, in its unit.
      note: a remark, such as what failed.
    """

    subject: str
    operation: str
    peer: float | None
    ours: float | None
    floor: float | None = None
    unit: str = "s"
    at_least: float | None = None
    at_most: float | None = None
    within: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ratio of the peer's figure to hubexplore's; None if it has no meaning."""
        # With the unit "x" the figures are ratios already.
        return self.peer / self.ours if self.peer and self.ours and self.unit != "x" else None

    @property
    def to_floor(self) -> float | None:
        """Ratio of hubexplore's figure to the floor."""
        return self.ours / self.floor if self.floor and self.ours else None

    @property
    def has_target(self) -> bool:
        """Whether the row has a target."""
        return bool(self.at_least or self.at_most) or self.within is not None

    @property
    def misses(self) -> list[str]:
        """A text for each target that is missed, with the difference."""
        if self.ours is None:
            return ["not measured"] if self.has_target else []
        texts = []
        if self.at_least and self.ratio is not None and self.ratio < self.at_least:
            texts.append(f"{self.ratio:.2f}x of {self.at_least:.3g}x")
        # Without a floor, or if the figure is a ratio itself, the target applies to the figure.
        bounded = self.ours if self.unit == "x" or self.floor is None else self.to_floor
        if self.at_most and bounded is not None and bounded > self.at_most:
            texts.append(f"{bounded:.2f} over {self.at_most:g}")
        if self.within is not None and self.ours > self.within:
            texts.append(f"{figure(self.ours, self.unit)} of {figure(self.within, self.unit)}")
        return texts

    @property
    def verdict(self) -> str:
        """Whether the targets are met, or by how much they are missed; empty without targets."""
        met = "met" if self.has_target else ""
        words = "missed: " + "; ".join(self.misses) if self.misses else met
        return "  ".join(part for part in (words, self.note) if part)

    @property
    def target(self) -> str:
        """The targets as text."""
        parts = []
        if self.at_least:
            parts.append(f">={self.at_least:.3g}x")
        if self.at_most:
            of_floor = self.floor is not None and self.unit != "x"
            parts.append(
                f"<={self.at_most:g}" + ("x floor" if of_floor else " s" if self.unit == "s" else "")
            )
        if self.within is not None:
            parts.append(f"<={figure(self.within, self.unit)}")
        return " ".join(parts)


def figure(value: float | None, unit: str) -> str:
    """Formats a number with three digits and its unit."""
    if value is None:
        return "-"
    if unit == "s":
        return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"
    if unit in {"kB", "MB", "ops", "widgets", "comms"}:
        return f"{value:,.0f} {unit}"
    return f"{value:.2f}"


def times(value: float | None) -> str:
    """Formats a ratio."""
    return "-" if value is None else f"{value:.1f}x" if value >= 10 else f"{value:.2f}x"


def _line(cells: Iterable[str]) -> str:
    padded: list[str] = []
    for cell, width in zip(cells, WIDTHS, strict=True):
        padded.append(cell.rjust(width) if padded and width else cell.ljust(width))
    return "  ".join(padded).rstrip()


def table(rows: list[Row], title: str) -> str:
    """Formats the rows of one subject under a title."""
    lines = [title, _line(HEADER)]
    for row in rows:
        cells = [row.operation, figure(row.peer, row.unit), figure(row.ours, row.unit), times(row.ratio)]
        cells += [row.target, figure(row.floor, row.unit), times(row.to_floor), row.verdict]
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    """Returns the facts about the machine and the packages that the figures depend on."""
    from importlib.metadata import version

    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    # The load is printed because figures from a busy machine are of no use.
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "tensorflow": version("tensorflow"),
        "numpy": version("numpy"),
        "protobuf": version("protobuf"),
    }
