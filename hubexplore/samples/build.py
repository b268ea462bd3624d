"""Writes the module of a sample: its definition by the authoring functions, and its trained weights.

`python -m hubexplore.samples.build NAME DIRECTORY` does so in a process of its own.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from hubexplore.hub.quiet_start import start_devices

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt


def build(name: str, directory: str) -> None:
    """Exports the sample `name` as a module to `directory`.

    Each sample is a Python file of this package with the functions `create_spec` and `load_weights`.
    """
    sample = importlib.import_module(f"hubexplore.samples.{name.replace('-', '_')}")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(pathlib.Path(folder, "weights"))
        _write_checkpoint(checkpoint, sample.load_weights())
        sample.create_spec().export(directory, checkpoint_path=checkpoint)


def _write_checkpoint(prefix: str, values: Mapping[str, npt.NDArray[Any]]) -> None:
    """Writes a V2 checkpoint in a graph of its own, which works with TF1 and TF2 behaviour alike."""
    start_devices()
    # The raw op rather than a Saver, which would need a variable for each value.
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        save = tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=list(values),
            shape_and_slices=[""] * len(values),
            tensors=[tf.constant(value) for value in values.values()],
        )
        session.run(save)


if __name__ == "__main__":
    build(*sys.argv[1:])
