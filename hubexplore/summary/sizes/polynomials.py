"""Arithmetic of sizes that are not known yet: polynomials over unknowns, with rounded quotients.

A size is an int if it is known, else a `Polynomial` in a normal form, so that sizes that are always equal
mostly compare equal: `(rows * 12) // 12` is `rows`. Not SymPy: it is large, slow to import, and its floor has
no cheap normal form either; this needs sums, products and quotients of a few terms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

MOST_TERMS: Final = 48
"""Maximum number of terms of a size; a longer one is given up."""
MOST_WEIGHT: Final = 300
"""Maximum number of unknowns in a quotient, those in nested quotients included."""


class TooComplexError(ArithmeticError):
    """A size has too many terms to go on with."""


@dataclass(frozen=True)
class Unknown:
    """A size that is to be found."""

    name: str

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Returns its value."""
        return values[self.name]

    def substitute(self, bindings: Mapping[str, Number]) -> Number:
        """Returns the size that stands for it, itself if there is none."""
        number = bindings.get(self.name)
        return size_of(self) if number is None else number

    @property
    def unknowns(self) -> frozenset[str]:
        """Its name, as a set."""
        return frozenset((self.name,))

    @property
    def is_rows(self) -> bool:
        """Whether it is a first dimension: a number of rows, which is free in most models."""
        return self.name.endswith("/0")


@dataclass(frozen=True)
class Quotient:
    """A quotient, rounded down, that has no simpler form."""

    numerator: Number
    denominator: Number
    weight: int = field(default=1, compare=False, repr=False)

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Returns its value; 0 if the denominator is 0."""
        denominator = evaluate(self.denominator, values)
        return evaluate(self.numerator, values) // denominator if denominator else 0

    def substitute(self, bindings: Mapping[str, Number]) -> Number:
        """Returns the quotient with other sizes in place of unknowns."""
        return substitute(self.numerator, bindings) // substitute(self.denominator, bindings)

    @property
    def unknowns(self) -> frozenset[str]:
        """Names of all unknowns in the quotient."""
        return unknowns(self.numerator) | unknowns(self.denominator)


Atom = Unknown | Quotient
_Product = tuple[Atom, ...]


@dataclass(frozen=True)
class Polynomial:
    """A sum of products, each with a factor; the empty product is 1."""

    # Invariant: terms are sorted, have no factor 0 and no product twice, and there is at least one unknown (a
    # number alone is an int). So equal sums compare and hash as equal.

    terms: tuple[tuple[_Product, int], ...]

    def __add__(self, other: Number) -> Number:
        factors = dict(self.terms)
        for product, factor in _terms(other):
            factors[product] = factors.get(product, 0) + factor
        return _normalised(factors)

    __radd__ = __add__

    def __neg__(self) -> Polynomial:
        return Polynomial(tuple((product, -factor) for product, factor in self.terms))

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __rsub__(self, other: int) -> Number:
        return -self + other

    def __mul__(self, other: Number) -> Number:
        factors: dict[_Product, int] = {}
        for product, factor in self.terms:
            for other_product, other_factor in _terms(other):
                # Atoms have no order of their own; their texts give one that is the same in each process.
                joined = tuple(sorted((*product, *other_product), key=repr))
                factors[joined] = factors.get(joined, 0) + factor * other_factor
        return _normalised(factors)

    __rmul__ = __mul__

    def __floordiv__(self, other: Number) -> Number:
        if not other:
            raise TooComplexError("division by zero")
        exact, remainder = {}, {}
        for product, factor in self.terms:
            quotient = _exact_quotient(product, factor, other)
            if quotient is None:
                remainder[product] = factor
            else:
                exact[quotient[0]] = quotient[1]
        remaining, result = _normalised(remainder), _normalised(exact)
        # Terms that divide exactly leave the quotient; only the others are rounded: (12*x + y) // 12 is
        # x + y // 12, which holds for floor division, whatever the signs.
        if isinstance(remaining, int) and (isinstance(other, int) or not remaining):
            return result + (remaining // other if isinstance(other, int) else 0)
        return result + _quotient(remaining, other)

    def __rfloordiv__(self, other: int) -> Number:
        return _quotient(other, self)

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Returns the number for values of the unknowns by name."""
        total = 0
        for product, factor in self.terms:
            total += factor * math.prod(atom.evaluate(values) for atom in product)
        return total

    def substitute(self, bindings: Mapping[str, Number]) -> Number:
        """Returns the size with other sizes in place of unknowns."""
        total: Number = 0
        for product, factor in self.terms:
            term: Number = factor
            for atom in product:
                term = term * atom.substitute(bindings)
            total = total + term
        return total

    @property
    def unknowns(self) -> frozenset[str]:
        """Names of all unknowns in the size."""
        return frozenset(name for product, _ in self.terms for atom in product for name in atom.unknowns)


