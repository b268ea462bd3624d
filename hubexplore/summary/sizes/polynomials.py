"""Arithmetic of sizes that are not known yet: polynomials over unknowns, with rounded quotients.

A size is an int where it is known, else a `Size` in a normal form, so that what is equal for all sizes mostly
compares equal: `(rows * 12) // 12` is `rows`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

MOST_TERMS: Final = 48
"""Terms of a size; what gets longer is given up."""
MOST_WEIGHT: Final = 300
"""Unknowns in a quotient, those in the quotients within it included."""


class TooComplexError(ArithmeticError):
    """A size with too many terms."""


@dataclass(frozen=True)
class Unknown:
    """A size that is looked for."""

    name: str

    def at(self, values: Mapping[str, int]) -> int:
        """Its value."""
        return values[self.name]

    def within(self, put: Mapping[str, Number]) -> Number:
        """What stands for it."""
        found = put.get(self.name)
        return size(self) if found is None else found

    @property
    def unknowns(self) -> frozenset[str]:
        """Its name."""
        return frozenset((self.name,))

    @property
    def is_rows(self) -> bool:
        """Whether it is a first dimension: a number of rows, which mostly is free."""
        return self.name.endswith("/0")


@dataclass(frozen=True)
class Quotient:
    """A quotient rounded down, which has no simpler form."""

    above: Number
    below: Number
    weight: int = field(default=1, compare=False, repr=False)

    def at(self, values: Mapping[str, int]) -> int:
        """Its value; 0 where the divisor is 0."""
        below = at(self.below, values)
        return at(self.above, values) // below if below else 0

    def within(self, put: Mapping[str, Number]) -> Number:
        """The quotient of what stands for its parts."""
        return within(self.above, put) // within(self.below, put)

    @property
    def unknowns(self) -> frozenset[str]:
        """Names of all unknowns in it."""
        return unknowns(self.above) | unknowns(self.below)


Atom = Unknown | Quotient
_Product = tuple[Atom, ...]


@dataclass(frozen=True)
class Size:
    """A sum of products, each with a factor; the empty product stands for 1."""

    terms: tuple[tuple[_Product, int], ...]

    def __add__(self, other: Number) -> Number:
        found = dict(self.terms)
        for product, factor in _terms(other):
            found[product] = found.get(product, 0) + factor
        return _normal(found)

    __radd__ = __add__

    def __neg__(self) -> Size:
        return Size(tuple((product, -factor) for product, factor in self.terms))

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __rsub__(self, other: int) -> Number:
        return -self + other

    def __mul__(self, other: Number) -> Number:
        found: dict[_Product, int] = {}
        for product, factor in self.terms:
            for others, by in _terms(other):
                both = tuple(sorted((*product, *others), key=repr))
                found[both] = found.get(both, 0) + factor * by
        return _normal(found)

    __rmul__ = __mul__

    def __floordiv__(self, other: Number) -> Number:
        if not other:
            raise TooComplexError("division by zero")
        whole, rest = {}, {}
        for product, factor in self.terms:
            divided = _divided(product, factor, other)
            if divided is None:
                rest[product] = factor
            else:
                whole[divided[0]] = divided[1]
        left, found = _normal(rest), _normal(whole)
        if isinstance(left, int) and (isinstance(other, int) or not left):
            return found + (left // other if isinstance(other, int) else 0)
        return found + _quotient(left, other)

    def __rfloordiv__(self, other: int) -> Number:
        return _quotient(other, self)

    def at(self, values: Mapping[str, int]) -> int:
        """The number, for values of its unknowns by name."""
        total = 0
        for product, factor in self.terms:
            total += factor * math.prod(atom.at(values) for atom in product)
        return total

    def within(self, put: Mapping[str, Number]) -> Number:
        """The size with other sizes in the place of unknowns."""
        total: Number = 0
        for product, factor in self.terms:
            part: Number = factor
            for atom in product:
                part = part * atom.within(put)
            total = total + part
        return total

    @property
    def unknowns(self) -> frozenset[str]:
        """Names of all unknowns in it."""
        return frozenset(name for product, _ in self.terms for atom in product for name in atom.unknowns)


Number = int | Size


def size(atom: Atom) -> Size:
    """An atom alone as a size."""
    return Size((((atom,), 1),))


def dimension(name: str, place: int) -> Unknown:
    """The unknown for a dimension of an input."""
    return Unknown(f"{name}/{place}")


def decoded(node: str) -> Unknown:
    """The unknown for the numbers that an op of this name decodes from each string."""
    return Unknown(f"{node}/decoded")


def at(number: Number, values: Mapping[str, int]) -> int:
    """The number, for values of its unknowns by name."""
    return number if isinstance(number, int) else number.at(values)


def within(number: Number, put: Mapping[str, Number]) -> Number:
    """The size with other sizes in the place of unknowns."""
    return number if isinstance(number, int) else number.within(put)


def unknowns(number: Number) -> frozenset[str]:
    """Names of all unknowns in it."""
    return frozenset() if isinstance(number, int) else number.unknowns


def rounded_up(above: Number, below: int) -> Number:
    """The quotient, rounded up."""
    return (above + (below - 1)) // below


def linear(number: Number) -> dict[str, int] | None:
    """Factor by unknown, "" for the constant, of a sum of plain unknowns; None for others."""
    found = {}
    for product, factor in _terms(number):
        if len(product) > 1 or not all(isinstance(atom, Unknown) for atom in product):
            return None
        found[product[0].name if product and isinstance(product[0], Unknown) else ""] = factor
    return found


def product(sizes: Sequence[Number | None]) -> Number | None:
    """All sizes multiplied; None where one is not known."""
    total: Number = 1
    for each in sizes:
        if each is None:
            return None
        total = total * each
    return total


def is_rows(number: Number | None) -> bool:
    """Whether a size is the number of rows of an input, as it is."""
    if not isinstance(number, Size) or len(number.terms) != 1:
        return False
    product, factor = number.terms[0]
    return factor == 1 and len(product) == 1 and isinstance(product[0], Unknown) and product[0].is_rows


def without_rows(names: Iterable[str]) -> frozenset[str]:
    """The names of unknowns that are no numbers of rows."""
    return frozenset(name for name in names if not Unknown(name).is_rows)


def is_rounded(number: Number) -> bool:
    """Whether a quotient is in it that did not divide exactly."""
    return isinstance(number, Size) and any(
        isinstance(atom, Quotient) for product, _ in number.terms for atom in product
    )


def _quotient(above: Number, below: Number) -> Size:
    weight = 1 + _weight(above) + _weight(below)
    if weight > MOST_WEIGHT:
        raise TooComplexError("too many quotients")
    return size(Quotient(above, below, weight))


def _weight(number: Number) -> int:
    return sum(
        atom.weight if isinstance(atom, Quotient) else 1 for product, _ in _terms(number) for atom in product
    )


def _terms(number: Number) -> tuple[tuple[_Product, int], ...]:
    return (((), number),) if isinstance(number, int) else number.terms


def _normal(found: Mapping[_Product, int]) -> Number:
    terms = tuple(sorted(((product, factor) for product, factor in found.items() if factor), key=repr))
    if len(terms) > MOST_TERMS:
        raise TooComplexError("too many terms")
    if not terms:
        return 0
    return terms[0][1] if len(terms) == 1 and not terms[0][0] else Size(terms)


def _divided(product: _Product, factor: int, other: Number) -> tuple[_Product, int] | None:
    """A term divided by a number or by a single term; None where that leaves a rest."""
    below = _terms(other)
    if len(below) != 1 or factor % below[0][1]:
        return None
    left = list(product)
    for atom in below[0][0]:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left), factor // below[0][1]
