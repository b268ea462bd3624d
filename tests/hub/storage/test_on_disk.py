"""A module's directory: what is written, and what older writers wrote."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2

import hubexplore as hub
from hubexplore.summary.graph import hub_messages
from tests.hub import modules

tf1 = tf.compat.v1


@pytest.fixture
def affine(tmp_path: Path) -> str:
    """A directory with `modules.affine`."""
    return modules.export(hub.create_module_spec(modules.affine), tmp_path / "affine")


def _check_affine(path: str, tags: Any = None) -> None:
    result = modules.evaluate(hub.load_module_spec(path), [[1.0, 1.0]], tags=tags)
    np.testing.assert_allclose(result["default"], [[15.0, 17.0, 19.0]])


def _files(path: str) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in Path(path).rglob("*") if file.is_file())


def test_the_files_of_a_module(affine: str) -> None:
    assert _files(affine) == [
        "saved_model.pb",
        "tfhub_module.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    ]
    assert (Path(affine) / "tfhub_module.pb").read_bytes() == b"\x08\x03"
    _check_affine(affine)


def test_a_module_without_variables_has_no_checkpoint(tmp_path: Path) -> None:
    path = modules.export(hub.create_module_spec(modules.double), tmp_path / "double")
    assert _files(path) == ["saved_model.pb", "tfhub_module.pb"]
    assert modules.evaluate(hub.load_module_spec(path), [4.0])["default"].tolist() == [8.0]


def test_checkpoint_keys_are_names_in_the_module(affine: str) -> None:
    assert dict(tf.train.list_variables(affine + "/variables/variables")) == {"b": [3], "layer/w": [2, 3]}


def test_variants_keep_their_tags_and_the_empty_set_is_ordinary(tmp_path: Path) -> None:
    spec = hub.create_module_spec(modules.affine, [((), {}), ({"train", "gpu"}, {})])
    path = modules.export(spec, tmp_path / "module")
    graphs = modules.read_graphs(path).meta_graphs
    assert [sorted(graph.meta_info_def.tags) for graph in graphs] == [[], ["gpu", "train"]]
    assert set(hub.load_module_spec(path).get_tags()) == {frozenset(), frozenset({"gpu", "train"})}
    _check_affine(path)
    _check_affine(path, tags={"gpu", "train"})


def test_a_graph_is_written_without_default_attributes(affine: str) -> None:
    (graph,) = modules.read_graphs(affine).meta_graphs
    assert graph.meta_info_def.stripped_default_attrs
    (matmul,) = [node for node in graph.graph_def.node if node.op == "MatMul"]
    assert "transpose_a" not in matmul.attr


@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_another_format_is_named(affine: str, number: int) -> None:
    (Path(affine) / "tfhub_module.pb").write_bytes(bytes([8, number]))
    with pytest.raises(ValueError, match=f"format {number}"):
        hub.load_module_spec(affine)


def test_a_required_feature_is_named(affine: str) -> None:
    (Path(affine) / "tfhub_module.pb").write_bytes(b"\x08\x03\x12\x08teleport")
    with pytest.raises(ValueError, match="teleport"):
        hub.load_module_spec(affine)


def test_two_variants_of_the_same_tags(affine: str) -> None:
    with modules.edited(affine) as saved_model:
        saved_model.meta_graphs.add().CopyFrom(saved_model.meta_graphs[0])
    with pytest.raises(ValueError, match=r"\[\] occurs twice"):
        hub.load_module_spec(affine)


def test_an_unsupported_collection_on_disk(affine: str) -> None:
    with modules.edited(affine) as saved_model:
        saved_model.meta_graphs[0].collection_def["losses"].node_list.value.append("y:0")
    with pytest.raises(ValueError, match=r"\['losses'\]"):
        hub.load_module_spec(affine)


def test_devices_are_cleared(affine: str, graph: tf.Graph) -> None:
    with modules.edited(affine) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            node.device = "/job:worker/task:7/device:GPU:3"
    module = hub.Module(affine)
    result = module([[1.0, 1.0]])
    assert {op.device for op in graph.get_operations()} == {""}
    np.testing.assert_allclose(modules.run(result), [[15.0, 17.0, 19.0]])


def test_the_callers_device_applies(affine: str, graph: tf.Graph) -> None:
    with tf1.device("/cpu:0"):
        module = hub.Module(affine)
        result = module([[1.0, 1.0]])
    assert "CPU:0" in result.op.device
    assert all("CPU:0" in variable.device for variable in module.variables)


def test_a_checkpoint_in_several_shards(affine: str) -> None:
    folder = Path(affine) / "variables"
    shutil.rmtree(folder)
    folder.mkdir()
    with tf.Graph().as_default():
        w = tf1.get_variable("layer/w", initializer=modules.MATRIX)
        b = tf1.get_variable("b", initializer=[10.0, 10.0, 10.0])
        shards = []
        for number, variable in enumerate([w, b]):
            prefix = str(folder / f"part_{number}")
            shards.append(
                tf.raw_ops.SaveV2(
                    prefix=prefix,
                    tensor_names=[variable.op.name],
                    shape_and_slices=[""],
                    tensors=[variable.read_value()],
                )
            )
        with tf.control_dependencies(shards):
            merge = tf.raw_ops.MergeV2Checkpoints(
                checkpoint_prefixes=[str(folder / "part_0"), str(folder / "part_1")],
                destination_prefix=str(folder / "variables"),
            )
        modules.run(merge)
    assert len([name for name in _files(affine) if ".data-" in name]) == 2
    _check_affine(affine)


def test_our_messages_share_bytes_but_no_names_with_tensorflow_hub() -> None:
    for message in (hub_messages.ModuleDef, hub_messages.ModuleAttachment, hub_messages.ImageModuleInfo):
        assert message.DESCRIPTOR.full_name.startswith("hubexplore.")
        assert "tensorflow_hub" not in message.DESCRIPTOR.file.name
    info = hub_messages.ImageModuleInfo()
    info.default_image_size.height, info.default_image_size.width = 3, 5
    assert info.SerializeToString() == b"\x0a\x04\x08\x03\x10\x05"
    assert hub_messages.ModuleAttachment(key="k", value=b"v").SerializeToString() == b"\x0a\x01k\x12\x01v"
    assert (
        hub_messages.ModuleDef(format=3, required_features=["f"]).SerializeToString() == b"\x08\x03\x12\x01f"
    )


def test_an_unknown_feature_is_named_whatever_else_is_missing(tmp_path: Path) -> None:
    """A module of another format may have other files: that these are missing says nothing then."""
    definition = hub_messages.ModuleDef(format=3, required_features=["time travel"])
    (tmp_path / "tfhub_module.pb").write_bytes(definition.SerializeToString())
    with pytest.raises(ValueError, match="time travel"):
        hub.load_module_spec(tmp_path)


# What older TensorFlow wrote.


def _edit_variables(path: str, change: Callable[[Any], None]) -> None:
    with modules.edited(path) as saved_model:
        for graph in saved_model.meta_graphs:
            for key in ("variables", "trainable_variables", "model_variables"):
                values = graph.collection_def[key].bytes_list.value
                protos_ = [variable_pb2.VariableDef.FromString(value) for value in values]
                for proto in protos_:
                    change(proto)
                values[:] = [proto.SerializeToString() for proto in protos_]


def _export_scaled(tmp_path: Path, *, use_resource: bool) -> str:
    spec = hub.create_module_spec(modules.scaled, [((), {"use_resource": use_resource})])
    return modules.export(spec, tmp_path / "scaled")


@pytest.mark.parametrize("trainable", [False, True])
def test_variables_without_snapshot_and_initial_value(
    tmp_path: Path, graph: tf.Graph, use_resource: bool, trainable: bool
) -> None:
    def make_old(proto: Any) -> None:
        if not proto.is_resource:
            proto.ClearField("snapshot_name")
        proto.ClearField("initial_value_name")
        proto.ClearField("trainable")
        proto.ClearField("synchronization")
        proto.ClearField("aggregation")

    path = _export_scaled(tmp_path, use_resource=use_resource)
    _edit_variables(path, make_old)
    module = hub.Module(path, trainable=trainable)
    result = module([2.0])
    (gradient,) = tf1.gradients(result, module.variables)
    assert modules.run([result, gradient]) == [[6.0], 2.0]
    assert len(tf1.trainable_variables()) == int(trainable)
    again = str(tmp_path / "again")
    with modules.initialized_session() as session:
        module.export(again, session)
    assert modules.evaluate(again, [2.0])["default"].tolist() == [6.0]


def test_a_resource_variable_without_a_snapshot(tmp_path: Path) -> None:
    path = _export_scaled(tmp_path, use_resource=True)
    _edit_variables(path, lambda proto: proto.ClearField("snapshot_name"))
    assert modules.evaluate(path, [2.0])["default"].tolist() == [6.0]


def test_a_resource_variable_that_is_not_marked_as_one(tmp_path: Path) -> None:
    path = _export_scaled(tmp_path, use_resource=True)

    def make_old(proto: Any) -> None:
        proto.ClearField("is_resource")
        proto.ClearField("snapshot_name")

    _edit_variables(path, make_old)
    assert modules.evaluate(path, [2.0])["default"].tolist() == [6.0]


def test_the_first_ref_variable_op(tmp_path: Path) -> None:
    path = _export_scaled(tmp_path, use_resource=False)
    with modules.edited(path) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            if node.op == "VariableV2":
                node.op = "Variable"
    assert modules.evaluate(path, [2.0])["default"].tolist() == [6.0]


def test_inferred_shapes_stored_on_nodes(affine: str) -> None:
    with modules.edited(affine) as saved_model:
        for node in saved_model.meta_graphs[0].graph_def.node:
            node.attr["_output_shapes"].list.shape.add().unknown_rank = True
    _check_affine(affine)


def test_attributes_this_tensorflow_does_not_know(affine: str) -> None:
    with modules.edited(affine) as saved_model:
        graph = saved_model.meta_graphs[0]
        for node in graph.graph_def.node:
            node.attr["_from_another_time"].i = 3
        graph.meta_info_def.tensorflow_version = "1.6.0"
        graph.graph_def.versions.producer = 26
        graph.graph_def.versions.min_consumer = 12
    _check_affine(affine)


def test_a_saver_in_the_graph_is_ignored(affine: str, graph: tf.Graph) -> None:
    with modules.edited(affine) as saved_model:
        saved_model.meta_graphs[0].saver_def.filename_tensor_name = "save/Const:0"
        saved_model.meta_graphs[0].saver_def.restore_op_name = "save/restore_all"
    hub.Module(affine)
    assert not graph.get_collection("savers")
    _check_affine(affine)


def test_variables_known_only_as_model_variables(affine: str, graph: tf.Graph) -> None:
    with modules.edited(affine) as saved_model:
        collections = saved_model.meta_graphs[0].collection_def
        collections["model_variables"].CopyFrom(collections["variables"])
        del collections["variables"], collections["trainable_variables"]
    module = hub.Module(affine)
    assert len(module.variables) == 2
    assert graph.get_collection("model_variables")


# Assets.


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A vocabulary of two words."""
    file = tmp_path / "words.txt"
    file.write_text("here\nthere\n")
    return file


