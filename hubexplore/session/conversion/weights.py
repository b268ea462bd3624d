"""Writes the variables of a module as a file of safetensors or NumPy, and a JSON file about them.

Nothing is computed and TensorFlow is not run; for a path it is not even imported.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from hubexplore.display.wording import counted
from hubexplore.hub.error_line import error_line
from hubexplore.session.conversion import placing
from hubexplore.session.conversion.formats import SAFETENSORS, Format, is_installed, version
from hubexplore.session.conversion.report import ConversionReport, WrittenFile
from hubexplore.session.conversion.request import Request
from hubexplore.session.export.save_report import ComparedCall
from hubexplore.summary.lookup import default_tags, first_names, named_variant
from hubexplore.summary.model import ModuleSummary, VariableSummary, VariantSummary
from hubexplore.summary.tags import Tags
from hubexplore.summary.weight_files import npz_file, safetensors_file
from hubexplore.summary.weight_files.stored_weights import (
    PIECE,
    Live,
    StoredWeight,
    StoredWeights,
    stored_weights,
)
from hubexplore.summary.weight_files.weight_map import keys, weight_map

_VARIABLES: Final = "variables"

MSG_LEFT_OUT: Final = "Left out, because {reason}: {names}."
MSG_READ: Final = "the package safetensors is not installed. Run: pip install 'hubexplore[safetensors]'"
MSG_NOT_WANTED: Final = "verify=False was asked for."
MSG_DIFFERS: Final = "not what was written: {names}"
MSG_FAILS: Final = "it cannot be read: {error}"


def write_weights(request: Request, path: str, wanted: Format) -> ConversionReport:
    """See `convert`.

    Args:
      request: what was asked for.
      path: absolute, of what is written.
      wanted: the format.
    """
    summary, variant, live = _subject(request)
    found = stored_weights(variant, summary.source, live)
    dtypes = _dtypes(wanted)
    stored = _storable(found, dtypes)
    names = keys(stored.weights, [safetensors_file.METADATA])
    pairs = list(zip(names, stored.weights, strict=True))
    target = Path(path) if path.lower().endswith(wanted.suffix) else Path(path, f"weights{wanted.suffix}")
    facts = target.with_name(f"{target.name}.json")
    if not request.overwrite:
        placing.check(str(facts), [".json"], overwrite=False)
    with tempfile.TemporaryDirectory(prefix="hubexplore-") as work:
        file, about = Path(work, target.name), Path(work, facts.name)
        sums = _write(wanted, file, pairs, summary, variant)
        content = weight_map(summary, variant, stored, names, dtypes, target.name)
        about.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")
        compared, runtime, not_compared = _compared(request, wanted, file, sums)
        sizes = [
            WrittenFile(str(target), file.stat().st_size, counted(len(pairs), "variable")),
            WrittenFile(str(facts), about.stat().st_size, "what each is, and which op uses it"),
        ]
        placing.check(path, [wanted.suffix, ".json"], request.overwrite)
        # The large file last: where it is, both are.
        placing.put([(about, facts), (file, target)], request.overwrite)
    return ConversionReport(
        path=path,
        format=wanted.name,
        files=tuple(sizes),
        compared=compared,
        runtime=runtime,
        not_compared=not_compared,
        compares=_VARIABLES,
        weights=sum(weight.size for weight in stored.weights),
        seconds=time.monotonic() - request.begin,
        warnings=(*_left_out(stored), *summary.warnings),
    )


def _subject(request: Request) -> tuple[ModuleSummary, VariantSummary, Live]:
    module, tags = request.load()
    if isinstance(module, (str, bytes, os.PathLike, ModuleSummary)):
        from hubexplore.hub.summarize import summarize

        summary: ModuleSummary = summarize(module)
        return summary, _variant(summary, tags), lambda _: None
    from hubexplore.hub.servable.subject import subject_of

    subject = subject_of(module, tags, request.session)
    chosen = tuple(sorted(subject.choice.serving))
    summary = subject.spec.summary()
    by_key: dict[str, list[Any]] = {}
    for one in subject.spec.variables_by_variant[subject.choice.serving]:
        by_key.setdefault(one.key, []).append(one)

    def live(variable: VariableSummary) -> Any:
        parts = by_key.get(variable.name, [])
        if not parts or any(part.identity not in subject.live.identities for part in parts):
            return None
        values = subject.live.read(parts)
        if not parts[0].is_partition:
            return np.asarray(values[0])
        shape = [int(size or 0) for size in variable.shape or ()]
        whole = np.zeros(shape, np.asarray(values[0]).dtype)
        for part, value in zip(parts, values, strict=True):
            whole[tuple(map(slice, part.offset, np.add(part.offset, np.shape(value))))] = value
        return whole

    return summary, named_variant(summary, chosen), live


def _variant(summary: ModuleSummary, tags: Iterable[str] | None) -> VariantSummary:
    existing = [variant.tags for variant in summary.variants]
    chosen: Tags = default_tags(existing) if tags is None else tuple(sorted(set(tags)))
    return named_variant(summary, chosen)


def _dtypes(wanted: Format) -> Mapping[str, str]:
    """Dtype of TensorFlow -> dtype in the file, for those that the format has."""
    if wanted.name == SAFETENSORS:
        return safetensors_file.DTYPES
    return {dtype: np.dtype(npz_file.code_of(dtype)).name for dtype in npz_file.STORABLE}


def _storable(found: StoredWeights, dtypes: Mapping[str, str]) -> StoredWeights:
    kept = tuple(weight for weight in found.weights if weight.dtype in dtypes)
    lost = tuple(
        (weight.variable.name, f"the format has no {weight.dtype}")
        for weight in found.weights
        if weight.dtype not in dtypes
    )
    return StoredWeights(kept, (*found.left_out, *lost))


def _left_out(stored: StoredWeights) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for name, reason in stored.left_out:
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        yield MSG_LEFT_OUT.format(reason=reason, names=first_names(names, 5))


def _write(
    wanted: Format,
    file: Path,
    pairs: Sequence[tuple[str, StoredWeight]],
    summary: ModuleSummary,
    variant: VariantSummary,
) -> dict[str, int]:
    if wanted.name != SAFETENSORS:
        return npz_file.write(file, pairs)
    about = {"module": summary.title, "tags": ",".join(variant.tags), "digest": summary.digest}
    return safetensors_file.write(file, pairs, about)


def _compared(
    request: Request, wanted: Format, file: Path, sums: Mapping[str, int]
) -> tuple[tuple[ComparedCall, ...], str, str]:
    """Reads the file by the library that it is for; returns the result, what read it, or why nothing did."""
    if not request.verify:
        return (), "", MSG_NOT_WANTED
    package = "safetensors" if wanted.name == SAFETENSORS else "numpy"
    if not is_installed(package):
        return (), "", MSG_READ
    reader: Callable[[Path], Iterator[tuple[str, int]]] = (
        _read_safetensors if package == "safetensors" else _read_npz
    )
    runtime = f"{package} {version(package)}".strip()
    try:
        found = dict(reader(file))
    except Exception as error:  # noqa: BLE001 - whatever the library says is the result
        note = MSG_FAILS.format(error=error_line(error))
        return (ComparedCall(_VARIABLES, len(sums), np.inf, note=note),), runtime, ""
    others = [name for name, check in sums.items() if found.get(name) != check]
    note = MSG_DIFFERS.format(names=first_names(others, 5)) if others else ""
    largest = np.inf if others else (0.0 if sums else None)
    return (ComparedCall(_VARIABLES, len(sums), largest, note=note),), runtime, ""


def _read_safetensors(path: Path) -> Iterator[tuple[str, int]]:
    from safetensors import safe_open

    # It asks NumPy for "bfloat16", which NumPy knows only when this package, a part of TensorFlow's
    # installation, was imported.
    with contextlib.suppress(ImportError):
        importlib.import_module("ml_dtypes")
    with safe_open(path, "np") as opened:
        for key in opened.keys():  # noqa: SIM118 - it is not a dict
            part = opened.get_slice(key)
            shape = part.get_shape()
            if not shape:
                yield key, zlib.crc32(_bytes(opened.get_tensor(key)))
                continue
            row_bytes = max(1, int(np.prod(shape[1:], dtype=np.int64)) * 8)
            step = max(1, PIECE // row_bytes)
            check = 0
            for first in range(0, shape[0], step):
                check = zlib.crc32(_bytes(part[first : min(first + step, shape[0])]), check)
            yield key, check


def _bytes(array: Any) -> bytes:
    return np.ascontiguousarray(array).tobytes()


def _read_npz(path: Path) -> Iterator[tuple[str, int]]:
    # As numpy.load does, whose arrays would be in memory as a whole.
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                np.lib.format.read_magic(file)
                np.lib.format.read_array_header_1_0(file)
                check = 0
                while piece := file.read(PIECE):
                    check = zlib.crc32(piece, check)
                yield name.removesuffix(".npy"), check
