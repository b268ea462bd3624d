"""Python expressions for the values of inputs: running one gives the value again, bit by bit.

The result is meant to be read: a short value is written out, an example is the call that made it, a file or
variable is its name. Only what has no such form is written as encoded bytes.
"""

from __future__ import annotations

import base64
import copy
import functools
import io
import itertools
import json
import keyword
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from hubexplore.inputs.code import file_readers, film_code, helper_functions, sound_code, table_code
from hubexplore.inputs.code.data_files import DataFiles
from hubexplore.inputs.code.example_expressions import candidates
from hubexplore.inputs.external.film_arrays import Films
from hubexplore.inputs.external.picture_arrays import Pictures
from hubexplore.inputs.external.picture_files import PictureFiles
from hubexplore.inputs.external.sound_arrays import Sounds
from hubexplore.inputs.external.tf_records import Records
from hubexplore.inputs.input_value import InputValue
from hubexplore.inputs.tables.table_sources import TableColumn
from hubexplore.inputs.text.tf_examples import Values, features_of, serialized
from hubexplore.summary.files import magic
from hubexplore.summary.tensor_values import Array, is_ragged, is_sparse

MAX_CHARACTERS: Final = 2_000
"""Maximum number of characters of a value that is written out."""
MAX_WRITTEN: Final = 12
"""Maximum number of values that are written out although an expression could compute them."""
MAX_EMBEDDED: Final = 3_000
"""Maximum number of bytes of an array that the code holds in base64; a larger one is read from a file."""
PICTURES_IMPORT: Final = "from hubexplore import pictures"
ARRAYS: Final = "arrays"
"""The variable with the arrays of a file that was saved for the code."""
TEXTS: Final = "texts"
"""The variable with the texts of such a file."""
TABLE: Final = "table"
"""The variable with the rows or columns of a table that was uploaded."""

_DRAWN: Final = ("random.", "(random.")
"""How expressions begin that draw random numbers."""