Number = int | Polynomial


def size_of(atom: Atom) -> Polynomial:
    """Returns an atom alone as a size."""
    return Polynomial((((atom,), 1),))


def dimension(name: str, axis: int) -> Unknown:
    """Returns the unknown for a dimension of an input."""
    return Unknown(f"{name}/{axis}")


def decoded_unknown(node: str) -> Unknown:
    """Returns the unknown for how many numbers the op of this name decodes from each string."""
    return Unknown(f"{node}/decoded")


def evaluate(number: Number, values: Mapping[str, int]) -> int:
    """Returns the number for values of the unknowns by name."""
    return number if isinstance(number, int) else number.evaluate(values)


def substitute(number: Number, bindings: Mapping[str, Number]) -> Number:
    """Returns the size with other sizes in place of unknowns."""
    return number if isinstance(number, int) else number.substitute(bindings)


def unknowns(number: Number) -> frozenset[str]:
    """Returns the names of all unknowns in a size."""
    return frozenset() if isinstance(number, int) else number.unknowns


def rounded_up(numerator: Number, denominator: int) -> Number:
    """Returns the quotient, rounded up."""
    return (numerator + (denominator - 1)) // denominator


def linear_factors(number: Number) -> dict[str, int] | None:
    """Returns name of the unknown ("" for the constant) -> factor of a linear sum; None for other sizes."""
    factors = {}
    for product, factor in _terms(number):
        if len(product) > 1 or not all(isinstance(atom, Unknown) for atom in product):
            return None
        factors[product[0].name if product and isinstance(product[0], Unknown) else ""] = factor
    return factors


def product(sizes: Sequence[Number | None]) -> Number | None:
    """Returns the product of all sizes; None if one is not known."""
    total: Number = 1
    for factor in sizes:
        if factor is None:
            return None
        total = total * factor
    return total


def total(sizes: Iterable[Number | None]) -> Number | None:
    """Returns the sum of all sizes; None if one is not known."""
    added: Number = 0
    for size in sizes:
        if size is None:
            return None
        added = added + size
    return added


def is_rows(number: Number | None) -> bool:
    """Returns whether a size is the number of rows of an input, unchanged."""
    if not isinstance(number, Polynomial) or len(number.terms) != 1:
        return False
    product, factor = number.terms[0]
    return factor == 1 and len(product) == 1 and isinstance(product[0], Unknown) and product[0].is_rows


def without_rows(names: Iterable[str]) -> frozenset[str]:
    """Returns the names of unknowns that are not numbers of rows."""
    return frozenset(name for name in names if not Unknown(name).is_rows)


def is_rounded(number: Number) -> bool:
    """Returns whether a size has a quotient that does not divide exactly."""
    return isinstance(number, Polynomial) and any(
        isinstance(atom, Quotient) for product, _ in number.terms for atom in product
    )


def _quotient(numerator: Number, denominator: Number) -> Polynomial:
    # Quotients nest where layers follow each other, so their size is bounded apart from the number of terms.
    weight = 1 + _weight(numerator) + _weight(denominator)
    if weight > MOST_WEIGHT:
        raise TooComplexError("too many quotients")
    return size_of(Quotient(numerator, denominator, weight))


def _weight(number: Number) -> int:
    return sum(
        atom.weight if isinstance(atom, Quotient) else 1 for product, _ in _terms(number) for atom in product
    )


def _terms(number: Number) -> tuple[tuple[_Product, int], ...]:
    return (((), number),) if isinstance(number, int) else number.terms


def _normalised(factors: Mapping[_Product, int]) -> Number:
    terms = tuple(sorted(((product, factor) for product, factor in factors.items() if factor), key=repr))
    if len(terms) > MOST_TERMS:
        raise TooComplexError("too many terms")
    if not terms:
        return 0
    return terms[0][1] if len(terms) == 1 and not terms[0][0] else Polynomial(terms)


def _exact_quotient(product: _Product, factor: int, other: Number) -> tuple[_Product, int] | None:
    """Returns a term divided by a number or by a single term; None if that leaves a remainder."""
    divisor = _terms(other)
    if len(divisor) != 1 or factor % divisor[0][1]:
        return None
    remaining = list(product)
    for atom in divisor[0][0]:
        if atom not in remaining:
            return None
        remaining.remove(atom)
    return tuple(remaining), factor // divisor[0][1]
