"""What the arguments of a KerasLayer ask for, and what cannot go together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import HandleError, LayerError, SignatureError, closest
from hubexplore.hub.spec import ModuleSpec
from hubexplore.hub.variants.graph_variant import as_tag_set

MSG_SENTINEL: Final = (
    "Pass all arguments after `arguments` by keyword: hub.KerasLayer(handle, tags=..., signature=...)."
)
MSG_TWO_CHOICES: Final = (
    "signature_outputs_as_dict=True returns all outputs, and output_key={key!r} one of them. Pass only one "
    "of the two arguments."
)
MSG_HANDLE: Final = (
    "The handle of a KerasLayer is a path, a URL, a ModuleSpec, or an object that hub.load returned; "
    "got a {name}."
)
MSG_NOT_A_DICT: Final = (
    "{argument} is a dict of keyword arguments for the callable, such as {{'scale': 2.0}}; got a {name}."
)
MSG_NO_OUTPUT: Final = (
    "Signature {signature!r} has no output {key!r}; it has {outputs}.{hint} Choose one with "
    "output_key={example!r}, or pass signature_outputs_as_dict=True to get all of them."
)


@dataclass(frozen=True)
class Options:
    """The arguments of a KerasLayer that say what a call computes.

    Attributes:
      tags: of the graph variant; None for the only one.
      signature: its name; None for the object itself, or the signature `default` of a TF1 module.
      as_dict: whether a call returns all outputs of the signature by name.
      output_key: the output that a call returns; None for the output `default` of a signature.
      arguments: further keyword arguments of each call.
      load_options: of `tf.saved_model.load`.
    """

    tags: tuple[str, ...] | None = None
    signature: str | None = None
    as_dict: bool = False
    output_key: str | None = None
    arguments: Mapping[str, Any] | None = None
    load_options: Any = None

    @classmethod
    def checked(
        cls,
        *,
        tags: Iterable[str] | None,
        signature: str | None,
        as_dict: bool | None,
        output_key: str | None,
        arguments: Mapping[str, Any] | None,
        load_options: Any,
    ) -> Options:
        """The options that these arguments ask for.

        Raises:
          LayerError: (a ValueError) arguments that exclude each other, or of another type.
          TagsError: (a TypeError and ValueError) tags that are not strings.
        """
        if as_dict and output_key is not None:
            raise LayerError(MSG_TWO_CHOICES.format(key=output_key))
        if arguments is not None and not isinstance(arguments, Mapping):
            raise LayerError(MSG_NOT_A_DICT.format(argument="arguments", name=type(arguments).__name__))
        return cls(
            tags=None if tags is None else tuple(sorted(as_tag_set(tags))),
            signature=signature or None,
            as_dict=bool(as_dict),
            output_key=output_key,
            arguments=dict(arguments) if arguments else None,
            load_options=load_options,
        )

    def select(self, outputs: Mapping[str, Any], default: str) -> Any:
        """What a call of a signature returns of its outputs."""
        return dict(outputs) if self.as_dict else outputs[self.output_key or default]

    def check_outputs(self, signature: str, outputs: Iterable[str], default: str) -> None:
        """Raises SignatureError (a TypeError and ValueError) if the wanted output does not exist."""
        names = sorted(outputs)
        key = self.output_key or default
        if self.as_dict or key in names:
            return
        example = next(iter(names), key)
        raise SignatureError(
            MSG_NO_OUTPUT.format(
                signature=signature, key=key, outputs=names, hint=closest(key, names), example=example
            )
        )


def plain_handle(handle: Any) -> Any:
    """A handle as text where it is a path, and otherwise the object it is.

    Raises:
      HandleError: (a ValueError) it is neither.
    """
    if isinstance(handle, (str, bytes, os.PathLike)):
        return os.fsdecode(handle)
    if isinstance(handle, ModuleSpec) or callable(handle) or hasattr(handle, "signatures"):
        return handle
    raise HandleError(MSG_HANDLE.format(name=type(handle).__name__))
