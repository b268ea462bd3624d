"""Which inputs of a signature are columns of one table, and which are single values beside it.

An input is a column if it has one value, or a few numbers, for each row; so is each feature of an input of
tf.Example messages. What is larger, such as a picture, keeps a field of its own.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hubexplore.display.wording import natural_key
from hubexplore.errors import SignatureError
from hubexplore.inputs.fields import ARRAY, BOOLEANS, INTEGERS, NUMBERS, TEXT, Field
from hubexplore.inputs.input_value import short
from hubexplore.inputs.open_sizes import shape_for
from hubexplore.inputs.text.literals import Literals, counted
from hubexplore.summary.graph.traversal import node_of
from hubexplore.summary.model import SignatureSummary
from hubexplore.summary.reading.string_inputs import PLAIN, Feature

MIN_COLUMNS: Final = 3
"""Minimum number of inputs that make a table; fewer are easier to fill in one below the other."""
MIN_BOXES: Final = 5
"""Number of small inputs from which on texts and vectors of a fixed size are single values, too."""
MAX_WIDTH: Final = 16
"""Maximum number of values in a cell."""
_EMPTY_TEXT: Final = '""'
"""What a cell of a feature contains for an empty text."""
_MAX_INFERRED: Final = 12
"""Number of columns up to which the graph is asked whether they share their rows; more of them do anyway."""
_SOME_ROWS: Final = 7
"""A number of rows that no shape states: inputs that get as many share their rows."""
_SMALL: Final = (NUMBERS, INTEGERS, BOOLEANS)


@dataclass(frozen=True)
class Column:
    """An input, or a feature of an input of tf.Example messages.

    Attributes:
      field: the input.
      feature: what of its messages; None for the input itself.
    """

    field: Field
    feature: Feature | None = None

    @property
    def name(self) -> str:
        """Its heading."""
        return self.field.name if self.feature is None else self.feature.name

    @property
    def dtype(self) -> str:
        """TensorFlow's name for the dtype of its values."""
        return self.field.dtype if self.feature is None else self.feature.dtype

    @property
    def is_flag(self) -> bool:
        """Whether a cell is true or false."""
        return self.dtype == "bool" and self.width == 1

    @property
    def is_text(self) -> bool:
        """Whether a cell is a text."""
        return self.dtype == "string"

    @functools.cached_property
    def width(self) -> int | None:
        """The number of values in a cell; None for any number."""
        if self.feature is not None:
            return None if self.feature.is_open else self.feature.count
        shape = self.field.shape or ()
        return shape[1] if len(shape) > 1 else 1

    @property
    def may_be_empty(self) -> bool:
        """Whether a cell may have no value in a row that has others."""
        if self.feature is not None:
            return not self.feature.is_required
        return self.is_flag or self.is_text

    @property
    def hint(self) -> str:
        """A short phrase on what a cell takes."""
        noun = "text" if self.is_text else "number"
        if self.width is None:
            return f"any number of {noun}s{', as JSON' if self.is_text else ''}"
        if self.is_flag:
            return "true or false"
        if self.width == 1:
            return f"a {'whole ' if self._literals.dtype.kind in 'iu' else ''}{noun}"
        return f"{self.width} {noun}s{', as JSON' if self.is_text else ''}"

    @functools.cached_property
    def _literals(self) -> Literals:
        return Literals(replace(self.field, dtype=self.dtype, encoding=PLAIN))

    def read(self, text: str, row: int) -> list[Any] | None:
        """Returns the values in a cell; None if it is empty and its row may lack it.

        Args:
          text: what the cell contains.
          row: number of the row, from 1, for messages.

        Raises:
          SignatureError: it cannot be read, or has another number of values.
        """
        where = f"row {row}"
        if self.feature is not None:
            where += f", feature {short(self.feature.name)!r}"
        words = self._words(text)
        if not words:
            if self.may_be_empty:
                return None if self.feature is not None else [b"" if self.is_text else False]
            raise SignatureError(f"Input {self.field.name!r}, {where} is empty; expected: {self.hint}.")
        values = [self._literals.entry(word, where) for word in words]
        if self.width is not None and len(values) != self.width:
            raise SignatureError(
                f"Input {self.field.name!r}, {where}: found {counted(len(values), 'value', 'values')}, "
                f"expected {self.hint}."
            )
        return [float(value) for value in values] if self._literals.dtype.kind == "f" else values

    def write(self, values: Sequence[Any]) -> str | None:
        """Returns the text of a cell with these values; None if they cannot be typed."""
        # A message has float64 for a float32: NumPy's own number has fewer digits.
        of_dtype = self._literals.dtype.type if self._literals.dtype.kind == "f" else lambda value: value
        words = [self._literals.word(of_dtype(value)) for value in values]
        if any(word is None for word in words):
            return None
        texts = [word or "" for word in words]
        if not self.is_text:
            return " ".join(texts)
        # The cell of an input is an empty text by itself.
        empty = "" if self.feature is None else _EMPTY_TEXT
        candidates = [texts[0] or empty] if len(texts) == 1 else []
        candidates += [json.dumps(texts, ensure_ascii=False)] if texts else [""]
        for text in candidates:
            if (self._words(text) or ([] if self.feature is not None else [""])) == texts:
                return text
        return None

    def _words(self, text: str) -> list[Any]:
        if not self.is_text:
            return text.replace(",", " ").replace(";", " ").split()
        if self.width != 1 and text.lstrip().startswith("["):
            # A text may begin with a bracket as well; then it is not JSON.
            try:
                words = json.loads(text)
            except (ValueError, RecursionError):
                return [text]
            return words if isinstance(words, list) else [text]
        # An empty cell of a feature stands for its default.
        if self.feature is not None and text == _EMPTY_TEXT:
            return [""]
        return [text] if text else []


