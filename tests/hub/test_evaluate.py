"""`eval_function_for_module`: values in, values out."""

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
SpecOf = Callable[..., hub.ModuleSpec]


def test_values_in_and_out(spec_of: SpecOf) -> None:
    with hub.eval_function_for_module(spec_of(modules.affine)) as f:
        result = f([[1.0, 1.0]])
        assert isinstance(result, np.ndarray)
        np.testing.assert_allclose(result, [[15.0, 17.0, 19.0]])
        np.testing.assert_allclose(f({"default": np.zeros([2, 2])}), [[10.0] * 3] * 2)
        assert list(f([[1.0, 1.0]], as_dict=True)) == ["default"]


def test_a_path(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(modules.double), tmp_path / "module")
    for given in (path, Path(path)):
        with hub.eval_function_for_module(given) as f:
            assert f([1.0]) == [2.0]


def test_every_signature(spec_of: SpecOf) -> None:
    with hub.eval_function_for_module(spec_of(modules.two_signatures)) as f:
        assert f(signature="constant").tolist() == [1.0, 2.0]
        outputs = f({"a": [3.0], "b": [1.0]}, signature="sum", as_dict=True)
        assert outputs == {"sum": [4.0], "difference": [2.0]}


def test_tags(spec_of: SpecOf) -> None:
    spec = spec_of(modules.normalized, [((), {}), ({"train"}, {"training": True})])
    with hub.eval_function_for_module(spec, tags={"train"}) as f:
        np.testing.assert_allclose(f([[1.0], [3.0]]), [[-1.0], [1.0]])
    with pytest.raises(ValueError, match="train"), hub.eval_function_for_module(spec, tags={"nope"}):
        pass


