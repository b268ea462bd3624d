"""Values are read as TensorFlow reads them; of a large variable only some rows are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from hubexplore.errors import DamagedModuleError, HubError
from hubexplore.summary.weights.variable_values import at_rows, read_values
from tests import work
from tests.hub import graph_models
from tests.hub.modules import export

tf1 = tf.compat.v1
RANDOM = np.random.default_rng(0)


VALUES: dict[str, Any] = {
    "float": RANDOM.normal(size=[50, 3, 2]).astype(np.float32),
    "double": RANDOM.normal(size=[7]),
    "half": RANDOM.normal(size=[3, 3]).astype(np.float16),
    "bfloat": RANDOM.normal(size=[3, 3]).astype(tf.bfloat16.as_numpy_dtype),
    "int": np.array([[-(2**62), 2**62]], np.int64),
    "bool": np.array([True, False]),
    "complex": np.array([1 + 2j, -3j], np.complex64),
    "scalar": np.float32(3.5),
    "empty": np.zeros([0, 4], np.float32),
}


MATRIX = np.arange(200.0, dtype=np.float32).reshape(50, 4)


def part(shape: Any, dtype: Any, partition_info: Any) -> Any:
    """The values of one part of a partitioned variable."""
    row, column = partition_info.var_offset
    return tf.constant(MATRIX[row : row + shape[0], column : column + shape[1]], dtype)


def variables() -> None:
    for name, value in VALUES.items():
        tf1.get_variable(name, initializer=tf.constant(value))
    tf1.get_variable("text", initializer=tf.constant(["a"]))
    for axis, slices in enumerate(([4, 1], [1, 4])):
        with tf1.variable_scope(f"parts_{axis}"):
            parts = tf1.get_variable(
                "parts", [50, 4], partitioner=lambda slices=slices, **_: slices, initializer=part
            )
            assert len(list(parts)) == 4
    x = tf1.placeholder(tf.float32, [])
    hub.add_signature(inputs=x, outputs=x)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return hub.summarize(export(hub.create_module_spec(variables), tmp_path_factory.mktemp("m") / "m"))


def variable(summary: Any, name: str) -> Any:
    return next(each for each in summary.variants[0].variables if each.name == name)


@pytest.mark.parametrize("name", VALUES)
def test_whole(summary: Any, name: str) -> None:
    read = read_values(variable(summary, name), summary.source)
    assert read.rows is None
    value = np.asarray(VALUES[name])
    assert read.array.shape == value.shape
    np.testing.assert_array_equal(read.array, value.astype(read.array.dtype))
    assert read.array.dtype.kind == {"V": "f"}.get(value.dtype.kind, value.dtype.kind)


@pytest.mark.parametrize("limit", [10**6, 300, 16])
@pytest.mark.parametrize("name", ["parts_0/parts", "parts_1/parts", "float", "double"])
def test_samples(summary: Any, name: str, limit: int) -> None:
    """Rows from all slices, the first and the last among them."""
    whole = VALUES.get(name, MATRIX)
    if name == "float" and limit == 16:
        with pytest.raises(HubError, match="too large to be shown: a single row of it has 24 bytes"):
            read_values(variable(summary, name), summary.source, limit)
        return
    read = read_values(variable(summary, name), summary.source, limit)
    if read.rows is None:
        assert whole.nbytes <= limit or limit == 300
        np.testing.assert_array_equal(read.array, whole)
        return
    assert read.array.nbytes <= limit
    assert read.count == len(whole)
    np.testing.assert_array_equal(read.array, whole[read.rows])
    assert limit == 16 or (read.rows[0], read.rows[-1]) == (0, len(whole) - 1)


def test_memory_is_bounded(tmp_path: Path) -> None:
    def build() -> None:
        table = tf1.get_variable("table", [1_000_000, 64], initializer=tf1.zeros_initializer())
        ids = tf1.placeholder(tf.int32, [None])
        hub.add_signature(inputs=ids, outputs=tf.gather(table, ids))

    summary = hub.summarize(export(hub.create_module_spec(build), tmp_path / "large"))
    with work.memory_below(20_000_000):
        read = read_values(variable(summary, "table"), summary.source)
    assert read.array.shape == (1024, 64)


def test_rows_of_another_variable(summary: Any) -> None:
    whole = read_values(variable(summary, "float"), summary.source)
    sample = read_values(variable(summary, "float"), summary.source, 300)
    np.testing.assert_array_equal(at_rows(whole, sample.rows), sample.array)
    np.testing.assert_array_equal(at_rows(sample, sample.rows), sample.array)
    assert at_rows(whole, None) is whole.array
    assert at_rows(sample, None) is None
    assert at_rows(whole, np.array([0, 50])) is None
    assert at_rows(sample, np.array([1, 2])) is None


def test_constants(tmp_path: Path) -> None:
    model = graph_models.frozen(tmp_path, graph_models.mlp)
    summary = hub.summarize(str(model.path))
    kernel = variable(summary, "hidden/kernel")
    read = read_values(kernel, summary.source)
    assert read.array.shape == (4, 8)
    sample = read_values(kernel, summary.source, 64)
    np.testing.assert_array_equal(sample.array, read.array[sample.rows])


def test_what_cannot_be_read(summary: Any, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="'text' holds string, whose values are not shown"):
        read_values(variable(summary, "text"), summary.source)
    with pytest.raises(HubError, match="'float' has no value that can be read"):
        read_values(variable(summary, "float"), None)
    path = Path(export(hub.create_module_spec(variables), tmp_path / "cut"))
    cut = hub.summarize(str(path))
    for file in path.glob("variables/*.data*"):
        file.write_bytes(b"")
    with pytest.raises(DamagedModuleError, match="truncated or missing"):
        read_values(variable(cut, "float"), cut.source)
