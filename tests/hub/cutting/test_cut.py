"""A cut has what its outputs need, and nothing else, and computes what the module computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import hubexplore as hub
from tests.hub import modules
from tests.hub.cutting import cut_models

tf1 = tf.compat.v1
X = np.linspace(-1, 2, 6).reshape(2, 3).astype(np.float32)
LATE = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def _keys(spec: Any) -> list[str]:
    return sorted({variable.key for variable in spec.all_variables})


def _inner(spec: Any, name: str, inputs: Any, signature: str | None = None) -> Any:
    """The value of a tensor inside of a module."""
    with tf.Graph().as_default():
        module = hub.Module(spec)
        module(inputs, signature=signature, as_dict=True)
        return modules.run(module.tensor(name))


@pytest.mark.parametrize("resource", [True, False])
def test_up_to_a_tensor(spec_of: Callable[..., Any], resource: bool) -> None:
    spec = spec_of(lambda: cut_models.tower(resource))
    cut = spec.cut(outputs={"features": "layer_1/activation"}, signature="features")
    assert cut.get_signature_names() == ["features"]
    assert list(cut.get_input_info_dict("features")) == ["x"]
    output = cut.get_output_info_dict("features")["features"]
    assert (output.dtype, output.get_shape().as_list()) == (tf.float32, [None, 4])
    assert _keys(cut) == [f"layer_{number}/{part}" for number in (0, 1) for part in ("bias", "kernel")]
    result = modules.evaluate(cut, {"x": X}, "features")["features"]
    np.testing.assert_array_equal(result, _inner(spec, "layer_1/activation", {"x": X, "late": LATE}))
    # The module stays as it was.
    assert len(spec.all_variables) == 10
    assert spec.get_signature_names() == ["default", "doubled"]


def test_from_a_tensor_on(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.tower)
    cut = spec.cut(inputs={"h": "layer_1/activation", "late": "late"}, outputs="default")
    inputs = cut.get_input_info_dict()
    assert {name: info.get_shape().as_list() for name, info in inputs.items()} == {
        "h": [None, 4], "late": [None, 2],
    }  # fmt: skip
    assert not any(key.startswith(("layer_0", "layer_1")) for key in _keys(cut))
    hidden = _inner(spec, "layer_1/activation", {"x": X, "late": LATE})
    expected = modules.evaluate(spec, {"x": X, "late": LATE})["default"]
    result = modules.evaluate(cut, {"h": hidden, "late": LATE})["default"]
    np.testing.assert_array_equal(result, expected)
    assert not any(
        name.startswith("layer_1/") for name in cut.variant(()).nodes if name != "layer_1/activation"
    )


def test_written_and_loaded_again(spec_of: Callable[..., Any], tmp_path: Path) -> None:
    spec = spec_of(cut_models.tower)
    cut = spec.cut(["layer_0/activation"], {"out": "layer_2/activation"}, "part")
    loaded = hub.load_module_spec(modules.export(cut, tmp_path / "cut"))
    assert _keys(loaded) == _keys(cut)
    assert loaded.checkpoint is not None
    assert set(loaded.checkpoint.variables) == set(_keys(cut))
    hidden = np.linspace(0, 1, 8).reshape(2, 4).astype(np.float32)
    inputs = {"activation": hidden}
    np.testing.assert_array_equal(
        modules.evaluate(loaded, inputs, "part")["out"], modules.evaluate(cut, inputs, "part")["out"]
    )


def test_a_spec_writes_its_published_values(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(cut_models.tower), tmp_path / "whole")
    cut = hub.load_module_spec(path).cut(outputs="layer_0/activation")
    cut.export(tmp_path / "cut")
    result = modules.evaluate(hub.load_module_spec(tmp_path / "cut"), X)["default"]
    np.testing.assert_array_equal(
        result, _inner(hub.load_module_spec(path), "layer_0/activation", X, "doubled")
    )


def test_values_are_read_when_they_are_needed(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(cut_models.tower), tmp_path / "whole")
    cut = hub.load_module_spec(path).cut(outputs="layer_0/activation")
    for file in Path(path, "variables").glob("*.data*"):
        file.unlink()
    # The cut itself read none of them.
    assert _keys(cut) == ["layer_0/bias", "layer_0/kernel"]
    with pytest.raises(tf.errors.OpError):
        modules.evaluate(cut, X)


def test_old_signatures_stay_with_what_they_need(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.tower)
    cut = spec.cut(
        ["layer_0/activation"], {"out": "layer_2/activation"}, "part", of="doubled", keep_signatures=True
    )
    assert cut.get_signature_names() == ["default", "doubled", "part"]
    assert _keys(cut) == _keys(spec)
    whole = modules.evaluate(cut, {"x": X, "late": LATE})["default"]
    np.testing.assert_array_equal(whole, modules.evaluate(spec, {"x": X, "late": LATE})["default"])
    hidden = _inner(spec, "layer_0/activation", X, "doubled")
    np.testing.assert_array_equal(
        modules.evaluate(cut, hidden, "part")["out"], _inner(spec, "layer_2/activation", X, "doubled")
    )


def test_names_are_made_of_tensors_where_none_are_said() -> None:
    spec = hub.create_module_spec(cut_models.tower)
    cut = spec.cut(outputs=["layer_0/activation", "layer_1/BiasAdd:0", "default"], signature="part")
    assert sorted(cut.get_output_info_dict("part")) == ["BiasAdd", "activation", "default"]
    assert sorted(cut.get_input_info_dict("part")) == ["late", "x"]


def test_some_outputs_of_an_op(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.splits)
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    cut = spec.cut(outputs={"second": "halves:1"})
    np.testing.assert_array_equal(modules.evaluate(cut, x)["second"], _inner(spec, "halves:1", x))
    both = spec.cut(inputs={"a": "halves:0", "b": "halves:1"}, outputs="product")
    assert not both.all_variables
    np.testing.assert_array_equal(
        modules.evaluate(both, {"a": [[1.0, 2.0]], "b": [[3.0, 4.0]]})["default"], [[3.0, 8.0]]
    )
    # The other half is still computed, so this one is fed in the middle.
    one = spec.cut(inputs={"a": "halves:0", "x": "x"}, outputs="product")
    second = _inner(spec, "halves:1", x)
    np.testing.assert_array_equal(modules.evaluate(one, {"a": second * 0 + 2, "x": x})["default"], second * 2)


def test_a_control_edge_to_an_input_that_is_only_waited_for() -> None:
    def module_fn() -> None:
        x = tf1.placeholder(tf.float32, [], name="x")
        y = tf1.placeholder(tf.float32, [], name="y")
        with tf.control_dependencies([x]):
            hub.add_signature(inputs={"x": x, "y": y}, outputs=tf.multiply(y, 2.0, name="twice"))

    cut = hub.create_module_spec(module_fn).cut(outputs="twice")
    assert list(cut.get_input_info_dict()) == ["y"]
    assert modules.evaluate(cut, 3.0)["default"] == 6.0


def test_sparse_and_ragged_arguments_keep_their_kinds(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.composites)
    cut = spec.cut(outputs=["scaled", "total"], signature="sparse_part")
    assert {name: info.kind for name, info in cut.get_input_info_dict("sparse_part").items()} == {
        "sparse": "sparse"
    }
    assert cut.get_output_info_dict("sparse_part")["scaled"].is_sparse
    value = tf1.SparseTensorValue([[0, 1]], np.array([3.0], np.float32), [1, 3])
    results = modules.evaluate(cut, {"sparse": tf1.SparseTensorValue(*value)}, "sparse_part")
    np.testing.assert_array_equal(results["total"], [3.0])
    np.testing.assert_array_equal(results["scaled"].values, [6.0])
    from_ragged = spec.cut(outputs={"more": "ragged"})
    assert from_ragged.get_output_info_dict()["more"].kind == "ragged"


def test_a_sparse_tensor_in_the_middle_is_an_input() -> None:
    def module_fn() -> None:
        words = tf1.placeholder(tf.string, [None], name="words")
        split = tf1.string_split(words)
        hub.add_signature("split", words, {"parts": split})
        hub.add_signature(inputs=words, outputs=tf.sparse.to_dense(split, "", name="dense"))

    spec = hub.create_module_spec(module_fn)
    cut = spec.cut(inputs={"parts": "parts"}, outputs={"dense": "dense"}, of="split")
    assert cut.get_input_info_dict()["parts"].is_sparse
    value = tf1.SparseTensorValue([[0, 0]], np.array([b"a"], object), [1, 1])
    assert modules.evaluate(cut, {"parts": tf1.SparseTensorValue(*value)})["dense"] == [[b"a"]]


def test_without_inputs(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.constant)
    cut = spec.cut(outputs="power")
    assert not cut.get_input_info_dict()
    np.testing.assert_allclose(modules.evaluate(cut)["default"], np.exp([1.0, 2.0]), rtol=1e-6)


def test_it_says_what_it_was_cut_out_of(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(cut_models.tower), tmp_path / "whole")
    cut = hub.load_module_spec(path).cut(outputs="layer_0/activation", signature="part")
    assert "Cut out of" in cut.notes[0]
    assert cut.title == f"cut of {path}"
    summary = cut.summary()
    assert not summary.files
    assert not summary.unclaimed
    assert [variable.name for variable in summary.variants[0].variables] == ["layer_0/bias", "layer_0/kernel"]
    assert cut.origin_cut is not None
    assert cut.origin_cut[1].code == "outputs='layer_0/activation', signature='part'"


def test_a_cut_of_a_cut(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.tower)
    first = spec.cut(outputs={"out": "layer_2/activation"})
    second = first.cut(inputs=["layer_0/activation"], outputs={"out": "out"})
    assert _keys(second) == [f"layer_{number}/{part}" for number in (1, 2) for part in ("bias", "kernel")]
    assert not hub.check_cut(second).largest_difference


def test_a_spec_of_another_class_says_what_to_cut_instead() -> None:
    class Other(hub.ModuleSpec):
        def get_tags(self) -> Any:
            return [frozenset()]

        def get_signature_names(self, tags: Any = None) -> Any:
            return ["default"]

        def get_input_info_dict(self, signature: Any = None, tags: Any = None) -> Any:
            return {}

        def get_output_info_dict(self, signature: Any = None, tags: Any = None) -> Any:
            return {}

        def get_attached_message(self, *args: Any, **kwargs: Any) -> Any:
            return None

    with pytest.raises(TypeError, match="load_module_spec"):
        Other().cut(outputs="x")
