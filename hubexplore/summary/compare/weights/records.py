"""The result of comparing weights: what changed in each variable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hubexplore.summary.model import Shape

# Sums load NumPy, which nobody needs who only shows a result.
if TYPE_CHECKING:
    from hubexplore.summary.compare.weights.sums import Sums

ZERO_BEFORE: Final = "zero before: no relative change"
NOTHING_FINITE: Final = "no number is finite on both sides"
NO_ELEMENTS: Final = "no elements"
TEXTS: Final = "texts"


@dataclass(frozen=True)
class VariableChange:
    """What changed in one variable, from the first side to the second.

    Norms are Euclidean, over the places where both sides are finite, in float64. Complex numbers count as
    two numbers, quantized ones as the integers they are stored as.

    Attributes:
      name: of the variable.
      dtype: as stored; the same on both sides, as is the shape.
      shape: of the whole variable.
      count: number of elements.
      bytes: size of the first side's value.
      changed: number of elements that are not equal; NaN equals NaN. None if they were not compared.
      norm: of the difference; None where there are no numbers, or none is finite on both sides.
      first_norm: of the first side.
      second_norm: of the second side.
      relative: norm divided by first_norm; None if first_norm is zero: no ratio would be true then.
      cosine: of the angle between both sides; None if either is zero.
      nans: number of NaN on the first and on the second side.
      infs: number of infinite numbers on the first and on the second side.
      damaged: whether the data of either side does not have the CRC-32C that its checkpoint states.
      note: why a number above is missing; else "".
    """

    name: str
    dtype: str
    shape: Shape
    count: int
    bytes: int
    changed: int | None = None
    norm: float | None = None
    first_norm: float | None = None
    second_norm: float | None = None
    relative: float | None = None
    cosine: float | None = None
    nans: tuple[int, int] = (0, 0)
    infs: tuple[int, int] = (0, 0)
    damaged: tuple[bool, bool] = (False, False)
    note: str = ""

    @property
    def share(self) -> float | None:
        """The share of elements that changed, from 0 to 1; None without elements."""
        return self.changed / self.count if self.changed is not None and self.count else None

    @property
    def has_odd(self) -> bool:
        """Whether either side has NaN or infinite numbers."""
        return any(self.nans) or any(self.infs)


@dataclass(frozen=True)
class ScopeChange:
    """What changed in all variables below a scope; the scope "" has all variables.

    Attributes:
      name: of the scope, without a slash at its end.
      variables: number of variables that were compared.
      count: number of their elements; the other attributes are those of `VariableChange`, over all of them.
    """

    name: str
    variables: int
    count: int
    bytes: int
    changed: int
    norm: float | None
    first_norm: float | None
    second_norm: float | None
    relative: float | None
    cosine: float | None
    nans: tuple[int, int]
    infs: tuple[int, int]

    @property
    def share(self) -> float | None:
        """The share of elements that changed, from 0 to 1; None without elements."""
        return self.changed / self.count if self.count else None


@dataclass(frozen=True)
class Uncompared:
    """A variable that was not compared.

    Attributes:
      name: of the variable.
      first: dtype and shape on the first side, as in "float32 (3, 4)"; None if that side lacks it.
      second: likewise of the second side.
      reason: "only in first", "only in second", "other shape", "other dtype", or "not stored".
    """

    name: str
    first: str | None
    second: str | None
    reason: str


@dataclass(frozen=True)
class WeightChanges:
    """What changed in the weights of two modules.

    Attributes:
      first: label of the first side.
      second: label of the second side.
      variables: the variables that were compared: damaged ones first, then those that changed from zero, then
        by relative change, largest first.
      uncompared: the variables that were not compared, by name.
    """

    first: str
    second: str
    variables: tuple[VariableChange, ...] = ()
    uncompared: tuple[Uncompared, ...] = ()

    @property
    def same(self) -> bool:
        """Whether every variable is on both sides, undamaged, with equal values."""
        return not self.uncompared and not any(
            change.changed != 0 or any(change.damaged) for change in self.variables
        )


def with_sums(facts: VariableChange, sums: Sums) -> VariableChange:
    """Returns the change of a variable of numbers with what follows from its sums."""
    facts = replace(
        facts,
        changed=sums.changed,
        nans=(sums.nans[0], sums.nans[1]),
        infs=(sums.infs[0], sums.infs[1]),
    )
    if not sums.compared:
        return replace(facts, note=NOTHING_FINITE if facts.count else NO_ELEMENTS)
    return replace(
        facts,
        norm=sums.difference.root,
        first_norm=sums.first.root,
        second_norm=sums.second.root,
        relative=sums.relative,
        cosine=sums.cosine,
        note=ZERO_BEFORE if sums.relative is None else "",
    )


def by_change(change: VariableChange) -> tuple[int, float, str]:
    """Returns a key that sorts variables as `WeightChanges.variables` are."""
    if any(change.damaged):
        return 0, 0.0, change.name
    if change.relative is None:
        # From zero to something is more than any ratio; what is not known or has not changed comes last.
        return (1 if change.changed else 3), -(change.norm or 0.0), change.name
    return 2, -change.relative, change.name
