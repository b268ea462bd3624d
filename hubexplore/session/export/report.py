"""What an export returns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from hubexplore.display.card import html
from hubexplore.display.markup import tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import printable, visible

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
      outputs: how many were compared.
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
        """Over all signatures; None where none was compared."""
        found = [each.largest_difference for each in self.compared if each.largest_difference is not None]
        return max(found) if found else None

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        parts = [self._headline(), *self.warnings]
        # Where all is equal the headline says it; a terminal has no room for what need not be read.
        notable = tuple(each for each in self.compared if each.skipped or each.largest_difference)
        if notable:
            parts.append(grid_text(self._grid(notable)))
        return "\n".join(parts)

    @automatic
    def _repr_html_(self) -> str:
        notes = [tag("p", visible(each, 1000), class_="note") for each in self.warnings]
        table = [grid_html(self._grid(self.compared))] if self.compared else []
        return html.framed(tag("p", self._headline()), *notes, *table)

    def _headline(self) -> str:
        written = f"Written to {printable(self.path)}."
        largest = self.largest_difference
        if largest is None:
            return written
        if largest == 0:
            outputs = sum(each.outputs for each in self.compared)
            return f"{written} Loaded again, {self._whole()} the same outputs ({outputs} compared)."
        if largest == math.inf:
            unequal = [each.signature for each in self.compared if each.largest_difference == math.inf]
            named = ", ".join(printable(repr(each)) for each in unequal)
            return f"{written} Loaded again, its outputs differ in more than numbers: signature {named}."
        return f"{written} Loaded again, its outputs differ by up to {largest:.3g}."

    def _whole(self) -> str:
        """Of what the headline speaks: of the module, or only of what could be compared."""
        left = sum(bool(each.skipped) for each in self.compared)
        if not left:
            return "it gives"
        return f"{len(self.compared) - left} of {len(self.compared)} signatures give"

    def _grid(self, compared: tuple[ComparedSignature, ...]) -> Grid:
        rows = tuple(
            (
                visible(each.signature),
                str(each.outputs),
                _result(each),
            )
            for each in compared
        )
        return Grid("Signatures, before and after", _COLUMNS, rows, "")
