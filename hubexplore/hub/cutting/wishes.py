"""What a user asks a cut for: the inputs and outputs of the new signature, as they are typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hubexplore.errors import SignatureError
from hubexplore.summary.module_format import DEFAULT_OUTPUT, DEFAULT_SIGNATURE, INTERNAL_SIGNATURES

MSG_FORM: Final = (
    "{side}= takes the name of a tensor, a list of names, or a dict from names of {side} to names of "
    "tensors, as in {example}; {finding}."
)
MSG_TWICE: Final = "{side}= names {text!r} twice. Name each tensor once."
MSG_NO_OUTPUT: Final = (
    "A cut needs at least one output: outputs='conv1/Relu', or outputs={{'features': 'conv1/Relu'}}."
)
MSG_SIGNATURE: Final = (
    "signature= is the name of the new signature: a text of letters, digits and signs other than spaces and "
    "control characters, as in signature='features'; got {name!r}."
)
_EXAMPLES: Final = {
    "inputs": "inputs=['conv1/Relu'] or inputs={'x': 'conv1/Relu'}",
    "outputs": "outputs='conv1/Relu' or outputs={'features': 'conv1/Relu'}",
}
_SIGNATURE: Final = re.compile(r"[^\s]{1,200}")


@dataclass(frozen=True)
class Wish:
    """A tensor by its name.

    Attributes:
      text: the name as it was typed.
      argument: the name of the input or output that it shall be; None for one that is made from its own.
    """

    text: str
    argument: str | None = None


def read_side(side: str, typed: Any) -> tuple[Wish, ...]:
    """The tensors of one side of a signature, in order.

    Args:
      side: "inputs" or "outputs".
      typed: a name, several, or a dict from names of arguments to names of tensors. A single output is
        called "default", as the one that a call returns by itself.

    Raises:
      SignatureError: (a TypeError and ValueError) it is in none of these forms, or names a tensor twice.
    """
    if isinstance(typed, str):
        _check(side, typed)
        return (Wish(typed, DEFAULT_OUTPUT if side == "outputs" else None),)
    if isinstance(typed, Mapping):
        for name, text in typed.items():
            if not isinstance(name, str) or not name:
                raise _malformed(side, f"got the name {name!r}")
            _check(side, text)
        wishes = tuple(Wish(str(text), str(name)) for name, text in typed.items())
        if side == "inputs":
            _check_distinct(side, wishes)
        return wishes
    if isinstance(typed, bytes) or not isinstance(typed, Iterable):
        raise _malformed(side, f"got {typed!r}")
    listed = list(typed)
    for text in listed:
        _check(side, text)
    wishes = tuple(Wish(str(text)) for text in listed)
    _check_distinct(side, wishes)
    return wishes


def _check(side: str, text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise _malformed(side, f"got {text!r}, which is not the name of a tensor")


def _check_distinct(side: str, wishes: Iterable[Wish]) -> None:
    seen: set[str] = set()
    for wish in wishes:
        key = wish.text.strip().removesuffix(":0")
        if key in seen:
            raise SignatureError(MSG_TWICE.format(side=side, text=wish.text))
        seen.add(key)


def _malformed(side: str, finding: str) -> SignatureError:
    return SignatureError(MSG_FORM.format(side=side, example=_EXAMPLES[side], finding=finding))


def check_signature_name(name: Any) -> str:
    """The name of the new signature; None and "" mean `default`.

    Raises:
      SignatureError: (a TypeError and ValueError) it is none.
    """
    if name is None or name == "":
        return DEFAULT_SIGNATURE
    if not isinstance(name, str) or not name.isprintable() or not _SIGNATURE.fullmatch(name):
        raise SignatureError(MSG_SIGNATURE.format(name=name))
    if name in INTERNAL_SIGNATURES:
        raise SignatureError(
            f"The signature name {name!r} is one that TensorFlow reserves for itself. Choose another one, as "
            f"in signature='features'."
        )
    return str(name)
