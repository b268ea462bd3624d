"""Finds sizes for which the equations of a walk hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number, Size, TooComplexError
from hubexplore.summary.sizes.shape_inference import Equation

_CANDIDATES: Final = (*range(1, 1025), *range(1032, 4097, 8))
"""Sizes that are tried where an equation cannot be turned round."""
_LARGEST: Final = _CANDIDATES[-1]
_LONGEST_SIDE: Final = 1024
_ROUNDS: Final = 60


@dataclass
class Solved:
    """What is known of the unknowns.

    Attributes:
      put: sizes by the unknown in whose place they stand.
      usual: for an unknown that may have several sizes, one of those for which everything holds.
      broken: how many firm equations cannot hold.
    """

    put: dict[str, Number] = field(default_factory=dict)
    usual: dict[str, int] = field(default_factory=dict)
    broken: int = 0


class Solver:
    """Solves step by step: what one equation says is put into the others.

    Args:
      equations: of a walk.
      usual: a size for each unknown, to be taken where any would do.
    """

    def __init__(self, equations: Iterable[Equation], usual: Mapping[str, int]) -> None:
        self._left = list(equations)
        self._usual = usual
        self._found = Solved()

    def solved(self) -> Solved:
        """The sizes, as far as the equations tell."""
        steps = (self._single, self._alike, self._squares, self._isolated)
        for _ in range(_ROUNDS):
            self._simplify()
            if not any(step() for step in steps):
                break
        self._choose()
        return self._found

    def _bind(self, name: str, number: Number) -> None:
        put = self._found.put
        for other, known in put.items():
            put[other] = polynomials.within(known, {name: number})
        put[name] = number

    def _simplify(self) -> None:
        """Puts what is known into the equations; drops those that hold, and counts those that cannot."""
        left: dict[Equation, None] = {}
        for each in self._left:
            try:
                number = polynomials.within(each.difference, self._found.put)
            except TooComplexError:
                continue
            if isinstance(number, Size):
                left[Equation(number, each.at_least, each.firm)] = None
            elif number < 0 or (number and not each.at_least):
                self._found.broken += each.firm
        self._left = list(left)

    def _of_one(self) -> dict[str, list[Equation]]:
        """The equations with one unknown, by its name; firm ones first."""
        found: dict[str, list[Equation]] = {}
        for each in sorted(self._left, key=lambda equation: (not equation.firm, equation.at_least)):
            names = polynomials.unknowns(each.difference)
            if len(names) == 1:
                found.setdefault(next(iter(names)), []).append(each)
        return found

    def _single(self) -> bool:
        """Unknowns for which equations of their own leave few sizes."""
        for name, equations in self._of_one().items():
            if all(each.at_least for each in equations):
                continue
            candidates = _candidates(name, equations)
            if candidates and len(candidates) < len(_CANDIDATES) and candidates[-1] < _LARGEST:
                self._bind(name, _best(candidates, self._usual.get(name, 2)))
                return True
        return False

    def _alike(self) -> bool:
        """Two unknowns that are equal, or one that is a multiple of the other."""
        for each in self._links():
            factors = polynomials.linear(each.difference)
            if factors is None or "" in factors or len(factors) != 2 or sorted(factors.values())[0] >= 0:
                continue
            names = sorted(
                factors, key=lambda name: (abs(factors[name]) != 1, polynomials.Unknown(name).is_rows, name)
            )
            name, other = names
            if abs(factors[name]) == 1:
                self._bind(
                    name, polynomials.size(polynomials.Unknown(other)) * -(factors[other] * factors[name])
                )
                return True
        return False

    def _isolated(self) -> bool:
        """An unknown that stands alone in a sum, such as each part of what is joined."""
        for each in self._links():
            difference = each.difference
            if not isinstance(difference, Size):
                continue
            for product, factor in difference.terms:
                atom = product[0] if len(product) == 1 else None
                if not isinstance(atom, polynomials.Unknown) or abs(factor) != 1:
                    continue
                rest = difference - factor * polynomials.size(atom)
                if atom.name not in polynomials.unknowns(rest):
                    self._fix(polynomials.without_rows(polynomials.unknowns(rest)))
                    self._bind(atom.name, polynomials.within(rest * -factor, self._found.put))
                    return True
        return False

    def _fix(self, names: Iterable[str]) -> None:
        """Takes the usual sizes."""
        for name in sorted(names):
            self._bind(name, self._usual.get(name, 2))

    def _squares(self) -> bool:
        """Unknowns that stand only in products: the sides of an image are taken to be equal."""
        for each in self._links():
            names = polynomials.unknowns(each.difference)
            if polynomials.without_rows(names) != names:
                continue
            side = polynomials.size(polynomials.Unknown(min(names)))
            equal = Equation(polynomials.within(each.difference, dict.fromkeys(names, side)), firm=each.firm)
            candidates = _candidates(min(names), [equal])
            if polynomials.linear(each.difference) is not None:
                continue
            if candidates and candidates[-1] < _LARGEST:
                for name in names:
                    self._bind(name, _best(candidates, self._usual.get(name, 2)))
                return True
            sides = _oblong(each.difference, sorted(names)) if len(names) == 2 else None
            if sides is not None:
                for name, size in zip(sorted(names), sides, strict=True):
                    self._bind(name, size)
                return True
        return False

    def _links(self) -> list[Equation]:
        """The equations with several unknowns; firm ones first."""
        return sorted(
            (
                each
                for each in self._left
                if not each.at_least and len(polynomials.unknowns(each.difference)) > 1
            ),
            key=lambda equation: not equation.firm,
        )

    def _choose(self) -> None:
        """For what is left open, a size near the usual one for which everything holds."""
        for name, equations in self._of_one().items():
            candidates = _candidates(name, equations)
            wanted = self._usual.get(name, 2)
            if not candidates:
                self._found.broken += any(each.firm for each in equations)
            elif wanted not in candidates:
                larger = [each for each in candidates if each > wanted]
                self._found.usual[name] = (larger or candidates[::-1])[0]


def _candidates(name: str, equations: Iterable[Equation]) -> list[int]:
    """The sizes for which the equations hold; those that are not firm only where some size is left."""
    found = list(_CANDIDATES)
    for each in equations:
        exact = _exact(name, each)
        tried = found if exact is None else exact
        left = [size for size in tried if _holds(each, name, size)]
        if left and exact is not None:
            left = [size for size in left if size in found or len(found) == len(_CANDIDATES)]
        if left or each.firm:
            found = left
    return found


def _exact(name: str, equation: Equation) -> list[int] | None:
    """The size that a linear equation gives; None for other equations."""
    factors = polynomials.linear(equation.difference)
    if equation.at_least or not factors or set(factors) > {name, ""} or name not in factors:
        return None
    whole, rest = divmod(-factors.get("", 0), factors[name])
    return [whole] if not rest and whole > 0 else []


def _holds(equation: Equation, name: str, size: int) -> bool:
    number = polynomials.at(equation.difference, {name: size})
    return number >= 0 if equation.at_least else number == 0


def _oblong(difference: Number, names: list[str]) -> tuple[int, int] | None:
    """Two different sides, as alike as possible, for which a difference is 0; the first is the larger one.

    The difference is taken to grow, or to shrink, with both.
    """

    def value(*sides: int) -> int:
        return polynomials.at(difference, dict(zip(names, sides, strict=True)))

    found: list[tuple[int, int]] = []
    for first in range(1, _LONGEST_SIDE + 1):
        signs = [value(first, end) for end in (1, _LONGEST_SIDE)]
        if signs[0] * signs[1] > 0:
            continue
        low, high = 1, _LONGEST_SIDE
        while low < high:
            middle = (low + high) // 2
            found_there = value(first, middle)
            is_enough = found_there == 0 or (found_there > 0) == (signs[1] > 0)
            low, high = (low, middle) if is_enough else (middle + 1, high)
        if value(first, low) == 0:
            # Of neighbours that are rounded to the same the last, which divides without a rest.
            while low < _LONGEST_SIDE and not value(first, low + 1):
                low += 1
            found.append((first, low))
    if not found:
        return None
    first, second = min(found, key=lambda sides: (max(sides) / min(sides), sides[0] < sides[1]))
    while first < _LONGEST_SIDE and not value(first + 1, second):
        first += 1
    return first, second


def _best(candidates: list[int], usual: int) -> int:
    """The usual size if it is among them; of a row of neighbours the last, which divides without a rest."""
    if usual in candidates:
        return usual
    is_row = candidates[-1] - candidates[0] == len(candidates) - 1
    return candidates[-1] if is_row else candidates[0]
