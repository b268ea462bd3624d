"""Inputs and outputs that share a box: numbered names, what nothing uses, and what is beyond a number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.outline.data import INPUT
from hubexplore.summary.outline.dataflow.flow import Flow
from hubexplore.summary.outline.scopes.repeats import span
from hubexplore.summary.outline.scopes.scope_tree import stem

SHOWN: Final = 8
"""So many inputs, or outputs, have boxes of their own; of more, those that are alike share one."""
LEAST: Final = 4
"""So many numbered names make a series."""
FEW: Final = 12
"""A box of so many comes apart into all of them when it is asked for;"""
PARTS: Final = 10
"""one of more into so many boxes at most, each of which can be asked for."""
ROUND: Final = 5
"""So many at least are in such a box."""


@dataclass(frozen=True)
class Bundle:
    """Inputs or outputs in one box.

    Attributes:
      name: of the box; of a single one its name in the signature.
      numbers: its members in the flow, in the order of the signature.
      unused: whether nothing takes them.
      listed: whether the name does not say what the members are called.
    """

    name: str
    numbers: tuple[int, ...]
    unused: bool = False
    listed: bool = False


def bundles(flow: Flow, kind: str) -> list[Bundle]:
    """Returns the boxes of the inputs or outputs of a flow, in the order of the signature.

    A bundle whose name is in `flow.expand` comes apart. Notes in the flow what shares a box.
    """
    numbers = [number for number in flow.tensors if flow.kinds[number] == kind]
    unused = {each for each in numbers if kind == INPUT and flow.outputs and not flow.consumers[each]}
    if len(numbers) <= SHOWN:
        return [_single(flow, number, unused) for number in numbers]
    found = _alike(flow, kind, numbers, unused)
    if len(found) > SHOWN:
        asked = [each for each in found if len(each.numbers) == 1 and each.name in flow.expand]
        others = [each for each in found if each not in asked]
        rest = tuple(sorted(number for each in others[SHOWN - 1 :] for number in each.numbers))
        more = [Bundle(f"... and {len(rest):,} more {kind}s", rest, listed=True)] if rest else []
        found = [*asked, *others[: SHOWN - 1], *more]
    parts = [part for each in found for part in _apart(flow, each, unused)]
    for each in parts:
        flow.bundle.update(dict.fromkeys(each.numbers, each.numbers[0]))
    return parts


def _single(flow: Flow, number: int, unused: set[int]) -> Bundle:
    name = " / ".join(dict.fromkeys(name for _, name in flow.ends[number]))
    return Bundle(name, (number,), number in unused)


def _alike(flow: Flow, kind: str, numbers: Iterable[int], unused: set[int]) -> list[Bundle]:
    """Those that nothing uses as one, series as one each, and the others alone."""
    groups: dict[object, list[int]] = {}
    for number in numbers:
        single = _single(flow, number, unused)
        tensor = flow.tensors[number]
        key: object = (stem(single.name), tensor.dtype, tensor.shape, tensor.kind)
        if single.name in flow.expand:
            key = number
        elif number in unused:
            key = None
        groups.setdefault(key, []).append(number)
    found: list[Bundle] = []
    for key, members in groups.items():
        if key is None and len(members) > 1:
            found.append(Bundle(f"{len(members):,} unused {kind}s", tuple(members), True, True))
        elif key is not None and len(members) >= LEAST:
            found.append(_series(flow, members, unused))
        else:
            found.extend(_single(flow, number, unused) for number in members)
    flow.named.update(each.name for each in found)
    return sorted(found, key=lambda each: (each.unused, each.numbers[0]))


def _series(flow: Flow, numbers: Sequence[int], unused: set[int]) -> Bundle:
    if len(numbers) == 1:
        return _single(flow, numbers[0], unused)
    names = sorted((flow.tensors[number].name for number in numbers), key=lambda name: (len(name), name))
    return Bundle(span(names[0], names[-1]), tuple(numbers), numbers[0] in unused)


def _apart(flow: Flow, bundle: Bundle, unused: set[int]) -> list[Bundle]:
    """A bundle, or what it comes apart into where it is asked for; never deeper than names are asked for."""
    flow.named.add(bundle.name)
    if len(bundle.numbers) == 1 or bundle.name not in flow.expand:
        return [bundle]
    if len(bundle.numbers) <= FEW:
        return [_single(flow, number, unused) for number in bundle.numbers]
    numbers = sorted(bundle.numbers, key=lambda at: (len(flow.tensors[at].name), flow.tensors[at].name))
    size = max(-(-len(numbers) // PARTS), ROUND)
    parts = [numbers[begin : begin + size] for begin in range(0, len(numbers), size)]
    return [each for part in parts for each in _apart(flow, _series(flow, part, unused), unused)]