@dataclass(frozen=True)
class Layout:
    """What of the inputs of a signature stands where in its form.

    Attributes:
      boxes: inputs with one value for all rows.
      columns: of the table.
      others: inputs with a field of their own.
    """

    boxes: tuple[Field, ...] = ()
    columns: tuple[Column, ...] = ()
    others: tuple[Field, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The inputs in boxes and columns."""
        return frozenset(field.name for field in (*self.boxes, *(column.field for column in self.columns)))

    @property
    def max_rows(self) -> int | None:
        """The number of rows that the table may have; None for any number."""
        shapes = [column.field.shape for column in self.columns]
        return 1 if any(shape is not None and (not shape or shape[0] == 1) for shape in shapes) else None


def layout(
    fields: Sequence[Field], signature: SignatureSummary | None = None, meta_graph: Any = None
) -> Layout:
    """Returns where the inputs of a signature stand in its form.

    Args:
      fields: of the inputs.
      signature: whose fields these are.
      meta_graph: MetaGraphDef-shaped message with the placeholders of the inputs; without it, they are sorted
        by name, such that equal beginnings stand together.
    """
    ordered = _ordered(fields, signature, meta_graph)
    columns = [column for field in ordered for column in _columns(field)]
    if MIN_COLUMNS <= len(columns) <= _MAX_INFERRED:
        columns = [column for column in columns if _shares_rows(column)]
    if len(columns) < MIN_COLUMNS and all(column.feature is None for column in columns):
        columns = []
    in_table = {column.field.name for column in columns}
    rest = [field for field in ordered if field.name not in in_table]
    is_many = len(columns) + sum(_is_small(field) for field in rest) >= MIN_BOXES
    boxes = [field for field in rest if _is_scalar(field) or (is_many and _is_small(field))]
    taken = in_table | {field.name for field in boxes}
    others = [field for field in fields if field.name not in taken]
    return Layout(tuple(boxes), tuple(columns), tuple(others))


def _ordered(fields: Sequence[Field], signature: SignatureSummary | None, meta_graph: Any) -> list[Field]:
    """The fields in the order in which the author made the inputs, else by name."""
    by_name = sorted(fields, key=lambda field: natural_key(field.name))
    if signature is None or meta_graph is None:
        return by_name
    tensors = {tensor.name: node_of(tensor.tensor) for tensor in signature.inputs if tensor.tensor}
    wanted = set(tensors.values())
    places = {node.name: place for place, node in enumerate(meta_graph.graph_def.node) if node.name in wanted}
    if any(tensors.get(field.name) not in places for field in fields):
        return by_name
    made = sorted(fields, key=lambda field: places[tensors[field.name]])
    # A writer that sorts the names says nothing about an order.
    is_sorted = [field.name for field in made] == sorted(field.name for field in made)
    return by_name if is_sorted else made


def _columns(field: Field) -> Iterator[Column]:
    """The columns of an input; none if it is not for a table."""
    shape = field.shape
    if field.problem or field.kind != "dense" or shape is None:
        return
    if field.encoded == "example":
        features = field.encoding.features
        if (
            features
            and shape in ((), (None,), (1,))
            and all(feature.count <= MAX_WIDTH for feature in features)
        ):
            ordered = sorted(features, key=lambda feature: natural_key(feature.name))
            yield from (Column(field, feature) for feature in ordered)
        return
    is_text = field.asks == TEXT and not field.encoded and not (field.use and field.use.is_read)
    if not shape or shape[0] is not None or not (is_text or field.asks in _SMALL) or _is_part(field):
        return
    width = shape[1] if len(shape) == 2 else 1
    if len(shape) <= 2 and width is not None and 0 < width <= (1 if is_text else MAX_WIDTH):
        yield Column(field)


def _shares_rows(column: Column) -> bool:
    """Whether the graph lets an input have as many rows as the others."""
    field = column.field
    if column.feature is not None or field.sizes is None:
        return True
    return shape_for(field, _SOME_ROWS)[:1] == (_SOME_ROWS,)


def _is_part(field: Field) -> bool:
    """Whether an input is a component of a sparse or ragged argument, whose rows are others."""
    return any(part is not None and part.position is not None for part in (field.component, field.guess))


def _is_scalar(field: Field) -> bool:
    is_number = not field.problem and field.kind == "dense" and field.asks in _SMALL and not _is_part(field)
    return is_number and (field.shape == () or (field.shape is None and field.neutral is not None))


def _is_small(field: Field) -> bool:
    """Whether an input has one value, or a few numbers, whatever the number of rows."""
    if field.problem or field.kind != "dense" or field.shape is None or _is_part(field):
        return False
    if field.asks == TEXT:
        return field.shape == () and not field.encoded and not (field.use and field.use.is_read)
    is_vector = len(field.shape) == 1 and field.shape[0] is not None and 0 < field.shape[0] <= MAX_WIDTH
    return field.asks in _SMALL and field.asks != ARRAY and (field.shape == () or is_vector)
