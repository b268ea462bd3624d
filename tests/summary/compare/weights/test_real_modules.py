"""Published modules against copies whose weights were changed as training does."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from hubexplore.display.rich.summaries import displayable
from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.reading.directory import read_module

NAMES = [
    "deep-image-savedmodel",
    "dm21",
    "half-plus-two-savedmodel",
    "penguin-tf2-savedmodel",
    "taxi-estimator-savedmodel",
    "vae3dshapes",
]
FACTOR = 1.25


def scaled(path: Path, copy: Path) -> dict[str, float]:
    """Copies a module, with every other floating point variable scaled; returns the norms of these by key."""
    shutil.copytree(path, copy)
    prefix = copy / "variables" / "variables"
    reader = tf.train.load_checkpoint(str(prefix))
    keys = sorted(reader.get_variable_to_shape_map())
    values = {key: reader.get_tensor(key) for key in keys}
    floats = [key for key in keys if getattr(values[key], "dtype", None) in (np.float32, np.float64)]
    for key in floats[::2]:
        values[key] = values[key] * values[key].dtype.type(FACTOR)
    for file in prefix.parent.iterdir():
        file.unlink()
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=keys,
        shape_and_slices=[""] * len(keys),
        tensors=[tf.convert_to_tensor(values[key]) for key in keys],
    )
    return {key: float(np.linalg.norm(values[key].astype(np.float64))) for key in floats[::2]}


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_copy(real_modules: Path, tmp_path: Path, name: str) -> None:
    norms = scaled(real_modules / name, tmp_path / "copy")
    first, second = (
        displayable(read_module(str(path), LocalFilesystem()))
        for path in (real_modules / name, tmp_path / "copy")
    )
    found = first.compare(second, weights=True).weights
    assert found is not None
    assert found.uncompared == ()
    assert not any(any(change.damaged) for change in found.variables)
    keys = {variable.name: variable.key for variable in first.variables}
    for change in found.variables:
        key = keys.get(change.name, f"{change.name}/.ATTRIBUTES/VARIABLE_VALUE")
        if norms.get(key):
            assert change.second_norm == pytest.approx(norms[key], rel=1e-5)
            assert change.relative == pytest.approx(FACTOR - 1, rel=1e-5)
            assert change.cosine == pytest.approx(1.0, abs=1e-6)
        else:
            assert change.changed == 0
    assert sum(1 for change in found.variables if change.changed) == len(
        [key for key, norm in norms.items() if norm and key in {variable.key for variable in first.variables}]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_same_module(real_modules: Path, name: str) -> None:
    summary = displayable(read_module(str(real_modules / name), LocalFilesystem()))
    found = summary.compare(summary, weights=True).weights
    assert found is not None
    assert found.same
    assert len(found.variables) == len({variable.key for variable in summary.variables})
