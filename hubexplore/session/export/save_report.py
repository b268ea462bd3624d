"""The result of saving a module as a TF2 SavedModel, shown as text or HTML."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hubexplore.display.card import html
from hubexplore.display.markup import tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import printable, visible

_COLUMNS: Final = (
    Column("Signature", code=True),
    Column("Outputs", "right"),
    Column("Output difference", "right"),
    Column("Gradients", "right"),
    Column("Gradient difference", "right"),
    Column("Note", cut="end"),
)


@dataclass(frozen=True)
class ComparedOutput:
    """One output of a call.

    Attributes:
      name: of the output.
      difference: the largest between two numbers; infinite where texts, shapes or dtypes differ.
      largest_value: the largest absolute value of the module's output that is finite; None if it has no
        number.
    """

    name: str
    difference: float
    largest_value: float | None = None

    @property
    def relative(self) -> float | None:
        """The difference divided by the largest value; None where that says nothing."""
        if not self.largest_value or self.difference == math.inf:
            return None
        return self.difference / self.largest_value


@dataclass(frozen=True)
class ComparedCall:
    """One call of the written model in a new process, and of the module, on the same generated inputs.

    Attributes:
      call: the signature, followed by `, training=True` for a call of the object that trains.
      outputs: number of dense outputs that were compared.
      largest_difference: between two numbers of outputs; infinite where texts, shapes or dtypes differ or the
        call fails; None where nothing could be compared.
      gradients: number of trainable variables whose gradients were compared.
      largest_gradient_difference: between two numbers of gradients, or of variables that update ops
        assigned; None where there are none.
      note: what was not compared, and why; empty if all was.
      by_output: the outputs that were compared, where they are known one by one.
    """

    call: str
    outputs: int
    largest_difference: float | None
    gradients: int = 0
    largest_gradient_difference: float | None = None
    note: str = ""
    by_output: tuple[ComparedOutput, ...] = ()


def largest(differences: Iterable[float | None]) -> float | None:
    """The largest difference that is known; None if none is."""
    return max((difference for difference in differences if difference is not None), default=None)


def number_text(difference: float | None) -> str:
    """A difference as reports show it; empty for None."""
    if difference is None:
        return ""
    return "not equal" if difference == math.inf else f"{difference:.3g}"


@dataclass(frozen=True, repr=False)
class SaveReport:
    """Where a TF2 SavedModel was written, and how it compares with the module. It is also a path.

    Attributes:
      path: of its directory.
      compared: each call, if it was verified.
      warnings: what is not in it, or looks wrong.
    """

    path: str
    compared: tuple[ComparedCall, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def largest_difference(self) -> float | None:
        """Of all outputs; None if none was compared."""
        return largest(call.largest_difference for call in self.compared)

    @property
    def largest_gradient_difference(self) -> float | None:
        """Of all gradients; None if none was compared."""
        return largest(call.largest_gradient_difference for call in self.compared)

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        parts = [self._headline(), *map(printable, self.warnings)]
        if self.compared:
            parts.append(grid_text(self._grid()))
        return "\n".join(parts)

    @automatic
    def _repr_html_(self) -> str:
        notes = [tag("p", visible(warning, 1000), class_="note") for warning in self.warnings]
        table = [grid_html(self._grid())] if self.compared else []
        return html.framed(tag("p", self._headline()), *notes, *table)

    def _headline(self) -> str:
        written = f"Written to {printable(short_path(self.path))}."
        if not self.compared:
            return written
        failed = [call.call for call in self.compared if call.largest_difference == math.inf]
        if failed:
            return f"{written} In a new process it does not do the same: {printable(failed[0])}."
        difference, of_gradients = self.largest_difference, self.largest_gradient_difference
        if difference is None:
            return f"{written} In a new process it loads; nothing could be compared."
        outputs = sum(call.outputs for call in self.compared)
        parts = [f"{same('outputs', difference)} ({outputs} compared)"]
        if of_gradients is not None:
            gradients = sum(call.gradients for call in self.compared)
            parts.append(f"{same('gradients', of_gradients)} ({gradients} compared)")
        return f"{written} In a new process it gives {' and '.join(parts)}."

    def _grid(self) -> Grid:
        rows = tuple(
            (
                visible(call.call),
                str(call.outputs),
                number_text(call.largest_difference),
                str(call.gradients) if call.gradients else "",
                number_text(call.largest_gradient_difference),
                visible(call.note, 300),
            )
            for call in self.compared
        )
        return Grid("The saved model in a new process, and the module", _COLUMNS, rows, "")


def same(what: str, difference: float) -> str:
    """In words, how much two results differ."""
    if difference == 0:
        return f"the same {what}"
    if difference == math.inf:
        return f"other {what}"
    return f"{what} that differ by up to {difference:.3g}"


def short_path(path: str) -> str:
    """Returns a path as people write it: below the current directory, from there."""
    try:
        prefix = os.path.join(Path.cwd(), "")
    except OSError:  # it was removed
        return path
    return path.removeprefix(prefix) or path
