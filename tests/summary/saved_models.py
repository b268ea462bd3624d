"""Saved models made by hand, message by message, also such as TensorFlow would never write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hubexplore.summary.files.filesystem import LocalFilesystem
from hubexplore.summary.graph import messages as protos
from hubexplore.summary.model import ModuleSummary
from hubexplore.summary.reading.directory import read_module

FLOAT, STRING, INT64, RESOURCE = 1, 7, 9, 20
LOCAL = LocalFilesystem()
REAL_MODELS = [
    "deep-image-savedmodel",
    "dm21",
    "half-plus-two-savedmodel",
    "penguin-tf2-savedmodel",
    "taxi-estimator-savedmodel",
    "vae3dshapes",
]
"""The saved models among the published modules that tests read."""
every_real_model = pytest.mark.parametrize("name", REAL_MODELS)


def meta_graph(*tags: str) -> Any:
    """A graph of x -> y without state, signature `default`."""
    graph = protos.MetaGraphDef()
    graph.meta_info_def.tags.extend(tags)
    graph.meta_info_def.tensorflow_version = "1.15.0"
    add_node(graph, "x", "Placeholder", dtype=FLOAT)
    add_node(graph, "y", "Relu", ["x"], T=FLOAT)
    signature = graph.signature_def["default"]
    signature.method_name = "predict"
    set_tensor(signature.inputs["x"], "x:0", FLOAT, [None, 2])
    set_tensor(signature.outputs["default"], "y:0", FLOAT, [None, 2])
    return graph


def add_node(graph: Any, name: str, op: str, inputs: Iterable[str] = (), **dtypes: int) -> Any:
    """Adds a node whose attributes are dtypes."""
    node = graph.graph_def.node.add(name=name, op=op)
    node.input.extend(inputs)
    for key, dtype in dtypes.items():
        node.attr[key].type = dtype
    return node


def set_tensor(info: Any, name: str, dtype: int, shape: Iterable[int | None] | None) -> None:
    """Fills a TensorInfo."""
    info.name, info.dtype = name, dtype
    set_shape(info.tensor_shape, shape)


def set_shape(proto: Any, shape: Iterable[int | None] | None) -> None:
    """Fills a TensorShapeProto; None is an unknown rank."""
    if shape is None:
        proto.unknown_rank = True
        return
    for size in shape:
        proto.dim.add(size=-1 if size is None else size)


def add_variable(
    graph: Any,
    name: str,
    shape: Iterable[int],
    *,
    trainable: bool = True,
    part: Mapping[str, Any] | None = None,
) -> None:
    """Adds a resource variable and its descriptions; `part` are the fields of its SaveSliceInfoDef."""
    node = add_node(graph, name, "VarHandleOp", dtype=FLOAT)
    set_shape(node.attr["shape"].shape, shape)
    proto = protos.VariableDef(variable_name=f"{name}:0", is_resource=True, trainable=trainable)
    if part:
        proto.save_slice_info_def.full_name = part["full_name"]
        proto.save_slice_info_def.full_shape.extend(part["full_shape"])
        proto.save_slice_info_def.var_offset.extend(part["var_offset"])
        proto.save_slice_info_def.var_shape.extend(shape)
    for collection in ("variables", "trainable_variables") if trainable else ("variables",):
        graph.collection_def[collection].bytes_list.value.append(proto.SerializeToString())


def add_asset(graph: Any, filename: str, tensor: str = "asset") -> None:
    """Adds a string constant and declares it as the path of a file."""
    add_node(graph, tensor, "Const", dtype=STRING)
    definition = protos.AssetFileDef(filename=filename)
    definition.tensor_info.name = f"{tensor}:0"
    packed = graph.collection_def["saved_model_assets"].any_list.value.add()
    packed.type_url = "type.googleapis.com/tensorflow.AssetFileDef"
    packed.value = definition.SerializeToString()


def write(
    folder: Path, *graphs: Any, is_module: bool = True, files: Mapping[str, bytes] | None = None
) -> Path:
    """Writes a saved model of these graphs, and `files` by their path below it; returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    saved_model = protos.SavedModel(saved_model_schema_version=1, meta_graphs=graphs)
    (folder / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    if is_module:
        (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def summary_of(folder: Path) -> ModuleSummary:
    """The summary of a directory."""
    return read_module(str(folder), LOCAL)
