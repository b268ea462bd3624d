"""A name that nothing else has yet."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator


def free_name(name: str, used: Container[str], *, first: int = 1, ignore_case: bool = False) -> str:
    """Returns a name, or the first one with a number after it, as `name_1`, that is not in use.

    Args:
      name: the name.
      used: those in use; in lower case with `ignore_case`.
      first: number of the first name with one.
      ignore_case: whether names that differ in case only are the same, as scopes of TensorFlow are.
    """
    return next(
        candidate
        for candidate in _candidates(name, first)
        if (candidate.lower() if ignore_case else candidate) not in used
    )


def _candidates(name: str, first: int) -> Iterator[str]:
    yield name
    for number in itertools.count(first):
        yield f"{name}_{number}"
