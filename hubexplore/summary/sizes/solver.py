"""Finds sizes for which the equations of shape inference hold.

This is no general solver of Diophantine equations: the equations of models are few and simple (a size is
fixed, two are equal, a product is given, a quotient divides), and an answer that the graph accepts is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hubexplore.summary.sizes import polynomials
from hubexplore.summary.sizes.polynomials import Number, Polynomial, TooComplexError
from hubexplore.summary.sizes.shape_inference import Equation

_CANDIDATES: Final = (*range(1, 1025), *range(1032, 4097, 8))
"""Sizes that are tried if an equation cannot be solved for its unknown."""
_MAX_CANDIDATE: Final = _CANDIDATES[-1]
_MAX_SIDE: Final = 1024
"""Maximum size of a side of an image that is searched for."""
_MAX_ROUNDS: Final = 60
"""Maximum number of rounds; each binds at least one unknown."""


@dataclass
class Assignment:
    """What the equations tell about the unknowns.

    Attributes:
      bindings: unknown -> the size that stands for it.
      usual: unknown that may have several sizes -> one for which all equations hold.
      broken: number of firm equations that cannot hold.
    """

    bindings: dict[str, Number] = field(default_factory=dict)
    usual: dict[str, int] = field(default_factory=dict)
    broken: int = 0


class Solver:
    """Solves step by step: what one equation tells is substituted into the others.

    Args:
      equations: the equations and inequalities of shape inference.
      usual: name of an unknown -> the size to take if any would do.
    """

    # Invariant: no bound unknown is left in an equation after `_simplify`, nor in another binding, so each
    # round binds at least one more unknown or is the last.
    # Cost: a round is linear in the equations, except that candidates are tried for equations of one unknown
    # (some 1,400 evaluations each) and pairs of sides for one of two (about `_MAX_SIDE` binary searches).

    def __init__(self, equations: Iterable[Equation], usual: Mapping[str, int]) -> None:
        self._equations = list(equations)
        self._usual = usual
        self._assignment = Assignment()

    def solve(self) -> Assignment:
        """Returns the sizes, as far as the equations tell."""
        # From certain to assumed: each step runs only if those before it find nothing more.
        steps = (self._bind_univariate, self._bind_proportional, self._bind_square_sides, self._bind_isolated)
        for _ in range(_MAX_ROUNDS):
            self._simplify()
            if not any(step() for step in steps):
                break
        self._choose_usual()
        return self._assignment

    def _bind(self, name: str, number: Number) -> None:
        bindings = self._assignment.bindings
        for other, bound_number in bindings.items():
            # Earlier bindings may refer to this unknown, which the invariant forbids.
            bindings[other] = polynomials.substitute(bound_number, {name: number})
        bindings[name] = number

    def _simplify(self) -> None:
        """Substitutes bindings in the equations; drops those that hold, and counts those that cannot hold."""
        remaining: dict[Equation, None] = {}
        for equation in self._equations:
            try:
                number = polynomials.substitute(equation.difference, self._assignment.bindings)
            except TooComplexError:
                continue
            if isinstance(number, Polynomial):
                remaining[Equation(number, equation.is_inequality, equation.firm)] = None
            elif number < 0 or (number and not equation.is_inequality):
                self._assignment.broken += equation.firm
        self._equations = list(remaining)

    def _univariate(self) -> dict[str, list[Equation]]:
        """Returns the equations with one unknown, by its name; firm ones first."""
        by_name: dict[str, list[Equation]] = {}
        for equation in sorted(
            self._equations, key=lambda candidate: (not candidate.firm, candidate.is_inequality)
        ):
            names = polynomials.unknowns(equation.difference)
            if len(names) == 1:
                by_name.setdefault(next(iter(names)), []).append(equation)
        return by_name

    def _bind_univariate(self) -> bool:
        """Binds an unknown for which its own equations leave few sizes; returns whether there is one."""
        for name, equations in self._univariate().items():
            if all(equation.is_inequality for equation in equations):
                continue
            candidates = _candidates(name, equations)
            if candidates and len(candidates) < len(_CANDIDATES) and candidates[-1] < _MAX_CANDIDATE:
                self._bind(name, _best_candidate(candidates, self._usual.get(name, 2)))
                return True
        return False

    def _bind_proportional(self) -> bool:
        """Binds an unknown that is equal to another one or a multiple of it; returns whether there is one."""
        for equation in self._multivariate():
            factors = polynomials.linear_factors(equation.difference)
            if factors is None or "" in factors or len(factors) != 2 or sorted(factors.values())[0] >= 0:
                continue
            # A factor of 1 or -1 keeps the other size whole. Numbers of rows stay free if there is a choice.
            names = sorted(
                factors, key=lambda name: (abs(factors[name]) != 1, polynomials.Unknown(name).is_rows, name)
            )
            name, other = names
            if abs(factors[name]) == 1:
                self._bind(
                    name, polynomials.size_of(polynomials.Unknown(other)) * -(factors[other] * factors[name])
                )
                return True
        return False

    def _bind_isolated(self) -> bool:
        """Binds an unknown that is alone in a term, such as a part of a concatenation."""
        for equation in self._multivariate():
            difference = equation.difference
            if not isinstance(difference, Polynomial):
                continue
            for product, factor in difference.terms:
                atom = product[0] if len(product) == 1 else None
                if not isinstance(atom, polynomials.Unknown) or abs(factor) != 1:
                    continue
                remainder = difference - factor * polynomials.size_of(atom)
                # Other unknowns of the sum take their usual sizes, so that this one can take the rest.
                if atom.name not in polynomials.unknowns(remainder):
                    self._bind_usual(polynomials.without_rows(polynomials.unknowns(remainder)))
                    self._bind(
                        atom.name, polynomials.substitute(remainder * -factor, self._assignment.bindings)
                    )
                    return True
        return False

    def _bind_usual(self, names: Iterable[str]) -> None:
        """Binds unknowns to their usual sizes."""
        for name in sorted(names):
            self._bind(name, self._usual.get(name, 2))

    def _bind_square_sides(self) -> bool:
        """Binds the unknowns of an equation that is not linear: equal sides of an image, if possible."""
        for equation in self._multivariate():
            names = polynomials.unknowns(equation.difference)
            # A number of rows is never made a side of an image.
            if polynomials.without_rows(names) != names:
                continue
            side = polynomials.size_of(polynomials.Unknown(min(names)))
            # Most images are square, and an equation of one unknown can be solved by candidates.
            square = Equation(
                polynomials.substitute(equation.difference, dict.fromkeys(names, side)), firm=equation.firm
            )
            candidates = _candidates(min(names), [square])
            if polynomials.linear_factors(equation.difference) is not None:
                continue
            if candidates and candidates[-1] < _MAX_CANDIDATE:
                for name in names:
                    self._bind(name, _best_candidate(candidates, self._usual.get(name, 2)))
                return True
            sides = _rectangle_sides(equation.difference, sorted(names)) if len(names) == 2 else None
            if sides is not None:
                for name, size in zip(sorted(names), sides, strict=True):
                    self._bind(name, size)
                return True
        return False

    def _multivariate(self) -> list[Equation]:
        """Returns the equations with several unknowns; firm ones first."""
        return sorted(
            (
                equation
                for equation in self._equations
                if not equation.is_inequality and len(polynomials.unknowns(equation.difference)) > 1
            ),
            key=lambda equation: not equation.firm,
        )

    def _choose_usual(self) -> None:
        """Sets a size near the usual one for each unknown that is left, such that its inequalities hold."""
        for name, equations in self._univariate().items():
            candidates = _candidates(name, equations)
            usual = self._usual.get(name, 2)
            if not candidates:
                self._assignment.broken += any(equation.firm for equation in equations)
            elif usual not in candidates:
                # Larger rather than smaller: a size that is too small leaves no window in a later layer.
                larger = [candidate for candidate in candidates if candidate > usual]
                self._assignment.usual[name] = (larger or candidates[::-1])[0]


def _candidates(name: str, equations: Iterable[Equation]) -> list[int]:
    """Returns the sizes for which the equations hold; one that is not firm may not exclude the last size."""
    candidates = list(_CANDIDATES)
    for equation in equations:
        solutions = _linear_solution(name, equation)
        sizes = candidates if solutions is None else solutions
        holding = [size for size in sizes if _holds(equation, name, size)]
        # An exact solution may lie beyond the candidates, but not outside of what earlier equations allow.
        if holding and solutions is not None:
            holding = [size for size in holding if size in candidates or len(candidates) == len(_CANDIDATES)]
        if holding or equation.firm:
            candidates = holding
    return candidates


def _linear_solution(name: str, equation: Equation) -> list[int] | None:
    """Returns the solution of a linear equation in a list, empty if there is none; None for others."""
    # Exact, so that sizes beyond the candidates are found too.
    factors = polynomials.linear_factors(equation.difference)
    if equation.is_inequality or not factors or set(factors) > {name, ""} or name not in factors:
        return None
    quotient, remainder = divmod(-factors.get("", 0), factors[name])
    return [quotient] if not remainder and quotient > 0 else []


def _holds(equation: Equation, name: str, size: int) -> bool:
    number = polynomials.evaluate(equation.difference, {name: size})
    return number >= 0 if equation.is_inequality else number == 0


def _rectangle_sides(difference: Number, names: list[str]) -> tuple[int, int] | None:
    """Returns two sides, as similar as possible, for which a difference is 0; the first is the larger one."""
    # The difference must be monotonic in both sides, as numbers of windows and products are. Then a binary
    # search for the second side suffices: side times log(side) evaluations instead of side squared.

    def value(*sides: int) -> int:
        return polynomials.evaluate(difference, dict(zip(names, sides, strict=True)))

    pairs: list[tuple[int, int]] = []
    for first in range(1, _MAX_SIDE + 1):
        signs = [value(first, end) for end in (1, _MAX_SIDE)]
        if signs[0] * signs[1] > 0:
            continue
        low, high = 1, _MAX_SIDE
        while low < high:
            middle = (low + high) // 2
            difference_there = value(first, middle)
            is_enough = difference_there == 0 or (difference_there > 0) == (signs[1] > 0)
            low, high = (low, middle) if is_enough else (middle + 1, high)
        if value(first, low) == 0:
            # Several neighbours may round to the same number of windows; the last one divides without
            # remainder.
            while low < _MAX_SIDE and not value(first, low + 1):
                low += 1
            pairs.append((first, low))
    if not pairs:
        return None
    first, second = min(pairs, key=lambda sides: (max(sides) / min(sides), sides[0] < sides[1]))
    while first < _MAX_SIDE and not value(first + 1, second):
        first += 1
    return first, second


def _best_candidate(candidates: list[int], usual: int) -> int:
    """Returns the usual size if it is a candidate; else the last of neighbours, which divides exactly."""
    if usual in candidates:
        return usual
    are_consecutive = candidates[-1] - candidates[0] == len(candidates) - 1
    return candidates[-1] if are_consecutive else candidates[0]
