"""What is known of a hostile or benign model before it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hubexplore.summary.capabilities.model import Capability, Origin, When
from tests.strangers.making import Canaries, GraphModel

T = TypeVar("T")
Build = Callable[[Path, Canaries], Path]


@dataclass(frozen=True)
class Hostile:
    """A hostile model, and what has to be found of it.

    Attributes:
      name: of its folder.
      place: where the danger hides, for people.
      capability: what it can do; several where either says it.
      when: what makes it run; several where either is right.
      op: types of the op that does it; either is right.
      argument: what the finding's argument has to hold; `{secret}`, `{new}`, `{victim}`, `{folder}` and
        `{address}` stand for canaries.
      origin: where the argument comes from; either is right. Empty if nothing is said.
      signature: which is called; None for any.
      build: writes it below a folder.
      runs: whether this TensorFlow can run it.
    """

    name: str
    place: str
    capability: tuple[Capability, ...]
    when: tuple[When, ...]
    op: tuple[str, ...]
    argument: str
    origin: tuple[Origin, ...]
    signature: str | None
    build: Build
    runs: bool = True


HOSTILE: list[Hostile] = []
BENIGN: dict[str, Callable[[Path], Path]] = {}


def _many(one: T | tuple[T, ...]) -> tuple[T, ...]:
    return one if isinstance(one, tuple) else (one,)


def hostile(  # noqa: PLR0917 - a row of a table
    place: str,
    capability: Capability | tuple[Capability, ...],
    op: str | tuple[str, ...],
    argument: str = "",
    origin: Origin | tuple[Origin, ...] = Origin.CONSTANT,
    when: When | tuple[When, ...] = When.CALLED,
    signature: str | None = None,
    runs: bool = True,
) -> Callable[[Build], Build]:
    """Registers a function that writes a hostile model, under its name."""

    def register(build: Build) -> Build:
        called = signature or "default" if _many(when) == (When.CALLED,) else signature
        HOSTILE.append(
            Hostile(
                build.__name__,
                place,
                _many(capability),
                _many(when),
                _many(op),
                argument,
                _many(origin) if argument else (),
                called,
                build,
                runs,
            )
        )
        return build

    return register


def hostile_graph(  # noqa: PLR0917 - a row of a table
    place: str,
    capability: Capability | tuple[Capability, ...],
    op: str | tuple[str, ...],
    argument: str = "",
    origin: Origin | tuple[Origin, ...] = Origin.CONSTANT,
    when: When | tuple[When, ...] = When.CALLED,
    signature: str | None = None,
    runs: bool = True,
) -> Callable[[Callable[[GraphModel, Canaries], None]], Callable[[GraphModel, Canaries], None]]:
    """Registers a function that adds to the graph of a hostile model."""

    def register(
        fill: Callable[[GraphModel, Canaries], None],
    ) -> Callable[[GraphModel, Canaries], None]:
        def build(directory: Path, canaries: Canaries) -> Path:
            model = GraphModel()
            with model.graph.as_default():
                fill(model, canaries)
            return model.write(directory)

        build.__name__ = fill.__name__
        hostile(place, capability, op, argument, origin, when, signature, runs)(build)
        return fill

    return register


def benign(build: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """Registers a function that writes a harmless model."""
    assert build.__name__ not in BENIGN
    BENIGN[build.__name__] = build
    return build


def benign_graph(fill: Callable[[GraphModel], None]) -> Callable[[GraphModel], None]:
    """Registers a function that adds to the graph of a harmless model."""

    def build(directory: Path) -> Path:
        model = GraphModel()
        with model.graph.as_default():
            fill(model)
        return model.write(directory)

    build.__name__ = fill.__name__
    benign(build)
    return fill
