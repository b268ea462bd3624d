"""What views read of a value: captions, the kind of its entries, entries as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from hubexplore.display.values import numerics
from hubexplore.summary.tensor_values import Array, shape_of

# Not \x1b, with which coloured terminal text begins.
_CONTROL: Final = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")
PICTURE_BEGINNINGS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
"""First bytes of the files of pictures that TensorFlow writes."""
_MAX_ITEM_LENGTH: Final = 4000
"""Maximum number of characters or bytes of an entry that is turned into text."""


def captions_of(value: Any, captions: Sequence[str]) -> Sequence[str]:
    """Returns the captions if there is one for each row of the value; otherwise none, as its rows differ."""
    shape = shape_of(value)
    return captions if len(shape) and shape[0] == len(captions) else ()


def is_text(array: Array) -> bool:
    """Returns whether an array holds texts, or objects, which are shown as text."""
    return array.dtype.kind in "OSU"


def is_number(array: Array) -> bool:
    """Returns whether an array holds real numbers, those of ml_dtypes included."""
    # The types of ml_dtypes, such as bfloat16, are of kind V or f and convert to float.
    return array.dtype.kind in "iuf" or (
        array.dtype.kind == "V" and not issubclass(array.dtype.type, np.void)
    )


def is_foreign(array: Array) -> bool:
    """Returns whether an array has a numeric dtype that is not NumPy's own, such as bfloat16."""
    return is_number(array) and array.dtype.type.__module__ != "numpy"


def is_readable(item: bytes) -> bool:
    """Returns whether bytes are text: valid UTF-8 without control characters, which binary files contain."""
    try:
        text = item.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text)


def are_picture_files(array: Array) -> bool:
    """Returns whether all entries begin as files of pictures do."""
    entries = array.reshape(-1).tolist()
    return bool(entries) and all(
        isinstance(entry, bytes) and entry.startswith(PICTURE_BEGINNINGS) for entry in entries
    )


def text_of(item: Any) -> str:
    """Returns an entry as text; bytes that are not valid UTF-8 become escapes."""
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else str(item)


def item_text(item: Any) -> str:
    """Returns an entry of an array as text; only the beginning of a very long one."""
    if isinstance(item, (bytes, str)):
        return text_of(item if len(item) <= _MAX_ITEM_LENGTH else item[:_MAX_ITEM_LENGTH]) + (
            "…" if len(item) > _MAX_ITEM_LENGTH else ""
        )
    try:
        return numerics.number_text(item)
    except (TypeError, ValueError):  # a date, a record, an object
        return str(item)
