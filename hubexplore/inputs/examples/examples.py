"""Example values to start with: sentences, digits, a picture, random numbers.

All are made without a clock or an unseeded generator: the same signature always gets the same examples, and
`code` can write the expression for each.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from hubexplore.errors import HubError, SignatureError, closest
from hubexplore.inputs import pictures
from hubexplore.inputs.examples import feature_examples, sound_examples
from hubexplore.inputs.examples.example_kinds import (
    CATEGORIES,
    DIGITS,
    FILM,
    PICTURE,
    RAMP,
    RANDOM,
    SENTENCES,
    SOUND,
    ZEROS,
)
from hubexplore.inputs.examples.text_examples import (
    is_category,
    is_text,
    named_text,
    plain_text,
    says_prose,
    sentence_words,
    text_kinds,
    with_categories,
)
from hubexplore.inputs.external import picture_files
from hubexplore.inputs.fields import IMAGE, RAGGED, SPARSE, Component, Field, numpy_dtype
from hubexplore.inputs.graph_uses import Use
from hubexplore.inputs.input_value import Example, InputValue, Sparse
from hubexplore.inputs.open_sizes import raw_counts, shape_for, size_choices
from hubexplore.inputs.text import tf_examples
from hubexplore.inputs.text.literals import counted, integer_limits
from hubexplore.summary.tensor_values import Array

MAX_BYTES: Final = 256_000_000
"""Maximum size of an example in bytes."""
MAX_GUESSED: Final = 1_000_000
"""Maximum number of values in an example whose sizes are only guessed."""
ROWS: Final = 2
"""Default number of rows: one would hide a fault in how a module treats batches."""
# Words in names of inputs for which 1.0 changes nothing: a probability to keep, a temperature.
_NEUTRAL_WORDS: Final = frozenset({"keep", "temperature"})
_LENGTH_WORDS: Final = frozenset({"len", "lens", "length", "lengths", "seqlen"})
_QUANTIZED: Final = {"qint8": 128, "quint8": 256, "qint16": 256, "quint16": 256, "qint32": 256}
"""The limit of quantised numbers, itself excluded: they are levels of brightness or loudness, never ids."""
_SHORTER: Final = (2, 4, 8)
"""What networks of convolutions divide the length of a row by."""


def kinds(fields: Sequence[Field]) -> tuple[str, ...]:
    """The kinds of examples for a form, the best first; () without inputs, or if one cannot be entered."""
    if not fields or any(field.problem for field in fields):
        return ()
    fields = with_categories(_wholes(fields))
    texts = [is_text(field) for field in fields]
    names = text_kinds(fields) or _feature_kinds(fields)
    names += [DIGITS] if any(map(_takes_digits, fields)) else []
    is_drawn = PICTURE not in names and any(
        field.asks == IMAGE or field.encoded == "image" for field in fields
    )
    names += [PICTURE] if is_drawn else []
    names += [FILM] if any(field.film for field in fields) else []
    names += [SOUND] if any(field.sound or field.encoded == "audio" for field in fields) else []
    return (*names, RANDOM) if all(texts) else (*names, RANDOM, ZEROS, RAMP)


def _feature_kinds(fields: Sequence[Field]) -> list[str]:
    """The kind of examples for the strings in tf.Example messages; none without any."""
    features = [
        feature for field in fields for feature in field.encoding.features if feature.dtype == "string"
    ]
    if any(feature.picture for feature in features):
        return [PICTURE]
    if any(says_prose(feature.name) for feature in features):
        return [SENTENCES]
    return [CATEGORIES] if features else []


def fill(
    fields: Sequence[Field],
    kind: str,
    rows: int = ROWS,
    size: int | None = None,
    turn: int = 0,
    *,
    shorter: int = 1,
) -> dict[str, InputValue]:
    """Returns an example for each input of a signature.

    Args:
      fields: of the signature.
      kind: one of `kinds(fields)`; inputs that it does not suit get random values.
      rows: size of unknown first dimensions.
      size: size of the other unknown dimensions; None leaves it to `open_sizes.shape_for`.
      turn: index of the solution for the open sizes.
      shorter: what the lengths of rows are divided by: a graph may make rows shorter before it cuts them off.

    Raises:
      SignatureError: the kind suits no input, or the example would be larger than `MAX_BYTES`.
    """
    known = kinds(fields)
    if kind not in known:
        listed = ", ".join(map(repr, known)) or "nothing: one of them cannot be entered"
        raise SignatureError(
            f"These inputs can be filled with {listed}; got {kind!r}.{closest(str(kind), known)}"
        )
    components = [field.component or Component(field) for field in fields]
    made = _fill(_wholes(fields), kind, rows, size, turn, shorter=shorter)
    return {
        field.name: InputValue(
            _taken(field, component, made[component.field.name]),
            example=Example(kind, rows, has_rows=_has_rows(field)),
        )
        for field, component in zip(fields, components, strict=True)
    }


def _fill(
    fields: Sequence[Field], kind: str, rows: int, size: int | None, turn: int, *, shorter: int
) -> dict[str, Any]:
    """An example for each whole input."""
    # One generator for all inputs, so that inputs of the same shape do not get the same numbers.
    random = np.random.default_rng(0)
    fields = [_as_bytes(field, rows, size, turn) for field in with_categories(fields)]
    shapes = [
        shape_for(field, rows, size, turn) if field.neutral is None or field.shape is not None else ()
        for field in fields
    ]
    # The length of rows, which inputs of lengths are filled with.
    longest = next((shape[1] for shape in shapes if len(shape) > 1), 0) // shorter
    example = {}
    for number, (field, shape) in enumerate(zip(fields, shapes, strict=True)):
        _check(field, shape, rows)
        constant = _constant(field, kind, longest)
        if constant is None:
            value = _example_value(field, kind, shape, random, number)
        else:
            value = np.full(shape, constant, field.numpy)
        example[field.name] = value
    return example


def _has_rows(field: Field) -> bool:
    """Whether the first dimension is one of rows: not that of one picture or sound."""
    is_one_sound = field.sound is not None and field.shape is not None and len(field.shape) == 1
    return not field.is_lone and not is_one_sound


def _wholes(fields: Sequence[Field]) -> Sequence[Field]:
    """The inputs for which examples are made: parts of an argument are made as one."""
    if not any(field.component for field in fields):
        return fields
    wholes = {}
    for field in fields:
        whole = field.component.field if field.component else field
        wholes[whole.name] = whole
    return tuple(wholes.values())


def _taken(field: Field, component: Component, value: Any) -> Any:
    """What an input gets of the example that was made for `component.field`."""
    whole, position = component.field, component.position
    if position is None:
        return value
    if whole.kind == SPARSE:
        return value[position]
    level = value
    for number in range(1, whole.ragged_rank + 1):
        if number == position:
            return np.cumsum([0, *map(len, level)]).astype(field.numpy)
        level = [entry for row in level for entry in row]
    return np.array(level, field.numpy)


def make(field: Field, kind: str, rows: int = ROWS, size: int | None = None) -> Any:
    """Returns an example for one input, as `fill` makes it for a signature of this input alone.

    Raises:
      SignatureError: the kind does not suit the input, or the example would be larger than `MAX_BYTES`.
    """
    return fill((field,), kind, rows, size)[field.name].value


def candidates(fields: Sequence[Field], rows: int = ROWS) -> Iterator[dict[str, InputValue]]:
    """Yields examples of all kinds and sizes, the likeliest first; one empty example without inputs."""
    if not fields:
        yield {}
    guessed = [replace(field, component=field.guess) for field in fields if field.guess]
    ways = [_candidates(fields, rows), *([_candidates(guessed, rows)] if guessed else [])]
    # In turn: nothing says which way is right.
    for group in itertools.zip_longest(*ways):
        yield from (example for example in group if example is not None)


def _candidates(fields: Sequence[Field], rows: int) -> Iterator[dict[str, InputValue]]:
    wholes = _wholes(fields)
    known = kinds(fields)
    first, *others = list(size_choices(wholes)) if known else [(0, None)]
    # The best kind with the likeliest sizes, then with one row; the other kinds; then all kinds with other
    # sizes. An example of the same shapes is not repeated, as it would fail again.
    likely = [(kind, first, count, 1) for kind in known[:1] for count in (rows, 1)]
    if any(map(_is_length, fields)):
        likely += [(kind, first, rows, shorter) for kind in known[:1] for shorter in _SHORTER]
    likely += [(kind, first, rows, 1) for kind in known[1:]]
    likely += [(kind, turn, count, 1) for kind in known for turn in others for count in (rows, 1)]
    seen = set()
    for kind, (turn, size), count, shorter in likely:
        shapes = [shape_for(field, count, size, turn) for field in wholes]
        key = (kind, shorter, *shapes, *(raw_counts(field, count, size, turn) for field in wholes))
        if key in seen or (size and sum(map(math.prod, shapes)) > MAX_GUESSED):
            continue
        seen.add(key)
        try:
            yield fill(fields, kind, count, size, turn, shorter=shorter)
        except HubError:  # too large: other sizes may fit
            continue


# ---- one input


def _constant(field: Field, kind: str, longest: int) -> Any:
    """The number to fill an input with whose use or name shows its purpose; None for other inputs.

    A mask of ones hides nothing, and lengths equal to the rows cut nothing off. With random numbers there,
    most of what the example shows would be hidden.
    """
    if field.neutral is not None:
        return field.neutral
    if kind == ZEROS or field.kind in (SPARSE, RAGGED) or field.dtype == "string":
        return None
    words = re.split(r"[^a-z]+", field.name.lower())
    if field.numpy.kind == "f" and field.shape in (None, (), (1,)) and set(words) & _NEUTRAL_WORDS:
        return 1
    if any("mask" in word for word in words):
        return 1
    return longest if longest and _is_length(field) else None


def _is_length(field: Field) -> bool:
    """Whether an input says how long each row is."""
    words = re.split(r"[^a-z]+", field.name.lower())
    is_vector = not field.problem and field.shape is not None and len(field.shape) == 1
    return (
        is_vector
        and field.dtype != "string"
        and field.numpy.kind in "iu"
        and bool(set(words) & _LENGTH_WORDS)
    )


def _as_bytes(field: Field, rows: int, size: int | None, turn: int) -> Field:
    """The field with strings for its use, where the graph decodes raw bytes; else the field itself."""
    counts = raw_counts(field, rows, size, turn)
    if field.use is None or not counts:
        return field
    # Several DecodeRaw ops may read the same string: the longest suits those that take a part of it.
    made = []
    for start in range(3):
        contents = [_numbers(numpy_dtype(dtype), count, start) for dtype, count in counts]
        made.append(max(contents, key=len))
    return replace(field, use=replace(field.use, texts=tuple(made)))


def _numbers(dtype: np.dtype[Any], count: int, start: int) -> bytes:
    """The bytes of numbers: brightness from 0 to 255, ids 0 and 1, or fractions up to 1."""
    numbers: Array = np.arange(start, start + count)
    if dtype.kind in "biu":
        return (numbers % (256 if dtype.itemsize == 1 and dtype.kind == "u" else 2)).astype(dtype).tobytes()
    return (numbers / (start + count)).astype(dtype).tobytes()


def _takes_digits(field: Field) -> bool:
    side = pictures.DIGIT_SIDE
    return field.asks == IMAGE and (field.height, field.width, field.channels) == (side, side, 1)


def _example_value(
    field: Field, kind: str, shape: tuple[int, ...], random: np.random.Generator, turn: int
) -> Any:
    if field.kind == SPARSE:
        return _sparse(field, kind, shape, random, turn)
    if field.kind == RAGGED:
        values = _values(field, kind, shape, random, turn)
        return _ragged_rows(values.tolist(), field.ragged_rank)
    drawn = _drawing(field, kind, shape)
    return _values(field, kind, shape, random, turn) if drawn is None else drawn


def _drawing(field: Field, kind: str, shape: tuple[int, ...]) -> Any:
    """A digit, picture, film or sound for each row; None for other kinds, and for inputs that take none."""
    rows = 1 if field.is_lone else shape[0] if shape else 0
    if kind == DIGITS and _takes_digits(field):
        numbers = [pictures.digit(number % 10) for number in range(rows)]
        return _pixels(field, np.reshape(numbers, shape))
    if kind == PICTURE and field.asks == IMAGE:
        count, height, width, channels = (*((1,) if field.is_lone else ()), *shape, 1)[:4]
        encoded_picture = [pictures.scene(height, width, channels, number) for number in range(count)]
        return _pixels(field, np.reshape(encoded_picture, shape))
    if kind == FILM and field.film:
        return _pixels(field, pictures.film(*shape))
    if kind == SOUND and field.sound:
        return sound_examples.waveforms(field, shape)
    return None


def _check(field: Field, shape: tuple[int, ...], rows: int) -> None:
    """Raises SignatureError if a value of this shape takes more than `MAX_BYTES`."""
    # Drawings and random numbers are float64 before they are cast: 8 bytes whatever the dtype.
    width = 16 if field.numpy.kind == "c" else 8
    if field.encoded == "image":
        width = 8 * 3 * 128 * 128
    if field.encoded == "example":
        width = 64 * sum(feature.count for feature in field.encoding.features)
    # A dimension of 0 counts as 1: NumPy refuses even an empty array if its other dimensions overflow.
    size = math.prod(max(side, 1) for side in shape) * max(width, 8)
    if size > MAX_BYTES:
        fitting = rows * MAX_BYTES // size
        remedy = f"At most {counted(fitting, 'row', 'rows')} would fit." if fitting else "Use a file instead."
        raise SignatureError(
            f"Input {field.name!r}: an example of shape {shape} would take {size / 1e6:,.0f} MB; the limit "
            f"is {MAX_BYTES / 1e6:,.0f} MB. {remedy}"
        )


def _pixels(field: Field, encoded_picture: Array) -> Array:
    """Brightness from 0.0 to 1.0 in the dtype of the input; 0 to 255 for integers."""
    return (
        np.round(encoded_picture * 255).astype(field.numpy)
        if field.numpy.kind in "iu"
        else encoded_picture.astype(field.numpy)
    )


def _values(field: Field, kind: str, shape: tuple[int, ...], random: np.random.Generator, turn: int) -> Array:
    """An array of the input's dtype."""
    count = math.prod(shape)
    if field.dtype == "string":
        is_row = len(shape) == 2 and shape[1] > 1
        if kind == SENTENCES and is_text(field) and not is_category(field) and is_row:
            return sentence_words(shape, turn)
        return _strings(field, kind, count, random, turn).reshape(shape)
    dtype = field.numpy
    if kind == ZEROS:
        return np.zeros(shape, dtype)
    whole = dtype.kind == "b" or integer_limits(dtype) is not None
    if kind == RAMP:
        # Ids must stay below the size of a vocabulary; brightness and fractions end at 1.
        limit = _QUANTIZED.get(field.dtype) or _id_limit(field)
        ramp: Array = np.arange(count) % limit if whole else np.arange(count) / max(count - 1, 1)
        return ramp.astype(dtype).reshape(shape)
    if whole:
        # Bytes of a volume are brightness, as those of a picture.
        is_volume = field.dtype == "uint8" and len(shape) > 3
        top = 256 if field.asks == IMAGE or is_volume else _QUANTIZED.get(field.dtype) or _id_limit(field)
        return random.integers(0, top, shape).astype(dtype)
    # Generators are made for numbers about 0, of both signs.
    numbers = random.standard_normal(shape) if field.is_latent else random.random(shape)
    if dtype.kind == "c":
        numbers = numbers + 1j * random.random(shape)
    return np.asarray(numbers).astype(dtype)


