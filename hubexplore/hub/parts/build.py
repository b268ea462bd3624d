"""Builds the graph of a module that is made of others, inside of a `module_fn`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import tensorflow as tf

from hubexplore.hub.authoring import attach_message
from hubexplore.hub.call_arguments import shared_inputs
from hubexplore.hub.definition import DefinedSpec
from hubexplore.hub.module import Module
from hubexplore.hub.parts.part import Part
from hubexplore.hub.parts.variants import Joined
from hubexplore.hub.running.feeds import placeholder
from hubexplore.hub.tensor_info import TensorInfo

DROPPED_COLLECTIONS: Final = (tf.compat.v1.GraphKeys.LOCAL_VARIABLES,)
"""What parts add to a graph and a module does not list; it finds its local variables in the graph."""


class _Serialized:
    """A message of a part, whose type need not be known."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def SerializeToString(self) -> bytes:  # noqa: N802 - the method of protobuf messages
        """Returns the message as it was attached."""
        return self._content


class Inputs:
    """The inputs of the new module, added as its parts need them."""

    def __init__(self) -> None:
        self.by_name: dict[str, Any] = {}

    def of(self, part: Part, infos: Mapping[str, TensorInfo], given: Collection[str] = ()) -> dict[str, Any]:
        """Makes an input for each input of a part, except those that are `given`.

        An input keeps its name; if another part has one of that name, it begins with that of the part.

        Returns:
          The new tensors by the name that the part has for them.
        """
        owners = shared_inputs(infos)
        made: dict[str, Any] = {}
        for name, info in infos.items():
            if name in given:
                continue
            owner = owners.get(name, name)
            # Inputs that are one tensor of the part stay one tensor.
            made[name] = made[owner] if owner in made else _input(name, info)
            self.by_name[self._free(name, part)] = made[name]
        return made

    def _free(self, name: str, part: Part) -> str:
        candidate, number = name, 0
        while candidate in self.by_name:
            candidate = f"{part.name}_{name}" + (f"_{number}" if number else "")
            number += 1
        return candidate


def apply_part(part: Part, joined: Joined, number: int, values: Mapping[str, Any], trainable: bool) -> Any:
    """Adds a part and one call of it to the default graph; returns the outputs by name."""
    module = Module(part.spec, trainable=trainable, name=part.name, tags=joined.sources[number])
    outputs: dict[str, Any] = module(values or None, signature=joined.signatures[number], as_dict=True)
    return outputs


def attach_messages(parts: Sequence[Part], joined: Joined) -> None:
    """Attaches the messages of the parts, for each key that of the first part that has it."""
    attached: set[str] = set()
    for part, tags in zip(parts, joined.sources, strict=True):
        if isinstance(part.spec, DefinedSpec):
            messages = part.spec.variant(tags).attachments
            for key in sorted(messages.keys() - attached):
                attach_message(key, _Serialized(messages[key]))
                attached.add(key)


def _input(name: str, info: TensorInfo) -> Any:
    # A name of an op; that of the input may have any characters.
    scope = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip("_-") or "input"
    if info.default is not None and info.kind == "dense":
        value = tf.make_ndarray(info.default)
        default = tf.constant(value, dtype=info.dtype)
        return tf.compat.v1.placeholder_with_default(default, info.get_shape(), name=scope)
    with tf.name_scope(scope):
        return placeholder(info)
