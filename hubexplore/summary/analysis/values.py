"""What is known of the value of a tensor that decides what an op touches, such as a path."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hubexplore.summary.capabilities.model import Origin

Part = bytes | int | float | bool
"""An element of a constant tensor."""

ASSET_MARK: Final = b"\0assets/"
"""Stands for the path of the assets folder: paths of files do not hold this character."""
LINK_MARK: Final = b"\0-> "
"""Stands between the path of an asset that is a link out of the module, and where it leads."""
MOST_PARTS: Final = 256
"""Maximum number of elements of a tensor that are followed."""
_MOST_NAMES: Final = 4
# An origin earlier in this order decides where a value has several.
_ORDER: Final = (Origin.INPUT, Origin.VARIABLE, Origin.COMPUTED, Origin.ASSET, Origin.CONSTANT)


@dataclass(frozen=True)
class Value:
    """What is known of a tensor.

    Attributes:
      parts: its elements if it is a constant; None if they are not known.
      origin: where it comes from; that of `parts` is constant, also where they hold paths of assets.
      names: of the inputs, variables or ops that it depends on.
      saver: whether it is the file name that loading and saving feed.
    """

    parts: tuple[Part, ...] | None
    origin: Origin = Origin.CONSTANT
    names: tuple[str, ...] = ()
    saver: bool = False

    @property
    def texts(self) -> tuple[bytes, ...] | None:
        """Its elements if it is a constant that consists of strings."""
        if self.parts is None or not all(isinstance(part, bytes) for part in self.parts):
            return None
        return tuple(part for part in self.parts if isinstance(part, bytes))


def constant(*parts: Part) -> Value:
    """A constant value."""
    return Value(parts)


def dependent(origin: Origin, *names: str) -> Value:
    """A value that is not known, and what it depends on."""
    return Value(None, origin, names)


def merged(values: Iterable[Value]) -> Value:
    """The value of a tensor that is one of several, or is made of them all."""
    values = list(values)
    unknown = [value for value in values if value.parts is None]
    if not unknown:
        parts = dict.fromkeys((type(part), part) for value in values for part in value.parts or ())
        found = [part for _, part in parts]
        if len(found) > MOST_PARTS:  # those that decide first
            found.sort(key=lambda part: isinstance(part, bytes) and asset_of(part) is not None)
        return Value(tuple(found[:MOST_PARTS]))
    return computed_of(unknown, "")


def computed_of(values: Iterable[Value], op: str) -> Value:
    """The value that an op of this type computes from others, in a way that is not followed."""
    values = list(values)
    origins = {value.origin for value in values if value.parts is None}
    origin = next((candidate for candidate in _ORDER if candidate in origins), Origin.COMPUTED)
    if origin is Origin.CONSTANT:
        origin = Origin.COMPUTED
    names = dict.fromkeys(
        name for value in values if value.parts is None and value.origin is origin for name in value.names
    )
    if not names and op:
        names[op] = None
    # What is computed from the file name that the loader says may be any other one.
    is_same = not op and bool(origins) and all(value.saver for value in values if value.parts is None)
    return Value(None, origin, tuple(names)[:_MOST_NAMES], is_same)


def asset_of(text: bytes) -> str | None:
    """The name of the asset whose path a text is, as the module has it; None if it is not one.

    A path that leads out of the assets folder is not one.
    """
    if not text.startswith(ASSET_MARK):
        return None
    name = text.removeprefix(ASSET_MARK).decode("utf-8", "backslashreplace")
    inside = posixpath.normpath(f"/assets/{name}".replace("\\", "/"))
    if (
        name.startswith("/")
        or "\0" in name
        or not inside.startswith("/assets")
        or ":" in name.partition("/")[0]
    ):
        return None
    depth = 0
    for step in name.replace("\\", "/").split("/"):
        depth += -1 if step == ".." else 0 if step in ("", ".") else 1
        if depth < 0:
            return None
    return name


def readable(text: bytes) -> str:
    """A text as users are shown it, without the mark."""
    return (
        text.replace(ASSET_MARK, b"assets/").replace(LINK_MARK, b" -> ").decode("utf-8", "backslashreplace")
    )