@pytest.fixture
def lookup(tmp_path: Path, words: Path) -> str:
    """A directory with `modules.lookup`; the author's vocabulary file is gone."""
    spec = hub.create_module_spec(modules.lookup, [((), {"vocabulary": str(words)})])
    path = modules.export(spec, tmp_path / "lookup")
    words.unlink()
    return path


def _check_lookup(path: str) -> None:
    assert modules.evaluate(path, ["there", "nowhere"])["default"].tolist() == [1, -1]


def test_assets_are_listed_in_the_collection(lookup: str) -> None:
    (graph,) = modules.read_graphs(lookup).meta_graphs
    (packed,) = graph.collection_def["saved_model_assets"].any_list.value
    asset = meta_graph_pb2.AssetFileDef()
    assert packed.Unpack(asset)
    assert asset.filename == "words.txt"
    (node,) = [node for node in graph.graph_def.node if node.name + ":0" == asset.tensor_info.name]
    assert node.op == "Const"
    assert node.attr["value"].tensor.string_val[0] == b"SAVEDMODEL-ASSET"
    assert "assets/words.txt" in _files(lookup)
    _check_lookup(lookup)


def _list_assets_in_field(graph: Any) -> None:
    """Copies the list of assets to the newer field."""
    for packed in graph.collection_def["saved_model_assets"].any_list.value:
        packed.Unpack(graph.asset_file_def.add())


