"""How a cut compares with the module that it was cut out of, shown as text or HTML."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from hubexplore.display.card import html
from hubexplore.display.markup import tag
from hubexplore.display.safe_display import automatic
from hubexplore.display.tables.grid import Column, Grid, grid_html, grid_text
from hubexplore.display.wording import printable, visible
from hubexplore.errors import CutError

_COLUMNS: Final = (
    Column("Output", code=True),
    Column("Tensor in the module", code=True),
    Column("Difference", "right"),
    Column("Note", cut="end"),
)
_MOST_ROWS: Final = 100


@dataclass(frozen=True)
class ComparedOutput:
    """One output of a cut and the tensor of the module that it is, on the same example.

    Attributes:
      output: its name.
      tensor: its name in the module.
      tags: of the graph variant.
      difference: the largest between two numbers, 0.0 if all bits are equal; infinite where texts, shapes or
        dtypes differ, or where the cut fails; None if it was not compared.
      note: why it was not compared, or how the cut fails.
    """

    output: str
    tensor: str
    tags: tuple[str, ...]
    difference: float | None
    note: str = ""


@dataclass(frozen=True, repr=False)
class CutReport:
    """Whether the outputs of a cut equal what the module computes.

    Attributes:
      title: what displays call the module.
      outputs: those of all graph variants.
    """

    title: str
    outputs: tuple[ComparedOutput, ...]

    @property
    def largest_difference(self) -> float | None:
        """Over all outputs; None if none was compared."""
        differences = [output.difference for output in self.outputs if output.difference is not None]
        return max(differences, default=None)

    @property
    def sentence(self) -> str:
        """The result in a sentence."""
        compared = [output for output in self.outputs if output.difference is not None]
        if not compared:
            reason = next((output.note for output in self.outputs), "")
            return f"Not checked: {printable(reason)}."
        unequal = [output for output in compared if output.difference]
        if unequal:
            some = f"{len(unequal)} of {len(compared)} outputs differ{'s' if len(unequal) == 1 else ''}"
            return (
                f"{some if len(compared) > 1 else 'The output differs'} from what the module computes, "
                f"{printable(repr(unequal[0].output))} {_difference(unequal[0])}."
            )
        count = f"{len(compared)} outputs equal" if len(compared) > 1 else "1 output equals"
        left_out = len(self.outputs) - len(compared)
        rest = f" {left_out} could not be compared." if left_out else ""
        return f"Checked on an example: {count} what the module computes, bit for bit.{rest}"

    def require(self) -> CutReport:
        """Returns the report.

        Raises:
          CutError: (a ValueError) an output of the cut is not what the module computes.
        """
        if self.largest_difference:
            raise CutError(f"The cut is not the same as the module: {self.sentence}")
        return self

    def __repr__(self) -> str:
        return "\n".join([self.sentence, grid_text(self._grid())])

    @automatic
    def _repr_html_(self) -> str:
        return html.framed(tag("p", visible(self.sentence, 1000)), grid_html(self._grid()))

    def _grid(self) -> Grid:
        several = len({output.tags for output in self.outputs}) > 1
        rows = tuple(
            (
                visible(output.output),
                visible(output.tensor),
                "" if output.difference is None else _number(output.difference),
                visible("; ".join(filter(None, [_tags(output.tags) if several else "", output.note])), 300),
            )
            for output in self.outputs[:_MOST_ROWS]
        )
        left_out = len(self.outputs) - len(rows)
        more = f"... and {left_out} more" if left_out else ""
        return Grid("Outputs of the cut, and of the module", _COLUMNS, rows, more)


def _tags(tags: tuple[str, ...]) -> str:
    return f"variant {', '.join(tags)}" if tags else "variant without tags"


def _number(difference: float) -> str:
    return "not equal" if difference == math.inf else f"{difference:.3g}"


def _difference(output: ComparedOutput) -> str:
    if output.difference == math.inf:
        return f"in more than numbers{f' ({printable(output.note)})' if output.note else ''}"
    return f"by up to {output.difference:.3g}"
