"""Attached messages: decoded where the type is known, else as numbered fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.message import DecodeError

from hubexplore.errors import reading
from hubexplore.summary.files import wire
from hubexplore.summary.graph.hub_messages import ImageModuleInfo, ModuleAttachment
from hubexplore.summary.model import MessageSummary
from hubexplore.summary.module_format import ATTACHMENTS

# Key -> the message class that is attached under it.
_KNOWN: Final = {"image_module_info": ImageModuleInfo}
# Limits for what strangers attach: a made-up message can nest without end or hold megabytes of text.
_MAX_FIELDS: Final = 200
_MAX_DEPTH: Final = 16
_MAX_VALUE: Final = 256
# Bytes of all messages of unknown type that are taken apart; what comes behind is shown as hex digits. What
# models attach has some hundred.
_MAX_TAKEN_APART: Final = 1 << 20
MORE: Final = "..."
"""Path of the last listed field where more fields are left out."""


def read_messages(meta_graph: Any) -> tuple[MessageSummary, ...]:
    """The attached messages of a meta graph, sorted by key; the last one per key.

    Raises:
      DamagedModuleError: the list of messages is not readable. A message itself may be anything.
    """
    if ATTACHMENTS not in meta_graph.collection_def:
        return ()
    contents: dict[str, bytes] = {}
    for serialized in meta_graph.collection_def[ATTACHMENTS].bytes_list.value:
        with reading("The module's list of attached messages", DecodeError):
            attachment = ModuleAttachment.FromString(serialized)
        contents[attachment.key] = attachment.value
    messages, left = [], _MAX_TAKEN_APART
    for key in sorted(contents):
        left -= len(contents[key])
        messages.append(_message(key, contents[key], left >= 0))
    return tuple(messages)


def _message(key: str, content: bytes, takes_apart: bool) -> MessageSummary:
    if key in _KNOWN:
        try:
            message = _KNOWN[key].FromString(content)
        except DecodeError:
            pass
        else:
            return MessageSummary(key, _KNOWN[key].DESCRIPTOR.name, tuple(_named(message, "")), len(content))
    # What does not parse as the known type is shown like a message of unknown type.
    fields = _bounded(_numbered(content, "", 0)) if takes_apart else (("", _hex(content)),)
    return MessageSummary(key, "", fields, len(content))


def _named(message: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for descriptor, value in message.ListFields():
        path = f"{prefix}{descriptor.name}"
        if descriptor.message_type:
            yield from _named(value, f"{path}.")
        else:
            yield path, str(value)


def _numbered(content: bytes, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yields (path of field numbers, value) of a message of unknown type.

    Bytes may be a text, a message or neither, which the format does not say: printable text is taken for
    text, what reads as a message to its end for one.
    """
    for number, value in _fields(content) or ():
        path = f"{prefix}{number}"
        if isinstance(value, int):
            yield path, str(wire.signed(value))
        elif (text := _text(value)) is not None:
            yield path, text
        elif depth < _MAX_DEPTH and _fields(value):
            yield from _numbered(value, f"{path}.", depth + 1)
        else:
            yield path, _hex(value)
    if content and _fields(content) is None:
        yield "", _hex(content)


def _fields(content: bytes) -> list[tuple[int, wire.Value]] | None:
    """The fields of a message, or None for bytes that are not a message."""
    try:
        return list(wire.fields(content))
    except ValueError:
        return None


def _text(value: bytes) -> str | None:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    if not text.replace("\n", "").replace("\t", "").isprintable():
        return None
    # A nested message often begins with the newline that is the key of its field 1.
    if text.startswith("\n") and _fields(value):
        return None
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}{MORE}"


def _hex(value: bytes) -> str:
    return value[: _MAX_VALUE // 2].hex() + (MORE if len(value) > _MAX_VALUE // 2 else "")


def _bounded(fields: Iterator[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    listed: list[tuple[str, str]] = []
    for field in fields:
        if len(listed) == _MAX_FIELDS:
            listed.append((MORE, "not all fields are listed"))
            break
        listed.append(field)
    return tuple(listed)