def test_assets_listed_in_the_newer_field_only(lookup: str) -> None:
    with modules.edited(lookup) as saved_model:
        graph = saved_model.meta_graphs[0]
        _list_assets_in_field(graph)
        del graph.collection_def["saved_model_assets"]
    _check_lookup(lookup)


def test_assets_listed_twice(lookup: str) -> None:
    with modules.edited(lookup) as saved_model:
        graph = saved_model.meta_graphs[0]
        _list_assets_in_field(graph)
    _check_lookup(lookup)


def test_an_asset_without_the_filepaths_collection(lookup: str, tmp_path: Path) -> None:
    with modules.edited(lookup) as saved_model:
        del saved_model.meta_graphs[0].collection_def["asset_filepaths"]
    _check_lookup(lookup)
    again = modules.export(hub.load_module_spec(lookup), tmp_path / "again")
    shutil.rmtree(lookup)
    _check_lookup(again)


def test_the_asset_is_found_wherever_the_module_is(lookup: str, tmp_path: Path) -> None:
    moved = tmp_path / "somewhere" / "else"
    moved.parent.mkdir()
    Path(lookup).rename(moved)
    _check_lookup(str(moved))


def test_a_relative_path_still_works_from_another_directory(
    lookup: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = hub.load_module_spec(os.path.relpath(lookup))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert modules.evaluate(spec, ["there"])["default"].tolist() == [1]


@pytest.mark.parametrize(
    "filename", ["../words.txt", "/etc/passwd", "a/../../b", "", "..\\words.txt", "C:\\words.txt", "gs://b/x"]
)
def test_an_asset_that_points_outside_is_refused(lookup: str, filename: str) -> None:
    with modules.edited(lookup) as saved_model:
        collection = saved_model.meta_graphs[0].collection_def["saved_model_assets"]
        asset = meta_graph_pb2.AssetFileDef()
        collection.any_list.value[0].Unpack(asset)
        asset.filename = filename
        collection.any_list.value[0].Pack(asset)
    with pytest.raises(ValueError, match="outside"):
        hub.load_module_spec(lookup)


def test_an_asset_that_is_a_link_to_elsewhere_or_missing(lookup: str, tmp_path: Path) -> None:
    (Path(lookup) / "assets" / "words.txt").unlink()
    with pytest.raises(ValueError, match=r"words\.txt"):
        hub.load_module_spec(lookup)


def test_an_asset_in_a_folder_below(lookup: str) -> None:
    assets = Path(lookup) / "assets"
    (assets / "sub").mkdir()
    (assets / "words.txt").rename(assets / "sub" / "words.txt")
    with modules.edited(lookup) as saved_model:
        collection = saved_model.meta_graphs[0].collection_def["saved_model_assets"]
        asset = meta_graph_pb2.AssetFileDef()
        collection.any_list.value[0].Unpack(asset)
        asset.filename = "sub/words.txt"
        collection.any_list.value[0].Pack(asset)
    _check_lookup(lookup)


@pytest.mark.parametrize("load", [hub.load_module_spec, hub.create_module_spec_from_saved_model])
def test_what_is_not_there_is_an_error_of_tensorflow_too(load: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text")
    for name, kind in (("empty", ValueError), ("file", ValueError), ("none", FileNotFoundError)):
        with pytest.raises(tf.errors.NotFoundError, match="No TF1 Hub module at") as caught:
            load(str(tmp_path / name))
        assert all(isinstance(caught.value, each) for each in (hub.HubError, kind))
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
