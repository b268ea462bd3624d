"""The value of an input from a file or from a variable of the notebook."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from hubexplore.errors import SignatureError, closest
from hubexplore.inputs.external import conversion, notebook_objects, picture_files, sound_arrays, tf_records
from hubexplore.inputs.external.csv_reader import read_rows
from hubexplore.inputs.external.npy_files import read_npy, read_npz
from hubexplore.inputs.fields import Field
from hubexplore.inputs.input_value import InputValue, short
from hubexplore.inputs.text import bulk, nested_lists, tf_examples, typed_text
from hubexplore.inputs.text.literals import Literals, counted
from hubexplore.summary.files import magic
from hubexplore.summary.tensor_values import Array

LIMIT: Final = 25_000_000
"""Maximum size of a file in bytes."""
_TABLE_SUFFIXES: Final = (".csv", ".tsv", ".tab")
# IPython puts these into the namespace of the user.
_IPYTHON_NAMES: Final = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})


def read_file(field: Field, name: str, content: bytes) -> InputValue:
    """Returns the value in a file: `.npy`, `.npz`, CSV, or else text as it would be typed.

    What the graph parses itself is passed on unchanged: a picture, a tf.Example, a TFRecord file of them. A
    sound is resampled to the rate of the input.

    Args:
      field: the input.
      name: name of the file. The content decides the format; only CSV is recognised by the suffix.
      content: content of the file.

    Raises:
      SignatureError: it is larger than `LIMIT`, cannot be read, or does not fit.
    """
    if len(content) > LIMIT:
        raise SignatureError(
            f"{short(name)!r} has {len(content) / 1e6:,.1f} MB; the limit for a file is {LIMIT / 1e6:,.0f} "
            f"MB. Load it in a cell and choose the variable."
        )
    if field.problem:
        raise SignatureError(f"Input {field.name!r}: {field.problem}")
    content = bytes(content)
    if magic.NUMPY.begins(content):
        return InputValue(conversion.value_of(field, read_npy(name, content)), file=name, contents=(content,))
    if magic.ZIP.begins(content):
        array = read_npz(name, content, field.name)
        return InputValue(conversion.value_of(field, array), file=name, contents=(content,))
    whole = _taken_whole(field, name, content)
    return whole or InputValue(_text(field, name, content), file=name, contents=(content,))


def _taken_whole(field: Field, name: str, content: bytes) -> InputValue | None:
    """The value in a file that the graph or a library parses; None for other files."""
    if field.encoded == "image" and content.startswith(picture_files.BEGINNINGS):
        return picture_files.read(field, [(name, content)])
    if sound_arrays.takes_sounds(field) and sound_arrays.is_sound_file(content, name):
        return sound_arrays.read_sounds(field, [(name, content)], sound_arrays.default_choice(field))
    if field.encoded == "example" and tf_records.is_records(content):
        records = _strings(field, tf_records.read(name, content))
        return tf_records.Records(records, file=name, contents=(content,))
    if field.encoded == "example" and content and tf_examples.features_of(content) is not None:
        return InputValue(_strings(field, [content]), file=name, contents=(content,))
    return None


def variables(field: Field, namespace: Mapping[str, Any]) -> list[str]:
    """Names of the variables that may fit an input, sorted; those that begin with _ are left out.

    No object is converted to text for this, and one that raises an error is left out.
    """
    names = []
    for name, value in list(namespace.items()):
        try:
            # A name that is not a string raises an error here, and is left out.
            if name.startswith("_") or name in _IPYTHON_NAMES:
                continue
            if notebook_objects.may_fit(field, value) or sound_arrays.path_of(field, value):
                names.append(name)
        except Exception:  # noqa: BLE001, S112 - an object of a stranger may do anything when looked at
            continue
    return sorted(names)


def from_variable(field: Field, namespace: Mapping[str, Any], name: str) -> InputValue:
    """Returns a copy of the value of a variable; for an input of sounds, that of the file that it names.

    Raises:
      SignatureError: no variable has this name, or its value does not fit.
    """
    if name not in namespace:
        near = closest(name, variables(field, namespace))
        raise SignatureError(f"The notebook has no variable {short(name)!r}.{near}")
    try:
        path = sound_arrays.path_of(field, namespace[name])
        if path is not None:
            return read_file(field, os.path.basename(path), Path(path).read_bytes())
        value = notebook_objects.value_of(field, namespace[name])
    except SignatureError as error:
        raise SignatureError(f"Variable {short(name)!r}: {error}") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SignatureError(f"Variable {short(name)!r}: the file cannot be read: {reason}.") from None
    except Exception as error:  # noqa: BLE001 - as above
        raise SignatureError(
            f"Variable {short(name)!r} cannot be read as an array: it failed with {type(error).__name__}."
        ) from None
    is_made = field.encoded == "example" and notebook_objects.holds_records(namespace[name])
    return InputValue(value, variable=name, is_made=is_made)


# ---- files of text


def _strings(field: Field, contents: list[bytes]) -> Any:
    """An array of strings that the graph parses itself."""
    value = np.empty(len(contents), object)
    value[:] = contents
    return nested_lists.shaped(field, value)


def _text(field: Field, name: str, content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SignatureError(
            f"{short(name)!r} is neither a .npy or .npz file nor text in UTF-8 (byte {error.start}). "
            f"Expected for input {field.name!r}: {field.hint}."
        ) from None
    if os.path.splitext(name)[1].lower() in _TABLE_SUFFIXES and field.kind == "dense":
        return _table(field, name, text)
    return typed_text.parse(field, text)


def _table(field: Field, name: str, text: str) -> Any:
    """The value in a CSV file. A first row is a heading, and left out, if only the second one can be read."""
    # Not csv.Sniffer: it fails or guesses for a single column. The first line decides.
    first = text.partition("\n")[0]
    delimiter = next((separator for separator in "\t;" if separator in first), ",")
    literals = Literals(field)
    if field.dtype != "string":
        quick = _many_numbers(literals, text, delimiter)
        if quick is not None:
            return nested_lists.shaped(field, quick)
    rows = read_rows(text, repr(short(name)), delimiter)
    if field.encoded == "example":
        return _examples(field, name, rows)
    if field.dtype != "string":
        rows = [[_decimal(cell.strip(), delimiter) for cell in row] for row in rows]
        if len(rows) > 1 and _is_heading(literals, rows[0]) and not _is_heading(literals, rows[1]):
            del rows[0]
    return nested_lists.dense(literals, rows)


def _many_numbers(literals: Literals, text: str, delimiter: str) -> Array | None:
    """A large table of plain numbers, with or without a heading; None for any other."""
    first = text.partition("\n")[0]
    is_heading = _is_heading(literals, [_decimal(cell.strip(), delimiter) for cell in first.split(delimiter)])
    return bulk.table(literals, _decimal(text, delimiter), delimiter, header=int(is_heading))


def _decimal(text: str, delimiter: str) -> str:
    """Text with points as decimal separators."""
    # Spreadsheets separate by semicolons in locales whose decimal separator is the comma.
    return text.replace(",", ".") if delimiter == ";" else text


def _examples(field: Field, name: str, rows: list[list[str]]) -> Any:
    """Rows below a heading of feature names; an empty cell is a feature without a value."""
    if len(rows) < 2:
        raise SignatureError(
            f"{short(name)!r} has no rows below a heading; expected the names of features, then their values."
        )
    heading = [cell.strip() for cell in rows[0]]
    uneven = next((number for number, row in enumerate(rows, 1) if len(row) != len(heading)), None)
    if uneven is not None:
        raise SignatureError(
            f"{short(name)!r}, row {uneven}: found {counted(len(rows[uneven - 1]), 'cell', 'cells')}, "
            f"expected {len(heading)} as in the heading."
        )
    return tf_examples.of_rows(
        field, [{key: cell for key, cell in zip(heading, row, strict=True) if cell} for row in rows[1:]]
    )


def _is_heading(literals: Literals, row: list[str]) -> bool:
    try:
        for cell in row:
            literals.entry(cell)
    except SignatureError:
        return True
    return False