def test_tables_are_initialised(spec_of: SpecOf, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n")
    with hub.eval_function_for_module(spec_of(modules.lookup, [((), {"vocabulary": str(words)})])) as f:
        assert f(["b", "?"]).tolist() == [1, -1]
        assert f(np.array(["a"])).tolist() == [0]
        assert f([b"a"]).tolist() == [0]


def test_composites(spec_of: SpecOf) -> None:
    def module_fn() -> None:
        sparse = tf1.sparse_placeholder(tf.float32, [None, 2])
        flat, splits = tf1.placeholder(tf.float32, [None]), tf1.placeholder(tf.int32, [None])
        ragged = tf.RaggedTensor.from_row_splits(flat, splits, validate=False)
        hub.add_signature(
            inputs={"sparse": sparse, "ragged": ragged},
            outputs={"sparse": sparse * 2.0, "ragged": ragged + 1.0},
        )

    sparse = tf1.SparseTensorValue(np.array([[0, 1]]), np.array([3.0], np.float32), np.array([1, 2]))
    with hub.eval_function_for_module(spec_of(module_fn)) as f:
        for ragged in (tf1.ragged.constant_value([[1.0], []], np.float32), [[1.0], []]):
            outputs = f({"sparse": sparse, "ragged": ragged}, as_dict=True)
            assert isinstance(outputs["sparse"], tf1.SparseTensorValue)
            assert outputs["sparse"].values.tolist() == [6.0]
            assert isinstance(outputs["ragged"], tf1.ragged.RaggedTensorValue)
            assert outputs["ragged"].to_list() == [[2.0], []]


def test_each_signature_is_applied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    original = hub.Module.__call__

    def counting(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(kwargs["signature"])
        return original(self, *args, **kwargs)

    monkeypatch.setattr(hub.Module, "__call__", counting)
    with hub.eval_function_for_module(hub.create_module_spec(modules.two_signatures)) as f:
        for _ in range(3):
            f(signature="constant")
            f({"a": [1.0], "b": [1.0]}, signature="sum", as_dict=True)
    assert sorted(calls) == ["constant", "sum"]


@pytest.mark.parametrize(
    ("inputs", "kwargs", "error", "match"),
    [
        (None, {}, TypeError, "missing"),
        ({"wrong": [1.0]}, {}, TypeError, "unknown"),
        (["text"], {}, TypeError, "float32"),
        ([[1.0]], {}, (TypeError, ValueError), r"\(1, 1\)"),
        ([1.0], {"signature": "nope"}, KeyError, "nope"),
        ([1.0], {"signature": "nope"}, ValueError, "nope"),
        ([1.0], {"_sentinel": "default"}, TypeError, "signature="),
    ],
)
def test_errors(inputs: Any, kwargs: dict[str, Any], error: Any, match: str) -> None:
    with hub.eval_function_for_module(hub.create_module_spec(modules.double)) as f:
        with pytest.raises(error, match=match):
            f(inputs, **kwargs)
        assert f([1.0]) == [2.0]


def test_without_a_default_output() -> None:
    spec = hub.create_module_spec(modules.two_signatures)
    with hub.eval_function_for_module(spec) as f, pytest.raises(TypeError, match="as_dict=True"):
        f({"a": [1.0], "b": [1.0]}, signature="sum")


def plus_one(dtype: tf.DType) -> hub.ModuleSpec:
    def module_fn() -> None:
        x = tf1.placeholder(dtype, [None], name="x")
        hub.add_signature(inputs=x, outputs=x + 1)

    return hub.create_module_spec(module_fn)


@pytest.mark.parametrize(
    "values",
    [
        [1],
        [1.0],
        (1.0,),
        np.array([1.0]),
        np.array([1.0], np.float16),
        np.array([1], np.int64),
        [np.float32(1)],
    ],
)
@pytest.mark.parametrize("dtype", [tf.int32, tf.uint8, tf.int64])
def test_whole_numbers_become_integers(values: Any, dtype: tf.DType) -> None:
    with hub.eval_function_for_module(plus_one(dtype)) as f:
        result = f(values)
    assert result.tolist() == [2]
    assert result.dtype == dtype.as_numpy_dtype


DTYPES = [tf.float16, tf.float32, tf.int32, tf.uint8, tf.int64, tf.uint64, tf.bool, tf.complex64, tf.bfloat16]


@pytest.mark.filterwarnings("ignore:.*encountered in cast:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:NumPy will stop allowing conversion of out-of-bound:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_values_become_what_a_session_makes_of_them(dtype: tf.DType) -> None:
    def module_fn() -> None:
        x = tf1.placeholder(dtype)
        hub.add_signature(inputs=x, outputs=tf.identity(x))

    values: list[Any] = [1.5, [1.5, -2.7], [True], [300], [2**31], ["1"], [b"2"], [1 + 2j], (1, 2.5), [[]]]
    values += [np.array([1.9]), np.array([7], object), np.array(["3"]), [float("nan")], -1, 300, range(3)]
    values += [[1, "x"], [[1], [2, 3]], "x", {1, 2}]
    with tf.Graph().as_default(), tf1.Session() as session:
        fed = tf1.placeholder(dtype)
        fetched = tf.identity(fed)
        with hub.eval_function_for_module(hub.create_module_spec(module_fn)) as f:
            for value in values:
                try:
                    expected = session.run(fetched, {fed: value})
                except (TypeError, ValueError):
                    with pytest.raises(TypeError, match="Input 'default'"):
                        f(value)
                else:
                    result = f(value)
                    assert (result.dtype, result.shape) == (expected.dtype, expected.shape), repr(value)
                    assert result.tobytes() == expected.tobytes(), repr(value)


def test_numbers_are_cut_off() -> None:
    with hub.eval_function_for_module(plus_one(tf.int32)) as f:
        assert f([1.5, -1.5]).tolist() == [2, 0]
        for refused in ([2**70], tf1.ragged.constant_value([[1.5]])):
            with pytest.raises(TypeError, match="Input 'default'"):
                f(refused)


def test_a_tensor_is_not_cut_off(needs_eager: None) -> None:
    with hub.eval_function_for_module(plus_one(tf.int32)) as f:
        assert f(tf.constant([2.0])).tolist() == [3]
        with pytest.raises(TypeError, match=r"1\.5 among"):
            f(tf.constant([1.5]))


@pytest.mark.parametrize("as_given", [tuple, list])
def test_sparse_inputs_as_a_session_takes_them(as_given: Any) -> None:
    def module_fn() -> None:
        sparse = tf1.sparse_placeholder(tf.float32, [None, 2])
        hub.add_signature(inputs=sparse, outputs=tf.sparse.to_dense(sparse) * 2.0)

    with hub.eval_function_for_module(hub.create_module_spec(module_fn)) as f:
        assert f(as_given([[[0, 1]], [3.0], [1, 2]])).tolist() == [[0.0, 6.0]]
        assert f(as_given([[[0.0, 1.0]], ["3"], [1, 2]])).tolist() == [[0.0, 6.0]]
        assert f({"default": as_given([np.array([[1, 0]]), [1], (2, 2)])}).tolist() == [
            [0.0, 0.0],
            [2.0, 0.0],
        ]
        for wrong in (as_given([[[0, 1]], [3.0]]), as_given([[[0, 1]], ["x"], [1, 2]])):
            with pytest.raises(TypeError, match="default"):
                f(wrong)


def test_names_that_are_empty() -> None:
    with hub.eval_function_for_module(hub.create_module_spec(modules.double), tags="") as f:
        assert f([1.0], signature="").tolist() == [2.0]


def test_after_the_with_block() -> None:
    with hub.eval_function_for_module(hub.create_module_spec(modules.double)) as f:
        pass
    with pytest.raises(RuntimeError, match="with"):
        f([1.0])


def test_the_default_graph_is_left_alone(graph: tf.Graph) -> None:
    with hub.eval_function_for_module(hub.create_module_spec(modules.double)) as f:
        f([1.0])
        assert tf1.get_default_graph() is graph
    assert graph.get_operations() == []


def test_an_error_in_the_block_is_the_callers() -> None:
    with (
        pytest.raises(KeyError, match="mine"),
        hub.eval_function_for_module(hub.create_module_spec(modules.double)),
    ):
        raise KeyError("mine")


def test_in_eager_mode(needs_eager: None) -> None:
    assert tf.executing_eagerly()
    with hub.eval_function_for_module(hub.create_module_spec(modules.double)) as f:
        assert tf.executing_eagerly()
        assert f(tf.constant([2.0])) == [4.0]
