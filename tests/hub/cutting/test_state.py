"""Variables, tables, assets, update ops and losses go with the part of a module that needs them."""

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
WORDS = np.array([b"a", b"b", b"?"], object)


@pytest.fixture
def two_files(tmp_path: Path) -> tuple[str, str]:
    """Two vocabularies."""
    paths = []
    for name, text in (("first.txt", "a\nb\n"), ("second.txt", "b\na\n")):
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))
    return paths[0], paths[1]


def test_only_the_tables_and_files_in_use(two_files: tuple[str, str], tmp_path: Path) -> None:
    spec = hub.create_module_spec(lambda: cut_models.tables(*two_files))
    path = modules.export(spec, tmp_path / "whole")
    whole = hub.load_module_spec(path)
    cut = whole.cut(outputs="right/ids")
    assert not cut.all_variables
    assert cut.checkpoint is None
    assert [Path(file).name for file in cut.asset_files.marks] == ["second.txt"]
    written = tmp_path / "cut"
    cut.export(written)
    assert [file.name for file in (written / "assets").iterdir()] == ["second.txt"]
    assert not (written / "variables").exists()
    np.testing.assert_array_equal(
        modules.evaluate(hub.load_module_spec(written), WORDS)["default"], [1, 0, 2]
    )


def test_tables_in_a_group(two_files: tuple[str, str]) -> None:
    def module_fn() -> None:
        cut_models.tables(*two_files)
        initializers = tf1.get_collection_ref(tf1.GraphKeys.TABLE_INITIALIZERS)
        initializers[:] = [tf.group(*initializers, name="all_tables")]

    cut = hub.create_module_spec(module_fn).cut(outputs="left/ids")
    assert len(cut.variant(()).meta_graph.collection_def["table_initializer"].node_list.value) == 1
    np.testing.assert_array_equal(modules.evaluate(cut, WORDS)["default"], [0, 1, 2])


def test_after_the_lookup_there_are_no_tables(two_files: tuple[str, str]) -> None:
    spec = hub.create_module_spec(lambda: cut_models.tables(*two_files))
    cut = spec.cut(inputs={"left": "left/ids", "right": "right/ids"}, outputs="default")
    meta_graph = cut.variant(()).meta_graph
    assert "table_initializer" not in meta_graph.collection_def
    assert "asset_filepaths" not in meta_graph.collection_def
    assert not any("HashTable" in node.op for node in meta_graph.graph_def.node)
    ids = np.array([0, 2], np.int64)
    np.testing.assert_array_equal(
        modules.evaluate(cut, {"left": ids, "right": ids})["default"],
        np.eye(3)[[0, 2]][:, [0, 1, 2, 0, 1, 2]],
    )


def test_partitioned_variables(spec_of: Callable[..., Any], tmp_path: Path) -> None:
    spec = spec_of(cut_models.partitioned)
    x = np.eye(4, dtype=np.float32)
    table = np.arange(24, dtype=np.float32).reshape(4, 6)
    cut = spec.cut(outputs={"hidden": "hidden", "table": "table"})
    results = modules.evaluate(cut, x)
    np.testing.assert_array_equal(results["hidden"], table)
    np.testing.assert_array_equal(results["table"], table)
    loaded = hub.load_module_spec(modules.export(cut, tmp_path / "cut"))
    np.testing.assert_array_equal(modules.evaluate(loaded, x)["table"], table)
    assert {variable.key for variable in loaded.all_variables} == {"table"}
    assert len(loaded.all_variables) == 2


def test_the_value_of_a_variable_is_an_output(spec_of: Callable[..., Any]) -> None:
    for resource in (True, False):
        spec = spec_of(lambda resource=resource: cut_models.tower(resource))
        cut = spec.cut(outputs={"weights": "layer_2/kernel"})
        value = modules.evaluate(cut)["weights"]
        np.testing.assert_allclose(value, np.linspace(-1, 1, 16).reshape(4, 4), rtol=1e-6)


