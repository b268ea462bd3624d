"""What one op can touch, by its type and by its arguments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hubexplore.summary.analysis.arguments import Arguments
from hubexplore.summary.analysis.asset_files import AssetPath, in_folder
from hubexplore.summary.analysis.program import Program, Region, inputs_of, is_remote
from hubexplore.summary.analysis.values import (
    ASSET_MARK,
    LINK_MARK,
    Part,
    Value,
    asset_of,
    constant,
    dependent,
    merged,
    readable,
)
from hubexplore.summary.capabilities.model import Capability, Origin
from hubexplore.summary.capabilities.op_effects import EffectArgument, OpEffect, effect_of
from hubexplore.summary.graph.ops.op_definitions import attribute
from hubexplore.summary.graph.ops.op_packages import provider

SAVERS: Final = frozenset({"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"})
RESTORERS: Final = frozenset({"Restore", "RestoreSlice", "RestoreV2"})
TABLES: Final = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
_URL: Final = re.compile(r"(?!(?:file|ram|memcbk)://)[A-Za-z][A-Za-z0-9+.-]*://")
_LONGEST: Final = 200
_MOST_SHOWN: Final = 3
# Reasons that say more than is true of an op whose argument is known.
_WORDS: Final = {
    "Prints to the error stream, the log or, if its output stream is a path, to the file.": (
        "prints to the file"
    ),
}
_BY_ADDRESS: Final = frozenset({Capability.WRITES, Capability.NETWORK})


@dataclass(frozen=True)
class Effect:
    """Something that an op can touch.

    Attributes:
      capability: what it can do.
      what: that in words that follow the subject: "reads the file".
      name: of the argument that decides it; empty without one.
      argument: as `Finding.argument`.
      origin: as `Finding.origin`.
      saver: whether the file is the one that saving and loading say.
      package: that has the op, if TensorFlow lacks it.
      content: the serialized graph that it runs, where that is known.
    """

    capability: Capability
    what: str
    name: str = ""
    argument: str = ""
    origin: Origin | None = None
    saver: bool = False
    package: str = ""
    content: bytes | None = field(default=None, repr=False)


class Effects:
    """Looks up what ops of a program can touch.

    Args:
      program: the graph with its functions.
      arguments: follows their arguments.
      path_of: an asset.
    """

    def __init__(self, program: Program, arguments: Arguments, path_of: AssetPath = in_folder) -> None:
        self._program = program
        self._path_of = path_of
        self._arguments = arguments

    def of(self, region: Region, node: Any) -> tuple[Effect, ...]:
        """What a node can touch; nothing for one that is harmless with its arguments."""
        return tuple(self._effects(region, node))

    def _effects(self, region: Region, node: Any) -> Iterator[Effect]:
        if is_remote(node.device):
            what = "is placed on another process"
            yield Effect(Capability.NETWORK, what, "device", shortened(node.device), Origin.CONSTANT)
        effect = effect_of(node.op)
        if effect is None:
            if node.op not in self._program.functions:
                package = provider(node.op) or ""
                yield Effect(Capability.UNKNOWN, "runs an op that TensorFlow does not have", package=package)
            return
        if not effect.capabilities:
            return
        values = {argument: self.argument(region, node, argument) for argument in effect.arguments}
        harmful = {argument: value for argument, value in values.items() if not _is_harmless(argument, value)}
        if values and not harmful:
            return
        yield from _described(effect, harmful)

    def argument(self, region: Region, node: Any, argument: EffectArgument) -> Value:
        """The value of an argument of a node."""
        if not argument.is_attribute:
            edges = inputs_of(node, argument.name)
            found = merged(self._arguments.value(region, edge) for edge in edges) if edges else constant()
            return found if found.parts is None else constant(*map(self._followed, found.parts))
        value = attribute(node, argument.name)
        if value is None:
            return constant()
        match value.WhichOneof("value"):
            case "s":
                return constant(value.s)
            case "list":
                return constant(*value.list.s)
            case "placeholder":
                return dependent(Origin.COMPUTED, value.placeholder)
        return constant()

    def _followed(self, part: Part) -> Part:
        """A path below that of an asset, with where it leads if there is a link on its way."""
        if not isinstance(part, bytes) or LINK_MARK in part:
            return part
        name = asset_of(part)
        return part if name is None else self._path_of(os.fsdecode(part.removeprefix(ASSET_MARK)))


def _is_harmless(argument: EffectArgument, value: Value) -> bool:
    if value.parts is None:
        return False
    if not value.parts and not argument.is_attribute:
        return True  # an empty list of files
    return (
        all(isinstance(part, bytes) and argument.is_harmless(part) for part in value.parts)
        and (bool(value.parts) or argument.is_attribute)
        and (bool(value.parts) or argument.is_harmless(b"") or not argument.harmful_words)
    )


def _described(effect: OpEffect, values: Mapping[EffectArgument, Value]) -> Iterator[Effect]:
    """The effects of an op whose arguments are not harmless."""
    what = _WORDS.get(effect.reason) or effect.reason[:1].lower() + effect.reason[1:].removesuffix(".")
    shown = [(argument.name, *_shown(value), value) for argument, value in values.items()]
    if not shown:
        for capability in effect.capabilities:
            yield Effect(capability, what)
        return
    # The one that says most decides: what depends on an input, then what is in the file.
    name, argument, origin, value = min(shown, key=lambda item: _RANK[item[2]])
    if origin is Origin.CONSTANT and len(shown) > 1:
        argument = ", ".join(item[1] for item in shown if item[2] is Origin.CONSTANT)
    capabilities = set(effect.capabilities)
    if origin is Origin.CONSTANT and capabilities == _BY_ADDRESS:
        capabilities = {
            Capability.NETWORK if part.startswith(b"grpc") else Capability.WRITES
            for part in value.texts or ()
        }
    elif any(_URL.match(readable(text)) for text in value.texts or ()):
        capabilities.add(Capability.NETWORK)
    found = Effect(Capability.READS, what, name, argument, origin, all(item[3].saver for item in shown))
    for capability in (item for item in Capability if item in capabilities):
        if capability is Capability.HIDES and origin is Origin.CONSTANT:
            # Several elements are several graphs, each of which may be the one that is run.
            for content in value.texts or (b"",):
                size = f"{len(content):,} bytes"
                yield replace(found, capability=capability, argument=size, content=content)
        else:
            yield replace(found, capability=capability)


_RANK: Final[Mapping[Origin, int]] = {
    Origin.INPUT: 0, Origin.VARIABLE: 1, Origin.COMPUTED: 2, Origin.CONSTANT: 3, Origin.ASSET: 4,
}  # fmt: skip


def _shown(value: Value) -> tuple[str, Origin]:
    """The argument as users are shown it, and its origin."""
    if value.parts is None:
        return ", ".join(map(shortened, value.names)), value.origin
    texts = [part if isinstance(part, bytes) else str(part).encode() for part in value.parts]
    outside = [text for text in texts if asset_of(text) is None]
    names = [shortened(readable(text)) for text in outside or texts]
    more = len(names) - _MOST_SHOWN
    shown = ", ".join(names[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return shown.replace(
        "assets/", "", 1
    ) if not outside else shown, Origin.CONSTANT if outside or not texts else Origin.ASSET


def shortened(text: str) -> str:
    """A text that a stranger wrote, bounded."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
