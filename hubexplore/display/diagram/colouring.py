"""Boxes of a diagram coloured by numbers: what is measured, on which scale, and what each box has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.display.palette import AMOUNTS, CHANGES, NOT_A_NUMBER, PAPER, shade
from hubexplore.display.wording import amount_text, visible
from hubexplore.errors import DiagramError, NoSuchScopeError, closest
from hubexplore.summary.outline.amounts import Amounts, amounts
from hubexplore.summary.outline.data import Outline

PARAMETERS: Final = "parameters"
COUNTED: Final = {
    "multiply_adds": ("multiply-adds", ""),
    "flops": ("FLOPs", ""),
    "activation_bytes": ("activation bytes", "B"),
}
"""Quantity that is counted in the graph -> its label, and its unit."""
QUANTITIES: Final = (PARAMETERS, *COUNTED)
MAX_LABEL: Final = 44
"""Maximum length in characters of a label in a box."""
STEPS: Final = 6
"""Number of steps of the scale in a legend."""

MSG_COLOR: Final = (
    "color= takes one of {quantities}, or numbers by name: a dict or a pandas Series of names of ops, scopes "
    "or variables. {finding}"
)
MSG_NOTHING: Final = (
    "No name of color= is in this diagram: {names}. The table of the diagram lists the names.{hint}"
)


@dataclass(frozen=True)
class Scale:
    """What the colours of a diagram stand for.

    Attributes:
      label: what is measured.
      unit: "B" for bytes, "s" for seconds, "" for other numbers.
      numbers: name of an op, scope or variable -> number; None colours by the parameters of the boxes.
      shares: whether each number is a share of their sum.
    """

    label: str
    unit: str = ""
    numbers: Mapping[str, float] | None = None
    shares: bool = False


@dataclass(frozen=True)
class Colouring:
    """The colours of an outline.

    Attributes:
      scale: what they stand for.
      amounts: the number of each box and group.
      low: lowest number of a box, at most 0.
      high: highest number of a box, at least 0.
    """

    scale: Scale
    amounts: Amounts
    low: float
    high: float

    def fill(self, box: int) -> str:
        """Returns the colour of a box; paper for a box without a number."""
        number = self.amounts.boxes[box]
        return PAPER if number is None else self._colour(number)

    def group_fill(self, group: int) -> str:
        """Returns the colour of a group with a number of its own; "" for others, whose boxes have colours."""
        number = self.amounts.groups[group]
        return self._colour(number) if number is not None and group in self.amounts.given else ""

    def text(self, box: int) -> str:
        """Returns the number of a box with its unit, and its share of all if there are no negative ones."""
        return self._text(self.amounts.boxes[box])

    def cell(self, box: int) -> str:
        """Returns the same without the label."""
        return self._text(self.amounts.boxes[box], "")

    def group_text(self, group: int) -> str:
        """Returns the same of a group."""
        return self._text(self.amounts.groups[group])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know: names without a box."""
        unused = self.amounts.unused
        if not unused:
            return ()
        names = ", ".join(repr(visible(name)) for name in unused[:3])
        total, more = len(self.scale.numbers or ()), ", ..." if len(unused) > 3 else ""
        return (f"{len(unused):,} of {total:,} names have no box in this diagram: {names}{more}.",)

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """Returns (colour, text) of the steps of the scale; only the first and the last have a text."""
        steps = [self.low + (self.high - self.low) * step / (STEPS - 1) for step in range(STEPS)]
        if self.low < 0 < self.high:
            steps = [*(self.low * (1 - step / 3) for step in range(3)), 0.0,
                     *(self.high * (step + 1) / 3 for step in range(3))]  # fmt: skip
        texts = [""] * len(steps)
        texts[0], texts[-1] = (amount_text(step, self.scale.unit) for step in (steps[0], steps[-1]))
        return tuple((self._colour(step), text) for step, text in zip(steps, texts, strict=True))

    def _colour(self, number: float) -> str:
        if not math.isfinite(number):
            return NOT_A_NUMBER
        if self.low >= 0:
            return shade(AMOUNTS, number / self.high if self.high else 0.0)
        # Both halves have the same steps, so that equal colours are equal distances from 0.
        most = max(-self.low, self.high)
        return shade(CHANGES, 0.5 + number / most / 2)

    def _text(self, number: float | None, label: str | None = None) -> str:
        if number is None:
            return ""
        total = self._total
        share = f"({_percent(number / total)})" if total and math.isfinite(number) else ""
        if self.scale.numbers is None and label is None:
            # The box itself states its parameters.
            return f"{share.strip('()')} of the parameters"
        amount = amount_text(number, self.scale.unit)
        if label is not None or not math.isfinite(number):
            return " ".join(filter(None, (amount, share)))
        if self.scale.unit:
            return f"{amount} {share}".strip()  # the unit says what it is
        named = visible(self.scale.label, MAX_LABEL)
        return f"{amount} {named} {share}".strip() if self.scale.shares else f"{named}: {amount}"

    @property
    def _total(self) -> float:
        """The sum of all boxes, for shares; 0 where shares make no sense."""
        if not self.scale.shares or self.low < 0:
            return 0.0
        return sum(number for number in self.amounts.boxes if number is not None and math.isfinite(number))


