"""Compares the weights of two modules, or of two graph variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from hubexplore import errors
from hubexplore.errors import MSG_AGAIN
from hubexplore.summary.compare.replacement import shape_text
from hubexplore.summary.compare.weights.pieces import Pair
from hubexplore.summary.compare.weights.reading import Advance, read_changes
from hubexplore.summary.compare.weights.records import (
    Uncompared,
    VariableChange,
    WeightChanges,
    by_change,
)
from hubexplore.summary.compare.weights.stored import STRING, Stored, constants_in, find_stored
from hubexplore.summary.formats.tf2.object_graph import VALUE
from hubexplore.summary.model import VariableSummary
from hubexplore.summary.source import Source
from hubexplore.summary.weights.checkpoint_index import lost_shards

ONLY_FIRST: Final = "only in first"
ONLY_SECOND: Final = "only in second"
OTHER_SHAPE: Final = "other shape"
OTHER_DTYPE: Final = "other dtype"
NOT_STORED: Final = "not stored"
UNKNOWN: Final = "unknown coding"

MSG_NO_VALUES: Final = (
    "Weights are compared by their values, and {title!r} has none that can be read. Export it first, or "
    "summarise a module on disk."
)
_WIDTHS: Final = (1, 2, 4, 8, 16)
"""Bytes of an element that is compared without being decoded: pieces begin at multiples of these."""


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Attributes:
      title: what it is called.
      variables: of the module, or of a graph variant; of several with one name the first counts.
      source: where their values are.
    """

    title: str
    variables: tuple[VariableSummary, ...]
    source: Source | None


@dataclass(frozen=True)
class Planned:
    """What is to be read.

    Attributes:
      first: title of the first side.
      second: title of the second side.
      pairs: the variables whose values are compared, in the order of the first side's files.
      uncompared: all others, by name.
    """

    first: str
    second: str
    pairs: tuple[Pair, ...]
    uncompared: tuple[Uncompared, ...]

    @property
    def size(self) -> int:
        """Bytes that are read of both sides together."""
        return sum(first.size + second.size for first, second in self.pairs)


def plan(first: Side, second: Side) -> Planned:
    """Finds which variables correspond, by their names, and where their values are. No value is read.

    Raises:
      HubError: a side has variables, but no values.
      DamagedModuleError: a data file is missing or truncated, or an index contradicts itself.
    """
    named = _named(first, second)
    stored = [_stored(side, variables) for side, variables in zip((first, second), named, strict=True)]
    pairs: list[Pair] = []
    uncompared: list[Uncompared] = []
    for name in sorted(named[0].keys() | named[1].keys()):
        texts = [
            _text(side[name], values.get(name)) if name in side else None
            for side, values in zip(named, stored, strict=True)
        ]
        one, other = (values.get(name) for values in stored)
        reason = _reason(texts[0], texts[1], one, other)
        if reason:
            uncompared.append(Uncompared(name, texts[0], texts[1], reason))
        elif one is not None and other is not None:
            pairs.append((one, other))
    # So that a disk is read from front to back whatever the names are.
    pairs.sort(key=lambda pair: [(part.extent or ())[:2] for part in pair[0].parts[:1]])
    return Planned(first.title, second.title, tuple(pairs), tuple(uncompared))


def compare_weights(planned: Planned, advance: Advance = lambda size: None) -> WeightChanges:
    """Reads and compares the values, with bounded memory.

    Args:
      planned: see `plan`.
      advance: is called with the number of bytes read since the last call, from this thread.

    Raises:
      DamagedModuleError: a data file is missing or truncated.
      UnreadableModuleError: a data file cannot be read.
    """
    # Tied weights are stored once under several names, and are read once.
    once: dict[object, Pair] = {}
    keys = [_identity(pair) for pair in planned.pairs]
    for key, pair in zip(keys, planned.pairs, strict=True):
        once.setdefault(key, pair)
    changes = dict(zip(once, read_changes(list(once.values()), advance), strict=True))
    variables: list[VariableChange] = [
        replace(changes[key], name=pair[0].name, shape=pair[0].shape)
        for key, pair in zip(keys, planned.pairs, strict=True)
    ]
    return WeightChanges(
        planned.first, planned.second, tuple(sorted(variables, key=by_change)), planned.uncompared
    )


def _identity(pair: Pair) -> object:
    if any(stored.constant is not None for stored in pair):
        return pair[0].name
    return tuple((stored.dtype, stored.shape, stored.parts) for stored in pair)


def _named(first: Side, second: Side) -> list[dict[str, VariableSummary]]:
    """Returns the variables of both sides by what they are called; of equal ones the first.

    The objects of a TF2 SavedModel may have several variables of one name. They are called as their objects
    are, by which they correspond.
    """
    keys: dict[str, set[str]] = {}
    repeated: set[str] = set()
    for side in (first, second):
        keys.clear()
        for variable in side.variables:
            keys.setdefault(variable.name, set()).add(variable.key)
        repeated.update(name for name, found in keys.items() if len(found) > 1)
    return [
        {
            variable.key.removesuffix(VALUE) if variable.name in repeated else variable.name: variable
            for variable in reversed(side.variables)
        }
        for side in (first, second)
    ]


def _stored(side: Side, variables: Mapping[str, VariableSummary]) -> dict[str, Stored]:
    weights = side.source.weights if side.source is not None else None
    if weights is not None:
        lost = next(lost_shards(weights.index, weights.prefix, weights.filesystem), None)
        if lost is not None:
            raise errors.DamagedModuleError(f"{lost} {MSG_AGAIN}")
    constants = constants_in(side.source)
    found: dict[str, Stored] = {}
    for name, variable in variables.items():
        stored = find_stored(variable, side.source, constants)
        if stored is not None:
            found[name] = replace(stored, name=name)
    if variables and not found:
        raise errors.HubError(MSG_NO_VALUES.format(title=side.title))
    return found


def _text(variable: VariableSummary, stored: Stored | None) -> str:
    dtype = variable.dtype.removesuffix("_ref") if stored is None else stored.dtype
    return f"{dtype} {shape_text(variable.shape if stored is None else stored.shape)}"


def _reason(
    first_text: str | None, second_text: str | None, first: Stored | None, second: Stored | None
) -> str:
    """Returns why two variables are not compared; "" if they are."""
    if first_text is None or second_text is None:
        return ONLY_SECOND if first_text is None else ONLY_FIRST
    if first is None or second is None:
        return NOT_STORED
    if first.shape != second.shape or first.dtype != second.dtype:
        return OTHER_SHAPE if first.shape != second.shape else OTHER_DTYPE
    if first.dtype == STRING or first.is_decoded:
        return ""
    is_known = first.layout == second.layout and (not first.count or first.width in _WIDTHS)
    return "" if is_known else UNKNOWN
