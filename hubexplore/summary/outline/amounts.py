"""Numbers by name as numbers of the boxes and groups of an outline: what a box stands for is added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hubexplore.summary.outline.data import INPUT, OUTPUT, Box, Outline


@dataclass(frozen=True)
class Amounts:
    """Numbers of an outline.

    Attributes:
      boxes: a number for each box, None for one without.
      groups: a number for each group, None for one without.
      given: positions of the groups whose own number was given.
      unused: names that are in no box of the outline, in the order in which they were given.
    """

    boxes: tuple[float | None, ...]
    groups: tuple[float | None, ...]
    given: frozenset[int] = frozenset()
    unused: tuple[str, ...] = ()


def amounts(outline: Outline, numbers: Mapping[str, float]) -> Amounts:
    """Returns the numbers of the boxes and groups.

    A number that is given for a box or group by its name is taken. Otherwise the numbers of what is in it are
    added up: of ops, of scopes (then not of what is in these), and of the variables that it shows.

    Args:
      outline: of a graph.
      numbers: name of an op, scope or variable, as the graph has it -> number.
    """
    return _Adder(outline, numbers).result()


class _Adder:
    """Adds up numbers by the beginnings of names."""

    # Sorted, all names that begin with a path are neighbours: two binary searches find them. Each name is
    # added once for its box and once for each group around it.

    def __init__(self, outline: Outline, numbers: Mapping[str, float]) -> None:
        self._outline, self._numbers = outline, numbers
        self._sorted = sorted(numbers)
        self._used: set[str] = set()

    def result(self) -> Amounts:
        boxes = tuple(self._of_box(box) for box in self._outline.boxes)
        groups = tuple(
            self._sum((f"{group.name}/",), self._weights_of(index), exact=group.name)
            for index, group in enumerate(self._outline.groups)
        )
        given = frozenset(
            index for index, group in enumerate(self._outline.groups) if group.name in self._numbers
        )
        unused = tuple(name for name in self._numbers if name not in self._used)
        return Amounts(boxes, groups, given, unused)

    def _of_box(self, box: Box) -> float | None:
        # Inputs and outputs have names of the signature, which ops may have as well.
        exact = "" if box.kind in (INPUT, OUTPUT) else box.name
        return self._sum(box.paths, (weight.name for weight in box.weights), exact)

    def _sum(self, paths: Iterable[str], weights: Iterable[str], exact: str) -> float | None:
        if exact and exact in self._numbers:
            self._used.add(exact)
            # What is below is known as well, although this number stands for it.
            self._used.update(self._below((*paths, f"{exact}/")))
            return self._numbers[exact]
        taken: set[str] = set()
        total: float | None = None
        for name in (*self._below(paths), *weights):
            if name in self._numbers and name not in taken and not _is_inside(name, taken):
                taken.add(name)
                total = self._numbers[name] + (0 if total is None else total)
            self._used.add(name)
        return total

    def _below(self, paths: Iterable[str]) -> Iterator[str]:
        """Yields the names that begin with one of the paths, or are one."""
        names = self._sorted
        for path in paths:
            whole = path.rstrip("/:")
            if whole in self._numbers:
                yield whole
            if path.endswith(":") or not path:
                continue
            index = bisect_left(names, path)
            while index < len(names) and names[index].startswith(path):
                yield names[index]
                index += 1

    def _weights_of(self, group: int) -> Iterator[str]:
        groups = self._outline.groups
        for box in self._outline.boxes:
            outer = box.group
            while outer is not None and outer != group:
                outer = groups[outer].parent
            if outer is not None:
                yield from (weight.name for weight in box.weights)


def _is_inside(name: str, scopes: set[str]) -> bool:
    """Whether a name is in one of the scopes."""
    end = name.rfind("/")
    while end > 0:
        if name[:end] in scopes:
            return True
        end = name.rfind("/", 0, end)
    return False