def _strings(field: Field, kind: str, count: int, random: np.random.Generator, turn: int) -> Array:
    """An object array [count] of bytes: sentences, or strings that the graph parses."""
    contents = np.empty(count, object)
    use = field.use or Use()
    for number in range(count):
        if use.texts and not field.encoded:
            contents[number] = use.texts[number % len(use.texts)]
            continue
        match field.encoded:
            case "example":
                features = {
                    feature.name: feature_examples.values(feature, kind, random, number, turn)
                    for feature in field.encoding.features
                }
                contents[number] = tf_examples.serialized(features)
            case "image":
                contents[number] = picture_files.encoded_picture(
                    feature_examples.scene(kind, number, random), field.encoding
                )
            case "audio":
                contents[number] = sound_examples.wav_file(number, field.encoding)
            case _:
                named = None if use.words else named_text(field.name, number)
                contents[number] = named or plain_text(use, kind, number, random, turn)
    return contents


def _id_limit(field: Field) -> int:
    """The limit of integers, itself excluded: the size of the table that they index, or 2.

    Without a known table only 0 and 1 are safe. An integer with other uses than ids, such as a count, stays
    small.
    """
    if field.use is None or field.use.below is None:
        return 2
    return field.use.below if field.use.is_sure and field.numpy.kind in "iu" else min(2, field.use.below)


def _sparse(
    field: Field, kind: str, shape: tuple[int, ...], random: np.random.Generator, turn: int
) -> Sparse:
    """A sparse value with one entry in each row, along the diagonal."""
    rows = shape[0] if shape and 0 not in shape else 0
    indices = np.zeros([rows, len(shape)], np.int64)
    for place, width in enumerate(shape):
        indices[:, place] = np.arange(rows) % max(width, 1)
    return Sparse(indices, _values(field, kind, (rows,), random, turn), np.array(shape, np.int64))


def _ragged_rows(rows: Any, depth: int) -> Any:
    """Makes rows ragged: each is one entry shorter than the row before, down to one entry."""
    if depth == 0:
        return rows
    return [_ragged_rows(row[: max(1, len(row) - number)], depth - 1) for number, row in enumerate(rows)]
