"""The process that makes a map by UMAP or t-SNE: `python -m ... PACKAGE VECTORS.npy POINTS.npy`.

It prints the share that is done, or an empty line where the package does not tell, one each line.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from pathlib import Path
from typing import Final

import numpy as np

from hubexplore.summary.tensor_values import Array

_SEED: Final = 0
_PERCENT: Final = re.compile(r"(\d+)%")
_PERPLEXITY: Final = 30
_EARLY_ITERATIONS: Final = 250
_ITERATIONS: Final = 500
_BEAT: Final = 0.5
"""Seconds between two empty lines of a package that does not tell its progress."""


def main(package: str, source: str, target: str) -> None:
    """Reads vectors, float32 [rows, size], and writes points, float32 [rows, 2], in one step at the end."""
    vectors = np.load(source, allow_pickle=False)
    beat = threading.Thread(target=_beat, daemon=True)
    beat.start()
    points = _MAKERS[package](vectors)
    unfinished = Path(f"{target}.part.npy")
    np.save(unfinished, np.asarray(points, np.float32))
    unfinished.replace(target)


def _umap(vectors: Array) -> Array:
    import umap

    count = min(15, len(vectors) - 1)
    reducer = umap.UMAP(
        n_neighbors=count, random_state=_SEED, n_jobs=1, verbose=True, tqdm_kwds={"file": _Percents()}
    )
    with contextlib.redirect_stdout(sys.stderr):
        # stdout carries the progress.
        points: Array = reducer.fit_transform(vectors)
    return points


def _open_tsne(vectors: Array) -> Array:
    import openTSNE

    total = _EARLY_ITERATIONS + _ITERATIONS
    done = [0]

    def on_iterations(iteration: int, error: float, embedding: Array) -> None:
        del iteration, error, embedding
        done[0] += 10
        _tell(min(done[0] / total, 1.0))

    points: Array = openTSNE.TSNE(
        perplexity=_perplexity(vectors), early_exaggeration_iter=_EARLY_ITERATIONS, n_iter=_ITERATIONS,
        callbacks=on_iterations, callbacks_every_iters=10, random_state=_SEED, n_jobs=os.cpu_count() or 1,
    ).fit(vectors)  # fmt: skip
    return points


def _sklearn(vectors: Array) -> Array:
    from sklearn.manifold import TSNE

    points: Array = TSNE(perplexity=_perplexity(vectors), random_state=_SEED, init="pca").fit_transform(
        vectors
    )
    return points


_MAKERS: Final = {"umap": _umap, "openTSNE": _open_tsne, "sklearn": _sklearn}


class _Percents:
    """A file for a progress bar, of which it passes the share on."""

    def write(self, text: str) -> int:
        found = _PERCENT.search(text)
        if found:
            _tell(int(found[1]) / 100)
        return len(text)

    def flush(self) -> None:
        """Does nothing: each share is flushed when it is written."""


def _perplexity(vectors: Array) -> float:
    return min(_PERPLEXITY, (len(vectors) - 1) / 3)


def _tell(share: float | None) -> None:
    line = "" if share is None else f"{share:.3f}"
    try:
        print(line, file=sys.__stdout__, flush=True)
    except BrokenPipeError:
        # The kernel has ended: nobody waits for the map.
        os._exit(1)


def _beat() -> None:
    while True:
        _tell(None)
        threading.Event().wait(_BEAT)


if __name__ == "__main__":
    main(*sys.argv[1:])
