"""The result of a conversion, shown as text or HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.display.card import html
from hubexplore.display.markup import tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import counted, printable, size_text, visible
from hubexplore.session.conversion.converter_errors import shortened
from hubexplore.session.export.save_report import ComparedCall, largest, number_text, same, short_path

_COLUMNS: Final = (
    Column("Signature", code=True),
    Column("Output", code=True),
    Column("Largest difference", "right"),
    Column("Relative to largest value", "right"),
    Column("Note", cut="end"),
)
_FILE_COLUMNS: Final = (Column("File", code=True), Column("Size", "right"), Column("Holds"))


@dataclass(frozen=True)
class WrittenFile:
    """A file that was written.

    Attributes:
      path: of the file.
      size: in bytes.
      holds: in words.
    """

    path: str
    size: int
    holds: str


@dataclass(frozen=True, repr=False)
class ConversionReport:
    """What was written, and how it compares with the module. It is also a path.

    Attributes:
      path: of the file, or of the directory.
      format: as `to=` names it.
      files: what was written.
      compared: each signature, if it was run; see `ComparedCall`, whose `by_output` has the outputs.
      runtime: what ran it, with its version; empty if nothing did.
      not_compared: why nothing was compared; empty if it was.
      quantize: how numbers were made smaller; None if they were not.
      weights: bytes of the variables of the module.
      converter_seconds: time that the converter took by itself.
      seconds: time of the whole call.
      compares: what is compared: "outputs", or "variables" of a file that is only read.
      warnings: what is left out, or looks wrong.
    """

    path: str
    format: str
    files: tuple[WrittenFile, ...]
    compared: tuple[ComparedCall, ...] = ()
    runtime: str = ""
    not_compared: str = ""
    quantize: str | None = None
    weights: int | None = None
    converter_seconds: float = 0.0
    seconds: float = 0.0
    compares: str = "outputs"
    warnings: tuple[str, ...] = ()

    @property
    def largest_difference(self) -> float | None:
        """Of all outputs; None if none was compared."""
        return largest(call.largest_difference for call in self.compared)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.path

    def to_dict(self) -> dict[str, Any]:
        """All of it as lists, dicts and numbers that JSON can hold; an infinite difference is "not equal"."""
        return {
            "path": self.path,
            "format": self.format,
            "files": [{"path": file.path, "size": file.size, "holds": file.holds} for file in self.files],
            "runtime": self.runtime,
            "not_compared": self.not_compared,
            "quantize": self.quantize,
            "weights": self.weights,
            "largest_difference": _json_number(self.largest_difference),
            "compared": [_call_dict(call) for call in self.compared],
            "converter_seconds": self.converter_seconds,
            "seconds": self.seconds,
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        parts = [self._headline(), *map(printable, self.warnings)]
        parts += [grid_text(grid) for grid in self._grids()]
        return "\n".join(parts)

    @automatic
    def _repr_html_(self) -> str:
        notes = [tag("p", visible(warning, 1000), class_="note") for warning in self.warnings]
        return html.framed(tag("p", self._headline()), *notes, *map(grid_html, self._grids()))

    def _headline(self) -> str:
        parts = [f"Written to {printable(short_path(self.path))} ({size_text(self.size)})."]
        if self.quantize is not None and self.weights:
            parts.append(
                f"Quantized ({self.quantize}): the weights of the module take {size_text(self.weights)}."
            )
        if self.not_compared:
            parts.append(f"Not compared: {printable(self.not_compared)}")
        elif self.compared:
            parts.append(self._comparison())
        return " ".join(parts)

    def _comparison(self) -> str:
        count = sum(call.outputs for call in self.compared)
        if self.compares != "outputs" and not count:
            return f"The module has no {self.compares}."
        if self.compares != "outputs":
            if self.largest_difference != 0:
                found = next(call.note for call in self.compared if call.largest_difference)
                return f"{self.runtime} does not read the same numbers in it: {printable(found)}."
            compared = counted(count, self.compares[:-1])
            return f"{self.runtime} reads the same numbers in it ({compared} compared)."
        # The table cuts a note where the line ends, but the reason must be read.
        failed = [call for call in self.compared if call.largest_difference == math.inf]
        if failed:
            reason = _clause(failed[0].note)
            return f"In {self.runtime} it does not do the same: {printable(failed[0].call)}{reason}."
        difference = self.largest_difference
        if difference is None:
            return f"In {self.runtime} nothing could be compared{_clause(self.compared[0].note)}."
        return f"In {self.runtime} it gives {same('outputs', difference)} ({count:,} compared)."

    def _grids(self) -> list[Grid]:
        grids = []
        if len(self.files) > 1:
            rows = tuple(
                (visible(short_path(file.path)), size_text(file.size), visible(file.holds))
                for file in self.files
            )
            grids.append(Grid("Files", _FILE_COLUMNS, rows, ""))
        if self.compared and (self.compares == "outputs" or self.largest_difference):
            lines = tuple(row for call in self.compared for row in _rows(call))
            grids.append(Grid(f"The model in {self.runtime}, and the module", _COLUMNS, lines, ""))
        return grids


def _clause(note: str) -> str:
    """Returns a note as the end of a sentence."""
    return f": {shortened(printable(note)).rstrip('.')}" if note else ""


def _rows(call: ComparedCall) -> list[tuple[str, ...]]:
    if not call.by_output:
        note = visible(call.note, 300)
        return [(visible(call.call), "", number_text(call.largest_difference), "", note)]
    return [
        (
            visible(call.call),
            visible(output.name),
            number_text(output.difference),
            "" if output.relative is None else number_text(output.relative),
            "" if position else visible(call.note, 300),
        )
        for position, output in enumerate(call.by_output)
    ]


def _call_dict(call: ComparedCall) -> Mapping[str, Any]:
    return {
        "signature": call.call,
        "largest_difference": _json_number(call.largest_difference),
        "outputs": {output.name: _json_number(output.difference) for output in call.by_output},
        "note": call.note,
    }


def _json_number(difference: float | None) -> float | str | None:
    return "not equal" if difference == math.inf else difference