class Expressions:
    """Writes values, and collects the code that has to come before them.

    Args:
      files: places for the files that the code reads; by default in the current folder.

    Attributes:
      imports: import lines, as a set that keeps its order.
      helpers: functions as text.
    """

    def __init__(self, files: DataFiles | None = None) -> None:
        self.imports: dict[str, None] = {}
        self.helpers: list[str] = []
        self.files = DataFiles(Path()) if files is None else files
        self._arrays: dict[str, Array] = {}
        self._texts_by_key: dict[str, Any] = {}
        self._tables: dict[str, tuple[str, ...]] = {}
        self._key = ""
        self._comments: dict[str, None] = {}
        # One generator for all inputs, as `examples.fill` has it: what an input draws depends on those
        # before.
        self._random = np.random.default_rng(0)
        self._is_seeded = False

    @property
    def before(self) -> tuple[str, ...]:
        """The code before the expressions: imports, functions, the random generator, files of large inputs.

        To be asked for once, after all inputs were written.
        """
        seeded = ("random = np.random.default_rng(0)",) if self._is_seeded else ()
        tables = itertools.chain.from_iterable(self._tables.values())
        # Blank lines around functions, as an author would write them.
        functions = ("", *(f"{helper}\n" for helper in self.helpers)) if self.helpers else ()
        imports = sorted(self.imports, key=_import_order)
        return (*imports, *functions, *self._comments, *seeded, *tables, *self._loaded())

    def _loaded(self) -> Iterator[str]:
        arrays, texts = self._arrays, self._texts_by_key
        if arrays:
            name = self.files.place("inputs.npz", lambda: _npz(arrays), ".npz")
            yield f"{ARRAYS} = np.load({name!r})"
        if texts:
            name = self.files.place("inputs.json", lambda: json.dumps(texts, indent=1).encode(), ".json")
            yield f"{TEXTS} = json.loads(pathlib.Path({name!r}).read_text('utf-8'))"

    def write(self, source: InputValue, name: str = "input") -> str:
        """Returns an expression for the value of an input, on one line.

        Args:
          source: the value.
          name: of the input, by which a file of large inputs has it.
        """
        value = source.value
        self._key = self._free_key(name)
        # By name, unless the form made something else of the variable, which the name would not give.
        if is_name(source.variable) and isinstance(value, np.ndarray) and not source.is_made:
            return self._variable(source.variable, value)
        writers: tuple[tuple[Any, Callable[[Any], str]], ...] = (
            (Pictures, self._pictures),
            (PictureFiles, self._picture_files),
            (Records, self._records),
            (Sounds, self._sounds),
            (Films, self._films),
            (TableColumn, self._column),
        )
        for kind, write in writers:
            if isinstance(source, kind):
                return write(source)
        if is_sparse(value):
            return self._sparse(value)
        if is_ragged(value):
            value = value.to_list()
        if not isinstance(value, np.ndarray):
            return self._nested(value)
        if source.file and source.contents:
            return self._file(source, value)
        made = self._example(value) if source.example is not None else None
        return made or self._array(value)

    def _free_key(self, name: str) -> str:
        """Returns a key for a file of several inputs: the name of the input where that is a plain word."""
        # `np.savez` has arguments of its own.
        is_key = is_name(name) and name.isascii() and name not in {"file", "allow_pickle"}
        key = name if is_key else "input"
        taken = self._arrays.keys() | self._texts_by_key.keys()
        return next(
            candidate
            for candidate in (key, *(f"{key}_{number}" for number in range(2, len(taken) + 3)))
            if candidate not in taken
        )

    def _file(self, source: InputValue, value: Array) -> str:
        """A file that was uploaded: read if it is in the folder or too long to be written out."""
        content = source.contents[0]
        reader = file_readers.reader_of(content, value)
        if reader is None:
            return self._array(value)
        if not self.files.has(source.file, content):
            written = self._written(value)
            if written is not None:
                return written
        for line in reader.imports:
            self._import(line)
        name = self.files.place(source.file, lambda: content, reader.suffix)
        return reader.expression.format(repr(name))

    def _column(self, source: TableColumn) -> str:
        """A column of a table file: read if the file is in the folder or too long to be written out."""
        content = source.contents[0]
        found = table_code.column_of(source)
        if found is None or (len(content) <= MAX_CHARACTERS and not self.files.has(source.file, content)):
            return self._array(source.value)
        reader, template, needs_numpy = found
        for line in (*reader.imports, *(["import numpy as np"] if needs_numpy else [])):
            self._import(line)
        file = repr(self.files.place(source.file, lambda: content, ".csv"))
        # One variable for all columns of a file.
        variable = next(
            (name for name, lines in self._tables.items() if lines == _opened(reader, file, name)), ""
        )
        if not variable:
            variable = TABLE if not self._tables else f"{TABLE}_{len(self._tables) + 1}"
            self._tables[variable] = _opened(reader, file, variable)
        return template.format(table=variable)

    def _import(self, line: str) -> None:
        self.imports[line] = None

    def _variable(self, name: str, value: Array) -> str:
        """A variable of the notebook, in the dtype and shape that the form converted it to."""
        self._import("import numpy as np")
        self._comments[f"# {name} is a variable of the notebook."] = None
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
        written = self._written(value)
        if written is not None:
            return written
        if value.dtype.kind in "OSU":
            return self._stored_texts(value)
        # np.save would lose the small dtypes of ml_dtypes, such as bfloat16; float32 holds their values.
        if value.dtype.kind == "V":
            value = value.astype(np.float32)
        self._import("import numpy as np")
        if value.nbytes > MAX_EMBEDDED:
            self._arrays[self._key] = value
            return f"{ARRAYS}[{self._key!r}]"
        self._import("import base64")
        self._import("import io")
        file = io.BytesIO()
        np.save(file, value, allow_pickle=False)
        return f"np.load(io.BytesIO(base64.b64decode({base64.b64encode(file.getvalue()).decode()!r})))"

    def _written(self, value: Array) -> str | None:
        """The values themselves; None if they are too many."""
        if not value.size:
            self._import("import numpy as np")
            dtype = "object" if value.dtype.kind in "OSU" else repr(value.dtype.name)
            return f"np.zeros({value.shape!r}, {dtype})"
        if value.size > MAX_CHARACTERS:
            return None
        if value.dtype.kind in "OSU":
            return self._written_texts(value)
        text = self._plain(_nested(value))
        return text if len(text) <= MAX_CHARACTERS or value.nbytes <= 256 else None

    def _written_texts(self, value: Array) -> str | None:
        flat = _contents(value)
        if sum(map(len, flat)) > MAX_CHARACTERS:
            return None
        messages = _messages(flat)
        if any(messages):
            return self._examples(messages, value.shape)
        texts: list[Any] = [text_of(content) for content in flat]
        if any(isinstance(text, bytes) for text in texts):
            texts = flat
        text = self._plain(_shaped(texts, value.shape).tolist())
        return text if len(text) <= 2 * MAX_CHARACTERS else None

    def _stored_texts(self, value: Array) -> str:
        """Texts that a file has: as they are, or in base64 if they are not UTF-8."""
        flat = _contents(value)
        self._import("import json")
        self._import("import pathlib")
        key = f"{TEXTS}[{self._key!r}]"
        texts = [text_of(content) for content in flat]
        if all(isinstance(text, str) for text in texts):
            self._texts_by_key[self._key] = _shaped(texts, value.shape).tolist()
            return key
        self._import("import base64")
        self._texts_by_key[self._key] = [base64.b64encode(content).decode() for content in flat]
        rows = f"[base64.b64decode(text) for text in {key}]"
        if value.ndim == 1:
            return rows
        self._import("import numpy as np")
        return f"np.array({rows}, object).reshape({value.shape!r})"

    def _nested(self, value: Any) -> str:
        """Nested lists, which a file has if they are long."""
        text = self._plain(value)
        if len(text) <= 2 * MAX_CHARACTERS:
            return text
        try:
            self._texts_by_key[self._key] = _as_json(value)
        except UnicodeDecodeError:  # JSON has no bytes
            return text
        self._import("import json")
        self._import("import pathlib")
        return f"{TEXTS}[{self._key!r}]"

    def _examples(self, messages: list[dict[str, Values]], shape: tuple[int, ...]) -> str:
        """tf.Example messages, built with TensorFlow's own class."""
        self._import("import tensorflow as tf")
        if helper_functions.EXAMPLE not in self.helpers:
            self.helpers.append(helper_functions.EXAMPLE)
        rows: list[Any] = [f"example({helper_functions.features(message)})" for message in messages]
        return _listed(_shaped(rows, shape).tolist())

    def _picture_files(self, source: PictureFiles) -> str:
        """The contents of picture files, read again."""
        if source.are_samples:
            self._import(PICTURES_IMPORT)
            files = [f"pictures.samples()[{name!r}]" for name in source.names]
        else:
            self._import("import pathlib")
            files = [f"pathlib.Path({name!r}).read_bytes()" for name in self._picture_names(source)]
        if source.base64:
            self._import("import base64")
            files = [f"base64.urlsafe_b64encode({file})" for file in files]
        return _listed(_shaped(list(files), source.value.shape).tolist())

    def _sounds(self, source: Sounds) -> str:
        """Sounds, read again."""
        paths = [] if source.are_samples else self._names(source, ".wav")
        text, imports = sound_code.expression(source, paths)
        for line in imports:
            self._import(line)
        return text

    def _films(self, source: Films) -> str:
        """A film, read again."""
        name = "film" if not self.helpers else f"film_{len(self.helpers) + 1}"
        for line in film_code.IMPORTS:
            self._import(line)
        self.helpers.append(film_code.function(name, source))
        files = ", ".join(map(repr, self._names(source, ".gif")))
        whole = f".astype({source.value.dtype.name!r})" if source.value.dtype != np.float32 else ""
        return f"{name}({files})[None]{whole}"

    def _records(self, source: Records) -> str:
        self._import("import numpy as np")
        self._import("import tensorflow as tf")
        file = self.files.place(source.file, lambda: source.contents[0], ".tfrecord")
        rows = f"[row.numpy() for row in tf.data.TFRecordDataset({file!r})]"
        return f"np.array({rows}, object).reshape({source.value.shape!r})"

    def _sparse(self, value: Any) -> str:
        self._import("import tensorflow as tf")
        name, parts = self._key, []
        for part, array in (("indices", value.indices), ("values", value.values)):
            self._key = self._free_key(f"{name}_{part}")
            parts.append(self._array(np.asarray(array)))
        shape = np.asarray(value.dense_shape).tolist()
        return f"tf.compat.v1.SparseTensorValue({parts[0]}, {parts[1]}, {shape!r})"

    def _example(self, value: Array) -> str | None:
        """The expression that makes an example; None without one that makes exactly this value.

        Each candidate is computed and compared, so that the code can never give other values. A wrong
        candidate may have drawn random numbers: the generator is set back.
        """
        before = copy.deepcopy(self._random)
        for text, make in candidates(value, self._random):
            if same(make(), value):
                # A few numbers read better written out. Not random ones: the next input draws after them.
                if value.size <= MAX_WRITTEN and not text.startswith(_DRAWN):
                    return None
                self._import("import numpy as np")
                self._is_seeded |= text.startswith(_DRAWN)
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
        if source.are_samples:
            self._import("import io")
            self._import(PICTURES_IMPORT)
            files = [f"io.BytesIO(pictures.samples()[{file!r}])" for file in source.names]
        else:
            files = list(map(repr, self._picture_names(source)))
        whole = f".astype({source.value.dtype.name!r})" if source.value.dtype.kind in "iu" else ""
        read = ", ".join(f"{name}({file})" for file in files)
        return f"{read}{whole}" if source.is_lone else f"np.stack([{read}]){whole}"

    def _names(self, source: Sounds | Films, suffix: str) -> list[str]:
        """The paths of uploaded files; the suffix is for names that are not those of data."""
        return [
            self.files.place(name, functools.partial(bytes, content), suffix)
            for name, content in zip(source.names, source.contents, strict=True)
        ]

    def _picture_names(self, source: Pictures | PictureFiles) -> list[str]:
        return [
            # As an argument, since the loop goes on.
            self.files.place(name, functools.partial(bytes, content), _picture_suffix(content))
            for name, content in zip(source.names, source.contents, strict=True)
        ]


