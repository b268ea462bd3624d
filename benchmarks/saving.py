"""Saving a TF2 SavedModel, against loading and saving with TensorFlow; in a new process each."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.report import Row

AT_LEAST = 2
_TENSORFLOW = "tf.saved_model"


def measure(side: str, path: str) -> dict[str, Any]:
    """Seconds from a path to a SavedModel of the variant without tags, unverified.

    Args:
      side: "hubexplore" or "tf.saved_model".
      path: of a TF1 Hub module.
    """
    import tensorflow as tf

    import hubexplore

    # Both sides start with their libraries loaded.
    save = hubexplore.save
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        begin = time.perf_counter()
        if side == _TENSORFLOW:
            model = tf.saved_model.load(path, tags=[])
            tf.saved_model.save(model, str(out), signatures=dict(model.signatures))
        else:
            save(path, out, verify=False)
        seconds = time.perf_counter() - begin
        assert (out / "saved_model.pb").exists()
    return {"seconds": seconds}


def row(name: str, path: Path, *, targeted: bool) -> Row:
    """Measures both sides on a module."""
    theirs, ours = (
        processes.run_child("save", side, str(path))["seconds"] for side in (_TENSORFLOW, "hubexplore")
    )
    note = "peer: tf.saved_model.load and save, without the variant for training"
    return Row(
        name, "save a TF2 SavedModel", theirs, ours, at_least=AT_LEAST if targeted else None, note=note
    )
