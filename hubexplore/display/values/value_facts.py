"""A value in one line: shape, dtype and range, or its first entries."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hubexplore.display.values import numerics
from hubexplore.display.values.value_kinds import (
    is_foreign,
    is_number,
    is_readable,
    is_text,
    item_text,
    text_of,
)
from hubexplore.display.wording import beginning, counted, visible
from hubexplore.summary.tensor_values import Array, flat_of, kind_of, shape_of

MAX_BRIEF: Final = 60
"""Maximum length in characters of a value in brief, about."""
_MAX_WORD: Final = 24


def facts(value: Any) -> str:
    """Returns shape, dtype and range: "2 × 3 float32 · −0.31 to 0.52"; NaN and Inf where there are any."""
    flat = flat_of(value)
    kind = kind_of(value)
    parts = [_texts_text(value) if is_text(flat) else f"{_shape_text(value)} {_kind_text(value, flat)}"]
    if kind != "dense":
        parts.append(counted(len(flat), "value"))
    if is_text(flat):
        if flat.size:
            longest = max(len(text_of(text)) for text in flat.reshape(-1))
            parts.append(f"longest {counted(longest, 'character')}")
    elif flat.dtype.kind == "b":
        parts.append(f"{int(np.count_nonzero(flat)):,} true")
    elif is_number(flat) and flat.size:
        parts.append(_range_text(flat) if flat.size > 1 else _single_text(flat))
    elif flat.dtype.kind == "c" and flat.size:
        parts.append(f"absolute {_finite_text(np.abs(flat))}")
    return " · ".join(parts)


def _range_text(flat: Array) -> str:
    # Integers stay integers: float64 would round those above 2**53.
    if flat.dtype.kind in "iu":
        return _interval_text(flat.min(), flat.max())
    # Two passes over the array decide most cases; as_floats would copy it.
    low, high = flat.min(), flat.max()  # both are NaN if any number is
    if is_foreign(flat) or not (np.isfinite(low) and np.isfinite(high)):
        return _finite_text(numerics.as_floats(flat))
    return _interval_text(low, high)


def _finite_text(floats: Array) -> str:
    finite = floats[np.isfinite(floats)]
    nans, infs = int(np.isnan(floats).sum()), int(np.isinf(floats).sum())
    parts = [_interval_text(finite.min(), finite.max())] if finite.size else []
    parts += [f"{count:,} {word}" for count, word in ((nans, "NaN"), (infs, "Inf")) if count]
    return " · ".join(parts)


def _interval_text(low: Any, high: Any) -> str:
    return (
        f"{numerics.signed_text(low)} to {numerics.signed_text(high)}"
        if low != high
        else f"all {numerics.signed_text(low)}"
    )


def _single_text(flat: Array) -> str:
    return numerics.signed_text(flat.reshape(-1)[0])


def dtype_text(array: Array) -> str:
    """Returns "float32", or "text" for strings."""
    return "text" if is_text(array) else str(array.dtype.name)


def _kind_text(value: Any, flat: Array) -> str:
    kind = kind_of(value)
    return dtype_text(flat) if kind == "dense" else f"{kind} {dtype_text(flat)}"


def _texts_text(value: Any) -> str:
    """Returns how many texts a value has: "no texts", "1 text", "2 × 3 texts", "2 × ? ragged texts"."""
    shape, kind = shape_of(value), kind_of(value)
    if kind == "dense" and shape in ((), (0,), (1,)):
        return "no texts" if shape == (0,) else "1 text"
    return f"{_shape_text(value)} {'' if kind == 'dense' else f'{kind} '}texts"


def _shape_text(value: Any) -> str:
    shape = shape_of(value)
    return " × ".join("?" if size is None else f"{size:,}" for size in shape) if shape else "scalar"


def brief(value: Any) -> str:
    """Returns a value in about 60 characters at most: `"a sentence", "another" (2)`, `[0.1, 0.2, …] (10)`."""
    flat, shape = flat_of(value), shape_of(value)
    if kind_of(value) != "dense":
        return f"{_shape_text(value)} {kind_of(value)}, {counted(len(flat), 'value')}"
    if not shape:
        return visible(_entry_text(flat[()]), MAX_BRIEF)
    if is_text(flat):
        return _list_text([_entry_text(item) for item in flat.reshape(-1)[:4]], flat.size)
    # Tested before the lists of numbers: four dimensions with 1 or 3 channels are images for every model.
    if len(shape) == 4 and shape[3] in (1, 3) and shape[1] and shape[2] and shape[1] > 1:
        return f"{counted(shape[0] or 0, 'image')} of {shape[1]} × {shape[2]} × {shape[3]}"
    # More than 64 numbers, or several rows, say more by their shape than by the first six of them.
    if len(shape) <= 2 and flat.size and len(flat.reshape(-1)) <= 64 and (len(shape) == 1 or shape[0] == 1):
        return _list_text([_entry_text(item) for item in flat.reshape(-1)[:6]], flat.size)
    return f"{_shape_text(value)} {dtype_text(flat)}"


def _list_text(items: list[str], count: int) -> str:
    shown: list[str] = []
    for item in items:
        if sum(len(text) + 2 for text in shown) + len(item) > MAX_BRIEF - 16:
            break
        shown.append(item)
    more = ", …" if len(shown) < count else ""
    return f"[{', '.join(shown)}{more}]" + (f" ({count:,})" if count > 1 else "")


def _entry_text(item: Any) -> str:
    if not isinstance(item, (bytes, str)):
        return visible(item_text(item), _MAX_WORD)
    # Serialized messages and files would be a line of escapes.
    if isinstance(item, bytes) and not is_readable(item):
        return counted(len(item), "byte")
    text = beginning(item_text(item), _MAX_WORD)
    # Escapes take up to ten characters each.
    # The limit is checked again after escaping.
    return f'"{text if len(text) <= 40 else text[:40] + "…"}"'
