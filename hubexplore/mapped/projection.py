"""Vectors as points in the plane: principal components at once, UMAP and t-SNE in a process of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from hubexplore.errors import ConversionError, MissingExtraError, closest
from hubexplore.summary.tensor_values import Array

PCA: Final = "PCA"
_PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {"UMAP": ("umap",), "t-SNE": ("openTSNE", "sklearn")}
"""Methods that need a package: the modules that offer them, the preferred one first."""
_INSTALLED_BY: Final = {"UMAP": "umap-learn", "t-SNE": "openTSNE"}
_CHUNK: Final = 16_384
"""Number of rows that are converted to float64 at once."""
_MAX_EXACT: Final = 1_024
"""Maximum size of vectors whose whole covariance matrix is decomposed."""
_SKETCH: Final = 32
"""Size of the random sketch by which longer vectors are reduced first."""
_MAX_WORDS: Final = 600
"""Maximum length in characters of the last words of a process that failed."""


@dataclass(frozen=True)
class Points:
    """Rows as points.

    Attributes:
      places: float32 [rows, 2]; NaN for rows without a vector, or with NaN or Inf.
      axes: what each axis is.
      left_out: number of rows without a point.
    """

    places: Array
    axes: tuple[str, str]
    left_out: int = 0


def methods() -> tuple[str, ...]:
    """Returns the methods that can be used here; packages are looked for, not imported."""
    return (PCA, *(name for name in _PACKAGES if _package(name)))


def checked_method(name: str) -> str:
    """Returns the method of this name.

    Raises:
      ConversionError: (a ValueError) there is no such method.
      MissingExtraError: (an ImportError) its package is not installed.
    """
    known = {method.lower().replace("-", ""): method for method in (PCA, *_PACKAGES)}
    method = known.get(name.lower().replace("-", ""))
    if method is None:
        raise ConversionError(
            f"A map is made by {', '.join(known.values())}, not by {name!r}.{closest(name, known.values())}"
        )
    if method not in methods():
        raise MissingExtraError(f"{method} needs a package: pip install {_INSTALLED_BY[method]}")
    return method


def principal_components(matrix: Array) -> Points:
    """Returns rows in the plane in which they vary most.

    Vectors of up to 1,024 numbers are decomposed exactly by their covariance, in O(n · d²) time. Longer ones
    are first reduced to a random sketch (Halko, Martinsson and Tropp, 2011) with two power iterations, in
    O(n · d) time; the generator is seeded, so a map can be made again.

    Args:
      matrix: float32 [rows, size].
    """
    usable = np.isfinite(matrix).all(axis=1) if matrix.shape[1] else np.zeros(len(matrix), bool)
    places = np.full((len(matrix), 2), np.nan, np.float32)
    left_out = int(len(matrix) - usable.sum())
    if usable.sum() < 1:
        return Points(places, ("component 1", "component 2"), left_out)
    rows = matrix if not left_out else matrix[usable]
    scale = float(np.abs(rows).max()) or 1.0
    mean = rows.mean(axis=0, dtype=np.float64) / scale
    vectors, variances, total = _leading(rows, mean, scale)
    places[usable] = _projected(rows, mean, scale, vectors) * scale
    shares = variances / total if total > 0 else np.zeros(2)
    axes = [f"component {at + 1}: {share:.0%} of the variance" for at, share in enumerate(shares)]
    return Points(places, (axes[0], axes[1]), left_out)


def embedded(
    matrix: Array,
    method: str,
    on_progress: Callable[[float | None], None] = lambda _: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Points | None:
    """Returns rows as points by UMAP or t-SNE; None if it was cancelled.

    The work is done by another process, which keeps the kernel responsive and can be ended at any time.

    Args:
      matrix: float32 [rows, size].
      method: one of `methods()`.
      on_progress: is called with the share that is done, or None where the package does not tell.
      is_cancelled: is asked after each report of progress, at least once a second.

    Raises:
      ConversionError: (a ValueError) the method failed; with its last words.
    """
    usable = np.isfinite(matrix).all(axis=1)
    if method == PCA or usable.sum() < 4:
        return principal_components(matrix)
    package = _package(checked_method(method))
    with tempfile.TemporaryDirectory(prefix="hubexplore-map-") as folder:
        source, target = Path(folder, "vectors.npy"), Path(folder, "points.npy")
        np.save(source, matrix[usable])
        program = [sys.executable, "-m", "hubexplore.mapped.embedding_process"]
        command = [*program, package, str(source), str(target)]
        errors = Path(folder, "errors.txt")
        with (
            errors.open("wb") as written,
            subprocess.Popen(  # noqa: S603 - this package, on files of its own
                command, stdout=subprocess.PIPE, stderr=written, text=True
            ) as process,
        ):
            try:
                if not _watch(process, on_progress, is_cancelled):
                    return None
            finally:
                process.kill()
        if not target.exists():
            words = errors.read_text(encoding="utf-8", errors="replace").strip()[-_MAX_WORDS:]
            raise ConversionError(f"{method} could not make a map of these vectors. It said: {words}")
        places = np.full((len(matrix), 2), np.nan, np.float32)
        places[usable] = np.load(target, allow_pickle=False)
    return Points(places, (f"{method} 1", f"{method} 2"), int(len(matrix) - usable.sum()))


def _watch(
    process: subprocess.Popen[str],
    on_progress: Callable[[float | None], None],
    is_cancelled: Callable[[], bool],
) -> bool:
    """Passes progress on until the process ends; returns False if the work was cancelled."""
    for line in process.stdout or ():
        if is_cancelled():
            return False
        share = line.strip()
        on_progress(float(share) if share else None)
    process.wait()
    return not is_cancelled()


def _package(method: str) -> str:
    """Returns the module that offers a method; "" if none is installed."""
    return next((name for name in _PACKAGES[method] if importlib.util.find_spec(name) is not None), "")


def _leading(rows: Array, mean: Array, scale: float) -> tuple[Array, Array, float]:
    """Returns the first two principal directions [size, 2], their variances, and the variance of all."""
    size = rows.shape[1]
    if size <= _MAX_EXACT:
        covariance = np.zeros((size, size))
        for part in _centred(rows, mean, scale):
            covariance += part.T @ part
        variances, vectors = np.linalg.eigh(covariance)
        total = float(np.trace(covariance))
    else:
        basis = np.random.default_rng(0).standard_normal((size, _SKETCH))
        for _ in range(3):
            product = np.zeros_like(basis)
            total = 0.0
            for part in _centred(rows, mean, scale):
                product += part.T @ (part @ basis)
                total += float(np.square(part).sum())
            basis, _ = np.linalg.qr(product)
        reduced = np.zeros((_SKETCH, _SKETCH))
        for part in _centred(rows, mean, scale):
            image = part @ basis
            reduced += image.T @ image
        variances, inner = np.linalg.eigh(reduced)
        vectors = basis @ inner
    pad = max(0, 2 - vectors.shape[1])
    leading = np.pad(vectors[:, ::-1][:, :2], ((0, 0), (0, pad)))
    # The sign of an eigenvector is arbitrary: with its largest entry positive, a map can be made again.
    strongest = leading[np.abs(leading).argmax(axis=0), [0, 1]]
    leading = leading * np.where(strongest < 0, -1.0, 1.0)
    return leading, np.pad(variances[::-1][:2].clip(0), (0, pad)), total


def _projected(rows: Array, mean: Array, scale: float, vectors: Array) -> Array:
    return np.concatenate([part @ vectors for part in _centred(rows, mean, scale)])


def _centred(rows: Array, mean: Array, scale: float) -> Iterator[Array]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK] / np.float64(scale) - mean
