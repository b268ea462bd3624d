"""The inputs of a signature from a cell of comma-separated values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hubexplore.display.wording import printable
from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.external.csv_reader import read_rows
from hubexplore.inputs.fields import NUMBERS, TEXT, Field, numpy_dtype
from hubexplore.inputs.text import nested_lists
from hubexplore.inputs.text.literals import Literals, integer_limits

_EXACT: Final = 2.0**53
_HINT: Final = "values separated by commas, a row per line"


def inputs(text: str, infos: Mapping[str, Any]) -> Any:
    """Returns the inputs in comma-separated values.

    Args:
      text: rows of equal length. The first row may hold names: for each column that of its input; or, for a
        signature with one input, any names.
      infos: TensorInfo of each input by name.

    Returns:
      A dict of arrays by the names of inputs, with a row for each row of the text.

    Raises:
      SignatureError: (a TypeError) rows differ in length, a name is not an input, a value is not a number
        where numbers are expected, or an input is not dense or of another size.
    """
    rows = read_rows(text, "The cell", skip_initial_space=True)
    table = [row for row in rows if any(map(str.strip, row))]
    if not table:
        raise SignatureError("The cell has no rows. Write values separated by commas, a row per line.")
    for number, row in enumerate(table, 1):
        if len(row) != len(table[0]):
            raise SignatureError(
                f"Every row needs as many values as the first one, {len(table[0])}; row {number} has "
                f"{len(row)}."
            )
    names = [cell.strip() for cell in table[0]]
    # A first row of names of inputs is one even if all inputs are texts; any other text is a heading only
    # where numbers are expected.
    if set(names) <= set(infos) or (any(map(_is_text, names)) and not _all_text(infos)):
        return _by_name(names, table[1:], infos)
    if len(infos) != 1:
        raise SignatureError(
            f"This signature has several inputs, {sorted(infos)}: write their names as the first row."
        )
    ((name, info),) = infos.items()
    return {name: _array(name, table, info)}


def _by_name(
    names: Sequence[str], table: Sequence[Sequence[str]], infos: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs from the rows under a first row of names."""
    unknown = [name for name in names if name not in infos]
    if len(infos) == 1 and len(unknown) == len(names):
        ((only, info),) = infos.items()
        return {only: _array(only, table, info)}
    if unknown:
        raise SignatureError(
            f"{printable(unknown[0])!r} is not an input of this signature.{closest(unknown[0], infos)} "
            f"The first row names the inputs: {sorted(infos)}."
        )
    columns = {name: [index for index, column in enumerate(names) if column == name] for name in names}
    return {
        name: _array(name, [[row[at] for at in places] for row in table], infos[name])
        for name, places in columns.items()
    }


def _array(name: str, table: Sequence[Sequence[str]], info: Any) -> Any:
    """The rows as an array in the dtype and shape of the input; each row is one example."""
    if info.kind != "dense":
        raise SignatureError(f"Input {name!r} is {info.kind}, and --csv works only for dense inputs.")
    dtype = info.dtype.name
    try:
        numpy_dtype(dtype)
    except TypeError:
        raise SignatureError(f"Input {name!r} is of dtype {dtype}, which --csv cannot write.") from None
    if not table:
        raise SignatureError("The cell has no rows below its row of names. Write a row of values per line.")
    shape = _shape_of_rows(info.get_shape(), len(table[0]))
    if shape is None:
        raise SignatureError(
            f"Input {name!r} has the shape {info.get_shape()}, which rows of {len(table[0])} values do not "
            f"fill."
        )
    is_text = dtype == "string"
    literals = Literals(Field(name, dtype, shape, "dense", TEXT if is_text else NUMBERS, _HINT))
    rows: list[Any] = [[cell if is_text else _entry(cell.strip(), literals) for cell in row] for row in table]
    return nested_lists.dense(literals, [row[0] for row in rows] if len(shape) == 1 else rows)


def _shape_of_rows(shape: Any, width: int) -> tuple[int | None, ...] | None:
    """The shape of an input, as far as rows of `width` values determine it; None if they do not fill it."""
    if shape.rank is None:
        return None, width
    first, *inner = shape.as_list() or [0]
    known = math.prod(size for size in inner if size is not None)
    open_dimensions = inner.count(None)
    if (
        shape.rank == 0
        or open_dimensions > 1
        or (width % known if known and open_dimensions else width != known)
    ):
        return None
    return first, *(width // known if size is None else size for size in inner)


def _entry(cell: str, literals: Literals) -> str | int:
    """A cell as `Literals` reads it: whole numbers may be written as 3.0, as spreadsheets and pandas do."""
    if integer_limits(literals.dtype) is None:
        return cell
    try:
        number = float(cell)
    except ValueError:
        return cell
    # Larger numbers stay text: float64 does not hold all their digits.
    return int(number) if number.is_integer() and abs(number) < _EXACT and "_" not in cell else cell


def _is_text(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _all_text(infos: Mapping[str, Any]) -> bool:
    return all(info.dtype.name == "string" for info in infos.values())
