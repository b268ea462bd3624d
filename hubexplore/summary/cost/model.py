"""What a signature costs: frozen records of counts per op and per scope. Symbols stand for open sizes."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hubexplore.summary.model import Shape
from hubexplore.summary.sizes.polynomials import Number

QUANTITIES: Final = ("parameters", "multiply_adds", "flops", "activation_bytes")
"""Names of the quantities that are counted without running the module."""


class OpCost(NamedTuple):
    """What one op costs.

    Attributes:
      name: path of the op, as diagrams have it.
      op: its type.
      parameters: elements of the variables that it is the first to read.
      multiply_adds: multiplications whose product is added to a sum, in all passes of the loops around it;
        None if a size is not known.
      activation_bytes: bytes of its outputs, in all passes; 0 for an op that hands on its input. None if a
        size is not known.
      passes: how often it runs; None if the number of passes of a loop is not known, and then the counts are
        those of a single pass. 0 in a branch that is not counted because another one costs more.
    """

    name: str
    op: str
    parameters: int
    multiply_adds: Number | None
    activation_bytes: Number | None
    passes: Number | None = 1


class ScopeCost(NamedTuple):
    """What the ops of a name scope cost together.

    Attributes:
      name: path of the scope; "" for the whole signature.
      ops: number of ops in it, nested scopes included.
      parameters: elements of the variables that its ops are the first to read.
      multiply_adds: sum of its ops where these are known.
      activation_bytes: sum of its ops where these are known.
    """

    name: str
    ops: int
    parameters: int
    multiply_adds: Number
    activation_bytes: Number


@dataclass(frozen=True)
class Cost:
    """What one call of a signature costs, counted in its graph without running it.

    Attributes:
      title: path or handle of the module.
      signature: name of the signature.
      tags: of the graph variant, sorted.
      shapes: (input, shape that was assumed) in the order of the signature; None in a shape is an open size.
      ops: ops that have a cost, in the order in which they run.
      unused_parameters: elements of variables of the variant that the signature does not read.
      missing: sizes that the counts depend on and that are open, as in "tokens[1]".
      notes: what is counted in which way, or is not counted: sentences.
      readers: (variable, path of the op that is the first to read it), in the order of the graph variant.
    """

    title: str
    signature: str
    tags: tuple[str, ...]
    shapes: tuple[tuple[str, Shape], ...]
    ops: tuple[OpCost, ...] = field(repr=False)
    unused_parameters: int = 0
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    readers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @functools.cached_property
    def total(self) -> ScopeCost:
        """The whole signature."""
        return _summed("", self.ops)

    @property
    def parameters(self) -> int:
        """Elements of the variables that the signature reads."""
        return self.total.parameters

    @property
    def multiply_adds(self) -> int | None:
        """Multiply-adds of one call; None while a size that they depend on is open, see `missing`."""
        return _number(self.total.multiply_adds)

    @property
    def flops(self) -> int | None:
        """Floating-point operations of products: two for each multiply-add."""
        return None if self.multiply_adds is None else 2 * self.multiply_adds

    @property
    def activation_bytes(self) -> int | None:
        """Bytes of the outputs of all ops, which are not all in memory at one time; None as above."""
        return _number(self.total.activation_bytes)

    @functools.cached_property
    def scopes(self) -> tuple[ScopeCost, ...]:
        """All name scopes, in the order in which their first ops run; a scope comes before those in it."""
        # Linear in the ops and in the length of their paths: each op is added to the scope directly around
        # it, and each scope to the one around it, the longest path first.
        inner: dict[str, list[OpCost]] = {}
        for op in self.ops:
            inner.setdefault(op.name.rpartition("/")[0], []).append(op)
        order: dict[str, None] = {}
        for path in inner:
            parts = path.split("/") if path else []
            for end in range(1, len(parts) + 1):
                order.setdefault("/".join(parts[:end]))
        sums = {path: _summed(path, inner.get(path, ())) for path in order}
        for path in sorted(order, key=lambda scope: -scope.count("/")):
            outer = path.rpartition("/")[0]
            if outer:
                sums[outer] = _joined(sums[outer], sums[path])
        return tuple(sums.values())

    def by_op(self, quantity: str = "multiply_adds") -> dict[str, int]:
        """Returns name of an op -> one of `QUANTITIES`, where it is known and not 0; for colours.

        Raises:
          ValueError: there is no such quantity.
        """
        if quantity not in QUANTITIES:
            raise ValueError(f"A quantity is one of {', '.join(QUANTITIES)}, not {quantity!r}.")
        # Two operations for each multiply-add.
        factor = 2 if quantity == "flops" else 1
        index = OpCost._fields.index("multiply_adds" if quantity == "flops" else quantity)
        numbers: dict[str, int] = {}
        for op in self.ops:
            number = op[index]
            if isinstance(number, int) and number:
                numbers[op.name] = numbers.get(op.name, 0) + factor * number
        return numbers

    def by_variable(self) -> dict[str, int]:
        """Returns name of a variable -> multiply-adds of the op that is the first to read it, where known."""
        products = self.by_op()
        return {variable: products[op] for variable, op in self.readers if op in products}


def _number(number: Number) -> int | None:
    return number if isinstance(number, int) else None


def _summed(name: str, ops: tuple[OpCost, ...] | list[OpCost]) -> ScopeCost:
    parameters, products, size = 0, 0, 0
    # Integers are added first: a sum of symbols is made anew for each term.
    symbols: list[Number] = []
    size_symbols: list[Number] = []
    for _, _, numbers, multiply_adds, activation_bytes, _ in ops:
        parameters += numbers
        if multiply_adds.__class__ is int:
            products += multiply_adds
        elif multiply_adds is not None:
            symbols.append(multiply_adds)
        if activation_bytes.__class__ is int:
            size += activation_bytes
        elif activation_bytes is not None:
            size_symbols.append(activation_bytes)
    return ScopeCost(name, len(ops), parameters, _plus(products, symbols), _plus(size, size_symbols))


def _plus(total: Number, terms: list[Number]) -> Number:
    for term in terms:
        total = total + term
    return total


def _joined(outer: ScopeCost, inner: ScopeCost) -> ScopeCost:
    return ScopeCost(
        outer.name,
        outer.ops + inner.ops,
        outer.parameters + inner.parameters,
        outer.multiply_adds + inner.multiply_adds,
        outer.activation_bytes + inner.activation_bytes,
    )
