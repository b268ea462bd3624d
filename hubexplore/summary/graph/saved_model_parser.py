"""Parses the file with the graphs of a SavedModel, into this package's own message or TensorFlow's."""

from __future__ import annotations

from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from hubexplore.summary.module_format import MOST_VARIANTS, MSG_VARIANTS


def parse(content: bytes, message: Any, *, is_text: bool, is_strict: bool = False) -> None:
    """Fills a SavedModel-shaped message.

    Args:
      content: of the file.
      message: an empty message.
      is_text: whether it is in protobuf's text form.
      is_strict: whether text may only name fields that the message has. This package's own messages have only
        the fields that it reads.

    Raises:
      ValueError: it cannot be parsed, or holds no graph or too many. The text is the rest of a sentence that
        begins with the file: "is truncated or altered: ...".
    """
    try:
        if is_text:
            # By default names of message types would be looked up among TensorFlow's, also for own messages.
            pool = message.DESCRIPTOR.file.pool
            text_format.Parse(content, message, allow_unknown_field=not is_strict, descriptor_pool=pool)
        else:
            message.ParseFromString(content)
    except (DecodeError, text_format.ParseError, ValueError, RecursionError) as error:
        raise ValueError(f"is truncated or altered: {error}") from error
    if not message.meta_graphs:
        raise ValueError("holds no graph; it is empty or altered")
    if len(message.meta_graphs) > MOST_VARIANTS:
        raise ValueError(f"is altered: {MSG_VARIANTS}")
