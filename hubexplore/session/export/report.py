"""The result of an export, shown as text or HTML."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from hubexplore.display.card import html
from hubexplore.display.markup import tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import printable, visible
from hubexplore.session.export.save_report import largest

_COLUMNS: Final = (
    Column("Signature", code=True),
    Column("Outputs", "right"),
    Column("Largest difference", "right"),
)


@dataclass(frozen=True)
class ComparedSignature:
    """One signature, run before and after on the same generated inputs.

    Attributes:
      signature: its name.
      outputs: number of outputs that were compared.
      largest_difference: between two numbers, 0.0 if all are equal; infinite where texts, shapes or dtypes
        differ, or where what was written fails; None where nothing could be compared.
      skipped: what was not compared, and why; empty if all was.
    """

    signature: str
    outputs: int
    largest_difference: float | None
    skipped: str = ""


def _result(compared: ComparedSignature) -> str:
    if compared.largest_difference is None:
        return visible(compared.skipped)
    number = "not equal" if compared.largest_difference == math.inf else f"{compared.largest_difference:.3g}"
    return f"{number}; {visible(compared.skipped)}" if compared.skipped else number


@dataclass(frozen=True, repr=False)
class ExportReport:
    """Where a module was written, and how it compares with what it was written from. It is also a path.

    Attributes:
      path: of the directory.
      compared: each signature, if the export was verified.
      warnings: what looks forgotten, such as update ops that never ran.
    """

    path: str
    compared: tuple[ComparedSignature, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def largest_difference(self) -> float | None:
        """Over all signatures; None if none was compared."""
        return largest(comparison.largest_difference for comparison in self.compared)

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        parts = [self._headline(), *self.warnings]
        # The headline says that all is equal; a terminal shows only what differs or was skipped.
        notable = tuple(
            comparison for comparison in self.compared if comparison.skipped or comparison.largest_difference
        )
        if notable:
            parts.append(grid_text(self._grid(notable)))
        return "\n".join(parts)

    @automatic
    def _repr_html_(self) -> str:
        notes = [tag("p", visible(warning, 1000), class_="note") for warning in self.warnings]
        table = [grid_html(self._grid(self.compared))] if self.compared else []
        return html.framed(tag("p", self._headline()), *notes, *table)

    def _headline(self) -> str:
        written = f"Written to {printable(self.path)}."
        largest = self.largest_difference
        if largest is None:
            return written
        if largest == 0:
            outputs = sum(comparison.outputs for comparison in self.compared)
            return f"{written} Loaded again, {self._whole()} the same outputs ({outputs} compared)."
        if largest == math.inf:
            unequal = [
                comparison.signature
                for comparison in self.compared
                if comparison.largest_difference == math.inf
            ]
            named = ", ".join(printable(repr(comparison)) for comparison in unequal)
            return f"{written} Loaded again, its outputs differ in more than numbers: signature {named}."
        return f"{written} Loaded again, its outputs differ by up to {largest:.3g}."

    def _whole(self) -> str:
        """The subject of the headline: the whole module, or the signatures that could be compared."""
        skipped = sum(bool(comparison.skipped) for comparison in self.compared)
        if not skipped:
            return "it gives"
        return f"{len(self.compared) - skipped} of {len(self.compared)} signatures give"

    def _grid(self, compared: tuple[ComparedSignature, ...]) -> Grid:
        rows = tuple(
            (
                visible(comparison.signature),
                str(comparison.outputs),
                _result(comparison),
            )
            for comparison in compared
        )
        return Grid("Signatures, before and after", _COLUMNS, rows, "")
