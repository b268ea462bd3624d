"""tf.Example messages, made and read without TensorFlow; typed, each is a JSON object on a line.

Field numbers are those of tensorflow/core/example/{example,feature}.proto.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import Array, short
from hubexplore.inputs.typed import json_text, nested_lists
from hubexplore.inputs.typed.literals import Literals, shown
from hubexplore.summary.files import wire
from hubexplore.summary.reading.string_inputs import PLAIN

Values = Sequence[bytes] | Sequence[int] | Sequence[float]
_BYTES, _FLOATS, _INTS = 1, 2, 3


# ---- bytes


def serialized(features: Mapping[str, Values]) -> bytes:
    """A serialized tf.Example.

    Args:
      features: values by key: all bytes, all int or all float.
    """
    entries = b"".join(
        _part(1, _part(1, name.encode("utf-8", "surrogateescape")) + _part(2, _feature(values)))
        for name, values in sorted(features.items())
    )
    return _part(1, entries)


def features_of(content: bytes) -> dict[str, Values] | None:
    """The values of a serialized tf.Example by key; None if the bytes are not one."""
    try:
        return {name: values for part in _parts(content, 1) for name, values in map(_entry, _parts(part, 1))}
    except (ValueError, struct.error):
        return None


def _feature(values: Values) -> bytes:
    if all(isinstance(each, bytes) for each in values):
        return _part(_BYTES, b"".join(_part(1, each) for each in values if isinstance(each, bytes)))
    if all(isinstance(each, int) for each in values):
        return _part(_INTS, _part(1, b"".join(_varint(int(each) % 2**64) for each in values)))
    return _part(_FLOATS, _part(1, b"".join(struct.pack("<f", each) for each in values)))


def _part(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | wire.BYTES) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _parts(content: bytes, expected: int) -> Iterator[bytes]:
    """The messages and strings of a message that has only those of one number; else a ValueError."""
    for number, value in wire.fields(content):
        if number != expected or not isinstance(value, bytes):
            raise ValueError("something else")
        yield value


def _entry(content: bytes) -> tuple[str, Values]:
    """Key and values of an entry of the map."""
    parts = dict(wire.fields(content))
    key, feature = parts.pop(1, b""), parts.pop(2, b"")
    if parts or not isinstance(key, bytes) or not isinstance(feature, bytes):
        raise ValueError("something else")
    values: list[Any] = []
    for number, part in wire.fields(feature):
        if not isinstance(part, bytes):
            raise ValueError("something else")
        values = list(_values(number, part))
    return key.decode(), values


def _values(kind: int, content: bytes) -> Iterator[Any]:
    if kind == _BYTES:
        yield from _parts(content, 1)
        return
    if kind not in (_FLOATS, _INTS):
        raise ValueError("a feature of another kind")
    for packed in _parts(content, 1):
        if kind == _FLOATS:
            yield from struct.unpack(f"<{len(packed) // 4}f", packed)
            continue
        position = 0
        while position < len(packed):
            number, position = wire.varint(packed, position)
            yield wire.signed(number)


# ---- text


def read(field: Field, text: str) -> Array:
    """Typed messages: JSON objects of values by feature, one per line or in a list.

    Args:
      field: an input whose strings are tf.Example messages.
      text: `{"age": 31, "name": "Ann"}`; a list where a feature has several values, null where it has none.

    Returns:
      An object array of bytes in the shape of the input.

    Raises:
      SignatureError: it cannot be read, a feature is unknown, or a value is none of its dtype.
    """
    found = json_text.read(field, text)
    return of_rows(field, found if isinstance(found, list) else [found])


def of_rows(field: Field, rows: Sequence[Any]) -> Array:
    """Mappings of values by feature as an input takes them; raises like `read`."""
    dtypes = {each.name: each.dtype for each in field.encoding.features}
    literals = {
        dtype: Literals(dataclasses.replace(field, dtype=dtype, encoding=PLAIN))
        for dtype in ("string", "int64", "float32")
    }
    found = np.empty(len(rows), object)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise SignatureError(
                f"Input {field.name!r}, row {number}: found {shown(row)}, expected {field.hint}."
            )
        features = {}
        for name, values in row.items():
            if dtypes and name not in dtypes:
                raise SignatureError(
                    f"Input {field.name!r}, row {number}: there is no feature {short(str(name))!r}."
                    f"{closest(str(name), list(dtypes))}"
                )
            if values is not None:
                several = values if isinstance(values, (list, tuple)) else [values]
                reader = literals[dtypes.get(name) or _dtype(several)]
                where = f"row {number}, feature {short(str(name))!r}"
                features[str(name)] = [_value(reader, each, where) for each in several]
        found[number - 1] = serialized(features)
    return nested_lists.shaped(field, found)


def write(value: Array) -> str | None:
    """The text that `read` makes these messages of; None where there is none."""
    lines = []
    for content in value.reshape(-1):
        features = features_of(content)
        if features is None:
            return None
        try:
            words = [
                f"{json.dumps(name, ensure_ascii=False)}: {_word(values)}"
                for name, values in features.items()
            ]
        except UnicodeDecodeError:
            return None
        lines.append(f"{{{', '.join(words)}}}")
    return "\n".join(lines)


def _dtype(values: Sequence[Any]) -> str:
    """What a feature is that the graph does not name: as it was typed."""
    if any(isinstance(each, (str, bytes)) for each in values):
        return "string"
    return "int64" if all(isinstance(each, int) for each in values) else "float32"


def _value(literals: Literals, found: Any, where: str) -> Any:
    # In a table with gaps whole numbers are floats.
    if literals.dtype.kind == "i" and isinstance(found, float) and found.is_integer():
        found = int(found)
    entry = literals.entry(found, where)
    return float(entry) if literals.dtype.kind == "f" else entry


_NOT_FINITE: Final = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _word(values: Values) -> str:
    words = []
    for each in values:
        if isinstance(each, bytes):
            words.append(json.dumps(each.decode(), ensure_ascii=False))
        elif isinstance(each, int):
            words.append(str(each))
        else:
            # The fewest digits that give this float32 again; with a point, or it would be a whole number.
            word = str(np.float32(each))
            words.append(_NOT_FINITE.get(word, word))
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
