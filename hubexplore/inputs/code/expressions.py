"""Python expressions for the values of inputs, such that running them gives these values again."""

from __future__ import annotations

import base64
import copy
import functools
import io
import keyword
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from hubexplore.inputs import drawn_pictures
from hubexplore.inputs.brought.images import Pictures
from hubexplore.inputs.brought.picture_files import PictureFiles
from hubexplore.inputs.brought.tf_records import Records
from hubexplore.inputs.code import helper_functions
from hubexplore.inputs.input_value import Array, Given
from hubexplore.inputs.typed.tf_examples import Values, features_of, serialized
from hubexplore.summary.tensor_values import is_ragged, is_sparse

SHORT: Final = 2_000
"""Characters: so long a value is written out."""
FEW: Final = 12
"""Numbers: so few are written out rather than computed."""
LONGEST: Final = 1_000_000
"""Bytes of an array that the code carries; a larger one is read from a file."""

Candidate = tuple[str, Callable[[], Any]]


class Expressions:
    """Writes values, and collects what has to stand before them.

    Attributes:
      imports: lines.
      helpers: functions, each as text.
    """

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.helpers: list[str] = []
        self._random = np.random.default_rng(0)
        self._is_seeded = False

    @property
    def before(self) -> tuple[str, ...]:
        """What has to stand before: imports, then functions, then the generator of random numbers."""
        seeded = ("random = np.random.default_rng(0)",) if self._is_seeded else ()
        return (*sorted(self.imports), *self.helpers, *seeded)

    def write(self, given: Given) -> str:
        """An expression, on one line, for what a person gave."""
        value = given.value
        if is_name(given.variable) and isinstance(value, np.ndarray) and not given.is_made:
            return self._variable(given.variable, value)
        writers: tuple[tuple[Any, Callable[[Any], str]], ...] = (
            (Pictures, self._pictures),
            (PictureFiles, self._picture_files),
            (Records, self._records),
        )
        for kind, write in writers:
            if isinstance(given, kind):
                return write(given)
        if is_sparse(value):
            return self._sparse(value)
        if is_ragged(value):
            value = value.to_list()
        if not isinstance(value, np.ndarray):
            return self._plain(value)
        if given.file.lower().endswith(".npy") and value.dtype.kind in "biufc":
            self._import("import numpy as np")
            return f"np.load({given.file!r}).astype({value.dtype.name!r}).reshape({value.shape!r})"
        made = self._example(value) if given.example is not None else None
        return made or self._array(value)

    def _import(self, line: str) -> None:
        self.imports[line] = None

    def _variable(self, name: str, value: Array) -> str:
        """A variable of the notebook in the dtype and shape that the form made of it."""
        self._import("import numpy as np")
        dtype = {"O": "object", "V": "'float32'"}.get(value.dtype.kind, repr(value.dtype.name))
        # With other rows in the variable the code goes on to work.
        shape = (-1, *value.shape[1:]) if value.ndim and value.size else value.shape
        return f"np.asarray({name}, {dtype}).reshape({shape!r})"

    def _plain(self, value: Any) -> str:
        """Nested lists, numbers, texts."""
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self._plain, value))}]"
        if isinstance(value, bytes):
            return repr(text_of(value))
        if isinstance(value, np.generic):
            return self._number(value)
        if isinstance(value, float) and not math.isfinite(value):
            return self._number(np.float64(value))
        return repr(value)

    def _number(self, value: Any) -> str:
        if value.dtype.kind in "biu":
            return repr(value.item())
        number = complex(value) if value.dtype.kind == "c" else float(value)
        if isinstance(number, complex):
            parts = [self._number(np.float64(part)) for part in (number.real, number.imag)]
            return f"complex({', '.join(parts)})"
        if not math.isfinite(number):
            self._import("import numpy as np")
            return "np.nan" if math.isnan(number) else "np.inf" if number > 0 else "-np.inf"
        # The shortest digits that give this float32 again, not those of the float64 beside it.
        return str(value)

    def _array(self, value: Array) -> str:
        if not value.size:
            self._import("import numpy as np")
            dtype = "object" if value.dtype.kind in "OSU" else repr(value.dtype.name)
            return f"np.zeros({value.shape!r}, {dtype})"
        if value.dtype.kind in "OSU":
            return self._texts(value)
        if value.size <= SHORT:
            text = self._plain(_nested(value))
            if len(text) <= SHORT or value.nbytes <= 256:
                return text
        if value.dtype.kind == "V":  # bfloat16: its numbers are float32 as well
            value = value.astype(np.float32)
        self._import("import numpy as np")
        if value.nbytes > LONGEST:
            self.helpers.append(
                "# This input is too large for code. Write it to a file first:\n# np.save('input.npy', VALUE)"
            )
            return "np.load('input.npy')"
        self._import("import base64")
        self._import("import io")
        file = io.BytesIO()
        np.save(file, value, allow_pickle=False)
        return f"np.load(io.BytesIO(base64.b64decode({base64.b64encode(file.getvalue()).decode()!r})))"

    def _texts(self, value: Array) -> str:
        flat = [each if isinstance(each, bytes) else str(each).encode() for each in value.ravel()]
        if sum(map(len, flat)) > LONGEST:
            writer = (
                "with tf.io.TFRecordWriter('input.tfrecord') as file: [file.write(each) for each in VALUE]"
            )
            self.helpers.append(f"# This input is too large for code. Write it to a file first:\n# {writer}")
            return self._records_of("input.tfrecord", value.shape)
        messages = _messages(flat)
        if any(messages):
            return self._examples(messages, value.shape)
        texts: list[Any] = [text_of(each) for each in flat]
        if any(isinstance(each, bytes) for each in texts):
            texts = flat
        rows = np.empty(len(texts), object)
        rows[:] = texts
        return self._plain(rows.reshape(value.shape).tolist())

    def _examples(self, messages: list[dict[str, Values]], shape: tuple[int, ...]) -> str:
        """tf.Example messages, made by TensorFlow's own class."""
        self._import("import tensorflow as tf")
        if helper_functions.EXAMPLE not in self.helpers:
            self.helpers.append(helper_functions.EXAMPLE)
        rows = np.empty(len(messages), object)
        rows[:] = [f"example({helper_functions.features(each)})" for each in messages]
        return _listed(rows.reshape(shape).tolist())

    def _picture_files(self, given: PictureFiles) -> str:
        """What the files hold, read again."""
        if given.ours:
            self._import("from hubexplore.inputs.sample_pictures import bundled")
            files = [f"bundled()[{name!r}]" for name in given.names]
        else:
            self._import("import pathlib")
            files = [f"pathlib.Path({name!r}).read_bytes()" for name in given.names]
        if given.base64:
            self._import("import base64")
            files = [f"base64.urlsafe_b64encode({file})" for file in files]
        rows = np.empty(len(files), object)
        rows[:] = files
        return _listed(rows.reshape(given.value.shape).tolist())

    def _records(self, given: Records) -> str:
        return self._records_of(given.file, given.value.shape)

    def _records_of(self, file: str, shape: tuple[int, ...]) -> str:
        self._import("import numpy as np")
        self._import("import tensorflow as tf")
        rows = f"[row.numpy() for row in tf.data.TFRecordDataset({file!r})]"
        return f"np.array({rows}, object).reshape({shape!r})"

    def _sparse(self, value: Any) -> str:
        self._import("import tensorflow as tf")
        indices, shape = (np.asarray(part).tolist() for part in (value.indices, value.dense_shape))
        return (
            f"tf.compat.v1.SparseTensorValue({indices!r}, {self._array(np.asarray(value.values))}, {shape!r})"
        )

    def _example(self, value: Array) -> str | None:
        """The expression that makes an example; None if none is known that makes exactly this one."""
        before = copy.deepcopy(self._random)
        for text, make in _candidates(value, self._random):
            if same(make(), value):
                # Of few numbers nobody needs to be told how they came about, but random ones have an order.
                if value.size <= FEW and not text.startswith("random."):
                    return None
                self._import("import numpy as np")
                self._is_seeded |= text.startswith("random.")
                if "drawn_pictures." in text:
                    self._import("from hubexplore.inputs import drawn_pictures")
                return text
            self._random.bit_generator.state = before.bit_generator.state
        return None

    def _pictures(self, given: Pictures) -> str:
        name = "picture" if not self.helpers else f"picture_{len(self.helpers) + 1}"
        for line in ("import numpy as np", "import PIL.Image", "import PIL.ImageOps"):
            self._import(line)
        self.helpers.append(helper_functions.picture(name, given))
        files = [repr(file) for file in given.names]
        if given.ours:
            self._import("import io")
            self._import("from hubexplore.inputs.brought.images import bundled")
            files = [f"io.BytesIO(bundled()[{file}])" for file in files]
        whole = f".astype({given.value.dtype.name!r})" if given.value.dtype.kind in "iu" else ""
        return f"np.stack([{', '.join(f'{name}({file})' for file in files)}]){whole}"