def _opened(reader: table_code.TableReader, file: str, variable: str) -> tuple[str, ...]:
    """The lines that read a table file into a variable."""
    return tuple(line.replace("{table}", variable).replace("{file}", file) for line in reader.lines)


def _picture_suffix(content: bytes) -> str:
    kinds = ((magic.PNG, ".png"), (magic.GIF, ".gif"), (magic.BMP, ".bmp"))
    # JPEG and WebP have suffixes of their own nearly always; a reader goes by the content.
    return next((suffix for kind, suffix in kinds if kind.begins(content)), ".jpg")


def _import_order(line: str) -> tuple[bool, bool, str]:
    """Returns a key that sorts imports as usual: the standard library first, `from` below `import`."""
    words = line.split()
    return words[1].partition(".")[0] not in sys.stdlib_module_names, words[0] == "from", line


def _npz(arrays: dict[str, Array]) -> bytes:
    file = io.BytesIO()
    # The stubs of some releases take the names of arrays for those of other arguments.
    np.savez(file, **cast(Any, arrays))
    return file.getvalue()


def _contents(value: Array) -> list[bytes]:
    """Returns the texts of an array as bytes, row by row."""
    return [entry if isinstance(entry, bytes) else str(entry).encode() for entry in value.ravel()]


def _shaped(entries: list[Any], shape: tuple[int, ...]) -> Array:
    """Returns objects as an array, even if they are lists themselves."""
    rows = np.empty(len(entries), object)
    rows[:] = entries
    return rows.reshape(shape)


def _as_json(value: Any) -> Any:
    """Returns nested lists of what JSON has: NumPy's numbers become Python's, bytes become texts."""
    if isinstance(value, (list, tuple)):
        return list(map(_as_json, value))
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


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
