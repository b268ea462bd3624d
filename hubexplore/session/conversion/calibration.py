"""Examples that a user gives, from which the LiteRT converter chooses the scales of 8-bit integers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from hubexplore.errors import ConversionError
from hubexplore.summary.files.paths import absolute
from hubexplore.summary.lookup import first_names, named

MOST_EXAMPLES: Final = 1_000
"""Maximum number of examples that are used."""

MSG_NO_DATA: Final = (
    "quantize='int8' chooses its scales by examples of inputs. Pass some hundred of them: data={{{names}}}, "
    "arrays whose first dimension is that of the examples; in a terminal --data FILE.npz with these arrays."
)
MSG_SIGNATURES: Final = (
    "data= belongs to one signature, and {count} are converted: {names}. Name the one: signature={first!r}."
)
MSG_NAMES: Final = "data= names {found}, but the signature {signature!r} has the {inputs}."
MSG_LENGTHS: Final = "The arrays in data= have different numbers of examples: {lengths}."
MSG_ONE: Final = (
    "data= is an array, but the signature {signature!r} has {count} inputs. Pass a dict with the names "
    "{names}."
)
MSG_EMPTY: Final = "data= has no examples."
MSG_FILE: Final = (
    "The file of examples {path!r} cannot be read: {reason}. It is a .npy or .npz file of NumPy."
)


def examples(data: Any, signature: str, inputs: Iterable[str]) -> list[dict[str, Any]]:
    """Returns examples, each as values by the names of inputs.

    Args:
      data: see `convert`.
      signature: whose inputs they belong to.
      inputs: their names.

    Raises:
      ConversionError: (a ValueError) they do not fit the signature.
    """
    names = list(inputs)
    if data is None:
        raise ConversionError(MSG_NO_DATA.format(names=", ".join(f"{name!r}: ..." for name in names)))
    if isinstance(data, (str, os.PathLike)):
        data = _read(absolute(data))
    found = list(itertools.islice(_each(data, signature, names), MOST_EXAMPLES))
    if not found:
        raise ConversionError(MSG_EMPTY)
    return found


def _each(data: Any, signature: str, names: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(data, Mapping):
        arrays = {name: np.asarray(value) for name, value in data.items()}
        _check_names(arrays, signature, names)
        lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise ConversionError(MSG_LENGTHS.format(lengths=lengths))
        for row in range(min(lengths.values(), default=0)):
            yield {name: array[row : row + 1] for name, array in arrays.items()}
        return
    if isinstance(data, np.ndarray):
        yield from _each({_only(signature, names): data}, signature, names)
        return
    if not isinstance(data, Iterable):
        raise ConversionError(MSG_NO_DATA.format(names=", ".join(f"{name!r}: ..." for name in names)))
    for example in data:
        if isinstance(example, Mapping):
            _check_names(example, signature, names)
            yield {name: np.asarray(value) for name, value in example.items()}
        else:
            yield {_only(signature, names): np.asarray(example)}


def _only(signature: str, names: list[str]) -> str:
    if len(names) != 1:
        raise ConversionError(
            MSG_ONE.format(signature=signature, count=len(names), names=first_names(names, 10))
        )
    return names[0]


def _check_names(values: Mapping[str, Any], signature: str, names: list[str]) -> None:
    if set(values) != set(names):
        raise ConversionError(
            MSG_NAMES.format(
                found=first_names(values, 10), signature=signature, inputs=named("input", names, 10)
            )
        )


def _read(path: str) -> Any:
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConversionError(MSG_FILE.format(path=path, reason=reason)) from error
    return loaded if isinstance(loaded, np.ndarray) else dict(loaded.items())


def write(found: Iterable[Mapping[str, Any]], folder: Path) -> list[list[tuple[str, str]]]:
    """Writes dense arrays as files; returns the name and the file of each, by example."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, example in enumerate(found):
        files = []
        for position, (name, array) in enumerate(example.items()):
            path = folder / f"{number}_{position}.npy"
            np.save(path, array, allow_pickle=False)
            files.append((name, str(path)))
        written.append(files)
    return written
