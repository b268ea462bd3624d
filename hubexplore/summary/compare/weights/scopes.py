"""The changes of variables, rolled up to their scopes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from hubexplore.summary.compare.weights.records import ScopeChange, VariableChange

MAX_DEPTH: Final = 32
"""Maximum depth of scopes: names are chosen by strangers, and may consist of slashes."""


def scope_changes(variables: Iterable[VariableChange], depth: int = MAX_DEPTH) -> tuple[ScopeChange, ...]:
    """Returns what changed below each scope, sorted by name; the first is "", with all variables.

    The squares of norms add up, so that a scope needs no further look at the values.

    Args:
      variables: see `WeightChanges`.
      depth: number of parts of the deepest scopes.
    """
    members: dict[str, list[VariableChange]] = {"": []}
    for variable in variables:
        parts = variable.name.split("/", depth)[:depth]
        if variable.name.count("/") < depth:
            parts.pop()
        # A name that begins with a slash is in a scope that is called as the whole is.
        for scope in dict.fromkeys("/".join(parts[:end]) for end in range(len(parts) + 1)):
            members.setdefault(scope, []).append(variable)
    return tuple(_rolled_up(name, members[name]) for name in sorted(members))


def _rolled_up(name: str, variables: list[VariableChange]) -> ScopeChange:
    norms = [variable for variable in variables if variable.norm is not None]
    norm, first, second = (
        math.hypot(*(getattr(variable, side) for variable in norms)) if norms else None
        for side in ("norm", "first_norm", "second_norm")
    )
    return ScopeChange(
        name,
        len(variables),
        sum(variable.count for variable in variables),
        sum(variable.bytes for variable in variables),
        sum(variable.changed or 0 for variable in variables),
        norm,
        first,
        second,
        norm / first if norm is not None and first else None,
        _cosine(norms, first, second),
        _totals(variable.nans for variable in variables),
        _totals(variable.infs for variable in variables),
    )


def _cosine(variables: list[VariableChange], first: float | None, second: float | None) -> float | None:
    if not first or not second or math.isinf(first) or math.isinf(second):
        return None
    # A variable that is zero on a side adds nothing to the product.
    cosine = sum(
        (variable.cosine or 0.0)
        * ((variable.first_norm or 0.0) / first)
        * ((variable.second_norm or 0.0) / second)
        for variable in variables
    )
    return min(1.0, max(-1.0, cosine))


def _totals(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    first = second = 0
    for one, other in counts:
        first, second = first + one, second + other
    return first, second
