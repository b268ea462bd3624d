"""Python expressions for the values of inputs: running one gives the value again, bit by bit.

The result is meant to be read: a short value is written out, an example is the call that made it, a file or
variable is its name. Only what has no such form is written as encoded bytes.
"""

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

from hubexplore.inputs import pictures
from hubexplore.inputs.code import helper_functions, sound_code
from hubexplore.inputs.external.picture_arrays import Pictures
from hubexplore.inputs.external.picture_files import PictureFiles
from hubexplore.inputs.external.sound_arrays import Sounds
from hubexplore.inputs.external.tf_records import Records
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.text.tf_examples import Values, features_of, serialized
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

MAX_CHARACTERS: Final = 2_000
"""Maximum number of characters of a value that is written out."""
MAX_WRITTEN: Final = 12
"""Maximum number of values that are written out although an expression could compute them."""
MAX_BYTES: Final = 1_000_000
"""Maximum number of bytes of an array that the code holds; a larger one is read from a file."""
PICTURES_IMPORT: Final = "from hubexplore.inputs import pictures"
"""The only part of hubexplore, beside its top level, that code may import: people keep what is written."""

Candidate = tuple[str, Callable[[], Any]]


class Expressions:
    """Writes values, and collects the code that has to come before them.

    Attributes:
      imports: import lines, as a set that keeps its order.
      helpers: functions and comments as text.
    """

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.helpers: list[str] = []
        # One generator for all inputs, as `examples.fill` has it: what an input draws depends on those
        # before.
        self._random = np.random.default_rng(0)
        self._is_seeded = False

    @property
    def before(self) -> tuple[str, ...]:
        """The code before the expressions: imports, functions, and the random generator if one is used."""
        seeded = ("random = np.random.default_rng(0)",) if self._is_seeded else ()
        return (*sorted(self.imports), *self.helpers, *seeded)

    def write(self, source: InputValue) -> str:
        """Returns an expression for the value of an input, on one line."""
        value = source.value
        # By name, unless the form made something else of the variable, which the name would not give.
        if is_name(source.variable) and isinstance(value, np.ndarray) and not source.is_made:
            return self._variable(source.variable, value)
        writers: tuple[tuple[Any, Callable[[Any], str]], ...] = (
            (Pictures, self._pictures),
            (PictureFiles, self._picture_files),
            (Records, self._records),
            (Sounds, self._sounds),
        )
        for kind, write in writers:
            # Of what was recorded in the panel there is no file: its numbers are written.
            if isinstance(source, kind) and not getattr(source, "are_recorded", False):
                return write(source)
        if is_sparse(value):
            return self._sparse(value)
        if is_ragged(value):
            value = value.to_list()
        if not isinstance(value, np.ndarray):
            return self._plain(value)
        if source.file.lower().endswith(".npy") and value.dtype.kind in "biufc":
            self._import("import numpy as np")
            return f"np.load({source.file!r}).astype({value.dtype.name!r}).reshape({value.shape!r})"
        made = self._example(value) if source.example is not None else None
        return made or self._array(value)

    def _import(self, line: str) -> None:
        self.imports[line] = None

    def _variable(self, name: str, value: Array) -> str:
        """A variable of the notebook, in the dtype and shape that the form converted it to."""
        self._import("import numpy as np")
        dtype = {"O": "object", "V": "'float32'"}.get(value.dtype.kind, repr(value.dtype.name))
        # -1, so that the code keeps working when the variable has other rows.
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
        # NumPy writes the shortest digits that give this float32 again; `repr` of the float64 has more.
        return str(value)

    def _array(self, value: Array) -> str:
        if not value.size:
            self._import("import numpy as np")
            dtype = "object" if value.dtype.kind in "OSU" else repr(value.dtype.name)
            return f"np.zeros({value.shape!r}, {dtype})"
        if value.dtype.kind in "OSU":
            return self._texts(value)
        if value.size <= MAX_CHARACTERS:
            text = self._plain(_nested(value))
            if len(text) <= MAX_CHARACTERS or value.nbytes <= 256:
                return text
        # np.save would lose the small dtypes of ml_dtypes, such as bfloat16; float32 holds their values.
        if value.dtype.kind == "V":
            value = value.astype(np.float32)
        self._import("import numpy as np")
        if value.nbytes > MAX_BYTES:
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
        flat = [entry if isinstance(entry, bytes) else str(entry).encode() for entry in value.ravel()]
        if sum(map(len, flat)) > MAX_BYTES:
            writer = (
                "with tf.io.TFRecordWriter('input.tfrecord') as file: [file.write(each) for each in VALUE]"
            )
            self.helpers.append(f"# This input is too large for code. Write it to a file first:\n# {writer}")
            return self._records_of("input.tfrecord", value.shape)
        messages = _messages(flat)
        if any(messages):
            return self._examples(messages, value.shape)
        texts: list[Any] = [text_of(content) for content in flat]
        if any(isinstance(text, bytes) for text in texts):
            texts = flat
        rows = np.empty(len(texts), object)
        rows[:] = texts
        return self._plain(rows.reshape(value.shape).tolist())

    def _examples(self, messages: list[dict[str, Values]], shape: tuple[int, ...]) -> str:
        """tf.Example messages, built with TensorFlow's own class."""
        self._import("import tensorflow as tf")
        if helper_functions.EXAMPLE not in self.helpers:
            self.helpers.append(helper_functions.EXAMPLE)
        rows = np.empty(len(messages), object)
        rows[:] = [f"example({helper_functions.features(message)})" for message in messages]
        return _listed(rows.reshape(shape).tolist())

    def _picture_files(self, source: PictureFiles) -> str:
        """The contents of picture files, read again."""
        if source.are_samples:
            self._import(PICTURES_IMPORT)
            files = [f"pictures.samples()[{name!r}]" for name in source.names]
        else:
            self._import("import pathlib")
            files = [f"pathlib.Path({name!r}).read_bytes()" for name in source.names]
        if source.base64:
            self._import("import base64")
            files = [f"base64.urlsafe_b64encode({file})" for file in files]
        rows = np.empty(len(files), object)
        rows[:] = files
        return _listed(rows.reshape(source.value.shape).tolist())

    def _sounds(self, source: Sounds) -> str:
        """Sounds, read again."""
        text, imports = sound_code.expression(source)
        for line in imports:
            self._import(line)
        return text

    def _records(self, source: Records) -> str:
        return self._records_of(source.file, source.value.shape)

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
        """The expression that makes an example; None without one that makes exactly this value.

        Each candidate is computed and compared, so that the code can never give other values. A wrong
        candidate may have drawn random numbers: the generator is set back.
        """
        before = copy.deepcopy(self._random)
        for text, make in _candidates(value, self._random):
            if same(make(), value):
                # A few numbers read better written out. Not random ones: the next input draws after them.
                if value.size <= MAX_WRITTEN and not text.startswith("random."):
                    return None
                self._import("import numpy as np")
                self._is_seeded |= text.startswith("random.")
                if "pictures." in text:
                    self._import(PICTURES_IMPORT)
                if "hubexplore." in text:
                    self._import(sound_code.IMPORT)
                return text
            self._random.bit_generator.state = before.bit_generator.state
        return None

    def _pictures(self, source: Pictures) -> str:
        # A function for each input: they may differ in size and scale.
        name = "picture" if not self.helpers else f"picture_{len(self.helpers) + 1}"
        for line in ("import numpy as np", "import PIL.Image", "import PIL.ImageOps"):
            self._import(line)
        self.helpers.append(helper_functions.picture(name, source))
        files = [repr(file) for file in source.names]
        if source.are_samples:
            self._import("import io")
            self._import(PICTURES_IMPORT)
            files = [f"io.BytesIO(pictures.samples()[{file}])" for file in files]
        whole = f".astype({source.value.dtype.name!r})" if source.value.dtype.kind in "iu" else ""
        return f"np.stack([{', '.join(f'{name}({file})' for file in files)}]){whole}"


