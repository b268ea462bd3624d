"""`ModuleSpec.export`: weights taken from a training checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules

tf1 = tf.compat.v1
B = np.array([1.0, 2.0, 3.0], np.float32)


def _checkpoint(tmp_path: Path, **values: Any) -> str:
    with tf.Graph().as_default():
        for name, value in values.items():
            tf1.get_variable(name.replace("__", "/"), initializer=value)
        with modules.initialized_session() as session:
            return str(
                tf1.train.Saver().save(session, str(tmp_path / "training" / "model.ckpt"), global_step=5)
            )


@pytest.fixture
def spec() -> Any:
    return hub.create_module_spec(modules.affine)


def _check(path: Path) -> None:
    result = modules.evaluate(hub.load_module_spec(path), [[1.0, 0.0]])["default"]
    np.testing.assert_allclose(result, [[3.0, 6.0, 9.0]])


def test_names_are_the_same_by_default(spec: Any, tmp_path: Path) -> None:
    prefix = _checkpoint(tmp_path, layer__w=modules.MATRIX * 2, b=B, global_step=np.int64(5))
    spec.export(str(tmp_path / "module"), checkpoint_path=prefix)
    _check(tmp_path / "module")
    names = [name for name, _ in tf.train.list_variables(str(tmp_path / "module/variables/variables"))]
    assert names == ["b", "layer/w"]


def test_names_are_transformed(spec: Any, tmp_path: Path) -> None:
    prefix = _checkpoint(tmp_path, tower__layer__w=modules.MATRIX * 2, tower__b=B)
    calls = []

    def transform(name: str) -> str:
        calls.append(name)
        return f"tower/{name}"

    spec.export(tmp_path / "module", prefix, transform)
    _check(tmp_path / "module")
    assert sorted(calls) == ["b", "layer/w"]


def test_two_variables_from_one(tmp_path: Path) -> None:
    def module_fn() -> None:
        a, b = (tf1.get_variable(name, [3]) for name in "ab")
        hub.add_signature(outputs=a + b)

    prefix = _checkpoint(tmp_path, shared=B)
    hub.create_module_spec(module_fn).export(tmp_path / "module", prefix, lambda name: "shared")
    assert modules.evaluate(tmp_path / "module")["default"].tolist() == [2.0, 4.0, 6.0]


def test_the_latest_checkpoint_of_a_directory(spec: Any, tmp_path: Path) -> None:
    _checkpoint(tmp_path, layer__w=modules.MATRIX * 2, b=B)
    spec.export(tmp_path / "module", str(tmp_path / "training"))
    _check(tmp_path / "module")


def test_partitioned_in_the_module_whole_in_the_checkpoint(tmp_path: Path) -> None:
    value = np.arange(8, dtype=np.float32).reshape(4, 2)
    prefix = _checkpoint(tmp_path, scope__s=value, q=np.array([1.0, 2.0], np.float32))
    calls = []

    def same(name: str) -> str:
        calls.append(name)
        return name

    hub.create_module_spec(modules.partitioned).export(tmp_path / "module", prefix, same)
    np.testing.assert_array_equal(modules.evaluate(tmp_path / "module")["s"], value)
    assert sorted(calls) == ["q", "scope/s"]


def test_partitioned_in_both(tmp_path: Path) -> None:
    with tf.Graph().as_default():
        module = hub.Module(hub.create_module_spec(modules.partitioned))
        with modules.initialized_session() as session:
            session.run([part.assign(part * 3.0) for part in module.variable_map["scope/s"]])
            prefix = tf1.train.Saver().save(session, str(tmp_path / "ck"))
    spec = hub.create_module_spec(modules.partitioned)
    spec.export(tmp_path / "module", prefix, lambda name: f"module/{name}")
    np.testing.assert_array_equal(modules.evaluate(tmp_path / "module")["s"], np.full([4, 2], 21.0))


def test_all_variants_are_filled(tmp_path: Path) -> None:
    variants: list[tuple[Any, dict[str, Any]]] = [((), {}), ({"train"}, {"training": True})]
    spec = hub.create_module_spec(modules.normalized, variants)
    ones = np.array([1.0], np.float32)
    prefix = _checkpoint(tmp_path, gamma=ones * 2, moving_mean=ones * 3)
    spec.export(tmp_path / "module", prefix)
    assert modules.evaluate(tmp_path / "module", [[4.0]])["default"] == [[2.0]]


def test_a_module_without_variables_needs_no_checkpoint(tmp_path: Path) -> None:
    hub.create_module_spec(modules.double).export(str(tmp_path / "module"))
    assert modules.evaluate(tmp_path / "module", [1.0])["default"] == [2.0]


def test_a_loaded_module_gets_other_weights(spec: Any, tmp_path: Path) -> None:
    path = modules.export(spec, tmp_path / "first")
    prefix = _checkpoint(tmp_path, layer__w=modules.MATRIX * 2, b=B)
    hub.load_module_spec(path).export(tmp_path / "module", prefix)
    _check(tmp_path / "module")


def test_works_where_tensorflow_executes_eagerly(needs_eager: None, spec: Any, tmp_path: Path) -> None:
    assert tf.executing_eagerly()
    spec.export(tmp_path / "module", _checkpoint(tmp_path, layer__w=modules.MATRIX * 2, b=B))
    _check(tmp_path / "module")


# Errors.


def _fails(spec: Any, tmp_path: Path, error: Any, match: str, *args: Any) -> None:
    target = tmp_path / "module"
    with pytest.raises(error, match=match):
        spec.export(target, *args)
    assert not target.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_checkpoint_given(spec: Any, tmp_path: Path) -> None:
    _fails(spec, tmp_path, ValueError, "checkpoint_path")


@pytest.mark.parametrize("error", [ValueError, tf.errors.NotFoundError])
def test_a_missing_variable(spec: Any, tmp_path: Path, error: Any) -> None:
    prefix = _checkpoint(tmp_path, layer__v=modules.MATRIX, b=B)
    _fails(spec, tmp_path, error, r"'layer/w'.*Did you mean 'layer/v'", prefix)


def test_a_missing_variable_under_its_transformed_name(spec: Any, tmp_path: Path) -> None:
    prefix = _checkpoint(tmp_path, layer__w=modules.MATRIX, b=B)
    transform: Callable[[str], str] = lambda name: f"tower/{name}"  # noqa: E731
    _fails(spec, tmp_path, tf.errors.NotFoundError, "'tower/b', 'tower/layer/w'", prefix, transform)


def test_a_wrong_shape(spec: Any, tmp_path: Path) -> None:
    prefix = _checkpoint(tmp_path, layer__w=modules.MATRIX.T, b=B)
    _fails(spec, tmp_path, ValueError, r"'layer/w' has shape \(2, 3\).*\(3, 2\)", prefix)


def test_a_wrong_dtype(spec: Any, tmp_path: Path) -> None:
    prefix = _checkpoint(tmp_path, layer__w=modules.MATRIX.astype(np.float64), b=B)
    _fails(spec, tmp_path, ValueError, "'layer/w' holds float32.*float64", prefix)


def test_no_such_checkpoint(spec: Any, tmp_path: Path) -> None:
    _fails(spec, tmp_path, (ValueError, tf.errors.NotFoundError), "nowhere", str(tmp_path / "nowhere"))


def test_a_directory_without_a_checkpoint(spec: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    _fails(spec, tmp_path, ValueError, "no checkpoint", str(tmp_path / "empty"))


def test_an_existing_module(spec: Any, tmp_path: Path) -> None:
    path = modules.export(spec, tmp_path / "first")
    prefix = _checkpoint(tmp_path, layer__w=modules.MATRIX * 2, b=B)
    with pytest.raises(OSError, match="already"):
        spec.export(path, prefix)
    result = modules.evaluate(path, [[1.0, 0.0]])["default"]
    np.testing.assert_allclose(result, [[11.0, 12.0, 13.0]])
