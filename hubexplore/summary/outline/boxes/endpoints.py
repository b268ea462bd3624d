"""Inputs and outputs that share a box: numbered names, unused inputs, and those beyond a limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.outline.data import INPUT
from hubexplore.summary.outline.dataflow.flow import DataFlow
from hubexplore.summary.outline.scopes.repeats import span_label
from hubexplore.summary.outline.scopes.scope_tree import stem

MAX_SINGLE: Final = 8
"""Maximum number of inputs, or of outputs, that have a box each; of more, similar ones share one."""
MIN_SERIES: Final = 4
"""Minimum number of numbered names that make a series."""
MAX_EXPANDED: Final = 12
"""Maximum size of a bundle that is expanded into single inputs or outputs at once."""
MAX_PARTS: Final = 10
"""Maximum number of smaller bundles that a larger bundle is expanded into."""
MIN_PART_SIZE: Final = 5
"""Minimum number of inputs or outputs in such a smaller bundle."""


@dataclass(frozen=True)
class Bundle:
    """Inputs or outputs in one box.

    Attributes:
      name: name of the box; for a single input or output its name in the signature.
      numbers: numbers of the members in the flow, in the order of the signature.
      unused: whether no node takes them.
      lists_members: whether the box has to list its members, as its name does not tell them.
    """

    name: str
    numbers: tuple[int, ...]
    unused: bool = False
    lists_members: bool = False


def bundles(flow: DataFlow, kind: str) -> list[Bundle]:
    """Returns the bundles of the inputs or outputs of a flow, in the order of the signature.

    A bundle whose name is in `flow.expand` is expanded. Sets `flow.bundle_heads` and adds to
    `flow.endpoint_labels`.
    """
    numbers = [number for number in flow.tensors if flow.kinds[number] == kind]
    unused = {number for number in numbers if kind == INPUT and flow.outputs and not flow.consumers[number]}
    if len(numbers) <= MAX_SINGLE:
        return [_single(flow, number, unused) for number in numbers]
    grouped = _grouped(flow, kind, numbers, unused)
    if len(grouped) > MAX_SINGLE:
        requested = [bundle for bundle in grouped if len(bundle.numbers) == 1 and bundle.name in flow.expand]
        others = [bundle for bundle in grouped if bundle not in requested]
        rest = tuple(sorted(number for bundle in others[MAX_SINGLE - 1 :] for number in bundle.numbers))
        more = [Bundle(f"... and {len(rest):,} more {kind}s", rest, lists_members=True)] if rest else []
        grouped = [*requested, *others[: MAX_SINGLE - 1], *more]
    parts = [part for bundle in grouped for part in _expanded(flow, bundle, unused)]
    for bundle in parts:
        flow.bundle_heads.update(dict.fromkeys(bundle.numbers, bundle.numbers[0]))
    return parts


def _single(flow: DataFlow, number: int, unused: set[int]) -> Bundle:
    name = " / ".join(dict.fromkeys(name for _, name in flow.signature_names[number]))
    return Bundle(name, (number,), number in unused)


def _grouped(flow: DataFlow, kind: str, numbers: Iterable[int], unused: set[int]) -> list[Bundle]:
    """Returns one bundle of all unused inputs, one for each series, and the others alone."""
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
    grouped: list[Bundle] = []
    for key, members in groups.items():
        if key is None and len(members) > 1:
            grouped.append(Bundle(f"{len(members):,} unused {kind}s", tuple(members), True, True))
        elif key is not None and len(members) >= MIN_SERIES:
            grouped.append(_series(flow, members, unused))
        else:
            grouped.extend(_single(flow, number, unused) for number in members)
    flow.endpoint_labels.update(bundle.name for bundle in grouped)
    return sorted(grouped, key=lambda bundle: (bundle.unused, bundle.numbers[0]))


def _series(flow: DataFlow, numbers: Sequence[int], unused: set[int]) -> Bundle:
    if len(numbers) == 1:
        return _single(flow, numbers[0], unused)
    names = sorted((flow.tensors[number].name for number in numbers), key=lambda name: (len(name), name))
    return Bundle(span_label(names[0], names[-1]), tuple(numbers), numbers[0] in unused)


def _expanded(flow: DataFlow, bundle: Bundle, unused: set[int]) -> list[Bundle]:
    """Returns the bundle, or the parts that it is expanded into if it is requested."""
    # Each expansion needs the name of a bundle in `flow.expand`, so the recursion is as deep as the request.
    flow.endpoint_labels.add(bundle.name)
    if len(bundle.numbers) == 1 or bundle.name not in flow.expand:
        return [bundle]
    if len(bundle.numbers) <= MAX_EXPANDED:
        return [_single(flow, number, unused) for number in bundle.numbers]
    # By length first, so that `x_2` comes before `x_10`.
    numbers = sorted(
        bundle.numbers, key=lambda number: (len(flow.tensors[number].name), flow.tensors[number].name)
    )
    size = max(-(-len(numbers) // MAX_PARTS), MIN_PART_SIZE)
    parts = [numbers[begin : begin + size] for begin in range(0, len(numbers), size)]
    return [bundle for part in parts for bundle in _expanded(flow, _series(flow, part, unused), unused)]
