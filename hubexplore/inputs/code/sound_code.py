"""Sounds as Python expressions: the call that reads a file again, at the rate and length of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np

from hubexplore.inputs import sounds
from hubexplore.inputs.examples.sound_examples import name_of
from hubexplore.inputs.external.sound_arrays import Sounds
from hubexplore.summary.graph.sounds import MAX_CHANNELS, MIN_SAMPLES, RATES
from hubexplore.summary.tensor_values import Array

IMPORT: Final = "import hubexplore"
WAV_IMPORT: Final = "from hubexplore import sounds"


def expression(source: Sounds, paths: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Returns an expression for sounds read from files, and the imports that it needs.

    Args:
      source: the sounds.
      paths: of the files, unless they are built-in sounds.
    """
    value, rate = source.value, source.choice.rate
    files = [f"{sounds.SAMPLE}{name}" for name in source.names] if source.are_samples else list(paths)
    if value.dtype.kind == "O":
        return _files(source, files)
    channels = value.shape[2] if value.ndim == 3 else 1
    length = value.shape[0] if value.ndim == 1 else value.shape[1]
    rows = [_read(file, rate, length, channels) for file in files]
    text = rows[0] if value.ndim == 1 else f"np.stack([{', '.join(rows)}])"
    if value.ndim == 3 and channels == 1:
        text += "[..., None]"
    imports = (IMPORT, "import numpy as np")
    if value.dtype == np.int16:
        return f"np.clip(np.round({text} * 32768), -32768, 32767).astype('int16')", imports
    if source.choice.scale != "-1 to 1":
        text += " * np.float32(32768)"
    if value.dtype != np.float32:
        text = (
            f"({text}).astype({value.dtype.name!r})"
            if "*" in text
            else f"{text}.astype({value.dtype.name!r})"
        )
    return text, imports


def candidates(value: Array) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields expressions that make examples of the built-in sounds, each with a function that makes it."""
    if value.dtype != np.float32 or not 1 <= value.ndim <= 2 or value.shape[-1] < MIN_SAMPLES:
        return
    rows = 1 if value.ndim == 1 else len(value)
    if not 0 < rows <= 8 * MAX_CHANNELS:
        return
    files = [f"{sounds.SAMPLE}{name_of(number)}" for number in range(rows)]
    length = value.shape[-1]
    for rate in RATES:
        written = [_read(file, rate, length, 1) for file in files]
        text = written[0] if value.ndim == 1 else f"np.stack([{', '.join(written)}])"

        def make(rate: int = rate) -> Array:
            read = [sounds.read_audio(file, rate, samples=length) for file in files]
            return read[0] if value.ndim == 1 else np.stack(read)

        yield text, make


def _read(file: str, rate: int, samples: int | None, channels: int) -> str:
    length = "" if samples is None else f", samples={samples}"
    both = "" if channels == 1 else f", channels={channels}"
    return f"hubexplore.read_audio({file!r}, {rate}{length}{both})"


def _files(source: Sounds, files: list[str]) -> tuple[str, tuple[str, ...]]:
    """WAV files that the graph decodes."""
    rate = source.choice.rate
    rows: Any = np.empty(len(files), object)
    rows[:] = [f"sounds.wav({_read(file, rate, None, 1)}, {rate})" for file in files]
    imports: tuple[str, ...] = (IMPORT, WAV_IMPORT)
    if source.base64:
        rows[:] = [f"base64.urlsafe_b64encode({row})" for row in rows]
        imports = (*imports, "import base64")
    return _listed(rows.reshape(source.value.shape).tolist()), imports


def _listed(rows: Any) -> str:
    return f"[{', '.join(map(_listed, rows))}]" if isinstance(rows, list) else str(rows)