def _messages(contents: list[bytes]) -> list[dict[str, Values]]:
    """The features of serialized tf.Example messages; empty unless all of them are such messages."""
    messages = []
    for content in contents:
        features = features_of(content)
        # Another order of features, or a duplicate, would come back as other bytes.
        if features is None or serialized(features) != content:
            return []
        messages.append(features)
    return messages


def _listed(rows: Any) -> str:
    """Nested lists of expressions as one expression."""
    return f"[{', '.join(map(_listed, rows))}]" if isinstance(rows, list) else str(rows)


def is_name(text: str) -> bool:
    """Whether a text is the name of a variable."""
    return text.isidentifier() and not keyword.iskeyword(text)


def text_of(content: bytes) -> str | bytes:
    """The text of UTF-8 bytes; other bytes unchanged."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


def same(one: Array, other: Array) -> bool:
    """Whether two arrays have the same dtype, shape and bytes; -0.0 and 0.0 differ."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def _nested(value: Array) -> Any:
    """Nested lists of NumPy scalars, which print with the fewest digits, unlike Python floats."""
    return list(map(_nested, value)) if value.ndim else value[()]


def _candidates(value: Array, random: np.random.Generator) -> Iterator[Candidate]:
    """Yields expressions that make examples, each with a function that makes the same value."""
    shape, dtype, count = value.shape, value.dtype, value.size
    if dtype.kind not in "biuf":
        return
    cast = f".astype({dtype.name!r})"
    yield f"np.zeros({shape!r}, {dtype.name!r})", lambda: np.zeros(shape, dtype)
    yield f"np.ones({shape!r}, {dtype.name!r})", lambda: np.ones(shape, dtype)
    yield f"random.random({shape!r}){cast}", lambda: np.asarray(random.random(shape)).astype(dtype)
    # The limits that `examples` draws integers with: flags and small ids, quantised levels, and the pixels of
    # uint8 images.
    for top in (2, 128, 256):
        make = functools.partial(random.integers, 0, top, shape)
        yield f"random.integers(0, {top}, {shape!r}){cast}", functools.partial(_array_of, make, dtype)
    end = f"{cast}.reshape({shape!r})"
    ramp: Array = np.arange(count) / max(count - 1, 1)
    yield f"(np.arange({count}) / {max(count - 1, 1)}){end}", lambda: ramp.astype(dtype).reshape(shape)
    yield f"(np.arange({count}) % 2){end}", lambda: (np.arange(count) % 2).astype(dtype).reshape(shape)
    if len(shape) == 4 and shape[3] in (1, 3):
        yield from _drawing_candidates(value)
    yield from sound_code.candidates(value)


def _array_of(make: Callable[[], Any], dtype: np.dtype[Any]) -> Array:
    made: Array = np.asarray(make()).astype(dtype)
    return made


def _drawing_candidates(value: Array) -> Iterator[Candidate]:
    """Yields expressions for examples that are drawings."""
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

    if height == width == pictures.DIGIT_SIDE and channels == 1:
        yield (
            written("pictures.digit(n % 10)"),
            lambda: stored([pictures.digit(n % 10) for n in numbers]),
        )
    yield (
        written(f"pictures.scene({height}, {width}, {channels}, n)"),
        lambda: stored([pictures.scene(height, width, channels, n) for n in numbers]),
    )
