"""The check that a module does not list more of one kind than is read."""

from __future__ import annotations

from typing import Final

from hubexplore.errors import UnsupportedFormatError

MSG_MANY: Final = (
    "The module lists {count:,} {what}; the limit is {limit:,}, several times as many as the largest "
    "published models have. If the module is not damaged, open it with tf.saved_model.load."
)


def check_count(count: int, limit: int, what: str) -> None:
    """Checks that a module does not list too much of one kind.

    Raises:
      UnsupportedFormatError: it lists more than `limit`.
    """
    if count > limit:
        raise UnsupportedFormatError(MSG_MANY.format(count=count, what=what, limit=limit))
