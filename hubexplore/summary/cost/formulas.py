"""Counts that depend on open sizes, written as formulas: "24,576·tokens[1]² + 786,432·tokens[1]"."""

from __future__ import annotations

from collections import Counter
from typing import Final

from hubexplore.summary.sizes.polynomials import Number, Polynomial, Quotient, Unknown

MAX_TERMS: Final = 6
"""Maximum number of terms that are written."""
MAX_DEPTH: Final = 3
"""Maximum depth of quotients in quotients that are written."""
_SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def formula(number: Number | None, depth: int = 0) -> str:
    """Returns a count as text: "1,234", a formula, or "?" if it is not known. Names are not shortened."""
    if number is None:
        return "?"
    if isinstance(number, int):
        return f"{number:,}"
    # The highest power first, as it decides for large sizes.
    terms = sorted(number.terms, key=lambda term: (-len(term[0]), -abs(term[1])))
    texts = [_term(product, factor, depth) for product, factor in terms[:MAX_TERMS]]
    if len(terms) > MAX_TERMS:
        texts.append("…")
    return " + ".join(texts).replace("+ -", "− ")


def symbol_text(name: str) -> str:
    """Returns "tokens[1]" for the name of an unknown: the input and the dimension."""
    input_, _, axis = name.rpartition("/")
    return f"{input_}[{axis}]"


def _term(product: tuple[Unknown | Quotient, ...], factor: int, depth: int) -> str:
    powers = Counter(_atom(atom, depth) for atom in product)
    words = [
        text + (str(power).translate(_SUPERSCRIPTS) if power > 1 else "") for text, power in powers.items()
    ]
    if abs(factor) != 1 or not words:
        return "·".join([f"{factor:,}", *words])
    return ("-" if factor < 0 else "") + "·".join(words)


def _atom(atom: Unknown | Quotient, depth: int) -> str:
    if isinstance(atom, Unknown):
        return symbol_text(atom.name)
    if depth >= MAX_DEPTH:
        return "⌊…⌋"
    numerator, denominator = formula(atom.numerator, depth + 1), formula(atom.denominator, depth + 1)
    if isinstance(atom.denominator, Polynomial):
        denominator = f"({denominator})"
    return f"⌊({numerator})/{denominator}⌋"
