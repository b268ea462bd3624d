"""The inputs of a signature from a cell of comma-separated values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hubexplore.display.wording import printable
from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.external.csv_reader import read_rows


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
    """The rows as an array in the shape of the input."""
    import numpy as np

    if info.kind != "dense":
        raise SignatureError(f"Input {name!r} is {info.kind}, and --csv works only for dense inputs.")
    is_text = info.dtype.name == "string"
    try:
        # Python reads the numbers: NumPy takes no "3.0" for an integer, and rounds large integers to floats.
        cells = [[cell if is_text else _number(cell.strip()) for cell in row] for row in table]
    except ValueError as error:
        raise SignatureError(
            f"Input {name!r} takes numbers ({info.dtype.name}); {printable(str(error))}."
        ) from None
    array = np.array(cells, object if is_text else None).reshape(len(table), -1)
    shape = info.get_shape()
    if shape.rank is None or shape.rank == 2:
        return array
    inner = shape.as_list()[1:]
    width = array.shape[1] if len(table) else math.prod(size or 1 for size in inner)
    if shape.rank == 0 or (None not in inner and math.prod(inner) != width) or inner.count(None) > 1:
        raise SignatureError(
            f"Input {name!r} has the shape {shape}, which rows of {width} values do not fill."
        )
    return array.reshape(len(table), *(-1 if size is None else size for size in inner))


def _number(cell: str) -> int | float:
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is not a number") from None


def _is_text(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _all_text(infos: Mapping[str, Any]) -> bool:
    return all(info.dtype.name == "string" for info in infos.values())