def _messages(contents: list[bytes]) -> list[dict[str, Values]]:
    """The tf.Example messages that all of these bytes are; none if one is something else."""
    found = []
    for content in contents:
        features = features_of(content)
        if features is None or serialized(features) != content:
            return []
        found.append(features)
    return found


def _listed(rows: Any) -> str:
    """Nested lists of expressions as one."""
    return f"[{', '.join(map(_listed, rows))}]" if isinstance(rows, list) else str(rows)


def is_name(text: str) -> bool:
    """Whether a text is the name of a variable."""
    return text.isidentifier() and not keyword.iskeyword(text)


def text_of(content: bytes) -> str | bytes:
    """The text that UTF-8 bytes are; other bytes as they are."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def same(one: Array, other: Array) -> bool:
    """Whether two arrays are equal, in dtype and shape as well."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _nested(value: Array) -> Any:
    """Nested lists of NumPy's own numbers, which know how few digits they need."""
    return list(map(_nested, value)) if value.ndim else value[()]


def _candidates(value: Array, random: np.random.Generator) -> Iterator[Candidate]:
    """Expressions that make examples, with what they make; the first equal one is written."""
    shape, dtype, count = value.shape, value.dtype, value.size
    if dtype.kind not in "biuf":
        return
    cast = f".astype({dtype.name!r})"
    yield f"np.zeros({shape!r}, {dtype.name!r})", lambda: np.zeros(shape, dtype)
    yield f"np.ones({shape!r}, {dtype.name!r})", lambda: np.ones(shape, dtype)
    yield f"random.random({shape!r}){cast}", lambda: np.asarray(random.random(shape)).astype(dtype)
    for top in (2, 256):
        make = functools.partial(random.integers, 0, top, shape)
        yield f"random.integers(0, {top}, {shape!r}){cast}", functools.partial(_cast, make, dtype)
    end = f"{cast}.reshape({shape!r})"
    ramp: Array = np.arange(count) / max(count - 1, 1)
    yield f"(np.arange({count}) / {max(count - 1, 1)}){end}", lambda: ramp.astype(dtype).reshape(shape)
    yield f"(np.arange({count}) % 2){end}", lambda: (np.arange(count) % 2).astype(dtype).reshape(shape)
    if len(shape) == 4 and shape[3] in (1, 3):
        yield from _drawn(value)


def _cast(make: Callable[[], Any], dtype: np.dtype[Any]) -> Array:
    made: Array = np.asarray(make()).astype(dtype)
    return made


def _drawn(value: Array) -> Iterator[Candidate]:
    """Expressions for the drawings that examples are."""
    shape, dtype = value.shape, value.dtype
    count, height, width, channels = shape
    numbers = range(count)

    def stored(drawn: list[Array]) -> Array:
        array = np.reshape(drawn, shape)
        return np.round(array * 255).astype(dtype) if dtype.kind == "u" else array.astype(dtype)

    def written(draw: str) -> str:
        array = f"np.reshape([{draw} for n in range({count})], {shape!r})"
        array = f"np.round({array} * 255)" if dtype.kind == "u" else array
        return f"{array}.astype({dtype.name!r})"

    if height == width == drawn_pictures.DIGIT_SIDE and channels == 1:
        yield (
            written("drawn_pictures.digit(n % 10)"),
            lambda: stored([drawn_pictures.digit(n % 10) for n in numbers]),
        )
    yield (
        written(f"drawn_pictures.picture({height}, {width}, {channels}, n)"),
        lambda: stored([drawn_pictures.picture(height, width, channels, n) for n in numbers]),
    )