def test_a_variable_that_starts_from_another_one(tmp_path: Path) -> None:
    spec = hub.create_module_spec(cut_models.initialised_from_another)
    cut = spec.cut(outputs="scaled")
    # Its initial value reads the other one, which therefore has to be there.
    assert {variable.key for variable in cut.all_variables} == {"first", "second"}
    with tf.Graph().as_default():
        module = hub.Module(cut)
        result = module([1.0, 1.0])
        with tf1.Session() as session:
            for name in ("first", "second"):
                session.run(module.variable_map[name].initializer)
            np.testing.assert_array_equal(session.run(result), [2.0, 4.0])


def test_both_variants_are_cut(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.normalized, [((), {}), ({"train"}, {"training": True})])
    cut = spec.cut(outputs={"out": "block_0/out"}, signature="part")
    assert cut.get_tags() == [frozenset(), frozenset({"train"})]
    for tags in cut.get_tags():
        assert {variable.key for variable in cut.variables_by_variant[tags]} <= {
            "block_0/gain",
            "block_0/mean",
        }
    only = spec.cut(outputs={"out": "block_0/out"}, tags=["train"])
    assert only.get_tags() == [frozenset({"train"})]


def test_update_ops_and_losses_of_the_part(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.normalized, [((), {}), ({"train"}, {"training": True})])
    first = spec.cut(outputs={"out": "block_0/out"}, tags=["train"])
    second = spec.cut(["block_0/out"], {"out": "block_1/out"}, tags=["train"])
    for cut, block in ((first, "block_0"), (second, "block_1")):
        with tf.Graph().as_default() as graph:
            module = hub.Module(cut, trainable=True, tags=["train"])
            out = module(np.array([[1.0, 3.0], [3.0, 5.0]], np.float32), as_dict=True)["out"]
            updates = graph.get_collection(tf1.GraphKeys.UPDATE_OPS)
            losses = graph.get_collection(tf1.GraphKeys.REGULARIZATION_LOSSES)
            assert (len(updates), len(losses)) == (1, 1)
            (gain,) = graph.get_collection(tf1.GraphKeys.TRAINABLE_VARIABLES)
            assert gain.op.name == f"module/{block}/gain"
            gradient = tf1.gradients(tf.reduce_sum(out) + losses[0], gain)[0]
            mean = module.variable_map[f"{block}/mean"]
            with modules.initialized_session() as session:
                assert np.isfinite(session.run(gradient)).all()
                session.run(updates)
                np.testing.assert_array_equal(session.run(mean), [1.0, 2.0])


def test_gradients_are_those_of_the_module(spec_of: Callable[..., Any]) -> None:
    spec = spec_of(cut_models.tower)
    x = np.linspace(-1, 2, 6).reshape(2, 3).astype(np.float32)
    with tf.Graph().as_default():
        whole = hub.Module(spec, trainable=True, name="whole")
        whole(x, signature="doubled", as_dict=True)
        cut = hub.Module(spec.cut(outputs="layer_1/activation"), trainable=True, name="cut")
        pairs = ((whole.tensor("layer_1/activation"), whole), (cut(x), cut))
        gradients = [
            tf1.gradients(tf.reduce_sum(value**2), module.variable_map["layer_0/kernel"])[0]
            for value, module in pairs
        ]
        first, second = modules.run(gradients)
    np.testing.assert_array_equal(first, second)
    assert np.abs(first).sum() > 0


def test_attached_messages_stay(tmp_path: Path) -> None:
    from google.protobuf.wrappers_pb2 import StringValue

    def module_fn() -> None:
        cut_models.constant()
        hub.attach_message("about", StringValue(value="text"))

    cut = hub.create_module_spec(module_fn).cut(outputs="power")
    assert cut.get_attached_message("about", StringValue).value == "text"