def _percent(share: float) -> str:
    """Returns "46 %"; a share above 0 never reads as 0."""
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def scale_of(color: Any, label: str = "") -> Scale:
    """Returns what colours stand for.

    Args:
      color: "parameters", or name -> number as a mapping or a pandas Series.
      label: what is measured; by default the name of a Series, else "value".

    Raises:
      DiagramError: (a ValueError) it is something else, or a number is none.
    """
    if isinstance(color, str):
        if color == PARAMETERS:
            return Scale(label or PARAMETERS, shares=True)
        hint = closest(color, QUANTITIES)
        raise DiagramError(_wrong(f"Got {color!r}.{hint}"))
    items = getattr(color, "items", None)
    if not callable(items) or hasattr(color, "columns"):
        raise DiagramError(_wrong(f"Got a {type(color).__name__}."))
    numbers: dict[str, float] = {}
    for name, number in items():
        if number is None:
            continue
        try:
            # Whole numbers stay so: those of parameters may be larger than a float can hold exactly.
            numbers[str(name)] = number if isinstance(number, int) else float(number)
        except (TypeError, ValueError, OverflowError):
            raise DiagramError(_wrong(f"The value of {str(name)!r} is {str(number)[:60]!r}.")) from None
    if not numbers:
        raise DiagramError(_wrong("Got no numbers."))
    own = getattr(color, "name", None)
    return Scale(label or (str(own) if own else "value"), numbers=numbers)


def counted(quantity: str, numbers: Mapping[str, float]) -> Scale:
    """Returns the scale of a quantity that is counted in the graph, one of `COUNTED`."""
    label, unit = COUNTED[quantity]
    return Scale(label, unit, numbers, shares=True)


def coloured(outline: Outline, scale: Scale) -> Colouring:
    """Returns the colours of an outline.

    Raises:
      NoSuchScopeError: (a KeyError and ValueError) no name with a number is in the outline.
    """
    if scale.numbers is None:
        found = _parameters(outline)
    else:
        found = amounts(outline, scale.numbers)
        # There may be nothing to count; names that a user gives are meant to be there.
        known = [*found.boxes, *found.groups]
        if outline.boxes and not scale.shares and all(number is None for number in known):
            _refuse(outline, tuple(scale.numbers))
    numbers = [number for number in _coloured_numbers(found) if math.isfinite(number)]
    return Colouring(scale, found, min((0.0, *numbers)), max((0.0, *numbers)))


def _coloured_numbers(found: Amounts) -> Iterator[float]:
    """Yields the numbers of what has a colour: boxes, and groups with a number of their own."""
    for number in (*found.boxes, *(found.groups[group] for group in sorted(found.given))):
        if number is not None:
            yield number


def _parameters(outline: Outline) -> Amounts:
    return Amounts(
        tuple(box.parameters if box.weights else None for box in outline.boxes),
        tuple(group.parameters or None for group in outline.groups),
    )


def _refuse(outline: Outline, names: Sequence[str]) -> None:
    shown = ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    known = dict.fromkeys([*(box.name for box in outline.boxes), *(group.name for group in outline.groups)])
    raise NoSuchScopeError(MSG_NOTHING.format(names=shown, hint=closest(names[0], list(known))))


def _wrong(finding: str) -> str:
    return MSG_COLOR.format(quantities=", ".join(map(repr, QUANTITIES)), finding=finding)
